"""When are two comparisons of terms one and the same question?  When their fingerprints are equal.

Names of indices do not enter: legs are numbered as they come.  Nor does the size of a *free* index,
if it is at least 2: one that no relation mentions, in any of the terms, on axes whose digits have
the same sizes in all of them.  Its entries are all 1, for as many values as there are, so which
classes of entries there are depends on which axes carry it, and not on how often.  Channels are
such indices, and a geometry is what is left.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from symconv.relation.indices import Leg, Relation
from symconv.relation.term import Term

FREE = "free"
"""What stands for the size of a free index."""


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
    free = _free(terms)
    return tuple(part for term in terms for part in _of(term, free))


def _of(term: Term, free: set[Leg]) -> Iterator[Hashable]:
    """The axes of a term, its relations and its scalar, over numbered legs."""
    numbers: dict[Leg, int] = {}

    def numbered(legs: Iterable[Leg]) -> tuple[int, ...]:
        return tuple([numbers.setdefault(leg, len(numbers)) for leg in legs])

    yield tuple([numbered(axis) for axis in term.out])
    yield tuple([(type(r), numbered(r.legs), r.law) for r in term.relations])
    yield tuple([FREE if leg in free else leg.size for leg in numbers])
    yield term.scalar


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
