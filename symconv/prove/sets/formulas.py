"""Terms as formulas in isl's syntax: what relations become where sizes may be named.

Every axis of a term, of its output and of its tensors side by side, is one index here.  An index
ranges over ``0 <= index < size``, and a table is a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

Text = int | str
"""A size in isl's syntax."""


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """One index variable, ``0 <= index < size``."""

    size: Text
    name: str

    @property
    def bounds(self) -> str:
        """The range as a formula."""
        return f"0 <= {self.name} < {self.size}"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and the indices that it speaks of; their ranges go without saying."""

    legs: tuple[Index, ...]
    formula: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A number that depends on the place: ``pieces`` are values and where each holds."""

    legs: tuple[Index, ...]
    pieces: tuple[tuple[Fraction, str], ...]


@dataclass(frozen=True, slots=True)
class Divisor:
    """The number ``1/count``, where the count takes too many values to look at each.

    ``count`` is a formula that says which ``_v`` it is.
    """

    leg: Index
    count: str

    @property
    def legs(self) -> tuple[Index, ...]:
        """The position that it depends on."""
        return (self.leg,)


@dataclass(frozen=True, slots=True)
class Summand:
    """A number times the sum, over indices on no axis, of tables times factors over divisors."""

    signature: tuple[str, ...]
    out: tuple[Index, ...]
    tables: tuple[Formula, ...] = ()
    scalar: Fraction = Fraction(1)
    factors: tuple[Factor, ...] = ()
    divisors: tuple[Divisor, ...] = ()

    @property
    def relations(self) -> tuple[Formula | Factor | Divisor, ...]:
        """Everything that speaks of indices."""
        return (*self.tables, *self.factors, *self.divisors)

    def with_table(self, formula: str, *legs: Index) -> Summand:
        """The product with one more table."""
        tables = (*self.tables, Formula(legs, formula))
        return replace(self, tables=tables)

    def times(self, scalar: Fraction, factors: Sequence[Factor]) -> Summand:
        """The product with another number and other factors."""
        return replace(self, scalar=scalar, factors=tuple(factors))

    def undivided(self) -> Summand:
        """The product without its divisors."""
        return replace(self, divisors=())


@dataclass(frozen=True, slots=True)
class Side:
    """A tensor of the given shape as a sum (or maximum) of products."""

    shape: tuple[Text, ...]
    terms: tuple[Summand, ...]
    maximum: bool = False
