"""What is known of a function's values, used where a maximum meets a constant."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import check

POOL = {"op": "max_pool", "kernel_size": 3, "stride": 3}
PADDED = {**POOL, "padding": 1}
WIDE = {"op": "max_pool", "kernel_size": 2, "stride": 2, "padding": [[2, 2]], "legality": "onnx"}


def pad(value: Any = 0) -> dict[str, Any]:
    return {"op": "pad", "padding": [[0, 0], [1, 1]], "value": value}


def function(name: str) -> dict[str, Any]:
    return {"op": "pointwise", "function": name}


@pytest.mark.parametrize("size", [9, "N"])
@pytest.mark.parametrize(
    ("before", "value", "verdict"),
    [
        ([{"op": "relu"}], 0, "proved"),
        ([{"op": "relu"}], "-1/2", "proved"),
        ([{"op": "relu"}], "1/2", "refuted"),
        ([{"op": "clip", "min": 0, "max": 6}], 0, "proved"),
        ([{"op": "clip", "min": -1}], 0, "refuted"),
        ([{"op": "clip", "min": -1}], -1, "proved"),
        ([function("sigmoid")], 0, "proved"),
        ([function("tanh")], 0, "refuted"),
        ([function("f")], 0, "undecided"),
        ([], 0, "refuted"),
    ],
)
def test_a_pad_behind_a_function(before: Any, value: Any, verdict: str, size: Any) -> None:
    claim = {
        "input": {"channels": 2, "size": [size]},
        "weights": {},
        "left": [*before, pad(value), POOL],
        "right": [*before, PADDED],
    }
    found = check(claim).verdict
    assert found == verdict or (verdict == "undecided" and found == "refuted")


@pytest.mark.parametrize("size", [8, "N"])
def test_a_window_without_an_entry_shows_the_pad(size: Any) -> None:
    """The first window reads pads alone, and gives -inf on one side, 0 on the other."""
    relu = {"op": "relu"}
    zeros = {"op": "pad", "padding": [[0, 0], [2, 2]]}
    claim = {
        "input": {"channels": 1, "size": [size]},
        "weights": {},
        "left": [relu, zeros, {"op": "max_pool", "kernel_size": 2, "stride": 2}],
        "right": [relu, WIDE],
    }
    assert check(claim).verdict != "proved"
