"""Pipelines run on NumPy arrays: maps of weights, and the replay of counterexamples.

Nothing here reads an access table: pads are ``numpy.pad``, a window is a strided slice a tap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import singledispatch
from math import prod
from typing import Any

import numpy as np

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.claim.verdict import Counterexample, Refuted
from symconv.errors import ClaimError
from symconv.layer import Conv, ConvTranspose
from symconv.layer.pointwise import named
from symconv.replay.convolutions import (
    Array,
    correlate,
    max_over_live,
    numbers,
    padded,
    scattered,
)
from symconv.replay.lattices import cosets, within
from symconv.replay.pools import (
    adapted,
    average,
    check_torch,
    maximum,
    mean,
    roomy,
    windows_of,
)
from symconv.size.numbers import Number, read_number

Weights = Callable[[str], Array]


def run_steps(steps: Sequence[st.Step], array: Array, weights: Weights | None = None) -> Array:
    """The array after all steps; ``weights`` gives a named tensor.

    >>> run_steps([st.Flip((0,)), st.Tile((2,))], np.array([1, 2])).tolist()
    [2, 1, 2, 1]
    """
    for step in steps:
        array = _run(step, array, weights or _no_weight)
    return array


def run_claim(claim: Claim, side: str, x: Array, tensors: Mapping[str, Array]) -> Array:
    """One side (``"left"`` or ``"right"``) of a claim on an input and its free weights."""

    def value(name: str) -> Array:
        weight = claim.weight(name)
        if weight.source is not None:
            return run_steps(weight.steps, value(weight.source), value)
        return tensors[name] if weight.fill is None else filled(weight)

    return run_steps(getattr(claim, side), x, value)


def filled(weight: Weight) -> Array:
    """A constant weight: one number everywhere, or one for each entry."""
    filled = np.empty(weight.shape or (), dtype=object)
    filled[...] = np.array(weight.fill, dtype=object)
    return np.asarray(np.frompyfunc(_number, 1, 1)(filled), dtype=object)


def assigned(claim: Claim, found: Counterexample) -> tuple[Array, dict[str, Array]]:
    """The counterexample's input and free weights: its values at its indices, and 0 elsewhere."""
    x = np.zeros(claim.input_shape, dtype=object)
    tensors = {
        name: np.zeros(weight.shape or (), dtype=object)
        for name, weight in claim.weights
        if weight.source is None and weight.fill is None
    }
    inputs, weights = found.input_entries(), found.weight_entries()
    for index, value in inputs:
        x[index] = value
    for name, index, value in weights:
        tensors[name][index] = value
    return x, tensors


def replay(refuted: Refuted) -> tuple[Any, Any]:
    """Both sides at the counterexample's output, run in NumPy on its one-hot input and weights.

    Raises:
        ClaimError: the two sides differ in shape, so there is no output to compare.

    >>> from symconv import check
    >>> replay(check({"input": {"channels": 1, "size": [4]}, "right": [],
    ...               "left": [{"op": "flip", "axes": [1]}]}))
    (0, 1)
    """
    refuted = refuted.at_size()
    found = refuted.counterexample
    if found.left_shape is not None:
        raise ClaimError(f"nothing to replay: {found.sentence()}")
    x, tensors = assigned(refuted.claim, found)
    left, right = (run_claim(refuted.claim, side, x, tensors) for side in ("left", "right"))
    return left[found.output], right[found.output]


def _no_weight(name: str) -> Array:
    raise ClaimError(f"a map of one tensor cannot use the weight {name!r}")


def _number(value: Number) -> int | float | Fraction:
    exact = read_number(value)
    if exact is None:
        return float("-inf")
    return int(exact) if exact.denominator == 1 else exact


@singledispatch
def _run(step: st.Step, x: Array, weights: Weights) -> Array:
    raise ClaimError(f"step {step.op!r} cannot be run on arrays")


@_run.register
def _(step: st.Rearrange, x: Array, weights: Weights) -> Array:
    pattern = read_pattern(step.pattern)
    sizes = pattern.factor_sizes(x.shape, dict(step.sizes))
    before = [name for group in pattern.left for name in group]
    after = [name for group in pattern.right for name in group]
    split = x.reshape([sizes[name] for name in before])
    merged = [prod(sizes[name] for name in group) for group in pattern.right]
    return split.transpose([before.index(name) for name in after]).reshape(merged)


@_run.register
def _(step: st.Pad, x: Array, weights: Weights) -> Array:
    return padded(x, step.padding, step.mode, _number(step.value))


@_run.register
def _(step: st.Slice, x: Array, weights: Weights) -> Array:
    return x[tuple(slice(*part) for part in step.slices)]


@_run.register
def _(step: st.Flip, x: Array, weights: Weights) -> Array:
    return np.flip(x, step.axes)


@_run.register
def _(step: st.Dilate, x: Array, weights: Weights) -> Array:
    spread = np.zeros(
        [f * (n - 1) + 1 for n, f in zip(x.shape, step.dilation, strict=True)], x.dtype
    )
    spread[tuple(slice(None, None, factor) for factor in step.dilation)] = x
    return spread


@_run.register
def _(step: st.Tile, x: Array, weights: Weights) -> Array:
    return np.tile(x, step.repeats)


@_run.register
def _(step: st.Repeat, x: Array, weights: Weights) -> Array:
    return np.repeat(x, step.count, step.axis)


@_run.register
def _(step: st.Split, x: Array, weights: Weights) -> Array:
    sizes = step.sizes
    if isinstance(sizes, int):
        return x.take(range(sizes * step.part, min(sizes * (step.part + 1), x.shape[step.axis])),
                      step.axis)  # fmt: skip
    return np.split(x, np.cumsum(sizes)[:-1], step.axis)[step.part]


@_run.register
def _(step: st.Pointwise, x: Array, weights: Weights) -> Array:
    return named(step.function)(x)


@_run.register
def _(step: st.Transpose, x: Array, weights: Weights) -> Array:
    return x.transpose(step.axes)


@_run.register
def _(step: st.ReadCosets, x: Array, weights: Weights) -> Array:
    return cosets(x, step.matrix, step.representatives, step.start, step.size)


@_run.register
def _(step: st.Within, x: Array, weights: Weights) -> Array:
    return within(x, step.matrix, step.start, step.size)


@_run.register
def _(step: st.Scale, x: Array, weights: Weights) -> Array:
    return _multiplied(x, step.factors)


@_run.register
def _(step: st.ScaleAll, x: Array, weights: Weights) -> Array:
    return np.asarray(x.astype(object) * _number(step.factor))


@_run.register
def _(step: st.Mask, x: Array, weights: Weights) -> Array:
    return _multiplied(x, step.keep)


def _multiplied(x: Array, factors: Sequence[Sequence[Number] | None]) -> Array:
    for axis, values in enumerate(factors):
        if values is not None:
            shape = [1] * x.ndim
            shape[axis] = len(values)
            x = x * np.array([_number(v) for v in values], dtype=object).reshape(shape)
    return x


@_run.register
def _(step: st.ConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = _as_conv(step, w)
    pads, strides, dilations = numbers(layer, x)
    x = padded(x, [(0, 0), *pads], step.padding_mode, _number(step.padding_value))
    return _biased(correlate(x, w, strides, dilations, step.groups), step.bias, weights)


@_run.register
def _(step: st.Add, x: Array, weights: Weights) -> Array:
    return np.asarray(sum(run_steps(branch, x, weights) for branch in step.branches))


@_run.register
def _(step: st.Subtract, x: Array, weights: Weights) -> Array:
    first, *others = (run_steps(branch, x, weights) for branch in step.branches)
    return np.asarray(first - sum(others))


@_run.register
def _(step: st.Concat, x: Array, weights: Weights) -> Array:
    return np.concatenate([run_steps(branch, x, weights) for branch in step.branches], step.axis)


def _as_conv(step: st.ConvStep | st.MaxConvStep, w: Array) -> Conv:
    """The step's layer, its channels and kernel read off the weight."""
    return Conv(
        w.shape[1] * step.groups, w.shape[0], w.shape[2:], step.stride, step.padding,
        step.dilation, step.groups,
    )  # fmt: skip


@_run.register
def _(step: st.MaxConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = _as_conv(step, w)
    pads, strides, dilations = numbers(layer, x)
    x = padded(roomy(x), [(0, 0), *pads], "zeros", float("-inf"))
    per_group = w.shape[0] // step.groups
    rows = []
    for m, taps in enumerate(w):
        first = (m // per_group) * w.shape[1]
        rows.append(max_over_live(x[first : first + w.shape[1]], taps, strides, dilations))
    return np.stack(rows)


@_run.register
def _(step: st.ConvTransposeStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = ConvTranspose(
        w.shape[0], w.shape[1] * step.groups, w.shape[2:], step.stride, step.padding,
        step.output_padding, step.groups, dilation=step.dilation,
    )  # fmt: skip
    return _biased(scattered(x, w, layer), step.bias, weights)


def _biased(y: Array, bias: str | None, weights: Weights) -> Array:
    return y if bias is None else y + weights(bias).reshape(-1, *[1] * (y.ndim - 1))


@_run.register
def _(step: st.KernelConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = Conv(len(x), 1, x.shape[1:], step.stride, step.padding, step.dilation)
    shape = (len(w), *layer.output_size(w.shape[2:]))
    pads, strides, dilations = numbers(layer, w[0])
    samples = padded(w, [(0, 0), (0, 0), *pads], "zeros", 0)
    rows = [correlate(row, x[None], strides, dilations, 1) for row in samples]
    return np.concatenate(rows).reshape(shape)


@_run.register
def _(step: st.MaxPoolStep, x: Array, weights: Weights) -> Array:
    check_torch(step, x.shape[1:])
    return maximum(x, windows_of(step, x.shape[1:]))


@_run.register
def _(step: st.AvgPoolStep, x: Array, weights: Weights) -> Array:
    check_torch(step, x.shape[1:])
    return average(x, windows_of(step, x.shape[1:]), step.count_include_pad)


@_run.register
def _(step: st.OnnxMaxPoolStep, x: Array, weights: Weights) -> Array:
    return maximum(x, windows_of(step, x.shape[1:]))


@_run.register
def _(step: st.OnnxAvgPoolStep, x: Array, weights: Weights) -> Array:
    windows = windows_of(step, x.shape[1:])
    return average(x, windows, step.count_include_pad, step.divisor_override)


@_run.register
def _(step: st.AdaptiveMaxPoolStep, x: Array, weights: Weights) -> Array:
    return adapted(roomy(x), step.output_size, lambda part, axis: np.asarray(part.max(axis)))


@_run.register
def _(step: st.AdaptiveAvgPoolStep, x: Array, weights: Weights) -> Array:
    return adapted(x.astype(object), step.output_size, mean)
