"""Steps that public reports asked for: how they are written, and what the provers say of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from symconv import check
from symconv.claim import Weight, read_claim
from symconv.claim import steps as st
from symconv.claim.steps import read_step, read_steps
from symconv.errors import ClaimError
from symconv.layer.pointwise import named
from tests.helpers.new_steps import FALSE, ONNX, TRUE, claim, step

Text = dict[str, Any]


def reread(text: Text) -> Any:
    """A claim, which its JSON form gives again."""
    read = read_claim(text)
    assert read_claim(json.loads(json.dumps(read.to_dict()))) == read
    return read


@pytest.mark.parametrize("name", [*TRUE, *FALSE])
def test_what_is_read_is_written_again(name: str) -> None:
    reread(claim({**TRUE, **FALSE}[name]))


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        (
            step("pad", axis=-1, padding=[1, "N"], mode="reflect"),
            step("pad", padding=[[0, 0], [0, 0], [1, "N"]], mode="reflect"),
        ),
        (
            step("pad", padding={"0": [1, 0], "-1": [0, 2]}),
            step("pad", padding=[[1, 0], [0, 0], [0, 2]]),
        ),
        (
            step("slice", axis=1, start=0, stop="N - 1", step=2),
            step("slice", slices=[[None] * 3, [0, "N - 1", 2], [None] * 3]),
        ),
        (
            step("slice", slices={"1": [0, None, 2]}),
            step("slice", slices=[[None] * 3, [0, None, 2], [None] * 3]),
        ),
        (
            step("slice", axis=2, stop=-1),
            step("slice", slices=[[None] * 3, [None] * 3, [None, -1, None]]),
        ),
        (step("tile", axis=0, repeats=3), step("tile", repeats=[3, 1, 1])),
        (step("dilate", axis=1, dilation=2), step("dilate", dilation=[1, 2, 1])),
        (
            step("scale", axis=0, factors=[1, "1/2"]),
            step("scale", factors=[[1, "1/2"], None, None]),
        ),
        (step("mask", axis=0, keep=[1, 0]), step("mask", keep=[[1, 0], None, None])),
        (
            step("divide", axis=1, counts=["i + 1", "N"]),
            step("divide", counts=[None, ["i + 1", "N"], None]),
        ),
    ],
)
def test_an_axis_may_stand_for_the_list_of_all(short: Text, whole: Text) -> None:
    assert read_step(short, rank=3) == read_step(whole)
    with pytest.raises(ClaimError, match="not known here"):
        read_step(short)


def test_how_many_axes_there_are_follows_the_pipeline() -> None:
    steps = [
        step("rearrange", pattern="c (h a) w -> c h a w", a=2),
        step("subtract", branches=[[], [step("mask", axis=-1, keep=[1, 0, 1])]]),
        step("pad", axis=-1, padding=[1, 0]),
    ]
    assert read_steps(steps, rank=3)[-1] == st.Pad(((0, 0), (0, 0), (0, 0), (1, 0)))


def test_a_weight_is_read_behind_the_one_that_it_is_made_from() -> None:
    text = claim(([], []), 4)
    made: Text = {
        "b": {"from": "a", "steps": [step("slice", axis=-1, stop=1)]},
        "a": {"from": "w", "steps": [step("rearrange", pattern="o c k -> o c k 1")]},
        "w": {"shape": [2, 2, 3]},
        "round": {"from": "round", "steps": [step("flip", axes=[0])]},
    }
    weights = dict(reread({**text, "weights": made}).weights)
    assert list(weights) == list(made)
    assert weights["b"].steps[0].slices == ((None,) * 3,) * 3 + ((None, 1, None),)


def test_a_weight_may_hold_a_number_for_each_entry() -> None:
    weight = read_claim(
        {**claim(([], []), 4), "weights": {"v": {"value": [[1, 0.5], ["1/3", -2]]}}}
    )
    assert weight.weight("v") == Weight((2, 2), ((1, 0.5), ("1/3", -2)))
    assert weight.weight("v").to_dict() == {"shape": [2, 2], "value": [[1, 0.5], ["1/3", -2]]}


def test_equal_clips_are_one_function() -> None:
    clips = [
        step("clip", min="1/2", max=2),
        step("clip", min=0.5, max="2"),
        step("clip", max="4/2", min="0.50"),
    ]
    assert len({read_step(text) for text in clips}) == 1
    assert read_step(step("clip", min=0)) == read_step(step("relu"))
    assert read_step(step("clip", min=0, max=6)) == read_step({"op": "relu6"})
    assert read_step(step("clip", min=0, max=5)) != read_step({"op": "relu6"})


BOUNDED = ["relu", "relu6", "hardsigmoid", "sigmoid", "softplus", "tanh", "elu"]
BOUNDED += ["clip(-1/2, 3)", "clip(2, inf)", "clip(-inf, -1)"]


@pytest.mark.parametrize("name", BOUNDED)
def test_a_function_s_values_lie_between_its_bounds(name: str) -> None:
    function = named(name)
    found = [function.compute(v) for v in (*range(-40, 41), -800, 800, 0.25, -0.25)]
    assert function.low is not None or function.high is not None
    assert all(function.low is None or v >= function.low for v in found)
    assert all(function.high is None or v <= function.high for v in found)


BAD: dict[str, tuple[Any, str]] = {
    "a count": (step("repeat", axis=1, count=0), "count must be an integer of at least 1, got 0"),
    "a truth value": (step("repeat", axis=1, count=True), "count must be an integer"),
    "no count": (step("repeat", axis=1), "repeat needs count"),
    "half a shift": (step("roll", axis=1, shift=0.5), "shift must be an integer, got 0.5"),
    "two axes": (step("repeat", axis=[0, 1], count=2), "axis must be an integer"),
    "one branch": (step("subtract", branches=[[]]), "two branches or more, got 1"),
    "no number": (step("scale", factor="half"), "finite number, got 'half'"),
    "infinity": (step("scale", factor="-inf"), "finite number, got '-inf'"),
    "both scales": (step("scale", factor=1, factors=[None, None]), "no attribute 'factors'"),
    "no axis there": (step("pad", axis=2, padding=[1, 1]), "axis 2 is not one of 2 axes"),
    "an axis twice": (step("pad", padding={"1": [1, 1], "-1": [0, 0]}), "axis -1 stands twice"),
    "an axis in words": (step("tile", axis="last", repeats=2), "must be an integer, got 'last'"),
    "an axis alone": (step("pad", axis=1), "pad needs padding"),
    "a slice of nothing": (step("slice", axis=1), "start, stop, step"),
    "two slices": (step("slice", axis=1, start=0, slices=[]), "takes slices, or an axis with"),
    "no bound": (step("clip"), "clip needs min, max, or both"),
    "bounds that cross": (step("clip", min=2, max=1), "min must be at most max"),
    "a bound in words": (step("clip", min="low"), "finite numbers, got 'low'"),
    "outputs": (step("adaptive_avg_pool", output_size=0), "at least 1"),
    "half an output": (step("adaptive_max_pool", output_size=[1.5]), "or null, got (1.5,)"),
    "a legality": (step("max_pool", kernel_size=2, legality="caffe"), "'torch' or 'onnx'"),
    "a dilated mean": (step("avg_pool", kernel_size=2, dilation=2), "no dilation in PyTorch"),
    "a divisor": (step("avg_pool", kernel_size=2, divisor_override=0, **ONNX), "at least 1, got 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_step_is_refused_in_one_line(name: str) -> None:
    bad, words = BAD[name]
    with pytest.raises(ClaimError) as fault:
        read_claim(claim(([bad], []), 4))
    assert words in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ({"value": []}, "a finite number for each entry"),
        ({"value": [[1], [1, 2]]}, "nested lists of one shape"),
        ({"value": [[1], 2]}, "nested lists of one shape"),
        ({"value": [1, "x"]}, "got 'x'"),
        ({"value": [True]}, "got True"),
        ({"value": ["-inf"]}, "got '-inf'"),
        ({"value": 3}, "for one number everywhere write fill"),
        ({"shape": [3], "value": [1, 2]}, r"the shape \[3\], got \[2\]"),
        ({"shape": [2], "fill": [1, 2]}, "for one per entry write value"),
    ],
)
def test_a_bad_value_of_a_weight_is_refused(weight: Text, words: str) -> None:
    with pytest.raises(ClaimError, match=f"weight 'v': .*{words}"):
        read_claim({**claim(([], []), 4), "weights": {"v": weight}})


SETTLED = {
    "a clip": (
        [step("clip", min=-1), step("flip", axes=[1])],
        [step("flip", axes=[1]), step("clip", min=-1)],
        "proved",
    ),
    "two clips": ([step("clip", min=-1, max=5)], [step("clip", min=-1, max=4)], "refuted"),
    "a clip by another name": ([step("clip", min=0)], [step("relu")], "proved"),
    "axes left out": (*TRUE["axes left out"], "proved"),
}


@pytest.mark.parametrize("size", [5, "N"])
@pytest.mark.parametrize("name", SETTLED)
def test_what_needs_no_new_meaning_is_settled(name: str, size: Any) -> None:
    left, right, verdict = SETTLED[name]
    text = claim((left, right))
    found = check(read_claim(text).at({"N": 5}) if size == 5 else text)
    assert found.verdict == verdict


@pytest.mark.parametrize("size", [4, 6, "N"])
@pytest.mark.parametrize("name", TRUE)
def test_true_claims_are_proved(name: str, size: Any) -> None:
    text = claim(TRUE[name])
    found = check(text if size == "N" else read_claim(text).at({"N": size}))
    assert found.verdict == "proved"


@pytest.mark.parametrize("size", [4, 6, "N"])
@pytest.mark.parametrize("name", FALSE)
def test_false_claims_are_refuted(name: str, size: Any) -> None:
    text = claim(FALSE[name])
    found = check(text if size == "N" else read_claim(text).at({"N": size}))
    assert found.verdict == "refuted"


@pytest.mark.parametrize("size", [4, "N"])
def test_entries_that_make_no_sense_are_refused_when_a_claim_is_checked(size: Any) -> None:
    nothing = step("divide", counts=[None, ["0", size]])
    with pytest.raises(ClaimError, match="the count '0' must be at least 1"):
        check(read_claim(claim(([nothing], []), size)))
    truth = step("mask", keep=[None, [True] * 4])
    with pytest.raises(ClaimError, match="a mask's entries must be 0 or 1"):
        check(read_claim(claim(([truth], []), 4)))
