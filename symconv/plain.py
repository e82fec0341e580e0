"""Numbers of claims, and the lists of JSON as tuples."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symconv.errors import ClaimError

Number = int | float | str
"""A number in a step: an int, a float, a fraction such as ``"1/9"``, or ``"-inf"``."""


def read_number(value: Number) -> Fraction | None:
    """Read a step's number exactly; ``"-inf"`` is None, the identity of max."""
    if value in ("-inf", float("-inf")):
        return None
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ClaimError(f"expected a number, a fraction or '-inf', got {value!r}") from None


def freeze(value: Any) -> Any:
    """Lists to tuples, all the way down; fractions to text."""
    if isinstance(value, list | tuple):
        return tuple(map(freeze, value))
    return str(value) if isinstance(value, Fraction) else value


def thaw(value: Any) -> Any:
    """Tuples to lists, all the way down."""
    return list(map(thaw, value)) if isinstance(value, tuple) else value
