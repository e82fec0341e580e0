"""Poolings and reductions: each output as the row of the terms that it pools.

A maximum is of a set: ``max(max(a, b), c)`` and ``max(a, b, c)`` have one row, and -inf is left out
of it.  A mean is of what is counted, with its divisor in front; a norm has its exponent there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from symconv.errors import TooLarge
from symconv.prove.models.rows import NOTHING, RowTable, as_sets, of_width
from symconv.prove.models.terms import FIRST_GARBAGE, LEAST, ZERO, Ids, Shape, Tensor, Terms

Family = Literal["max", "mean", "norm"]

MOST_ROWS = 30_000_000
"""Terms of all rows of one pooling: 240 MB; 64 channels of 112x112 pooled by 3x3 have 7 million."""


def windows_of(
    x: Ids, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Ids:
    """The terms under each window of a padded signal ``(N, C, *S)``: ``(N, C, *O, taps)``."""
    axes = tuple(range(2, x.ndim))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axis=axes)
    taken = tuple(slice(None, None, s) for s in stride)
    taps = tuple(slice(None, None, d) for d in dilation)
    seen = seen[(slice(None), slice(None), *taken, *taps)]
    if seen.size > MOST_ROWS:
        raise TooLarge(f"a pooling of {seen.size} terms is over the bound of {MOST_ROWS}")
    lead = seen.ndim - len(axes)
    return np.ascontiguousarray(seen.reshape(*seen.shape[:lead], -1))


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooling that was applied, kept so that others meet its terms."""

    family: Family
    key: Hashable
    inputs: tuple[Tensor, ...]
    start: int
    shape: Shape
    second: bool
    make: Callable[[], Ids]
    _made: list[RowTable] = field(default_factory=list)

    def table(self) -> RowTable:
        """Its rows, computed when first asked for."""
        if not self._made:
            self._made.append(RowTable(self.make()))
        return self._made[0]


class Pools:
    """Applies poolings to terms, and keeps what was applied."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._applied: dict[Family, list[Pooled]] = {"max": [], "mean": [], "norm": []}
        self._by_start: dict[int, Pooled] = {}
        self._source: dict[int, frozenset[int]] = {}

    def pool(
        self,
        family: Family,
        key: Hashable,
        inputs: Sequence[Tensor],
        shape: Shape,
        rows: Callable[[], Ids],
    ) -> Tensor:
        """The pooling whose rows, one an output in order, are ``(outputs, terms)``."""
        if (found := self.terms.made(key)) is not None:
            return found
        start = self.terms.start(key, shape)
        pooled = Pooled(
            family,
            key,
            tuple(inputs),
            start,
            shape,
            self.terms.second,
            lambda: self._normal(family, rows()),
        )
        tensor = self.terms.tensor(
            key,
            shape,
            lambda: self._terms_of(pooled),
            distinct=True,
            origins=frozenset([start]),
        )
        self._applied[family].append(pooled)
        self._by_start[start] = pooled
        return tensor

    def _normal(self, family: Family, rows: Ids) -> Ids:
        if family != "max":
            rows[:, 1:][rows[:, 1:] == ZERO] = NOTHING
            return np.concatenate([rows[:, :1], np.sort(rows[:, 1:], axis=1)], axis=1)
        return as_sets(self._flat(np.where(rows == LEAST, NOTHING, rows)))

    def _flat(self, rows: Ids) -> Ids:
        """Rows of a maximum in which no term is itself a maximum."""
        parts = [
            pooled
            for place in self.terms.blocks_in(rows)
            if (pooled := self._by_start.get(self.terms.span(place)[0])) is not None
            and pooled.family == "max"
        ]
        if not parts:
            return rows
        width = max(one.table().rows.shape[1] for one in parts)
        if rows.size * width > MOST_ROWS:
            raise TooLarge(f"a maximum of {rows.size * width} terms is over {MOST_ROWS}")
        out = np.full((*rows.shape, width), NOTHING, np.int64)
        out[..., 0] = rows
        for one in parts:
            inner = of_width(one.table().rows, width)
            inside = (rows >= one.start) & (rows < one.start + len(inner))
            out[inside] = inner[rows[inside] - one.start]
        return out.reshape(len(rows), -1)

    def _terms_of(self, pooled: Pooled) -> Ids:
        if not pooled.second:
            return self.terms.block(pooled.key, pooled.shape)
        rows = pooled.table().rows
        out = np.arange(pooled.start, pooled.start + len(rows), dtype=np.int64)
        open_rows = np.ones(len(rows), bool)
        for other in self._applied[pooled.family]:
            if other.second or not open_rows.any():
                break
            if not self._meet(other, pooled):
                continue
            places = other.table().places(rows, open_rows)
            hit = places >= 0
            out[hit] = self._ids_of(other).ravel()[places[hit]]
            open_rows &= ~hit
        if pooled.family == "max":  # of one term alone
            alone = open_rows & (rows[:, 1:] == NOTHING).all(axis=1) & (rows[:, 0] != NOTHING)
            out, open_rows = np.where(alone, rows[:, 0], out), open_rows & ~alone
        lost = open_rows & ((rows >= FIRST_GARBAGE) & (rows != NOTHING)).any(axis=1)
        out[lost] = self.terms.garbage((int(lost.sum()),))
        own = open_rows & ~lost
        if own.any():  # equal rows are one term, the first's
            first = pooled.table().places(rows, own)
            out = np.where(own & (first >= 0), pooled.start + first, out)
        return out

    def _ids_of(self, pooled: Pooled) -> Ids:
        tensor = self.terms.made(pooled.key)
        return self.terms.block(pooled.key, pooled.shape) if tensor is None else tensor.ids

    def _meet(self, one: Pooled, other: Pooled) -> bool:
        """Whether two poolings pool terms of the same block."""
        return bool(self._sources(one) & self._sources(other))

    def _sources(self, pooled: Pooled) -> frozenset[int]:
        """The blocks that a pooling pools terms of; of a maximum of maxima, theirs."""
        if pooled.start not in self._source:
            found: set[int] = set()
            for start in frozenset[int]().union(*map(self.terms.blocks_of, pooled.inputs)):
                inner = self._by_start.get(start)
                nested = inner is not None and inner.family == pooled.family == "max"
                found |= self._sources(inner) if inner is not None and nested else {start}
            self._source[pooled.start] = frozenset(found)
        return self._source[pooled.start]
