"""Are the two sides of a claim's text the same function?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from math import prod
from typing import Any

from symconv.errors import TooLarge
from symconv.recheck.denote import Meaning, Sum
from symconv.recheck.strands import MOST_ENTRIES, Product, Row, Strand

Part = tuple[tuple[str, ...], tuple[tuple[int, int], ...], Any]


def same_function(claim: dict[str, Any]) -> tuple[bool, list[int]]:
    """Whether left and right hold the same coefficients, and the left side's shape."""
    steps = [*claim["left"], *claim["right"]]
    maximum = any(step["op"] in ("max_pool", "max_conv") for step in steps)
    left, right = (Meaning(claim, maximum).pipeline(claim[side]) for side in ("left", "right"))
    shapes = {tuple(term.shape()) for term in chain(left, right)}
    if len(shapes) != 1:
        return False, left[0].shape()
    return _equal(left, right), left[0].shape()


def _equal(left: Sum, right: Sum) -> bool:
    cuts = _common_cuts([*left, *right])
    a, b = ([_canonical(term, cuts) for term in side] for side in (left, right))
    unmatched = list(b)
    for term in a:
        if term not in unmatched:
            break
        unmatched.remove(term)
    else:
        if not unmatched:
            return True
    return _expanded(left) == _expanded(right)


def _common_cuts(terms: Sum) -> list[list[int]]:
    """For every axis the digit sizes that all terms agree on."""
    while True:
        cuts = []
        for axis in range(len(terms[0].axes)):
            borders = {
                prod(t.sizes[d] for d in t.axes[axis][i:]) for t in terms for i in range(len(t.axes[axis]))
            }
            ladder = [1]
            for border in sorted(borders):
                if border % ladder[-1] == 0 and border > ladder[-1]:
                    ladder.append(border)
            whole = terms[0].shape()[axis]
            if ladder[-1] != whole:
                ladder = [1, whole]
            cuts.append([h // l for l, h in zip(ladder, ladder[1:], strict=False)][::-1])
        before = [[[t.sizes[d] for d in axis] for axis in t.axes] for t in terms]
        for term in terms:
            for axis, sizes in enumerate(cuts):
                term.groups(axis, sizes)
        if before == [[[t.sizes[d] for d in axis] for axis in t.axes] for t in terms]:
            return cuts


def _canonical(term: Product, cuts: Sequence[Sequence[int]]) -> tuple[Any, ...]:
    """The term up to the order of its strands, with their common factors moved to its number."""
    for digit in chain.from_iterable(term.axes):
        term.strand([digit])
    number = Fraction(term.number)
    parts = []
    for strand in term.strands:
        share, part = _part(strand, term)
        number *= share or 1
        parts.append(part)
    if any(not part[2] for part in parts if part is not None):
        return ("nothing",)
    visible = [part for part in parts if part != ((), (), {(): {(): 1}})]
    return (number, sorted(visible, key=lambda part: part[:2]))


def _part(strand: Strand, term: Product) -> tuple[Fraction, Part]:
    """A strand over places and sorted names, divided by its first number."""
    places = {d: (a, i) for a, axis in enumerate(term.axes) for i, d in enumerate(axis)}
    order = sorted(range(len(strand.digits)), key=lambda i: places[strand.digits[i]])
    naming = sorted(range(len(strand.names)), key=lambda i: strand.names[i])
    rows: dict[tuple[int, ...], Row] = {}
    for key, row in strand.rows.items():
        kept = {tuple(k[i] for i in naming): n for k, n in row.items() if n}
        if kept:
            rows[tuple(key[i] for i in order)] = kept
    names = tuple(strand.names[i] for i in naming)
    where = tuple(places[strand.digits[i]] for i in order)
    if not rows:
        return Fraction(0), (names, where, {})
    first = rows[min(rows)]
    unit = Fraction(first[min(first)])
    if unit != 1:
        rows = {key: {k: n / unit for k, n in row.items()} for key, row in rows.items()}
    return unit, (names, where, rows)


def _expanded(terms: Sum) -> dict[Any, Any]:
    """Every coefficient of a sum, multiplied out: the last resort, within the bound."""
    total: dict[Any, Any] = {}
    for term in terms:
        digits = [d for axis in term.axes for d in axis]
        size = prod(max(1, sum(map(len, s.rows.values()))) for s in term.strands)
        if size > MOST_ENTRIES:
            raise TooLarge("rechecking would have to multiply out the claim; certify a smaller size")
        whole = _whole(term, digits)
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


def _whole(term: Product, digits: Sequence[int]) -> Strand:
    term.strands.append(Strand([], [], {(): {(): 1}}))
    if digits:
        term.strand(digits)
    while len(term.strands) > 1:
        loose = term.strands.pop()
        first = term.strands.pop()
        pair = Product(term.axes, term.sizes, [first, loose], 1, term.maximum)
        term.strands.append(_joined(pair))
    return term.strands[0]


def _joined(pair: Product) -> Strand:
    a, b = pair.strands
    rows: dict[tuple[int, ...], Row] = {}
    for key_a, row_a in a.rows.items():
        for key_b, row_b in b.rows.items():
            rows[key_a + key_b] = {
                x + y: m * n for x, m in row_a.items() for y, n in row_b.items()
            }
    return Strand(a.digits + b.digits, a.names + b.names, rows)
