"""A counterexample in the claim's own words: which input each side multiplies with that weight."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.verdict import Counterexample, Refuted
from symconv.errors import SymconvError
from symconv.replay.run import run_claim

MOST_WORK = 50_000_000
"""Above so many multiply-adds the sides are not run, and the sentence holds coefficients only."""


def sentence(refuted: Refuted) -> str:
    """What the two sides do at the counterexample, in one sentence.

    Where both sides read at most one input with that weight, it names them; otherwise it gives the
    coefficients, as `Counterexample.sentence`.

    >>> from symconv import check
    >>> w = {"w": {"shape": [1, 1, 1]}}
    >>> sentence(check({"input": {"channels": 1, "size": [3]}, "weights": w,
    ...     "left": [{"op": "conv", "weight": "w"}],
    ...     "right": [{"op": "flip", "axes": [1]}, {"op": "conv", "weight": "w"}]}))
    'at output [0, 0], left multiplies w[0, 0, 0] with x[0, 0]; right multiplies it with x[0, 2]'
    """
    if refuted.counterexample.size:
        at = ", ".join(f"{name} = {value}" for name, value in refuted.counterexample.size)
        condition = refuted.condition() or "at which other sizes it fails is not known"
        return f"at {at}: {sentence(refuted.at_size())}; {condition}"
    found = refuted.counterexample
    claim = refuted.claim
    if found.assignment:
        return found.sentence(complete=_complete(claim, found))
    if found.left_shape is not None or found.input is None or not _readable(claim):
        return found.sentence()
    try:
        left, right = (_read(claim, side, found) for side in ("left", "right"))
    except SymconvError:
        return found.sentence()
    if left is None or right is None:
        return found.sentence()
    return f"at output {list(found.output)}, {_words(found, left, right)}"


def _complete(claim: Claim, found: Counterexample) -> bool:
    """Whether the assignment names every entry of the input and of the free weights."""
    free = [w.shape or () for _, w in claim.weights if w.source is None and w.fill is None]
    entries = sum(len(named) for _, named in found.assignment)
    return entries == sum(map(prod, [claim.input_shape, *free]))


Read = tuple[int, ...] | str
"""The index of the one input that a side reads, or that it reads none."""
NOTHING = "nothing"


def _words(found: Counterexample, left: Read, right: Read) -> str:
    weight = " * ".join(f"{name}{list(index)}" for name, index in found.weights)
    if not weight:
        return f"left reads {_input(left)}; right reads {_input(right)}"
    parts: list[str] = []
    for side, read in (("left", left), ("right", right)):
        subject = weight if not parts else "it"
        if read == NOTHING:
            parts.append(f"{side} multiplies {subject} with no input")
        else:
            parts.append(f"{side} multiplies {subject} with {_input(read)}")
    return "; ".join(parts)


def _input(read: Read) -> str:
    return "no input" if isinstance(read, str) else f"x{list(read)}"


def _readable(claim: Claim) -> bool:
    """Whether both sides are linear in the input with coefficients 0 and 1, and small enough."""
    derived = [step for _, weight in claim.weights for step in weight.steps]
    every = [*st.flat(claim.left), *st.flat(claim.right), *st.flat(derived)]
    free = [prod(w.shape or ()) for _, w in claim.weights if w.source is None]
    work = prod(claim.input_shape) * max([n // claim.channels for n in free], default=1)
    return all(step.adds_products for step in every) and work <= MOST_WORK


def _read(claim: Claim, side: str, found: Counterexample) -> Read | None:
    """The input that one side reads at the output with these weights; None if it reads several."""
    tensors = _one_hot_weights(claim, found)
    size = prod(claim.input_shape)

    def value(x: NDArray[Any]) -> float:
        return float(run_claim(claim, side, x, tensors)[found.output])

    base = value(np.zeros(claim.input_shape))
    total = value(np.ones(claim.input_shape)) - base
    if total == 0:
        return NOTHING
    labels = np.arange(size, dtype=float).reshape(claim.input_shape)
    at = value(labels) - base
    if total != 1 or not 0 <= at < size:
        return None
    index = tuple(int(i) for i in np.unravel_index(int(at), claim.input_shape))
    x = np.zeros(claim.input_shape)
    x[index] = 1
    return index if value(x) - base == 1 else None


def _one_hot_weights(claim: Claim, found: Counterexample) -> Mapping[str, NDArray[Any]]:
    tensors = {
        name: np.zeros(weight.shape or ())
        for name, weight in claim.weights
        if weight.source is None and weight.fill is None
    }
    for name, index in found.weights:
        tensors[name][index] = 1
    return tensors
