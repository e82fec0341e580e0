"""The outputs at which both sides are evaluated: where faults show, and some at random."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from symconv.evaluation.graph import Grid, Index, Node, few
from symconv.evaluation.hashing import RANDOM

ALL = 64
"""Up to so many outputs all are evaluated: no more than a grid of marked ones holds."""


def output_grid(sides: Sequence[Node], marks: int) -> Grid:
    """Positions of each axis: so many marked ones, and a random one; all where outputs are few."""
    shape = sides[0].shape
    if prod(shape) <= ALL and marks > 1:
        return tuple(np.arange(n, dtype=np.int64) for n in shape)
    rank = len(shape) - 1
    spread = marks if rank < 3 else max(2, marks // 2)
    limits = [min(marks, 3), *(spread for _ in range(rank))]
    return tuple(_axis(sides, axis, limit) for axis, limit in enumerate(limits))


def _axis(sides: Sequence[Node], axis: int, limit: int) -> Index:
    size = sides[0].shape[axis]
    alive = [side.live[axis] for side in sides]
    if all(found is not None for found in alive):
        pool = np.union1d(*alive).tolist() or [0]  # type: ignore[arg-type]
        return np.array(sorted({pool[0], pool[-1], *RANDOM.sample(pool, min(limit, len(pool)))}))
    if limit <= 1:
        return np.array([RANDOM.randrange(size)], dtype=np.int64)
    marks = few([m for side in sides for m in side.marks[axis]], size, limit)
    return np.array(sorted({*marks, RANDOM.randrange(size)}), dtype=np.int64)
