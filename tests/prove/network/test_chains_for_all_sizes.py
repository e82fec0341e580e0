"""Chains at every size: the claim, its masks and its conditions, evaluated at each small size."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from click.testing import CliRunner

from symconv import prove
from symconv.claim.verdict import Certificate, Refuted, Undecided
from symconv.cli import main
from symconv.errors import ClaimError, SymconvError
from symconv.layer import AvgPool, Conv, MaxPool
from symconv.network import Network, NetworkExpansion, chain
from symconv.network.proof import NetworkProof
from symconv.prove.network import for_all_sizes
from symconv.prove.network.decide import decide_network
from symconv.replay.run import replay
from tests.helpers.at_sizes import holds
from tests.helpers.chains import random_chain
from tests.helpers.integers import differ
from tests.helpers.networks import everywhere

CHAINS = int(os.environ.get("SYMCONV_CHAINS", "40"))
TAIL = chain("tail", [Conv(1, 2, 3, 1, 1), "relu", Conv(2, 1, 3, 2, 1)], (7,))


def sizes_of(network: Network) -> list[dict[str, int]]:
    """Small sizes, most of them odd in some way."""
    names = ("N",) if len(network.input_size) == 1 else ("H", "W")
    values = range(1, 15) if len(names) == 1 else (1, 4, 5, 7)
    return [dict(zip(names, v, strict=True)) for v in product(values, repeat=len(names))]


def network_at(network: Network, at: dict[str, int]) -> Network | None:
    """The network at this size, where it is legal."""
    try:
        return replace(network, input_size=tuple(at.values()))
    except SymconvError:
        return None


def compare(proof: NetworkProof, at: dict[str, int], seed: int) -> None:
    """The claim at a size is the network's, both sides evaluate alike, and masks are where said."""
    verdict, network = proof.verdict, network_at(proof.expansion.network, at)
    assert isinstance(verdict, Certificate)
    domain = verdict.facts[0].figures["domain"]
    assert (network is not None) == holds(domain, at), (proof.expansion.network, at)
    if network is None:
        return
    claim = verdict.claim.at(at)
    assert claim.left == NetworkExpansion(network).claim().left
    assert not differ(claim, seed, tries=1), (network, at)
    if holds(proof.free, at):
        bare = replace(proof.expansion, masks=frozenset())
        assert not differ(bare.claim().at(at), seed, tries=1), (network, at)
        assert decide_network(network).without_masks is None, (network, at)


@pytest.mark.parametrize("seed", range(4))
def test_random_chains_at_every_small_size(seed: int) -> None:
    rng, proved = random.Random(seed), 0
    for number in range(CHAINS // 10):
        network = random_chain(rng, depth=4)
        proof = everywhere(network)
        if isinstance(proof.verdict, Undecided):
            assert "-inf" in proof.verdict.reason, network
            continue
        proved += 1
        for at in sizes_of(network):
            compare(proof, at, number)
        if isinstance(proof.without_masks, Refuted):
            left, right = replay(proof.without_masks)
            assert left != right
            assert not holds(proof.free, dict(proof.without_masks.counterexample.size))
    assert proved


def test_the_sizes_that_need_a_mask() -> None:
    proof = everywhere(TAIL)
    assert isinstance(proof.verdict, Certificate)
    assert (proof.verdict.sizes, proof.verdict.method) == ("all", ["squares", "mask"])
    assert proof.free == "N % 2 == 0"
    assert [(tail.place, tail.needed) for tail in proof.tails] == [(2, "N % 2 == 1")]
    assert isinstance(proof.without_masks, Refuted)
    assert proof.without_masks.counterexample.size == (("N", 1),)


def test_a_condition_may_spare_the_masks() -> None:
    proof = everywhere(TAIL, where=["N % 2 == 0"])
    assert (proof.verdict.verdict, proof.tails, proof.free) == ("proved", (), "all sizes")
    assert prove(TAIL, ["M"], where=["M % 2 == 0"]).verdict == "proved"
    with pytest.raises(ClaimError, match="no size satisfies"):
        everywhere(TAIL, where=["N < 1"])


def test_valid_layers_need_no_masks_at_any_size() -> None:
    """The encoder of wav2vec 2.0 reads nothing beyond its signals (THEORY: it suffices)."""
    geometry = [(10, 5), *[(3, 2)] * 4, *[(2, 2)] * 2]
    layers = [Conv(1, 1, (kernel,), stride) for kernel, stride in geometry]
    proof = everywhere(chain("wav2vec", layers, (16000,)))
    assert isinstance(proof.verdict, Certificate)
    assert proof.tails == ()
    assert proof.verdict.facts[0].figures["domain"] == "N >= 400"


def test_planted_faults_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain whose masks are left out is not proved, and one whose sizes are wrong is not."""
    squares = for_all_sizes._Squares
    monkeypatch.setattr(squares, "_at_input", lambda self, place, sizes, among: among)
    proof = everywhere(TAIL)
    monkeypatch.undo()
    assert proof.free != "N % 2 == 0"
    bare = everywhere(TAIL).expansion
    bare = replace(bare, masks=frozenset())
    assert differ(bare.claim().at({"N": 7}), 0)


def test_pools_that_leave_infinity() -> None:
    hollow = chain("hollow", [MaxPool(1, 2), Conv(1, 1, (3,), 3, 1)], (12,))
    proof = everywhere(hollow)
    assert [tail.empty_windows for tail in proof.tails] == [True]
    empty = chain("empty", [MaxPool((2,), 1, 1, dilation=4), Conv(1, 1, (1,))], (9,))
    verdict = everywhere(empty).verdict
    assert isinstance(verdict, Undecided)
    assert "-inf" in verdict.reason


def test_an_average_with_divisors() -> None:
    """Divided on the merged signal, whose tail is zero when it is split again."""
    average = AvgPool((3,), 2, 1, count_include_pad=False)
    proof = everywhere(chain("mean", [average, Conv(1, 1, (3,), 2, 1)], (12,)))
    assert isinstance(proof.verdict, Certificate)
    for size in range(1, 20):
        compare(proof, {"N": size}, size)


@pytest.mark.parametrize(("size", "free"), [((8, "W"), "W % 2 == 0"), (("H", 9), "no size")])
def test_numbers_and_names_may_be_mixed(size: tuple[Any, ...], free: str) -> None:
    """A number stays one: of an odd height every width reads a tail."""
    network = chain("mixed", [Conv(1, 2, 3, 1, 1), "relu", Conv(2, 1, 3, 2, 1)], size)
    proof = decide_network(network)
    assert (proof.verdict.verdict, proof.verdict.sizes) == ("proved", "all")
    assert proof.verdict.claim.size == size
    assert proof.free == free
    for n in range(1, 8):
        small = network.at(dict.fromkeys(network.names, n))
        claim = proof.verdict.claim.at(dict.fromkeys(network.names, n))
        assert claim.left == NetworkExpansion(small).claim().left
        assert not differ(claim, n, tries=1)
        assert (decide_network(small).without_masks is None) == holds(
            proof.free, dict.fromkeys(network.names, n)
        )


def test_on_the_command_line(tmp_path: Any) -> None:
    conv = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": 1}
    layers = [{**conv, "input_size": [9]}, {"op": "relu"}, {**conv, "stride": 2}]
    path = tmp_path / "chain.json"
    path.write_text(json.dumps({"name": "two", "network": layers}))
    run = CliRunner().invoke(main, ["prove", str(path), "--all-sizes", "--json"])
    assert run.exit_code == 0, run.output
    (result,) = json.loads(run.output)["results"]
    assert (result["verdict"], result["sizes"]) == ("proved", "all")
    assert result["masks"] == [{"layer": "two[2]", "needed": "N % 2 == 1"}]
    assert result["without_masks"]["counterexample"]["size"] == {"N": 1}
    words = CliRunner().invoke(main, ["prove", str(path), "--all-sizes"])
    assert "every square commutes iff N % 2 == 0" in words.output


@pytest.mark.parametrize(
    ("sizes", "needed"),
    [
        (["H", "W"], "H % 2 == 1 or W % 2 == 1"),
        (["rows", 8], "rows % 2 == 1"),
        ([8, 9], "H % 2 == 1 or W % 2 == 1"),
    ],
)
def test_files_may_name_their_sizes(tmp_path: Any, sizes: list[Any], needed: str) -> None:
    conv = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": 1}
    path = tmp_path / "chain.json"
    path.write_text(json.dumps({"network": [{**conv, "input_size": sizes}, {**conv, "stride": 2}]}))
    options = [] if "rows" in sizes or "H" in sizes else ["--all-sizes"]
    run = CliRunner().invoke(main, ["prove", str(path), "--json", *options])
    assert run.exit_code == 0, run.output
    (result,) = json.loads(run.output)["results"]
    assert (result["sizes"], [mask["needed"] for mask in result["masks"]]) == ("all", [needed])
    if not options:
        shown = CliRunner().invoke(main, ["show", str(path)])
        assert (shown.exit_code, "names a size; give numbers" in shown.output) == (2, True)
