"""Poolings, in NumPy."""

from __future__ import annotations

import numpy as np

from symconv.claim import steps as st
from symconv.replay.convolutions import Array
from symconv.replay.literals import options, pads_of
from symconv.replay.pools import adapted, average, maximum, mean, roomy, windows_of
from symconv.replay.steps.base import Weights, Writer, expression, run


@run.register
def _(step: st.MaxPoolStep, x: Array, weights: Weights) -> Array:
    return maximum(x, windows_of(step, x.shape[1:]))


@expression.register
def _(step: st.MaxPoolStep, to: Writer, x: str) -> str:
    told = options(
        stride=(step.stride, None),
        pads=(pads_of(step.padding), 0),
        dilation=(step.dilation, 1),
        ceil=(step.ceil_mode, False),
    )
    return f"{to.call('max_pool')}({x}, {step.kernel_size}{told})"


@run.register
def _(step: st.AvgPoolStep, x: Array, weights: Weights) -> Array:
    windows = windows_of(step, x.shape[1:])
    return average(x, windows, step.count_include_pad, step.divisor_override)


@expression.register
def _(step: st.AvgPoolStep, to: Writer, x: str) -> str:
    told = options(
        stride=(step.stride, None),
        pads=(pads_of(step.padding), 0),
        ceil=(step.ceil_mode, False),
        include=(step.count_include_pad, True),
        dilation=(step.dilation, 1),
        over=(step.divisor_override, None),
    )
    return f"{to.call('avg_pool')}({x}, {step.kernel_size}{told})"


@run.register
def _(step: st.AdaptiveMaxPoolStep, x: Array, weights: Weights) -> Array:
    return adapted(roomy(x), step.output_size, lambda part, axis: np.asarray(part.max(axis)))


@expression.register
def _(step: st.AdaptiveMaxPoolStep, to: Writer, x: str) -> str:
    return f"{to.call('adaptive')}({x}, {step.output_size}, np.max)"


@run.register
def _(step: st.AdaptiveAvgPoolStep, x: Array, weights: Weights) -> Array:
    return adapted(x.astype(object), step.output_size, mean)


@expression.register
def _(step: st.AdaptiveAvgPoolStep, to: Writer, x: str) -> str:
    return f"{to.call('adaptive')}({x}, {step.output_size}, {to.call('mean')})"
