"""Products of strands: the rechecker's own picture of a tensor, in plain dictionaries.

A tensor's axes are lists of digits (most significant first).  A strand says, for every value of
some digits, which entries of the input and the weights it holds: ``{digit values: {coordinates:
number}}``. A product of strands that share no digit is one monomial family; a tensor is a sum of
such products. Nothing is shared with the prover: no array, no join, no leg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, pairwise, product
from math import prod

from symconv.errors import ClaimError, TooLarge

Number = int | Fraction
Row = dict[tuple[int, ...], Number]
Tensor = tuple[int, str]
"""``(0, "")`` for the input, ``(1, name)`` for a weight: no weight's name can meet the input's."""
Name = tuple[int, str, int, int]
"""One coordinate of a product: a tensor, which of its uses in the product, and an axis."""
Targets = Mapping[tuple[int, int], Sequence[tuple[int, ...]]]
Paired = tuple[tuple[int, int], tuple[int, ...], Row]
Pairs = Callable[[Targets], Iterator[Paired]]
MOST_ENTRIES = 2_000_000
"""Entries of one part: about a second of work, and 500 MB of plain dictionaries."""
_fresh = count()


@dataclass
class Strand:
    """Digits, coordinate names, and for each value of the digits a row of numbers."""

    digits: list[int]
    names: list[Name]
    rows: dict[tuple[int, ...], Row]


@dataclass
class Product:
    """A number times strands, with the digits of every axis and the size of every digit."""

    axes: list[list[int]]
    sizes: dict[int, int]
    strands: list[Strand]
    number: Number = 1
    maximum: bool = False

    def copy(self) -> Product:
        """An independent copy (rows are replaced, never changed, so they may be shared)."""
        strands = [Strand(list(s.digits), list(s.names), s.rows) for s in self.strands]
        return Product(
            [list(a) for a in self.axes], dict(self.sizes), strands, self.number, self.maximum
        )

    def uses(self) -> dict[Tensor, int]:
        """How often each tensor stands in the product."""
        found: dict[Tensor, int] = {}
        for kind, tensor, use, _ in (name for strand in self.strands for name in strand.names):
            found[kind, tensor] = max(found.get((kind, tensor), 0), use + 1)
        return found

    def renamed(self, rename: Callable[[Name], Name]) -> Product:
        """A copy whose coordinates have other names."""
        result = self.copy()
        for strand in result.strands:
            strand.names = [rename(name) for name in strand.names]
        return result

    def after(self, other: Product) -> Product:
        """A copy whose uses of each tensor are counted on from another product's."""
        first = other.uses()
        return self.renamed(lambda name: (*name[:2], name[2] + first.get(name[:2], 0), name[3]))

    def shape(self) -> list[int]:
        """Sizes of the axes."""
        return [prod(self.sizes[d] for d in axis) for axis in self.axes]

    def new_digit(self, size: int) -> int:
        """A digit that no strand holds yet."""
        digit = next(_fresh)
        self.sizes[digit] = size
        return digit

    def strand(self, digits: Iterable[int]) -> Strand:
        """The one strand that holds these digits; strands are multiplied to make it."""
        wanted = set(digits)
        touched = [s for s in self.strands if wanted & set(s.digits)]
        held = {d for s in touched for d in s.digits}
        _check(sum(self.sizes[d] for d in wanted - held))
        touched += [
            Strand([d], [], {(v,): {(): 1} for v in range(self.sizes[d])})
            for d in sorted(wanted - held)
        ]
        self.strands = [s for s in self.strands if s not in touched]
        merged = touched[0]
        for other in touched[1:]:
            merged = multiply(merged, other, self.maximum)
        self.strands.append(merged)
        return merged

    def reindex(
        self,
        old: Sequence[int],
        new: Sequence[int],
        targets: Callable[[tuple[int, ...]], Iterable[tuple[int, ...]]],
    ) -> None:
        """Replace digits: a row at ``old`` values is added at every target value of ``new``."""
        strand = self.strand(old)
        places = [strand.digits.index(d) for d in old]
        rest = [i for i, d in enumerate(strand.digits) if d not in old]
        rows: dict[tuple[int, ...], Row] = {}
        values = {key: tuple(key[i] for i in places) for key in strand.rows}
        aims = {value: list(targets(value)) for value in set(values.values())}
        _check(sum(len(row) * len(aims[values[key]]) for key, row in strand.rows.items()))
        for key, row in strand.rows.items():
            kept = tuple(key[i] for i in rest)
            for target in aims[values[key]]:
                rows[kept + target] = _plus(rows.get(kept + target), row, self.maximum)
        strand.digits = [strand.digits[i] for i in rest] + list(new)
        strand.rows = rows

    def split(self, digit: int, low: int) -> tuple[int, int]:
        """Write a digit as two."""
        pair = self.new_digit(self.sizes[digit] // low), self.new_digit(low)
        self.reindex([digit], pair, lambda v: [divmod(v[0], low)])
        self.axes = [
            [x for d in axis for x in (pair if d == digit else (d,))] for axis in self.axes
        ]
        return pair

    def flat(self, axis: int) -> int:
        """One digit for a whole axis."""
        digits = self.axes[axis]
        if len(digits) == 1:
            return digits[0]
        whole = self.new_digit(prod(self.sizes[d] for d in digits))
        radix = [self.sizes[d] for d in digits]
        if digits:
            self.reindex(digits, [whole], lambda v: [(_number(v, radix),)])
        self.axes[axis] = [whole]
        return whole

    def groups(self, axis: int, sizes: Sequence[int]) -> list[list[int]]:
        """Cut an axis into runs of digits of these sizes, and return the runs."""
        runs: list[list[int]] = []
        if prod(sizes) != prod(self.sizes[d] for d in self.axes[axis]):
            raise ClaimError(f"an axis of {self.shape()[axis]} does not split into {list(sizes)}")
        self._drop_units(axis)
        rest = self.axes[axis]
        for size in reversed(sizes):
            run: list[int] = []
            while (need := size // prod(self.sizes[d] for d in run)) > 1:
                digit = rest[-1]
                if need % self.sizes[digit] == 0:
                    rest, run = rest[:-1], [digit, *run]
                elif self.sizes[digit] % need == 0:
                    high, low = self.split(digit, need)
                    rest, run = [*rest[:-1], high], [low, *run]
                else:
                    self.axes[axis] = rest
                    rest = [self.flat(axis)]
            runs.insert(0, run)
        self.axes[axis] = [d for run in runs for d in run]
        return runs

    def _drop_units(self, axis: int) -> None:
        """Forget the axis's digits of size one."""
        for digit in self.axes[axis]:
            if self.sizes[digit] == 1:
                self.reindex([digit], [], lambda v: [()])
        self.axes[axis] = [d for d in self.axes[axis] if self.sizes[d] > 1]

    def contract(self, first: int, second: int) -> None:
        """Sum over equal values of two digits."""
        self.couple(first, second, {(v, v): [()] for v in range(self.sizes[first])}, [])

    def couple(self, first: int, second: int, targets: Targets, new: Sequence[int]) -> None:
        """Replace two digits: a pair of values is added at each of its targets among the new."""
        self.strand([first])
        b = self.strand([second])
        a = self.strand([first])
        if a is not b:
            _check(_pairs_between(a, b, first, second, targets))
        pairs = _inside(a, first, second) if a is b else _across(a, b, first, second, self.maximum)
        rows: dict[tuple[int, ...], Row] = {}
        for values, kept, row in pairs(targets):
            for target in targets[values]:
                rows[kept + target] = _plus(rows.get(kept + target), row, self.maximum)
        names = a.names if a is b else a.names + b.names
        digits = [
            d for d in (a.digits if a is b else a.digits + b.digits) if d not in (first, second)
        ]
        self.strands = [s for s in self.strands if s is not a and s is not b]
        self.strands.append(Strand(digits + list(new), names, rows))


def _inside(strand: Strand, first: int, second: int) -> Pairs:
    """Pairs of values that stand in one strand."""
    a, b = strand.digits.index(first), strand.digits.index(second)

    def pairs(targets: Targets) -> Iterator[Paired]:
        for key, row in strand.rows.items():
            if (key[a], key[b]) in targets:
                kept = tuple(v for i, v in enumerate(key) if i not in (a, b))
                yield (key[a], key[b]), kept, row

    return pairs


def _across(a: Strand, b: Strand, first: int, second: int, maximum: bool) -> Pairs:
    """Pairs of values of two strands, multiplied only where they have a target."""
    by_a, by_b = _by_value(a, first), _by_value(b, second)

    def pairs(targets: Targets) -> Iterator[Paired]:
        for u, v in targets:
            for kept_a, row_a in by_a.get(u, ()):
                for kept_b, row_b in by_b.get(v, ()):
                    yield (u, v), kept_a + kept_b, _row_product(row_a, row_b, maximum)

    return pairs


def _pairs_between(a: Strand, b: Strand, first: int, second: int, targets: Targets) -> int:
    """How many entries coupling two strands will write, counted before one is written."""
    counts = []
    for strand, digit in ((a, first), (b, second)):
        at, found = strand.digits.index(digit), dict[int, int]()
        for key, row in strand.rows.items():
            found[key[at]] = found.get(key[at], 0) + len(row)
        counts.append(found)
    return sum(
        counts[0].get(u, 0) * counts[1].get(v, 0) * len(aims) for (u, v), aims in targets.items()
    )


def _by_value(strand: Strand, digit: int) -> dict[int, list[tuple[tuple[int, ...], Row]]]:
    at = strand.digits.index(digit)
    found: dict[int, list[tuple[tuple[int, ...], Row]]] = {}
    for key, row in strand.rows.items():
        found.setdefault(key[at], []).append((key[:at] + key[at + 1 :], row))
    return found


def nested_sizes(axes: Sequence[Sequence[int]]) -> list[int] | None:
    """Digit sizes that refine all of the given ones, or None where their borders cross."""
    borders = sorted({prod(sizes[i:]) for sizes in axes for i in range(len(sizes))} | {1})
    steps = list(pairwise(borders))
    if any(high % low for low, high in steps):
        return None
    return [high // low for low, high in steps][::-1]


def _number(values: Sequence[int], radix: Sequence[int]) -> int:
    result = 0
    for value, size in zip(values, radix, strict=True):
        result = result * size + value
    return result


def _plus(row: Row | None, more: Row, maximum: bool) -> Row:
    if row is None:
        return more
    total = dict(row)
    for key, number in more.items():
        total[key] = 1 if maximum else total.get(key, 0) + number
    return total


def multiply(a: Strand, b: Strand, maximum: bool) -> Strand:
    """The product of two strands that share no digit."""
    _check(entries_of(a) * entries_of(b))
    rows = {
        key_a + key_b: _row_product(row_a, row_b, maximum)
        for (key_a, row_a), (key_b, row_b) in product(a.rows.items(), b.rows.items())
    }
    return Strand(a.digits + b.digits, a.names + b.names, rows)


def entries_of(strand: Strand) -> int:
    """Entries of all rows."""
    return sum(map(len, strand.rows.values()))


def _row_product(a: Row, b: Row, maximum: bool) -> Row:
    return {x + y: 1 if maximum else m * n for (x, m), (y, n) in product(a.items(), b.items())}


def _check(entries: int) -> None:
    if entries > MOST_ENTRIES:
        raise TooLarge(
            f"rechecking needs more than {MOST_ENTRIES} entries in one part; "
            "certify the claim at a smaller size"
        )
