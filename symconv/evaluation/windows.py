"""Layers: sums and maxima over windows, computed where they are asked for.

One axis of a window is a table ``(K, O)`` of the positions that each tap reads for each asked
output; -1 is a structural zero, or the identity of a maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import prod
from typing import Any, Protocol

import numpy as np

from symconv.evaluation.graph import Array, Grid, Index, Node, Plan, distinct, evaluate, few, places
from symconv.evaluation.moves import MOST_MARKS, World, added, scaled
from symconv.evaluation.text import Axis

Tables = Sequence[Index]


class Slid(Protocol):
    """One axis of a pooling: how many outputs it has, and what each of them reads."""

    @property
    def outputs(self) -> int:
        """Outputs on the axis."""

    def table(self, outputs: Index) -> Index:
        """Position of every tap and output, ``(K, O)``; -1 where a tap reads nothing."""

    def readers(self, position: int) -> tuple[int, ...]:
        """Outputs around the first and the last that read a position of the signal."""


@dataclass(frozen=True, slots=True)
class Patches:
    """The reads of a window: distinct positions of each axis, and the tables that index them."""

    reads: tuple[Index, ...]
    tables: tuple[Index, ...]
    holes: bool

    @property
    def taps(self) -> int:
        """Taps over all axes."""
        return prod(table.shape[0] for table in self.tables)

    @property
    def outputs(self) -> int:
        """Asked outputs over all axes."""
        return prod(table.shape[1] for table in self.tables)

    def of(self, values: Array, fill: object) -> Array:
        """``(points, C, taps, outputs)`` from ``(points, C, *reads)``."""
        if self.holes:
            values = _with_fill(values, fill)
        rank = len(self.tables)
        shaped = [
            table.reshape([n for a in range(rank) for n in (table.shape if a == axis else (1, 1))])
            for axis, table in enumerate(self.tables)
        ]
        index: tuple[Any, ...] = (slice(None), slice(None), *shaped)
        found = values[index]
        order = [0, 1, *range(2, 2 + 2 * rank, 2), *range(3, 3 + 2 * rank, 2)]
        return np.asarray(found).transpose(order).reshape(*found.shape[:2], self.taps, self.outputs)


def _with_fill(values: Array, fill: object) -> Array:
    """One fill behind the end of every axis but the first two."""
    lengths = [n + 1 for n in values.shape[2:]]
    wide = np.full((*values.shape[:2], *lengths), fill, dtype=values.dtype)
    inside: tuple[Any, ...] = (..., *(slice(n) for n in values.shape[2:]))
    wide[inside] = values
    return wide


def patches(tables: Tables) -> Patches:
    """Number the positions that tables read; a hole stands behind the last of them."""
    reads, places, holes = [], [], False
    for table in tables:
        found, at = np.unique(table, return_inverse=True)
        at = at.reshape(table.shape)
        if len(found) and found[0] < 0:
            holes, found, at = True, found[1:], np.where(at == 0, len(found) - 1, at - 1)
        reads.append(found)
        places.append(at)
    return Patches(tuple(reads), tuple(places), holes)


def convolved(
    world: World, x: Node, w: Node, axes: Sequence[Axis], groups: int, *, transposed: bool
) -> Node:
    """``y[m, o] = sum_{c,k} w[m, c, k] * x[c, read(o, k)]``.

    The weight's first axes are swapped if transposed, as PyTorch lays them out.  It is evaluated
    first, since it depends on no data: what it multiplies by zero alone is not read, nor is what
    stands beside channels that are zero in every group.
    """
    inner = w.shape[0] // groups if transposed else w.shape[1]
    outer = w.shape[1] if transposed else w.shape[0] // groups

    def plan(grid: Grid) -> Plan:
        own = None if x.live[0] is None else distinct(x.live[0] % inner)
        kernel, alive = _kernel(world, w, grid[0], groups, own, transposed=transposed)
        tables = zip(axes, grid[1:], alive[1:], strict=True)
        where = patches([axis.table(out)[taps] for axis, out, taps in tables])
        channels = (grid[0] // outer)[:, None] * inner + alive[0]
        if (channels == channels[:1]).all():
            channels, read = channels[:1], channels[0]
        else:
            read = distinct(channels)
        world.budget.spend(channels.size, where.taps, where.outputs)
        wants = (read, *where.reads)
        picks = np.searchsorted(read, channels)

        def run(values: Sequence[Array]) -> Array:
            samples = _samples(values[0], wants, where, world.numbers.zeros, 0)
            found = _products(world, kernel, samples, picks)
            return found.reshape(len(found), *map(len, grid))

        return Plan((wants,), run)

    lives = [axis.live for axis in axes]
    world.graph.holes |= any(live is not None for live in lives)
    marks = _window_marks(x, _row_marks(w, outer, groups, transposed), axes)
    return world.graph.node(
        (outer * groups, *(axis.outputs for axis in axes)),
        [x],
        plan,
        den=x.den * w.den,
        degree=x.degree + w.degree,
        live=(_rows_live(w, outer, groups, transposed), *lives),
        marks=_beside_holes(marks, lives),
    )


def _products(world: World, kernel: Array, samples: Array, picks: Index) -> Array:
    """Kernel rows times samples; rows of one group share theirs."""
    points, rows, outputs = len(kernel), kernel.shape[1], samples.shape[-1]
    if len(picks) == 1:
        window = samples[:, picks[0]].reshape(points, -1, outputs)
        return world.numbers.matmul(kernel.reshape(points, rows, -1), window)
    own = samples[:, picks].reshape(points, rows, -1, outputs)
    return world.numbers.matmul(kernel.reshape(points, rows, 1, -1), own)


def _kernel(
    world: World, w: Node, rows: Index, groups: int, data: Index | None, *, transposed: bool
) -> tuple[Array, list[Index]]:
    """The weight of some output channels, ``(points, rows, channels, *taps)``.

    ``data`` are the channels of a group outside which the data is zero, where that is known.

    Beside it, which channels of a group and which taps are left: the others multiply by zero.
    """
    channels = w.shape[0] // groups if transposed else w.shape[1]
    own = w.live[0 if transposed else 1] if not (transposed and groups > 1) else None
    own = _both(own, data)
    sizes, lives = (channels, *w.shape[2:]), (own, *w.live[2:])
    places = [
        world.budget.positions(n) if live is None else live
        for n, live in zip(sizes, lives, strict=True)
    ]
    if not all(map(len, places)):
        return world.numbers.zeros((len(rows), *map(len, places))), places
    if not transposed:
        (values,) = evaluate([(w, (rows, *places))], world.budget)
        return _alive(values, places)
    outer = w.shape[1]
    leads = (rows // outer)[:, None] * channels + places[0]
    lead, second = distinct(leads), distinct(rows % outer)
    (values,) = evaluate([(w, (lead, second, *places[1:]))], world.budget)
    columns = np.searchsorted(second, rows % outer)
    return _alive(values[:, np.searchsorted(lead, leads), columns[:, None]], places)


def _both(first: Index | None, second: Index | None) -> Index | None:
    """The positions of two lists; None is all of them."""
    if first is None or second is None:
        return second if first is None else first
    return first[places(first, second)]


def _alive(kernel: Array, places: Sequence[Index]) -> tuple[Array, list[Index]]:
    """The kernel without the channels and taps that are zero throughout, and which are left."""
    live = (kernel != 0).any((0, 1))
    found = []
    for axis, place in enumerate(places):
        others = tuple(other for other in range(live.ndim) if other != axis)
        some = np.flatnonzero(live.any(others))
        kernel = kernel if len(some) == len(place) else kernel.take(some, axis + 2)
        found.append(place[some])
    return kernel, found


def _samples(
    values: Array, read: Grid, where: Patches, zeros: Callable[..., Array], fill: object
) -> Array:
    """The window's samples; where it lies outside altogether, fills alone."""
    if not all(map(len, read)):
        found = zeros((len(read[0]), where.taps, where.outputs))
        found[...] = fill
        return found
    return where.of(values, fill)


def _rows_live(w: Node, outer: int, groups: int, transposed: bool) -> Index | None:
    """The channels outside which all outputs are zero."""
    alive = w.live[1] if transposed else w.live[0]
    if alive is not None and transposed:
        alive = (np.arange(groups)[:, None] * outer + alive).ravel()
    return alive


def _row_marks(w: Node, outer: int, groups: int, transposed: bool) -> tuple[int, ...]:
    if not transposed:
        return w.marks[0]
    return few(
        [g * outer + m for g in (0, groups - 1) for m in w.marks[1]], outer * groups, MOST_MARKS
    )


def _window_marks(
    x: Node, rows: tuple[int, ...], axes: Sequence[Slid]
) -> tuple[tuple[int, ...], ...]:
    spatial = (
        few(
            [0, axis.outputs - 1, *(o for m in marks for o in axis.readers(m))],
            axis.outputs,
            MOST_MARKS,
        )
        for axis, marks in zip(axes, x.marks[1:], strict=True)
    )
    return (rows, *spatial)


def _beside_holes(
    marks: tuple[tuple[int, ...], ...], lives: Sequence[Index | None]
) -> tuple[tuple[int, ...], ...]:
    """The marks, and of an axis with holes the first and the last output that is none."""
    found = [() if live is None else map(int, (*live[:1], *live[-1:])) for live in lives]
    spatial = (tuple(sorted({*m, *more})) for m, more in zip(marks[1:], found, strict=True))
    return (marks[0], *spatial)


def overlaid(world: World, x: Node, w: Node, axes: Sequence[Axis]) -> Node:
    """``y[m, o] = sum_{c,j} x[c, j] * w[m, c, read(o, j)]``: the tensor itself is the kernel."""
    numbers = world.numbers

    def plan(grid: Grid) -> Plan:
        every = tuple(map(world.budget.positions, x.shape))
        where = patches([axis.table(out) for axis, out in zip(axes, grid[1:], strict=True)])
        world.budget.spend(len(grid[0]), x.shape[0], where.taps, where.outputs)
        wants = every, (grid[0], every[0], *where.reads)

        def run(values: Sequence[Array]) -> Array:
            kernel = values[0].reshape(len(values[0]), 1, -1)
            data = values[1]
            rows = len(grid[0]) * x.shape[0]
            flat = data.reshape(len(data), rows, *data.shape[3:])
            parts = _samples(flat, (np.arange(rows), *wants[1][2:]), where, numbers.zeros, 0)
            parts = parts.reshape(len(parts), len(grid[0]), -1, where.outputs)
            found = [numbers.matmul(kernel, parts[:, m]) for m in range(len(grid[0]))]
            return np.stack(found, 1).reshape(len(kernel), *map(len, grid))

        return Plan(wants, run)

    marks = tuple((0, axis.outputs - 1) for axis in axes)
    return world.graph.node(
        (w.shape[0], *(axis.outputs for axis in axes)),
        [x, w],
        plan,
        den=x.den * w.den,
        degree=x.degree + w.degree,
        marks=(w.marks[0], *marks),
    )


def pooled(world: World, x: Node, axes: Sequence[Slid], *, maximum: bool) -> Node:
    """The sum, or the maximum, of each channel's windows."""
    numbers = world.numbers
    lives = (None,) * len(axes) if maximum else x.live[1:]

    def plan(grid: Grid) -> Plan:
        tables = zip(axes, grid[1:], lives, strict=True)
        where = patches([_beside_zeros(axis.table(out), live) for axis, out, live in tables])
        world.budget.spend(len(grid[0]), where.taps, where.outputs)
        wants = (grid[0], *where.reads)

        def run(values: Sequence[Array]) -> Array:
            samples = _samples(
                values[0], wants, where, numbers.zeros, numbers.least() if maximum else 0
            )
            if maximum:
                found = reduce(np.maximum, samples.swapaxes(0, 2)).swapaxes(0, 1)
            else:
                found = numbers.reduced(samples.sum(2))
            return np.asarray(found).reshape(len(found), *map(len, grid))

        return Plan((wants,), run)

    live = (None if maximum else x.live[0], *(None for _ in axes))
    return world.graph.node(
        (x.shape[0], *(axis.outputs for axis in axes)),
        [x],
        plan,
        den=x.den,
        degree=x.degree,
        live=live,
        marks=_window_marks(x, x.marks[0], axes),
    )


def _beside_zeros(table: Index, live: Index | None) -> Index:
    """The table without the taps that read zeros alone, or nothing, at every output; one stays."""
    if live is not None:
        table = np.where(np.isin(table, live), table, -1)
    reading = np.asarray((table >= 0).any(1))
    reading[:1] |= not reading.any()
    return table if reading.all() else table[reading]


def averaged(world: World, x: Node, axes: Sequence[Slid], counts: Sequence[Sequence[int]]) -> Node:
    """The mean of each channel's windows over as many samples as each counts."""
    found = pooled(world, x, axes, maximum=False)
    for axis, row in enumerate(counts, 1):
        found = scaled(world, found, axis, [Fraction(1, n) for n in row])
    return found


def maximised(world: World, x: Node, w: Node, axes: Sequence[Axis], groups: int) -> Node:
    """The maximum over the taps at which a constant weight is not zero."""
    outer, inner, numbers = w.shape[0] // groups, w.shape[1], world.numbers

    def plan(grid: Grid) -> Plan:
        taps = tuple(map(world.budget.positions, w.shape[1:]))
        where = patches([axis.table(out) for axis, out in zip(axes, grid[1:], strict=True)])
        channels = (grid[0] // outer)[:, None] * inner + taps[0]
        read = distinct(channels)
        picks = np.searchsorted(read, channels)
        world.budget.spend(picks.size, where.taps, where.outputs)
        wants = (read, *where.reads), (grid[0], *taps)

        def run(values: Sequence[Array]) -> Array:
            least = numbers.least()
            samples = _samples(values[0], wants[0], where, numbers.zeros, least)
            window = samples[:, picks].reshape(len(samples), len(grid[0]), -1, where.outputs)
            alive = (values[1] != 0).reshape(len(values[1]), len(grid[0]), -1, 1)
            parts = np.where(alive, window, least)
            found = reduce(np.maximum, parts.swapaxes(0, 2)).swapaxes(0, 1)
            return np.asarray(found).reshape(len(samples), *map(len, grid))

        return Plan(wants, run)

    return world.graph.node(
        (w.shape[0], *(axis.outputs for axis in axes)),
        [x, w],
        plan,
        den=x.den,
        degree=x.degree,
        marks=_window_marks(x, w.marks[0], axes),
    )


def biased(world: World, y: Node, bias: Node) -> Node:
    """One number a channel added everywhere."""
    rank = len(y.shape) - 1

    def spread(grid: Grid) -> Plan:
        def run(values: Sequence[Array]) -> Array:
            column = values[0].reshape(*values[0].shape, *[1] * rank)
            return np.broadcast_to(column, (len(column), *map(len, grid)))

        return Plan(((grid[0],),), run)

    wide = world.graph.node(
        y.shape,
        [bias],
        spread,
        den=bias.den,
        degree=bias.degree,
        live=(bias.live[0], *(None for _ in range(rank))),
        marks=y.marks,
    )
    return added(world, [y, wide])
