"""Are the two sides of a claim's text the same function?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, islice, permutations, product
from math import prod
from typing import Any

from symconv.errors import TooLarge
from symconv.recheck.claims import at, read_claim
from symconv.recheck.denote import Meaning
from symconv.recheck.factors import (
    MOST_ENTRIES,
    Name,
    Product,
    Row,
    Strand,
    Tensor,
    entries_of,
    multiply,
    nested_sizes,
)
from symconv.recheck.ops import MAXIMA, every_step
from symconv.recheck.windows import Sum

Part = tuple[tuple[Name, ...], tuple[tuple[int, int], ...], Any]


def same_function(text: Any, least: Fraction | None = None) -> tuple[bool, list[int]]:
    """Whether left and right hold the same coefficients, and the left side's shape.

    With ``least`` two maxima need only be the same where every entry of the input is at least that.

    Raises:
        ClaimError: the claim is ill-formed, or its sizes are names.
        TooLarge: it is beyond what plain dictionaries hold.
    """
    claim = at(read_claim(text), {})
    meaning = Meaning(claim, takes_maxima([*claim["left"], *claim["right"]]))
    shape, other = meaning.shape(claim["left"]), meaning.shape(claim["right"])
    if shape != other:
        return False, shape
    sides = meaning.pipeline(claim["left"]), meaning.pipeline(claim["right"])
    return equal(*sides, least), shape


def takes_maxima(steps: list[dict[str, Any]]) -> bool:
    """Whether a maximum stands among the steps or in their branches."""
    return any(step["op"] in MAXIMA for step in every_step(steps))


def equal(left: Sum, right: Sum, least: Fraction | None = None) -> bool:
    """Decide by monomial: equal terms cancel, two single ones compare, sums are multiplied out."""
    _common_cuts([*left, *right])
    a, b = ([t for t in map(_clean, side) if t is not None] for side in (left, right))
    kinds = [term.uses() for term in (*a, *b)]
    same = all(
        _equal_sums([t for t in a if t.uses() == uses], [t for t in b if t.uses() == uses])
        for n, uses in enumerate(kinds)
        if uses not in kinds[:n]
    )
    bounded = least is not None and all(term.maximum for term in (*a, *b))
    return same or (bounded and _visible(a, least) == _visible(b, least))


def _visible(terms: Sum, least: Fraction | None) -> dict[Any, Any]:
    """A maximum multiplied out, without the constants that no entry of the input lies below.

    Raises:
        TooLarge: it has too many entries.
    """
    found = expanded(terms)
    read = {place for place, monomial in found if monomial}
    return {
        (place, monomial): value
        for (place, monomial), value in found.items()
        if monomial or place not in read or least is None or value > least
    }


def _equal_sums(left: Sum, right: Sum) -> bool:
    """Whether two sums of products of the same tensors are the same polynomial (or maximum)."""
    rest, other = list(left), []
    for term in right:
        match = next((t for t in rest if _same_term(t, term)), None)
        if match is None:
            other.append(term)
        else:
            rest = [t for t in rest if t is not match]
    if not (rest or other):
        return True
    if any(term.maximum for term in (*left, *right)):
        # A maximum takes what is written twice once: matched terms still hide the others.
        rest, other = left, right
    if _is_plain(rest) and _is_plain(other):
        return False
    return expanded(rest) == expanded(other)


def _is_plain(terms: Sum) -> bool:
    """Whether there is at most one product, and no tensor twice in it: its factors are unique."""
    return len(terms) < 2 and all(n == 1 for term in terms for n in term.uses().values())


MOST_ORDERS = 24
"""Orders of repeated tensors that are tried before a product is multiplied out: four of one."""


def _same_term(left: Product, right: Product) -> bool:
    """Whether two products are equal for some order of the tensors that they hold twice.

    False says nothing where a tensor stands twice: then the products are multiplied out.
    """
    for rename in islice(_orders(right), MOST_ORDERS):
        one, two = left.copy(), right.renamed(rename)
        try:
            _align_strands([one, two])
        except TooLarge:
            continue
        if _canonical(one) == _canonical(two):
            return True
    return False


def _orders(term: Product) -> Iterator[Callable[[Name], Name]]:
    """Every way to number the uses of each tensor: products commute, so they are exchangeable."""
    tensors = sorted(term.uses().items())
    for orders in product(*(permutations(range(n)) for _, n in tensors)):
        order = {tensor: uses for (tensor, _), uses in zip(tensors, orders, strict=True)}

        def rename(name: Name, order: dict[Tensor, tuple[int, ...]] = order) -> Name:
            return (*name[:2], order[name[:2]][name[2]], name[3])

        yield rename


def covers(terms: Sum, shape: list[int]) -> bool:
    """Whether some term has an entry at every position of a tensor of this shape.

    Raises:
        TooLarge: the positions are too many to be written out, and no term covers them alone.
    """
    kept = [term for term in map(_clean, [term.copy() for term in terms]) if term is not None]
    if any(_is_full(term) for term in kept):
        return True
    if prod(shape) * max(1, len(kept)) > MOST_ENTRIES:
        raise TooLarge("too many positions to see that a maximum reads something at each")
    _common_cuts(kept)
    return len({place for term in kept for place in _positions(term)}) == prod(shape)


def _is_full(term: Product) -> bool:
    return all(len(s.rows) == prod(term.sizes[d] for d in s.digits) for s in term.strands)


def _positions(term: Product) -> Iterator[tuple[int, ...]]:
    """The values of all digits, in the order of the axes, at which a product has an entry."""
    for digit in chain.from_iterable(term.axes):
        term.strand([digit])
    digits = [d for s in term.strands for d in s.digits]
    order = [digits.index(d) for axis in term.axes for d in axis]
    for keys in product(*(s.rows for s in term.strands)):
        whole = tuple(chain.from_iterable(keys))
        yield tuple(whole[i] for i in order)


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
    while terms and before != (before := [_digit_sizes(term) for term in terms]):
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


def _width(term: Product) -> int:
    """Numbers that a product takes when it is multiplied out: each entry with its coordinates."""
    names = sum(len(strand.names) for strand in term.strands)
    return (1 + names) * prod(max(1, entries_of(strand)) for strand in term.strands)


def expanded(terms: Sum) -> dict[Any, Any]:
    """Every coefficient of a sum, multiplied out: the last resort, within the bound.

    Raises:
        TooLarge: they are too many.
    """
    size = sum(map(_width, terms))
    if size > MOST_ENTRIES:
        raise TooLarge("rechecking would have to multiply out the claim; certify a smaller size")
    total: dict[Any, Any] = {}
    for term in terms:
        digits = [d for axis in term.axes for d in axis]
        whole = _whole(term)
        order = [whole.digits.index(d) for d in digits]
        for key, row in whole.rows.items():
            for coordinates, value in row.items():
                monomial = _monomial(whole.names, coordinates)
                place = (tuple(key[i] for i in order), monomial)
                if term.maximum:
                    constant = 1 if monomial else term.number
                    total[place] = max(total.get(place, constant), constant)
                else:
                    total[place] = total.get(place, 0) + value * term.number
    maximum = any(term.maximum for term in terms)
    return {place: value for place, value in total.items() if value or maximum}


def _monomial(names: Sequence[Name], coordinates: Sequence[int]) -> tuple[Any, ...]:
    """The tensors of a product with their indices, in an order of their own: products commute."""
    found: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for (kind, tensor, use, axis), value in zip(names, coordinates, strict=True):
        found.setdefault((kind, tensor, use), []).append((axis, value))
    return tuple(
        sorted((kind, tensor, tuple(sorted(index))) for (kind, tensor, _), index in found.items())
    )


def _whole(term: Product) -> Strand:
    whole = Strand([], [], {(): {(): 1}})
    for strand in term.strands:
        whole = multiply(whole, strand, term.maximum)
    return whole
