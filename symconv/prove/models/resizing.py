"""Nearest resizing as a gather: which sample each output of an axis is.

Runtimes compute the place of a sample in floating point.  What is read here is exact, and only
where no rounding could make another sample of it: by whole numbers, up or down.

Source: ONNX, ``Resize``: ``coordinate_transformation_mode`` and ``nearest_mode``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy.typing as npt

Place = Callable[[int, int, int], Fraction]
"""Where output ``o`` lies on the input's axis, of so many inputs and outputs."""

HALF = Fraction(1, 2)


def _half_pixel(o: int, size: int, out: int) -> Fraction:
    return (o + HALF) * Fraction(size, out) - HALF


def _asymmetric(o: int, size: int, out: int) -> Fraction:
    return Fraction(o * size, out)


def _align_corners(o: int, size: int, out: int) -> Fraction:
    return Fraction(o * (size - 1), out - 1) if out > 1 else Fraction(0)


def _pytorch_half_pixel(o: int, size: int, out: int) -> Fraction:
    return _half_pixel(o, size, out) if out > 1 else Fraction(0)


PLACES: dict[str, Place] = {
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _half_pixel,  # by whole numbers nothing is left to centre
    "pytorch_half_pixel": _pytorch_half_pixel,
    "asymmetric": _asymmetric,
    "align_corners": _align_corners,
}

ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - HALF),
    "round_prefer_ceil": lambda x: floor(x + HALF),
}

DOUBT = Fraction(1, 10_000)
"""How far a place computed in floating point may lie from the exact one; axes are shorter."""

LONGEST = 2**13
"""The longest axis: a place of float32 has 24 bits."""


def samples(
    size: int, out: int, scale: float | None, attributes: Mapping[str, Any]
) -> list[int] | None:
    """The sample that each output of an axis is; None where that is not certain.

    >>> samples(3, 6, 2.0, {"coordinate_transformation_mode": "asymmetric"})
    [0, 0, 1, 1, 2, 2]
    >>> samples(4, 2, None, {"coordinate_transformation_mode": "half_pixel"})
    [0, 2]
    >>> samples(5, 3, None, {}) is None
    True
    """
    if size == out and scale in (None, 1.0):
        return list(range(size))
    if max(size, out) > LONGEST or min(size, out) < 1 or max(size, out) % min(size, out):
        return None
    if scale is not None and Fraction(scale) != Fraction(out, size):
        return None
    mode = attributes.get("coordinate_transformation_mode", "half_pixel")
    place = PLACES.get(mode)
    rounded = ROUNDINGS.get(attributes.get("nearest_mode", "round_prefer_floor"))
    if place is None or rounded is None:
        return None
    found = []
    for o in range(out):
        at = place(o, size, out)
        if (
            not _is_exact(mode, size, out)
            and len({rounded(at + d) for d in (-DOUBT, 0, DOUBT)}) > 1
        ):
            return None
        found.append(min(max(rounded(at), 0), size - 1))
    return found


def _is_exact(mode: str, size: int, out: int) -> bool:
    """Whether floating point has every place, or a place that rounds as the exact one does.

    A quotient of integers is rounded correctly, and no further than to the next integer.
    """
    ratio = max(size, out) // min(size, out)
    if mode == "align_corners":
        return False
    return ratio & (ratio - 1) == 0 or (mode == "asymmetric" and out > size)


def gathers(
    before: Sequence[int],
    after: Sequence[int],
    scales: npt.NDArray[Any] | None,
    attributes: Mapping[str, Any],
) -> list[list[int]] | None:
    """For each axis the sample that each output is; None for a mode that is no gather."""
    stretched = attributes.get("keep_aspect_ratio_policy", "stretch") == "stretch"
    if attributes.get("mode", "nearest") != "nearest" or not stretched or len(before) != len(after):
        return None
    by: list[float | None] = [None] * len(before)
    if scales is not None and scales.size:
        axes = attributes.get("axes") or range(len(before))
        if scales.size != len(axes):
            return None
        by = [1.0] * len(before)
        for axis, scale in zip(axes, scales.ravel().tolist(), strict=True):
            by[axis] = scale
    found = [samples(*axis, attributes) for axis in zip(before, after, by, strict=True)]
    known = [axis for axis in found if axis is not None]
    return known if len(known) == len(found) else None
