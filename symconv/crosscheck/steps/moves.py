"""Steps that move samples, and pads that add some, in a framework's own words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.claim.steps.moves import Roll
from symconv.crosscheck.arrays import Array
from symconv.crosscheck.runner import Runner, Weights
from symconv.crosscheck.steps.base import both_ends, exactly, run_step
from symconv.replay.lattices import inside, points


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
    value = float("-inf")
    if step.value != "-inf":
        r.constants([exactly(step.value)], ())  # refused where the dtype does not hold it
        value = float(exactly(step.value))
    pads = [both_ends(pair) for pair in step.padding]
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
    index = [_places(read + np.array(point)[:, None], spatial) for point in step.representatives]
    places = r.backend.array(np.concatenate(index), "int64")
    found = r.xp.take(r.xp.concat([flat, zero], axis=len(lead)), places, axis=len(lead))
    r.fan_out(len(step.representatives))
    return r.xp.reshape(found, (*lead[:-1], lead[-1] * len(index), *step.size))


def _places(at: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Where points stand in C order; behind everything, where they lie outside."""
    clipped = np.clip(at, 0, np.array(size)[:, None] - 1)
    flat = np.ravel_multi_index(tuple(clipped), tuple(size))
    return np.where(inside(at, size), flat, prod(size))


@run_step.register
def _(step: st.Within, r: Runner, x: Array, weights: Weights) -> Array:
    spatial = x.shape[-len(step.size) :]
    kept = inside(points(step.matrix, step.start, spatial), step.size).reshape(tuple(spatial))
    return x * r.array(kept.astype(np.float64))
