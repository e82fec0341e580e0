"""Sides run by one framework: in the dtype, in magnitudes, and on the way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.crosscheck.backends import Backend
from symconv.crosscheck.backends.own_numpy import NumpyBackend
from symconv.crosscheck.formats import Arithmetic
from symconv.crosscheck.observation import EXACT
from symconv.crosscheck.question import INPUT, Side, Values
from symconv.crosscheck.runner import Magnitudes, Runner

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What one side computed: the output, and gradients by input and free weights."""

    output: NDArray[Any]
    gradients: Values
    runner: Runner
    seconds: float = 0.0


@dataclass(frozen=True)
class Asked:
    """How a question is put: to which framework, in which dtype and mode, with gradients or not."""

    backend: Backend
    dtype: str
    mode: str
    gradients: bool
    seed: int

    @property
    def arithmetic(self) -> Arithmetic:
        """How the framework sums up products."""
        return self.backend.arithmetic(self.dtype)

    @property
    def exact(self) -> bool:
        """Whether every sum is to be exact."""
        return self.mode == EXACT

    def runner(self) -> Runner:
        """One that computes in the dtype."""
        return Runner(self.backend, self.dtype, self.arithmetic.kept, exact=self.exact)

    @property
    def wide(self) -> Backend:
        """Who computes in double precision: NumPy where the framework cannot."""
        return self.backend if "float64" in self.backend.dtypes else NumpyBackend()

    def magnitudes(self, *, summing: bool) -> Magnitudes:
        """One that sums up magnitudes in double precision."""
        return Magnitudes(self.wide, self.arithmetic.kept, exact=self.exact, summing=summing)


def computed_by(side: Side, asked: Asked, r: Runner, values: Values, cotangent: Reals) -> Found:
    """One side's output and gradients, and the seconds that both took."""
    own = own_arrays(side, values)
    leaves = [r.array(r.absolute(array)) for array in own.values()]
    call = as_function(side, r, list(own)[1:])
    start = time.perf_counter()
    output = call(*leaves)
    r.backend.wait(output)
    gradients: Values = {}
    if asked.gradients and tuple(output.shape) == cotangent.shape:
        pulled = r.backend.gradients(call, leaves, r.array(r.absolute(cotangent)))
        r.backend.wait(pulled[0])
        found = dict(zip(own, map(r.backend.numpy, pulled), strict=True))
        gradients = by_free_weights(side, found, values)
    return Found(r.backend.numpy(output), gradients, r, time.perf_counter() - start)


def own_arrays(side: Side, values: Values) -> Values:
    """The input, and then this side's own tensors."""
    free = {name: value for name, value in values.items() if name != INPUT}
    return {INPUT: values[INPUT], **side.leaves(free)}


def as_function(side: Side, r: Runner, names: Sequence[str]) -> Callable[..., Any]:
    """The side as a function of its input and its own tensors."""

    def call(x: Any, *tensors: Any) -> Any:
        return side.run(r, x, dict(zip(names, tensors, strict=True)))

    return call


def by_free_weights(side: Side, found: Values, values: Values) -> Values:
    """Gradients by the free weights: those of slots that hold one parameter, summed."""
    if side.expand is None:
        return found
    tied = {
        tie.name: tie.gathered(found[f"{tie.name}_phases"], values[tie.name].shape)
        for tie in side.ties
    }
    return {INPUT: found[INPUT], **tied}


def forward_magnitudes(side: Side, asked: Asked, values: Values) -> Found:
    """The magnitudes of one side's output, without gradients."""
    r = asked.magnitudes(summing=False)
    return Found(r.backend.numpy(forward_of(side, r, values)), {}, r)


def forward_of(side: Side, r: Runner, values: Values) -> Any:
    """The output of one side."""
    own = own_arrays(side, values)
    leaves = [r.array(r.absolute(array)) for array in own.values()]
    return as_function(side, r, list(own)[1:])(*leaves)
