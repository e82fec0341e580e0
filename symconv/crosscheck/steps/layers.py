"""Convolutions and poolings in a framework's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from symconv.claim import steps as st
from symconv.crosscheck.arrays import Array
from symconv.crosscheck.backends.base import Geometry
from symconv.crosscheck.runner import Runner, Weights
from symconv.crosscheck.steps.base import both_ends, each_axis, exactly, placed, run_step, with_pads
from symconv.layer.padding import same_crop


@run_step.register
def _(step: st.ConvStep, r: Runner, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    g = with_pads(placed(step, w.shape[2:], step.groups), step.padding, x.shape[1:])
    value = exactly(step.padding_value)
    if step.padding_mode != "zeros" or value:
        r.padded_apart = True
        r.constants([value], ())  # in exact mode refused where the dtype does not hold it
        x = r.pad(x, g.pads, step.padding_mode, float(value))
        g = placed(step, w.shape[2:], step.groups)
    return r.conv(x, w, _own_bias(step.bias, weights), g)


def _own_bias(name: str | None, weights: Weights) -> Array | None:
    return None if name is None else weights(name)


@run_step.register
def _(step: st.ConvTransposeStep, r: Runner, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    g = placed(step, w.shape[2:], step.groups)
    entries = zip(each_axis(step.padding, g.rank), g.spans, g.stride, strict=True)
    crops = tuple(
        same_crop(p, span, s) if isinstance(p, str) else both_ends(p) for p, span, s in entries
    )
    extra = each_axis(step.output_padding, g.rank)
    cropped = Geometry(g.kernel, g.stride, g.dilation, crops, groups=g.groups, extra=extra)
    return r.conv_transpose(x, w, _own_bias(step.bias, weights), cropped)


@run_step.register
def _(step: st.KernelConvStep, r: Runner, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    g = with_pads(placed(step, x.shape[1:]), step.padding, w.shape[2:])
    kernel = r.xp.reshape(x, (1, *x.shape))
    r.fan_out(w.shape[0])
    rows = [r.conv(w[m], kernel, None, g) for m in range(w.shape[0])]
    return r.xp.concat(rows, axis=0)


@run_step.register
def _(step: st.MaxPoolStep, r: Runner, x: Array, weights: Weights) -> Array:
    layer, size = step.layer(), x.shape[1:]
    kernel = layer.per_axis("kernel_size", len(size))
    g = with_pads(
        placed(step, kernel), step.padding, size, ceil=step.ceil_mode, is_wide=layer.is_wide
    )
    return r.max_pool(x, g, layer.output_size(size))


@run_step.register
def _(step: st.AvgPoolStep, r: Runner, x: Array, weights: Weights) -> Array:
    outputs = step.layer().output_size(x.shape[1:])
    return r.avg_pool(x, averaging(step, x.shape[1:]), outputs, step.divisor_override)


def averaging(step: st.AvgPoolStep, size: Sequence[int]) -> Geometry:
    """The windows of an average pooling on an input of this size."""
    layer = step.layer()
    kernel = layer.per_axis("kernel_size", len(size))
    told = {"ceil": step.ceil_mode, "counts_pads": step.count_include_pad, "is_wide": layer.is_wide}
    return with_pads(placed(step, kernel), step.padding, size, **told)


@run_step.register
def _(step: st.MaxConvStep, r: Runner, x: Array, weights: Weights) -> Array:
    """The maximum over live taps, by slices of the padded phases."""
    live = r.backend.numpy(weights(step.weight)) != 0
    g = with_pads(placed(step, live.shape[2:], step.groups), step.padding, x.shape[1:])
    x = r.pad(x, g.pads, "zeros", float("-inf"))
    r.kinked("a maximum")
    r.fan_out(int(live.sum()))
    per_group = live.shape[0] // step.groups
    rows = [
        _maximum_over(r, x, taps, m // per_group * live.shape[1], g) for m, taps in enumerate(live)
    ]
    return r.xp.concat(rows, axis=0)


def _maximum_over(r: Runner, x: Array, taps: np.ndarray, first: int, g: Geometry) -> Array:
    """One output channel: the maximum of what each live tap reads."""
    live = _live_taps(taps, x.shape[1:], g)
    parts = [x[(slice(first + c, first + c + 1), *place)] for c, place in live]
    if parts:
        return r.maximum(parts)
    ends = zip(x.shape[1:], g.spans, g.stride, strict=True)
    shape = (1, *((n - span) // s + 1 for n, span, s in ends))
    return r.backend.full(x, shape, r.fill(float("-inf")))


def _live_taps(
    taps: np.ndarray, size: Sequence[int], g: Geometry
) -> Iterator[tuple[int, tuple[slice, ...]]]:
    for c, *tap in np.argwhere(taps).tolist():
        axes = zip(tap, size, g.spans, g.stride, g.dilation, strict=True)
        yield c, tuple(slice(d * k, n - span + d * k + 1, s) for k, n, span, s, d in axes)


@run_step.register
def _(step: st.AdaptivePooling, r: Runner, x: Array, weights: Weights) -> Array:
    """Axis by axis, the maximum or the mean of each part."""
    for axis, outputs in enumerate(each_axis(step.output_size, x.ndim - 1), 1):
        if outputs is not None:
            x = _in_parts(step, r, x, axis, outputs)
    return x


def _in_parts(step: st.AdaptivePooling, r: Runner, x: Array, axis: int, outputs: int) -> Array:
    size = x.shape[axis]
    parts = [(i * size // outputs, -(-(i + 1) * size // outputs)) for i in range(outputs)]
    longest = max(end - first for first, end in parts)
    slices = [x[(*[slice(None)] * axis, slice(*part))] for part in parts]
    r.fan_out(longest)
    if step.monoid == "max":
        r.kinked("a maximum")
        return r.xp.stack([r.xp.max(part, axis=axis) for part in slices], axis=axis)
    r.count(added=longest, stored=longest)
    sums = r.xp.stack([r.computed(r.xp.sum(part, axis=axis)) for part in slices], axis=axis)
    shape = [outputs if a == axis else 1 for a in range(x.ndim)]
    return r.divided(sums, np.reshape([end - first for first, end in parts], shape))
