"""Steps in NumPy, a file for each family: how each is run, and how it is written out."""

from symconv.replay.steps import branches, convolutions, lattices, moves, pools, values
from symconv.replay.steps.base import expression, run_steps

__all__ = [
    "branches",
    "convolutions",
    "expression",
    "lattices",
    "moves",
    "pools",
    "run_steps",
    "values",
]
