"""Steps that change values where they stand, and branches, in a framework's own words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symconv.claim import steps as st
from symconv.crosscheck.arrays import Array
from symconv.crosscheck.runner import Runner, Weights
from symconv.crosscheck.steps.base import exactly, run_pipeline, run_step
from symconv.errors import Unsupported
from symconv.layer.pointwise import bounds, named, slope


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
            x = r.times(x, [exactly(value) for value in row], shape)
    return x


@run_step.register
def _(step: st.ScaleAll, r: Runner, x: Array, weights: Weights) -> Array:
    return r.times(x, [exactly(step.factor)], ())


def _branches(step: st.Add | st.Subtract, r: Runner, x: Array, weights: Weights) -> list[Array]:
    """What the branches compute, counted as summands."""
    r.count(added=len(step.branches), stored=len(step.branches))
    r.fan_out(len(step.branches))
    return [run_pipeline(branch, r, x, weights) for branch in step.branches]


@run_step.register
def _(step: st.Add, r: Runner, x: Array, weights: Weights) -> Array:
    first, *others = _branches(step, r, x, weights)
    for other in others:
        first = first + other
    return r.computed(first)


@run_step.register
def _(step: st.Subtract, r: Runner, x: Array, weights: Weights) -> Array:
    first, *others = _branches(step, r, x, weights)
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
        return r.between(x, *(None if end is None else _clipped_at(r, end) for end in ends))
    if named(name).known:
        raise Unsupported(
            f"crosscheck has no bound for how a framework rounds {name!r}; relu, relu6, clip and "
            "functions that nothing is known of can be compared"
        )
    rise = r.constants([Fraction(slope(name))], ())
    return r.computed(r.maximum([rise * x + 1, r.minus(2 + 0 * x, x)]))


def _clipped_at(r: Runner, end: Fraction) -> float:
    """A clip's bound as a number of the dtype: both sides clip at the same one."""
    r.constants([end], ())
    return float(r.kept.rounded(float(end)))
