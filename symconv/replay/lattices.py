"""Lattice steps run on NumPy arrays: positions are computed, and what they read is picked."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def points(matrix: Sequence[Sequence[int]], start: Sequence[int], size: Sequence[int]) -> Array:
    """``A (q + start)`` for every ``q`` in C order, one row per axis."""
    grid = np.indices(size, dtype=np.int64).reshape(len(size), -1)
    moved = grid + np.array(start, dtype=np.int64)[:, None]
    return np.asarray(np.array(matrix, dtype=np.int64) @ moved)


def inside(read: Array, size: Sequence[int]) -> Array:
    """Which points lie in the box ``[0, size)``."""
    return np.asarray(((read >= 0) & (read < np.array(size)[:, None])).all(axis=0))


def cosets(
    x: Array,
    matrix: Sequence[Sequence[int]],
    representatives: Sequence[Sequence[int]],
    start: Sequence[int],
    size: Sequence[int],
) -> Array:
    """``y[.., (c r), q] = x[.., c, A (q + start) + representatives[r]]``, zero outside ``x``."""
    lead, spatial = x.shape[: -len(size)], x.shape[-len(size) :]
    flat, read = x.reshape(*lead, prod(spatial)), points(matrix, start, size)
    y = np.zeros((*lead, len(representatives), read.shape[1]), x.dtype)
    for number, point in enumerate(representatives):
        at = read + np.array(point, dtype=np.int64)[:, None]
        live = np.flatnonzero(inside(at, spatial))
        y[..., number, live] = flat[..., np.ravel_multi_index(tuple(at[:, live]), spatial)]
    return y.reshape(*lead[:-1], lead[-1] * len(representatives), *size)


def within(
    x: Array, matrix: Sequence[Sequence[int]], start: Sequence[int], size: Sequence[int]
) -> Array:
    """The array, and zero at every ``q`` whose ``A (q + start)`` lies outside ``[0, size)``."""
    spatial = x.shape[-len(size) :]
    kept = inside(points(matrix, start, spatial), size).reshape(spatial)
    return np.where(kept, x, np.zeros((), x.dtype))
