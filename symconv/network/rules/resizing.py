"""Resizing by whole numbers: the nearest sample, up or down, or linear, up.

Source: ONNX, ``Resize``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from symconv.claim import steps as st
from symconv.layer import Conv, ConvTranspose
from symconv.network.rules.base import NoRule, Rule, RuleOf, Shape, Site, Window, from_front, linked
from symconv.network.rules.gathers import channels_of, gathered, slice_layer
from symconv.network.rules.interpolation import interpolated, offset_of
from symconv.size.expr import Extent


def resize(site: Site) -> Rule:
    """Read a resizing by whole numbers: the nearest sample, up or down, or linear, up."""
    shape = site.shape()
    out = _resized(site, shape)
    if len(shape) < 3 or out[:2] != shape[:2]:
        raise NoRule("it resizes channels")
    mode = site.text("mode", "nearest")
    if mode not in ("nearest", "linear") or site.number("antialias", 0):
        raise NoRule(f"resizing by {mode} interpolation has no rule", out)
    ratios = [_ratio(n, m, out) for n, m in zip(shape[2:], out[2:], strict=True)]
    _check_scales(site, ratios, out)
    if mode == "linear" and any(ratio != 1 for ratio in ratios):
        return interpolated(site, shape, out, ratios)
    if all(ratio == 1 for ratio in ratios):
        return Rule("pointwise", (out,), linked(0, range(len(shape))))
    if all(ratio >= 1 for ratio in ratios):
        return _upsampled(site, shape, out, [int(ratio) for ratio in ratios])
    if any(ratio > 1 for ratio in ratios):
        raise NoRule("it makes one axis larger and another smaller", out)
    return _downsampled(site, shape, out, [ratio.denominator for ratio in ratios])


def _resized(site: Site, shape: Shape) -> Shape:
    """The output's shape: stated, or from sizes or scales."""
    if site.stated and (stated := site.stated[0]) is not None:
        return stated
    scales, sizes = (1, None) if site.node.op == "Upsample" else (2, 3)
    if sizes is not None and site.has(sizes):
        known = site.dims.get(site.node.inputs[sizes])
        found = tuple(known) if known is not None else tuple(site.numbers(sizes, "sizes"))
    else:
        given = site.value(scales)
        if given is None:
            raise NoRule("its scales are computed, not constants")
        ratios = [Fraction(float(scale)) for scale in np.asarray(given).reshape(-1)]
        found = tuple(n * r.numerator // r.denominator for n, r in zip(shape, ratios, strict=True))
    if len(found) != len(shape):
        raise NoRule("it names the axes that it resizes, and their shape is not known")
    return found


def _check_scales(site: Site, ratios: list[Fraction], out: Shape) -> None:
    """Refuse scales that are not just how much the axes grow: places are reckoned by scales.

    A scale of 0.6 makes 2 of 4, and places its samples as no half of them would.
    """
    if site.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise NoRule("it keeps an aspect ratio, and places samples by a scale of its own", out)
    slot = 1 if site.node.op == "Upsample" else 2
    given = site.value(slot)
    if site.has(slot) and given is None:
        raise NoRule("its scales are computed, not constants", out)
    if given is None or given.size == 0:
        return
    axes = [int(a) for a in site.node.attributes.get("axes") or range(len(out))]
    found = dict.fromkeys(range(len(out)), Fraction(1))
    scales = [Fraction(float(scale)) for scale in np.asarray(given).reshape(-1)]
    found |= {from_front(a, len(out)): scale for a, scale in zip(axes, scales, strict=True)}
    if [found[2 + axis] for axis in range(len(ratios))] != ratios:
        raise NoRule("its scales are not the whole numbers by which its axes grow", out)


MOST_RATIO = 64
"""Ratios of two named sizes that are tried: real networks upsample by 2 to 32."""


def _ratio(size: Extent, out: Extent, shape: Shape) -> Fraction:
    """By how much an axis grows, a whole number or one over it; ``shape`` is the output's."""
    if isinstance(size, int) and isinstance(out, int):
        found = Fraction(out, size)
    else:
        whole = (n for n in range(1, MOST_RATIO + 1) if out == size * n)
        found = Fraction(next(whole, 0))
    if (found < 1 and found.numerator != 1) or (found > 1 and found.denominator != 1):
        raise NoRule(f"it resizes an axis from {size} to {out}, by no whole number", shape)
    return found


def _upsampled(site: Site, shape: Shape, out: Shape, ratios: list[int]) -> Rule:
    place = _rounding(site)
    for ratio in ratios:
        if any(place(Fraction(n), Fraction(ratio)) != n // ratio for n in range(4 * ratio)):
            raise NoRule(
                f"its nearest sample, upsampling by {ratio}, is not the one it is part of", out
            )
    channels = channels_of(shape)
    kernel = tuple(ratios)
    layer = ConvTranspose(channels, channels, kernel, kernel, groups=channels, bias=False)
    left = [st.Repeat(1 + axis, ratio) for axis, ratio in enumerate(ratios) if ratio > 1]
    return gathered(site, layer, *left)


def _downsampled(site: Site, shape: Shape, out: Shape, ratios: list[int]) -> Rule:
    """A slice: of every so many samples the one that is nearest to the output's place."""
    _refuse_one_output(site, out, ratios)
    place = _rounding(site)
    firsts = [place(Fraction(0), Fraction(1, ratio)) for ratio in ratios]
    for first, ratio in zip(firsts, ratios, strict=True):
        found = [place(Fraction(n), Fraction(1, ratio)) for n in range(4)]
        if found != [first + ratio * n for n in range(4)] or first >= ratio:
            raise NoRule(f"its nearest samples, downsampling by {ratio}, are not evenly apart", out)

    def at(size: Shape) -> tuple[Conv, tuple[st.Step, ...]]:
        ends = [n // ratio * ratio for n, ratio in zip(size, ratios, strict=True)]
        parts = dict(enumerate(zip(firsts, ends, ratios, strict=True), start=2))
        return slice_layer(channels_of(shape), size, parts)

    layer, left = at(shape[2:])
    rule = gathered(site, layer, *left)
    return replace(rule, window=Window(shape[2:], layer.in_channels, layer, left, at=at))


def _refuse_one_output(site: Site, out: Shape, ratios: list[int]) -> None:
    """Refuse the mode in which a single output of an axis is another sample than by the rule."""
    if site.text("coordinate_transformation_mode", "") != "pytorch_half_pixel":
        return
    for size, ratio in zip(out[2:], ratios, strict=True):
        if ratio > 1 and (not isinstance(size, int) or size == 1):
            raise NoRule("where an axis has one output, it takes its first sample", out)


def _rounding(site: Site) -> Callable[[Fraction, Fraction], int]:
    """Which sample an output takes, where sizes grow by this much.

    Source: ONNX, ``Resize``: ``coordinate_transformation_mode`` and ``nearest_mode``.
    """
    offset = offset_of(site)
    nearest = "floor" if site.node.op == "Upsample" else "round_prefer_floor"
    rounds = ROUNDINGS[site.text("nearest_mode", nearest)]

    def sample(n: Fraction, ratio: Fraction) -> int:
        place = (n + offset) / ratio - offset
        found = {max(0, rounds(place + doubt)) for doubt in (-DOUBT, 0, DOUBT)}
        whole = ratio.numerator * ratio.denominator
        exact = whole & (whole - 1) == 0 or (offset == 0 and ratio > 1)
        if len(found) > 1 and not exact:
            raise NoRule("which of its samples is nearest depends on how its places are rounded")
        return max(0, rounds(place))

    return sample


DOUBT = Fraction(1, 10_000)
"""How far from its place floating point may place a sample; powers of two are exact, and so is a
quotient of whole numbers, as far as it is rounded to one."""

ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - Fraction(1, 2)),
    "round_prefer_ceil": lambda x: floor(x + Fraction(1, 2)),
}


RULES: dict[str, RuleOf] = {"Resize": resize, "Upsample": resize}
