"""Are two forms the same function at all sizes?  As sets of integers, decided by isl.

Positions are digits of the output's and the tensors' axes.  A term's set on a block of connected
positions holds the places where it has a coefficient; a hidden index must be a function of them, or
else the coefficient would be a count, and the claim stays undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

from symconv.errors import TooLarge
from symconv.prove.sets.blocks import BlockSets, Counted, Sizes, connected
from symconv.prove.sets.counted import written_out
from symconv.prove.sets.divisors import differing, undivided
from symconv.prove.sets.formulas import Side, Summand
from symconv.prove.sets.supports import same_support

MOST_TERMS = 32
"""Most terms of one monomial, both sides together: their overlaps are looked at one by one."""


def failing(left: Side, right: Side, legal: Any, sizes: Sizes) -> Any:
    """The sizes of ``legal`` at which the two sides differ.

    Raises:
        Counted: a coefficient is a count.
        TooLarge: too many terms overlap.
    """
    found = _other_shapes(left, right, legal, sizes)
    legal = legal.subtract(found)
    if len(left.shape) == len(right.shape):
        for lefts, rights in _monomials(left, right):
            found = found.union(_differ(lefts, rights, left.maximum, sizes, legal).intersect(legal))
    return found.coalesce()


def _other_shapes(left: Side, right: Side, legal: Any, sizes: Sizes) -> Any:
    if len(left.shape) != len(right.shape):
        return legal
    found = legal.subtract(legal)
    for a, b in zip(left.shape, right.shape, strict=True):
        if a != b:
            found = found.union(legal.subtract(sizes.set([f"{a} = {b}"])))
    return found


def _monomials(left: Side, right: Side) -> Iterator[tuple[list[Summand], list[Summand]]]:
    """Terms of the same tensors; in a maximum, constants by the value that they reach."""
    for names in sorted({term.signature for form in (left, right) for term in form.terms}):
        sides = [[t for t in form.terms if t.signature == names] for form in (left, right)]
        if not left.maximum:
            _check_once(names)
            yield sides[0], sides[1]
            continue
        values = {t.scalar for side in sides for t in side} if not names else {Fraction(0)}
        for value in sorted(values):
            reached = [
                [t.times(Fraction(1), t.factors) for t in side if names or t.scalar >= value]
                for side in sides
            ]
            yield reached[0], reached[1]


def _check_once(names: tuple[str, ...]) -> None:
    """Refuse products of one tensor with itself: they are left undecided."""
    if len(set(names)) < len(names):
        raise Counted(f"a product holds a tensor twice ({', '.join(names)})")


def _differ(
    lefts: list[Summand], rights: list[Summand], maximum: bool, sizes: Sizes, legal: Any
) -> Any:
    """The sizes at which two sums differ; indices that must be counted are written out."""
    try:
        return _uncounted(lefts, rights, maximum, sizes, legal)
    except Counted:
        left, right = (written_out(side, sizes, MOST_TERMS) for side in (lefts, rights))
        if len(left) + len(right) == len(lefts) + len(rights):
            raise
        return _uncounted(left, right, maximum, sizes, legal)


def _uncounted(
    lefts: list[Summand], rights: list[Summand], maximum: bool, sizes: Sizes, legal: Any
) -> Any:
    if len(lefts) == len(rights) == 1:
        terms = [lefts[0], rights[0]]
        blocks = connected(terms)
        sets = [BlockSets(term, blocks, maximum, sizes, legal) for term in terms]
        found = _supports_differ(*sets)
        return found if maximum else found.union(_values_differ(*sets))
    if any(term.divisors for term in (*lefts, *rights)):
        every = undivided([*lefts, *rights], sizes, legal)
        lefts, rights = every[: len(lefts)], every[len(lefts) :]
    for term in (*lefts, *rights):
        _check_divisors(term, maximum, sizes, legal)
    spread = [[piece for term in side for piece in _pieces(term)] for side in (lefts, rights)]
    terms = [term for side in spread for term in side]
    if len(terms) > MOST_TERMS:
        raise TooLarge(f"more than {MOST_TERMS} terms of one monomial overlap; split the claim")
    blocks = connected(terms)
    whole = [BlockSets(term, blocks, maximum, sizes, legal).whole() for term in terms]
    scalars = [term.scalar for term in terms]
    return _region_difference(whole, scalars, len(spread[0]), maximum)


def _check_divisors(term: Summand, maximum: bool, sizes: Sizes, legal: Any) -> None:
    """Refuse a factor that has no piece somewhere."""
    if term.factors:
        sets = BlockSets(term, connected([term]), maximum, sizes, legal)
        for number in range(len(sets.blocks)):
            sets.values(number)


def _pieces(term: Summand) -> list[Summand]:
    """A term without factors for every way to choose a piece of each."""
    found = [term.times(term.scalar, ())]
    for factor in term.factors:
        found = [
            one.with_table(where, *factor.legs).times(one.scalar * value, ())
            for one in found
            for value, where in factor.pieces
        ]
    return found


def _supports_differ(left: BlockSets, right: BlockSets) -> Any:
    """Products of blocks differ where one factor does and the rest of that side is not empty."""
    nowhere = left.loose.subtract(left.loose)
    differing = _differing_blocks(left, right)
    found = nowhere
    for one, other in ((left, right), (right, left)):
        beyond = one.loose.subtract(other.loose)
        if not differing and beyond.is_empty():
            continue
        full = one.somewhere()
        for number in differing:
            apart = one.support_of(number).subtract(other.support_of(number))
            found = found.union(full.intersect(apart.params()))
        found = found.union(full.intersect(beyond))
    return found


def _differing_blocks(left: BlockSets, right: BlockSets) -> list[int]:
    """The blocks whose supports differ; axes of equal geometry are decided once."""
    found = []
    for number, block in enumerate(left.blocks):
        one, other = left.formula(block), right.formula(block)
        if one != other and not same_support(one, other, block, left.sizes, left.maximum):
            found.append(number)
    return found


def _values_differ(left: BlockSets, right: BlockSets) -> Any:
    """Sizes at which both terms have a coefficient at one place, of different values.

    The values are products over blocks, so that their ratio is; each block's ratios are looked at
    alone, and every choice of one per block must multiply to one.
    """
    nowhere = left.loose.subtract(left.loose)
    if left.term.scalar == right.term.scalar and not _divided(left.term, right.term):
        return nowhere
    both = left.somewhere().intersect(right.somewhere())
    found = [(left.term.scalar / right.term.scalar, both)]
    for number in range(len(left.blocks)):
        ratios: dict[Fraction, Any] = {}
        for (a, x), (b, y) in product(left.values(number), right.values(number)):
            sizes = x.intersect(y).params()
            ratios[a / b] = ratios[a / b].union(sizes) if a / b in ratios else sizes
        found = [(p * q, x.intersect(y)) for p, x in found for q, y in ratios.items()]
        found = [(ratio, sizes) for ratio, sizes in found if not sizes.is_empty()]
    return reduce(lambda a, b: a.union(b), differing(left, right, found), nowhere)


def _divided(*terms: Summand) -> bool:
    """Whether some term's value depends on the place."""
    return any(term.factors or term.divisors for term in terms)


def _region_difference(
    terms: list[Any], scalars: Sequence[Fraction], lefts: int, maximum: bool
) -> Any:
    """Cut the places into regions where the same terms are live: there their sums must agree."""
    nowhere = terms[0].params().subtract(terms[0].params())

    def differing(region: Any, first: int, live: tuple[int, ...]) -> Any:
        if region.is_empty():
            return nowhere
        if first == len(terms):
            sums = [[scalars[i] for i in live if (i < lefts) == side] for side in (True, False)]
            a, b = (any(s) if maximum else sum(s, Fraction(0)) for s in sums)
            return nowhere if a == b else region.params()
        within = region.intersect(terms[first])
        beyond = region.subtract(terms[first])
        return differing(within, first + 1, (*live, first)).union(
            differing(beyond, first + 1, live)
        )

    return differing(reduce(lambda a, b: a.union(b), terms), 0, ())
