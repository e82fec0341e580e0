"""Linear upsampling by whole numbers: a transposed convolution whose kernel is a triangle.

Where a sample is placed at ``u = (j + c) / r - c``, with ``c`` one half or zero, output ``j`` is
``sum_i x[i] * max(0, 1 - |u - i|)``.  That depends on ``j - r*i`` alone; beyond the ends the first
and the last sample are repeated.  The square holds for every kernel, the triangle included.

Source: ONNX, ``Resize``: mode ``linear``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from symconv.layer import ConvTranspose
from symconv.network.rules.base import Link, NoRule, Rule, Shape, Site, Window

HALF = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel")
"""Words for places in the middle of samples; by whole numbers they are the same ones."""


def offset_of(site: Site) -> Fraction:
    """Where in a sample its place is: one half, or zero.

    Raises:
        NoRule: places depend on the size, as where corners are aligned.
    """
    first = "asymmetric" if site.node.op == "Upsample" else "half_pixel"
    where = site.text("coordinate_transformation_mode", first)
    if where not in (*HALF, "asymmetric"):
        raise NoRule(f"its {where} coordinates depend on the size")
    return Fraction(1, 2) if where in HALF else Fraction(0)


def interpolated(site: Site, shape: Shape, out: Shape, ratios: Sequence[Fraction]) -> Rule:
    """Read a linear upsampling, axis by axis.

    Raises:
        NoRule: an axis shrinks, or places depend on the size.
    """
    if any(ratio.denominator > 1 for ratio in ratios):
        raise NoRule("making an axis smaller by linear interpolation has no rule", out)
    offset, growths = offset_of(site), [int(ratio) for ratio in ratios]
    ends = [taps(growth, offset) for growth in growths]
    front = 1 if offset else 0
    pads = ((front, 1),) * len(growths)
    kernel = tuple(last - first + 1 for first, last in ends)
    crops = tuple(
        (-first, growth * front + last + 1)
        for growth, (first, last) in zip(growths, ends, strict=True)
    )
    channels = int(shape[1])
    layer = ConvTranspose(
        channels, channels, kernel, tuple(growths), crops, groups=channels, bias=False
    )
    links = tuple(Link(0, 2 + axis, 2 + axis, growth) for axis, growth in enumerate(growths))
    return Rule("window", (out,), links, Window(shape[2:], channels, layer, front=pads))


def taps(growth: int, offset: Fraction) -> tuple[int, int]:
    """The first and the last ``j - r*i'`` at which the triangle is not zero.

    ``i'`` counts the padded signal, which has a sample more in front where ``c`` is one half.

    >>> taps(2, Fraction(1, 2)), taps(2, Fraction(0))
    ((-3, 0), (-1, 1))
    """
    front = 1 if offset else 0
    centre = (offset - front) * growth - offset  # where u = i, that is, u - i' + front = 0
    return floor(centre - growth) + 1, ceil(centre + growth) - 1


def kernel_of(ratios: Sequence[int], offset: Fraction, channels: int) -> npt.NDArray[np.float64]:
    """The kernel over all axes, channel by channel: the product of the axes' triangles."""
    found = np.ones((channels, 1))
    for ratio in ratios:
        found = np.multiply.outer(found, [float(weight) for weight in triangle(ratio, offset)])
    return found


def triangle(growth: int, offset: Fraction) -> list[Fraction]:
    """The weights of one axis, in the order of the taps.

    >>> [str(weight) for weight in triangle(2, Fraction(1, 2))]
    ['1/4', '3/4', '3/4', '1/4']
    """
    first, last = taps(growth, offset)
    front = 1 if offset else 0
    places = ((Fraction(tap) + offset) / growth - offset + front for tap in range(first, last + 1))
    return [1 - abs(place) for place in places]
