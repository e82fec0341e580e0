"""Steps about the points of a lattice: a node that reads other axes together.

A plan reads grids, products of positions of the axes: of the points that are asked for, the box of
their coordinates.  So a few outputs of a large tensor read more than they need, and are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symconv.errors import TooLarge
from symconv.evaluation.graph import Array, Grid, Index, Node, Plan
from symconv.evaluation.moves import World

MOST_SIZE = 2**38
"""Positions of an axis: times an entry of a matrix, below 2^20, they fit 64 bits."""

Rows = Sequence[Sequence[int]]


def _points(matrix: Rows, start: Sequence[int], grid: Grid) -> list[Index]:
    """``A (q + start)`` for every ``q`` of a grid: for each axis an array over the grid."""
    moved = np.meshgrid(*(q + s for q, s in zip(grid, start, strict=True)), indexing="ij")
    return [np.asarray(sum(a * m for a, m in zip(row, moved, strict=True))) for row in matrix]


def _inside(points: Sequence[Index], size: Sequence[int]) -> Array:
    """Which points lie in the box ``[0, size)``."""
    found = [(p >= 0) & (p < n) for p, n in zip(points, size, strict=True)]
    return np.asarray(np.logical_and.reduce(found))


def coset_signals(
    world: World,
    x: Node,
    matrix: Rows,
    representatives: Rows,
    start: Sequence[int],
    size: Sequence[int],
) -> Node:
    """``y[.., (c r), q] = x[.., c, A (q + start) + representatives[r]]``, zero outside ``x``."""
    first, count = len(x.shape) - len(matrix), len(representatives)
    spatial, numbers = x.shape[first:], world.numbers
    shape = (*x.shape[: first - 1], x.shape[first - 1] * count, *size)

    def plan(grid: Grid) -> Plan:
        base = _points(matrix, start, grid[first:])
        channel, coset = np.divmod(grid[first - 1], count)
        moved = np.array(representatives, dtype=np.int64)[coset]
        over: tuple[Any, ...] = (..., *([None] * len(matrix)))
        read = [moved[:, axis][over] + points for axis, points in enumerate(base)]
        world.budget.spend(*read[0].shape)
        live = _inside(read, spatial)
        wants = [np.unique(points[live]) for points in read]
        channels = np.unique(channel)

        def run(values: Sequence[Array]) -> Array:
            (found,) = values
            y = numbers.zeros((*map(len, grid),))
            if not live.any():
                return y
            pairs = zip(wants, read, strict=True)
            at = [np.searchsorted(w, np.where(live, p, w[0])) for w, p in pairs]
            index: tuple[Any, ...] = (..., np.searchsorted(channels, channel)[over], *at)
            picked = found[index]
            return np.where(live, picked, y)

        return Plan(((*grid[: first - 1], channels, *wants),), run)

    alive = (*x.live[: first - 1], *(None for _ in range(len(matrix) + 1)))
    return world.graph.node(shape, [x], plan, den=x.den, degree=x.degree, live=alive)


def kept_within(
    world: World, x: Node, matrix: Rows, start: Sequence[int], size: Sequence[int]
) -> Node:
    """The tensor, and zero at every ``q`` whose ``A (q + start)`` lies outside ``[0, size)``."""
    first = len(x.shape) - len(matrix)
    if max(x.shape[first:]) >= MOST_SIZE:
        raise TooLarge(f"an axis of {max(x.shape[first:])} positions has points beyond 64 bits")

    def plan(grid: Grid) -> Plan:
        kept = _inside(_points(matrix, start, grid[first:]), size)
        return Plan((grid,), lambda values: np.where(kept, values[0], np.zeros_like(values[0])))

    return world.graph.node(
        x.shape, [x], plan, den=x.den, degree=x.degree, live=x.live, marks=x.marks
    )
