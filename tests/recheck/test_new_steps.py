"""The new steps in z3's encoding, against the dictionaries at every small size."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from symconv.claim import read_claim as stated
from symconv.claim.verdict import Certificate, Fact
from symconv.errors import ClaimError
from symconv.layer.pointwise import clip, named
from symconv.recheck import recheck
from symconv.recheck.claims import at, read_claim
from symconv.recheck.decide import same_function
from symconv.recheck.facts import IN_PARTS
from symconv.recheck.functions import clip_name, keeps_zero, least_value
from symconv.recheck.squares import same_by_squares
from tests.helpers.dictionaries import at_small_sizes
from tests.helpers.forging import plain, written
from tests.helpers.new_steps import FALSE, TRUE, claim, step
from tests.helpers.requirements import require

allsizes: Any = require("symconv.recheck.allsizes")
in_parts: Any = require("symconv.recheck.allsizes.parts")
Text = dict[str, Any]


def text_of(claim: Text) -> Text:
    """The claim as a certificate holds it."""
    return read_claim(plain(stated(claim).to_dict()))


@pytest.mark.parametrize("name", TRUE)
def test_what_is_the_same_is_so_at_every_size(name: str) -> None:
    text = text_of(claim(TRUE[name]))
    assert at_small_sizes(text) == {True}
    assert allsizes.counterexample(text) is None


@pytest.mark.parametrize("name", FALSE)
def test_what_differs_differs_at_some_size(name: str) -> None:
    text = text_of(claim(FALSE[name]))
    assert False in at_small_sizes(text)
    found = allsizes.counterexample(text)
    assert found is not None
    assert not same_function(plain(at(text, found)))[0]


@pytest.mark.parametrize("op", ["adaptive_avg_pool", "adaptive_max_pool"])
def test_windows_of_unequal_lengths_are_not_read_for_all_sizes(op: str) -> None:
    pool = step(op, output_size=3)
    text = {"input": {"channels": 1, "size": ["N"]}, "left": [pool], "right": [pool]}
    with pytest.raises(ClaimError, match="where 3 outputs divide it"):
        allsizes.counterexample(text_of(text))
    assert allsizes.counterexample(text_of({**text, "where": ["N % 6 == 0"]})) is None


def test_means_of_other_lengths_are_told_apart() -> None:
    """The mean of a half is no mean of a third, though each reads one unknown sample."""
    halves, thirds = (step("adaptive_avg_pool", output_size=n) for n in (2, 3))
    parts = [[halves, step("slice", axis=1, stop=1)], [thirds, step("slice", axis=1, stop=1)]]
    text = {
        "input": {"channels": 1, "size": ["N"]},
        "left": parts[0],
        "right": parts[1],
        "where": ["N % 6 == 0"],
    }
    assert allsizes.counterexample(text_of(text)) is not None


def test_a_mean_over_two_named_axes_is_read() -> None:
    whole, flip = step("adaptive_avg_pool", output_size=1), step("flip", axes=[1, 2])
    text = {"input": {"channels": 1, "size": ["H", "W"]}, "left": [whole], "right": [flip, whole]}
    assert allsizes.counterexample(text_of(text)) is None
    swapped = {**text, "right": [step("transpose", axes=[0, 2, 1]), whole]}
    assert allsizes.counterexample(text_of(swapped)) is None
    rows = {
        **text,
        "right": [step("adaptive_avg_pool", output_size=[1, None]), step("slice", axis=2, stop=1)],
    }
    assert allsizes.counterexample(text_of(rows)) is not None


def test_a_wide_average_makes_no_sense_where_a_window_counts_nothing() -> None:
    pool = step("avg_pool", kernel_size=2, stride=1, padding=[[2, 0]], legality="onnx")
    bare = {**pool, "count_include_pad": False}
    text = {"input": {"channels": 1, "size": ["N"]}, "left": [bare], "right": [bare]}
    with pytest.raises(ClaimError, match="counts no sample"):
        same_function(plain(at(text_of(text), {"N": 5})))
    assert allsizes.decide(text_of(text)).reason == "no size satisfies it"
    far = text_of(
        {**text, "left": [pool := {**bare, "padding": [[1, 0]], "dilation": 3}], "right": [pool]}
    )
    sense = allsizes.makes_sense(far, "all sizes", [1, "N - 2"], 10)
    assert [sense.at({"N": n}) for n in range(1, 9)] == [fits(far, n) for n in range(1, 9)]


def fits(text: Text, size: int) -> bool:
    """Whether a claim makes sense at a size, by the dictionaries."""
    try:
        return same_function(plain(at(text, {"N": size})))[0]
    except ClaimError:
        return False


def test_certificates_with_the_new_steps_are_rechecked() -> None:
    twice = [step("subtract", branches=[[], []]), step("scale", factor="1/2")]
    mirrored = [step("flip", axes=[1]), *twice, step("flip", axes=[1])]
    for size in (5, "N"):
        text = {"input": {"channels": 1, "size": [size]}, "left": twice, "right": mirrored}
        assert recheck(written("true", text)).verdict == "proved"
        assert recheck(written("false", {**text, "right": []})).verdict == "refuted"


def test_the_two_readings_of_clips_agree() -> None:
    for low, high in ((None, 6), (0, None), (0, 6), ("-1/2", "0.5"), (1, 2), (-3, -1), (0, 0)):
        ends = [None if end is None else Fraction(str(end)) for end in (low, high)]
        name = clip(ends[0], ends[1])
        assert clip_name(low, high) == name
        assert keeps_zero(name) == named(name).keeps_zero


def cut(function: str, size: Any) -> Text:
    """A cut in front of everything, at one function."""
    return {
        "left": 0,
        "right": 0,
        "function": function,
        "line": [1, size],
        "kept": [],
        "to_right": [],
        "to_line": [],
        "inside": [],
        "live": None,
    }


def pooled(function: str, value: Any = 0, **more: Any) -> Text:
    """A pad in front of a maximum, folded into it, behind a function."""
    pool = {"kernel_size": 3, "stride": 3, **more}
    first = step("pointwise", function=function)
    if function == "clip(0, 2)":
        first = step("clip", min=0, max=2)
    grown = step("pad", axis=1, padding=[1, 1], value=value)
    return {
        "name": "pooled",
        "input": {"channels": 1, "size": ["N"]},
        "weights": {},
        "left": [first, grown, step("max_pool", **pool)],
        "right": [first, step("max_pool", **pool, padding=1)],
    }


TRULY = [("relu", 0), ("clip(0, 2)", 0), ("relu", -1), ("sigmoid", 0)]
FALSELY = [("relu", 1), ("tanh", 0), ("f", 0), ("leaky_relu", 0)]
FOLDED = [*((*one, True) for one in TRULY), *((*one, False) for one in FALSELY)]


@pytest.mark.parametrize(("function", "value", "same"), FOLDED)
def test_a_pad_is_hidden_behind_values_that_are_no_less(
    function: str, value: int, same: bool
) -> None:
    text = pooled(function, value)
    for size in (5, 9):
        figures = {"swapped": False, "squares": 2, "cuts": [cut(function, size)]}
        at_size = plain(stated(text).at({"N": size}).to_dict())
        assert same_by_squares(at_size, figures)[0] == same
    claim = stated(text)
    facts = {"sizes": ["N"], "domain": "all sizes", "parts": 2}
    proof = Certificate(
        claim, (Fact("sets", IN_PARTS, facts),), (1, "(N + 2) // 3"), 0.0, sizes="all"
    )
    assert recheck(proof).verdict == ("proved" if same else "undecided")


def test_a_pad_shows_where_a_window_reads_nothing_else() -> None:
    """Behind wide pads a window reads the pad alone: 0 on the left, -inf on the right."""
    text = pooled("relu")
    text["left"][1]["padding"] = [3, 0]
    text["right"][1] |= {"padding": [[3, 0]], "legality": "onnx"}
    figures = {"swapped": False, "squares": 2, "cuts": [cut("relu", 6)]}
    assert not same_by_squares(plain(stated(text).at({"N": 6}).to_dict()), figures)[0]
    read = text_of(text)
    parts = [([], [], "relu"), (read["left"][1:], read["right"][1:], None)]
    found = in_parts.decide_in_parts(read, parts, in_parts.Known(keeps_zero, least_value), 10)
    assert found.answer == "unknown"


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (step("repeat", axis=1, count=0), "count must be"),
        (step("repeat", axis=3, count=2), "axis 3"),
        (step("subtract", branches=[[]]), "needs branches"),
        (step("scale", factor="x"), "finite number"),
        (step("scale", factor=1, factors=[None, None]), "one factor"),
        (step("clip"), "needs min, max"),
        (step("clip", min=2, max=1), "min <= max"),
        (step("adaptive_avg_pool", output_size=0), "output_size must be"),
        (step("adaptive_avg_pool", output_size=[1, 1]), "for each of 1 axes"),
        (step("avg_pool", kernel_size=2, dilation=2), "no dilation"),
        (step("max_pool", kernel_size=2, legality="tf"), "'torch' or 'onnx'"),
        (step("avg_pool", kernel_size=2, legality="onnx", divisor_override=0), "divisor_override"),
        (step("pointwise", function="clip(2, 1)"), "needs a function's name"),
    ],
)
def test_odd_steps_are_refused(odd: Text, words: str) -> None:
    text = {
        "name": "odd",
        "input": {"channels": 1, "size": [4]},
        "weights": {},
        "left": [odd],
        "right": [odd],
    }
    with pytest.raises(ClaimError, match=words):
        same_function(text)


@pytest.mark.parametrize("value", [[], [[1], [1, 2]], [[1], 2], ["x"], [True], 3, [["-inf"]]])
def test_odd_values_of_weights_are_refused(value: Any) -> None:
    text = {
        "name": "odd",
        "input": {"channels": 1, "size": [4]},
        "left": [],
        "right": [],
        "weights": {"w": {"shape": [1, 1], "value": value}},
    }
    with pytest.raises(ClaimError):
        same_function(text)
