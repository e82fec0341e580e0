"""Nodes that move samples in space: pads, slices, nearest resizing, depth to space and back.

Each is a layer whose weight is of ones, one tap an output, channel by channel: a pad is a 1x1
convolution with pads, a slice one with stride and crops, upsampling a transposed one.  What the
node means is said by steps of its own, and that the layer does the same is proved with the square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from symconv.claim import steps as st
from symconv.layer import AnyLayer, Conv
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
    channels = channels_of(shape)
    layer = Conv(channels, channels, (1,) * len(ends), 1, ends, 1, channels, False, mode, value)
    left = st.Pad(((0, 0), *ends), mode, str(Fraction(value)))
    return gathered(site, layer, left)


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


def channels_of(shape: Shape) -> int:
    """The channels of an image or signal.

    Raises:
        NoRule: the tensor is none.
    """
    if len(shape) < 3 or not isinstance(shape[1], int):
        raise NoRule(f"it reads a tensor of shape {[*map(str, shape)]}, not of channels in space")
    return shape[1]


def gathered(site: Site, layer: AnyLayer, *left: st.Step) -> Rule:
    """The rule of a layer that moves samples, whose meaning these steps say."""
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
        return slice_layer(channels_of(shape), size, here)

    layer, left = at(shape[2:])
    rule = gathered(site, layer, *left)
    window = Window(shape[2:], layer.in_channels, layer, left, at=at)
    return Rule(rule.how, rule.shapes, rule.links, window)


def slice_layer(
    channels: int, size: Shape, parts: dict[int, Part]
) -> tuple[Conv, tuple[st.Step, ...]]:
    """A slice of some axes in space, first, end and step, as a layer and as a step."""
    taken = [parts.get(2 + axis, (0, n, 1)) for axis, n in enumerate(size)]
    crops = tuple((-start, stop - n) for (start, stop, _), n in zip(taken, size, strict=True))
    strides = tuple(step for _, _, step in taken)
    layer = Conv(channels, channels, (1,) * len(size), strides, crops, 1, channels, False)
    return layer, (st.Slice(((None, None, None), *taken)),)


def depth_to_space(site: Site) -> Rule:
    """Read depth to space: channels become positions, which for phases is a permutation."""
    return _blocks(site, to_space=True)


def space_to_depth(site: Site) -> Rule:
    """Read space to depth."""
    return _blocks(site, to_space=False)


def _blocks(site: Site, *, to_space: bool) -> Rule:
    shape, block = site.shape(), site.number("blocksize", 1)
    channels = channels_of(shape)
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
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
