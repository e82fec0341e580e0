"""The outputs at which both sides are evaluated: where faults show, and some at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from math import prod

import numpy as np

from symconv.evaluation.graph import Grid, Index, Node, few, union
from symconv.evaluation.hashing import RANDOM

ALL = 4_096
"""Up to this many outputs all are evaluated, where they read little enough."""

SCANNED = 64
"""Marked positions of one axis in a scan along it."""


def every_output(sides: Sequence[Node]) -> Grid | None:
    """All positions of each axis; None where they are too many."""
    shape = sides[0].shape
    if prod(shape) > ALL:
        return None
    return tuple(np.arange(n, dtype=np.int64) for n in shape)


def output_grid(sides: Sequence[Node], marks: int) -> Grid:
    """Positions of each axis: at most this many marked ones, and a random one."""
    rank = len(sides[0].shape) - 1
    spread = marks if rank < 3 else max(2, marks // 2)
    limits = [min(marks, 3), *(spread for _ in range(rank))]
    return tuple(_axis(sides, axis, limit) for axis, limit in enumerate(limits))


def scans(sides: Sequence[Node], marks: int) -> Iterator[Grid]:
    """Along each axis of which a grid leaves marks out: more, at one place of the others."""
    shape = sides[0].shape
    for axis, size in enumerate(shape):
        inside = {m for side in sides for m in side.marks[axis] if 0 <= m < size}
        if len(inside) > (min(marks, 3) if axis == 0 else marks):
            yield tuple(_axis(sides, a, SCANNED if a == axis else 1) for a, _ in enumerate(shape))


def _axis(sides: Sequence[Node], axis: int, limit: int) -> Index:
    size = sides[0].shape[axis]
    alive = reduce(union, (side.live[axis] for side in sides))
    if alive is not None:
        pool = np.unique(alive).tolist() or [0]
        return np.array(sorted({pool[0], pool[-1], *RANDOM.sample(pool, min(limit, len(pool)))}))
    if limit <= 1:
        return np.array([RANDOM.randrange(size)], dtype=np.int64)
    marks = few([m for side in sides for m in side.marks[axis]], size, limit)
    return np.array(sorted({*marks, RANDOM.randrange(size)}), dtype=np.int64)
