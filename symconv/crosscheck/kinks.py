"""Where a function's slope jumps: values that meet such a kink have no one gradient.

A framework takes one of the slopes, or half of both, so that equal functions may have unequal
gradients there.  A kink is met where moving the numbers a little to either side puts a value on
either side of it; one that stays where it is has no gradient that the kink could change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from symconv.crosscheck.arrays import Array
from symconv.crosscheck.question import Question, Side, Values
from symconv.crosscheck.runner import Runner
from symconv.crosscheck.sides import Asked, forward_of

NEAR = 2.0**-36
"""How far numbers are moved: a few layers of sums of integers are still exact beside it."""

MOST_MOVED = 63
"""Times `NEAR`: each number is moved by another distance, so that sums move as well."""


class Kinks(Runner):
    """Double precision, noting on which side of every kink each value lies."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.wide, "float64", asked.arithmetic.kept, exact=False)
        self.above: list[NDArray[np.bool_]] = []

    def between(self, x: Array, low: float | None, high: float | None) -> Array:
        """A clipped value, and whether it is above each bound."""
        self.above += [self.backend.numpy(x) > end for end in (low, high) if end is not None]
        return super().between(x, low, high)

    def maximum(self, parts: Sequence[Array]) -> Array:
        """A maximum, and which part it is."""
        values = [self.backend.numpy(part) for part in parts]
        self.above += [a > b for a, b in pairwise(values)]
        return super().maximum(parts)


def meets_a_kink(question: Question, asked: Asked, values: Values) -> bool:
    """Whether a value of either side is at a kink that its neighbours lie on both sides of."""
    rng = np.random.default_rng(asked.seed)
    by = {name: _moves(rng, value.shape) for name, value in values.items()}
    up, down = ({n: v + sign * by[n] for n, v in values.items()} for sign in (1, -1))
    with asked.wide.session("float64"), np.errstate(all="ignore"):
        return any(
            bool((a != b).any())
            for side in (question.left, question.right)
            for a, b in zip(_above(side, asked, up), _above(side, asked, down), strict=True)
        )


def _moves(rng: np.random.Generator, shape: Sequence[int]) -> NDArray[np.float64]:
    """Distances in both directions, none of them 0."""
    signs = rng.integers(0, 2, tuple(shape)) * 2 - 1
    return np.asarray(NEAR * signs * rng.integers(1, MOST_MOVED + 1, tuple(shape)), np.float64)


def _above(side: Side, asked: Asked, values: Values) -> list[NDArray[np.bool_]]:
    r = Kinks(asked)
    forward_of(side, r, values)
    return r.above
