"""Floating formats: how many bits each has, and how far a sum of many roundings may be off.

Unit roundoff: ``u = 2**-p`` for a precision of ``p`` bits, the hidden one counted.
``gamma(n) = n u / (1 - n u)``: ``n`` roundings one after another change a product by a factor
``1 + theta`` with ``|theta| <= gamma(n)``.

Source: Higham 2002, *Accuracy and Stability of Numerical Algorithms*, section 3.1; IEEE 754-2019,
table 3.5; NVIDIA A100 whitepaper (TF32: 8 bits of exponent, 10 of fraction).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.errors import InputError, Unsupported

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Format:
    """A binary format: ``precision`` bits, exponents from ``least`` to ``most`` of normal numbers.

    ``least`` is the exponent of the smallest normal number, ``most`` that of the largest.
    """

    name: str
    precision: int
    least: int
    most: int

    @property
    def unit(self) -> float:
        """The unit roundoff, ``2**-p``."""
        return float(2.0**-self.precision)

    @property
    def tiny(self) -> float:
        """The smallest normal number: what is lost at most where smaller ones are flushed to 0."""
        return float(2.0**self.least)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2.0 - 2.0 ** (1 - self.precision)) * 2.0**self.most

    def holds_integers(self) -> int:
        """All integers up to this one are numbers of the format: ``2**p``."""
        return int(2**self.precision)

    def rounded(self, values: Any) -> Reals:
        """The nearest numbers of the format, ties to even, in double precision.

        >>> FORMATS["bfloat16"].rounded([1 + 2**-8, 1 + 3 * 2**-9]).tolist()
        [1.0, 1.0078125]
        """
        fraction, exponent = np.frexp(np.asarray(values, np.float64))
        nearest = np.ldexp(np.rint(np.ldexp(fraction, self.precision)), exponent - self.precision)
        return np.asarray(nearest, np.float64)

    def ulp(self, values: Any) -> Reals:
        """The spacing of the format's numbers at these values.

        >>> FORMATS["float16"].ulp([1.0, 2048.0]).tolist()
        [0.0009765625, 2.0]
        """
        _, exponent = np.frexp(np.asarray(values, np.float64))
        kept = np.maximum(exponent - 1, self.least)
        return np.asarray(np.ldexp(1.0, kept - self.precision + 1), np.float64)


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format("float64", 53, -1022, 1023),
        Format("float32", 24, -126, 127),
        Format("tf32", 11, -126, 127),
        Format("float16", 11, -14, 15),
        Format("bfloat16", 8, -126, 127),
    )
}
"""The formats that numbers are kept in, by name."""

DTYPES = (*FORMATS, "int8")
"""What a cross-check may be asked to compute in."""


def float_format(dtype: str) -> Format:
    """Return the format of this name.

    Raises:
        InputError: there is none.
    """
    if dtype not in FORMATS:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    return FORMATS[dtype]


def gamma(roundings: int, unit: float) -> float:
    """Return ``n u / (1 - n u)``, not below its true value.

    Raises:
        Unsupported: ``n u`` is 1 or more: then so many roundings have no bound.

    Source: Higham 2002, lemma 3.1.

    >>> 3 <= gamma(3, 0.25) < 3 + 2e-15
    True
    """
    product = roundings * unit
    if product >= 1:
        raise Unsupported(
            f"{roundings} roundings of unit roundoff {unit:g} have no bound, as n u >= 1; "
            "choose mode exact, or a wider dtype"
        )
    # n u is exact (u is a power of two), the difference and the quotient round by 2**-53 each.
    return product / (1 - product) * (1 + 2.0**-51) if roundings else 0.0


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How a framework computes sums of products: what it keeps numbers in, and what it adds in.

    ``inputs`` is the format to which the factors of a product are rounded first, where that is not
    the one they are kept in; ``named`` says in words where the figures come from.
    """

    kept: Format
    added: Format
    unit_of_adding: float
    inputs: Format | None = None
    unit_of_inputs: float = 0.0
    named: str = ""

    @property
    def whole(self) -> int:
        """Integers up to this one are exact as factors, as sums and as what is kept."""
        return (self.inputs or self.kept).holds_integers()

    def factor(self, roundings: Roundings) -> float:
        """Return the bound of a result's relative error against the sum of magnitudes.

        Raises:
            Unsupported: there are so many roundings that there is none.
        """
        if self.unit_of_adding == self.kept.unit and self.inputs is None:
            return gamma(roundings.added + roundings.stored, self.kept.unit)
        rounded = gamma(roundings.stored, self.kept.unit)
        added = gamma(roundings.added, self.unit_of_adding)
        read = gamma(roundings.factors, self.unit_of_inputs) if self.inputs else 0.0
        whole = (1 + rounded) * (1 + added) * (1 + read) - 1
        # Near 0 the subtraction loses what it added: 2**-50 makes up for every rounding here.
        return whole + 2.0**-50

    @property
    def underflow(self) -> float:
        """What to add to each magnitude for small numbers that are flushed to zero.

        It is ``tiny / u``, which times ``n u`` is ``n`` such numbers.
        """
        return max(self.kept.tiny / self.kept.unit, self.added.tiny / self.unit_of_adding)


@dataclass(frozen=True, slots=True)
class Roundings:
    """How often a value may have been rounded on its way.

    ``added`` while it was summed up, ``stored`` when it was written as a number of the dtype, and
    ``factors`` as a factor of a product.
    """

    added: int = 0
    stored: int = 0
    factors: int = 0

    def __add__(self, other: Roundings) -> Roundings:
        """All of both."""
        return Roundings(
            self.added + other.added, self.stored + other.stored, self.factors + other.factors
        )
