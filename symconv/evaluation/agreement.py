"""Do both sides of a claim agree where they are evaluated?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.errors import TooLarge
from symconv.evaluation.graph import Array, Budget, Graph, Grid, Node, evaluate
from symconv.evaluation.moves import World
from symconv.evaluation.numbers import EACH, Integers, Modular, Numbers, Overflow
from symconv.evaluation.points import RandomPoint
from symconv.evaluation.positions import every_output, output_grid, scans
from symconv.evaluation.reading import Reader
from symconv.evaluation.text import Misfit

BITS = 60
"""A difference is missed with a chance below 2^-60 at each evaluated output, if nothing is
thinned."""

POINTS = 3
"""Random points with primes of 31 bits: enough for degrees up to 2^10."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """At what both sides were evaluated, and agreed.

    ``primes`` and ``degree`` bound the chance that a difference was missed at an evaluated output;
    they are None where maxima are taken, over integers, where no such bound is known.  ``thinned``
    says that some outputs were evaluated with zeros in all but so many channels (and, of windows
    that read millions of samples, in most of these); ``full`` counts those at which nothing was
    zero.
    """

    outputs: int
    full: int
    points: int
    primes: tuple[int, ...] | None = None
    degree: int | None = None
    thinned: int | None = None
    sizes: tuple[tuple[tuple[str, int], ...], ...] = ()

    @property
    def chance(self) -> str | None:
        """The chance of missing a difference at an evaluated output that is not thinned."""
        if self.primes is None or self.degree is None:
            return None
        return f"2^-{_bits(self.degree, self.primes)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a certificate."""
        return {
            "points": self.points,
            "primes": None if self.primes is None else list(self.primes),
            "degree": self.degree,
            "chance": self.chance,
            "outputs": self.outputs,
            "full": self.full,
            "thinned": self.thinned,
            "sizes": [dict(size) for size in self.sizes],
        }

    def of_few(self, channels: int) -> Evaluation:
        """The evaluation of a claim of more channels, of which all but so many were zero."""
        least = channels if self.thinned is None else min(channels, self.thinned)
        return replace(self, full=0, thinned=least)

    def joined(self, other: Evaluation) -> Evaluation:
        """Both evaluations as one."""
        degrees = [d for d in (self.degree, other.degree) if d is not None]
        thinned = [n for n in (self.thinned, other.thinned) if n is not None]
        return replace(
            self,
            outputs=self.outputs + other.outputs,
            full=self.full + other.full,
            degree=max(degrees, default=None),
            thinned=min(thinned, default=None),
            sizes=self.sizes + other.sizes,
        )


def _bits(degree: int, primes: Sequence[int]) -> int:
    """The greatest k with ``(degree / p)**points <= 2**-k``."""
    return int((min(primes) ** len(primes) // max(degree, 1) ** len(primes)).bit_length()) - 1


@dataclass(frozen=True, slots=True)
class Difference:
    """Both sides, evaluated, are not the same: where, or in which way."""

    words: str


@dataclass(frozen=True, slots=True)
class _Effort:
    """How much is looked at: values, and marked positions of an axis, the most of them first.

    Integers are drawn up to ``most``, at ``each`` points of each spread.  Of each axis of channels,
    of taps and of the input's samples so many positions are not zero; None for all.
    """

    marks: tuple[int, ...]
    values: int
    most: int
    channels: int | None = None
    taps: int | None = None
    samples: int | None = None
    each: int = EACH


MANY = 5
"""Marked positions of an axis that are enough; then all outputs are tried, and scans beside."""

_FULL = (_Effort((MANY, 2, 1), 80_000, 9),)
"""Nothing is zero: at many outputs, at few, or at one."""

_DISTINCT = 10**6
"""Of integers up to it hardly two are equal: which of them is the greatest tells most of maxima."""

_WIDE = (
    _Effort((MANY,), 150, _DISTINCT, each=32 * EACH),
    _Effort((MANY,), 600, _DISTINCT, each=8 * EACH),
    _Effort((MANY, 2, 1), 80_000, _DISTINCT),
)
"""A maximum of n values shows a given one of them at one point in n: where little is read there is
time for many points."""

_THINNED = (
    _Effort((MANY,), 60_000, 9, 4),
    _Effort((MANY,), 60_000, 3, 2, 2),
    _Effort((MANY, 2), 120_000, 1, 1, 1),
    _Effort((1,), 2_000_000, 1, 1, 1),
    _Effort((MANY, 2, 1), 400_000, 9, 1, 2, samples=32),
)
"""Fewer channels, then fewer taps and smaller integers, then a wide field of view; and at last few
samples of a field so wide that one output reads millions."""


def evaluate_sides(claim: Claim) -> Evaluation | Difference:
    """Evaluate both sides of a claim at given sizes where faults show, exactly.

    Raises:
        TooLarge: even one output reads too much.

    >>> from symconv.claim import read_claim
    >>> flip = {"op": "flip", "axes": [1]}
    >>> sides = {"left": [flip, flip], "right": []}
    >>> found = evaluate_sides(read_claim({"input": {"channels": 1, "size": [5]}, **sides}))
    >>> found.outputs, found.degree
    (5, 1)
    """
    try:
        return _evaluated(claim)
    except Misfit as fault:
        return Difference(f"a step does not fit: {fault}")


def _evaluated(claim: Claim) -> Evaluation | Difference:
    """All that the full effort looks at; where that is little, thinned points beside it."""
    found = _first(claim, _efforts(claim))
    if isinstance(found, Difference) or (found is not None and found.marks == MANY):
        return found if isinstance(found, Difference) else found.evaluation
    more = _first(claim, _THINNED if _kernels(claim) <= DEEP else _THINNED[SEVERAL:])
    if isinstance(more, Difference):
        return more
    every = [one.evaluation for one in (found, more) if one is not None]
    if not every:
        raise TooLarge("one output of the claim reads more values than an evaluation looks at")
    return reduce(Evaluation.joined, every)


def _efforts(claim: Claim) -> Sequence[_Effort]:
    """The full efforts, the nicest first; those are left out that the input alone would exceed."""
    if not takes_maxima(claim):
        return _FULL
    entries = prod(map(int, claim.input_shape))
    return (*(one for one in _WIDE if one.values >= entries or one.each == EACH), *_FULL)


DEEP, SEVERAL = 6, 2
"""Through more kernels than six, one behind the other, several taps of each read more than an
evaluation looks at, which it takes a graph to find out: the first two efforts are left out."""


def _kernels(claim: Claim) -> int:
    """How many free weights have more than one tap."""
    free = (weight.shape or () for _, weight in claim.weights if weight.source is None)
    return sum(prod(shape[2:]) > 1 for shape in free)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An evaluation, and at how many marked positions of an axis."""

    evaluation: Evaluation
    marks: int


def _first(claim: Claim, efforts: Sequence[_Effort]) -> _Seen | Difference | None:
    """What the first of these efforts finds that is not too much.

    One that reads too much is not tried again with smaller numbers: they help against overflow.
    """
    tried: _Effort | None = None
    for effort in efforts:
        if tried is not None and replace(tried, most=effort.most) == effort:
            continue
        try:
            return _attempt(claim, effort)
        except TooLarge:
            tried = effort
        except Overflow:
            continue
    return None


def _attempt(claim: Claim, effort: _Effort) -> _Seen | Difference:
    """One graph, evaluated at as many outputs as the effort allows.

    Raises:
        TooLarge: it reads too much at the fewest outputs.
        Overflow: a value is beyond these numbers.
    """
    sides = _sides(claim, effort)
    if isinstance(sides, Difference):
        return sides
    *more, fewest = effort.marks
    for marks in more:
        with suppress(TooLarge, Overflow):
            return _seen(sides.evaluated(marks), marks)
    return _seen(sides.evaluated(fewest), fewest)


def _seen(found: Evaluation | Difference, marks: int) -> _Seen | Difference:
    return found if isinstance(found, Difference) else _Seen(found, marks)


def takes_maxima(claim: Claim) -> bool:
    """Whether a maximum stands somewhere in the claim."""
    return any(step.monoid == "max" for step in _steps(claim))


def _uneven(claim: Claim) -> bool:
    """Whether positions in the middle of an axis may be treated unlike their neighbours."""
    return any(step.uneven for step in _steps(claim))


def _steps(claim: Claim) -> Iterator[st.Step]:
    derived = [step for _, weight in claim.weights for step in weight.steps]
    return st.flat([*claim.left, *claim.right, *derived])


def _sides(claim: Claim, effort: _Effort) -> _Sides | Difference:
    """Both sides as tensors; in residues, at as many points as their degree asks for."""
    for points in range(POINTS, 3 * POINTS):
        numbers = Integers(effort.most, effort.each) if takes_maxima(claim) else Modular(points)
        world = World(Graph(), numbers, Budget(effort.values))
        point = RandomPoint(effort.channels, effort.taps, effort.samples)
        reader = Reader(world, claim, point)
        left, right = reader.side("left"), reader.side("right")
        if left.shape != right.shape:
            shapes = list(left.shape), list(right.shape)
            return Difference(f"left has shape {shapes[0]}, right has {shapes[1]}")
        uneven = _uneven(claim) or world.graph.holes
        found = _Sides(world, left, right, point.thinned, effort.channels, uneven)
        if numbers.primes is None or _bits(found.degree, numbers.primes) >= BITS:
            return found
    raise TooLarge(f"the sides have degree {found.degree}, which asks for more points")


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides of a claim, to be evaluated."""

    world: World
    left: Node
    right: Node
    thinned: bool
    channels: int | None
    uneven: bool

    @property
    def degree(self) -> int:
        """A bound on the degree of both sides' difference."""
        return max(self.left.degree, self.right.degree, 1)

    def evaluated(self, marks: int) -> Evaluation | Difference:
        """Both sides at so many marked positions of an axis; with many, wherever it costs little.

        Raises:
            TooLarge: the outputs read too much.
            Overflow: a value is beyond these numbers.
        """
        both = (self.left, self.right)
        many = marks == MANY
        every = every_output(both) if many else None
        if every is not None:
            with suppress(TooLarge, Overflow):
                return self._at([every])
        further = scans(both, marks) if many and self.uneven else ()
        return self._at([output_grid(both, marks), *further])

    def _at(self, grids: Sequence[Grid]) -> Evaluation | Difference:
        """Both sides on the first grid, and on those of the others that read little enough."""
        outputs, primes = 0, self.world.numbers.primes
        for number, grid in enumerate(grids):
            try:
                found = self._difference(grid)
            except (TooLarge, Overflow):
                if number == 0:
                    raise
                continue
            if found is not None:
                return found
            outputs += prod(map(len, grid))
        return Evaluation(
            outputs,
            0 if self.thinned else outputs,
            self.world.numbers.points,
            primes,
            None if primes is None else self.degree,
            self.channels if self.thinned else None,
        )

    def _difference(self, grid: Grid) -> Difference | None:
        budget, both = self.world.budget.fresh(), (self.left, self.right)
        with np.errstate(invalid="ignore"):
            values = evaluate([(side, grid) for side in both], budget)
        place = _apart(values, *both, self.world.numbers)
        if place is None:
            return None
        output = [int(axis[i]) for axis, i in zip(grid, place, strict=True)]
        return Difference(f"at output {output} its sides differ at a random point")


def _apart(
    values: Sequence[Array], left: Node, right: Node, numbers: Numbers
) -> tuple[int, ...] | None:
    """The first place at which the two sides differ; NaN on either side says nothing."""
    with np.errstate(invalid="ignore"):
        a, b = numbers.times(values[0], right.den), numbers.times(values[1], left.den)
        unlike = (a != b) & (a == a) & (b == b)
    if not unlike.any():
        return None
    return min(tuple(index[1:]) for index in np.argwhere(unlike).tolist())
