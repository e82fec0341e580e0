"""Relations over legs as formulas in isl's syntax, with sizes that may be named.

As in `symconv.relation`, what a pipeline computes is a sum of terms, and every axis of a term is a
tuple of legs (digits, most significant first).  Here a leg ranges over ``0 <= leg < size`` where
the size is a number or an expression, and a table is a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count
from math import prod

import islpy as isl

from symconv.errors import ClaimError

Size = int | str
Axis = tuple["Leg", ...]
_fresh = count()
_WORDS = {"floor", "min", "max", "mod"}


@lru_cache(maxsize=4096)
def simple(size: Size) -> Size:
    """The same size as isl writes it: a number where it is one at all sizes.

    >>> simple("((N) + (0) + (((2 * floor(((N + 1))/2)) - N)))"), simple("(7 + (4 - N) + N)")
    ('(1 + N - (1 + N) mod 2)', 11)
    """
    if isinstance(size, int):
        return size
    names = sorted(set(re.findall(r"[A-Za-z_]\w*", size)) - _WORDS)
    head = f"[{', '.join(names)}] -> "
    found = re.fullmatch(r".*\{ \[(.*)\] \}", str(isl.PwAff(f"{head}{{ [{size}] }}").coalesce()))
    text = found[1] if found and not re.search("[:;]", found[1]) else size
    if text == size and re.search("min|max", size):
        return _constant(size, head)
    return int(text.strip("()")) if re.fullmatch(r"\(?-?\d+\)?", text) else text


def _constant(size: str, head: str) -> Size:
    """The one value of an expression of several pieces, where it has one."""
    values = isl.Set(f"{head}{{ [_value] : _value = {size} }}")
    values = values.project_out(isl.dim_type.param, 0, values.dim(isl.dim_type.param))
    least, most = values.dim_min_val(0), values.dim_max_val(0)
    return int(least.to_python()) if least.is_int() and least.eq(most) else size


def greatest(text: str, index: str, size: Size) -> int | None:
    """The greatest value of an expression over ``0 <= index < size`` at all sizes.

    >>> greatest("(min(i + 2, N) - max(i - 1, 0))", "i", "N"), greatest("i", "i", "N")
    (3, None)
    """
    names = sorted(set(re.findall(r"[A-Za-z_]\w*", f"{text} {size}")) - _WORDS - {index})
    values = isl.Set(
        f"[{', '.join(names)}] -> {{ [_value] : exists ({index} : _value = {text} and "
        f"0 <= {index} < {size}) }}"
    )
    most = values.project_out(isl.dim_type.param, 0, len(names)).dim_max_val(0)
    return int(most.to_python()) if most.is_int() else None


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One index variable, ``0 <= leg < size``."""

    size: Size
    name: str = field(default_factory=lambda: f"_i{next(_fresh)}")

    @property
    def bounds(self) -> str:
        """The range as a formula."""
        return f"0 <= {self.name} < {self.size}"


@dataclass(frozen=True, slots=True)
class Table:
    """A formula and the legs that it speaks of; that each is in its range goes without saying."""

    legs: tuple[Leg, ...]
    formula: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A number that depends on the place: ``pieces`` are values and where each holds."""

    legs: tuple[Leg, ...]
    pieces: tuple[tuple[Fraction, str], ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One occurrence of a named input or weight in a term."""

    name: str
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A number times the sum, over legs on no axis, of the product of its tables and factors."""

    out: tuple[Axis, ...]
    tensors: tuple[Tensor, ...] = ()
    tables: tuple[Table, ...] = ()
    scalar: Fraction = Fraction(1)
    factors: tuple[Factor, ...] = ()

    @property
    def signature(self) -> tuple[str, ...]:
        """The monomial's tensors, sorted."""
        return tuple(sorted(tensor.name for tensor in self.tensors))

    @property
    def relations(self) -> tuple[Table | Factor, ...]:
        """Everything that connects legs."""
        return (*self.tables, *self.factors)

    def with_table(self, formula: str, *legs: Leg) -> Term:
        """The term times one more table."""
        return replace(self, tables=(*self.tables, Table(legs, formula)))

    def with_factor(self, pieces: Sequence[tuple[Fraction, str]], *legs: Leg) -> Term:
        """The term times a number that depends on these legs."""
        return replace(self, factors=(*self.factors, Factor(legs, tuple(pieces))))

    def with_axis(self, axis: int, legs: Axis) -> Term:
        """Put other legs on one output axis."""
        return replace(self, out=(*self.out[:axis], legs, *self.out[axis + 1 :]))

    def summed(self, out: tuple[Axis, ...], maximum: bool) -> Term:
        """The term with these output axes; every index that no longer stands on one is summed over.

        One that no table and no tensor mentions counts its size, except in a maximum.

        Raises:
            ClaimError: such an index has a named size; the sum would be a multiple of it.
        """
        named = {leg for tensor in self.tensors for axis in tensor.axes for leg in axis}
        named |= {leg for table in self.relations for leg in table.legs}
        named |= {leg for axis in out for leg in axis}
        free = {leg for axis in self.out for leg in axis} - named
        sizes = [leg.size for leg in free if not maximum]
        if texts := [size for size in sizes if isinstance(size, str)]:
            raise ClaimError(f"a sum over {texts[0]} equal products is not read for all sizes")
        count = prod(size for size in sizes if isinstance(size, int))
        return replace(self, out=out, scalar=self.scalar * count)


@dataclass(frozen=True, slots=True)
class Form:
    """A tensor of the given shape as a sum (or maximum) of terms, where ``domain`` holds."""

    shape: tuple[Size, ...]
    terms: tuple[Term, ...]
    maximum: bool = False
    domain: tuple[str, ...] = ()

    def each(self, change: Callable[[Term], Term], shape: Sequence[Size], *domain: str) -> Form:
        """Rewrite every term; ``domain`` are further conditions on the sizes."""
        terms = tuple(map(change, self.terms))
        return Form(tuple(shape), terms, self.maximum, (*self.domain, *domain))


def product_of(x: Term, w: Term) -> Term:
    """The product of two terms, the axes of the first before those of the second."""
    return Term(
        x.out + w.out, x.tensors + w.tensors, x.tables + w.tables, x.scalar * w.scalar,
        x.factors + w.factors,
    )  # fmt: skip


def tensor_form(name: str, shape: Sequence[Size], maximum: bool) -> Form:
    """The named tensor itself."""
    axes = tuple((Leg(size),) for size in shape)
    return Form(tuple(shape), (Term(axes, (Tensor(name, axes),)),), maximum, _at_least_one(shape))


def constant_form(value: Fraction | None, shape: Sequence[Size], maximum: bool) -> Form:
    """The same number everywhere; no term where it is the identity."""
    domain = _at_least_one(shape)
    if value is None or (value == 0 and not maximum):
        return Form(tuple(shape), (), maximum, domain)
    axes = tuple((Leg(size),) for size in shape)
    return Form(tuple(shape), (Term(axes, scalar=value),), maximum, domain)


def _at_least_one(shape: Sequence[Size]) -> tuple[str, ...]:
    """The sizes at which a tensor of this shape holds something."""
    return tuple(f"{size} >= 1" for size in shape if isinstance(size, str))


def single(term: Term, axis: int) -> tuple[Term, Leg]:
    """The term with one leg on an axis, its digits put together."""
    digits = term.out[axis]
    if len(digits) == 1:
        return term, digits[0]
    size = product([leg.size for leg in digits])
    whole = Leg(size)
    term = term.with_table(f"{whole.name} = {_number(digits)}", whole, *digits)
    return term.with_axis(axis, (whole,)), whole


def _number(digits: Sequence[Leg]) -> str:
    """The number that digits write, a linear form: all but the first must have numeric sizes."""
    if not digits:
        return "0"
    sizes = [leg.size for leg in digits[1:]]
    if any(isinstance(size, str) for size in sizes):
        raise ClaimError(
            "only the slowest factor of an axis may have a named size in a claim for all sizes"
        )
    numbers = [size for size in sizes if isinstance(size, int)]
    parts = [f"{prod(numbers[place:])}*{leg.name}" for place, leg in enumerate(digits)]
    return " + ".join(parts)


def product(sizes: Sequence[Size]) -> Size:
    """The product of sizes of which at most one is named."""
    named = [size for size in sizes if isinstance(size, str)]
    numbers = prod(size for size in sizes if isinstance(size, int))
    if len(named) > 1:
        raise ClaimError(f"an axis of {' * '.join(map(str, sizes))} samples is not linear in them")
    if not named:
        return numbers
    return named[0] if numbers == 1 else f"({numbers}*{named[0]})"


def split(term: Term, axis: int, sizes: Sequence[Size]) -> tuple[Term, list[Axis]]:
    """Write an axis as groups of digits of these sizes, most significant first.

    Digits stay as they are where the groups' borders are theirs; one that straddles a border is
    written as two, and only where borders cross are digits put together.
    """
    rest = [leg for leg in term.out[axis] if leg.size != 1]
    groups: list[Axis] = []
    for size in reversed(sizes[1:]):
        if not isinstance(size, int):
            return _split_whole(term, axis, sizes)
        term, group, rest = _taken(term, rest, size)
        groups.insert(0, group)
    if sizes and product([leg.size for leg in rest]) != sizes[0]:
        return _split_whole(term, axis, sizes)
    return term, [tuple(rest), *groups] if sizes else []


def _taken(term: Term, rest: list[Leg], size: int) -> tuple[Term, Axis, list[Leg]]:
    """The last digits that make up a group of this size, and those in front of them."""
    group: list[Leg] = []
    while size > 1:
        leg = rest[-1] if rest else Leg(1)
        if isinstance(leg.size, int) and size % leg.size == 0 and leg.size > 1:
            group.insert(0, leg)
            size, rest = size // leg.size, rest[:-1]
        elif isinstance(leg.size, int) and leg.size % size == 0:
            high, low = Leg(leg.size // size), Leg(size)
            formula = f"{leg.name} = {size}*{high.name} + {low.name}"
            term = term.with_table(formula, leg, high, low)
            return term, (low, *group), [*rest[:-1], high]
        else:
            whole = Leg(product([digit.size for digit in rest]))
            term = term.with_table(f"{whole.name} = {_number(rest)}", whole, *rest)
            high, low = Leg(_quotient(whole.size, size)), Leg(size)
            formula = f"{whole.name} = {size}*{high.name} + {low.name}"
            return term.with_table(formula, whole, high, low), (low, *group), [high]
    return term, tuple(group), rest


def _quotient(size: Size, by: int) -> Size:
    return size // by if isinstance(size, int) else simple(f"floor(({size})/{by})")


def _split_whole(term: Term, axis: int, sizes: Sequence[Size]) -> tuple[Term, list[Axis]]:
    """The axis's digits put together, and written anew."""
    term, whole = single(term, axis)
    if len(sizes) == 1:
        return term, [(whole,)]
    fresh = [Leg(size) for size in sizes]
    term = term.with_table(f"{whole.name} = {_number(fresh)}", whole, *fresh)
    return term, [(leg,) for leg in fresh]


def identify(term: Term, first: int, second: int) -> Term:
    """Restrict two axes to equal indices; both then carry the legs of the first."""
    for axis, other in ((first, second), (second, first)):
        sizes = [leg.size for leg in term.out[other] if leg.size != 1]
        if all(isinstance(size, int) for size in sizes) and _product_of(term.out[axis]) == prod(
            size for size in sizes if isinstance(size, int)
        ):
            term, groups = split(term, axis, sizes)
            term = term.with_axis(axis, tuple(leg for group in groups for leg in group))
    pairs = list(zip(term.out[first], term.out[second], strict=False))
    alike = len(term.out[first]) == len(term.out[second])
    if not alike or any(a.size != b.size for a, b in pairs):
        term, a = single(term, first)
        term, b = single(term, second)
        pairs = [(a, b)]
    for a, b in pairs:
        if a is not b:
            term = _renamed(term, b, a)
    return term


def _product_of(axis: Axis) -> Size:
    return product([leg.size for leg in axis])


def _renamed(term: Term, old: Leg, new: Leg) -> Term:
    """Put one leg for another: a table says that they are equal, and axes carry the new one."""

    def change(axis: Axis) -> Axis:
        return tuple(new if leg is old else leg for leg in axis)

    tensors = tuple(Tensor(t.name, tuple(map(change, t.axes))) for t in term.tensors)
    term = replace(term, out=tuple(map(change, term.out)), tensors=tensors)
    if any(old in table.legs for table in term.relations):
        return term.with_table(f"{old.name} = {new.name}", old, new)
    return term
