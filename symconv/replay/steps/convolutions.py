"""Layers with a weight, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.claim import steps as st
from symconv.layer import Conv, ConvTranspose
from symconv.machine.caches import cached
from symconv.replay.convolutions import Array, correlate, max_over_live, numbers, padded, scattered
from symconv.replay.literals import NUMPY_MODES, literal, options, pads_of
from symconv.replay.pools import roomy
from symconv.replay.steps.base import Weights, Writer, exact, expression, run


def _as_conv(step: st.ConvStep | st.MaxConvStep, w: Array) -> Conv:
    """The step's layer, its channels and kernel read off the weight."""
    return _conv_of_shape(w.shape, step.stride, step.padding, step.dilation, step.groups)


@cached(most=512)
def _conv_of_shape(
    shape: tuple[int, ...], stride: Any, padding: Any, dilation: Any, groups: int
) -> Conv:
    """The layer of these numbers: a search for a counterexample runs one claim many times."""
    lead, second, *kernel = shape
    return Conv(second * groups, lead, tuple(kernel), stride, padding, dilation, groups)


def _biased(y: Array, bias: str | None, weights: Weights) -> Array:
    return y if bias is None else y + weights(bias).reshape(-1, *[1] * (y.ndim - 1))


def _with_bias(y: str, bias: str | None, to: Writer) -> str:
    return y if bias is None else f"{to.call('biased')}({y}, {to.weight(bias)})"


@run.register
def _(step: st.ConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = _as_conv(step, w)
    pads, strides, dilations = numbers(layer, x.shape)
    x = padded(x, [(0, 0), *pads], step.padding_mode, exact(step.padding_value))
    return _biased(correlate(x, w, strides, dilations, step.groups), step.bias, weights)


@expression.register
def _(step: st.ConvStep, to: Writer, x: str) -> str:
    told = options(
        stride=(step.stride, 1),
        pads=(pads_of(step.padding), 0),
        dilation=(step.dilation, 1),
        groups=(step.groups, 1),
        value=(literal(step.padding_value), "0"),
        mode=(NUMPY_MODES[step.padding_mode], "constant"),
    )
    return _with_bias(f"{to.call('conv')}({x}, {to.weight(step.weight)}{told})", step.bias, to)


@run.register
def _(step: st.ConvTransposeStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = ConvTranspose(
        w.shape[0],
        w.shape[1] * step.groups,
        w.shape[2:],
        step.stride,
        step.padding,
        step.output_padding,
        step.groups,
        dilation=step.dilation,
    )
    return _biased(scattered(x, w, layer), step.bias, weights)


@expression.register
def _(step: st.ConvTransposeStep, to: Writer, x: str) -> str:
    told = options(
        stride=(step.stride, 1),
        pads=(pads_of(step.padding), 0),
        extra=(step.output_padding, 0),
        dilation=(step.dilation, 1),
        groups=(step.groups, 1),
    )
    called = f"{to.call('conv_transpose')}({x}, {to.weight(step.weight)}{told})"
    return _with_bias(called, step.bias, to)


@run.register
def _(step: st.KernelConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = Conv(len(x), 1, x.shape[1:], step.stride, step.padding, step.dilation)
    shape = (len(w), *layer.output_size(w.shape[2:]))
    pads, strides, dilations = numbers(layer, w[0].shape)
    samples = padded(w, [(0, 0), (0, 0), *pads], "zeros", 0)
    rows = [correlate(row, x[None], strides, dilations, 1) for row in samples]
    return np.concatenate(rows).reshape(shape)


@expression.register
def _(step: st.KernelConvStep, to: Writer, x: str) -> str:
    told = options(
        stride=(step.stride, 1), pads=(pads_of(step.padding), 0), dilation=(step.dilation, 1)
    )
    return f"{to.call('conv_as_kernel')}({x}, {to.weight(step.weight)}{told})"


@run.register
def _(step: st.MaxConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = _as_conv(step, w)
    pads, strides, dilations = numbers(layer, x.shape)
    x = padded(roomy(x), [(0, 0), *pads], "zeros", float("-inf"))
    per_group = w.shape[0] // step.groups
    rows = []
    for m, taps in enumerate(w):
        first = (m // per_group) * w.shape[1]
        rows.append(max_over_live(x[first : first + w.shape[1]], taps, strides, dilations))
    return np.stack(rows)


@expression.register
def _(step: st.MaxConvStep, to: Writer, x: str) -> str:
    told = options(
        stride=(step.stride, 1),
        pads=(pads_of(step.padding), 0),
        dilation=(step.dilation, 1),
        groups=(step.groups, 1),
    )
    return f"{to.call('max_conv')}({x}, {to.weight(step.weight)}{told})"
