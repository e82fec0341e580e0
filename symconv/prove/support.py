"""Where on each axis a form can be anything but zero: one 0/1 list an axis, never too few ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symconv.prove.hidden import Keep
from symconv.relation.form import Form
from symconv.relation.table import Leg, Table, contract
from symconv.relation.term import Term, single_leg


def possible(form: Form) -> Keep:
    """The positions of each spatial axis (not of the channels) at which some term has entries."""
    return tuple(_possible(form, axis) for axis in range(1, len(form.shape)))


def _possible(form: Form, axis: int) -> tuple[int, ...]:
    seen = np.zeros(form.shape[axis], dtype=np.int64)
    for term in form.terms:
        seen |= _positions(term, axis)
    return tuple(seen.tolist())


def _positions(term: Term, axis: int) -> np.ndarray:
    term, leg = single_leg(term, axis)
    seen = np.zeros(leg.size, dtype=np.int64)
    tables = _component(leg, term.tables)
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
