"""Convolutions of candidates: what they read, their shape beforehand, and one output alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from symconv.claim import steps as st
from symconv.layer import Conv
from symconv.replay.convolutions import numbers, padded
from symconv.size.numbers import read_number

Array = NDArray[Any]
Sizes = tuple[int, ...]
Pairs = list[tuple[int, int]]


def columns_of(step: st.ConvStep, x: Array, kernel: Sizes) -> Array:
    """What each output of a convolution reads: group, channel and tap, then the output's place."""
    rank, groups = x.ndim - 1, step.groups
    pads, strides, dilations = _geometry(step, x.shape, kernel)
    x = _padded(x, [(0, 0), *pads], step)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel[2:], dilations, strict=True)]
    windows = sliding_window_view(x, spans, tuple(range(1, rank + 1)))
    read = windows[(slice(None), *(slice(None, None, n) for n in (*strides, *dilations)))]
    out = read.shape[1 : rank + 1]
    # Channel, taps, positions; then the channels of each group with the taps in one axis.
    order = (0, *range(rank + 1, 2 * rank + 1), *range(1, rank + 1))
    return read.transpose(order).reshape(groups, kernel[1] * prod(kernel[2:]), *out)


def weighed(columns: Array, w: Array) -> Array:
    """A convolution as one product of matrices per group, which spares a call per tap."""
    groups, reads, *out = columns.shape
    flat = columns.reshape(groups, reads, prod(out))
    y = np.matmul(w.reshape(groups, len(w) // groups, -1), flat)
    return np.asarray(y.reshape(len(w), *out))


def output_at(step: st.ConvStep, x: Array, w: Array, place: Sizes) -> Array:
    """One output of a convolution padded by zeros, of every channel, without its bias.

    Of each axis those taps are read that meet a sample, which are neighbours.
    """
    pads, strides, dilations = _geometry(step, x.shape, w.shape)
    samples, taps = [], []
    for o, n, k, (lo, _), s, d in zip(
        place, x.shape[1:], w.shape[2:], pads, strides, dilations, strict=True
    ):
        start = s * o - lo
        first, last = max(0, -(start // d)), min(k, -((start - n) // d))
        samples.append(slice(start + d * first, max(start + d * (last - 1) + 1, 0), d))
        taps.append(slice(first, max(last, first)))
    read = x[(slice(None), *samples)].reshape(step.groups, -1, 1)
    kernel = w[(slice(None), slice(None), *taps)].reshape(step.groups, len(w) // step.groups, -1)
    return np.asarray(np.matmul(kernel, read).reshape(-1))


@lru_cache(maxsize=4096)
def shape_after(step: st.ConvStep, read: Sizes, kernel: Sizes) -> Sizes:
    """The shape of what a convolution gives of a tensor and a kernel of these shapes."""
    pads, strides, dilations = _geometry(step, read, kernel)
    axes = zip(read[1:], pads, kernel[2:], strides, dilations, strict=True)
    sizes = ((n + lo + hi - d * (k - 1) - 1) // s + 1 for n, (lo, hi), k, s, d in axes)
    return (kernel[0], *sizes)


@lru_cache(maxsize=4096)
def _geometry(step: st.ConvStep, read: Sizes, kernel: Sizes) -> tuple[Pairs, Sizes, Sizes]:
    """Pads, strides and dilations of a convolution that reads this shape by this kernel's."""
    layer = Conv(
        kernel[1] * step.groups,
        kernel[0],
        kernel[2:],
        step.stride,
        step.padding,
        step.dilation,
        step.groups,
    )
    return numbers(layer, read)


def _padded(x: Array, pads: Sequence[tuple[int, int]], step: st.ConvStep) -> Array:
    """The padded input; for pads of one number without `numpy.pad`, which is slow on small ones."""
    if step.padding_mode != "zeros":
        return padded(x, pads, step.padding_mode, 0)
    value = read_number(step.padding_value)
    fill = float("-inf") if value is None else float(value)
    grown = np.full([n + lo + hi for n, (lo, hi) in zip(x.shape, pads, strict=True)], fill)
    ends = list(zip(x.shape, pads, strict=True))
    to = tuple(slice(max(lo, 0), n + lo + min(hi, 0)) for n, (lo, hi) in ends)
    of = tuple(slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in ends)
    grown[to] = x[of]
    return grown
