"""The second voice of matrix strides: both sides evaluated, position by position.

Nothing is taken from the layer or its expansion but their numbers: the matrix, the pads, the
representatives of the cosets, and where each tap stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import Any

from symconv.evaluation.hashing import RANDOM, primes

Point = tuple[int, ...]
Rows = Sequence[Sequence[int]]

POINTS = 3
"""Primes of 31 bits, one random point each, as for claims."""

MOST_OUTPUTS = 64
"""Outputs evaluated at one size: all where they are few."""


def lattice_difference(expansion: Any, size: Point) -> Point | None:
    """The first evaluated output at which a layer and its expansion over cosets differ.

    ``expansion`` is a `symconv.expand.lattice.LatticeExpansion`.
    """
    layer, outputs = expansion.original, list(_outputs(expansion.original.stride, size))
    if len(outputs) > MOST_OUTPUTS:
        outputs = [*outputs[:8], *outputs[-8:], *RANDOM.sample(outputs, MOST_OUTPUTS - 16)]
    taps = list(product(*map(range, layer.kernel_size)))
    for prime in primes(POINTS):
        x = _values(prime)
        weight = [RANDOM.randrange(prime) for _ in taps]
        signals = _signals(expansion, size, x)
        for o in outputs:
            reads = (_read(layer, o, tap, size) for tap in taps)
            left = sum(w * x(at) for w, at in zip(weight, reads, strict=True) if at is not None)
            right = sum(
                w * signals.get((coset, tuple(a + b for a, b in zip(o, q, strict=True))), 0)
                for w, (coset, q) in zip(weight, expansion.ties, strict=True)
            )
            if (left - right) % prime:
                return o
    return None


def _values(prime: int) -> Callable[[Point], int]:
    """A random residue for every position, the same one each time."""
    known: dict[Point, int] = {}

    def value(at: Point) -> int:
        if at not in known:
            known[at] = RANDOM.randrange(prime)
        return known[at]

    return value


def _read(layer: Any, o: Point, tap: Point, size: Point) -> Point | None:
    """The position that a tap of the strided layer reads, if the input has it."""
    at = tuple(
        sum(a * i for a, i in zip(row, o, strict=True)) + d * k - lo
        for row, d, k, lo in zip(layer.stride, layer.dilation, tap, layer.lo, strict=True)
    )
    return at if _inside(at, size) else None


def _inside(at: Sequence[int | Fraction], size: Point) -> bool:
    return all(0 <= v < n for v, n in zip(at, size, strict=True))


def _signals(
    expansion: Any, size: Point, x: Callable[[Point], int]
) -> dict[tuple[int, Point], int]:
    """The coset signals: an input stands wherever a representative and the matrix put it."""
    inverse = _inverse(expansion.cosets.matrix)
    found: dict[tuple[int, Point], int] = {}
    for v in product(*map(range, size)):
        for key in _slots(expansion, inverse, v):
            found[key] = found.get(key, 0) + x(v)
    return found


def _slots(
    expansion: Any, inverse: Sequence[Sequence[Fraction]], v: Point
) -> Iterator[tuple[int, Point]]:
    """Every coset and ``q`` with ``v = A q + r``."""
    for number, r in enumerate(expansion.cosets.representatives):
        q = _times(inverse, [a - b for a, b in zip(v, r, strict=True)])
        if all(entry.denominator == 1 for entry in q):
            yield number, tuple(int(entry) for entry in q)


def cosets_of(expansion: Any, position: Point) -> list[int]:
    """The numbers of the cosets that hold a position: one, where they are cosets."""
    inverse = _inverse(expansion.cosets.matrix)
    return [number for number, _ in _slots(expansion, inverse, position)]


def _outputs(matrix: Rows, size: Point) -> Iterator[Point]:
    """All integer points that the matrix maps into the input's box."""
    inverse = _inverse(matrix)
    corners = [_times(inverse, corner) for corner in product(*((0, n - 1) for n in size))]
    ranges = [range(floor(min(axis)), ceil(max(axis)) + 1) for axis in zip(*corners, strict=True)]
    for o in product(*ranges):
        if _inside([sum(a * i for a, i in zip(row, o, strict=True)) for row in matrix], size):
            yield o


def _times(matrix: Sequence[Sequence[Fraction]], v: Sequence[int]) -> list[Fraction]:
    return [sum((a * i for a, i in zip(row, v, strict=True)), start=Fraction(0)) for row in matrix]


def _inverse(matrix: Rows) -> list[list[Fraction]]:
    """The inverse, by Gauss and Jordan's elimination in fractions."""
    rank = len(matrix)
    rows = [[Fraction(a) for a in row] + [Fraction(int(i == n)) for i in range(rank)]
            for n, row in enumerate(matrix)]  # fmt: skip
    for column in range(rank):
        pivot = next(n for n in range(column, rank) if rows[n][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [a / rows[column][column] for a in rows[column]]
        for n in range(rank):
            if n != column and rows[n][column]:
                factor = rows[n][column]
                rows[n] = [a - factor * b for a, b in zip(rows[n], rows[column], strict=True)]
    return [row[rank:] for row in rows]
