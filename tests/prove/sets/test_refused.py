"""What is bad input at every size is one clear line, never a proof, a traceback or isl's words."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import check
from symconv.errors import ClaimError, InputError

WEIGHTS = {"w": {"shape": [1, 1, 3]}}


def claim(step: dict[str, Any], where: list[str] | None = None) -> dict[str, Any]:
    return {
        "input": {"channels": 1, "size": ["N"]},
        "weights": WEIGHTS,
        "where": where or [],
        "left": [step],
        "right": [step],
    }


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"op": "conv", "dilation": 0}, "dilation must be an integer"),
        ({"op": "conv", "dilation": -1}, "dilation must be an integer"),
        ({"op": "conv", "stride": 0}, "stride must be an integer"),
        ({"op": "conv", "stride": 10**30, "padding": "same"}, "must hold integers from 1"),
        ({"op": "conv", "stride": "N"}, "stride must be an integer"),
        ({"op": "conv", "groups": 0}, "must be an integer of at least 1"),
        ({"op": "conv_transpose", "stride": 2, "output_padding": 5}, "output_padding must be"),
        ({"op": "conv_transpose", "stride": 2, "output_padding": -1}, "output_padding must be"),
    ],
)
def test_layers_that_are_none(step: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(claim({"weight": "w", **step}))


def test_pools_that_are_none() -> None:
    for key, value in (("kernel_size", "N"), ("stride", 0), ("kernel_size", 0), ("dilation", -2)):
        step = {"op": "max_pool", "kernel_size": 2, key: value}
        with pytest.raises(InputError):
            check(claim(step))


def test_an_output_padding_of_named_size_bounds_the_domain() -> None:
    step = {"op": "conv_transpose", "weight": "w", "stride": 2, "output_padding": "p"}
    verdict: Any = check(claim(step))
    assert verdict.verdict == "proved"
    assert "p" in verdict.facts[0].figures["domain"]
    assert verdict.claim.at({"N": 3, "p": 1})


@pytest.mark.parametrize(("op", "message"), [("add", "one shape"), ("concat", "differ on axis 0")])
def test_branches_of_other_ranks(op: str, message: str) -> None:
    other = [{"op": "rearrange", "pattern": "c n -> c n 1"}]
    with pytest.raises(ClaimError, match=message):
        check(claim({"op": op, "branches": [[], other]}))


@pytest.mark.parametrize("where", ["N % 2", "N", "3", "(N > 2) + 1 > 0", "not N", "N > 2 and N"])
def test_what_is_no_condition(where: str) -> None:
    with pytest.raises(ClaimError, match=r"not a condition|mixes numbers"):
        check(claim({"op": "flip", "axes": [1]}, [where]))


def test_numbers_beyond_isls_own() -> None:
    step = {"op": "pad", "padding": [[0, 0], [10**30, 0]]}
    assert check(claim(step)).verdict in ("proved", "undecided")
