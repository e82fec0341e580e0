"""Steps that change values position by position, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symconv.claim import steps as st
from symconv.layer.pointwise import named
from symconv.replay.convolutions import Array
from symconv.replay.functions import applied
from symconv.replay.literals import listed, literal
from symconv.replay.steps.base import Weights, Writer, exact, expression, run
from symconv.size.numbers import Number


@run.register
def _(step: st.Scale, x: Array, weights: Weights) -> Array:
    return _multiplied(x, step.factors)


@expression.register
def _(step: st.Scale, to: Writer, x: str) -> str:
    return _scaled(step.factors, to, x)


@run.register
def _(step: st.ScaleAll, x: Array, weights: Weights) -> Array:
    return np.asarray(x.astype(object) * exact(step.factor))


@expression.register
def _(step: st.ScaleAll, to: Writer, x: str) -> str:
    return f"{x} * {literal(step.factor)}"


@run.register
def _(step: st.Mask, x: Array, weights: Weights) -> Array:
    return _multiplied(x, step.keep)


@expression.register
def _(step: st.Mask, to: Writer, x: str) -> str:
    return _scaled(step.keep, to, x)


def _multiplied(x: Array, factors: Sequence[Sequence[Number] | None]) -> Array:
    for axis, values in enumerate(factors):
        if values is not None:
            shape = [1] * x.ndim
            shape[axis] = len(values)
            x = x * np.array([exact(v) for v in values], dtype=object).reshape(shape)
    return x


def _scaled(factors: Sequence[Sequence[Number] | None], to: Writer, x: str) -> str:
    told = (f"{axis}: {listed(part)}" for axis, part in enumerate(factors) if part is not None)
    return f"{to.call('scale')}({x}, {{{', '.join(told)}}})"


@expression.register
def _(step: st.Divide, to: Writer, x: str) -> str:
    return expression(step.at({}), to, x)


@run.register
def _(step: st.Pointwise, x: Array, weights: Weights) -> Array:
    return named(step.function)(x)


@expression.register
def _(step: st.Pointwise, to: Writer, x: str) -> str:
    return applied(step.function, x)
