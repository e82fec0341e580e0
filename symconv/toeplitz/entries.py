"""The entries of a sparse matrix as integer arrays and a palette of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from sympy import SparseMatrix
from sympy.polys.domains.domain import Domain
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.sdm import SDM

from symconv.errors import TooLarge
from symconv.layer.window import BOTTOM, Index
from symconv.toeplitz.values import common_domain, converter, multiply, to_expression

MOST_ENTRIES = 5_000_000
"""The most entries of one matrix, about a gigabyte as a SymPy matrix."""


@dataclass(frozen=True, eq=False, slots=True)
class Entries:
    """Entry ``e`` holds ``palette[labels[e]]`` at ``(rows[e], columns[e])``; equal places add up.

    A palette shares values: a Toeplitz matrix has as many values as weights, however large it is,
    and composing it with a gather moves integers only.
    """

    shape: tuple[int, int]
    rows: Index
    columns: Index
    labels: Index
    palette: tuple[Any, ...]

    def __post_init__(self) -> None:
        check_count(len(self.rows), self.shape)

    def transposed(self) -> Entries:
        """Swap rows and columns."""
        return replace(self, shape=self.shape[::-1], rows=self.columns, columns=self.rows)

    def take_rows(self, index: Index) -> Entries:
        """Return the rows of this index, one after another; BOTTOM gives a row of zeros."""
        by_row = np.argsort(self.rows, kind="stable")
        bounds = np.searchsorted(self.rows[by_row], [index, index + 1])
        counts = bounds[1] - bounds[0]  # no entry lies in row BOTTOM
        picked = by_row[_ranges(bounds[0], counts)]
        return Entries(
            (len(index), self.shape[1]),
            np.repeat(np.arange(len(index)), counts),
            self.columns[picked],
            self.labels[picked],
            self.palette,
        )

    def gathered(self, index: Index, columns: int) -> Entries:
        """Compose with the gather of this index: a column moves to what it reads, or vanishes."""
        moved = index[self.columns]
        live = moved != BOTTOM
        return Entries(
            (self.shape[0], columns), self.rows[live], moved[live], self.labels[live], self.palette
        )

    def __matmul__(self, other: Entries) -> Entries:
        """Multiply: every pair of values that meets is multiplied once."""
        reads = other.take_rows(self.columns)
        left = self.labels[reads.rows]
        pairs, labels = np.unique(left * len(other.palette) + reads.labels, return_inverse=True)
        a, b = np.divmod(pairs, max(len(other.palette), 1))
        products = (multiply(self.palette[i], other.palette[j]) for i, j in zip(a, b, strict=True))
        shape = (self.shape[0], other.shape[1])
        return Entries(shape, self.rows[reads.rows], reads.columns, labels, tuple(products))

    def __add__(self, other: Entries) -> Entries:
        """Add: the entries of both."""
        return Entries(
            self.shape,
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.columns, other.columns]),
            np.concatenate([self.labels, other.labels + len(self.palette)]),
            self.palette + other.palette,
        )

    def domain_matrix(self, domain: Domain | None = None) -> DomainMatrix:
        """Return SymPy's sparse, exact matrix over the domain, by default `common_domain`."""
        domain = domain or common_domain(self.palette)
        rows = dict(self._converted(converter(domain))._by_row())
        return DomainMatrix.from_rep(SDM(rows, self.shape, domain))

    def matrix(self) -> SparseMatrix:
        """Return SymPy's sparse matrix of terms."""
        rows = self._converted(to_expression)._by_row()
        places = {(i, j): value for i, row in rows for j, value in row.items()}
        return SparseMatrix(*self.shape, places)

    def _converted(self, convert: Callable[[Any], Any]) -> Entries:
        """Convert the palette, add up equal places, drop zeros, and sort by place."""
        summed = replace(self, palette=tuple(map(convert, self.palette)))._summed()
        zero = np.array([value == 0 for value in summed.palette], dtype=bool)
        return summed._keep(~zero[summed.labels]) if zero.any() else summed

    def _keep(self, live: Any) -> Entries:
        parts = {name: getattr(self, name)[live] for name in ("rows", "columns", "labels")}
        return replace(self, **parts)

    def _summed(self) -> Entries:
        order = np.lexsort((self.columns, self.rows))
        rows, columns, labels = self.rows[order], self.columns[order], self.labels[order]
        fresh = np.ones(len(order), dtype=bool)
        fresh[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
        starts = np.flatnonzero(fresh)
        palette, merged = _sums(self.palette, labels, starts)
        return Entries(self.shape, rows[starts], columns[starts], merged, palette)

    def _by_row(self) -> Iterator[tuple[int, dict[int, Any]]]:
        """Each row that is not zero, as column to value; needs sorted entries."""
        found, starts = np.unique(self.rows, return_index=True)
        stops = np.append(starts, len(self.rows))[1:].tolist()
        columns = self.columns.tolist()
        values = [self.palette[label] for label in self.labels.tolist()]
        for row, start, stop in zip(found.tolist(), starts.tolist(), stops, strict=True):
            yield row, dict(zip(columns[start:stop], values[start:stop], strict=True))


def check_count(entries: int, shape: tuple[int, int]) -> None:
    """Refuse to write out a matrix that would not fit."""
    if entries > MOST_ENTRIES:
        raise TooLarge(
            f"a matrix of {shape[0]} x {shape[1]} with {entries} entries is too large to write "
            f"out (at most {MOST_ENTRIES}); choose a smaller input_size or fewer channels"
        )


def _ranges(starts: Index, counts: Index) -> Index:
    """Return ``start, start + 1, ...`` of each count, one after another."""
    check_count(total := int(counts.sum()), (len(starts), total))
    ends = np.cumsum(counts)
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - counts), counts))


def _sums(palette: tuple[Any, ...], labels: Index, starts: Index) -> tuple[tuple[Any, ...], Index]:
    """Add up the values of each run of labels; equal runs share one sum."""
    values, merged = list(palette), labels[starts]
    stops = np.append(starts[1:], len(labels))
    known: dict[tuple[int, ...], int] = {}
    for group in np.flatnonzero(stops - starts > 1):
        run = tuple(sorted(labels[starts[group] : stops[group]].tolist()))
        if run not in known:
            known[run] = len(values)
            values.append(reduce(add, [palette[label] for label in run]))
        merged[group] = known[run]
    return tuple(values), merged
