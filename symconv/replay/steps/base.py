"""Steps in NumPy: run on arrays, and written out as expressions, one line per step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Protocol

from symconv.claim import steps as st
from symconv.errors import ClaimError
from symconv.replay.convolutions import Array
from symconv.size.numbers import Number, read_number

Weights = Callable[[str], Array]
"""Gives a named tensor."""


class Writer(Protocol):
    """What an expression asks of the script that it stands in."""

    def call(self, helper: str) -> str:
        """The name of a helper, which the script then holds."""

    def weight(self, name: str) -> str:
        """The variable of a weight."""

    def branches(self, x: str, branches: tuple[tuple[st.Step, ...], ...]) -> list[str]:
        """The variables of several pipelines on the same tensor."""


def run_steps(steps: Sequence[st.Step], array: Array, weights: Weights | None = None) -> Array:
    """The array after all steps; ``weights`` gives a named tensor.

    >>> import numpy as np
    >>> run_steps([st.Flip((0,)), st.Tile((2,))], np.array([1, 2])).tolist()
    [2, 1, 2, 1]
    """
    for step in steps:
        array = run(step, array, weights or _no_weight)
    return array


def _no_weight(name: str) -> Array:
    raise ClaimError(f"a map of one tensor cannot use the weight {name!r}")


@singledispatch
def run(step: st.Step, x: Array, weights: Weights) -> Array:
    """The array after one step.

    Raises:
        ClaimError: it is not known how such a step is run.
    """
    raise ClaimError(f"step {step.op!r} cannot be run on arrays")


@singledispatch
def expression(step: st.Step, to: Writer, x: str) -> str:
    """The expression of one step on the variable ``x``.

    Raises:
        ClaimError: no expression is known for such a step.
    """
    raise ClaimError(f"step {step.op!r} is not written out in NumPy")


def exact(value: Number) -> int | float | Fraction:
    """A step's number as Python computes with it, ``-inf`` as a float."""
    number = read_number(value)
    if number is None:
        return float("-inf")
    return int(number) if number.denominator == 1 else number
