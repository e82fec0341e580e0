"""Claims for all sizes by another decision procedure: z3 on paths from outputs back to inputs.

Nothing of symconv is used but its errors.  A side is a sum of paths: an output index, taken back
through the steps one by one, reads one input index and one weight index under a condition.  Taps
and channels are written out, sizes and output indices stay unknowns, and z3 is asked for an output
and sizes at which the factors of some product add up to different numbers on both sides.
"""

from symconv.recheck.allsizes.decide import (
    NO_SIZE,
    Found,
    Sense,
    counterexample,
    decide,
    makes_sense,
)
from symconv.recheck.allsizes.reading import OVER
from symconv.recheck.allsizes.terms import NotRead

__all__ = [
    "NO_SIZE",
    "OVER",
    "Found",
    "NotRead",
    "Sense",
    "counterexample",
    "decide",
    "makes_sense",
]
