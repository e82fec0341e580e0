"""Nodes that move samples in space: pads, slices, nearest resizing, depth to space and back.

Each is a layer whose weight is of ones, one tap an output, channel by channel: a pad is a 1x1
convolution with pads, a slice one with stride and crops, upsampling a transposed one.  What the
node means is said by steps of its own, and that the layer does the same is proved with the square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from symconv.claim import steps as st
from symconv.layer import AnyLayer, Conv, ConvTranspose
from symconv.layer.window import PaddingMode
from symconv.network.rules.base import (
    Link,
    NoRule,
    Rule,
    RuleOf,
    Shape,
    Site,
    Window,
    from_front,
    linked,
)
from symconv.network.rules.interpolation import interpolated, offset_of
from symconv.network.rules.windows import of_layer
from symconv.size.expr import Extent

MODES: dict[str, PaddingMode] = {
    "constant": "zeros",
    "reflect": "reflect",
    "edge": "replicate",
    "wrap": "circular",
}

FAR = 2**31 - 1
"""Ends at or beyond this mean "to the end" in ONNX, whatever the size."""


def pad(site: Site) -> Rule:
    """Read pads: in space as a layer, on other axes as what acts along them."""
    shape = site.shape()
    ends = _pads(site, len(shape))
    padded = [axis for axis, both in enumerate(ends) if any(both)]
    out = tuple(size + lo + hi for size, (lo, hi) in zip(shape, ends, strict=True))
    if not padded or max(padded) < 2:
        kept = [axis for axis in range(len(shape)) if axis not in padded]
        return Rule("channels", (out,), linked(0, kept))
    if min(padded) < 2:
        raise NoRule("it pads channels and space at once", out)
    return _padded(site, shape, tuple(ends[2:]))


def _pads(site: Site, rank: int) -> list[tuple[int, int]]:
    listed = site.numbers(1, "pads") if site.has(1) else site.node.attributes.get("pads", ())
    axes = [*range(rank)]
    if site.has(3):
        axes = [from_front(axis, rank) for axis in site.numbers(3, "axes")]
    if len(listed) != 2 * len(axes):
        raise NoRule(f"its {len(listed)} pads are not two for each of {len(axes)} axes")
    given = zip(listed[: len(axes)], listed[len(axes) :], strict=True)
    found = dict(zip(axes, given, strict=True))
    return [found.get(axis, (0, 0)) for axis in range(rank)]


def _padded(site: Site, shape: Shape, ends: tuple[tuple[int, int], ...]) -> Rule:
    word = site.text("mode", "constant")
    if word not in MODES:
        raise NoRule(f"its mode {word!r} is not one of {', '.join(MODES)}")
    mode, value = MODES[word], _value(site) if word == "constant" else 0.0
    channels = _channels(shape)
    layer = Conv(channels, channels, (1,) * len(ends), 1, ends, 1, channels, False, mode, value)
    left = st.Pad(((0, 0), *ends), mode, str(Fraction(value)))
    return _gathered(site, layer, left)


def _value(site: Site) -> float:
    if not site.has(2):
        return float(site.node.attributes.get("value", 0.0))
    found = site.value(2)
    if found is None:
        raise NoRule("it pads with a number that is computed")
    value = float(np.asarray(found).reshape(-1)[0])
    if not np.isfinite(value):
        raise NoRule(f"it pads with {value}")
    return value


def _channels(shape: Shape) -> int:
    if len(shape) < 3 or not isinstance(shape[1], int):
        raise NoRule(f"it reads a tensor of shape {[*map(str, shape)]}, not of channels in space")
    return shape[1]


def _gathered(site: Site, layer: AnyLayer, *left: st.Step) -> Rule:
    rule = of_layer(site, layer)
    window = Window(site.shape()[2:], layer.in_channels, layer, left)
    return Rule(rule.how, rule.shapes, rule.links, window)


def slice_(site: Site) -> Rule:
    """Read a slice: in space as a layer, on other axes as what acts along them.

    Of a named size the ends are taken to lie inside: at smaller ones the slice would be cut short,
    and these are not in the model's domain.
    """
    shape = site.shape()
    parts = _slices(site, shape)
    out = list(shape)
    for axis, part in parts.items():
        out[axis] = _count(*part)
    conditions = tuple(dict.fromkeys(text for n, p in parts.items() for text in _ends(shape[n], p)))
    in_space = len(shape) > 2 and parts and min(parts) >= 2
    forward = all(isinstance(part[0], int) and part[2] > 0 for part in parts.values())
    if in_space and forward:
        return replace(_sliced(site, shape), conditions=conditions)
    kept = [axis for axis in range(len(shape)) if axis not in parts]
    return Rule("channels", (tuple(out),), linked(0, kept), conditions=conditions)


Part = tuple[Extent, Extent, int]
"""First place, end and step of a slice, counted from the front."""


def _slices(site: Site, shape: Shape) -> dict[int, Part]:
    starts, ends = site.numbers(1, "starts"), site.numbers(2, "ends")
    axes = site.numbers(3, "axes") if site.has(3) else [*range(len(starts))]
    steps = site.numbers(4, "steps") if site.has(4) else [1] * len(starts)
    found = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = from_front(axis, len(shape))
        part = _part(shape[place], start, end, step)
        if part != (0, shape[place], 1):
            found[place] = part
    return found


def _part(size: Extent, start: int, end: int, step: int) -> Part:
    """A slice with ends from the front, inside the axis."""
    if isinstance(size, int):
        first, stop, by = slice(start, max(end, -FAR), step).indices(size)
        return first, stop, by
    if step < 0:
        if (start, step) != (-1, -1) or end > -FAR:
            raise NoRule("it reads a part of an axis of named size backwards")
        return size - 1, -1, -1
    return _inside(size, start), size if end >= FAR else _inside(size, end), step


def _inside(size: Extent, end: int) -> Extent:
    return size + end if end < 0 else end


def _ends(size: Extent, part: Part) -> Iterator[str]:
    """That the ends of a slice of a named size lie inside, and leave something."""
    first, stop, step = part
    if isinstance(size, int) or step < 0:
        return
    for low, high in ((0, first), (first, stop), (stop, size)):
        if not (isinstance(high - low, int) and high - low >= 0):
            yield f"{high} >= {low}"


def _count(start: Extent, stop: Extent, step: int) -> Extent:
    gap = stop - start if step > 0 else start - stop
    count = -(-gap // abs(step))
    return max(count, 0) if isinstance(count, int) else count


def _sliced(site: Site, shape: Shape) -> Rule:
    def at(size: Shape) -> tuple[Conv, tuple[st.Step, ...]]:
        here = _slices(site, (*shape[:2], *size))
        return _slice_layer(_channels(shape), size, here)

    layer, left = at(shape[2:])
    rule = _gathered(site, layer, *left)
    window = Window(shape[2:], layer.in_channels, layer, left, at=at)
    return Rule(rule.how, rule.shapes, rule.links, window)


def _slice_layer(
    channels: int, size: Shape, parts: dict[int, Part]
) -> tuple[Conv, tuple[st.Step, ...]]:
    taken = [parts.get(2 + axis, (0, n, 1)) for axis, n in enumerate(size)]
    crops = tuple((-start, stop - n) for (start, stop, _), n in zip(taken, size, strict=True))
    strides = tuple(step for _, _, step in taken)
    layer = Conv(channels, channels, (1,) * len(size), strides, crops, 1, channels, False)
    return layer, (st.Slice(((None, None, None), *taken)),)


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
    channels = _channels(shape)
    kernel = tuple(ratios)
    layer = ConvTranspose(channels, channels, kernel, kernel, groups=channels, bias=False)
    left = [st.Repeat(1 + axis, ratio) for axis, ratio in enumerate(ratios) if ratio > 1]
    return _gathered(site, layer, *left)


def _downsampled(site: Site, shape: Shape, out: Shape, ratios: list[int]) -> Rule:
    """A slice: of every so many samples the one that is nearest to the output's place."""
    place = _rounding(site)
    firsts = [place(Fraction(0), Fraction(1, ratio)) for ratio in ratios]
    for first, ratio in zip(firsts, ratios, strict=True):
        found = [place(Fraction(n), Fraction(1, ratio)) for n in range(4)]
        if found != [first + ratio * n for n in range(4)] or first >= ratio:
            raise NoRule(f"its nearest samples, downsampling by {ratio}, are not evenly apart", out)

    def at(size: Shape) -> tuple[Conv, tuple[st.Step, ...]]:
        ends = [n // ratio * ratio for n, ratio in zip(size, ratios, strict=True)]
        parts = dict(enumerate(zip(firsts, ends, ratios, strict=True), start=2))
        return _slice_layer(_channels(shape), size, parts)

    layer, left = at(shape[2:])
    rule = _gathered(site, layer, *left)
    return replace(rule, window=Window(shape[2:], layer.in_channels, layer, left, at=at))


def _rounding(site: Site) -> Callable[[Fraction, Fraction], int]:
    """Which sample an output takes, where sizes grow by this much.

    Source: ONNX, ``Resize``: ``coordinate_transformation_mode`` and ``nearest_mode``.
    """
    offset = offset_of(site)
    nearest = "floor" if site.node.op == "Upsample" else "round_prefer_floor"
    rounds = ROUNDINGS[site.text("nearest_mode", nearest)]
    return lambda n, ratio: max(0, rounds((n + offset) / ratio - offset))


ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - Fraction(1, 2)),
    "round_prefer_ceil": lambda x: floor(x + Fraction(1, 2)),
}


def depth_to_space(site: Site) -> Rule:
    """Read depth to space: channels become positions, which for phases is a permutation."""
    return _blocks(site, to_space=True)


def space_to_depth(site: Site) -> Rule:
    """Read space to depth."""
    return _blocks(site, to_space=False)


def _blocks(site: Site, *, to_space: bool) -> Rule:
    shape, block = site.shape(), site.number("blocksize", 1)
    channels = _channels(shape)
    if len(shape) != 4:
        raise NoRule("it is for images")
    size = shape[2:]
    if to_space:
        if channels % block**2:
            raise NoRule(f"its {channels} channels do not fall into blocks of {block**2}")
        out = (shape[0], channels // block**2, *(n * block for n in size))
        links = tuple(Link(0, axis, axis, block, 1) for axis in (2, 3))
    else:
        out = (shape[0], channels * block**2, *(n // block for n in size))
        links = tuple(Link(0, axis, axis, 1, block) for axis in (2, 3))
    conditions = () if to_space else _divisible(size, block)
    left = (_blocked(site, block, to_space),)
    window = Window(size, channels, left=left, block=block, to_space=to_space)
    return Rule("window", (out,), links, window, conditions)


def _divisible(size: Shape, block: int) -> tuple[str, ...]:
    if any(isinstance(n, int) and n % block for n in size):
        raise NoRule(f"a size of {[*map(str, size)]} does not fall into blocks of {block}")
    return tuple(f"({n}) % {block} == 0" for n in size if not isinstance(n, int))


def _blocked(site: Site, block: int, to_space: bool) -> st.Rearrange:
    sizes = (("i", block), ("j", block))
    inner = "c i j" if site.text("mode", "DCR") == "CRD" else "i j c"
    if not to_space:
        return st.Rearrange(f"c (h i) (w j) -> ({inner}) h w", sizes)
    return st.Rearrange(f"({inner}) h w -> c (h i) (w j)", sizes)


RULES: dict[str, RuleOf] = {
    "Pad": pad,
    "Slice": slice_,
    "Resize": resize,
    "Upsample": resize,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
