"""Magnitudes that carry along what small numbers lose, forward and on the way back.

A number below the smallest normal one may be flushed to zero, and what is lost so is multiplied by
all that follows.  Therefore a noise is added to the magnitude after every step, not to the result
alone: ``e_out = |factor| e_in + noise``.  The gradient of all these sums together, pulled back from
the noise, does the same on the way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from symconv.crosscheck.arrays import Array
from symconv.crosscheck.formats import Reals
from symconv.crosscheck.question import Side, Values
from symconv.crosscheck.runner import Magnitudes
from symconv.crosscheck.sides import Asked, as_function, own_arrays


class Noisy(Magnitudes):
    """Sums of magnitudes, with a noise added after every step; every sum is kept."""

    def __init__(self, asked: Asked, *, summing: bool) -> None:
        kept = asked.arithmetic.kept
        super().__init__(asked.wide, kept, exact=False, summing=summing)
        self.noise = asked.arithmetic.underflow
        self.sums: list[Array] = []
        self.given: Iterator[Array] = iter(())

    def computed(self, y: Array) -> Array:
        """A sum, with its noise."""
        return self.settled(y + self.noise)

    def divided(self, x: Array, divisors: np.ndarray) -> Array:
        """A quotient, with its noise."""
        return super().divided(x, divisors) + self.noise

    def settled(self, y: Array) -> Array:
        """What a step has made, and a zero by which to differentiate; moves alone lose nothing."""
        probe = next(self.given, None)
        y = y if probe is None else y + probe
        self.sums.append(y)
        return y


@dataclass(frozen=True)
class Carried:
    """Magnitudes with all noise, how many sums they took, and the largest sum on the way."""

    found: Values
    steps: int
    largest: float


def carried_forward(side: Side, asked: Asked, values: Values) -> Carried:
    """The output's magnitude."""
    r = Noisy(asked, summing=False)
    call, leaves = _function(side, r, values)
    output = r.backend.numpy(call(*leaves))
    sums = [output, *map(r.backend.numpy, r.sums)]
    return Carried({"forward": output}, len(r.sums), _largest(sums))


def carried_back(side: Side, asked: Asked, values: Values, cotangent: Reals) -> Carried:
    """The gradients' magnitudes, by name of this side's own tensors."""
    r = Noisy(asked, summing=True)
    call, leaves = _function(side, r, values)
    call(*leaves)
    shapes = [tuple(y.shape) for y in r.sums]
    probes = [r.array(np.zeros(shape)) for shape in shapes]

    def all_sums(*given: Any) -> Any:
        r.sums, r.given = [], iter(given[len(leaves) :])
        parts = [call(*given[: len(leaves)]), *r.sums]
        return r.xp.concat([r.xp.reshape(part, (-1,)) for part in parts], axis=0)

    noise = np.full(sum(map(prod, shapes)), r.noise)
    pulled = r.array(np.concatenate([np.abs(cotangent).ravel(), noise]))
    found = [r.backend.numpy(g) for g in r.backend.gradients(all_sums, [*leaves, *probes], pulled)]
    by_leaf = dict(zip(own_arrays(side, values), found[: len(leaves)], strict=True))
    return Carried(by_leaf, len(shapes), _largest(found))


def _function(side: Side, r: Noisy, values: Values) -> tuple[Any, list[Any]]:
    """The side as a function of magnitudes, and those."""
    own = own_arrays(side, values)
    leaves = [r.array(r.absolute(array)) for array in own.values()]
    return as_function(side, r, list(own)[1:]), leaves


def _largest(arrays: list[Any]) -> float:
    """The largest entry; what is no number counts as infinite."""
    found = max(float(np.max(array, initial=0.0)) for array in arrays)
    return found if found == found else float("inf")
