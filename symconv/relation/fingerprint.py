"""When are two comparisons of terms one and the same question?  When their fingerprints are equal.

Names of indices do not enter: legs are numbered as they come.  Nor does the size of a *free* index,
if it is large enough: one that no relation mentions, in any of the terms, on axes whose digits have
the same sizes in all of them.  Its entries are all 1, so that a class of entries says only at which
of the places that free indices connect the values are equal.  Of p such places every pattern
of equal values is there as soon as there are p values, and of fewer values not all of them:
``1 + 2[a=b=c] = [a=b] + [b=c] + [a=c]`` holds of two values and fails of three.  So what enters is
the size or the number of places, whichever is less.  Channels are such indices, each at two or
three places, and a geometry is what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from symconv.relation.indices import Leg, Relation
from symconv.relation.term import Term
from symconv.size.expr import number

FREE = "free"
"""What stands beside as much of a free index's size as enters."""


def fingerprint(terms: Sequence[Term]) -> tuple[Hashable, ...]:
    """The question whether sums of these framed terms are equal, as a key.

    >>> def wide(channels, taps):
    ...     c, k = Leg(channels), Leg(taps)
    ...     return [Term(((c,), (k,), (c,)))]
    >>> fingerprint(wide(3, 1)) == fingerprint(wide(64, 1))
    True
    >>> fingerprint(wide(3, 1)) == fingerprint([Term(((Leg(3),), (Leg(1),), (Leg(3),)))])
    False
    """
    free = _sizes(terms, _free(terms))
    return tuple(part for term in terms for part in _of(term, free))


def _of(term: Term, free: Mapping[Leg, Hashable]) -> Iterator[Hashable]:
    """The axes of a term, its relations and its scalar, over numbered legs."""
    numbers: dict[Leg, int] = {}

    def numbered(legs: Iterable[Leg]) -> tuple[int, ...]:
        return tuple([numbers.setdefault(leg, len(numbers)) for leg in legs])

    yield tuple([numbered(axis) for axis in term.out])
    yield tuple([(type(r), numbered(r.legs), r.law) for r in term.relations])
    yield tuple([free.get(leg, leg.size) for leg in numbers])
    yield term.scalar


def _sizes(terms: Sequence[Term], free: set[Leg]) -> dict[Leg, Hashable]:
    """As much of each free index's size as there are places that free indices connect with its own.

    Places are connected that one index stands at in some term; they are the same in all terms.
    """
    rows = [[leg for axis in term.out for leg in axis if leg in free] for term in terms]
    group = list(range(len(rows[0])))
    for row in rows:
        first: dict[Leg, int] = {}
        for place, leg in enumerate(row):
            one, other = group[first.setdefault(leg, place)], group[place]
            if one != other:
                group = [one if at == other else at for at in group]
    counts = Counter(group)
    return {
        leg: (FREE, min(number(leg.size), counts[group[place]]))
        for row in rows
        for place, leg in enumerate(row)
    }


def _free(terms: Sequence[Term]) -> set[Leg]:
    """The free indices of all terms."""
    bound = {leg for term in terms for relation in term.relations for leg in relation.legs}
    places = list(zip(*(term.out for term in terms), strict=True))
    for legs in places:
        if not _alike(legs) or any(leg in bound for axis in legs for leg in axis):
            bound.update(leg for axis in legs for leg in axis)
    # What is bound on one axis is bound on every axis of its term that it stands on, and with it
    # whatever stands beside it there in the other terms.
    while True:
        found = {
            leg
            for legs in places
            if any(leg in bound for axis in legs for leg in axis)
            for axis in legs
            for leg in axis
        }
        if found <= bound:
            break
        bound |= found
    return {leg for legs in places for axis in legs for leg in axis if leg.size != 1} - bound


def _alike(axes: Sequence[Sequence[Leg]]) -> bool:
    """Whether an axis has digits of the same sizes in each term, but for those of size 1."""
    first, *others = [[leg.size for leg in axis if leg.size != 1] for axis in axes]
    return all(sizes == first for sizes in others)


def weight_of(relations: Iterable[Relation]) -> int:
    """About how many bytes the fingerprint of these relations takes."""
    return sum(200 + 40 * _numbers(relation.law) for relation in relations)


def _numbers(law: Hashable) -> int:
    return sum(map(_numbers, law)) if isinstance(law, tuple) else 1
