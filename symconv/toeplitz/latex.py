"""Operators in LaTeX: small matrices written out, large ones by name and size."""

from __future__ import annotations

from sympy import latex

from symconv.toeplitz.affine import AffineOperator
from symconv.toeplitz.convolution import Toeplitz
from symconv.toeplitz.operators import Explicit, LinearOperator, Sum, Transpose

MOST_ROWS = 12
MOST_CELLS = 120
"""A matrix is written out up to this many rows, columns and cells."""

MOST_BMATRIX_COLUMNS = 10
"""amsmath's MaxMatrixCols, unless a preamble sets it; an array has as many as it says."""


def operator_latex(operator: LinearOperator) -> str:
    """Return the factorised form, and the formula of each Toeplitz factor not written out."""
    return _product(operator) + "".join(_formulas(operator))


def affine_latex(operator: AffineOperator) -> str:
    """Return ``y = A x + b`` in the same way."""
    offset = "" if _is_zero(operator.offset) else " + " + _product(operator.offset)
    formulas = "".join(_formulas(operator.linear))
    return f"y = {_product(operator.linear)}\\, x{offset}{formulas}"


def _product(operator: LinearOperator) -> str:
    if isinstance(operator, Sum):
        return " + ".join(map(_product, operator.parts))
    return r"\,".join(map(_factor, operator.factors))


def _factor(operator: LinearOperator) -> str:
    rows, columns = operator.shape
    if not _is_small(operator):
        return rf"\underbrace{{{_name(operator)}}}_{{{rows} \times {columns}}}"
    if columns > MOST_BMATRIX_COLUMNS:
        matrix = latex(operator.as_matrix(), mat_str="array", mat_delim="[")
    else:
        matrix = latex(operator.as_matrix(), mat_str="bmatrix", mat_delim="")
    return rf"\underbrace{{{matrix}}}_{{{_name(operator)}}}"


def _is_small(operator: LinearOperator) -> bool:
    rows, columns = operator.shape
    return max(rows, columns) <= MOST_ROWS and rows * columns <= MOST_CELLS


def _is_zero(operator: LinearOperator) -> bool:
    return isinstance(operator, Explicit) and not len(operator.given.rows)


def _name(operator: LinearOperator) -> str:
    if isinstance(operator, Transpose):
        return rf"{_name(operator.of)}^{{\top}}"
    return operator.symbol or rf"\left({_product(operator)}\right)"


def _formulas(operator: LinearOperator) -> list[str]:
    """Return the nested sum ``w E_{m,c} (x) J_k1 (x) ...`` of each large Toeplitz factor."""
    return [
        rf",\qquad {factor.symbol} = {toeplitz_formula(factor)}"
        for factor in operator.factors
        if isinstance(factor, Toeplitz) and not _is_small(factor)
    ]


def toeplitz_formula(operator: Toeplitz) -> str:
    r"""Return the sum over taps of Kronecker products, one shift matrix an axis.

    ``E_{m,c}`` has a one at output channel ``m`` and input channel ``c``; ``J_k`` has ones at
    ``(v, v + d*k)``.  The weight of a pooling, 1, is left out.
    """
    taps = [f"k_{{{axis + 1}}}" for axis in range(len(operator.size))]
    shifts = "".join(rf" \otimes J^{{({axis + 1})}}_{{{tap}}}" for axis, tap in enumerate(taps))
    index = ",".join(["m", "c", *taps])
    weight = "" if operator.name == "1" else rf"{operator.name}_{{{index}}}\, "
    return rf"\sum_{{{index}}} {weight}E_{{m,{_input_channel(operator)}}}{shifts}"


def _input_channel(operator: Toeplitz) -> str:
    if operator.groups == 1:
        return "c"
    outer, inner = len(operator.weight) // operator.groups, operator.weight.shape[1]
    if outer == inner == 1:
        return "m"
    return rf"{inner}\lfloor m/{outer} \rfloor + c"
