"""How a path goes back through a layer: one path for each tap and channel, and one to its bias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from symconv.recheck.allsizes.moves import padded, refuse_maximum
from symconv.recheck.allsizes.paths import Path
from symconv.recheck.allsizes.reading import MOST_PATHS, Back, Reader, Rule, Shape, Text
from symconv.recheck.allsizes.terms import (
    NotRead,
    choose,
    div,
    each,
    overlays,
    pairs,
    positions,
    rest,
    same,
    same_crop,
)


def conv(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """A convolution; pads that are not zeros stand in front of it."""
    refuse_maximum(reader, step)
    (_, _, *kernel), _ = reader.weight(step["weight"])
    pads = layer_pads(reader, step, shape[1:], kernel)
    front = {
        "padding": [[0, 0], *pads],
        "mode": step.get("padding_mode", "zeros"),
        "value": step.get("padding_value", 0),
    }
    if front["mode"] == "zeros" and Fraction(str(front["value"])) == 0:
        return _convolved(reader, step, shape, pads)
    between, before = _padded_by(reader, front, shape, pads)
    out, after = _convolved(reader, step, between, [[0, 0] for _ in pads])
    return out, lambda path: (q for p in after(path) for q in ([p] if p.constant else before(p)))


def _padded_by(reader: Reader, front: Text, shape: Shape, pads: list[Any]) -> tuple[Shape, Back]:
    """The pad step in front of a layer, whose pads are terms already."""
    return padded(_Terms(reader), front, shape)  # type: ignore[arg-type]


class _Terms:
    """A reader whose sizes are terms already."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self.maximum = reader, reader.maximum
        self.shapes_only = reader.shapes_only

    def size(self, value: Any) -> Any:
        return value

    def require(self, *conditions: Any) -> None:
        self._reader.require(*conditions)


def max_conv(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The maximum over the taps at which a constant weight is not zero."""
    (_, _, *kernel), _ = reader.weight(step["weight"])
    out, back = _convolved(reader, step, shape, layer_pads(reader, step, shape[1:], kernel))

    def live(path: Path) -> Iterator[Path]:
        for found in back(replace(path, factor=Fraction(1))):
            if found.weights != path.weights:
                raise NotRead("max_conv needs a weight derived from a constant")
            if found.factor != 0:
                yield replace(found, factor=path.factor)

    return out, live


def _convolved(reader: Reader, step: Text, shape: Shape, pads: list[Any]) -> tuple[Shape, Back]:
    (m, inner, *kernel), read = reader.weight(step["weight"])
    groups, rank = step.get("groups", 1), len(shape) - 1
    need_numbers(m, inner, groups)
    need_few(inner, *kernel)
    strides, dilations = (each(step.get(k, 1), rank) for k in ("stride", "dilation"))
    reader.require(shape[0] == inner * groups, m % groups == 0, len(kernel) == rank)
    out = outputs(reader, shape[1:], kernel, strides, dilations, pads)

    def back(path: Path) -> Iterator[Path]:
        group = div(path.index[0], m // groups) if groups > 1 else 0
        unknown = [reader.unknown() for k in kernel if not isinstance(k, int)]
        named = iter(unknown)
        ranges = [range(k) if isinstance(k, int) else (next(named),) for k in kernel]
        for c, taps in product(range(inner), product(*ranges)):
            at = positions(path.index[1:], taps, strides, dilations, pads)
            live = [v for x, n in zip(at, shape[1:], strict=True) for v in (x >= 0, x < n)]
            live += [v for k, n in zip(taps, kernel, strict=True) for v in (k >= 0, k < n)]
            there = replace(
                path, index=(group * inner + c, *at), taps=(*path.taps, *unknown)
            ).under(*live)
            yield from read(there, (path.index[0], c, *taps))

    return [m, *out], _biased(reader, step, m, back)


def need_numbers(*values: Any) -> None:
    """Refuse names where a layer is read in numbers only."""
    if not all(type(value) is int for value in values):
        raise NotRead("channels, groups and pooling kernels are read in numbers only")


def need_few(*values: Any) -> None:
    """Refuse more taps and channels than there may be paths."""
    if prod(value for value in values if isinstance(value, int)) > MOST_PATHS:
        raise NotRead(f"the claim has more than {MOST_PATHS} paths from outputs to inputs")


def _biased(reader: Reader, step: Text, channels: int, back: Back) -> Back:
    """The paths of a layer, and one that ends at its bias."""
    if step.get("bias") is None:
        return back
    shape, read = reader.weight(step["bias"])
    reader.require(len(shape) == 1, *(n == channels for n in shape))

    def through(path: Path) -> Iterator[Path]:
        yield from back(path)
        for there in read(path, (path.index[0],)):
            yield replace(there, index=(), constant=True)

    return through


def conv_as_kernel(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """A convolution whose kernel is the pipeline's tensor."""
    refuse_maximum(reader, step)
    (m, inner, *data), read = reader.weight(step["weight"])
    rank = len(shape) - 1
    need_numbers(inner)
    need_few(inner, *(d if isinstance(d, int) else n for d, n in zip(shape[1:], data, strict=True)))
    strides, dilations = (each(step.get(k, 1), rank) for k in ("stride", "dilation"))
    pads = [[reader.size(e) for e in pair] for pair in pairs(step.get("padding", 0), rank)]
    reader.require(shape[0] == inner, len(data) == rank)
    out = outputs(reader, data, shape[1:], strides, dilations, pads)

    def back(path: Path) -> Iterator[Path]:
        unknown = [reader.unknown() for _ in shape[1:]]
        axes = zip(path.index[1:], shape[1:], data, strides, dilations, pads, unknown, strict=True)
        met_by_axis = [list(overlays(*axis)) for axis in axes]
        for c, met in product(range(inner), product(*met_by_axis)):
            laid, at, guards, taps = zip(*met, strict=True)
            there = replace(path, index=(c, *laid), taps=(*path.taps, *sum(taps, ())))
            yield from read(there.under(*sum(guards, ())), (path.index[0], c, *at))

    return [m, *out], back


def conv_transpose(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """A transposed convolution, from its outputs' side."""
    refuse_maximum(reader, step)
    (lead, inner, *kernel), read = reader.weight(step["weight"])
    rank, groups = len(shape) - 1, step.get("groups", 1)
    need_numbers(lead, inner, groups, *kernel)
    need_few(lead, *kernel)
    strides, dilations = (each(step.get(k, 1), rank) for k in ("stride", "dilation"))
    extras = [reader.size(e) for e in each(step.get("output_padding", 0), rank)]
    pads = _crops(reader, step, kernel, strides, dilations)
    out = [
        (n - 1) * s + d * (k - 1) + 1 - lo - hi + e
        for n, s, d, k, e, (lo, hi) in zip(
            shape[1:], strides, dilations, kernel, extras, pads, strict=True
        )
    ]
    reader.require(*(n >= 1 for n in out), shape[0] == lead, lead % groups == 0)
    for e, s, d in zip(extras, strides, dilations, strict=True):
        reader.require(e >= 0, e < max(s, d))

    def back(path: Path) -> Iterator[Path]:
        group = div(path.index[0], inner) if groups > 1 else 0
        for c, taps in product(range(lead // groups), product(*map(range, kernel))):
            v = [
                o + lo - d * k
                for o, k, d, (lo, _) in zip(path.index[1:], taps, dilations, pads, strict=True)
            ]
            at = [div(x, s) for x, s in zip(v, strides, strict=True)]
            live = [rest(x, s) == 0 for x, s in zip(v, strides, strict=True) if s > 1]
            live += [c for x, n in zip(at, shape[1:], strict=True) for c in (x >= 0, x < n)]
            lead_index = group * (lead // groups) + c
            there = replace(path, index=(lead_index, *at)).under(*live)
            yield from read(there, (lead_index, rest(path.index[0], inner), *taps))

    return [inner * groups, *out], _biased(reader, step, inner * groups, back)


def _crops(reader: Reader, step: Text, kernel: Any, strides: Any, dilations: Any) -> list[Any]:
    padding = step.get("padding", 0)
    if padding not in ("same", "same_lower"):
        value = 0 if padding == "valid" else padding
        return [[reader.size(e) for e in pair] for pair in pairs(value, len(kernel))]
    if step.get("output_padding", 0) not in (0, [0] * len(kernel)):
        raise NotRead(f"padding {padding!r} takes no output_padding")
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    return [same_crop(padding, span, s) for span, s in zip(spans, strides, strict=True)]


def layer_pads(reader: Reader, step: Text, sizes: Any, kernel: Any) -> list[Any]:
    """The pads of a layer that slides forward, a pair for each axis."""
    padding = step.get("padding", 0)
    strides, dilations = (each(step.get(k, 1), len(sizes)) for k in ("stride", "dilation"))
    if padding in ("same", "same_lower"):
        return [
            same(padding, n, d * (k - 1) + 1, s)
            for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
        ]
    padding = 0 if padding == "valid" else padding
    return [[reader.size(e) for e in pair] for pair in pairs(padding, len(sizes))]


def outputs(
    reader: Reader,
    sizes: Any,
    kernel: Any,
    strides: Any,
    dilations: Any,
    pads: Any,
    ceil: bool = False,
) -> list[Any]:
    """How many outputs each axis has; there must be one at least."""
    out = []
    for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, pads, strict=True):
        room = n + lo + hi - d * (k - 1) - 1
        fitting = div(room + (s - 1) * ceil, s) + 1
        starts_behind = (fitting - 1) * s >= n + lo
        out.append(choose(starts_behind, fitting - 1, fitting) if ceil else fitting)
    reader.require(*(n >= 1 for n in out))
    return out


LAYERS: dict[str, Rule] = {
    "conv": conv,
    "max_conv": max_conv,
    "conv_as_kernel": conv_as_kernel,
    "conv_transpose": conv_transpose,
}
"""How each layer with a weight is read."""
