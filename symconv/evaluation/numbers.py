"""The numbers in which claims are evaluated: prime fields, integers, and Python's own numbers.

All three speak of arrays whose first axis is the point: so many evaluations side by side.  Values
are numerators; a common denominator, known beforehand, stands beside them in the graph.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from symconv.evaluation.hashing import mixed, primes

Array = NDArray[Any]
Function = Callable[[Any], Any]

EXACT = 2**53
"""Integers below it are exact in float64, and so are sums that never leave that range."""

HALF = 16
"""Products of 31 bits by 16 bits, 65,536 of them, add up within 63 bits."""


EACH = 4
"""Points of each spread of integers at least: a maximum shows one of the values that it reads."""


class Overflow(ArithmeticError):
    """A value that these numbers cannot hold exactly; others, or smaller points, may."""


class Known(Protocol):
    """What is assumed of a function."""

    @property
    def keeps_zero(self) -> bool:
        """Whether its value at 0 is 0."""

    @property
    def den(self) -> int:
        """Its values are given as numerators over this number."""

    def within(self, values: Array) -> Array:
        """Values between its bounds."""


class Numbers(ABC):
    """How values are drawn, added, multiplied, compared; ``points`` evaluations side by side."""

    points: int
    dtype: type
    primes: tuple[int, ...] | None = None

    @abstractmethod
    def drawn(self, noise: Array) -> Array:
        """Random values from 64 random bits each."""

    @abstractmethod
    def whole(self, values: Sequence[int]) -> Array:
        """Integers, one column each, for every point: shape ``(points, len(values))``."""

    @abstractmethod
    def matmul(self, a: Array, b: Array) -> Array:
        """Products of matrices, ``(points, ..., m, n) @ (points, ..., n, k)``."""

    @abstractmethod
    def reduced(self, values: Array) -> Array:
        """Bring sums or products of two values back into range."""

    @abstractmethod
    def image(self, function: Function | int, values: Array, den: int, known: Known) -> Array:
        """A function at every value ``values / den``, in units of ``1/known.den``.

        An integer keys a random function, of which no more is assumed than what is known.
        """

    def zeros(self, shape: Sequence[int]) -> Array:
        """Zeros at every point, ``(points, *shape)``."""
        return np.zeros((self.points, *shape), self.dtype)

    def least(self) -> Any:
        """The identity of the maximum."""
        raise Overflow("there is no order among residues")

    def times(self, values: Array, factor: int) -> Array:
        """Every value times one integer."""
        if factor == 1:
            return values
        column = self.whole([factor]).reshape(-1, *[1] * (values.ndim - 1))
        return self.reduced(values * column)


class Modular(Numbers):
    """Residues modulo random primes of 31 bits, another one at every point."""

    dtype = np.int64

    def __init__(self, points: int) -> None:
        self.points = points
        self.primes = self._primes = primes(points)
        self._column = np.array(self._primes, dtype=np.int64)

    def _modulus(self, rank: int) -> Array:
        return self._column.reshape(-1, *[1] * (rank - 1))

    def drawn(self, noise: Array) -> Array:
        """Uniform residues, but for a bias of 2^-33."""
        modulus = self._modulus(noise.ndim).astype(np.uint64)
        return np.asarray((noise % modulus).astype(np.int64))

    def whole(self, values: Sequence[int]) -> Array:
        """The integers' residues."""
        return np.array([[v % p for v in values] for p in self._primes], dtype=np.int64)

    def reduced(self, values: Array) -> Array:
        """The residues of integers of 63 bits."""
        return np.asarray(values % self._modulus(values.ndim))

    def matmul(self, a: Array, b: Array) -> Array:
        """Products of residues, the left factor taken in two halves of 16 bits."""
        terms = a.shape[-1]
        if terms > 2**HALF:
            at = terms // 2
            parts = (
                self.matmul(a[..., :at], b[..., :at, :]),
                self.matmul(a[..., at:], b[..., at:, :]),
            )
            return self.reduced(parts[0] + parts[1])
        high = self.reduced(np.matmul(a >> HALF, b))
        return self.reduced(self.reduced(high << HALF) + np.matmul(a & (2**HALF - 1), b))

    def image(self, function: Function | int, values: Array, den: int, known: Known) -> Array:
        """A random function of the residue ``values / den``."""
        if not isinstance(function, int):
            raise Overflow("a function of numbers has no value at a residue")
        inverse = np.array([pow(den, -1, p) for p in self._primes], dtype=np.int64)
        at = self.reduced(values * inverse.reshape(-1, *[1] * (values.ndim - 1)))
        found = self.drawn(mixed(at.astype(np.uint64), function))
        return np.where(at == 0, 0, found) if known.keeps_zero else found


class Integers(Numbers):
    """Random integers in float64, every one exact; with ``-inf``, and NaN where that meets zero.

    Points differ in how their integers spread: small, wide, all negative, all positive.
    """

    dtype = np.float64

    def __init__(self, most: int, each: int = EACH) -> None:
        spread = [(-min(most, 3), min(most, 3)), (-most, most), (-most, -1), (1, most)] * each
        self.points = len(spread)
        self._low = np.array([low for low, _ in spread], dtype=np.float64)
        self._count = np.array([high - low + 1 for low, high in spread], dtype=np.uint64)

    def drawn(self, noise: Array) -> Array:
        """An integer of the point's range."""
        rank = [1] * (noise.ndim - 1)
        found = (noise % self._count.reshape(-1, *rank)).astype(np.float64)
        return np.asarray(found + self._low.reshape(-1, *rank))

    def whole(self, values: Sequence[int]) -> Array:
        """The integers themselves.

        Raises:
            Overflow: one of them is not exact in float64.
        """
        if any(abs(v) >= EXACT for v in values):
            raise Overflow(f"{max(values, key=abs)} is no exact float")
        return np.array([[float(v) for v in values]] * self.points)

    def least(self) -> float:
        """-inf."""
        return -np.inf

    def matmul(self, a: Array, b: Array) -> Array:
        """Products of integers.

        Raises:
            Overflow: a sum could leave the exact range.
        """
        if a.size and b.size and a.shape[-1] * _largest(a) * _largest(b) >= EXACT:
            raise Overflow("a sum of products could leave float64's exact integers")
        return np.asarray(np.matmul(a, b))

    def reduced(self, values: Array) -> Array:
        """The values, if they are still exact.

        Raises:
            Overflow: one of them is not.
        """
        if values.size and _largest(values) >= EXACT:
            raise Overflow("a value left float64's exact integers")
        return values

    def image(self, function: Function | int, values: Array, den: int, known: Known) -> Array:
        """A random function of the fraction ``values / den`` in lowest terms."""
        if not isinstance(function, int):
            raise Overflow("a function of numbers is evaluated in Python's numbers")
        finite = np.isfinite(values)
        number = np.where(finite, values, 0).astype(np.int64)
        common = np.gcd(number, den)
        noise = mixed((number // common).astype(np.uint64), function)
        found = self.drawn(mixed(noise ^ (den // common).astype(np.uint64), function))
        # Nothing is assumed of a function's value at -inf but that there is one.
        found = np.where(np.isneginf(values), float(function % 7), found)
        found = np.where(np.isnan(values), np.nan, found)
        found = known.within(found)
        return np.where(values == 0, 0.0, found) if known.keeps_zero else found


class Exact(Numbers):
    """Python's own numbers at one given point: for replays, where functions are what they are."""

    points = 1
    dtype = object

    def drawn(self, noise: Array) -> Array:
        """Nothing is drawn: the point is given."""
        raise Overflow("a replay draws no values")

    def whole(self, values: Sequence[int]) -> Array:
        """The integers themselves."""
        row = np.empty((1, len(values)), dtype=object)
        row[0, :] = list(values)
        return row

    def least(self) -> float:
        """-inf."""
        return float("-inf")

    def matmul(self, a: Array, b: Array) -> Array:
        """Sums of products; zero times -inf is NaN, as floating point has it."""
        return np.asarray(np.matmul(a, b))

    def reduced(self, values: Array) -> Array:
        """The values: nothing overflows."""
        return values

    def image(self, function: Function | int, values: Array, den: int, known: Known) -> Array:
        """The function itself, at exact fractions."""
        if isinstance(function, int):
            raise Overflow("a replay knows its functions")
        found = np.empty(values.shape, dtype=object)
        image = np.frompyfunc(
            lambda v: _unfractioned(function(_fraction(v, den)) * known.den), 1, 1
        )
        found[...] = image(values)
        return found


def _unfractioned(value: Any) -> Any:
    """The value, a whole fraction as an integer: the arithmetic behind it is ten times as fast."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def _fraction(value: Any, den: int) -> Any:
    exact = isinstance(value, int | Fraction)
    return Fraction(value) / den if exact else value / den


def _largest(values: Array) -> float:
    """The largest finite size, at least 1; what is not finite stays so in every sum."""
    found = np.abs(values)
    return max(1.0, float(np.max(found, initial=0.0, where=np.isfinite(found))))
