"""Steps about the points of a lattice, in NumPy."""

from __future__ import annotations

from symconv.claim import steps as st
from symconv.replay.convolutions import Array
from symconv.replay.lattices import cosets, within
from symconv.replay.literals import listed_points
from symconv.replay.steps.base import Weights, Writer, expression, run


@run.register
def _(step: st.ReadCosets, x: Array, weights: Weights) -> Array:
    return cosets(x, step.matrix, step.representatives, step.start, step.size)


@expression.register
def _(step: st.ReadCosets, to: Writer, x: str) -> str:
    told = f"{listed_points(step.matrix)}, {listed_points(step.representatives)}"
    return f"{to.call('cosets')}({x}, {told}, {list(step.start)}, {list(step.size)})"


@run.register
def _(step: st.Within, x: Array, weights: Weights) -> Array:
    return within(x, step.matrix, step.start, step.size)


@expression.register
def _(step: st.Within, to: Writer, x: str) -> str:
    told = f"{listed_points(step.matrix)}, {list(step.start)}, {list(step.size)}"
    return f"{to.call('within')}({x}, {told})"
