"""Terms: products of tables whose legs carry the axes of tensors.

What a pipeline computes is a sum of terms.  A term stands for the coefficients

    T[out..., x..., w...] = scalar * sum over hidden legs of the product of its tables

where every axis of the output, of the input and of each weight is a tuple of legs, its digits, most
significant first.  Two axes that carry the same leg are equal there: the identity on channels costs
nothing, whatever their number.  A leg in no table is free: all its entries are 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Literal

import numpy as np

from symconv.layer.window import BOTTOM, Index
from symconv.relation.table import Coefficients, Leg, Table, ones

Axis = tuple[Leg, ...]
Monoid = Literal["sum", "max", "shapes"]
"""How forms are read; under ``shapes`` they have no terms, and nothing but shapes is worked out."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One occurrence of a named input or weight in a term."""

    name: str
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One product; see the module's text."""

    out: tuple[Axis, ...]
    tensors: tuple[Tensor, ...] = ()
    tables: tuple[Table, ...] = ()
    scalar: int | Fraction = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the output axes."""
        return tuple(prod(leg.size for leg in axis) for axis in self.out)

    @property
    def signature(self) -> tuple[str, ...]:
        """The monomial's tensors, sorted: terms of different signatures never cancel."""
        return tuple(sorted(tensor.name for tensor in self.tensors))

    def map_axes(self, change: Callable[[Axis], Axis]) -> Term:
        """Rewrite every axis of the output and of the tensors."""
        return replace(
            self,
            out=tuple(map(change, self.out)),
            tensors=tuple(Tensor(t.name, tuple(map(change, t.axes))) for t in self.tensors),
        )

    def with_table(self, legs: tuple[Leg, ...], columns: tuple[Index, ...],
                   coefficients: Coefficients | None = None) -> Term:  # fmt: skip
        """The term times one more table."""
        return replace(self, tables=(*self.tables, Table(legs, columns, coefficients)))

    def with_axis(self, axis: int, legs: Axis) -> Term:
        """Put other legs on one output axis."""
        return replace(self, out=(*self.out[:axis], legs, *self.out[axis + 1 :]))

    def summed(self, out: tuple[Axis, ...], monoid: Monoid) -> Term:
        """The term with these output axes; every index that no longer stands on one is summed over.

        An index that a table or a tensor mentions is summed there.  One that nothing mentions any
        more yields the same product for each of its values: it counts its size, except in a
        maximum, where a product that comes twice counts once.
        """
        named = {leg for tensor in self.tensors for axis in tensor.axes for leg in axis}
        named |= {leg for table in self.tables for leg in table.legs}
        named |= {leg for axis in out for leg in axis}
        free = {leg for axis in self.out for leg in axis} - named
        count = 1 if monoid == "max" else prod(leg.size for leg in free)
        return replace(self, out=out, scalar=self.scalar * count)

    def split(self, leg: Leg, low_size: int) -> tuple[Term, Leg, Leg]:
        """Write one leg as two digits, everywhere."""
        high, low = Leg(leg.size // low_size), Leg(low_size)

        def change(axis: Axis) -> Axis:
            if leg not in axis:
                return axis
            at = axis.index(leg)
            return (*axis[:at], high, low, *axis[at + 1 :])

        term = self.map_axes(change)
        tables = tuple(table.split(leg, high, low) for table in self.tables)
        return replace(term, tables=tables), high, low

    def fuse(self, legs: Sequence[Leg]) -> tuple[Term, Leg]:
        """One new leg that numbers the given digits in C order."""
        if len(legs) == 1:
            return self, legs[0]
        whole = Leg(prod(leg.size for leg in legs))
        if not legs:
            return self, whole
        digits = ones(legs)
        number = np.arange(whole.size, dtype=np.int64)
        return self.with_table((whole, *legs), (number, *digits.columns)), whole

    def identify(self, keep: Leg, gone: Leg) -> Term:
        """Restrict to equal indices on two legs; ``keep`` stands for both."""
        if keep is gone:
            return self
        term = self.map_axes(lambda axis: tuple(keep if leg is gone else leg for leg in axis))
        return replace(term, tables=tuple(t.rename(gone, keep) for t in self.tables))


def merged(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The sum of terms, those that are the very same one counted."""
    counts = Counter(map(id, terms))
    once = {id(term): term for term in terms}
    return tuple(
        term if counts[key] == 1 else replace(term, scalar=term.scalar * counts[key])
        for key, term in once.items()
    )


def single_leg(term: Term, axis: int) -> tuple[Term, Leg]:
    """The term with one leg on this output axis, and that leg."""
    term, leg = term.fuse(term.out[axis])
    return term.with_axis(axis, (leg,)), leg


def gather(term: Term, axis: int, index: Index) -> Term:
    """Read an output axis through an index map; BOTTOM reads zero."""
    term, old = single_leg(term, axis)
    if len(index) == old.size and np.array_equal(index, np.arange(old.size)):
        return term
    new, live = Leg(len(index)), np.flatnonzero(index != BOTTOM)
    return term.with_table((new, old), (live, index[live])).with_axis(axis, (new,))


def scale(term: Term, axis: int, coefficients: Coefficients) -> Term:
    """Multiply an output axis by one integer a position."""
    term, leg = single_leg(term, axis)
    live = np.flatnonzero(coefficients != 0)
    return term.with_table((leg,), (live,), coefficients[live])


def regroup(term: Term, digits: Axis, sizes: Sequence[int]) -> tuple[Term, list[Axis]]:
    """Rewrite the term so that these digits fall into consecutive groups of the given sizes.

    A digit that straddles a border is split; where the borders do not divide each other, the digits
    are first fused into one leg.  Digits of size one say nothing and belong to no group.
    """
    rest = [leg for leg in digits if leg.size > 1]
    groups: list[Axis] = []
    for size in reversed(sizes):
        group: list[Leg] = []
        while size > 1:
            leg = rest.pop()
            if size % leg.size == 0:
                group.insert(0, leg)
                size //= leg.size
            elif leg.size % size == 0:
                term, high, low = term.split(leg, size)
                rest.append(high)
                group.insert(0, low)
                size = 1
            else:
                term, whole = term.fuse([*rest, leg])
                rest = [whole]
        groups.insert(0, tuple(group))
    return term, groups
