"""Operators in LaTeX: small matrices written out, large ones by name and size.

What is written is asked of the operator itself: its summands, its factors, its name, its formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sympy import SparseMatrix, latex

MOST_ROWS = 12
MOST_CELLS = 120
"""A matrix is written out up to this many rows, columns and cells: what fits a page's width."""

MOST_BMATRIX_COLUMNS = 10
"""amsmath's MaxMatrixCols, unless a preamble sets it; an array has as many as it says."""


class Written(Protocol):
    """What an operator says of itself in LaTeX."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def summands(self) -> Sequence[Written]:
        """The operators that this one adds."""

    @property
    def factors(self) -> Sequence[Written]:
        """The operators that this one composes, the one applied last first."""

    @property
    def latex_name(self) -> str:
        """Its name, or its product in brackets."""

    @property
    def latex_formula(self) -> str:
        """What its name stands for, where that can be said; else nothing."""

    def as_matrix(self) -> SparseMatrix:
        """SymPy's matrix."""


def operator_latex(operator: Written) -> str:
    """Return the factorised form, and the formula of each factor that has one and is not small."""
    return product_latex(operator) + formulas_latex(operator)


def product_latex(operator: Written) -> str:
    """Return the sum of products of named matrices."""
    return " + ".join(r"\,".join(map(_factor, part.factors)) for part in operator.summands)


def formulas_latex(operator: Written) -> str:
    """Return the formula of each factor that is not written out."""
    return "".join(
        rf",\qquad {factor.latex_name} = {factor.latex_formula}"
        for factor in operator.factors
        if factor.latex_formula and not _is_small(factor)
    )


def _factor(operator: Written) -> str:
    rows, columns = operator.shape
    if not _is_small(operator):
        return rf"\underbrace{{{operator.latex_name}}}_{{{rows} \times {columns}}}"
    if columns > MOST_BMATRIX_COLUMNS:
        matrix = latex(operator.as_matrix(), mat_str="array", mat_delim="[")
    else:
        matrix = latex(operator.as_matrix(), mat_str="bmatrix", mat_delim="")
    return rf"\underbrace{{{matrix}}}_{{{operator.latex_name}}}"


def _is_small(operator: Written) -> bool:
    rows, columns = operator.shape
    return max(rows, columns) <= MOST_ROWS and rows * columns <= MOST_CELLS
