"""SymPy's reading of a layer: linear operators that compose, factorise and stay exact."""

from symconv.toeplitz.affine import AffineOperator
from symconv.toeplitz.convolution import Toeplitz
from symconv.toeplitz.layers import (
    gather_operator,
    nested_gather,
    phase_operator,
    toeplitz,
    weight_symbols,
)
from symconv.toeplitz.operators import Composition, Gather, LinearOperator

__all__ = [
    "AffineOperator",
    "Composition",
    "Gather",
    "LinearOperator",
    "Toeplitz",
    "gather_operator",
    "nested_gather",
    "phase_operator",
    "toeplitz",
    "weight_symbols",
]
