"""Layers as graphs of nodes: convolutions and poolings, read from their attributes.

Each reading registers itself; the room's ``__init__`` imports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symconv.claim import steps as st
from symconv.evaluation import text
from symconv.evaluation.graph import Node
from symconv.evaluation.moves import multiplied
from symconv.evaluation.reading import Reader, padded, read
from symconv.evaluation.text import require
from symconv.evaluation.windows import (
    averaged,
    biased,
    convolved,
    maximised,
    overlaid,
    pooled,
)


def _channels(x: Node, w: Node, groups: int, *, transposed: bool) -> None:
    require(len(w.shape) == len(x.shape) + 1, f"a weight {w.shape} meets data {x.shape}")
    expected = w.shape[0] if transposed else w.shape[1] * groups
    require(x.shape[0] == expected, f"{expected} channels are read, there are {x.shape[0]}")
    require(w.shape[0] % groups == 0, f"{w.shape[0]} is not divisible into {groups} groups")


def _figures(step: Any, kernel: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Strides, dilations and spans."""
    rank = len(kernel)
    strides = text.per_axis(kernel if step.stride is None else tuple_of(step.stride), rank)
    dilations = text.per_axis(tuple_of(getattr(step, "dilation", 1)), rank)
    require(min(*strides, *dilations) >= 1, "a stride or a dilation below 1")
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True))
    return tuple(strides), tuple(dilations), spans


def tuple_of(value: Any) -> Any:
    """Lists as tuples."""
    return tuple(value) if isinstance(value, list) else value


@read.register
def _(step: st.ConvStep, x: Node, reader: Reader) -> Node:
    w = reader.weight(step.weight)
    _channels(x, w, step.groups, transposed=False)
    x, axes = _slid(step, x, w.shape[2:], reader)
    y = convolved(reader.world, x, w, axes, step.groups, transposed=False)
    return y if step.bias is None else _with_bias(y, step.bias, reader)


def _slid(
    step: st.ConvStep, x: Node, kernel: Sequence[int], reader: Reader
) -> tuple[Node, list[text.Axis]]:
    """The data behind pads that are not zeros, and the window's axes on it."""
    strides, dilations, spans = _figures(step, kernel)
    padding = text.pads(step.padding, x.shape[1:], spans, strides)
    fill = text.finite(step.padding_value)
    if step.padding_mode != "zeros" or fill != 0:
        x = padded(x, ((0, 0), *padding), step.padding_mode, fill, reader)
        padding = [(0, 0)] * len(kernel)
    return x, text.forward(x.shape[1:], kernel, strides, dilations, padding)


def _with_bias(y: Node, name: str, reader: Reader) -> Node:
    bias = reader.weight(name)
    require(bias.shape == y.shape[:1], f"a bias {bias.shape} meets {y.shape[0]} channels")
    return biased(reader.world, y, bias)


@read.register
def _(step: st.ConvTransposeStep, x: Node, reader: Reader) -> Node:
    w = reader.weight(step.weight)
    _channels(x, w, step.groups, transposed=True)
    kernel, rank = w.shape[2:], len(w.shape) - 2
    strides, dilations, spans = _figures(step, kernel)
    extras = text.per_axis(step.output_padding, rank)
    axes = []
    for n, k, s, d, span, (lo, hi), more in zip(
        x.shape[1:],
        kernel,
        strides,
        dilations,
        spans,
        text.crops(step.padding, spans, strides),
        extras,
        strict=True,
    ):
        outputs = (n - 1) * s + span - lo - hi + more
        require(outputs >= 1, f"a crop {lo, hi} leaves nothing")
        axes.append(text.Axis(n, k, outputs, 1, d, span - 1 - lo, s, reversed=True))
    y = convolved(reader.world, x, w, axes, step.groups, transposed=True)
    return y if step.bias is None else _with_bias(y, step.bias, reader)


@read.register
def _(step: st.KernelConvStep, x: Node, reader: Reader) -> Node:
    w = reader.weight(step.weight)
    _channels(x, w, 1, transposed=False)
    strides, dilations, _ = _figures(step, x.shape[1:])
    padding = text.pads(step.padding, w.shape[2:], x.shape[1:], strides)
    axes = text.forward(w.shape[2:], x.shape[1:], strides, dilations, padding)
    return overlaid(reader.world, x, w, axes)


@read.register
def _(step: st.MaxConvStep, x: Node, reader: Reader) -> Node:
    w = reader.weight(step.weight)
    require(w.degree == 0, f"{step.weight!r} is not constant")
    _channels(x, w, step.groups, transposed=False)
    strides, dilations, spans = _figures(step, w.shape[2:])
    padding = text.pads(step.padding, x.shape[1:], spans, strides)
    axes = text.forward(x.shape[1:], w.shape[2:], strides, dilations, padding)
    return maximised(reader.world, x, w, axes, step.groups)


Pads = list[tuple[int, int]]


def _pool(step: Any, x: Node) -> tuple[list[text.Axis], Pads]:
    kernel = text.per_axis(step.kernel_size, len(x.shape) - 1)
    strides, dilations, spans = _figures(step, kernel)
    padding = text.pads(step.padding, x.shape[1:], spans, strides)
    ceil = bool(step.ceil_mode)
    return text.pooling(x.shape[1:], kernel, strides, dilations, padding, ceil=ceil), padding


@read.register
def _(step: st.MaxPoolStep, x: Node, reader: Reader) -> Node:
    return pooled(reader.world, x, _pool(step, x)[0], maximum=True)


@read.register
def _(step: st.AvgPoolStep, x: Node, reader: Reader) -> Node:
    axes, padding = _pool(step, x)
    if step.divisor_override is not None:
        sums = pooled(reader.world, x, axes, maximum=False)
        return multiplied(reader.world, sums, Fraction(1, step.divisor_override))
    figures = zip(axes, x.shape[1:], padding, strict=True)
    included = bool(step.count_include_pad)
    rows = [text.counts(axis, n, pair, with_pads=included) for axis, n, pair in figures]
    return averaged(reader.world, x, axes, rows)


def _adaptive(step: st.AdaptivePooling, x: Node) -> list[text.AdaptiveAxis]:
    every = zip(x.shape[1:], text.per_axis(step.output_size, len(x.shape) - 1), strict=True)
    return [text.AdaptiveAxis(n, n if outputs is None else outputs) for n, outputs in every]


@read.register
def _(step: st.AdaptiveMaxPoolStep, x: Node, reader: Reader) -> Node:
    return pooled(reader.world, x, _adaptive(step, x), maximum=True)


@read.register
def _(step: st.AdaptiveAvgPoolStep, x: Node, reader: Reader) -> Node:
    axes = _adaptive(step, x)
    return averaged(reader.world, x, axes, [axis.counts() for axis in axes])
