"""Where on its axes a form can be anything but zero, and what it can read: never too few places."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd

import numpy as np

from symconv.machine.budget import running
from symconv.prove.squares.hidden import Keep, Ranges
from symconv.prove.tables.compare import first_difference
from symconv.prove.tables.lowering import tables_of
from symconv.prove.tables.table import Table, contract, extent, number
from symconv.relation.digits import single_leg
from symconv.relation.form import Form, constant_form
from symconv.relation.indices import Leg
from symconv.relation.term import Term


def possible(form: Form) -> Keep:
    """The positions of each spatial axis (not of the channels) at which some term has entries."""
    return tuple(_possible(form, axis) for axis in range(1, len(form.shape)))


def read_ranges(form: Form, name: str) -> Ranges | None:
    """On each spatial axis of a tensor a range ``first, end, step`` that holds all that is read.

    None where no term reads the tensor.
    """
    seen: list[np.ndarray] = []
    for term in form.terms:
        for tensor in term.tensors:
            if tensor.name == name:
                whole = term.with_out(tensor.axes)
                read = [_positions(whole, axis) for axis in range(1, len(tensor.axes))]
                seen = [a | b for a, b in zip(seen, read, strict=True)] if seen else read
    if not seen:
        return None
    places = [np.flatnonzero(axis).tolist() for axis in seen]
    if not all(places):
        return None
    return tuple((p[0], p[-1] + 1, gcd(*(b - a for a, b in pairwise(p))) or 1) for p in places)


def everywhere_finite(form: Form) -> bool:
    """Whether a maximum reads something at every place, so that none of its values is -inf."""
    terms = [Term(term.out, (), term.relations, 0) for term in form.terms]
    zeros = constant_form(Fraction(0), form.shape, "max")
    return first_difference(form.with_terms(terms), zeros) is None


def _possible(form: Form, axis: int) -> tuple[int, ...]:
    running().check_entries(number(form.shape[axis]), "an axis")
    seen = np.zeros(number(form.shape[axis]), dtype=np.int64)
    for term in form.terms:
        seen |= _positions(term, axis)
    return tuple(seen.tolist())


def _positions(term: Term, axis: int) -> np.ndarray:
    term, leg = single_leg(term, axis)
    running().check_entries(extent(leg), "an axis")
    seen = np.zeros(extent(leg), dtype=np.int64)
    tables = _component(leg, tables_of(term))
    if not tables:
        return seen + 1
    table = contract(tables, (leg,))
    seen[table.columns[table.legs.index(leg)]] = 1
    return seen


def _component(leg: Leg, tables: Sequence[Table]) -> list[Table]:
    """The tables that are connected with a leg."""
    reached, found = {leg}, [False] * len(tables)
    grown = True
    while grown:
        grown = False
        for place, table in enumerate(tables):
            if not found[place] and reached & set(table.legs):
                found[place] = grown = True
                reached |= set(table.legs)
    return [table for table, inside in zip(tables, found, strict=True) if inside]
