"""Steps that join pipelines, in NumPy."""

from __future__ import annotations

import numpy as np

from symconv.claim import steps as st
from symconv.replay.convolutions import Array
from symconv.replay.steps.base import Weights, Writer, expression, run, run_steps


@run.register
def _(step: st.Add, x: Array, weights: Weights) -> Array:
    return np.asarray(sum(run_steps(branch, x, weights) for branch in step.branches))


@expression.register
def _(step: st.Add, to: Writer, x: str) -> str:
    return " + ".join(to.branches(x, step.branches))


@run.register
def _(step: st.Subtract, x: Array, weights: Weights) -> Array:
    first, *others = (run_steps(branch, x, weights) for branch in step.branches)
    return np.asarray(first - sum(others))


@expression.register
def _(step: st.Subtract, to: Writer, x: str) -> str:
    return " - ".join(to.branches(x, step.branches))


@run.register
def _(step: st.Concat, x: Array, weights: Weights) -> Array:
    return np.concatenate([run_steps(branch, x, weights) for branch in step.branches], step.axis)


@expression.register
def _(step: st.Concat, to: Writer, x: str) -> str:
    return f"np.concatenate([{', '.join(to.branches(x, step.branches))}], {step.axis})"
