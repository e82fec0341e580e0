"""Terms: products of tensors and relations, summed over the indices that stand on no output axis.

A term stands for the coefficients

    T[out..., x..., w...] = scalar * sum over hidden indices of the product of its relations

where every axis of the output, of the input and of each weight is a tuple of digits.  Two axes that
carry the same leg are equal there: the identity on channels costs nothing, whatever their number.
A leg in no relation is free: all its entries are 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from symconv.errors import ClaimError
from symconv.relation.indices import Axis, Fuse, Leg, Portions, Relation, Same, Slide, Split, volume
from symconv.size.expr import Size

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
    relations: tuple[Relation, ...] = ()
    scalar: int | Fraction = 1

    @property
    def signature(self) -> tuple[str, ...]:
        """The monomial's tensors, sorted: terms of different signatures never cancel."""
        return tuple(sorted(tensor.name for tensor in self.tensors))

    @property
    def takes_maxima(self) -> bool:
        """Whether, read in maxima, an entry may be the greatest of several.

        Where no term's is, the terms of a form of constants never meet at one place.
        """
        return any(isinstance(relation, Slide | Portions) for relation in self.relations)

    def with_out(self, out: tuple[Axis, ...]) -> Term:
        """The term with other output axes."""
        return Term(out, self.tensors, self.relations, self.scalar)

    def with_axis(self, axis: int, legs: Axis) -> Term:
        """Put other legs on one output axis."""
        return self.with_out((*self.out[:axis], legs, *self.out[axis + 1 :]))

    def with_tensors(self, tensors: tuple[Tensor, ...]) -> Term:
        """The term with its tensors in another order, or without them."""
        return Term(self.out, tensors, self.relations, self.scalar)

    def related(self, *relations: Relation) -> Term:
        """The term times further relations."""
        return Term(self.out, self.tensors, (*self.relations, *relations), self.scalar)

    def times(self, number: int | Fraction) -> Term:
        """The term times a number."""
        return Term(self.out, self.tensors, self.relations, self.scalar * number)

    def mentions(self, leg: Leg) -> bool:
        """Whether some relation speaks of an index."""
        return any(leg in relation.legs for relation in self.relations)

    def map_axes(self, change: Callable[[Axis], Axis]) -> Term:
        """Rewrite every axis of the output and of the tensors."""
        tensors = tuple([Tensor(t.name, tuple(map(change, t.axes))) for t in self.tensors])
        return Term(tuple(map(change, self.out)), tensors, self.relations, self.scalar)

    def framed(self) -> Term:
        """The axes of the output and of the tensors side by side, all as output axes."""
        axes = tuple(axis for tensor in self.tensors for axis in tensor.axes)
        return Term(self.out + axes, (), self.relations, self.scalar)

    def summed(self, out: tuple[Axis, ...], monoid: Monoid) -> Term:
        """The term with these output axes; every index that no longer stands on one is summed over.

        An index that a relation or a tensor mentions is summed there.  One that nothing mentions
        any more yields the same product for each of its values: it counts its size, except in a
        maximum, where a product that comes twice counts once.

        Raises:
            ClaimError: such an index has a named size; the sum would be a multiple of it.
        """
        named = {leg for tensor in self.tensors for axis in tensor.axes for leg in axis}
        named |= {leg for relation in self.relations for leg in relation.legs}
        named |= {leg for axis in out for leg in axis}
        free = {leg for axis in self.out for leg in axis} - named
        count = 1 if monoid == "max" else volume(leg.size for leg in free)
        if not isinstance(count, int):
            raise ClaimError(f"a sum over {count} equal products is not read for all sizes")
        return Term(out, self.tensors, self.relations, self.scalar * count)

    def split(self, leg: Leg, low_size: int) -> tuple[Term, Leg, Leg]:
        """Write one leg as two digits, everywhere."""
        high, low = Leg(leg.size // low_size), Leg(low_size)

        def change(axis: Axis) -> Axis:
            if leg not in axis:
                return axis
            at = axis.index(leg)
            return (*axis[:at], high, low, *axis[at + 1 :])

        term = self.map_axes(change)
        return (term.related(Split(leg, high, low)) if self.mentions(leg) else term), high, low

    def fuse(self, legs: Sequence[Leg]) -> tuple[Term, Leg]:
        """One new leg that numbers the given digits in C order.

        Raises:
            ClaimError: two digits have named sizes.
        """
        if len(legs) == 1:
            return self, legs[0]
        whole = Leg(volume(leg.size for leg in legs))
        return (self.related(Fuse(whole, tuple(legs))) if legs else self), whole

    def identify(self, keep: Leg, gone: Leg) -> Term:
        """Restrict to equal indices on two legs; ``keep`` stands for both."""
        if keep is gone:
            return self

        def change(axis: Axis) -> Axis:
            if gone not in axis:
                return axis
            return tuple([keep if leg is gone else leg for leg in axis])

        term = self.map_axes(change)
        return term.related(Same(gone, keep)) if self.mentions(gone) else term


def product(x: Term, w: Term) -> Term:
    """Both factors in one term: the output axes of the first, then those of the second."""
    scalar = x.scalar * w.scalar
    return Term(x.out + w.out, x.tensors + w.tensors, x.relations + w.relations, scalar)


def merged(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The sum of terms, those that are the very same one counted."""
    counts = Counter(map(id, terms))
    once = {id(term): term for term in terms}
    return tuple(
        term if counts[key] == 1 else term.times(counts[key]) for key, term in once.items()
    )


def sizes_of(axis: Axis) -> list[Size]:
    """The sizes of an axis's digits."""
    return [leg.size for leg in axis]
