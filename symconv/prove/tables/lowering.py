"""Relations as tables, where sizes are numbers.

The relations of a term are played in the order in which they were made: one that speaks of a new
index adds a table, one that says an index is now written otherwise rewrites the tables so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from symconv.errors import InternalError
from symconv.layer.matrix import Matrix, Point
from symconv.layer.window import BOTTOM, Index, Window
from symconv.machine.budget import running
from symconv.machine.caches import cached_in_bytes
from symconv.prove.tables.table import Table, extent, number, ones
from symconv.relation.indices import (
    Axis,
    Entries,
    Fuse,
    Gather,
    Lattice,
    Portions,
    Row,
    Same,
    Slide,
    Split,
    Where,
)
from symconv.relation.maps import AxisMap, Piece
from symconv.relation.term import Term

COLUMNS = 16 * 2**20
"""Bytes of columns that are kept: some thousand axes of images, or one of a minute of sound."""


def bytes_of(columns: tuple[Index, ...]) -> int:
    """The bytes of a table's columns."""
    return sum(column.nbytes for column in columns)


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


def _lattice(r: Lattice, tables: list[Table]) -> None:
    if len(set(r.legs)) < len(r.legs):
        raise InternalError("one index stands on two axes that a lattice reads")
    offsets = tuple(tuple(map(number, offset)) for offset in r.offsets)
    new, old = (tuple(map(extent, axis)) for axis in (r.new, r.old))
    tables.append(Table(r.legs, lattice_points(r.matrix, offsets, new, old)))


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
    Lattice: _lattice,
    Row: _row,
    Entries: _entries,
}


@cached_in_bytes(COLUMNS, bytes_of)
def live_entries(window: Window) -> tuple[Index, Index, Index]:
    """Columns ``(output, tap, input)`` of the access table's live entries."""
    running().check_entries(number(window.output) * number(window.kernel), "an axis")
    table = window.table()
    outputs, taps = np.nonzero(table != BOTTOM)
    return outputs, taps, table[outputs, taps]


@cached_in_bytes(COLUMNS, bytes_of)
def lattice_points(
    matrix: Matrix, offsets: tuple[Point, ...], new: Point, old: Point
) -> tuple[Index, ...]:
    """Columns ``(new, coset, old)`` of the points ``old = A new + offset`` that lie in both boxes.

    >>> [column.tolist() for column in lattice_points(((2,),), ((0,), (1,)), (2,), (3,))]
    [[0, 1, 0], [0, 0, 1], [0, 2, 1]]
    """
    running().check_entries(prod(new) * len(offsets), "a lattice's positions")
    points = np.indices(new, dtype=np.int64).reshape(len(new), -1)
    moved = np.array(matrix, dtype=np.int64) @ points
    parts = [_points_of(coset, offset, points, moved, old) for coset, offset in enumerate(offsets)]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _points_of(
    coset: int, offset: Point, points: Index, moved: Index, old: Point
) -> tuple[Index, ...]:
    """The columns of one coset."""
    read = moved + np.array(offset, dtype=np.int64)[:, None]
    live = np.flatnonzero(((read >= 0) & (read < np.array(old)[:, None])).all(axis=0))
    return (*points[:, live], np.full(len(live), coset, dtype=np.int64), *read[:, live])


@cached_in_bytes(COLUMNS, bytes_of)
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
