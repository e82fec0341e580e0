"""Sparse integer tensors over indices: what relations become where sizes are numbers.

A `Table` lists the entries of a sparse tensor over its legs, one column a leg; an entry listed
twice counts twice, so that a join never has to merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.errors import InternalError
from symconv.layer.window import Index
from symconv.machine.budget import running
from symconv.relation.indices import Leg
from symconv.size.expr import Size

_SAFE = 2**31
Coefficients = NDArray[Any]


def number(size: Size) -> int:
    """A size that must be a number, as all are in claims at given sizes.

    Raises:
        InternalError: it is named.
    """
    if isinstance(size, int):
        return size
    raise InternalError(f"a table was asked for an axis of {size} samples")


def extent(leg: Leg) -> int:
    """The size of an index."""
    return number(leg.size)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A sparse tensor: ``columns[i][n]`` is the index on ``legs[i]`` of entry ``n``.

    ``coefficients`` is None where every entry is 1.
    """

    legs: tuple[Leg, ...]
    columns: tuple[Index, ...]
    coefficients: Coefficients | None = None

    @property
    def entries(self) -> int:
        """Number of listed entries."""
        return len(self.columns[0]) if self.columns else 1

    def take(self, rows: Index) -> Table:
        """The entries at these rows, in this order, repeated as often as named."""
        coefficients = None if self.coefficients is None else self.coefficients[rows]
        return Table(self.legs, tuple(column[rows] for column in self.columns), coefficients)

    def split(self, leg: Leg, high: Leg, low: Leg) -> Table:
        """Replace a leg by two digits, ``index = high*low.size + low``."""
        if leg not in self.legs:
            return self
        at = self.legs.index(leg)
        digits = np.divmod(self.columns[at], extent(low))
        return Table(
            (*self.legs[:at], high, low, *self.legs[at + 1 :]),
            (*self.columns[:at], *digits, *self.columns[at + 1 :]),
            self.coefficients,
        )

    def rename(self, old: Leg, new: Leg) -> Table:
        """Put ``new`` for ``old``; where it stands already, keep the diagonal."""
        if old not in self.legs:
            return self
        at = self.legs.index(old)
        if new not in self.legs:
            return Table(
                (*self.legs[:at], new, *self.legs[at + 1 :]), self.columns, self.coefficients
            )
        same = self.columns[at] == self.columns[self.legs.index(new)]
        return self.drop([old]).take(np.flatnonzero(same))

    def drop(self, legs: Iterable[Leg]) -> Table:
        """Forget columns: their legs are summed over, since repeated entries add up."""
        gone = set(legs)
        if not gone:
            return self
        kept = [i for i, leg in enumerate(self.legs) if leg not in gone]
        if not kept:
            return scalar_table(self.total())
        return Table(
            tuple(self.legs[i] for i in kept),
            tuple(self.columns[i] for i in kept),
            self.coefficients,
        )

    def peeled(self) -> list[Table]:
        """The table as a product: a column that holds one index only is a factor of its own."""
        fixed = [
            i
            for i, column in enumerate(self.columns)
            if len(column) and (column == column[0]).all()
        ]
        alone = fixed[: len(self.legs) - 1]
        if not alone:
            return [self]
        points = [Table((self.legs[i],), (self.columns[i][:1],)) for i in alone]
        return [self.drop(self.legs[i] for i in alone), *points]

    def total(self) -> int:
        """Sum of all coefficients."""
        if self.coefficients is None:
            return self.entries
        return int(sum(self.coefficients.tolist()))


def scalar_table(value: int) -> Table:
    """A table without legs: a number."""
    return Table((), (), np.array([value], dtype=object))


def ones(legs: Sequence[Leg]) -> Table:
    """The tensor of ones over these legs."""
    sizes = [extent(leg) for leg in legs]
    check_size(prod(sizes))
    grid = np.indices(sizes, dtype=np.int64)
    return Table(tuple(legs), tuple(axis.ravel() for axis in grid))


def join(a: Table, b: Table) -> Table:
    """Pointwise product: the entries of both tables that agree on the legs they share."""
    shared = [leg for leg in a.legs if leg in b.legs]
    key_a, key_b = ravel(a, shared), ravel(b, shared)
    order = np.argsort(key_b, kind="stable")
    sorted_b = key_b[order]
    first = np.searchsorted(sorted_b, key_a, "left")
    count = np.searchsorted(sorted_b, key_a, "right") - first
    check_size(int(count.sum()))
    rows_a = np.repeat(np.arange(a.entries), count)
    within = np.arange(len(rows_a)) - np.repeat(np.cumsum(count) - count, count)
    left, right = a.take(rows_a), b.take(order[np.repeat(first, count) + within])
    extra = [i for i, leg in enumerate(b.legs) if leg not in a.legs]
    return Table(
        (*left.legs, *(right.legs[i] for i in extra)),
        (*left.columns, *(right.columns[i] for i in extra)),
        multiply(left.coefficients, right.coefficients),
    )


def multiply(a: Coefficients | None, b: Coefficients | None) -> Coefficients | None:
    """Product of coefficients, in Python's integers where 64 bits might not hold it."""
    if a is None or b is None:
        return b if a is None else a
    if _largest(a) * _largest(b) >= _SAFE:
        a, b = a.astype(object), b.astype(object)
    return a * b


def _largest(values: Coefficients) -> int:
    return (
        max(map(abs, values.tolist()), default=0)
        if values.dtype == object
        else int(np.abs(values).max(initial=0))
    )


def ravel(table: Table, legs: Sequence[Leg]) -> Index:
    """One integer an entry that numbers its indices on these legs in C order."""
    sizes = [extent(leg) for leg in legs]
    wide = prod(sizes) >= 2**62
    key = np.zeros(table.entries, dtype=object if wide else np.int64)
    for leg, size in zip(legs, sizes, strict=True):
        key = key * size + table.columns[table.legs.index(leg)]
    return key


def check_size(entries: int) -> None:
    """Refuse a table beyond the budget before it is built.

    Raises:
        TooLarge: it is.
    """
    running().check_entries(entries, "a part of the claim that does not factorise")


def contract(tables: Sequence[Table], keep: Sequence[Leg]) -> Table:
    """Multiply connected tables and sum over every leg that is not kept.

    Legs are eliminated one by one, the one whose tables are smallest first.
    """
    if len(tables) == 1:
        kept = set(keep)
        return tables[0].drop([leg for leg in tables[0].legs if leg not in kept])
    pool = _Pool(keep)
    for table in tables:
        pool.add(table)
    while (leg := pool.cheapest()) is not None:
        merged = join_all(pool.without(leg))
        pool.add(merged.drop(leg for leg in merged.legs if not pool.needs(leg)))
    return join_all(list(pool.tables.values()))


class _Pool:
    """Tables that are multiplied, found by their legs: what a join costs does not grow with all."""

    def __init__(self, keep: Iterable[Leg]) -> None:
        self.tables: dict[int, Table] = {}
        self._kept = set(keep)
        self._at: dict[Leg, set[int]] = {}
        self._heap: list[tuple[int, int, Leg]] = []
        self._count = count()

    def add(self, table: Table) -> None:
        """Put in a table, and each of its hidden legs with what it would cost to eliminate it."""
        number = next(self._count)
        self.tables[number] = table
        for leg in table.legs:
            self._at.setdefault(leg, set()).add(number)
        for leg in table.legs:
            if leg not in self._kept:
                heappush(self._heap, (self._cost(leg), next(self._count), leg))

    def _cost(self, leg: Leg) -> int:
        return sum(self.tables[number].entries for number in self._at[leg])

    def cheapest(self) -> Leg | None:
        """The hidden leg whose tables have the fewest entries; None where none is left."""
        while self._heap:
            cost, _, leg = heappop(self._heap)
            if self._at.get(leg) and cost == self._cost(leg):
                return leg
        if any(self._at[leg] for leg in self._at.keys() - self._kept):
            raise InternalError("a hidden index was not summed over")
        return None

    def without(self, leg: Leg) -> list[Table]:
        """Take out the tables that a leg stands in."""
        numbers = sorted(self._at[leg])
        found = [self.tables.pop(number) for number in numbers]
        for number, table in zip(numbers, found, strict=True):
            for other in table.legs:
                self._at[other].discard(number)
        return found

    def needs(self, leg: Leg) -> bool:
        """Whether a leg is kept, or stands in another table."""
        return leg in self._kept or bool(self._at.get(leg))


def join_all(tables: Sequence[Table]) -> Table:
    """Product of tables, the smallest first, sharing legs wherever they can."""
    rest = sorted(tables, key=lambda table: table.entries)
    result = rest.pop(0)
    while rest:
        near = next((t for t in rest if set(t.legs) & set(result.legs)), rest[0])
        rest.remove(near)
        result = join(result, near)
    return result
