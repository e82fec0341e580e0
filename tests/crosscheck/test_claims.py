"""Claims and chains: both sides as pipelines of a framework's own operators."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv import check
from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Refuted
from symconv.crosscheck import crosscheck_claim
from symconv.crosscheck.backends import Backend, backend_of
from symconv.crosscheck.formats import FORMATS
from symconv.crosscheck.question import INPUT, Side
from symconv.crosscheck.runner import Runner
from symconv.errors import SymconvError, Unsupported
from symconv.layer import Conv
from symconv.network import NetworkExpansion, chain
from symconv.replay.run import run_claim
from tests.helpers.random_claims import true_claim
from tests.helpers.random_pipelines import Pipelines
from tests.helpers.requirements import require

LOWERINGS = sorted((Path(__file__).parents[2] / "proofs" / "lowerings").glob("*.json"))
Text = dict[str, Any]


def lowerings(largest: int) -> list[Text]:
    """Lowerings of compilers whose input has no more than so many samples."""
    found: list[Text] = []
    for path in LOWERINGS:
        text = json.loads(path.read_text())
        found += text.get("claims", [text])
    return [
        t for t in found if all(type(n) is int for n in t["input"]["size"]) and _small(t, largest)
    ]


def _small(text: Text, largest: int) -> bool:
    return int(np.prod([text["input"]["channels"], *text["input"]["size"]])) <= largest


def agrees_with_its_verdict(text: Text, **told: Any) -> None:
    """A framework sees what the prover says of a claim."""
    verdict = check(text)
    seen = crosscheck_claim(read_claim(text), backend="torch", **told)
    assert seen.refutes == isinstance(verdict, Refuted), (text["name"], seen.text())


@pytest.mark.parametrize("mode", ["exact", "rounding"])
def test_frameworks_see_what_provers_say_of_small_lowerings(mode: str) -> None:
    require("torch")
    some = lowerings(2_000)
    assert len(some) > 20
    for text in some:
        agrees_with_its_verdict(text, mode=mode)


@pytest.mark.slow
def test_frameworks_see_what_provers_say_of_all_lowerings() -> None:
    require("torch")
    for text in lowerings(10**7):
        agrees_with_its_verdict(text, dtype="float32", gradients=True)


def test_true_claims_with_branches_agree_in_gradients_too() -> None:
    require("torch")
    rng, seen = random.Random(3), 0
    while seen < 8:
        if (text := true_claim(rng)) is not None:
            claim = read_claim({"name": "true", **text})
            for mode in ("exact", "rounding"):
                found = crosscheck_claim(
                    claim, backend="torch", mode=mode, dtype="float32", gradients=True
                )
                assert found.agrees, found.text()
                assert len(found.compared) == 3
            seen += 1


def chained(*layers: Any, size: tuple[int, ...] = (12,)) -> Any:
    """A chain and its equal on phases, with a mask before every layer that could need one."""
    expansion = NetworkExpansion(chain("chain", list(layers), size))
    return expansion.with_masks(list(expansion.expansions)[1:]).claim()


CHAIN = chained(Conv(1, 3, 3, 2, 1), "relu", Conv(3, 2, 3, 2, 1), "f", Conv(2, 1, 3, 2, 1))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_chain_agrees_forward_in_both_modes_and_back_in_exact_mode(dtype: str) -> None:
    require("torch")
    exact = crosscheck_claim(CHAIN, backend="torch", dtype=dtype, gradients=True)
    assert exact.equal
    assert len(exact.compared) > 4
    assert crosscheck_claim(CHAIN, backend="torch", dtype=dtype, mode="rounding").agrees


def test_a_chain_without_the_masks_that_it_needs_is_seen() -> None:
    require("torch")
    layer = Conv(1, 1, 3, 2, 1)
    bare = NetworkExpansion(chain("bare", [layer, "f", layer], (9,))).claim()
    for mode in ("exact", "rounding"):
        assert crosscheck_claim(bare, backend="torch", mode=mode).refutes
    assert crosscheck_claim(chained(layer, "f", layer, size=(9,)), backend="torch").agrees


RUN = ["numpy", "torch", "jax"]


@pytest.mark.parametrize("backend", RUN)
def test_every_step_is_run_as_numpy_replays_it(backend: str) -> None:
    """Steps with exact results, on integers in double precision."""
    require(backend)
    run = backend_of(backend)
    count, seen = (6 if backend == "jax" else 120), 0
    for seed in range(count):
        claim = read_claim({"name": f"seed {seed}", **Pipelines(seed).claim()})
        values = {n: v % 7 - 3 for n, v in numbers(claim, seed).items()}
        try:
            found = ran(run, claim, values)
        except Unsupported:
            continue
        with np.errstate(all="ignore"):  # zero times -inf
            replayed = run_claim(claim, "left", values[INPUT], values)
        assert np.allclose(found, replayed.astype(float), rtol=1e-9, equal_nan=True), seed
        seen += 1
    assert seen > count // 2


def numbers(claim: Claim, seed: int) -> dict[str, np.ndarray]:
    """Random integers for the input and the free weights."""
    rng = np.random.default_rng(seed)
    shapes = {n: w.shape or () for n, w in claim.weights if w.source is None and w.fill is None}
    every = {**shapes, INPUT: claim.input_shape}
    return {n: rng.integers(0, 10**6, s).astype(object) for n, s in every.items()}


def ran(run: Backend, claim: Claim, values: dict[str, np.ndarray]) -> np.ndarray:
    """The left side by a framework, in double precision."""
    with run.session("float64"), np.errstate(all="ignore"):
        r = Runner(run, "float64", FORMATS["float64"], exact=False)
        arrays = {n: r.array(v.astype(float)) for n, v in values.items()}
        x = arrays.pop(INPUT)
        return run.numpy(Side(claim.left, derived=claim).run(r, x, arrays))


@pytest.mark.parametrize(
    ("steps", "told", "says"),
    [
        ([{"op": "tanh"}], {}, "no bound for how a framework rounds 'tanh'"),
        (
            [{"op": "conv", "weight": "w", "padding": 1}, {"op": "max_pool", "kernel_size": 2}],
            {"gradients": True},
            "gradients through a maximum of computed values are not compared",
        ),
        (
            [{"op": "conv", "weight": "w", "padding": 1}, {"op": "relu"}],
            {"gradients": True, "mode": "rounding"},
            "gradients through relu of rounded values have no bound",
        ),
        (
            [{"op": "pad", "padding": [[0, 0], [1, 1]], "value": "1/3"}],
            {},
            "1/3 is not a number of",
        ),
        (
            [
                {"op": "pad", "padding": [[0, 0], [1, 1]], "value": 1},
                {"op": "avg_pool", "kernel_size": 3},
                {"op": "conv", "weight": "w"},
            ],
            {},
            "divides what is not a multiple of its divisor",
        ),
        ([], {"dtype": "int8"}, "int8 is compared for layers, got a claim"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    steps: list[Text], told: Text, says: str
) -> None:
    require("torch")
    text = {
        "name": "asked",
        "input": {"channels": 2, "size": [9]},
        "weights": {"w": {"shape": [2, 2, 3]}},
        "left": steps,
        "right": steps,
    }
    with pytest.raises(Unsupported, match=re.escape(says)):
        crosscheck_claim(read_claim(text), backend="torch", **told)


def test_a_claim_with_named_sizes_asks_for_numbers() -> None:
    text = {"input": {"channels": 1, "size": ["N"]}, "left": [], "right": []}
    with pytest.raises(SymconvError, match="N are named; give them numbers"):
        crosscheck_claim(read_claim(text))
