"""Rows of terms looked up among others: by a hash, and then compared term by term."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from symconv.prove.models.terms import Ids

Hashes = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

NOTHING = np.iinfo(np.int64).max
"""Stands where a row is shorter than the widest one; no term is as large."""

_FACTORS = np.random.default_rng(7).integers(1, 2**63, 4096, dtype=np.uint64) | np.uint64(1)


def of_width(rows: Ids, width: int) -> Ids:
    """Rows made longer by `NOTHING`."""
    if rows.shape[1] >= width:
        return rows
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=NOTHING)


def as_sets(rows: Ids) -> Ids:
    """Rows in order, each term once."""
    rows = np.sort(rows, axis=1)
    twice = rows[:, 1:] == rows[:, :-1]
    if not (twice & (rows[:, 1:] != NOTHING)).any():
        return rows
    rows[:, 1:][twice] = NOTHING
    return np.sort(rows, axis=1)


class RowTable:
    """Rows, each with its place, that others are looked up among.

    The hash only says where to look: a row is found where all its terms are equal.

    >>> RowTable(np.array([[1, 2], [3, 4]])).places(np.array([[3, 4], [3, 5]])).tolist()
    [1, -1]
    """

    def __init__(self, rows: Ids) -> None:
        self.rows = rows

    @cached_property
    def _ordered(self) -> tuple[Ids, Hashes]:
        """Places in the order of their rows' hashes, and these."""
        hashes = _hashes(self.rows)
        order = np.argsort(hashes, kind="stable")
        return order, hashes[order]

    def places(self, rows: Ids, asked: Bools | None = None) -> Ids:
        """The place of each row among the table's, -1 for one that is not there or not asked.

        Rows that stand at their own place are seen at once, as most do in a graph left alone.
        """
        width = max(rows.shape[1], self.rows.shape[1])
        mine, rows = of_width(self.rows, width), of_width(rows, width)
        left = np.ones(len(rows), bool) if asked is None else asked.copy()
        found = np.full(len(rows), -1, np.int64)
        if len(rows) == len(mine) and mine is not rows:
            alike = left & (mine == rows).all(axis=1)
            found[alike] = np.flatnonzero(alike)
            left &= ~alike
        if left.any():
            found[left] = self._searched(mine, rows[left])
        return found

    def _searched(self, mine: Ids, rows: Ids) -> Ids:
        places, ordered = self._ordered
        hashes = _hashes(rows)
        order = np.argsort(hashes, kind="stable")  # a search in order stays in the cache
        at = np.empty(len(hashes), np.int64)
        at[order] = np.searchsorted(ordered, hashes[order])
        at = places[at.clip(max=len(ordered) - 1)]
        return np.where((mine[at] == rows).all(axis=1), at, -1)


def _hashes(rows: Ids) -> Hashes:
    """A hash of each row that does not see what `NOTHING` stands behind it."""
    found = np.zeros(len(rows), np.uint64)
    for column in range(rows.shape[1]):
        part = np.where(rows[:, column] == NOTHING, 0, rows[:, column] + 5).astype(np.uint64)
        part *= _FACTORS[column % len(_FACTORS)]
        found += part ^ (part >> np.uint64(29))
    return found
