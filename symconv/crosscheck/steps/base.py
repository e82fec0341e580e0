"""Steps in a framework's own words: how a pipeline is run, and what all steps read.

A new step needs one function in this folder.  None reads an access table.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Any

from symconv.claim import steps as st
from symconv.crosscheck.arrays import Array
from symconv.crosscheck.backends.base import Geometry
from symconv.crosscheck.runner import Runner, Weights
from symconv.errors import ClaimError, Unsupported
from symconv.layer.padding import Pair, same_pair
from symconv.size.numbers import read_number


def run_pipeline(steps: Sequence[st.Step], r: Runner, x: Array, weights: Weights) -> Array:
    """The array after all steps; ``weights`` gives a named tensor."""
    for step in steps:
        x = r.settled(run_step(step, r, x, weights))
    return x


@singledispatch
def run_step(step: st.Step, r: Runner, x: Array, weights: Weights) -> Array:
    """The array after one step.

    Raises:
        Unsupported: no framework has such a step.
    """
    raise Unsupported(f"crosscheck knows no step {step.op!r} in a framework's own words")


def each_axis(value: Any, rank: int) -> tuple[Any, ...]:
    """One value per axis, where one may stand for all."""
    return value if isinstance(value, tuple) else (value,) * rank


def pairs_of(padding: Any, size: Sequence[int], g: Geometry) -> tuple[Pair, ...]:
    """One ``(lo, hi)`` pair per axis; words are those of a forward layer."""
    entries = each_axis(0 if padding == "valid" else padding, g.rank)
    axes = zip(entries, size, g.spans, g.stride, strict=True)
    return tuple(
        same_pair(p, n, span, s) if isinstance(p, str) else both_ends(p) for p, n, span, s in axes
    )


def both_ends(pad: Any) -> Pair:
    """A pad as a pair, where one number stands for both ends."""
    return pad if isinstance(pad, tuple) else (pad, pad)


def placed(step: Any, kernel: Sequence[int], groups: int = 1) -> Geometry:
    """A step's windows, its pads left out."""
    rank = len(kernel)
    strides = each_axis(kernel if step.stride is None else step.stride, rank)
    return Geometry(
        tuple(kernel), strides, each_axis(step.dilation, rank), ((0, 0),) * rank, groups=groups
    )


def with_pads(g: Geometry, padding: Any, size: Sequence[int], **more: Any) -> Geometry:
    """The windows with these pads, on an input of this size."""
    pads = pairs_of(padding, size, g)
    return Geometry(g.kernel, g.stride, g.dilation, pads, groups=g.groups, **more)


def exactly(value: Any) -> Fraction:
    """A step's number, exactly.

    Raises:
        ClaimError: it is not finite.
    """
    number = read_number(value)
    if number is None:
        raise ClaimError(f"a framework's pipeline needs finite numbers here, got {value!r}")
    return number
