"""The operands of a convolution swapped: the pipeline's tensor as the kernel, in every engine."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.claim import steps as st
from symconv.claim.steps import KernelConvStep, read_step
from symconv.claim.verdict import Certificate, Refuted, Undecided
from symconv.errors import ClaimError, InputError, LayerError, SymconvError
from symconv.explain import script, sentence
from symconv.prove.decide import decide
from symconv.prove.sets.decide import Fails, Holds, decide_by_sets
from symconv.recheck import recheck
from symconv.recheck.decide import same_function
from symconv.repair import repair
from symconv.repair.mutations import step_mutations
from symconv.replay.run import replay
from symconv.replay.steps import run_steps
from tests.helpers.at_sizes import at_size
from tests.helpers.at_sizes import expected as said
from tests.helpers.random_claims import replays
from tests.helpers.requirements import require
from tests.helpers.torch_claims import agree

Text = dict[str, Any]
z3_claims: Any = require("symconv.recheck.allsizes")


def by_loops(x: Any, w: Any, stride: Any, pads: Any, dilation: Any) -> Any:
    """The step's definition, one product at a time; None where there is no output."""
    sizes = [
        (k + lo + hi - d * (n - 1) - 1) // s + 1
        for k, n, s, d, (lo, hi) in zip(
            w.shape[2:], x.shape[1:], stride, dilation, pads, strict=True
        )
    ]
    if min(sizes) < 1:
        return None
    y = np.zeros((len(w), *sizes), dtype=np.int64)
    for m, c, *o in np.ndindex(len(w), len(x), *sizes):
        for j in np.ndindex(*x.shape[1:]):
            rows = zip(o, j, stride, dilation, pads, strict=True)
            at = [s * i + d * t - lo for i, t, s, d, (lo, _) in rows]
            if all(0 <= i < k for i, k in zip(at, w.shape[2:], strict=True)):
                y[(m, *o)] += x[(c, *j)] * w[(m, c, *at)]
    return y


def test_the_step_means_its_formula() -> None:
    rng, tried = random.Random(1), 0
    for seed in range(300):
        rank = rng.randint(1, 2)
        stride, dilation = ([rng.randint(1, 3) for _ in range(rank)] for _ in range(2))
        pads = [[rng.randint(-2, 4) for _ in range(2)] for _ in range(rank)]
        draw = np.random.default_rng(seed)
        x = draw.integers(-9, 10, (2, *(rng.randint(1, 4) for _ in range(rank))))
        w = draw.integers(-9, 10, (3, 2, *(rng.randint(1, 5) for _ in range(rank))))
        step = KernelConvStep("w", stride, pads, dilation)
        expected = by_loops(x, w, stride, pads, dilation)
        if expected is None:
            with pytest.raises(LayerError, match="no output position"):
                run_steps([step], x, {"w": w}.__getitem__)
            continue
        tried += 1
        assert (run_steps([step], x, {"w": w}.__getitem__) == expected).all()
    assert tried > 100


FLIPPED: Text = {"op": "flip", "axes": [1]}


def swap(rng: random.Random, fault: str = "") -> Text:
    """A convolution of random geometry, and its operands swapped; ``fault`` names a mistake."""
    rank = rng.choice([1, 1, 2])

    def axes(low: int, high: int) -> list[int]:
        return [rng.randint(low, high) for _ in range(rank)]

    n, k, s, d, u = axes(1, 6), axes(1, 3), axes(1, 3), axes(1, 3), axes(1, 2)
    p, q = axes(-1, 3), axes(-1, 3)
    pads = []
    for axis in range(rank):
        size, span = u[axis] * (n[axis] - 1) + 1, d[axis] * (k[axis] - 1) + 1
        left = (size + p[axis] + q[axis] - span) % s[axis]
        lo, hi = size - span + q[axis], size - span + p[axis]
        lo -= 0 if fault == "remainder" else left
        pads.append([hi, lo] if fault == "pads" else [lo + (fault == "low"), hi])
    spread = [1] * rank if fault == "dilation" else d
    kernel = {"op": "conv_as_kernel", "weight": "v", "stride": s, "padding": pads, "dilation": u}
    flip = {"op": "flip", "axes": list(range(1, rank + 1))}
    return {
        "input": {"channels": 2, "size": n},
        "weights": {
            "w": {"shape": [2, 2, *k]},
            "v": {"from": "w", "steps": [{"op": "dilate", "dilation": [1, 1, *spread]}]},
        },
        "left": [
            {"op": "dilate", "dilation": [1, *u]},
            {
                "op": "conv",
                "weight": "w",
                "stride": s,
                "dilation": d,
                "padding": [list(pair) for pair in zip(p, q, strict=True)],
            },
        ],
        "right": [kernel] if fault == "flip" else [kernel, flip],
    }


def settled(text: Text, seed: int) -> str:
    """The verdict on a claim, agreed on by torch, the rechecker and both replays."""
    try:
        verdict = decide(read_claim(text))
    except SymconvError:
        return "malformed"
    assert not isinstance(verdict, Undecided), text
    assert agree(text, seed, tries=3) == isinstance(verdict, Certificate), text
    assert same_function(json.loads(json.dumps(text)))[0] == isinstance(verdict, Certificate), text
    if isinstance(verdict, Certificate):
        assert recheck(verdict).verdict == "proved"
    else:
        assert replays(text, verdict), text
        if verdict.counterexample.left_shape is None:
            left, right = replay(verdict)
            assert left != right
    return verdict.verdict


def test_swapped_operands_are_proved() -> None:
    rng, seen = random.Random(2), {"proved": 0, "malformed": 0}
    for seed in range(90):
        seen[settled(swap(rng), seed)] += 1
    assert seen["proved"] > 50


@pytest.mark.parametrize("fault", ["flip", "low", "pads", "dilation", "remainder"])
def test_mistakes_are_refuted(fault: str) -> None:
    rng, seen = random.Random(3), {"proved": 0, "refuted": 0, "malformed": 0}
    for seed in range(40):
        seen[settled(swap(rng, fault), seed)] += 1
    assert seen["refuted"] >= 8


def pipeline(rng: random.Random) -> Text:
    """The step among gathers and another convolution, in a weight as well; both sides alike."""
    size = rng.randint(2, 6)
    before = rng.choice(
        [
            [],
            [FLIPPED],
            [{"op": "pad", "padding": [[0, 0], [1, -1]]}],
            [{"op": "conv", "weight": "a", "padding": 1}],
        ]
    )
    after = rng.choice([[], [FLIPPED], [{"op": "conv", "weight": "c", "padding": 2}]])
    joined = {"op": "conv_as_kernel", "weight": "b", "padding": [1, rng.randint(2, 3)]}
    made = rng.choice([[{"op": "flip", "axes": [2]}], [], [joined]])
    step = {
        "op": "conv_as_kernel",
        "weight": rng.choice("wv"),
        "stride": rng.randint(1, 2),
        "padding": [[rng.randint(0, size), rng.randint(0, size)]],
        "dilation": rng.randint(1, 2),
    }
    side = [*before, step, *after]
    return {
        "input": {"channels": 2, "size": [size]},
        "weights": {
            "w": {"shape": [2, 2, 4]},
            "a": {"shape": [2, 2, 2]},
            "c": {"shape": [2, 2, 2]},
            "b": {"shape": [2, 2, 2, 3]},
            "v": {"from": "w", "steps": made},
        },
        "left": side,
        "right": side,
    }


def test_random_pipelines_and_mutants() -> None:
    rng, seen = random.Random(4), {"proved": 0, "refuted": 0, "malformed": 0}
    for seed in range(150):
        text = pipeline(rng)
        seen[settled(text, seed)] += 1
        at = next(i for i, s in enumerate(text["right"]) if s["op"] == "conv_as_kernel")
        step = rng.choice(list(step_mutations(text["right"][at], 1))).step
        changed = [*text["right"][:at], step, *text["right"][at + 1 :]]
        seen[settled({**text, "right": changed}, seed)] += 1
    assert min(seen["proved"], seen["refuted"]) > 60


OPEN: Text = {
    "name": "operand swap",
    "input": {"channels": 2, "size": ["N"]},
    "weights": {"w": {"shape": [3, 2, "K"]}},
    "left": [{"op": "conv", "weight": "w", "padding": [["p", "q"]]}],
    "right": [
        {"op": "conv_as_kernel", "weight": "w", "padding": [["N - K + q", "N - K + p"]]},
        FLIPPED,
    ],
}
FULL = {
    **OPEN,
    "left": [{"op": "conv", "weight": "w", "padding": [["K - 1", "K - 1"]]}],
    "right": [{"op": "conv_as_kernel", "weight": "w", "padding": [["N - 1", "N - 1"]]}, FLIPPED],
}


def test_functions_around_the_step_are_proved_in_squares() -> None:
    """With both operands reversed; where the result is, the hidden tensors differ by a flip."""
    reversed_w = {"from": "w", "steps": [{"op": "flip", "axes": [2]}]}
    swapped = [
        FLIPPED,
        {"op": "conv_as_kernel", "weight": "v", "padding": [["N - K + p", "N - K + q"]]},
    ]
    relu = {"op": "relu"}
    text = {
        **OPEN,
        "weights": {**OPEN["weights"], "v": reversed_w},
        "left": [relu, *OPEN["left"], relu],
        "right": [relu, *swapped, relu],
    }
    sizes = {"N": 5, "K": 3, "p": 1, "q": 2}
    verdict = decide(read_claim(text).at(sizes))
    assert isinstance(verdict, Certificate)
    assert "squares" in verdict.method
    assert recheck(verdict).verdict == "proved"
    wrong = {**text, "right": [relu, *swapped[1:], relu]}
    assert decide(read_claim(wrong).at(sizes)).verdict == "refuted"
    pool = {"op": "max_pool", "kernel_size": 2}
    pooled = {**text, "left": [*OPEN["left"], pool], "right": [*swapped, pool]}
    verdict = decide(read_claim(pooled).at(sizes))
    assert isinstance(verdict, Certificate)
    assert recheck(verdict).verdict == "proved"
    with pytest.raises(ClaimError, match="not rechecked in this monoid"):
        same_function(
            json.loads(json.dumps({**(body := verdict.claim.to_dict()), "left": body["right"]}))
        )


def test_the_swap_holds_at_every_size_kernel_and_pads() -> None:
    verdict = check(OPEN)
    assert isinstance(verdict, Certificate)
    assert verdict.facts[0].figures["domain"] == "N + p + q >= K and K >= 1"
    assert check(FULL).verdict == "proved"


def strided(right: Any, lo: str) -> Text:
    return {
        **OPEN,
        "where": ["p >= 0", "q >= 0"],
        "left": [{**OPEN["left"][0], "stride": 2}],
        "right": [{**right[0], "stride": 2, "padding": [[lo, "N - K + p"]]}, *right[1:]],
    }


def test_what_is_left_out_is_refuted_at_the_least_size() -> None:
    without = check({**OPEN, "where": ["p >= 0", "q >= 0"], "right": OPEN["right"][:1]})
    assert isinstance(without, Refuted)
    assert dict(without.counterexample.size) == {"N": 1, "K": 1, "p": 0, "q": 1}
    naive = check(strided(OPEN["right"], "N - K + q"))
    assert isinstance(naive, Refuted)
    assert dict(naive.counterexample.size) == {"N": 1, "K": 1, "p": 0, "q": 1}
    assert naive.holds_on == "(N + K + p + q) % 2 == 0"
    cropped = "N - K + q - (N - K + p + q) % 2"
    assert check(strided(OPEN["right"], cropped)).verdict == "proved"


def opened(rng: random.Random) -> Text:
    """A swap of numeric stride and dilations, sizes named; in some a mistake."""
    s, d, u = (rng.randint(1, 3) for _ in range(3))
    p, q = rng.randint(-1, 2), rng.randint(-1, 2)
    kernel: Any = rng.choice(["K", 1, 2, 3])
    more = f"{u}*(N - 1) - {d}*({kernel} - 1)"
    rest = "0" if rng.random() < 0.2 else f"({more} + {p + q}) % {s}"
    moved = rng.choice([0, 0, 0, 1, -1])
    pads = [f"{more} + {q} - {rest} + {moved}", f"{more} + {p}"]
    flip = [] if rng.random() < 0.2 else [FLIPPED]
    return {
        "input": {"channels": 1, "size": ["N"]},
        "weights": {
            "w": {"shape": [1, 1, kernel]},
            "v": {"from": "w", "steps": [{"op": "dilate", "dilation": [1, 1, d]}]},
        },
        "left": [
            {"op": "dilate", "dilation": [1, u]},
            {"op": "conv", "weight": "w", "stride": s, "dilation": d, "padding": [[p, q]]},
        ],
        "right": [
            {"op": "conv_as_kernel", "weight": "v", "stride": s, "dilation": u, "padding": [pads]},
            *flip,
        ],
    }


def test_all_sizes_against_each_of_twelve_and_z3() -> None:
    rng, seen = random.Random(6), {"proved": 0, "fails": 0}
    for _ in range(40):
        text = opened(rng)
        claim = read_claim(text)
        found = decide_by_sets(claim)
        assert not isinstance(found, Undecided), text
        seen["fails" if isinstance(found, Fails) else "proved"] += 1
        assert (z3_claims.counterexample(text) is None) == isinstance(found, Holds), text
        failing = []
        for values in product(range(1, 13), repeat=len(claim.names)):
            sizes = dict(zip(claim.names, values, strict=True))
            verdict = at_size(claim, sizes)
            assert verdict == said(found, sizes), (text, sizes)
            failing += [sizes] if verdict == "refuted" else []
        if isinstance(found, Fails):
            assert found.least == failing[0]
    assert min(seen.values()) > 8


WEIGHT: Text = {"w": {"shape": [3, 2, 4]}}
KERNEL: Text = {"op": "conv_as_kernel", "weight": "w"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"padding": "same"}, "padding must be in numbers, got 'same'"),
        ({"padding": "valid"}, "padding must be in numbers, got 'valid'"),
        ({"padding": ["same_lower"]}, "padding must be in numbers, got 'same_lower'"),
        ({"padding": "reflect"}, "padding must be in numbers, got 'reflect'"),
        ({"groups": 2}, "conv_as_kernel has no attribute 'groups'"),
        ({"bias": "w"}, "conv_as_kernel has no attribute 'bias'"),
        ({"stride": 0}, "stride must"),
        ({"dilation": [1, 1]}, "dilation"),
        ({"padding": [[0, 0], [1, 1]]}, "padding"),
        ({"padding": [[1, 2, 3]]}, "pad"),
        ({"weight": "v"}, "there is no weight 'v'"),
        ({"weight": "flat"}, "must have 3 axes"),
        ({"weight": "wide"}, "reads 5 channels"),
    ],
)
@pytest.mark.parametrize("size", [3, "N"])
def test_refusals_are_one_line(change: Text, words: str, size: Any) -> None:
    weights = {**WEIGHT, "flat": {"shape": [2, 4]}, "wide": {"shape": [3, 5, 4]}}
    with pytest.raises(SymconvError, match=words) as fault:
        check(
            {
                "input": {"channels": 2, "size": [size]},
                "weights": weights,
                "left": [{**KERNEL, **change}],
                "right": [],
            }
        )
    assert "\n" not in str(fault.value)


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    text = {"input": {"channels": 2, "size": [5]}, "weights": WEIGHT, "left": [KERNEL], "right": []}
    with pytest.raises(SymconvError, match="no output position"):
        check(text)
    with pytest.raises(ClaimError, match="does not fit"):
        same_function(json.loads(json.dumps(text)))
    with pytest.raises(ClaimError, match="no size satisfies"):
        check({**text, "input": {"channels": 2, "size": ["N"]}, "where": ["N > 4"]})


def test_weights_made_by_the_step_are_read() -> None:
    made = {
        "w": {"shape": [1, 2, 3]},
        "u": {"shape": [2, 1, 2, 5]},
        "v": {"from": "w", "steps": [{"op": "conv_as_kernel", "weight": "u"}]},
    }
    side = [{"op": "conv", "weight": "v"}]
    text = {"input": {"channels": 1, "size": ["N"]}, "weights": made, "left": side}
    assert check({**text, "right": side}).verdict == "proved"
    flip = {"op": "flip", "axes": [1]}
    assert check({**text, "right": [*side, flip]}).verdict == "refuted"
    misfit = {**made, "u": {"shape": [2, 1, 1, 5]}}
    with pytest.raises(InputError):
        check({**text, "weights": misfit, "right": side})


def test_a_maximum_behind_the_step_is_settled() -> None:
    pool = {"op": "max_pool", "kernel_size": 1}
    pooled = {**OPEN, "left": [*OPEN["left"], pool], "right": [*OPEN["right"], pool]}
    assert check(pooled).verdict == "proved"


def test_the_step_is_read_and_written() -> None:
    text = {"op": "conv_as_kernel", "weight": "w", "stride": 2, "padding": [["N - 1", 1]]}
    step = read_step(text)
    assert isinstance(step, KernelConvStep)
    assert st.STEPS["conv_as_kernel"] is KernelConvStep
    assert step.to_dict() == text
    assert read_claim({**OPEN}).names == ("N", "K", "p", "q")


@pytest.mark.parametrize("seed", range(4))
def test_a_refutation_is_explained_and_runs_in_numpy_alone(seed: int) -> None:
    rng = random.Random(seed)
    while True:
        try:
            verdict = decide(read_claim(swap(rng, "low")))
        except SymconvError:
            continue
        if isinstance(verdict, Refuted) and verdict.counterexample.left_shape is None:
            break
    code, found = script(verdict), verdict.counterexample
    assert "symconv" not in code
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert [line[5:].strip() for line in ran.stdout.splitlines()] == [found.left, found.right]
    assert " multiplies " in sentence(verdict)


def test_the_nearest_claim_that_holds_is_found() -> None:
    text = {**read_claim(OPEN).at({"N": 5, "K": 3, "p": 1, "q": 2}).to_dict()}
    text["right"][0]["padding"] = [[4, 4]]
    verdict = decide(read_claim(text))
    assert isinstance(verdict, Refuted)
    found = repair(verdict)
    assert found is not None
    assert found.changes[0].after == [[4, 3]]
