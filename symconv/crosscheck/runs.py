"""The two runs that a cross-check compares, by one framework's own verbs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm, prod
from typing import Any

import numpy as np

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.crosscheck.backends import Array, Backend, NumpyBackend
from symconv.errors import InputError
from symconv.expand import Expansion
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.layer.padding import Pair, same_crop, same_pair

LARGEST_MULTIPLE = 2**30
"""Times 9 for an input's values and a window of up to 2**19 samples this stays below 2**53."""


def integers(e: Expansion, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input, weight (ones for a pooling) and bias; an average's input is a multiple of divisors."""
    rng, layer = np.random.default_rng(seed), e.original
    x = rng.integers(-9, 10, (layer.in_channels, *e.input_size))
    if not isinstance(layer, Conv | ConvTranspose):
        return x * _multiple(e), np.ones(e.weight_shape), np.zeros(layer.out_channels)
    bias = rng.integers(-9, 10, layer.out_channels) * layer.bias
    return x, rng.integers(-9, 10, e.weight_shape), bias


def _multiple(e: Expansion) -> int:
    """A number that all windows of an average pooling divide, so that their quotients are exact.

    Where it would leave double precision it is 1: both runs then round the same quotient.
    """
    if not isinstance(e.original, AvgPool):
        return 1
    scales = e.original.scales(e.input_size)
    multiple = prod(lcm(*(f.denominator for f in axis)) for axis in scales)
    return multiple if multiple < LARGEST_MULTIPLE else 1


def strided(
    run: Backend, e: Expansion, x: Array, w: np.ndarray, bias: np.ndarray
) -> tuple[Array, str]:
    """The layer as it is, by the framework's own layer, and how that was asked for."""
    whole = run.whole_layer(e.original, x, run.array(w), run.array(bias))
    if whole is not None:
        return whole, f"{run.name}'s own {e.original.op}"
    y = _strided(run, e, x, run.array(w))
    return y + _column(run, bias, len(e.input_size)), f"{run.name}, padded in a step of its own"


def _strided(run: Backend, e: Expansion, x: Array, w: Array) -> Array:
    """The layer without its bias, padding apart."""
    layer, rank = e.original, len(e.input_size)
    if isinstance(layer, ConvTranspose):
        full = run.conv_transpose(x, w, layer)
        return run.pad(full, _crops(layer, full.shape[1:], e.input_size), "zeros", 0.0)
    stride = layer.per_axis("stride", rank)
    if isinstance(layer, Conv):
        value = float(Fraction(layer.padding_value))
        padded = run.pad(x, _pads(layer, e), layer.padding_mode, value)
        return run.conv(padded, w, stride, layer.per_axis("dilation", rank), layer.groups)
    fill = float("-inf") if isinstance(layer, MaxPool) else 0.0
    padded = run.pad(run.pad(x, _pads(layer, e), "zeros", fill), _overhang(layer, e), "zeros", fill)
    if isinstance(layer, MaxPool):
        return run.max_pool(padded, layer)
    dilations = layer.per_axis("dilation", rank)
    return run.conv(padded, w, stride, dilations, layer.channels) / run.array(divisors(layer, e))


def _column(run: Backend, bias: np.ndarray, rank: int) -> Array:
    return run.array(bias.reshape(-1, *[1] * rank))


def _spans(layer: AnyLayer, rank: int) -> list[int]:
    dilations = layer.per_axis("dilation", rank)
    kernel = layer.per_axis("kernel_size", rank)
    return [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]


def _pads(layer: AnyLayer, e: Expansion) -> list[Pair]:
    rank = len(e.input_size)
    named = zip(
        layer.per_axis("padding", rank),
        e.input_size,
        _spans(layer, rank),
        layer.per_axis("stride", rank),
        strict=True,
    )
    return [same_pair(p, n, span, s) if isinstance(p, str) else p for p, n, span, s in named]


def _crops(layer: ConvTranspose, full: Sequence[int], size: Sequence[int]) -> list[Pair]:
    rank = len(size)
    crops = []
    for padding, span, s, extra in zip(
        layer.per_axis("padding", rank),
        _spans(layer, rank),
        layer.per_axis("stride", rank),
        layer.per_axis("output_padding", rank),
        strict=True,
    ):
        lo, hi = same_crop(padding, span, s) if isinstance(padding, str) else padding
        crops.append((-lo, extra - hi))
    return crops


def _overhang(layer: AnyLayer, e: Expansion) -> list[Pair]:
    """What the last window of a pooling with ``ceil_mode`` lacks at the end."""
    rank = len(e.input_size)
    return [
        (0, (o - 1) * s + span - (n + lo + hi))
        for o, s, span, n, (lo, hi) in zip(
            e.output_size,
            layer.per_axis("stride", rank),
            _spans(layer, rank),
            e.input_size,
            _pads(layer, e),
            strict=True,
        )
    ]


def divisors(layer: AvgPool, e: Expansion) -> np.ndarray:
    """What divides each window: how many samples it counts, by pooling an array of ones."""
    run, rank = NumpyBackend(), len(e.input_size)
    if layer.divisor_override is not None:
        return np.full((1, *e.output_size), float(layer.divisor_override))
    include = float(layer.count_include_pad)
    ones = run.pad(np.ones((1, *e.input_size)), _pads(layer, e), "zeros", include)
    whole = run.pad(ones, _overhang(layer, e), "zeros", 0.0)
    kernel = np.ones((1, 1, *layer.per_axis("kernel_size", rank)))
    strides, dilations = layer.per_axis("stride", rank), layer.per_axis("dilation", rank)
    return np.asarray(run.conv(whole, kernel, strides, dilations, 1))


def stride_free(run: Backend, e: Expansion, x: Array, w: np.ndarray, bias: np.ndarray) -> Array:
    """Phases of the input, the expanded layer, and its output put together again."""
    layer, rank = e.layer, len(e.input_size)
    x = _moved(run, x, e.input_map)
    fill = float("-inf") if layer.monoid == "max" else 0.0
    x = run.pad(x, [(axis.lo, axis.hi) for axis in e.axes], "zeros", fill)
    kernel = e.expand_weight(w)
    if layer.monoid == "max":
        y = _max_over_live(run, x, kernel, e)
    else:
        y = run.conv(x, run.array(kernel), e.residual_stride, _dilation(e), layer.groups)
    copies = prod(e.factor_out)
    y = y + _column(run, _tied_bias(bias, copies, e), rank)
    y = _moved(run, y, [step for step in e.output_map if not isinstance(step, st.Scale)])
    if isinstance(e.original, AvgPool):
        return y / run.array(divisors(e.original, e))
    return y


def _tied_bias(bias: np.ndarray, copies: int, e: Expansion) -> np.ndarray:
    if e.order == "channel":
        return np.repeat(bias, copies)
    return np.concatenate([np.tile(part, copies) for part in np.split(bias, e.groups)])


def _max_over_live(run: Backend, x: Array, kernel: np.ndarray, e: Expansion) -> Array:
    """The maximum over live taps, by slices; every channel is a group of its own."""
    inner = kernel.shape[1]
    rows = []
    for m, taps in enumerate(kernel):
        first = m // (len(kernel) // e.groups) * inner
        row = None
        for c, part in _live(taps, x.shape[1:], e):
            seen = x[(slice(first + c, first + c + 1), *part)]
            row = seen if row is None else run.maximum(row, seen)
        rows.append(row)
    return _stacked(run, rows)


def _dilation(e: Expansion) -> tuple[int, ...]:
    return e.layer.per_axis("dilation", len(e.input_size))


def _live(
    taps: np.ndarray, size: Sequence[int], e: Expansion
) -> Iterator[tuple[int, tuple[slice, ...]]]:
    for place in np.argwhere(taps != 0).tolist():
        c, *tap = place
        yield (
            c,
            tuple(
                slice(d * k, n - d * (width - 1 - k), s)
                for k, n, width, s, d in zip(
                    tap, size, taps.shape[1:], e.residual_stride, _dilation(e), strict=True
                )
            ),
        )


def _stacked(run: Backend, rows: list[Any]) -> Array:
    return run.array(np.concatenate([run.numpy(row) for row in rows]))


def _moved(run: Backend, x: Array, steps: Sequence[st.Step]) -> Array:
    """Pads, rearrangements and slices by the framework's own verbs."""
    for step in steps:
        if isinstance(step, st.Pad):
            value = float("-inf") if step.value == "-inf" else float(Fraction(str(step.value)))
            x = run.pad(x, step.padding[1:], step.mode, value)
        elif isinstance(step, st.Rearrange):
            x = _rearranged(run, x, step)
        elif isinstance(step, st.Slice):
            x = x[tuple(slice(*part) for part in step.slices)]
        else:
            raise InputError(f"a map of data holds no step {step.op!r}")
    return x


def _rearranged(run: Backend, x: Array, step: st.Rearrange) -> Array:
    pattern = read_pattern(step.pattern)
    sizes = pattern.factor_sizes(tuple(x.shape), dict(step.sizes))
    before, after = ([n for group in side for n in group] for side in (pattern.left, pattern.right))
    split = x.reshape([sizes[name] for name in before])
    merged = [prod(sizes[name] for name in group) for group in pattern.right]
    return run.permute(split, [before.index(name) for name in after]).reshape(merged)
