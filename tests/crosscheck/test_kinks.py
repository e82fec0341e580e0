"""Gradients where a function has a kink: no equal functions are refuted, and unequal ones are."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.crosscheck import Observation, crosscheck_claim
from symconv.errors import Unsupported
from tests.helpers.requirements import require

Text = dict[str, Any]
RELU, MINUS = {"op": "pointwise", "function": "relu"}, {"op": "scale", "factor": -1}


def clipped(**ends: int) -> Text:
    return {"op": "clip", **ends}


def seen(left: list[Text], right: list[Text], size: int = 12, **told: Any) -> Observation:
    text = {"input": {"channels": 1, "size": [size]}, "left": left, "right": right}
    return crosscheck_claim(read_claim(text), gradients=True, **told)


SPLIT = [{"op": "add", "branches": [[], [MINUS, RELU]]}]
"""``x + max(-x, 0)``, which is ``max(x, 0)``: at 0 each takes its own slope."""

ABSOLUTE = [{"op": "add", "branches": [[RELU], [MINUS, RELU]]}]

EQUAL: list[tuple[list[Text], list[Text]]] = [
    ([RELU, RELU], [RELU]),
    ([clipped(min=0, max=6), clipped(min=0, max=6)], [clipped(min=0, max=6)]),
    ([clipped(min=-2, max=2), clipped(min=-2, max=2)], [clipped(min=-2, max=2)]),
    ([MINUS, RELU, MINUS], [clipped(max=0)]),
    (SPLIT, [RELU]),
    ([*ABSOLUTE, RELU], ABSOLUTE),
]


@pytest.mark.parametrize("backend", ["torch", "jax"])
@pytest.mark.parametrize("pair", EQUAL)
def test_equal_functions_with_kinks_are_never_refuted(
    backend: str, pair: tuple[list[Text], list[Text]]
) -> None:
    require(backend)
    for seed in range(4):
        try:
            assert seen(*pair, seed=seed, backend=backend).agrees
        except Unsupported as fault:
            assert "meets a kink" in str(fault)  # noqa: PT017 - both ends are right


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_the_input_is_kept_away_from_a_kink_at_zero(backend: str) -> None:
    require(backend)
    assert all(seen([RELU, RELU], [RELU], seed=s, backend=backend).agrees for s in range(4))
    assert all(seen(SPLIT, [RELU], seed=s, backend=backend).agrees for s in range(4))


def test_a_kink_behind_a_sum_is_refused_in_one_line() -> None:
    require("torch")
    total = {"op": "conv", "weight": "ones"}
    text = {
        "input": {"channels": 1, "size": [300]},
        "weights": {"ones": {"shape": [1, 1, 2], "fill": 1}},
        "left": [total, RELU, RELU],
        "right": [total, RELU],
    }
    with pytest.raises(Unsupported, match="a value meets a kink and no one slope is right"):
        crosscheck_claim(read_claim(text), backend="torch", gradients=True)


def test_a_wrong_function_is_still_refuted() -> None:
    require("torch")
    assert seen([RELU, {"op": "scale", "factor": 2}], [RELU], backend="torch").refutes
