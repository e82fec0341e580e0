"""Pipelines run on NumPy arrays: maps of weights, and the replay of counterexamples.

Nothing here reads an access table: pads are ``numpy.pad``, a window is a strided slice a tap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symconv.claim import Claim, Weight
from symconv.claim.verdict import Counterexample, Refuted
from symconv.errors import ClaimError
from symconv.replay.convolutions import Array
from symconv.replay.steps import run_steps
from symconv.replay.steps.base import exact


def run_claim(claim: Claim, side: str, x: Array, tensors: Mapping[str, Array]) -> Array:
    """One side (``"left"`` or ``"right"``) of a claim on an input and its free weights."""

    def value(name: str) -> Array:
        weight = claim.weight(name)
        if weight.source is not None:
            return run_steps(weight.steps, value(weight.source), value)
        return tensors[name] if weight.fill is None else filled(weight)

    return run_steps(claim.side(side), x, value)


def filled(weight: Weight) -> Array:
    """A constant weight: one number everywhere, or one for each entry."""
    filled = np.empty(weight.shape or (), dtype=object)
    filled[...] = np.array(weight.fill, dtype=object)
    return np.asarray(np.frompyfunc(exact, 1, 1)(filled), dtype=object)


def assigned(claim: Claim, found: Counterexample) -> tuple[Array, dict[str, Array]]:
    """The counterexample's input and free weights: its values at its indices, and 0 elsewhere."""
    x = np.zeros(claim.input_shape, dtype=object)
    tensors = {
        name: np.zeros(weight.shape or (), dtype=object)
        for name, weight in claim.weights
        if weight.source is None and weight.fill is None
    }
    inputs, weights = found.input_entries(), found.weight_entries()
    for index, value in inputs:
        x[index] = value
    for name, index, value in weights:
        tensors[name][index] = value
    return x, tensors


def replay(refuted: Refuted) -> tuple[Any, Any]:
    """Both sides at the counterexample's output, run in NumPy on its one-hot input and weights.

    Raises:
        ClaimError: the two sides differ in shape, so there is no output to compare.

    >>> from symconv import check
    >>> replay(check({"input": {"channels": 1, "size": [4]}, "right": [],
    ...               "left": [{"op": "flip", "axes": [1]}]}))
    (0, 1)
    """
    refuted = refuted.at_size()
    found = refuted.counterexample
    if found.left_shape is not None:
        raise ClaimError(f"nothing to replay: {found.sentence()}")
    x, tensors = assigned(refuted.claim, found)
    left, right = (run_claim(refuted.claim, side, x, tensors) for side in ("left", "right"))
    return left[found.output], right[found.output]
