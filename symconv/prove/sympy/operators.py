"""The second proof: both sides as SymPy matrices, compared entry by entry.

``T_strided(w) = Y * T_expanded(w^) * P``, where ``w^`` holds the symbols of ``w`` as the tie map
says, ``P`` is the input map and ``Y`` the output map.  The maps are the claim's own steps, run on
arrays of indices; access tables and the table prover have no part in it.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from symconv.claim import steps as st
from symconv.claim.verdict import Fact
from symconv.errors import ContradictionError
from symconv.expand import Expansion
from symconv.replay.steps import run_steps
from symconv.size.numbers import read_number
from symconv.toeplitz import AffineOperator, Gather, LinearOperator, toeplitz, weight_symbols
from symconv.toeplitz.entries import Entries
from symconv.toeplitz.operators import Explicit
from symconv.toeplitz.values import common_domain, read_exact

Values = NDArray[Any]


class ProofsDisagree(ContradictionError):
    """Two provers that must agree do not: a fault of symconv itself, never a verdict."""


def operator_fact(expansion: Expansion, about: str) -> Fact:
    """Prove ``T_strided(w) = Y * T_expanded(w^) * P + offsets`` in SymPy's polynomial ring.

    Raises:
        ProofsDisagree: an entry differs; the message names it.
        TooLarge: the matrices outgrow what can be written out.
    """
    strided, expanded = operators(expansion)
    rows, columns = strided.shape
    compare(strided.linear, expanded.linear, "matrix")
    compare(strided.offset, expanded.offset, "offset")
    figures = {
        "rows": rows,
        "columns": columns,
        "symbols": prod(expansion.weight_shape),
        "input_size": list(expansion.input_size),
    }
    return Fact("sympy", about, figures)


def operators(expansion: Expansion) -> tuple[AffineOperator, AffineOperator]:
    """Both sides: the strided layer, and output map, expanded layer and input map composed."""
    weight, bias = _tensors(expansion)
    strided = toeplitz(expansion.original, expansion.input_size, weight, bias)
    inner = toeplitz(
        expansion.layer,
        [axis.coarse_input for axis in expansion.axes],
        weight=_expanded_weight(expansion, weight),
        bias=None if bias is None else run_steps(expansion.bias_map, bias),
    )
    return strided, (inner @ _input_map(expansion)).__rmatmul__(_output_map(expansion))


def _tensors(expansion: Expansion) -> tuple[Values | None, Values | None]:
    """Symbols for the weight and the bias; a pooling has neither."""
    if not expansion.original.weight_shape(len(expansion.axes)):
        return None, None
    bias = weight_symbols((expansion.original.out_channels,), "b") if expansion.layer.bias else None
    return weight_symbols(expansion.weight_shape), bias


def _expanded_weight(expansion: Expansion, weight: Values | None) -> Values:
    """The tied symbols; for an average pooling its one weight wherever a slot is live."""
    labels = expansion.parameter_labels()
    if weight is None:
        fill = dict(expansion.claim().weights)["w"].fill
        weight = np.full(expansion.weight_shape, read_exact(read_number(fill or 0)), dtype=object)
    tied = np.zeros(labels.shape, dtype=object)
    tied[labels >= 0] = weight.ravel()[labels[labels >= 0]]
    return tied


def _input_map(expansion: Expansion) -> AffineOperator:
    """The input map as a gather, with the constants it pads with as its offset."""
    size = (expansion.original.in_channels, *expansion.input_size)
    numbered = np.arange(1, prod(size) + 1, dtype=np.int64).reshape(size)
    place = run_steps([_without_value(step) for step in expansion.input_map], numbered).ravel() - 1
    constants = run_steps(expansion.input_map, np.zeros(size, dtype=object)).ravel()
    return AffineOperator(Gather(place, prod(size), "P"), _column(constants))


def _without_value(step: st.Step) -> st.Step:
    return st.Pad(step.padding, step.mode) if isinstance(step, st.Pad) else step


def _column(values: Values) -> Explicit:
    live = np.flatnonzero(values != 0)
    palette = tuple(read_exact(value) for value in values[live])
    shape = (len(values), 1)
    return Explicit(Entries(shape, live, np.zeros_like(live), np.arange(len(live)), palette), "b")


def _output_map(expansion: Expansion) -> LinearOperator:
    """The output map as a gather, and the divisors of an average pooling as a diagonal."""
    sizes = [axis.coarse_output for axis in expansion.axes]
    size = (expansion.layer.out_channels, *sizes)
    numbered = np.arange(1, prod(size) + 1, dtype=np.int64).reshape(size)
    moves = [step for step in expansion.output_map if not isinstance(step, st.Scale)]
    scales = [step for step in expansion.output_map if isinstance(step, st.Scale)]
    place = run_steps(moves, numbered)
    gather = Gather(place.ravel() - 1, prod(size), "Y")
    if not scales:
        return gather
    ones = np.ones(place.shape, dtype=object)
    diagonal = _diagonal(run_steps(scales, ones).ravel())
    return diagonal @ gather


def _diagonal(values: Values) -> Explicit:
    places = np.arange(len(values))
    palette = tuple(map(read_exact, values))
    return Explicit(Entries((len(values),) * 2, places, places, places, palette), "D")


def compare(left: LinearOperator, right: LinearOperator, what: str) -> None:
    """Require two operators to be equal in one polynomial ring.

    Raises:
        ProofsDisagree: the shapes or an entry differ.
    """
    if left.shape != right.shape:
        raise ProofsDisagree(f"the two sides' {what} shapes differ: {left.shape} and {right.shape}")
    sides = left.entries(), right.entries()
    domain = common_domain(value for side in sides for value in side.palette)
    first, second = (side.domain_matrix(domain).to_sparse() for side in sides)
    if first == second:
        return
    entries = (first - second).to_sparse().to_dod()
    row = min(entries)
    raise ProofsDisagree(
        f"the two sides' {what} differ at row {row}, column {min(entries[row])}, by "
        f"{_written(entries[row][min(entries[row])])}"
    )


def _written(value: Any) -> Expr | str:
    return value.as_expr() if hasattr(value, "as_expr") else str(value)
