"""Refutations by evaluation: integers for which the two sides of a claim differ.

Where functions or maxima stand between layers there are no coefficients to compare.  Both sides are
evaluated in exact arithmetic on a few assignments; what differs is reduced, entry by entry, to an
assignment of few ones.  A difference is a proof that the claim is false; none proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from math import prod
from numbers import Rational
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.verdict import Counterexample, Entries
from symconv.errors import InputError, InternalError
from symconv.layer.pointwise import named, reading
from symconv.machine.budget import running
from symconv.replay.run import run_claim

MOST_ENTRIES = 60_000
"""Above this many entries of the input and the free weights together nothing is evaluated."""

SHARE, REDUCING = 1 / 20, 1 / 120
"""No assignment is tried after the first share of the time, and none reduced for longer than the
second: most differences show at once, and what is left of a deep chain is long anyway."""

_TOLERANCE = 1e-6
Array = NDArray[Any]
Tensors = dict[str, Array]


def find_witness(claim: Claim, tries: int = 300, seed: int = 0) -> Counterexample | None:
    """Integers for which the sides differ, few of them and mostly ones; None if none was found."""
    shapes = _shapes(claim)
    if sum(map(prod, shapes.values())) > MOST_ENTRIES:
        return None
    search = _Search(claim, running().deadline(SHARE))
    for tensors in _assignments(shapes, tries, np.random.default_rng(seed)):
        if search.over():
            return None
        if search.differs(tensors):
            search = replace(search, until=running().deadline(REDUCING))
            return search.witness(search.ones(search.reduced(tensors)))
    return None


def _shapes(claim: Claim) -> dict[str, tuple[int, ...]]:
    free = {n: w.shape or () for n, w in claim.weights if w.source is None and w.fill is None}
    return {"": claim.input_shape, **free}


def _assignments(
    shapes: dict[str, tuple[int, ...]], tries: int, rng: np.random.Generator
) -> Iterator[Tensors]:
    """Positive integers first: they pass a ReLU and do not cancel; then sparse and signed ones."""
    yield {name: np.ones(shape, dtype=object) for name, shape in shapes.items()}
    for _, (low, high), density in zip(
        range(tries),
        cycle(((1, 5), (-1, 1), (-4, 5), (0, 1), (-9, 2))),
        cycle((1.0, 0.6)),
        strict=False,
    ):
        yield {
            name: (rng.integers(low, high + 1, shape) * (rng.random(shape) < density)).astype(
                object
            )
            for name, shape in shapes.items()
        }


@dataclass(frozen=True, slots=True)
class _Search:
    claim: Claim
    until: float

    def over(self) -> bool:
        return perf_counter() > self.until

    def sides(self, tensors: Tensors) -> tuple[Array, Array]:
        weights = {name: value for name, value in tensors.items() if name}
        return evaluated(self.claim, tensors[""], weights)

    def place(self, tensors: Tensors) -> tuple[int, ...] | None:
        """The first output at which the sides differ."""
        return first_apart(*self.sides(tensors))

    def differs(self, tensors: Tensors) -> bool:
        return self.place(tensors) is not None

    def reduced(self, tensors: Tensors) -> Tensors:
        """Set to zero what is not needed: runs of tensors, then of entries, ever smaller ones."""
        names = list(tensors)
        run = len(names)
        while run >= 1:
            tensors = self._without_tensors(tensors, names, run)
            run //= 2
        for name in tensors:
            run = tensors[name].size
            while run >= 1:
                tensors = self._thinned(tensors, name, run)
                run = run // 2 if run > 1 else 0
        return tensors

    def _without_tensors(self, tensors: Tensors, names: list[str], run: int) -> Tensors:
        """The tensors, those of a run made zero wherever the sides still differ."""
        for first in range(0, len(names), run):
            chosen = [name for name in names[first : first + run] if tensors[name].any()]
            if self.over():
                return tensors
            zeros = {name: np.zeros(tensors[name].shape, dtype=object) for name in chosen}
            if chosen and self.differs({**tensors, **zeros}):
                tensors = {**tensors, **zeros}
        return tensors

    def _thinned(self, tensors: Tensors, name: str, run: int) -> Tensors:
        for first in range(0, tensors[name].size, run):
            if self.over():
                return tensors
            flat = tensors[name].ravel().copy()
            if not any(flat[first : first + run]):
                continue
            flat[first : first + run] = 0
            smaller = {**tensors, name: flat.reshape(tensors[name].shape)}
            if self.differs(smaller):
                tensors = smaller
        return tensors

    def ones(self, tensors: Tensors) -> Tensors:
        """The same with every entry that is not zero made 1, where the sides still differ."""
        simple = {name: (value != 0).astype(object) * 1 for name, value in tensors.items()}
        return simple if self.differs(simple) else tensors

    def witness(self, tensors: Tensors) -> Counterexample:
        place = self.place(tensors)
        if place is None:
            raise InternalError("a reduced assignment lost its difference")
        left, right = (written(side[place]) for side in self.sides(tensors))
        entries = {name: _entries(value) for name, value in tensors.items()}
        weights = [(n, found[0][0]) for n, found in entries.items() if n and found]
        return Counterexample(
            place,
            entries[""][0][0] if entries[""] else None,
            tuple(weights),
            left,
            right,
            assignment=tuple(
                (name or "x", found) for name, found in entries.items() if found or not name
            ),
            functions=_readings(self.claim),
        )


def evaluated(claim: Claim, x: Array, weights: Tensors) -> tuple[Array, Array]:
    """Both sides on these tensors; -inf times zero is not a number, and no warning."""
    with np.errstate(all="ignore"):
        left, right = (run_claim(claim, side, x, weights) for side in ("left", "right"))
    return left, right


def first_apart(left: Array, right: Array) -> tuple[int, ...] | None:
    """The first index at which two arrays differ, beyond rounding where a value is rounded."""
    if left.shape != right.shape:
        raise InputError("the two sides differ in shape; there is nothing to evaluate")
    unequal = np.argwhere(np.asarray(left != right, dtype=bool)).tolist()
    return next((tuple(i) for i in unequal if _apart(left[tuple(i)], right[tuple(i)])), None)


def _entries(values: Array) -> Entries:
    return tuple(
        (tuple(index), int(values[tuple(index)])) for index in np.argwhere(values != 0).tolist()
    )


def _apart(left: Any, right: Any) -> bool:
    """Whether two values differ: exactly, or beyond rounding where a function rounds.

    What is not a number (-inf times zero) says nothing.
    """
    if isinstance(left, Rational) and isinstance(right, Rational):
        return left != right
    if left == right or left != left or right != right:
        return False
    difference = abs(left - right)
    return not difference <= _TOLERANCE * (1 + abs(left) + abs(right))


def written(value: Any) -> str:
    """A value in a counterexample's words: exact, or as a float; whole floats as integers."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, Rational) else repr(float(value))


def _readings(claim: Claim) -> tuple[str, ...]:
    steps = st.flat((*claim.left, *claim.right))
    names = {step.function for step in steps if isinstance(step, st.Pointwise)}
    return tuple(reading(name) for name in sorted(names) if not named(name).known)
