"""Counterexamples of maxima as values: integers at which the two sides differ.

Of maxima the tables tell which entries and which constants an output takes part of.  What one side
reads and the other does not becomes a value: an entry that stands out above everything else, or
entries so low that only the constant is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.claim.sides import read_sides
from symconv.claim.verdict import Counterexample, Entries
from symconv.errors import ContradictionError
from symconv.prove.tables.lowering import tables_of
from symconv.prove.tables.table import Table, contract, extent, join, ones
from symconv.prove.witness.search import written
from symconv.relation.form import Form, at_positions
from symconv.relation.indices import Leg
from symconv.relation.term import Term

Index = tuple[int, ...]


def valued_maximum(claim: Claim, found: Counterexample) -> Counterexample:
    """A counterexample of maxima as an assignment; any other comes back as it is.

    Raises:
        ContradictionError: at this output both sides take the maximum of the same.

    >>> from symconv.claim import read_claim
    >>> claim = read_claim({"input": {"channels": 1, "size": [1]}, "right": [],
    ...     "left": [{"op": "pad", "padding": [[0, 0], [1, 1]]},
    ...              {"op": "max_pool", "kernel_size": 3}]})
    >>> found = valued_maximum(claim, Counterexample((0, 0), left="1"))
    >>> found.assignment, found.left, found.right
    ((('x', (((0, 0), -1),)),), '0', '-1')
    """
    if found.assignment or found.left_shape is not None:
        return found
    left, right = read_sides(claim)
    if left.monoid != "max":
        return found
    one, other = (_reads(form, found.output) for form in (left, right))
    entries = _telling(one, other, found.input)
    values = [side.value(dict(entries)) for side in (one, other)]
    if values[0] == values[1]:
        raise ContradictionError(f"claim {claim.name!r}: both sides agree at {found.sentence()}")
    return replace(
        found,
        input=entries[0][0] if entries else None,
        left=written(values[0]),
        right=written(values[1]),
        assignment=(("x", entries),),
    )


@dataclass(frozen=True, slots=True)
class _Reads:
    """What one output takes the maximum of: a constant (-inf for none) and entries of the input."""

    constant: Fraction | float
    entries: frozenset[Index]

    def value(self, given: dict[Index, int]) -> Fraction | float:
        """The maximum, with 0 for what is not given."""
        return max([self.constant, *(Fraction(given.get(at, 0)) for at in self.entries)])


def _telling(left: _Reads, right: _Reads, at: Index | None) -> Entries:
    """Few entries of the input that tell the two apart; every other one is 0."""
    highest = max(left.constant, right.constant)
    if at is not None:
        return ((at, 1 if highest < 1 else floor(highest) + 1),)
    if highest > 0:
        return ()
    lower = left if left.constant < right.constant else right
    return tuple((entry, ceil(highest) - 1) for entry in sorted(lower.entries))


def _reads(form: Form, output: Index) -> _Reads:
    constants: list[Fraction | float] = [float("-inf")]
    entries: set[Index] = set()
    for term in form.terms:
        places = _places(term, output)
        if term.tensors:
            entries.update(places)
        elif places:
            constants.append(Fraction(term.scalar))
    return _Reads(max(constants), frozenset(entries))


def _places(term: Term, output: Index) -> list[Index]:
    """The indices of the term's tensor at one output; of a constant the empty one, where it is."""
    term = at_positions(term, output)
    axes = [axis for tensor in term.tensors for axis in tensor.axes]
    table = _joined(term, [leg for axis in axes for leg in axis])
    if table.coefficients is not None:
        table = table.take(np.flatnonzero(table.coefficients != 0))
    if not table.columns:
        return [()] if table.coefficients is None or len(table.coefficients) else []
    columns = [_number(table, axis).tolist() for axis in axes]
    return list(zip(*columns, strict=True))


def _joined(term: Term, legs: list[Leg]) -> Table:
    """The term's tables as one over these legs; a leg in no table takes every index."""
    table = contract([*tables_of(term), ones([])], legs)
    free = [leg for leg in dict.fromkeys(legs) if leg not in table.legs]
    return join(table, ones(free)) if free else table


def _number(table: Table, axis: tuple[Leg, ...]) -> Any:
    number = np.zeros(table.entries, dtype=np.int64)
    for leg in axis:
        number = number * extent(leg) + table.columns[table.legs.index(leg)]
    return number
