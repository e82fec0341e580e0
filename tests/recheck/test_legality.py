"""The rechecker refuses what `symconv check` refuses, and reads no tensor for another."""

from __future__ import annotations

import time
from typing import Any

import pytest

from symconv import check, recheck
from symconv.errors import ClaimError, SymconvError, TooLarge
from symconv.recheck.decide import same_function
from tests.helpers.forging import FLIP, claims, conv, plain, sides, written

Text = dict[str, Any]
W: Text = {"w": {"shape": [1, 1, 3]}}
ALL = [None, None, None]


def step(op: str, **more: Any) -> Text:
    return {"op": op, **more}


WRONG: dict[str, list[Text]] = {
    "a misspelt attribute": [conv("w", strides=2)],
    "an unknown step": [step("convolve", weight="w")],
    "a reflection too wide": [step("pad", padding=[[0, 0], [6, 0]], mode="reflect")],
    "a circular pad too wide": [step("pad", padding=[[0, 0], [7, 0]], mode="circular")],
    "a mode that there is not": [step("pad", padding=[[0, 0], [1, 0]], mode="mirror")],
    "an axis twice": [step("flip", axes=[1, -1])],
    "an axis that is not there": [step("flip", axes=[2])],
    "a transposition of one axis": [step("transpose", axes=[0])],
    "a transposition of an axis twice": [step("transpose", axes=[0, 0])],
    "a mask too short": [step("mask", keep=[None, [1, 1]])],
    "a mask of twos": [step("mask", keep=[[2], None])],
    "a mask of truth": [step("mask", keep=[[True], None])],
    "factors too many": [step("scale", factors=[[1, 1], None])],
    "an infinite factor": [step("scale", factors=[["-inf"], None])],
    "a factor that is no number": [step("scale", factors=[[float("nan")], None])],
    "no stride": [conv("w", stride=0)],
    "a stride in halves": [conv("w", stride=1.5)],
    "a stride of truth": [conv("w", stride=True)],
    "a dilation of none": [conv("w", dilation=0)],
    "groups that do not divide": [conv("w", groups=2)],
    "a kernel that does not fit": [conv("w", padding=-2)],
    "an infinite pad": [conv("w", padding_value=float("inf"))],
    "a pad of -inf in a sum": [step("pad", padding=[[0, 0], [1, 0]], value="-inf")],
    "a value beside a mode": [conv("w", padding=1, padding_value=1, padding_mode="reflect")],
    "a bias of another length": [conv("w", bias="two")],
    "a bias that is not there": [conv("w", bias="none")],
    "a pool padded too much": [step("avg_pool", kernel_size=3, padding=2)],
    "a pool's kernel of truth": [step("max_pool", kernel_size=True)],
    "an output padding too large": [step("conv_transpose", weight="w", output_padding=1)],
    "an output padding below 0": [step("conv_transpose", weight="w", output_padding=-1)],
    "an empty slice": [step("slice", slices=[ALL, [4, 2, None]])],
    "a slice of truth": [step("slice", slices=[ALL, [True, None, None]])],
    "a slice by none": [step("slice", slices=[ALL, [None, None, 0]])],
    "a tile of none": [step("tile", repeats=[1, 0])],
    "a dilation for one axis": [step("dilate", dilation=[2])],
    "parts that do not add up": [step("split", sizes=[2, 3], part=0, axis=1)],
    "a part that is not there": [step("split", sizes=3, part=2, axis=1)],
    "a pattern that does not fit": [step("rearrange", pattern="c (h a) -> (c a) h", a=4)],
    "a size for no factor": [step("rearrange", pattern="c h -> h c", a=4)],
    "a pattern with a factor lost": [step("rearrange", pattern="c (h a) -> c h", a=2)],
    "branches of two shapes": [step("add", branches=[[], [conv("w")]])],
    "no branches": [step("add", branches=[])],
    "a size in words": [conv("w", padding="1")],
    "max_conv of a free weight": [step("max_conv", weight="w")],
}


@pytest.mark.parametrize("name", WRONG)
def test_an_ill_formed_step_is_refused(name: str) -> None:
    text = sides(WRONG[name], WRONG[name], [6], {**W, "two": {"shape": [2]}})
    with pytest.raises(ClaimError) as fault:
        same_function(text)
    assert "\n" not in str(fault.value)


PARTS: dict[str, Text] = {
    "an unused weight from nowhere": {"weights": {**W, "v": {"from": "zzz", "steps": []}}},
    "an unused weight in a circle": {"weights": {**W, "v": {"from": "v", "steps": []}}},
    "an unused weight that does not fit": {
        "weights": {**W, "v": {"from": "w", "steps": [{"op": "tile", "repeats": [1]}]}}
    },
    "an infinite weight": {"weights": {**W, "v": {"shape": [1], "fill": float("inf")}}},
    "a weight of truth": {"weights": {**W, "v": {"shape": [1], "fill": True}}},
    "an empty weight": {"weights": {**W, "v": {"shape": [0]}}},
    "an unknown part": {"comment": "free"},
    "a false condition": {"where": ["1 == 2"]},
    "a condition that is a number": {"where": ["1 + 1"]},
    "a condition of another size": {"where": ["N >= 1"]},
    "no channels": {"input": {"channels": 0, "size": [6]}},
    "channels of truth": {"input": {"channels": True, "size": [6]}},
    "no size": {"input": {"channels": 1, "size": []}},
}


@pytest.mark.parametrize("name", PARTS)
def test_an_ill_formed_part_is_refused(name: str) -> None:
    with pytest.raises(ClaimError):
        same_function({**sides([FLIP], [FLIP], [6], W), **PARTS[name]})
    assert same_function(sides([FLIP], [FLIP], [6], W))[0]


@pytest.mark.parametrize("name", ["x", "x@1", "x@1.0", "a.0", "", "input", "é", "weight:x"])
def test_no_weight_s_name_is_taken_for_the_input(name: str) -> None:
    """x0*w1 + x0*w1 on one side, x1*w0 twice on the other: false whatever the weight is called."""
    first, second = [[0, 1, None], [1, 2, None]]
    parts = {
        key: {"from": name, "steps": [step("slice", slices=[ALL, part, ALL])]}
        for key, part in (("p", first), ("q", second))
    }
    twice = [
        [step("slice", slices=[ALL, part]), conv(key)]
        for key, part in (("p", second), ("q", first))
    ]
    weights = {name: {"shape": [1, 2, 1]}, **parts}
    left, right = ([step("add", branches=[way, way])] for way in twice)
    assert not same_function(sides(left, right, [2], weights))[0]
    assert same_function(sides(left, left, [2], weights))[0]


ONES: Text = {"a": {"shape": [2, 1, 1], "fill": 1}, "b": {"shape": [1, 2, 1], "fill": 1}}
PADDED: Text = {"w": {"shape": [1, 2, 1], "fill": 1}}


def test_what_is_summed_is_counted() -> None:
    left = [conv("a"), conv("b")]
    double = [step("add", branches=[[], []])]
    for size in ([4], ["N"]):
        assert recheck(written("x + x", sides(left, double, size, ONES))).verdict == "proved"
        assert recheck(written("x", sides(left, [], size, ONES))).verdict == "refuted"
    padded = [conv("w", padding=[[0, 1]], padding_value=1)]
    after = [conv("w"), step("pad", padding=[[0, 0], [0, 1]], value=1)]
    assert not same_function(sides(padded, after, [4], PADDED, 2))[0]
    after[1]["value"] = 2
    assert same_function(sides(padded, after, [4], PADDED, 2))[0]


@pytest.mark.parametrize("name", ["two of one weight", "a bias twice", "zero"])
def test_products_commute_and_zero_has_a_shape(name: str) -> None:
    verdict = check({"name": name, **claims()[name]})
    assert recheck(verdict).verdict == "proved"


def test_a_scalar_weight_is_a_factor() -> None:
    weights = {
        "s": {"shape": []},
        "t": {"shape": []},
        **{
            key: {"from": key[0], "steps": [step("rearrange", pattern=" -> 1 1 1")]}
            for key in ("s3", "t3")
        },
    }
    assert same_function(sides([conv("s3")], [conv("s3")], [3], weights))[0]
    assert not same_function(sides([conv("s3")], [conv("t3")], [3], weights))[0]
    assert not same_function(sides([conv("s3")], [], [3], weights))[0]


def test_a_fill_around_nothing_is_settled() -> None:
    nothing = [step("mask", keep=[[0], None])]
    filled = [*nothing, step("pad", padding=[[0, 0], [1, 0]], value=2)]
    assert same_function(sides(filled, filled, [2], {}))[0]
    other = [*nothing, step("pad", padding=[[0, 0], [1, 0]], value=3)]
    assert not same_function(sides(filled, other, [2], {}))[0]
    assert not same_function(sides(nothing, [], [2], {}))[0]


HUGE: dict[str, Text] = {
    "input": sides([FLIP], [FLIP], [10**9], W),
    "pad": sides([step("pad", padding=[[0, 0], [0, 10**9]])], [], [4], W),
    "conv": sides([conv("w", padding=10**9)], [conv("w", padding=10**9)], [4], W),
    "weight": sides([FLIP], [FLIP], [4], {"v": {"shape": [10**9]}}),
    "kernel": sides([conv("v")], [conv("v")], [10**5], {"v": {"shape": [1, 1, 10**4]}}),
    "tile": sides([step("tile", repeats=[1, 10**9])], [], [4], W),
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_too_large_is_known_before_a_row_is_written(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(TooLarge):
        same_function(HUGE[name])
    assert time.perf_counter() - start < 0.5


def test_a_huge_certificate_is_undecided() -> None:
    found = recheck(written("huge", plain(HUGE["input"])))
    assert found.verdict == "undecided"
    assert "smaller size" in found.reason


def test_a_huge_stride_is_not_a_huge_claim() -> None:
    way = [conv("w", stride=10**9)]
    assert same_function(sides(way, way, [4], W)) == (True, [1, 1])


def test_maxima_keep_constants_and_refuse_sums() -> None:
    pool = step("max_pool", kernel_size=2)
    zeros = [step("pad", padding=[[0, 0], [1, 1]]), pool]
    empty = [step("pad", padding=[[0, 0], [1, 1]], value="-inf"), pool]
    assert same_function(sides(zeros, zeros, [4], {}))[0]
    assert not same_function(sides(zeros, empty, [4], {}))[0]
    assert same_function(sides([step("max_pool", kernel_size=2, padding=1)], empty, [4], {}))[0]
    mixed = [pool, step("scale", factors=[[2], None])]
    with pytest.raises(SymconvError, match="monoid"):
        same_function(sides(mixed, mixed, [4], {}))


def test_sides_of_two_shapes_differ_even_where_both_are_zero() -> None:
    nothing = step("mask", keep=[[0], None])
    cut = step("slice", slices=[ALL, [0, 3, None]])
    assert same_function(sides([nothing], [nothing, cut], [6], {})) == (False, [1, 6])
    assert same_function(sides([], [cut], [6], {})) == (False, [1, 6])
    one = step("slice", slices=[ALL, [0, 1, None]])
    assert not same_function(sides([one], [one, step("tile", repeats=[1, 2])], [6], {}))[0]
