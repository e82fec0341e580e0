"""Are the two sides of a claim's text the same function?"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from math import prod
from typing import Any

from symconv.errors import TooLarge
from symconv.recheck.denote import Meaning
from symconv.recheck.strands import (
    MOST_ENTRIES,
    Product,
    Row,
    Strand,
    multiply,
    nested_sizes,
)
from symconv.recheck.windows import Sum  # fmt: skip

Part = tuple[tuple[str, ...], tuple[tuple[int, int], ...], Any]


def same_function(claim: dict[str, Any]) -> tuple[bool, list[int]]:
    """Whether left and right hold the same coefficients, and the left side's shape."""
    maximum = _takes_maxima([*claim["left"], *claim["right"]])
    left, right = (Meaning(claim, maximum).pipeline(claim[side]) for side in ("left", "right"))
    shapes = {tuple(term.shape()) for term in chain(left, right)}
    if len(shapes) != 1:
        return False, left[0].shape()
    return _equal(left, right), left[0].shape()


def _takes_maxima(steps: list[dict[str, Any]]) -> bool:
    return any(
        step["op"] in ("max_pool", "max_conv") or any(map(_takes_maxima, step.get("branches", ())))
        for step in steps
    )


def _equal(left: Sum, right: Sum) -> bool:
    """Decide by monomial: equal terms cancel, two single ones compare, sums are multiplied out."""
    _common_cuts([*left, *right])
    a, b = ([t for t in map(_clean, side) if t is not None] for side in (left, right))
    return all(
        _equal_sums([t for t in a if _names(t) == names], [t for t in b if _names(t) == names])
        for names in {_names(term) for term in (*a, *b)}
    )


def _names(term: Product) -> tuple[str, ...]:
    return tuple(sorted(name for strand in term.strands for name in strand.names))


def _equal_sums(left: Sum, right: Sum) -> bool:
    if not left or not right:
        return not (left or right) or _expanded(left) == _expanded(right)
    _align_strands([*left, *right])
    a, b = ([_canonical(term) for term in side] for side in (left, right))
    if len(a) == len(b) == 1:
        return bool(a == b)
    unmatched = list(b)
    rest = []
    for term, parts in zip(left, a, strict=True):
        if parts in unmatched:
            unmatched.remove(parts)
        else:
            rest.append(term)
    other = [term for term, parts in zip(right, b, strict=True) if parts in unmatched]
    return not (rest or other) or _expanded(left) == _expanded(right)


def _align_strands(terms: Sum) -> None:
    """Multiply strands until all terms split the same digits and names the same way."""
    splits = [_split(term) for term in terms]
    while len({frozenset(map(frozenset, split)) for split in splits}) > 1:
        joint: list[set[Any]] = []
        for part in chain.from_iterable(splits):
            touching = [other for other in joint if other & part]
            joint = [other for other in joint if not other & part]
            joint.append(set(part).union(*touching))
        for term in terms:
            term.strands = [_merged_strand(term, part) for part in joint]
        splits = [_split(term) for term in terms]


def _split(term: Product) -> list[set[Any]]:
    places = _places(term)
    return [{*(places[d] for d in s.digits), *s.names} for s in term.strands]


def _places(term: Product) -> dict[int, tuple[int, int]]:
    return {d: (a, i) for a, axis in enumerate(term.axes) for i, d in enumerate(axis)}


def _merged_strand(term: Product, part: set[Any]) -> Strand:
    places = _places(term)
    chosen = [s for s in term.strands if {*(places[d] for d in s.digits), *s.names} & part]
    whole = chosen[0]
    for strand in chosen[1:]:
        whole = multiply(whole, strand, term.maximum)
    return whole


def _clean(term: Product) -> Product | None:
    """The term with a strand for every digit and no plain numbers among them; None where zero."""
    for digit in chain.from_iterable(term.axes):
        term.strand([digit])
    kept = []
    for strand in term.strands:
        rows = {k: {n: v for n, v in row.items() if v} for k, row in strand.rows.items()}
        strand.rows = {key: row for key, row in rows.items() if row}
        if not strand.rows:
            return None
        if strand.digits or strand.names:
            kept.append(strand)
        elif not term.maximum:
            term.number *= strand.rows[()][()]
    term.strands = kept
    return term


def _common_cuts(terms: Sum) -> None:
    """Cut every axis into digits of sizes that all terms share."""
    before = None
    while before != (before := [_digit_sizes(term) for term in terms]):
        for axis in range(len(terms[0].axes)):
            sizes = nested_sizes([term_sizes[axis] for term_sizes in map(_digit_sizes, terms)])
            for term in terms:
                if sizes is None:
                    term.flat(axis)
                else:
                    term.groups(axis, sizes)


def _digit_sizes(term: Product) -> list[list[int]]:
    return [[term.sizes[d] for d in axis] for axis in term.axes]


def _canonical(term: Product) -> tuple[Any, ...]:
    """The term up to the order of its strands, with their common factors moved to its number."""
    number = Fraction(term.number)
    parts = []
    for strand in term.strands:
        share, part = _part(strand, term)
        number *= share
        parts.append(part)
    return (number, sorted(parts, key=lambda part: part[:2]))


def _part(strand: Strand, term: Product) -> tuple[Fraction, Part]:
    """A strand over places and sorted names, divided by its first number."""
    places = _places(term)
    order = sorted(range(len(strand.digits)), key=lambda i: places[strand.digits[i]])
    naming = sorted(range(len(strand.names)), key=lambda i: strand.names[i])
    rows: dict[tuple[int, ...], Row] = {
        tuple(key[i] for i in order): {tuple(k[i] for i in naming): n for k, n in row.items()}
        for key, row in strand.rows.items()
    }
    first = rows[min(rows)]
    unit = Fraction(first[min(first)])
    if unit != 1:
        rows = {key: {k: n / unit for k, n in row.items()} for key, row in rows.items()}
    names = tuple(strand.names[i] for i in naming)
    return unit, (names, tuple(places[strand.digits[i]] for i in order), rows)


def _expanded(terms: Sum) -> dict[Any, Any]:
    """Every coefficient of a sum, multiplied out: the last resort, within the bound."""
    total: dict[Any, Any] = {}
    for term in terms:
        digits = [d for axis in term.axes for d in axis]
        size = prod(max(1, sum(map(len, s.rows.values()))) for s in term.strands)
        if size > MOST_ENTRIES:
            raise TooLarge(
                "rechecking would have to multiply out the claim; certify a smaller size"
            )
        whole = _whole(term)
        order = [whole.digits.index(d) for d in digits]
        for key, row in whole.rows.items():
            for coordinates, value in row.items():
                names = tuple(sorted(zip(whole.names, coordinates, strict=True)))
                place = (tuple(key[i] for i in order), names)
                if term.maximum:
                    constant = term.number if not names else 1
                    total[place] = max(total.get(place, constant), constant)
                else:
                    total[place] = total.get(place, 0) + value * term.number
    maximum = any(term.maximum for term in terms)
    return {place: value for place, value in total.items() if value or maximum}


def _whole(term: Product) -> Strand:
    whole = Strand([], [], {(): {(): 1}})
    for strand in term.strands:
        whole = multiply(whole, strand, term.maximum)
    return whole
