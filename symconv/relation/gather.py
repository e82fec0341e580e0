"""Index maps as values: what each position of the new axis reads of the old one.

A gather on one axis is an integer array ``g``: new position ``j`` reads old position ``g[j]``, or a
fill value where ``g[j]`` is BOTTOM.  Pads, crops, slices, flips, zero insertion and tiling are all
gathers, and gathers compose.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.errors import ClaimError, MalformedError
from symconv.layer.window import BOTTOM, PADDING_MODES, Index, boundary_index, pad_fits
from symconv.machine.budget import running


def _count(size: int) -> Index:
    """Positions ``0 .. size - 1``.

    Raises:
        TooLarge: there are more than the budget holds.
    """
    running().check_entries(size, "an axis")
    return np.arange(size, dtype=np.int64)


def check_mode(mode: object) -> None:
    """Refuse a padding mode that does not exist.

    Raises:
        MalformedError: there is none of this name.
    """
    if mode not in PADDING_MODES:
        raise MalformedError(f"mode must be one of {', '.join(PADDING_MODES)}, got {mode!r}")


def pad(size: int, lo: int, hi: int, mode: str = "zeros") -> Index:
    """Positions ``-lo .. size+hi-1`` of a signal; negative pads crop.

    >>> pad(3, 1, 1, "reflect").tolist(), pad(3, 1, -1).tolist()
    ([1, 0, 1, 2, 1], [-1, 0, 1])
    """
    check_mode(mode)
    if size + lo + hi < 1:
        raise ClaimError(f"padding [{lo}, {hi}] leaves nothing of an axis of size {size}")
    pad_fits(size, lo, hi, mode)
    return boundary_index(_count(size + lo + hi) - lo, size, lo, hi, mode)


def slice_(size: int, start: int | None, stop: int | None, step: int | None) -> Index:
    """Python's ``[start:stop:step]``, negative numbers included.

    >>> slice_(7, 1, None, 2).tolist()
    [1, 3, 5]
    """
    if step == 0:
        raise ClaimError("a slice's step must not be 0")
    kept = range(size)[slice(start, stop, step)]
    if not kept:
        raise ClaimError(
            f"slice [{start}, {stop}, {step}] leaves nothing of an axis of size {size}"
        )
    return kept.start + kept.step * _count(len(kept))


def flip(size: int) -> Index:
    """The axis read from its end.

    >>> flip(3).tolist()
    [2, 1, 0]
    """
    return size - 1 - _count(size)


def dilate(size: int, factor: int) -> Index:
    """``factor - 1`` fills between neighbours.

    >>> dilate(3, 2).tolist()
    [0, -1, 1, -1, 2]
    """
    if factor < 1:
        raise ClaimError(f"dilate needs factors of at least 1, got {factor}")
    index, hole = np.divmod(_count(factor * (size - 1) + 1), factor)
    return np.where(hole == 0, index, BOTTOM)


def tile(size: int, repeats: int) -> Index:
    """The whole axis, ``repeats`` times over.

    >>> tile(2, 3).tolist()
    [0, 1, 0, 1, 0, 1]
    """
    if repeats < 1:
        raise ClaimError(f"tile needs repeats of at least 1, got {repeats}")
    return _count(size * repeats) % size


def place(size: int, first: int, total: int) -> Index:
    """The whole axis at positions ``first ..`` of a longer one, and fills elsewhere.

    >>> place(2, 1, 4).tolist()
    [-1, 0, 1, -1]
    """
    index = _count(total) - first
    return np.where((index >= 0) & (index < size), index, BOTTOM)


def split_bounds(sizes: Any, part: Any, axis: int, size: int) -> tuple[int, int]:
    """First and end position of the part that a split keeps of an axis of this size.

    >>> split_bounds((2, 3), 1, 0, 5), split_bounds(2, 2, 0, 5)
    ((2, 5), (4, 5))
    """
    given = sizes
    if type(sizes) is int and sizes >= 1:
        sizes = tuple(min(sizes, size - first) for first in range(0, size, sizes))
    whole = isinstance(sizes, tuple) and all(type(n) is int and n >= 1 for n in sizes)
    if not whole or sum(sizes) != size:
        raise ClaimError(
            f"split's sizes must be positive and add up to {size} on axis {axis}, got {given!r}"
        )
    if type(part) is not int or not 0 <= part < len(sizes):
        raise ClaimError(f"split's part must be one of 0..{len(sizes) - 1}, got {part!r}")
    first = sum(sizes[:part])
    return first, first + sizes[part]
