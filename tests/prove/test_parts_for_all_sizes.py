"""Claims with functions between their layers, for all sizes: proved in parts, or refuted small."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from typing import Any

import pytest

from symconv import check
from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import ClaimError, InputError, SymconvError
from symconv.explain import sentence
from symconv.prove.decide import decide
from symconv.replay.run import replay
from tests.helpers.at_sizes import holds
from tests.helpers.integers import differ

COUNT = int(os.environ.get("SYMCONV_ALL_SIZES", "40"))
RELU, SIGMOID, FLIP = {"op": "relu"}, {"op": "sigmoid"}, {"op": "flip", "axes": [1]}
PAD = {"op": "pad", "padding": [[0, 0], ["a", "b"]]}
CONV, POOL = {"op": "conv", "weight": "w", "padding": 1}, {"op": "max_pool", "kernel_size": 2}
BLOCKS = {"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": 2}
MERGED = {"op": "rearrange", "pattern": "(c a) h -> c (h a)", "a": 2}
SLID = {**POOL, "stride": 1}
WEIGHTS = {
    "w": {"shape": [2, 2, 3]},
    "u": {"shape": [2, 2, 3]},
    "v": {
        "from": "w",
        "steps": [
            {"op": "pad", "padding": [[0, 0], [0, 0], [1, 0]]},
            {"op": "rearrange", "pattern": "o c (k a) -> o (c a) k", "a": 2},
        ],
    },
}


def claim(left: list[Any], right: list[Any], where: list[str] | None = None) -> dict[str, Any]:
    size = {"input": {"channels": 2, "size": ["N"]}, "weights": WEIGHTS, "where": where or []}
    return {**size, "left": left, "right": right}


BOTH = ["a >= 0 and b >= 0"]
STRIDED = {**CONV, "stride": 2}
ON_BLOCKS = [BLOCKS, {"op": "conv", "weight": "v", "padding": [[1, 0]]}]


@pytest.mark.parametrize(
    ("left", "right", "where", "domain"),
    [
        ([RELU, FLIP], [FLIP, RELU], [], "all sizes"),
        ([RELU, PAD], [PAD, RELU], BOTH, BOTH[0]),
        (
            [PAD, {**CONV, "padding": 0}, RELU, FLIP],
            [{**CONV, "padding": [["a", "b"]]}, RELU, FLIP],
            BOTH,
            BOTH[0],
        ),
        (
            [STRIDED, SIGMOID, {**CONV, "weight": "u"}],
            [*ON_BLOCKS, SIGMOID, {**CONV, "weight": "u"}],
            [],
            "N % 2 == 0",
        ),
        ([BLOCKS, RELU, MERGED, CONV, RELU], [RELU, CONV, RELU], [], "N % 2 == 0"),
        (
            [CONV, RELU, {**POOL, "stride": 2}, STRIDED],
            [
                CONV,
                RELU,
                BLOCKS,
                {"op": "rearrange", "pattern": "(c a) h -> c (h a)", "a": 2},
                {**POOL, "stride": 2},
                STRIDED,
            ],
            [],
            "N % 2 == 0 and N >= 2",
        ),
        ([RELU, SLID], [RELU, FLIP, SLID, FLIP], [], "N >= 2"),
    ],
)
def test_proved_part_by_part(
    left: list[Any], right: list[Any], where: list[str], domain: str
) -> None:
    text = claim(left, right, where)
    verdict = check(text)
    assert isinstance(verdict, Certificate), verdict
    assert (verdict.sizes, verdict.method) == ("all", ["sets"])
    said = verdict.facts[0].figures["domain"]
    read = read_claim(text)
    extra = {name: 1 for name in read.names if name != "N"}
    for size in range(1, 10):
        looked_at(read, {"N": size, **extra}, said)
        assert holds(domain, {"N": size, **extra}) == holds(said, {"N": size, **extra})


def looked_at(read: Claim, at: dict[str, int], domain: str) -> None:
    """Never refuted at a size, evaluated alike, and legal where said."""
    verdict: str = "illegal"
    with suppress(SymconvError):
        verdict = decide(read.at(at)).verdict
    assert (verdict == "illegal") == (not holds(domain, at)), at
    assert verdict != "refuted"
    if verdict != "illegal":
        assert not differ(read.at(at), 0), at


def confirmed(read: Claim) -> str:
    """The verdict for all sizes, once each small size agrees; "illegal" of what is ill-formed."""
    try:
        verdict = check(read)
    except ClaimError:
        return "illegal"
    if isinstance(verdict, Certificate):
        for size in range(1, 9):
            looked_at(read, {"N": size}, verdict.facts[0].figures["domain"])
    if isinstance(verdict, Refuted) and verdict.counterexample.left_shape is None:
        one, other = replay(verdict)
        assert one != other, read.to_dict()
    return verdict.verdict


@pytest.mark.parametrize(
    ("left", "right", "least"),
    [
        ([SIGMOID, PAD], [PAD, SIGMOID], {"N": 1, "a": 0, "b": 1}),
        ([CONV, RELU], [CONV, SIGMOID], {"N": 1}),
        ([CONV, RELU, FLIP], [FLIP, CONV, RELU], {"N": 2}),
        ([CONV, RELU, POOL], [RELU, CONV, POOL], {"N": 2}),
    ],
)
def test_refuted_at_the_first_small_size(
    left: list[Any], right: list[Any], least: dict[str, int]
) -> None:
    verdict = check(claim(left, right))
    assert isinstance(verdict, Refuted)
    assert dict(verdict.counterexample.size) == least
    assert (verdict.sizes, verdict.condition()) == ("all", "")
    assert sentence(verdict).endswith("; at which other sizes it fails is not known")
    one, other = replay(verdict)
    assert one != other


def test_what_is_vacuous_is_no_proof() -> None:
    with pytest.raises(ClaimError, match="no size satisfies"):
        check(claim([RELU], [RELU], ["N < 1"]))


def test_a_pool_that_may_be_empty_before_a_sum_stays_open() -> None:
    hollow = {"op": "max_pool", "kernel_size": 2, "dilation": 4, "padding": 1, "stride": 1}
    assert check(claim([hollow, CONV], [hollow, CONV])).verdict == "undecided"
    assert check(claim([POOL, CONV], [POOL, CONV])).verdict == "proved"


def random_parts(rng: random.Random) -> tuple[list[Any], list[Any]]:
    """The same layers and functions, with gathers that cancel on the right, perhaps a fault."""
    left: list[Any] = []
    right: list[Any] = []
    for _ in range(rng.randint(1, 3)):
        pads = [rng.randint(0, 2), rng.randint(0, 2)]
        stride = rng.choice([1, 1, 2])
        layer = rng.choice(
            [
                {"op": "conv", "weight": rng.choice("wu"), "padding": [pads], "stride": stride},
                {"op": "max_pool", "kernel_size": 2, "stride": stride},
            ]
        )
        left.append(layer)
        kind = rng.choice(["same", "pad", "flip", "blocks", "fault"])
        if kind == "pad" and layer["op"] == "conv":
            right += [{"op": "pad", "padding": [[0, 0], pads]}, {**layer, "padding": 0}]
        elif kind == "flip":
            right += [FLIP, FLIP, layer]
        elif kind == "blocks":
            right += [BLOCKS, MERGED, layer]
        elif kind == "fault":
            moved = [[pads[0] + 1, pads[1] - 1]] if layer["op"] == "conv" else 1
            right.append({**layer, "padding": moved})
        else:
            right.append(layer)
        if rng.random() < 0.7:
            function = {"op": rng.choice(["relu", "sigmoid"])}
            left.append(function)
            right.append(function)
    return left, right


@pytest.mark.parametrize("seed", range(2))
def test_random_claims_with_functions(seed: int) -> None:
    rng, seen = random.Random(seed), set()
    for _ in range(COUNT // 2):
        seen.add(confirmed(read_claim(claim(*random_parts(rng)))))
    assert {"proved", "refuted"} <= seen


TANH, DILATED = {"op": "tanh"}, {"op": "dilate", "dilation": [1, 2]}
ENDS = {"op": "pad", "padding": [[0, 0], [1, 2]]}


@pytest.mark.parametrize("value", ["-inf", float("-inf")])
def test_infinity_never_meets_a_sum(value: Any) -> None:
    """A tap of weight zero on -inf is no number, however -inf is written."""
    pad = {**ENDS, "value": value}
    text = claim(
        [pad, {**POOL, "kernel_size": 1}, {**CONV, "padding": 0}],
        [pad, {**POOL, "kernel_size": 1}, {**CONV, "weight": "longer", "padding": [[0, 1]]}],
    )
    grown = [{"op": "pad", "padding": [[0, 0], [0, 0], [0, 1]]}]
    text["weights"] = {**WEIGHTS, "longer": {"from": "w", "steps": grown}}
    assert check(text).verdict != "proved"
    with pytest.raises(InputError, match="expected a finite number"):
        check(claim([{**CONV, "padding_value": value}, RELU], [CONV, RELU]))


@pytest.mark.parametrize("value", ["-inf", float("-inf")])
@pytest.mark.parametrize("size", ["N", 5])
def test_a_weight_holds_finite_numbers(value: Any, size: Any) -> None:
    filled = {"shape": [1, 1, 2], "fill": value}
    padded = {"from": "zero", "steps": [{"op": "pad", "padding": [[0, 0]] * 3, "value": value}]}
    for odd in (filled, padded):
        text = {
            "input": {"channels": 1, "size": [size]},
            "weights": {"odd": odd, "zero": {"shape": [1, 1, 2], "fill": 0}},
            "left": [{"op": "conv", "weight": "odd"}],
            "right": [{"op": "conv", "weight": "zero"}],
        }
        with pytest.raises(ClaimError, match="weight 'odd': a weight holds finite numbers"):
            check(text)


def moved(rng: random.Random) -> tuple[list[Any], list[Any]]:
    """Functions and layers in one order, and a gather at a place of its own on either side."""
    line = [
        rng.choice([RELU, TANH, SIGMOID, {"op": "pointwise", "function": "f"}, CONV, SLID])
        for _ in range(rng.randint(1, 3))
    ]
    gather: list[Any] = rng.choice(
        [[ENDS], [DILATED], [FLIP], [BLOCKS, MERGED], [{**ENDS, "value": "-inf"}]]
    )
    sides: list[list[Any]] = []
    for _ in range(2):
        at = rng.randint(0, len(line))
        sides.append([*line[:at], *gather, *line[at:]])
    return sides[0], sides[1]


@pytest.mark.parametrize("seed", range(4))
def test_gathers_at_other_places(seed: int) -> None:
    """What is proved for all sizes is refuted at none, by tables or by integers."""
    rng, seen = random.Random(100 + seed), set()
    for _ in range(COUNT // 2):
        seen.add(confirmed(read_claim(claim(*moved(rng)))))
    assert "proved" in seen
