"""What is no number, NaN: on both sides no difference, on one side looked at."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.crosscheck import crosscheck_claim
from symconv.errors import Unsupported
from tests.helpers.requirements import require

Text = dict[str, Any]
FUNCTION = {"op": "pointwise", "function": "f"}


def padded(value: object) -> list[Text]:
    return [{"op": "pad", "padding": [[0, 0], [1, 1]], "value": value}, FUNCTION]


def claim(left: list[Text], right: list[Text]) -> Any:
    return read_claim({"input": {"channels": 1, "size": [4]}, "left": left, "right": right})


@pytest.mark.parametrize("mode", ["exact", "rounding"])
@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_what_is_no_number_on_both_sides_refutes_nothing(backend: str, mode: str) -> None:
    require(backend)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        seen = crosscheck_claim(claim(padded("-inf"), padded("-inf")), backend=backend, mode=mode)
    assert not seen.refutes
    assert "2 of 6 results are no number (NaN) on either side" in seen.text()


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_what_is_no_number_on_one_side_alone_is_refused(backend: str) -> None:
    require(backend)
    with pytest.raises(Unsupported, match=r"one side alone computes no number \(NaN\) at \[0, 0\]"):
        crosscheck_claim(claim(padded("-inf"), padded(0)), backend=backend)
