"""Steps that move values: each new position reads one old position, or a fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm, prod

import numpy as np

from symconv.evaluation.graph import (
    Array,
    Budget,
    Graph,
    Grid,
    Index,
    Live,
    Marks,
    Node,
    Plan,
    distinct,
    few,
    outer_sum,
    places,
    union,
)
from symconv.evaluation.numbers import Numbers

MOST_MARKS = 64
"""Marked positions kept of an axis: ends of the signal, of its pads and blocks, seams, holes."""

MOST_DIGITS = 5
"""Marked digits kept of a factor: both ends, what is next to them, and one between."""

SPARSE = 2
"""An axis so many times as long as before, with zeros between, is known by what is not zero."""

MOST_SCANNED = 65_536
"""Axes up to this size are scanned for the places where a map of positions breaks."""


@dataclass(frozen=True, slots=True)
class World:
    """What all steps of one evaluation share."""

    graph: Graph
    numbers: Numbers
    budget: Budget


@dataclass(frozen=True, slots=True)
class AxisMap:
    """The new size of an axis, and the old position that each new one reads (-1: the fill)."""

    size: int
    source: Callable[[Index], Index]
    holes: bool = False


def gathered(
    world: World, x: Node, maps: Mapping[int, AxisMap], fill: Fraction | None = Fraction(0)
) -> Node:
    """Axes read through their maps; None fills with the identity of the maximum."""
    shape = tuple(maps[a].size if a in maps else n for a, n in enumerate(x.shape))
    holes = any(m.holes for m in maps.values())
    den = lcm(x.den, fill.denominator) if holes and fill is not None else x.den
    numbers = world.numbers

    def plan(grid: Grid) -> Plan:
        wants, places = list(grid), {}
        for axis, m in maps.items():
            old = m.source(grid[axis])
            wants[axis], places[axis] = _read(old)

        def run(values: Sequence[Array]) -> Array:
            if not all(map(len, wants)):
                return _filled(numbers, tuple(map(len, grid)), fill, den)
            (found,) = values
            for axis, (at, _) in places.items():
                found = found.take(at, axis + 1)
            found = numbers.times(found, den // x.den)
            for axis, (_, empty) in places.items():
                if len(empty):
                    found[(slice(None),) * (axis + 1) + (empty,)] = _fill(numbers, found, fill, den)
            return found

        return Plan((tuple(wants),), run)

    live, marks = _moved_live(x, maps, holes and fill != 0), _moved_marks(x, maps)
    return world.graph.after(x, shape, plan, live, marks, den)


def _read(old: Index) -> tuple[Index, tuple[Index, Index]]:
    """The distinct positions read, where each new one finds its own among them, and the holes."""
    inside = old >= 0
    if inside.all():
        if len(old) < 2 or (old[1:] > old[:-1]).all():
            return old, (np.arange(len(old)), old[:0])
        found, at = np.unique(old, return_inverse=True)
        return found, (at, old[:0])
    found = distinct(old[inside])
    at = np.where(inside, np.searchsorted(found, old), 0)
    return found, (at, np.flatnonzero(~inside))


def _fill(numbers: Numbers, values: Array, fill: Fraction | None, den: int) -> Array:
    if fill is None:
        return np.asarray(numbers.least())
    return numbers.whole([int(fill * den)]).reshape(-1, *[1] * (values.ndim - 1))


def _filled(numbers: Numbers, shape: tuple[int, ...], fill: Fraction | None, den: int) -> Array:
    found = numbers.zeros(shape)
    found[...] = _fill(numbers, found, fill, den)
    return found


def _moved_live(x: Node, maps: Mapping[int, AxisMap], filled: bool) -> Live:
    if filled:
        return (None,) * len(x.shape)
    found = list(x.live)
    for axis, m in maps.items():
        alive, sparse = x.live[axis], m.holes and m.size > SPARSE * x.shape[axis]
        found[axis] = None
        if m.size <= MOST_SCANNED and (alive is not None or sparse):
            old = m.source(np.arange(m.size, dtype=np.int64))
            found[axis] = np.flatnonzero(old >= 0) if alive is None else places(old, alive)
    return tuple(found)


def _moved_marks(x: Node, maps: Mapping[int, AxisMap]) -> Marks:
    found = list(x.marks)
    for axis, m in maps.items():
        found[axis] = few([0, m.size - 1, *_breaks(m, x.marks[axis])], m.size, MOST_MARKS)
    return tuple(found)


def _breaks(m: AxisMap, marks: Sequence[int]) -> tuple[int, ...]:
    """New positions that read a mark, and those where the map does not go on as before."""
    if m.size > MOST_SCANNED:
        return 1, m.size - 2
    old = m.source(np.arange(m.size, dtype=np.int64))
    breaks = np.flatnonzero(np.diff(old, 2)) + 1
    seen = places(old, marks)
    jumps = [*breaks.tolist(), *(breaks + 1).tolist()]
    return few(seen.tolist(), m.size, MOST_MARKS) + few(jumps, m.size, MOST_MARKS)


def rearranged(
    world: World,
    x: Node,
    left: Sequence[Sequence[str]],
    right: Sequence[Sequence[str]],
    sizes: Mapping[str, int],
) -> Node:
    """Axes split into factors (the last one fastest), which are merged to other axes."""
    shape = tuple(prod(sizes[name] for name in group) for group in right)
    names = [name for group in left for name in group]
    order = [1 + names.index(name) for group in right for name in group]

    def plan(grid: Grid) -> Plan:
        digits = {
            n: d
            for axis, group in zip(grid, right, strict=True)
            for n, d in _digits(axis, group, sizes).items()
        }
        used = {name: distinct(values) for name, values in digits.items()}
        world.budget.spend(*(len(values) for values in used.values()))
        wants = tuple(_merged(group, used, sizes) for group in left)
        picks = [_places(group, digits, used) for group in right]

        def run(values: Sequence[Array]) -> Array:
            (found,) = values
            split = found.reshape(len(found), *(len(used[name]) for name in names))
            whole = [prod(len(used[name]) for name in group) for group in right]
            found = split.transpose(0, *order).reshape(len(found), *whole)
            for axis, (pick, length) in enumerate(zip(picks, whole, strict=True), 1):
                if len(pick) != length or (pick[1:] <= pick[:-1]).any():
                    found = found.take(pick, axis)
            return found

        return Plan((wants,), run)

    live = _regrouped_live(x, left, right, sizes)
    marks = _regrouped_marks(x, left, right, sizes)
    return world.graph.after(x, shape, plan, live, marks)


def _digits(axis: Index, group: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Index]:
    """The index of every factor at positions of a merged axis."""
    found, rest = {}, axis
    for name in reversed(group):
        rest, found[name] = np.divmod(rest, sizes[name])
    return found


def _strides(group: Sequence[str], sizes: Mapping[str, int]) -> list[int]:
    return [prod(sizes[n] for n in group[place + 1 :]) for place in range(len(group))]


def _merged(group: Sequence[str], used: Mapping[str, Index], sizes: Mapping[str, int]) -> Index:
    parts = zip(group, _strides(group, sizes), strict=True)
    return outer_sum([used[name] * stride for name, stride in parts])


def _places(group: Sequence[str], digits: Mapping[str, Index], used: Mapping[str, Index]) -> Index:
    """Where the asked positions stand among all products of the factors that are read."""
    found = np.zeros(1, dtype=np.int64)
    for name in group:
        found = found * len(used[name]) + np.searchsorted(used[name], digits[name])
    return found


def _regrouped_live(
    x: Node, left: Sequence[Sequence[str]], right: Sequence[Sequence[str]], sizes: Mapping[str, int]
) -> Live:
    if all(axis is None for axis in x.live):
        return (None,) * len(right)
    factors: dict[str, Index | None] = {}
    for axis, group in zip(x.live, left, strict=True):
        digits = {} if axis is None else _digits(axis, group, sizes)
        factors |= {n: distinct(digits[n]) if n in digits else None for n in group}
    found: list[Index | None] = []
    for group in right:
        free = all(factors[n] is None for n in group)
        free = free or any(factors[n] is None and sizes[n] > MOST_SCANNED for n in group)
        if free:
            found.append(None)
            continue
        known = {n: f if (f := factors[n]) is not None else np.arange(sizes[n]) for n in group}
        if prod(map(len, known.values())) > MOST_SCANNED:
            found.append(None)
            continue
        found.append(_merged(group, known, sizes))
    return tuple(found)


def _regrouped_marks(
    x: Node, left: Sequence[Sequence[str]], right: Sequence[Sequence[str]], sizes: Mapping[str, int]
) -> Marks:
    factors: dict[str, tuple[int, ...]] = {}
    for marks, group in zip(x.marks, left, strict=True):
        rest = list(marks)
        for name in reversed(group):
            size = sizes[name]
            factors[name] = few([0, size - 1, *(m % size for m in rest)], size, MOST_DIGITS)
            rest = [m // size for m in rest]
    found = []
    for group in right:
        merged = [0]
        for name in group:
            merged = [m * sizes[name] + digit for m in merged for digit in factors[name]]
        found.append(few(merged, prod(sizes[n] for n in group), MOST_MARKS))
    return tuple(found)


def transposed(world: World, x: Node, order: Sequence[int]) -> Node:
    """Axes permuted, as ``numpy.transpose``."""
    inverse = [order.index(axis) for axis in range(len(order))]

    def plan(grid: Grid) -> Plan:
        wants = tuple(grid[axis] for axis in inverse)
        return Plan((wants,), lambda v: v[0].transpose(0, *(axis + 1 for axis in order)))

    shape = [x.shape[axis] for axis in order]
    live = tuple(x.live[axis] for axis in order)
    marks = tuple(x.marks[axis] for axis in order)
    return world.graph.after(x, shape, plan, live, marks)


def scaled(world: World, x: Node, axis: int, factors: Sequence[Fraction]) -> Node:
    """An axis multiplied by one factor per position."""
    common = lcm(*(factor.denominator for factor in factors))
    whole = [int(factor * common) for factor in factors]
    numbers = world.numbers

    def plan(grid: Grid) -> Plan:
        column = numbers.whole([whole[at] for at in grid[axis].tolist()])
        shape = [1] * (len(grid) + 1)
        shape[0], shape[axis + 1] = column.shape
        return Plan((grid,), lambda v: numbers.reduced(v[0] * column.reshape(shape)))

    changes = [n for n in range(1, len(whole)) if whole[n] != whole[n - 1]]
    near = [*x.marks[axis], *changes, *(n - 1 for n in changes)]
    marks = (*x.marks[:axis], few(near, len(whole), MOST_MARKS), *x.marks[axis + 1 :])
    return world.graph.after(x, x.shape, plan, x.live, marks, x.den * common)


def multiplied(world: World, x: Node, factor: Fraction) -> Node:
    """Every value times one number."""
    numbers = world.numbers

    def plan(grid: Grid) -> Plan:
        return Plan((grid,), lambda v: numbers.times(v[0], factor.numerator))

    return world.graph.after(x, x.shape, plan, x.live, x.marks, x.den * factor.denominator)


def added(world: World, parts: Sequence[Node]) -> Node:
    """The sum of tensors of one shape."""
    den, numbers = lcm(*(part.den for part in parts)), world.numbers

    def run(values: Sequence[Array]) -> Array:
        even = [numbers.times(v, den // p.den) for v, p in zip(values, parts, strict=True)]
        return reduce(lambda a, b: numbers.reduced(a + b), even)

    def plan(grid: Grid) -> Plan:
        return Plan((grid,) * len(parts), run)

    degree = max(part.degree for part in parts)
    live, marks = tuple(_live_of_all(parts)), _marks_of_all(parts)
    return world.graph.node(
        parts[0].shape, parts, plan, den=den, degree=degree, live=live, marks=marks
    )


def _live_of_all(parts: Sequence[Node]) -> list[Index | None]:
    return [reduce(union, axis) for axis in zip(*(part.live for part in parts), strict=True)]


def _marks_of_all(parts: Sequence[Node]) -> Marks:
    return tuple(
        few([m for part in parts for m in part.marks[axis]], size, MOST_MARKS)
        for axis, size in enumerate(parts[0].shape)
    )


def joined(world: World, parts: Sequence[Node], axis: int) -> Node:
    """Tensors side by side along an axis, in their order."""
    ends = np.cumsum([0, *(part.shape[axis] for part in parts)]).tolist()
    den, numbers = lcm(*(part.den for part in parts)), world.numbers
    shape = list(parts[0].shape)
    shape[axis] = ends[-1]

    def plan(grid: Grid) -> Plan:
        cuts = np.searchsorted(grid[axis], ends)
        reads = tuple(
            (*grid[:axis], grid[axis][a:b] - first, *grid[axis + 1 :])
            for a, b, first in zip(cuts[:-1], cuts[1:], ends[:-1], strict=True)
        )

        def run(values: Sequence[Array]) -> Array:
            every = zip(values, parts, reads, strict=True)
            found = [numbers.times(v, den // p.den) for v, p, r in every if len(r[axis])]
            return np.concatenate(found, axis + 1)

        return Plan(reads, run)

    seams = [m for end in ends for m in (end - 1, end)]
    moved = [m + first for part, first in zip(parts, ends, strict=False) for m in part.marks[axis]]
    marks, live = list(_marks_of_all(parts)), _live_of_all(parts)
    marks[axis] = few([*seams, *moved], ends[-1], MOST_MARKS)
    live[axis] = None
    degree = max(p.degree for p in parts)
    return world.graph.node(
        shape, parts, plan, den=den, degree=degree, live=tuple(live), marks=tuple(marks)
    )
