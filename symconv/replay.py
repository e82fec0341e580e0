"""Pipelines run on NumPy arrays: maps of weights, and the replay of counterexamples.

Nothing here reads an access table: pads are ``numpy.pad``, a window is a strided slice a tap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import singledispatch
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv import steps as st
from symconv.claim import Claim
from symconv.errors import ClaimError
from symconv.layer import AvgPool, Conv, ConvTranspose, Layer, MaxPool
from symconv.padding import same_crop, same_pair
from symconv.pointwise import named
from symconv.rearrange import read_pattern
from symconv.verdict import Counterexample, Refuted

Array = NDArray[Any]
Weights = Callable[[str], Array]
_NUMPY_MODE = {"reflect": "reflect", "replicate": "edge"}


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
        if weight.fill is None:
            return tensors[name]
        filled = np.empty(weight.shape or (), dtype=object)
        filled[...] = _number(weight.fill)
        return filled

    return run_steps(getattr(claim, side), x, value)


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


def _number(value: st.Number) -> int | float | Fraction:
    exact = st.read_number(value)
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
    return _padded(x, step.padding, step.mode, _number(step.value))


def _padded(x: Array, pads: Sequence[tuple[int, int]], mode: str, value: Any) -> Array:
    """Grow by the positive pads, then crop by the negative ones."""
    grow = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
    if mode == "circular":
        # What wraps round is the signal that the crop has left.
        return np.pad(x[_crop_before(x.shape, pads)], grow, mode="wrap")
    if mode == "zeros":
        if value not in (0, 1) and x.dtype != object:
            x = x.astype(np.result_type(x.dtype, np.array(value).dtype))
        padded = np.pad(x, grow, constant_values=value)
    else:
        padded = np.pad(x, grow, mode=_NUMPY_MODE[mode])  # type: ignore[call-overload]
    return padded[_crop_after(x.shape, pads)]


def _crop_before(shape: Sequence[int], pads: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    return tuple(
        slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in zip(shape, pads, strict=True)
    )


def _crop_after(shape: Sequence[int], pads: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    return tuple(
        slice(max(-lo, 0), n + max(lo, 0) + hi) for n, (lo, hi) in zip(shape, pads, strict=True)
    )


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
def _(step: st.Scale, x: Array, weights: Weights) -> Array:
    return _multiplied(x, step.factors)


@_run.register
def _(step: st.Mask, x: Array, weights: Weights) -> Array:
    return _multiplied(x, step.keep)


def _multiplied(x: Array, factors: Sequence[Sequence[st.Number] | None]) -> Array:
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
    pads, strides, dilations = _numbers(layer, x)
    padded = _padded(x, [(0, 0), *pads], step.padding_mode, _number(step.padding_value))
    return _biased(_correlate(padded, w, strides, dilations, step.groups), step.bias, weights)


@_run.register
def _(step: st.Add, x: Array, weights: Weights) -> Array:
    return np.asarray(sum(run_steps(branch, x, weights) for branch in step.branches))


@_run.register
def _(step: st.Concat, x: Array, weights: Weights) -> Array:
    return np.concatenate([run_steps(branch, x, weights) for branch in step.branches], step.axis)


def _as_conv(step: st.ConvStep | st.MaxConvStep, w: Array) -> Conv:
    """The step's layer, its channels and kernel read off the weight."""
    return Conv(
        w.shape[1] * step.groups, w.shape[0], w.shape[2:], step.stride, step.padding,
        step.dilation, step.groups,
    )  # fmt: skip


def _roomy(x: Array) -> Array:
    """An array that can hold -inf beside its numbers."""
    return x if x.dtype.kind == "f" else x.astype(object)


@_run.register
def _(step: st.MaxConvStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = _as_conv(step, w)
    pads, strides, dilations = _numbers(layer, x)
    x = _padded(_roomy(x), [(0, 0), *pads], "zeros", float("-inf"))
    per_group = w.shape[0] // step.groups
    rows = []
    for m, taps in enumerate(w):
        first = (m // per_group) * w.shape[1]
        rows.append(_max_over_live(x[first : first + w.shape[1]], taps, strides, dilations))
    return np.stack(rows)


def _max_over_live(
    x: Array, taps: Array, strides: Sequence[int], dilations: Sequence[int]
) -> Array:
    """The maximum over the taps that are not zero; -inf where there is none."""
    kernel = taps.shape[1:]
    windows = {tap: _tap_slice(x.shape[1:], kernel, tap, strides, dilations)
               for tap in product(*map(range, kernel))}  # fmt: skip
    highest = np.full(x[0][windows[(0,) * len(kernel)]].shape, float("-inf"), dtype=x.dtype)
    for tap, part in windows.items():
        for channel in np.flatnonzero(_at_tap(taps, tap) != 0):
            highest = np.maximum(highest, x[channel][part])
    return highest


@_run.register
def _(step: st.ConvTransposeStep, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    layer = ConvTranspose(
        w.shape[0], w.shape[1] * step.groups, w.shape[2:], step.stride, step.padding,
        step.output_padding, step.groups, dilation=step.dilation,
    )  # fmt: skip
    return _biased(_scattered(x, w, layer), step.bias, weights)


def _scattered(x: Array, w: Array, layer: ConvTranspose) -> Array:
    """Each input adds its kernel to the output, which is then cropped: the definition."""
    rank = x.ndim - 1
    strides, dilations = layer.per_axis("stride", rank), layer.per_axis("dilation", rank)
    spans = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
    full = [(n - 1) * s + span for n, s, span in zip(x.shape[1:], strides, spans, strict=True)]
    y = np.zeros((layer.out_channels, *full), dtype=np.result_type(x, w))
    for tap in product(*map(range, w.shape[2:])):
        place = tuple(
            slice(d * k, d * k + (n - 1) * s + 1, s)
            for n, s, d, k in zip(x.shape[1:], strides, dilations, tap, strict=True)
        )
        y[(slice(None), *place)] += _tap_product(x, _at_tap(w, tap), layer.groups)
    named = layer.per_axis("padding", rank)
    crops = [
        same_crop(p, span, s) if isinstance(p, str) else p
        for p, span, s in zip(named, spans, strides, strict=True)
    ]
    extra = layer.per_axis("output_padding", rank)
    pads = [(-lo, more - hi) for (lo, hi), more in zip(crops, extra, strict=True)]
    return _padded(y, [(0, 0), *pads], "zeros", 0)


def _tap_product(x: Array, w: Array, groups: int) -> Array:
    """What one tap adds: for each group, its ``(C, M)`` matrix applied to the channels."""
    inner = len(x) // groups
    parts = [slice(g * inner, (g + 1) * inner) for g in range(groups)]
    return np.concatenate([np.tensordot(w[part].T, x[part], 1) for part in parts])


def _biased(y: Array, bias: str | None, weights: Weights) -> Array:
    return y if bias is None else y + weights(bias).reshape(-1, *[1] * (y.ndim - 1))


@_run.register
def _(step: st.MaxPoolStep, x: Array, weights: Weights) -> Array:
    layer = MaxPool(
        step.kernel_size, step.stride, step.padding, step.ceil_mode, dilation=step.dilation
    )
    windows = _pool_windows(_roomy(x), layer, float("-inf"), float("-inf"))
    return np.asarray(np.maximum.reduce(windows))


@_run.register
def _(step: st.AvgPoolStep, x: Array, weights: Weights) -> Array:
    layer = AvgPool(
        step.kernel_size, step.stride, step.padding, step.ceil_mode,
        count_include_pad=step.count_include_pad,
    )  # fmt: skip
    sums = sum(_pool_windows(x.astype(object), layer, 0, 0))
    counted = np.ones(x.shape, dtype=object)
    counts = sum(_pool_windows(counted, layer, int(layer.count_include_pad), 0))
    return np.asarray(sums * np.vectorize(lambda n: Fraction(1, int(n)), otypes=[object])(counts))


def _pool_windows(x: Array, layer: MaxPool | AvgPool, fill: Any, beyond: Any) -> list[Array]:
    """What each tap reads for all outputs; a window cut off by the padding reads ``beyond`` it."""
    pads, strides, dilations = _numbers(layer, x)
    rank = x.ndim - 1
    kernel, out = layer.per_axis("kernel_size", rank), layer.output_size(x.shape[1:])
    padded = _padded(x, [(0, 0), *pads], "zeros", fill)
    ends = [
        (o - 1) * s + d * (k - 1) + 1
        for o, s, d, k in zip(out, strides, dilations, kernel, strict=True)
    ]
    fitted = [(0, end - n) for end, n in zip(ends, padded.shape[1:], strict=True)]
    padded = _padded(padded, [(0, 0), *fitted], "zeros", beyond)
    return [
        padded[(slice(None), *_tap_slice(padded.shape[1:], kernel, tap, strides, dilations))]
        for tap in product(*map(range, kernel))
    ]


def _numbers(
    layer: Layer, x: Array
) -> tuple[list[tuple[int, int]], tuple[int, ...], tuple[int, ...]]:
    """Pads, strides and dilations, one an axis."""
    rank = x.ndim - 1
    strides = layer.per_axis("stride", rank)
    dilations = layer.per_axis("dilation", rank) if hasattr(layer, "dilation") else (1,) * rank
    spans = [
        d * (k - 1) + 1 for k, d in zip(layer.per_axis("kernel_size", rank), dilations, strict=True)
    ]
    named = zip(layer.per_axis("padding", rank), x.shape[1:], spans, strides, strict=True)
    pads = [same_pair(p, n, span, s) if isinstance(p, str) else p for p, n, span, s in named]
    return pads, strides, dilations


def _tap_slice(
    size: Sequence[int], kernel: Sequence[int], tap: Sequence[int], strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[slice, ...]:  # fmt: skip
    """What one tap reads of the padded signal, for all outputs."""
    return tuple(
        slice(d * k, n - d * (width - 1 - k), s)
        for n, width, k, s, d in zip(size, kernel, tap, strides, dilations, strict=True)
    )


def _correlate(
    x: Array, w: Array, strides: Sequence[int], dilations: Sequence[int], groups: int
) -> Array:
    kernel, inner, outer = w.shape[2:], w.shape[1], len(w) // groups
    rows: list[Any] = [0] * groups
    for tap in product(*map(range, kernel)):
        part = x[(slice(None), *_tap_slice(x.shape[1:], kernel, tap, strides, dilations))]
        for g in range(groups):
            matrix = _at_tap(w[g * outer : (g + 1) * outer], tap)
            rows[g] = rows[g] + np.tensordot(matrix, part[g * inner : (g + 1) * inner], 1)
    return np.concatenate(rows)


def _at_tap(w: Array, tap: Sequence[int]) -> Array:
    """The channels' numbers at one tap: the last axes of a weight at these indices."""
    index: tuple[Any, ...] = (..., *tap)
    return np.asarray(w[index])
