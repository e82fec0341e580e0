"""Rows of terms looked up among others: by a hash, and then compared term by term."""

from __future__ import annotations

import numpy as np

from symconv.prove.models.terms import Ids

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
    rows[:, 1:][rows[:, 1:] == rows[:, :-1]] = NOTHING
    return np.sort(rows, axis=1)


class RowTable:
    """Rows, each with its place, that others are looked up among.

    The hash only says where to look: a row is found where all its terms are equal.

    >>> RowTable(np.array([[1, 2], [3, 4]])).places(np.array([[3, 4], [3, 5]])).tolist()
    [1, -1]
    """

    def __init__(self, rows: Ids) -> None:
        self.rows = rows
        hashes = _hashes(rows)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def places(self, rows: Ids) -> Ids:
        """The place of each row among the table's, -1 for a row that is not there."""
        width = max(rows.shape[1], self.rows.shape[1])
        mine, rows = of_width(self.rows, width), of_width(rows, width)
        hashes = _hashes(rows)
        order = np.argsort(hashes, kind="stable")  # a search in order stays in the cache
        at = np.empty(len(hashes), np.int64)
        at[order] = np.searchsorted(self._hashes, hashes[order])
        at = at.clip(max=len(self._hashes) - 1)
        places = self._order[at]
        return np.where((mine[places] == rows).all(axis=1), places, -1)


def _hashes(rows: Ids) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A hash of each row that does not see what `NOTHING` stands behind it."""
    found = np.zeros(len(rows), np.uint64)
    for column in range(rows.shape[1]):
        part = np.where(rows[:, column] == NOTHING, 0, rows[:, column] + 5).astype(np.uint64)
        part *= _FACTORS[column % len(_FACTORS)]
        found += part ^ (part >> np.uint64(29))
    return found
