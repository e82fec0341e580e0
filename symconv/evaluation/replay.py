"""A counterexample replayed: both sides at one output, for the values that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.evaluation.graph import Budget, Graph, evaluate
from symconv.evaluation.moves import World
from symconv.evaluation.numbers import Exact
from symconv.evaluation.points import GivenPoint
from symconv.evaluation.reading import Reader
from symconv.evaluation.text import require
from symconv.layer.pointwise import named

MOST_VALUES = 20_000_000
"""A replay reads what one output reads; past this it would take minutes."""

Entries = Mapping[str, Mapping[tuple[int, ...], Any]]


def shapes_of(claim: Claim) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of both sides, worked out without the provers.

    Raises:
        Misfit: a step does not fit its tensor.
    """
    reader = _reader(claim, {})
    return reader.side("left").shape, reader.side("right").shape


def values_at(claim: Claim, output: tuple[int, ...], entries: Entries) -> tuple[Any, Any]:
    """Both sides at one output; ``""`` names the input, and what is not given is 0.

    Raises:
        Misfit: a step does not fit its tensor.
        TooLarge: the output reads too much.

    >>> from symconv.claim import read_claim
    >>> claim = read_claim({"input": {"channels": 1, "size": [4]}, "right": [],
    ...                     "left": [{"op": "flip", "axes": [1]}]})
    >>> values_at(claim, (0, 0), {"": {(0, 3): 5}})
    (5, 0)
    """
    reader = _reader(claim, entries)
    sides = reader.side("left"), reader.side("right")
    require(sides[0].shape == sides[1].shape, "the two sides differ in shape")
    grid = tuple(np.array([o], dtype=np.int64) for o in output)
    with np.errstate(all="ignore"):
        found = evaluate([(side, grid) for side in sides], reader.world.budget)
    values = [value.ravel()[0] for value in found]
    exact = (_over(v, side.den) for v, side in zip(values, sides, strict=True))
    return next(exact), next(exact)


def _reader(claim: Claim, entries: Entries) -> Reader:
    world = World(Graph(), Exact(), Budget(MOST_VALUES))
    point = GivenPoint(entries, lambda name: named(name).compute)
    return Reader(world, claim, point)


def _over(value: Any, den: int) -> Any:
    """The value as a plain number: an integer where it is one."""
    if not isinstance(value, int | Fraction):
        return value / den
    found = Fraction(value) / den
    return int(found) if found.denominator == 1 else found
