"""Blocks: digits that no term connects to the rest, with their classes of equal entries."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from symconv.layer.window import Index
from symconv.prove.tables.lowering import Product
from symconv.prove.tables.table import (
    Coefficients,
    Table,
    contract,
    extent,
    join_all,
    ones,
    ravel,
)
from symconv.relation.indices import Leg
from symconv.relation.term import Monoid

Position = tuple[int, int]
"""``(axis, digit)``."""


@dataclass(frozen=True, slots=True)
class Block:
    """Entries of one block, by class: a value in every term, and the least digits with it."""

    classes: tuple[tuple[tuple[int, ...], tuple[tuple[Position, int], ...]], ...]


class _Sets:
    """Disjoint sets of hashable things (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def find(self, item: Hashable) -> Hashable:
        above = self._parent
        parent = above.setdefault(item, item)
        while parent != item:
            above[item] = above[parent]  # half the way for the next one
            item = above[item]
            parent = above[item]
        return item

    def union(self, items: Iterable[Hashable]) -> None:
        first = None
        for item in items:
            root = self.find(item)
            first = root if first is None else first
            self._parent[root] = first


def find_blocks(terms: Sequence[Product], monoid: Monoid) -> tuple[list[Block], list[int]]:
    """The blocks of terms over the same digits, and each term's product of tables outside."""
    positions = [
        (axis, digit) for axis, legs in enumerate(terms[0].out) for digit in range(len(legs))
    ]
    components = [_components(term) for term in terms]
    together = _Sets()
    for term, sets in zip(terms, components, strict=True):
        for position in positions:
            together.union([("in", id(term), sets.find(_leg(term, position))), position])
    members: dict[Hashable, list[Position]] = {}
    for position in positions:
        members.setdefault(together.find(position), []).append(position)
    blocks = [_block(group, terms, components, monoid) for group in members.values()]
    return blocks, [_loose_factor(t, s, positions) for t, s in zip(terms, components, strict=True)]


def _leg(term: Product, position: Position) -> Leg:
    return term.out[position[0]][position[1]]


def _components(term: Product) -> _Sets:
    """The term's legs, connected by its tables."""
    sets = _Sets()
    for table in term.tables:
        sets.union(table.legs)
    return sets


def _loose_factor(term: Product, sets: _Sets, positions: Sequence[Position]) -> int:
    """The product of the term's tables that reach no position."""
    reached = {sets.find(_leg(term, position)) for position in positions}
    loose: dict[Hashable, list[Table]] = {}
    factor = 1
    for table in term.tables:
        if not table.legs:
            factor *= table.total()
        elif (root := sets.find(table.legs[0])) not in reached:
            loose.setdefault(root, []).append(table)
    for tables in loose.values():
        factor *= contract(tables, ()).total()
    return factor


def _block(
    group: list[Position], terms: Sequence[Product], components: Sequence[_Sets], monoid: Monoid
) -> Block:
    tables = [_tables_at(group, t, s) for t, s in zip(terms, components, strict=True)]
    wirings = {_wiring(group, term) for term in terms}
    if len(wirings) == 1 and not any(tables):
        return Block((((1,) * len(terms), tuple((position, 0) for position in group)),))
    entries = [
        _entries(group, term, parts, sets, monoid)
        for term, parts, sets in zip(terms, tables, components, strict=True)
    ]
    sizes = [extent(_leg(terms[0], position)) for position in group]
    classes = (
        (values, tuple(zip(group, _digits(key, sizes), strict=True)))
        for values, key in _classes(entries)
    )
    return Block(tuple(classes))


def _tables_at(group: list[Position], term: Product, sets: _Sets) -> list[Table]:
    roots = {sets.find(_leg(term, position)) for position in group}
    return [t for t in term.tables if t.legs and sets.find(t.legs[0]) in roots]


def _wiring(group: list[Position], term: Product) -> tuple[int, ...]:
    """Which positions carry the same leg."""
    legs = [_leg(term, position) for position in group]
    return tuple(legs.index(leg) for leg in legs)


Entries = tuple[Index, Coefficients | None]


def _entries(
    group: list[Position], term: Product, tables: list[Table], sets: _Sets, monoid: Monoid
) -> Entries:
    """The term's tensor on a block: distinct keys in order, and their coefficients (None: ones)."""
    legs = [_leg(term, position) for position in group]
    keep = list(dict.fromkeys(legs))
    parts: dict[Hashable, list[Table]] = {}
    for table in tables:
        parts.setdefault(sets.find(table.legs[0]), []).append(table)
    factors = [contract(part, keep) for part in parts.values()]
    covered = {leg for factor in factors for leg in factor.legs}
    if free := [leg for leg in keep if leg not in covered]:
        factors.append(ones(free))
    whole = join_all(factors)
    return _merged(ravel(whole, legs), whole.coefficients, monoid)


def _merged(keys: Index, coefficients: Coefficients | None, monoid: Monoid) -> Entries:
    """Sort keys and add up what stands at the same one; zeros go."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))[: len(keys)]
    if coefficients is None:
        if len(starts) == len(keys) or monoid == "max":
            return keys[starts], None
        coefficients = np.ones(len(keys), dtype=np.int64)
    sums = np.add.reduceat(_roomy(coefficients)[order], starts) if len(starts) else coefficients
    live = np.flatnonzero(sums != 0)
    return keys[starts][live], None if monoid == "max" else sums[live]


def _roomy(coefficients: Coefficients) -> Coefficients:
    """Python's integers where a 64-bit sum of all entries might overflow."""
    if coefficients.dtype == object or not coefficients.size:
        return coefficients
    safe = int(np.abs(coefficients).max()) * len(coefficients) < 2**62
    return coefficients if safe else coefficients.astype(object)


def _classes(entries: Sequence[Entries]) -> list[tuple[tuple[int, ...], int]]:
    """Distinct rows of values over all terms, each with the least key at which it stands."""
    first_keys, first_values = entries[0]
    if first_values is None and all(v is None and _equal(k, first_keys) for k, v in entries):
        return [((1,) * len(entries), int(first_keys[0]))] if len(first_keys) else []
    keys = np.unique(np.concatenate([key for key, _ in entries]))
    rows = np.zeros((len(keys), len(entries)), dtype=object)
    for column, (key, values) in enumerate(entries):
        rows[np.searchsorted(keys, key), column] = 1 if values is None else values
    least: dict[tuple[int, ...], int] = {}
    for key, row in zip(keys.tolist(), rows.tolist(), strict=True):
        least.setdefault(tuple(row), key)
    return list(least.items())


def _equal(a: Index, b: Index) -> bool:
    return len(a) == len(b) and bool((a == b).all())


def _digits(key: int, sizes: Sequence[int]) -> list[int]:
    digits = []
    for place in range(len(sizes)):
        rest = prod(sizes[place + 1 :])
        digits.append(key // rest)
        key %= rest
    return digits
