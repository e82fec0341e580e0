"""Cuts of chains: what a certificate says of hidden tensors is compared with their real shapes."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import check, recheck
from symconv.claim.verdict import Certificate
from symconv.errors import ClaimError, SymconvError
from symconv.recheck.facts import ONCE
from symconv.recheck.squares import same_by_squares
from tests.helpers.forging import FLIP, RELU, at, certificates, changed, plain, sides

Text = dict[str, Any]
ALL = [None, None, None]
CHAIN = certificates()["chain"]
CUTS = ("facts", 0, "figures", "cuts", 0)


def sliced(*part: int | None) -> Text:
    return {"op": "slice", "slices": [ALL, [*part]]}


def cut(**more: Any) -> Text:
    """A cut behind one function each, whose tensors are the line itself."""
    return {
        "left": 0,
        "right": 0,
        "function": "relu",
        "line": [1, 6],
        "kept": [],
        "to_right": [],
        "to_line": [],
        "inside": [],
        "live": None,
        **more,
    }


def figures(*cuts: Text) -> Text:
    return {"swapped": False, "squares": len(cuts) + 1, "cuts": list(cuts)}


SAME = sides([RELU, sliced(1, 3, None)], [RELU, sliced(-5, -3, None)], [6], {})
OTHER = sides([RELU, sliced(1, 3, None)], [RELU, sliced(-3, -1, None)], [6], {})


def test_a_cut_s_line_is_the_tensor_s_shape() -> None:
    """On a line of four samples both slices read the same two; on the tensor's six they do not."""
    assert same_by_squares(SAME, figures(cut()))[0]
    assert not same_by_squares(OTHER, figures(cut()))[0]
    for line in ([1, 4], [2, 6], [1, 6, 1], [1, 7], [1]):
        for claim in (SAME, OTHER):
            with pytest.raises(ClaimError):
                same_by_squares(claim, figures(cut(line=line)))


@pytest.mark.parametrize(
    "more",
    [
        {"left": 1},
        {"right": -1},
        {"left": True},
        {"function": None},
        {"function": "tanh"},
        {"inside": [{"op": "slice", "slices": [ALL, [0, 9, 1]]}]},
        {"inside": [{"op": "slice", "slices": [ALL, [0, 6, 2]]}]},
        {"inside": [{"op": "slice", "slices": [[0, 1, None], [0, 6, 1]]}]},
        {"inside": [FLIP]},
        {"to_right": [FLIP], "to_line": [FLIP]},
        {"to_right": [{"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": 2}]},
        {
            "to_right": [{"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": 2}],
            "to_line": [{"op": "rearrange", "pattern": "(a c) h -> c (h a)", "a": 2}],
        },
        {"kept": [{"op": "mask", "keep": [None, [1, 1, 1, 1, 1, 0]]}]},
        {"kept": [{"op": "mask", "keep": [None, [1] * 5]}]},
        {"kept": [{"op": "mask", "keep": [[1], None]}]},
        {"live": [[0, 7, 1]]},
        {"live": [[2, 6, 1]]},
        {"live": [[0, 6, 0]]},
        {"live": []},
        {"live": [[0, 2, 1]]},
        {"more": 1},
    ],
)
def test_a_cut_that_is_not_so_is_refused(more: Text) -> None:
    try:
        found, _ = same_by_squares(SAME, figures({**cut(), **more}))
    except ClaimError:
        return
    assert not found


@pytest.mark.parametrize(
    "wrong", [{"swapped": 0}, {"squares": 3}, {"squares": True}, {"cuts": None}, {"more": 1}]
)
def test_figures_of_squares_are_what_they_must_be(wrong: Text) -> None:
    with pytest.raises(ClaimError):
        same_by_squares(SAME, {**figures(cut()), **wrong})


def test_what_a_cut_says_of_zeros_is_proved() -> None:
    """A tail that a bias fills is not zero, nor is one behind a function that moves zero."""
    kept = [{"op": "mask", "keep": [None, [1] * 7 + [0]]}]
    for function in ("relu", "sigmoid"):
        text = changed(CHAIN, (*CUTS, "kept"), kept)
        text = changed(text, (*CUTS, "function"), function)
        with_bias = _verdict(text)
        assert with_bias != "proved"


def _verdict(text: Text) -> str:
    try:
        return recheck(text).verdict
    except SymconvError:
        return "refused"


def test_a_chain_s_cut_has_no_other_line() -> None:
    line = at(CHAIN, (*CUTS, "line"))
    assert _verdict(CHAIN) == "proved"
    for other in ([line[0], line[1] + 2], [line[0], line[1] - 2], [2 * line[0], line[1]]):
        assert _verdict(changed(CHAIN, (*CUTS, "line"), other)) == "refused"


def test_no_sum_meets_what_a_maximum_left_empty() -> None:
    """0 * -inf is no number: a window of a dilated pool that lies in the pads reads nothing."""
    pool = {"op": "max_pool", "kernel_size": 2, "stride": 1, "dilation": 3, "padding": 1}
    double = {"op": "scale", "factors": [[2], None]}
    claim = sides([pool, double], [pool, double], [2], {})
    whole = cut(left=1, right=1, function=None, line=[1, 1])
    with pytest.raises(ClaimError, match="-inf"):
        same_by_squares(claim, figures(whole))
    claim["input"]["size"] = [4]
    assert same_by_squares(claim, figures({**whole, "line": [1, 3]}))[0]


def test_a_claim_whose_shapes_differ_is_refuted() -> None:
    assert not same_by_squares(sides([RELU, sliced(1, 3, None)], [RELU], [6], {}), figures(cut()))[
        0
    ]


def test_a_claim_with_functions_is_not_believed_by_tables() -> None:
    verdict = check({"name": "flips", **SAME})
    assert isinstance(verdict, Certificate)
    tables = {"method": "tables", "figures": {}, "about": ONCE}
    forged = changed(plain(verdict.to_dict()), ("facts",), [tables])
    assert _verdict(changed(forged, ("method",), ["tables"])) == "refused"
