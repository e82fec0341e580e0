"""Axes written in other digits: split, merged, and brought to equal ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from symconv.errors import ClaimError, TooLarge
from symconv.relation.indices import Axis, Fuse, Leg, volume
from symconv.relation.term import Term, sizes_of
from symconv.size.expr import Size

MOST_ROUNDS = 64
"""Each round refines the digits of both axes; three were the most that a claim has needed."""


def single_leg(term: Term, axis: int) -> tuple[Term, Leg]:
    """The term with one leg on this output axis, and that leg."""
    term, leg = term.fuse(term.out[axis])
    return term.with_axis(axis, (leg,)), leg


def regroup(term: Term, digits: Axis, sizes: Sequence[Size]) -> tuple[Term, list[Axis]]:
    """Rewrite the term so that these digits fall into consecutive groups of the given sizes.

    A digit that straddles a border is split; where the borders do not divide each other, the digits
    are first fused into one leg.  Digits of size one say nothing and belong to no group.
    """
    rest = [leg for leg in digits if leg.size != 1]
    groups: list[Axis] = []
    for place in range(len(sizes) - 1, 0, -1):
        size = sizes[place]
        if isinstance(size, int):
            term, group, rest = _taken(term, rest, size)
        elif (found := _last(rest, size)) is not None:
            group, rest = tuple(rest[found:]), rest[:found]
        else:
            term, fresh = _rewritten(term, rest, sizes[: place + 1])
            return term, [*((leg,) for leg in fresh), *groups]
        groups.insert(0, group)
    if not sizes:
        return term, []
    term, rest = _sized(term, rest, sizes[0])
    return term, [tuple(rest), *groups]


def _sized(term: Term, rest: list[Leg], size: Size) -> tuple[Term, list[Leg]]:
    """The digits of a group whose size may be written otherwise than theirs, and be equal."""
    if volume(sizes_of(tuple(rest))) == size:
        return term, rest
    fresh = Leg(size)
    term, whole = term.fuse(rest)
    return term.identify(fresh, whole), [fresh]


def _last(rest: list[Leg], size: Size) -> int | None:
    """From where on the last digits make up a group of a named size; None where none do."""
    starts = range(len(rest) - 1, -1, -1)
    return next((n for n in starts if volume(sizes_of(tuple(rest[n:]))) == size), None)


def _rewritten(term: Term, rest: list[Leg], sizes: Sequence[Size]) -> tuple[Term, list[Leg]]:
    """The digits put together, and written with others, one for each of these sizes."""
    term, whole = term.fuse(rest)
    fresh = [Leg(size) for size in sizes]
    return term.related(Fuse(whole, tuple(fresh))), fresh


def _taken(term: Term, rest: list[Leg], size: int) -> tuple[Term, Axis, list[Leg]]:
    """The last digits, which make up a group of this size, and those in front of them."""
    group: Axis = ()
    while size != 1:
        leg = rest[-1]
        if leg.size == size:
            return term, (leg, *group), rest[:-1]
        if isinstance(leg.size, int) and size % leg.size == 0:
            group, size, rest = (leg, *group), size // leg.size, rest[:-1]
        else:
            if not isinstance(leg.size, int) or leg.size % size:
                term, leg = term.fuse(rest)
                rest = [leg]
            term, high, low = term.split(leg, size)
            return term, (low, *group), [*rest[:-1], high]
    return term, group, rest


def match(term: Term, first: int, second: int) -> Term:
    """Restrict to equal indices on two output axes; both then carry the same legs.

    Raises:
        ClaimError: the axes' sizes are not numbers.
        TooLarge: no digits were found that suit both.
    """
    for _ in range(MOST_ROUNDS):
        sizes = _common(term, first, second)
        if sizes is None:
            for keep, gone in zip(term.out[first], term.out[second], strict=True):
                term = term.identify(keep, gone)
            return term
        for axis in (first, second):
            term = fitted(term, axis, sizes)
    raise TooLarge("the digits of two axes could not be brought to a common refinement")


def fitted(term: Term, axis: int, sizes: Sequence[Size]) -> Term:
    """The term with the digits of one output axis in groups of these sizes."""
    term, groups = regroup(term, term.out[axis], sizes)
    return term.with_axis(axis, tuple(leg for group in groups for leg in group))


def _common(term: Term, first: int, second: int) -> list[int] | None:
    """Digits into which two axes may be written alike; None where they are."""
    one, other = sizes_of(term.out[first]), sizes_of(term.out[second])
    return None if one == other else common_sizes(numbers(one), numbers(other))


def numbers(sizes: Sequence[Size]) -> list[int]:
    """The sizes, all of them numbers.

    Raises:
        ClaimError: one is named.
    """
    found = [size for size in sizes if isinstance(size, int)]
    if len(found) < len(sizes):
        raise ClaimError(f"channels must be numbers, got {', '.join(map(str, sizes))}")
    return found


def split_axis(term: Term, axis: int, high: int, low: int) -> Term:
    """Write one output axis as two neighbours of these sizes."""
    term, groups = regroup(term, term.out[axis], (high, low))
    return term.with_out((*term.out[:axis], *groups, *term.out[axis + 1 :]))


def rearrange(
    term: Term,
    left: Sequence[Sequence[int]],
    right: Sequence[Sequence[int]],
    factors: Sequence[Size],
) -> Term:
    """Split axes into numbered factors of known sizes (left), and merge them again (right)."""
    legs: dict[int, Axis] = {}
    for axis, group in enumerate(left):
        term, digits = regroup(term, term.out[axis], [factors[f] for f in group])
        term = term.with_axis(axis, tuple(leg for digit in digits for leg in digit))
        legs |= dict(zip(group, digits, strict=True))
    return term.with_out(tuple(tuple(leg for f in group for leg in legs[f]) for group in right))


def common_sizes(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Digit sizes that divide a number line where both given ones do, as finely as they agree.

    >>> common_sizes([3, 4], [6, 2])
    [3, 2, 2]
    """
    kept, total = [1], prod(first)
    for border in sorted(_borders(first) | _borders(second)):
        if border == total:
            kept = [low for low in kept if total % low == 0]
        if border > kept[-1] and border % kept[-1] == 0:
            kept.append(border)
    return [high // low for low, high in pairwise(kept)][::-1]


def _borders(sizes: Sequence[int]) -> set[int]:
    return {prod(sizes[place:]) for place in range(len(sizes))}
