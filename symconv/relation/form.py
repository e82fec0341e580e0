"""Forms: what a pipeline computes, as a sum (or a maximum) of terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from symconv.relation.digits import single_leg
from symconv.relation.indices import Entries, Gather, Leg, Row, Share, Where, volume
from symconv.relation.maps import AxisMap, Piece
from symconv.relation.term import Monoid, Tensor, Term
from symconv.size.expr import Expr, Extent, Size
from symconv.size.text import Comparison, Condition

Shape = tuple[Extent, ...]
Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Throughout:
    """A condition on the position ``0 <= p < size`` that holds at every one of them."""

    size: Size
    condition: Condition


Domain = tuple[Condition | Throughout, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A tensor of the given shape: the sum of its terms, or their maximum, where ``domain`` holds.

    Under ``max`` a term means its support only, and a term without tensors is the constant
    ``scalar`` on its support.  The domain is about named sizes: what numbers must satisfy has been
    checked.
    """

    shape: Shape
    terms: tuple[Term, ...]
    monoid: Monoid = "sum"
    domain: Domain = ()

    def with_terms(self, terms: Iterable[Term]) -> Form:
        """The form of other terms."""
        return Form(self.shape, tuple(terms), self.monoid, self.domain)

    def each(
        self,
        change: Callable[[Term], Term],
        shape: Sequence[Size],
        domain: Iterable[Condition | Throughout] = (),
    ) -> Form:
        """Rewrite every term; ``domain`` adds conditions on named sizes."""
        terms = tuple(map(change, self.terms))
        return Form(tuple(shape), terms, self.monoid, (*self.domain, *domain))

    def where(self, domain: Iterable[Condition | Throughout]) -> Form:
        """The form under further conditions on named sizes."""
        return Form(self.shape, self.terms, self.monoid, (*self.domain, *domain))


def bounded_below(form: Form, low: Fraction | None) -> Form:
    """The same maximum of a tensor whose entries are known to be at least ``low``.

    Where it reads some entry, the constant ``low`` adds nothing; written out, it hides the lesser
    constants there, such as a pad's zeros behind a function whose values are not negative.
    """
    if form.monoid != "max" or low is None:
        return form
    read = (Term(t.out, (), t.relations, low) for t in form.terms if t.tensors)
    return form.with_terms((*form.terms, *read))


def tensor_form(name: str, shape: Sequence[Size], monoid: Monoid) -> Form:
    """The named tensor itself."""
    if monoid == "shapes":
        return Form(tuple(shape), (), monoid, _at_least_one(shape))
    axes = tuple((Leg(size),) for size in shape)
    terms = (Term(axes, (Tensor(name, axes),)),)
    return Form(tuple(shape), terms, monoid, _at_least_one(shape))


def constant_form(value: Fraction | None, shape: Sequence[Size], monoid: Monoid) -> Form:
    """The same number everywhere; nothing at all where it is the monoid's identity."""
    terms: tuple[Term, ...] = ()
    if value is not None and monoid != "shapes" and (value != 0 or monoid == "max"):
        terms = (Term(tuple((Leg(size),) for size in shape), scalar=value),)
    return Form(tuple(shape), terms, monoid, _at_least_one(shape))


def values_form(values: Mapping[Place, Fraction], shape: Sequence[int], monoid: Monoid) -> Form:
    """A constant tensor by its entries.

    A maximum is taken of one constant for each different value.
    """
    if monoid == "shapes":
        return Form(tuple(shape), (), monoid)
    if monoid == "sum":
        return Form(tuple(shape), (_entries({p: v for p, v in values.items() if v}, shape),))
    levels = [
        _entries({p: Fraction(1) for p, v in values.items() if v == level}, shape).times(level)
        for level in sorted(set(values.values()))
    ]
    return Form(tuple(shape), tuple(levels), monoid)


def _entries(values: Mapping[Place, Fraction], shape: Sequence[int]) -> Term:
    """The term that has these values at these places."""
    legs = tuple(Leg(size) for size in shape)
    common = lcm(*(value.denominator for value in values.values()))
    whole = tuple(int(value * common) for value in values.values())
    entries = Entries(legs, tuple(values), whole)
    return Term(tuple((leg,) for leg in legs), (), (entries,), Fraction(1, common))


def _at_least_one(shape: Sequence[Size]) -> tuple[Condition, ...]:
    """The sizes at which a tensor of this shape holds something."""
    return tuple(Comparison(size, ">=", 1) for size in shape if not isinstance(size, int))


def gather(term: Term, axis: int, index: AxisMap) -> Term:
    """Read an output axis through an index map; what it does not read is zero."""
    term, old = single_leg(term, axis)
    if index.is_identity:
        return term
    new = Leg(index.size)
    return term.related(Gather(new, old, index)).with_axis(axis, (new,))


def at_positions(term: Term, places: Sequence[int]) -> Term:
    """The term at one position of each of its output axes."""
    for axis, place in enumerate(places):
        size = volume(leg.size for leg in term.out[axis])
        term = gather(term, axis, AxisMap(size, 1, (Piece(shift=place),)))
    return term


def gather_axes(form: Form, maps: Sequence[AxisMap | None], fill: Fraction | None) -> Form:
    """Read every axis through its map (None leaves it), and the fill where one reads nothing."""
    active = [(axis, index) for axis, index in enumerate(maps) if index is not None]
    shape = [
        size if index is None else index.size for size, index in zip(form.shape, maps, strict=True)
    ]

    def read(term: Term) -> Term:
        for axis, index in active:
            term = gather(term, axis, index)
        return term

    result = form.each(read, shape, [c for _, index in active for c in index.domain])
    holes = [(axis, index) for axis, index in active if index.holes]
    if not holes:
        return result
    filler = _fill_max if form.monoid == "max" else _fill_sum
    background = constant_form(fill, shape, form.monoid)
    return result.with_terms((*result.terms, *filler(background.terms, holes)))


Holes = list[tuple[int, AxisMap]]


def _fill_sum(background: tuple[Term, ...], holes: Holes) -> list[Term]:
    """The constant, less the constant where every axis reads the tensor."""
    terms = list(background)
    for term in background:
        inside = term.times(-1)
        for axis, index in holes:
            inside = _only(inside, axis, index, inside=True)
        terms.append(inside)
    return terms


def _fill_max(background: tuple[Term, ...], holes: Holes) -> list[Term]:
    """The constant wherever some axis reads outside; maxima may overlap."""
    return [_only(term, axis, index, inside=False) for term in background for axis, index in holes]


def _only(term: Term, axis: int, index: AxisMap, *, inside: bool) -> Term:
    """The term at the positions at which a map reads something, or nothing."""
    term, leg = single_leg(term, axis)
    return term.related(Where(leg, index, inside))


def scale_axis(term: Term, axis: int, factors: Sequence[Fraction]) -> Term:
    """Multiply an output axis by one exact factor per position."""
    if factors[0] and all(factor == factors[0] for factor in factors):
        return term.times(factors[0])
    common = lcm(*(factor.denominator for factor in factors))
    whole = tuple(int(factor * common) for factor in factors)
    return mask_axis(term, axis, whole).times(Fraction(1, common))


def mask_axis(term: Term, axis: int, factors: tuple[int, ...]) -> Term:
    """Multiply an output axis by one integer a position."""
    term, leg = single_leg(term, axis)
    return term.related(Row(leg, factors))


def share_axis(term: Term, axis: int, count: Size, most: int | None = None) -> Term:
    """Divide an output axis by a count, an expression in its position and at most ``most``."""
    if isinstance(count, Expr):
        term, leg = single_leg(term, axis)
        return term.related(Share(leg, count, most))
    return term.times(Fraction(1, count))
