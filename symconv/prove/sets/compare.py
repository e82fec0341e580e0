"""Are two forms the same function at all sizes?  As sets of integers, decided by isl.

Positions are digits of the output's and the tensors' axes.  A term's set on a block of connected
positions holds the places where it has a coefficient; a hidden index must be a function of them, or
else the coefficient would be a count, and the claim stays undecided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, count, permutations
from typing import Any

import islpy as isl

from symconv.errors import TooLarge
from symconv.prove.sets.formulas import Form, Leg, Term, single

MOST_TERMS = 8
"""Most terms of one monomial, both sides together: their overlaps are looked at one by one."""


class Counted(TooLarge):
    """A coefficient is a count of hidden indices, not 0 or 1; sets alone do not decide that."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The named sizes, and isl's way of writing sets of them."""

    names: tuple[str, ...]

    def set(self, conditions: Sequence[str]) -> Any:
        """The sizes at which all conditions hold."""
        formula = " and ".join(f"({c})" for c in conditions) or "1 = 1"
        return isl.Set(f"[{', '.join(self.names)}] -> {{ : {formula} }}")

    def map(self, kept: Sequence[str], hidden: Sequence[str], formula: str) -> Any:
        """A relation from kept indices to hidden ones."""
        params = ", ".join(self.names)
        return isl.Map(
            f"[{params}] -> {{ [{', '.join(kept)}] -> [{', '.join(hidden)}] : {formula} }}"
        )


def domain(left: Form, right: Form, where: Sequence[str], sizes: Sizes) -> Any:
    """The sizes at which both sides make sense and the claim's conditions hold."""
    return sizes.set((*left.domain, *right.domain, *where))


def failing(left: Form, right: Form, legal: Any, sizes: Sizes) -> Any:
    """The sizes of ``legal`` at which the two forms differ.

    Raises:
        Counted: a coefficient is a count.
        TooLarge: too many terms overlap.
    """
    found = _other_shapes(left, right, legal, sizes)
    legal = legal.subtract(found)
    if len(left.shape) == len(right.shape):
        for lefts, rights in _monomials(left, right):
            found = found.union(_differ(lefts, rights, left.maximum, sizes).intersect(legal))
    return found.coalesce()


def _other_shapes(left: Form, right: Form, legal: Any, sizes: Sizes) -> Any:
    if len(left.shape) != len(right.shape):
        return legal
    found = legal.subtract(legal)
    for a, b in zip(left.shape, right.shape, strict=True):
        if a != b:
            found = found.union(legal.subtract(sizes.set([f"{a} = {b}"])))
    return found


def _monomials(left: Form, right: Form) -> Iterator[tuple[list[Term], list[Term]]]:
    """Terms of the same tensors; in a maximum, constants by the value that they reach."""
    for names in sorted({term.signature for form in (left, right) for term in form.terms}):
        sides = [[t for t in form.terms if t.signature == names] for form in (left, right)]
        if not left.maximum:
            yield [_ordered(t) for t in sides[0]], [_ordered(t) for t in sides[1]]
            continue
        values = {t.scalar for side in sides for t in side} if not names else {Fraction(0)}
        for value in sorted(values):
            reached = [[replace(t, scalar=Fraction(1)) for t in side if names or t.scalar >= value]
                       for side in sides]  # fmt: skip
            yield reached[0], reached[1]


def _ordered(term: Term) -> Term:
    """The term with its tensors sorted; products of one tensor with itself are left undecided."""
    tensors = sorted(term.tensors, key=lambda tensor: tensor.name)
    if len({tensor.name for tensor in tensors}) < len(tensors):
        orders = {tuple(t.name for t in order) for order in permutations(tensors)}
        raise Counted(f"a product holds a tensor twice ({', '.join(sorted(orders)[0])})")
    return replace(term, tensors=tuple(tensors))


def _differ(lefts: list[Term], rights: list[Term], maximum: bool, sizes: Sizes) -> Any:
    if len(lefts) + len(rights) > MOST_TERMS:
        raise TooLarge(f"more than {MOST_TERMS} terms of one monomial overlap; split the claim")
    framed = [_framed(term) for term in (*lefts, *rights)]
    blocks = _blocks(framed)
    sets = [[_block_set(term, block, maximum, sizes) for block in blocks] for term in framed]
    loose = [_loose(term, maximum, sizes) for term in framed]
    if len(lefts) == len(rights) == 1 and (maximum or lefts[0].scalar == rights[0].scalar):
        return _single_difference(sets[0], sets[1], loose[0], loose[1])
    scalars = [term.scalar for term in framed]
    whole = [_joined(parts, extra) for parts, extra in zip(sets, loose, strict=True)]
    return _region_difference(whole, scalars, len(lefts), maximum)


def _framed(term: Term) -> Term:
    """All axes as output axes with one leg each."""
    axes = tuple(axis for tensor in term.tensors for axis in tensor.axes)
    term = replace(term, out=term.out + axes, tensors=())
    for axis in range(len(term.out)):
        term, _ = single(term, axis)
    return term


def _components(term: Term) -> dict[Leg, int]:
    """The number of the component of every leg; tables connect, and so does a shared leg."""
    number: dict[Leg, int] = {}
    groups: dict[int, list[Leg]] = {}
    unused = count()
    for legs in (*(table.legs for table in term.tables), *term.out):
        here = {number[leg] for leg in legs if leg in number}
        fresh = next(unused)
        members = [leg for old in here for leg in groups.pop(old)]
        members += [leg for leg in legs if leg not in number]
        groups[fresh] = members
        number |= dict.fromkeys(members, fresh)
    return number


def _blocks(terms: Sequence[Term]) -> list[tuple[int, ...]]:
    """Positions that some term connects."""
    positions = range(len(terms[0].out))
    block = list(positions)
    for term in terms:
        number = _components(term)
        by_component: dict[int, list[int]] = defaultdict(list)
        for position, (leg,) in enumerate(term.out):
            by_component[number[leg]].append(position)
        for members in by_component.values():
            merged = {block[p] for p in members}
            block = [min(merged) if b in merged else b for b in block]
    return [tuple(p for p in positions if block[p] == b) for b in sorted(set(block))]


def _block_set(term: Term, block: Sequence[int], maximum: bool, sizes: Sizes) -> Any:
    """The places of a block at which the term has a coefficient."""
    number = _components(term)
    roots = {number[term.out[p][0]] for p in block}
    tables = [t for t in term.tables if number[t.legs[0]] in roots]
    names = {p: f"p{p}" for p in block}
    parts = [f"p{p} = {term.out[p][0].name}" for p in block]
    parts += [table.formula for table in tables]
    legs = {leg for table in tables for leg in table.legs} | {term.out[p][0] for p in block}
    parts += [leg.bounds for leg in legs]
    return _projected(list(names.values()), legs, parts, maximum, sizes)


def _projected(
    kept: list[str], legs: set[Leg], parts: list[str], maximum: bool, sizes: Sizes
) -> Any:
    hidden = sorted(leg.name for leg in legs)
    relation = sizes.map(kept, hidden, " and ".join(f"({part})" for part in parts))
    if not maximum and not relation.is_single_valued():
        raise Counted("a coefficient counts hidden indices, and sets alone do not decide that")
    return relation.domain()


def _loose(term: Term, maximum: bool, sizes: Sizes) -> Any:
    """Sizes at which the tables that reach no position hold; they must not count."""
    number = _components(term)
    reached = {number[leg] for (leg,) in term.out}
    tables = [t for t in term.tables if number[t.legs[0]] not in reached]
    legs = {leg for table in tables for leg in table.legs}
    parts = [t.formula for t in tables] + [leg.bounds for leg in legs] or ["1 = 1"]
    return _projected([], legs, parts, maximum, sizes).params()


def _single_difference(left: list[Any], right: list[Any], extra: Any, other: Any) -> Any:
    """Products of blocks differ where one factor does and the rest of that side is not empty."""
    found = extra.subtract(extra)
    for a_side, b_side, a_extra, b_extra in ((left, right, extra, other),
                                             (right, left, other, extra)):  # fmt: skip
        full = a_extra
        for part in a_side:
            full = full.intersect(part.params())
        for a, b in zip(a_side, b_side, strict=True):
            if a is not b and not a.is_equal(b):
                found = found.union(full.intersect(a.subtract(b).params()))
        found = found.union(full.subtract(b_extra))
    return found


def _joined(parts: list[Any], extra: Any) -> Any:
    """The product of a term's blocks, with positions in the order of the blocks."""
    if not parts:
        return extra
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.flat_product(part)
    return whole.intersect_params(extra)


def _region_difference(
    terms: list[Any], scalars: Sequence[Fraction], lefts: int, maximum: bool
) -> Any:
    """Look at every set of terms: where exactly these are live, their sums must agree."""
    empty = terms[0].params().subtract(terms[0].params())
    found = empty
    for size in range(1, len(terms) + 1):
        for live in combinations(range(len(terms)), size):
            sums = [[scalars[i] for i in live if (i < lefts) == side] for side in (True, False)]
            a, b = (any(s) if maximum else sum(s, Fraction(0)) for s in sums)
            if a == b:
                continue
            region = terms[live[0]]
            for i in live[1:]:
                region = region.intersect(terms[i])
            for i in set(range(len(terms))) - set(live):
                region = region.subtract(terms[i])
            found = found.union(region.params())
    return found
