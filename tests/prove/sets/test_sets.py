"""All sizes: the verdict of sets, read at each small size, is the concrete prover's there."""

from __future__ import annotations

import os
import random
from itertools import product
from typing import Any

import pytest

from symconv import check, prove
from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Refuted, Undecided
from symconv.errors import ClaimError, InputError, SymconvError
from symconv.expand import destride
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.network import chain
from symconv.prove.sets.decide import Fails, decide_by_sets
from symconv.prove.tables.decide import decide_by_tables
from symconv.replay.run import replay
from tests.helpers.at_sizes import at_size, expected
from tests.helpers.networks import everywhere
from tests.helpers.planted import random_layer
from tests.helpers.random_claims import mutant, true_claim

LAYERS = int(os.environ.get("SYMCONV_ALL_SIZES", "40"))
SIZES = range(1, 41)


def mutated(claim: Claim, rng: random.Random) -> Claim:
    """The claim with one thing changed on its right side, or another padding on its left."""
    text = claim.to_dict()
    conv = next(step for step in text["right"] if step["op"] in ("conv", "max_conv"))
    pair = rng.choice(conv["padding"])
    kind = rng.choice(["shift", "high", "mirror", "same", "tail"])
    if kind == "shift":
        move = rng.choice([-1, 1])
        pair[:] = [pair[0] + move, f"({pair[1]}) - {move}"]
    elif kind == "high":
        pair[1] = f"({pair[1]}) + 1"
    elif kind == "mirror":
        axis = 2 + rng.randrange(len(claim.size))
        text["weights"]["w_phases"]["steps"].insert(0, {"op": "flip", "axes": [axis]})
    elif kind == "same":
        text["left"][0]["padding"] = "same"
    else:
        for step in text["right"]:
            if step["op"] == "pad":
                step["padding"] = [[0, 0] for _ in step["padding"]]
    return read_claim(text)


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_at_every_small_size(seed: int) -> None:
    rng = random.Random(seed)
    seen = {"proved": 0, "fails": 0}
    for _ in range(LAYERS // 4):
        layer, _size = random_layer(rng, 1)
        try:
            claim = destride(layer, ["N"]).claim()
        except SymconvError:
            continue
        claim = mutated(claim, rng) if rng.random() < 0.5 else claim
        try:
            found = decide_by_sets(claim)
        except InputError:
            assert {at_size(claim, {"N": n}) for n in SIZES} == {"illegal"}, claim
            continue
        assert not isinstance(found, Undecided), layer
        seen["fails" if isinstance(found, Fails) else "proved"] += 1
        verdicts = {n: at_size(claim, {"N": n}) for n in SIZES}
        assert verdicts == {n: expected(found, {"N": n}) for n in SIZES}, layer
        if isinstance(found, Fails):
            least = next(n for n in SIZES if verdicts[n] == "refuted")
            assert found.least == {"N": least}
    assert seen["proved"] > 1


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        (Conv(3, 64, 7, 2, 3), {}),
        (Conv(4, 6, (3, 5), (2, 3), ((1, 2), (0, -1)), (2, 1), 2), {}),
        (Conv(3, 4, (5,), 4, 1), {"residual_stride": 2}),
        (Conv(4, 4, (3,), 2, 1, groups=2), {"order": "phase"}),
        (Conv(3, 4, (3,), 2, 1), {"factor": 4}),
        (Conv(3, 4, (3, 3), 2, 1, padding_mode="reflect"), {}),
        (Conv(3, 4, (3,), 2, 1, padding_mode="circular"), {}),
        (Conv(3, 4, (3,), 2, 1, padding_mode="replicate"), {}),
        (Conv(3, 4, (3,), 2, 1, padding_value=3), {}),
        (ConvTranspose(4, 6, (4, 4), 2, 1), {}),
        (ConvTranspose(4, 6, (3,), 3, 0, 1), {}),
        (MaxPool(3, 2, 1), {}),
        (AvgPool(2, 2), {}),
        (Conv(3, 4, (3, 4), 2, "same"), {}),
        (Conv(3, 4, (5,), 3, "same_lower", 2), {"factor_out": 2}),
        (Conv(3, 4, (3,), 4, "same"), {"residual_stride": 2}),
        (Conv(3, 4, (4, 3), 2, "same", padding_mode="replicate"), {}),
        (MaxPool(3, 2, "same"), {}),
        (AvgPool(3, 2, 1, count_include_pad=False), {"factor_out": 2}),
        (AvgPool((3, 2), (2, 3), ((1, 1), (0, 0)), True, 2, False), {"order": "phase"}),
        (AvgPool((2, 3), 2, "same", count_include_pad=False), {}),
        (MaxPool(3, 2, 1, ceil_mode=True), {"factor_out": 2}),
        (MaxPool((3, 2), 2, ceil_mode=True, dilation=2), {}),
        (Conv(1, 1, (3, 3, 3), 2, 1), {}),
        (AvgPool((2, 7, 7), 1, channels=4), {}),
        (Conv(4, 4, (1, 8), 1), {}),
    ],
)
def test_layers_are_proved_for_all_sizes(layer: Any, options: dict[str, Any]) -> None:
    verdict = prove(destride(layer, **options))
    assert (verdict.verdict, verdict.sizes) == ("proved", "all")


SAME = {
    "name": "same",
    "input": {"channels": 1, "size": ["N"]},
    "weights": {"w": {"shape": [1, 1, 3]}},
    "left": [{"op": "conv", "weight": "w", "stride": 2, "padding": "same"}],
    "right": [{"op": "conv", "weight": "w", "stride": 2, "padding": 1}],
}


def test_where_same_padding_is_symmetric() -> None:
    verdict = check(SAME)
    assert isinstance(verdict, Refuted)
    assert (verdict.fails_on, verdict.holds_on) == ("N % 2 == 0", "N % 2 == 1")
    assert verdict.counterexample.to_dict()["size"] == {"N": 2}
    left, right = replay(verdict)
    assert left != right
    assert check({**SAME, "where": ["N % 2 == 1"]}).verdict == "proved"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": ["N < 0"]}, "no size satisfies"),
        ({"where": ["M > 1"]}, "speaks of M, which no size or pad names"),
        ({"where": ["N * N > 4"]}, "multiplies two sizes"),
        ({"where": ["N // M > 4"]}, "not a size expression"),
        ({"where": ["__import__('os')"]}, "not a size expression"),
        ({"input": {"channels": 1, "size": ["N +"]}}, "not a size expression"),
    ],
)
def test_claims_that_say_nothing_or_cannot_be_read(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        check({**SAME, **change})


def test_a_claim_with_names_is_not_for_the_concrete_prover() -> None:
    with pytest.raises(ClaimError, match="the sizes N are named"):
        decide_by_tables(read_claim(SAME))
    with pytest.raises(ClaimError, match="breaks"):
        read_claim({**SAME, "where": ["N > 3"]}).at({"N": 2})


@pytest.mark.parametrize("seed", range(3))
def test_random_claims_and_mutants_with_named_sizes(seed: int) -> None:
    """Claims of all kinds of steps: the verdict for all sizes is the concrete one at each."""
    rng, settled = random.Random(seed), 0
    for _ in range(int(os.environ.get("SYMCONV_ALL_SIZES", "40")) // 2):
        text = true_claim(rng)
        if text is None or len(text["input"]["size"]) > 2:
            continue
        text = mutant(text, rng) if rng.random() < 0.6 else text
        names = ["N", "M"][: len(text["input"]["size"])]
        try:
            claim = read_claim({**text, "input": {**text["input"], "size": names}})
            found = decide_by_sets(claim)
        except SymconvError:
            continue
        if isinstance(found, Undecided):
            continue
        settled += 1
        for values in product(range(1, 11 if len(names) == 1 else 5), repeat=len(names)):
            sizes = dict(zip(names, values, strict=True))
            assert at_size(claim, sizes) in (expected(found, sizes), "undecided"), text
    assert settled > 2


@pytest.mark.parametrize(
    ("left", "right", "holds"),
    [
        (
            [{"op": "tile", "repeats": [1, 3]}],
            [{"op": "concat", "axis": 1, "branches": [[], [], []]}],
            "all sizes",
        ),
        (
            [{"op": "tile", "repeats": [1, 2]}],
            [{"op": "pad", "padding": [[0, 0], [0, "N"]], "mode": "circular"}],
            "all sizes",
        ),
        (
            [{"op": "tile", "repeats": [1, 2]}],
            [{"op": "concat", "axis": 1, "branches": [[], [{"op": "flip", "axes": [1]}]]}],
            "N == 1",
        ),
        (
            [{"op": "split", "sizes": 3, "part": 1, "axis": 1}],
            [{"op": "slice", "slices": [[None, None, None], [3, 6, 1]]}],
            "all sizes",
        ),
        (
            [{"op": "split", "sizes": 3, "part": 1, "axis": 1}],
            [{"op": "slice", "slices": [[None, None, None], [3, None, 1]]}],
            "N <= 6",
        ),
        (
            [{"op": "split", "sizes": [2, 4], "part": 1, "axis": 1}],
            [{"op": "slice", "slices": [[None, None, None], [2, None, 1]]}],
            "all sizes",
        ),
    ],
)
def test_axes_repeated_and_split(left: list[Any], right: list[Any], holds: str) -> None:
    claim = read_claim({"input": {"channels": 1, "size": ["N"]}, "left": left, "right": right})
    found = decide_by_sets(claim)
    assert not isinstance(found, Undecided)
    assert (found.holds_on if isinstance(found, Fails) else "all sizes") == holds
    for size in range(1, 15):
        assert at_size(claim, {"N": size}) == expected(found, {"N": size}), size


@pytest.mark.parametrize("name", ["p0", "p1", "i0", "i1", "e0", "v0", "n0", "o", "k", "i", "N2a"])
def test_a_name_is_only_a_name(name: str) -> None:
    """Formulas hold indices of their own, which no name of a claim may meet."""
    verdict = check({**SAME, "input": {"channels": 1, "size": [name]}})
    assert isinstance(verdict, Refuted)
    assert verdict.holds_on == f"{name} % 2 == 1"
    net = chain("tail", [Conv(1, 1, (3,), 1, 1), Conv(1, 1, (3,), 2, 1)], (7,))
    assert everywhere(net, [name]).free == f"{name} % 2 == 0"


@pytest.mark.parametrize("name", ["_p0", "_N", "mod", "Exists", "floor", "infty", "é"])
def test_names_that_formulas_need(name: str) -> None:
    with pytest.raises(ClaimError, match="cannot be named"):
        check({**SAME, "input": {"channels": 1, "size": [name]}})
    with pytest.raises(ClaimError, match="cannot be named"):
        prove(Conv(1, 1, (3,), 2, 1), [name])
