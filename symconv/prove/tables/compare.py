"""Are two forms the same function?  Exactly, and one factor at a time.

Both sides are sums of terms, products of sparse tables.  The terms of one monomial (the same
tensors) are written over the same digits; the digits fall into blocks that no term connects, so
that every term is a product of one small table per block.  Within a block, entries that have the
same value in every term are one class.  The sides differ iff some choice of one class per block
makes the two sums of products differ; as the classes are few, that is decided at the cost of the
blocks' entries alone.

The first difference is least: fewest tensors, then the lexicographic order of (output index, input
index, weight indices).  Blocks are independent, so the least index of a choice is the least of
each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import groupby, pairwise, permutations
from math import factorial, prod
from typing import Any

import numpy as np

from symconv.errors import TooLarge
from symconv.machine.budget import running
from symconv.machine.caches import Cache
from symconv.prove.tables.blocks import Block, find_blocks
from symconv.prove.tables.lowering import Product, lowered
from symconv.prove.tables.table import extent
from symconv.relation.digits import MOST_ROUNDS, common_sizes, fitted
from symconv.relation.fingerprint import fingerprint, weight_of
from symconv.relation.form import Form
from symconv.relation.indices import Axis
from symconv.relation.term import Monoid, Tensor, Term

Place = tuple[tuple[tuple[int, int], int], ...]
"""Chosen digits: ``((axis, digit), value)`` in that order."""

MOST_STATES = 200_000

_EQUAL = Cache[bool](most=4 * 2**20)
"""Questions whose two sides were found equal: the same one is not asked twice.  A difference is,
as it names tensors and indices.  The 1,481 geometries of 12,134 real layers take 3 MB."""

MOST_ORDERS = 1_000
"""Terms of one monomial, over all orders of the tensors that occur twice: some seconds' work."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The least coefficient at which two forms differ."""

    output: tuple[int, ...]
    tensors: tuple[tuple[str, tuple[int, ...]], ...]
    left: int | Fraction
    right: int | Fraction


def first_difference(left: Form, right: Form) -> Difference | None:
    """The least difference of two forms of the same shape, or None if they are equal.

    Raises:
        TooLarge: a block, or the number of class choices, is beyond its bound.
    """
    groups = groupby(_comparable_groups(left, right), key=lambda group: len(group[0]))
    for _, of_one_length in groups:
        every = [_group_difference(*group, left.monoid) for group in of_one_length]
        found = [difference for difference in every if difference is not None]
        if found:
            # Of monomials of equally many tensors none comes before the others: the output decides.
            return min(found, key=lambda difference: (difference.output, difference.tensors))
    return None


Group = tuple[tuple[str, ...], list[Term], list[Term]]


def _comparable_groups(left: Form, right: Form) -> list[Group]:
    """Terms of one monomial a group, the monomials of fewest tensors first."""
    names = sorted({t.signature for f in (left, right) for t in f.terms}, key=lambda s: (len(s), s))
    groups = [(n, _of(left, n), _of(right, n)) for n in names]
    if left.monoid == "max":
        return [part for group in groups for part in _by_threshold(group)]
    return [(n, _symmetrised(lefts), _symmetrised(rights)) for n, lefts, rights in groups]


def _of(form: Form, names: tuple[str, ...]) -> list[Term]:
    return [term for term in form.terms if term.signature == names]


def _by_threshold(group: Group) -> list[Group]:
    """Maxima of constants agree iff, for each value, the places that reach it do."""
    names, lefts, rights = group
    if names:
        return [group]
    values = sorted({term.scalar for term in (*lefts, *rights)})
    return [
        (names, [t for t in lefts if t.scalar >= value], [t for t in rights if t.scalar >= value])
        for value in values
    ]


def _symmetrised(terms: Sequence[Term]) -> list[Term]:
    """Sum over the orders of tensors that occur twice: their products commute.

    Raises:
        TooLarge: a tensor occurs so often that its orders are too many.
    """
    for names in {term.signature for term in terms}:
        orders = prod(map(factorial, Counter(names).values()))
        if orders * len(terms) > MOST_ORDERS:
            raise TooLarge(
                f"a product holds one tensor so often that it has {orders} orders; split the claim"
            )
    return [
        term.with_tensors(order)
        for term in terms
        for order in permutations(sorted(term.tensors, key=_name))
        if [t.name for t in order] == list(term.signature)
    ]


def _name(tensor: Tensor) -> str:
    return tensor.name


def _framed(term: Term) -> Term:
    """The term with the axes of its output and its sorted tensors side by side."""
    return term.with_tensors(tuple(sorted(term.tensors, key=_name))).framed()


def _same_digits(terms: Sequence[Term]) -> list[Term]:
    """Rewrite all terms so that every axis has digits of the same sizes in each of them."""
    result = list(terms)
    for _ in range(MOST_ROUNDS):
        running().check_time()
        sizes = [[[extent(leg) for leg in axis if leg.size != 1] for axis in t.out] for t in result]
        wanted = [reduce(common_sizes, axis) for axis in zip(*sizes, strict=True)]
        if all(have == wanted for have in sizes):
            return result
        result = [_fitted(term, have, wanted) for term, have in zip(result, sizes, strict=True)]
    raise TooLarge("the digits of the two sides' axes could not be brought to a common refinement")


def _fitted(term: Term, have: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]]) -> Term:
    """The term with these digits on the axes that have others."""
    for axis, (before, sizes) in enumerate(zip(have, wanted, strict=True)):
        if before != sizes:
            term = fitted(term, axis, sizes)
    return term


def _peeled(term: Term) -> Product:
    """The term in tables, split where an index is fixed, so that blocks stay small."""
    found = lowered(term)
    tables = tuple(part for table in found.tables for part in table.peeled())
    return Product(_without_units(found.out), tables, found.scalar)


def _without_units(out: tuple[Axis, ...]) -> tuple[Axis, ...]:
    return tuple(tuple(leg for leg in axis if leg.size != 1) for axis in out)


def _group_difference(
    names: tuple[str, ...], lefts: Sequence[Term], rights: Sequence[Term], monoid: Monoid
) -> Difference | None:
    framed = [_framed(term) for term in (*lefts, *rights)]
    question = (monoid, len(lefts), *fingerprint(framed))
    if _EQUAL.get(question):
        return None
    found = _least_difference(names, lefts, rights, framed, monoid)
    if found is None:
        _EQUAL.put(question, True, sum(weight_of(term.relations) for term in framed))
    return found


def _least_difference(
    names: tuple[str, ...],
    lefts: Sequence[Term],
    rights: Sequence[Term],
    framed: Sequence[Term],
    monoid: Monoid,
) -> Difference | None:
    shapes = [
        tensor for term in (*lefts, *rights)[:1] for tensor in sorted(term.tensors, key=_name)
    ]
    rank = len((*lefts, *rights)[0].out)
    terms = list(map(_peeled, _same_digits(framed)))
    blocks, loose = find_blocks(terms, monoid)
    factors = [f if monoid == "max" else f * t.scalar for f, t in zip(loose, terms, strict=True)]
    states = _combine(blocks, len(terms))
    found = [
        (place, sums)
        for vector, place in states.items()
        if (sums := _sums(vector, factors, len(lefts), monoid))[0] != sums[1]
    ]
    if not found:
        return None
    place, (left, right) = min(found, key=lambda item: item[0])
    index = _axis_index(place, terms[0])
    bounds = np.cumsum([rank, *(len(tensor.axes) for tensor in shapes)])
    parts = [tuple(index[a:b]) for a, b in pairwise(bounds)]
    return Difference(tuple(index[:rank]), tuple(zip(names, parts, strict=True)), left, right)


def _combine(blocks: Sequence[Block], count: int) -> dict[tuple[int, ...], Place]:
    """Every product of one class a block, with the least place at which it occurs."""
    states: dict[tuple[int, ...], Place] = {(1,) * count: ()}
    for block in blocks:
        merged: dict[tuple[int, ...], Place] = {}
        for vector, place in states.items():
            for values, least in block.classes:
                product = tuple(a * b for a, b in zip(vector, values, strict=True))
                if any(product):
                    joined = tuple(sorted(place + least))
                    merged[product] = min(merged.get(product, joined), joined)
        states = merged
        if len(states) > MOST_STATES:
            raise TooLarge(
                f"the claim's terms overlap in more than {MOST_STATES} ways; split the claim"
            )
    return states


def _sums(
    vector: tuple[int, ...], factors: Sequence[Any], lefts: int, monoid: Monoid
) -> tuple[Any, Any]:
    """Both sides' coefficient for one choice of classes; 1 or 0 where only the support counts."""
    parts = [value * factor for value, factor in zip(vector, factors, strict=True)]
    if monoid == "max":
        return int(any(parts[:lefts])), int(any(parts[lefts:]))
    return sum(parts[:lefts]), sum(parts[lefts:])


def _axis_index(place: Place, term: Product) -> list[int]:
    """Put chosen digits together to one index per axis."""
    digits = dict(place)
    result = []
    for axis, legs in enumerate(term.out):
        index = 0
        for digit, leg in enumerate(legs):
            index = index * extent(leg) + digits[axis, digit]
        result.append(index)
    return result
