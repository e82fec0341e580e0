"""What each step is to the rechecker: its attributes, its kind, its shape, and its sum.

A step is one class, in the file of its family; `OPS` holds them by their words.
"""

from symconv.recheck.ops import branches, convolutions, lattices, moves, pools, values
from symconv.recheck.ops.base import OPS, every_step, of_kind

MOVES = of_kind("moves")
"""Steps that only move values: a function of each value may pass in front of them."""

SUMS = of_kind("sum")
"""Steps that add, multiply, or leave zeros: none stands in one part with a maximum."""

MAXIMA = of_kind("maximum")

WINDOWED_SUMS = {word for word, op in OPS.items() if op.windowed}

__all__ = [
    "MAXIMA",
    "MOVES",
    "OPS",
    "SUMS",
    "WINDOWED_SUMS",
    "branches",
    "convolutions",
    "every_step",
    "lattices",
    "moves",
    "pools",
    "values",
]
