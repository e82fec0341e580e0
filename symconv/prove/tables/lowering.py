"""Relations as tables, where sizes are numbers.

The relations of a term are played in the order in which they were made: one that speaks of a new
index adds a table, one that says an index is now written otherwise rewrites the tables so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from symconv.layer.window import BOTTOM, Index, Window
from symconv.machine.budget import running
from symconv.prove.tables.table import Table, extent, number, ones
from symconv.relation.indices import (
    Axis,
    Entries,
    Fuse,
    Gather,
    Portions,
    Row,
    Same,
    Slide,
    Split,
    Where,
)
from symconv.relation.maps import AxisMap, Piece
from symconv.relation.term import Term


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """A term without tensors, its relations made into tables."""

    out: tuple[Axis, ...]
    tables: tuple[Table, ...]
    scalar: int | Fraction


def lowered(term: Term) -> Product:
    """The term's axes and tables; tensors are left out.

    Raises:
        TooLarge: a table is beyond the budget.
    """
    return Product(term.out, tuple(tables_of(term)), term.scalar)


def tables_of(term: Term) -> list[Table]:
    """The tables of a term's relations.

    Raises:
        TooLarge: one is beyond the budget.
    """
    tables: list[Table] = []
    for relation in term.relations:
        _LOWER[type(relation)](relation, tables)
    return tables


def _split(r: Split, tables: list[Table]) -> None:
    tables[:] = [table.split(r.whole, r.high, r.low) for table in tables]


def _same(r: Same, tables: list[Table]) -> None:
    tables[:] = [table.rename(r.gone, r.kept) for table in tables]


def _fuse(r: Fuse, tables: list[Table]) -> None:
    digits = ones(r.digits)
    number = np.arange(extent(r.whole), dtype=np.int64)
    tables.append(Table((r.whole, *r.digits), (number, *digits.columns)))


def _gather(r: Gather, tables: list[Table]) -> None:
    tables.append(Table((r.new, r.old), read_positions(r.index)))


def _where(r: Where, tables: list[Table]) -> None:
    inside = np.zeros(extent(r.leg), dtype=bool)
    inside[read_positions(r.index)[0]] = True
    tables.append(Table((r.leg,), (np.flatnonzero(inside == r.inside),)))


def _slide(r: Slide, tables: list[Table]) -> None:
    tables.append(Table((r.out, r.tap, r.read), live_entries(r.window)))


def _portions(r: Portions, tables: list[Table]) -> None:
    ends = [(number(first), number(end)) for first, end in r.ends]
    running().check_entries(sum(end - first for first, end in ends), "an axis")
    read = [np.arange(first, end, dtype=np.int64) for first, end in ends]
    out = np.repeat(np.arange(len(ends), dtype=np.int64), [len(part) for part in read])
    tables.append(Table((r.out, r.read), (out, np.concatenate(read))))


def _row(r: Row, tables: list[Table]) -> None:
    wide = max(map(abs, r.values)) >= 2**62
    values = np.array(r.values, dtype=object if wide else np.int64)
    live = np.flatnonzero(values != 0)
    tables.append(Table((r.leg,), (live,), values[live]))


def _entries(r: Entries, tables: list[Table]) -> None:
    columns = np.array(r.places, dtype=np.int64).reshape(len(r.places), len(r.legs))
    wide = max(map(abs, r.values), default=0) >= 2**62
    values = np.array(r.values, dtype=object if wide else np.int64)
    tables.append(Table(r.legs, tuple(columns.T), values))


_LOWER: dict[type, Callable[[Any, list[Table]], None]] = {
    Split: _split,
    Same: _same,
    Fuse: _fuse,
    Gather: _gather,
    Where: _where,
    Slide: _slide,
    Portions: _portions,
    Row: _row,
    Entries: _entries,
}


@lru_cache(maxsize=1024)
def live_entries(window: Window) -> tuple[Index, Index, Index]:
    """Columns ``(output, tap, input)`` of the access table's live entries."""
    running().check_entries(number(window.output) * number(window.kernel), "an axis")
    table = window.table()
    outputs, taps = np.nonzero(table != BOTTOM)
    return outputs, taps, table[outputs, taps]


@lru_cache(maxsize=1024)
def read_positions(index: AxisMap) -> tuple[Index, Index]:
    """Columns ``(new, old)`` of an index map: the positions that read something, and what.

    >>> from symconv.relation.maps import dilate, pad
    >>> [column.tolist() for column in read_positions(pad(3, 1, 1, "reflect"))]
    [[1, 2, 3, 0, 4], [0, 1, 2, 1, 1]]
    >>> [column.tolist() for column in read_positions(dilate(3, 2))]
    [[0, 2, 4], [0, 1, 2]]
    """
    running().check_entries(number(index.size), "an axis")
    parts = [_piece(piece, index) for piece in index.pieces]
    news, olds = zip(*parts, strict=True)
    return np.concatenate(news), np.concatenate(olds)


def _piece(piece: Piece, index: AxisMap) -> tuple[Index, Index]:
    size, source = number(index.size), number(index.source)
    first = 0 if piece.first is None else max(0, number(piece.first))
    end = size if piece.end is None else min(number(piece.end), size)
    new = np.arange(first, max(first, end), dtype=np.int64)
    old, hole = np.divmod(piece.slope * new + number(piece.shift), piece.by)
    live = (hole == 0) & (old >= 0) & (old < source)
    return new[live], old[live]
