"""What each step is in a framework's own words; pipelines run on its arrays.

A new step needs one function here.  None reads an access table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import singledispatch
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.claim.steps.moves import Roll
from symconv.crosscheck.arrays import Array
from symconv.crosscheck.backends.base import Geometry
from symconv.crosscheck.runner import Runner, Weights
from symconv.errors import ClaimError, Unsupported
from symconv.layer.padding import Pair, same_crop, same_pair
from symconv.layer.pointwise import bounds, named, slope
from symconv.replay.lattices import inside, points
from symconv.size.numbers import read_number


def run_pipeline(steps: Sequence[st.Step], r: Runner, x: Array, weights: Weights) -> Array:
    """The array after all steps; ``weights`` gives a named tensor."""
    for step in steps:
        x = run_step(step, r, x, weights)
    return x


@singledispatch
def run_step(step: st.Step, r: Runner, x: Array, weights: Weights) -> Array:
    """The array after one step.

    Raises:
        Unsupported: no framework has such a step.
    """
    raise Unsupported(f"crosscheck knows no step {step.op!r} in a framework's own words")


def each(value: Any, rank: int) -> tuple[Any, ...]:
    """One value per axis, where one may stand for all."""
    return value if isinstance(value, tuple) else (value,) * rank


def pads_of(padding: Any, size: Sequence[int], g: Geometry) -> tuple[Pair, ...]:
    """One ``(lo, hi)`` pair per axis; words are those of a forward layer."""
    entries = each(0 if padding == "valid" else padding, g.rank)
    named_ones = zip(entries, size, g.spans, g.stride, strict=True)
    return tuple(
        same_pair(p, n, span, s) if isinstance(p, str) else _ends(p) for p, n, span, s in named_ones
    )


def _ends(pad: Any) -> Pair:
    return pad if isinstance(pad, tuple) else (pad, pad)


def _placed(step: Any, kernel: Sequence[int], groups: int = 1) -> Geometry:
    """A step's windows, its pads left out."""
    rank = len(kernel)
    strides = each(kernel if step.stride is None else step.stride, rank)
    return Geometry(
        tuple(kernel), strides, each(step.dilation, rank), ((0, 0),) * rank, groups=groups
    )


def _with_pads(g: Geometry, padding: Any, size: Sequence[int], **more: Any) -> Geometry:
    pads = pads_of(padding, size, g)
    return Geometry(g.kernel, g.stride, g.dilation, pads, groups=g.groups, **more)


@run_step.register
def _(step: st.ConvStep, r: Runner, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    g = _with_pads(_placed(step, w.shape[2:], step.groups), step.padding, x.shape[1:])
    value = _exact(step.padding_value)
    if step.padding_mode != "zeros" or value:
        r.padded_apart = True
        r.constants([value], ())  # in exact mode refused where the dtype does not hold it
        x = r.pad(x, g.pads, step.padding_mode, float(value))
        g = _placed(step, w.shape[2:], step.groups)
    return r.conv(x, w, _bias(step.bias, weights), g)


def _bias(name: str | None, weights: Weights) -> Array | None:
    return None if name is None else weights(name)


@run_step.register
def _(step: st.ConvTransposeStep, r: Runner, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    g = _placed(step, w.shape[2:], step.groups)
    entries = zip(each(step.padding, g.rank), g.spans, g.stride, strict=True)
    crops = tuple(
        same_crop(p, span, s) if isinstance(p, str) else _ends(p) for p, span, s in entries
    )
    extra = each(step.output_padding, g.rank)
    cropped = Geometry(g.kernel, g.stride, g.dilation, crops, groups=g.groups, extra=extra)
    return r.conv_transpose(x, w, _bias(step.bias, weights), cropped)


@run_step.register
def _(step: st.KernelConvStep, r: Runner, x: Array, weights: Weights) -> Array:
    w = weights(step.weight)
    g = _with_pads(_placed(step, x.shape[1:]), step.padding, w.shape[2:])
    kernel = r.xp.reshape(x, (1, *x.shape))
    r.fan_out(w.shape[0])
    rows = [r.conv(w[m], kernel, None, g) for m in range(w.shape[0])]
    return r.xp.concat(rows, axis=0)


@run_step.register
def _(step: st.MaxPoolStep, r: Runner, x: Array, weights: Weights) -> Array:
    layer, size = step.layer(), x.shape[1:]
    kernel = layer.per_axis("kernel_size", len(size))
    g = _with_pads(
        _placed(step, kernel), step.padding, size, ceil=step.ceil_mode, is_wide=layer.is_wide
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
    return _with_pads(_placed(step, kernel), step.padding, size, **told)


@run_step.register
def _(step: st.MaxConvStep, r: Runner, x: Array, weights: Weights) -> Array:
    """The maximum over live taps, by slices of the padded phases."""
    live = r.backend.numpy(weights(step.weight)) != 0
    g = _with_pads(_placed(step, live.shape[2:], step.groups), step.padding, x.shape[1:])
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
    parts = [
        x[(slice(first + c, first + c + 1), *place)] for c, place in _live(taps, x.shape[1:], g)
    ]
    if parts:
        return r.maximum(parts)
    ends = zip(x.shape[1:], g.spans, g.stride, strict=True)
    shape = (1, *((n - span) // s + 1 for n, span, s in ends))
    return r.backend.full(x, shape, r.fill(float("-inf")))


def _live(
    taps: np.ndarray, size: Sequence[int], g: Geometry
) -> Iterator[tuple[int, tuple[slice, ...]]]:
    for c, *tap in np.argwhere(taps).tolist():
        axes = zip(tap, size, g.spans, g.stride, g.dilation, strict=True)
        yield c, tuple(slice(d * k, n - span + d * k + 1, s) for k, n, span, s, d in axes)


@run_step.register
def _(step: st.AdaptivePooling, r: Runner, x: Array, weights: Weights) -> Array:
    """Axis by axis, the maximum or the mean of each part."""
    for axis, outputs in enumerate(each(step.output_size, x.ndim - 1), 1):
        if outputs is not None:
            x = _adapted(step, r, x, axis, outputs)
    return x


def _adapted(step: st.AdaptivePooling, r: Runner, x: Array, axis: int, outputs: int) -> Array:
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


@run_step.register
def _(step: st.Rearrange, r: Runner, x: Array, weights: Weights) -> Array:
    pattern = read_pattern(step.pattern)
    sizes = pattern.factor_sizes(tuple(x.shape), dict(step.sizes))
    before, after = ([n for group in side for n in group] for side in (pattern.left, pattern.right))
    split = r.xp.reshape(x, tuple(sizes[name] for name in before))
    merged = tuple(prod(sizes[name] for name in group) for group in pattern.right)
    turned = r.xp.permute_dims(split, tuple(before.index(name) for name in after))
    return r.xp.reshape(turned, merged)


@run_step.register
def _(step: st.Pad, r: Runner, x: Array, weights: Weights) -> Array:
    value = float("-inf") if step.value == "-inf" else float(_exact(step.value))
    if value not in (0.0, float("-inf")):
        r.constants([_exact(step.value)], ())
    pads = [_ends(pair) for pair in step.padding]
    if pads[0] == (0, 0):
        return r.pad(x, pads[1:], step.mode, value)
    # A framework pads what stands behind the channels: another axis goes in front of them.
    whole = r.xp.reshape(x, (1, *x.shape))
    padded = r.pad(whole, pads, step.mode, value)
    return r.xp.reshape(padded, padded.shape[1:])


@run_step.register
def _(step: st.Slice, r: Runner, x: Array, weights: Weights) -> Array:
    for axis, part in enumerate(step.slices):
        start, stop, by = slice(*part).indices(x.shape[axis])
        if by < 0:
            # A framework may know no step backwards: the same samples, from their other end.
            count = len(range(start, stop, by))
            x = r.xp.flip(x, axis=(axis,))
            start, by = x.shape[axis] - 1 - start, -by
            stop = start + by * (count - 1) + 1 if count else start
        x = x[(*[slice(None)] * axis, slice(start, stop, by))]
    return x


@run_step.register
def _(step: st.Split, r: Runner, x: Array, weights: Weights) -> Array:
    axis = step.axis % x.ndim
    if isinstance(step.sizes, int):
        first, end = step.sizes * step.part, step.sizes * (step.part + 1)
    else:
        ends = [0, *accumulate(step.sizes)]
        first, end = ends[step.part], ends[step.part + 1]
    return x[(*[slice(None)] * axis, slice(first, min(end, x.shape[axis])))]


@run_step.register
def _(step: st.Flip, r: Runner, x: Array, weights: Weights) -> Array:
    return r.xp.flip(x, axis=tuple(axis % x.ndim for axis in step.axes))


@run_step.register
def _(step: st.Transpose, r: Runner, x: Array, weights: Weights) -> Array:
    return r.xp.permute_dims(x, tuple(axis % x.ndim for axis in step.axes))


@run_step.register
def _(step: Roll, r: Runner, x: Array, weights: Weights) -> Array:
    return r.xp.roll(x, step.shift, axis=step.axis % x.ndim)


@run_step.register
def _(step: st.Tile, r: Runner, x: Array, weights: Weights) -> Array:
    r.fan_out(prod(step.repeats))
    return r.xp.tile(x, tuple(step.repeats))


@run_step.register
def _(step: st.Repeat, r: Runner, x: Array, weights: Weights) -> Array:
    r.fan_out(step.count)
    return r.xp.repeat(x, step.count, axis=step.axis % x.ndim)


@run_step.register
def _(step: st.Dilate, r: Runner, x: Array, weights: Weights) -> Array:
    """Zeros between samples: each sample gets an axis of its own, filled up and merged."""
    for axis, factor in enumerate(step.dilation):
        shape = tuple(x.shape)
        zeros = r.backend.full(x, (*shape[: axis + 1], factor - 1, *shape[axis + 1 :]), 0.0)
        apart = r.xp.reshape(x, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
        together = r.xp.concat([apart, zeros], axis=axis + 1)
        x = r.xp.reshape(together, (*shape[:axis], shape[axis] * factor, *shape[axis + 1 :]))
        x = x[(*[slice(None)] * axis, slice(0, factor * (shape[axis] - 1) + 1))]
    return x


@run_step.register
def _(step: st.ReadCosets, r: Runner, x: Array, weights: Weights) -> Array:
    """One gather: positions outside read a zero that stands behind all samples."""
    lead, spatial = x.shape[: -len(step.size)], x.shape[-len(step.size) :]
    read = points(step.matrix, step.start, step.size)
    flat = r.xp.reshape(x, (*lead, prod(spatial)))
    zero = r.backend.full(x, (*lead, 1), 0.0)
    index = [_index(read + np.array(point)[:, None], spatial) for point in step.representatives]
    places = r.backend.array(np.concatenate(index), "int64")
    found = r.xp.take(r.xp.concat([flat, zero], axis=len(lead)), places, axis=len(lead))
    r.fan_out(len(step.representatives))
    return r.xp.reshape(found, (*lead[:-1], lead[-1] * len(index), *step.size))


def _index(at: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Where points stand in C order; behind everything, where they lie outside."""
    clipped = np.clip(at, 0, np.array(size)[:, None] - 1)
    flat = np.ravel_multi_index(tuple(clipped), tuple(size))
    return np.where(inside(at, size), flat, prod(size))


@run_step.register
def _(step: st.Within, r: Runner, x: Array, weights: Weights) -> Array:
    spatial = x.shape[-len(step.size) :]
    kept = inside(points(step.matrix, step.start, spatial), step.size).reshape(tuple(spatial))
    return x * r.array(kept.astype(np.float64))


@run_step.register
def _(step: st.Scale, r: Runner, x: Array, weights: Weights) -> Array:
    return _times_rows(r, x, step.factors)


@run_step.register
def _(step: st.Mask, r: Runner, x: Array, weights: Weights) -> Array:
    return _times_rows(r, x, step.keep)


@run_step.register
def _(step: st.Divide, r: Runner, x: Array, weights: Weights) -> Array:
    return _times_rows(r, x, step.at({}).factors)


def _times_rows(r: Runner, x: Array, rows: Sequence[Any]) -> Array:
    for axis, row in enumerate(rows):
        if row is not None:
            shape = [len(row) if a == axis else 1 for a in range(x.ndim)]
            x = r.times(x, [_exact(value) for value in row], shape)
    return x


@run_step.register
def _(step: st.ScaleAll, r: Runner, x: Array, weights: Weights) -> Array:
    return r.times(x, [_exact(step.factor)], ())


@run_step.register
def _(step: st.Add, r: Runner, x: Array, weights: Weights) -> Array:
    r.count(added=len(step.branches), stored=len(step.branches))
    r.fan_out(len(step.branches))
    first, *others = [run_pipeline(branch, r, x, weights) for branch in step.branches]
    for other in others:
        first = first + other
    return r.computed(first)


@run_step.register
def _(step: st.Subtract, r: Runner, x: Array, weights: Weights) -> Array:
    r.count(added=len(step.branches), stored=len(step.branches))
    r.fan_out(len(step.branches))
    first, *others = [run_pipeline(branch, r, x, weights) for branch in step.branches]
    for other in others:
        first = r.minus(first, other)
    return r.computed(first)


@run_step.register
def _(step: st.Concat, r: Runner, x: Array, weights: Weights) -> Array:
    r.fan_out(len(step.branches))
    parts = [run_pipeline(branch, r, x, weights) for branch in step.branches]
    return r.xp.concat(parts, axis=step.axis % parts[0].ndim)


@run_step.register
def _(step: st.Pointwise, r: Runner, x: Array, weights: Weights) -> Array:
    name = step.function
    if name == "identity":
        return x
    r.kinked(name)
    if name == "relu6":
        return r.between(x, 0.0, 6.0)
    if name == "relu":
        return r.between(x, 0.0, None)
    if (ends := bounds(name)) is not None:
        return r.between(x, *(None if end is None else _bound(r, end) for end in ends))
    if named(name).known:
        raise Unsupported(
            f"crosscheck has no bound for how a framework rounds {name!r}; relu, relu6, clip and "
            "functions that nothing is known of can be compared"
        )
    rise = r.constants([Fraction(slope(name))], ())
    return r.computed(r.maximum([rise * x + 1, r.minus(2 + 0 * x, x)]))


def _bound(r: Runner, end: Fraction) -> float:
    """A clip's bound as a number of the dtype: both sides clip at the same one."""
    r.constants([end], ())
    return float(r.kept.rounded(float(end)))


def _exact(value: Any) -> Fraction:
    """A step's number, exactly.

    Raises:
        ClaimError: it is not finite.
    """
    number = read_number(value)
    if number is None:
        raise ClaimError(f"a framework's pipeline needs finite numbers here, got {value!r}")
    return number
