"""Numbers of claims, and the lists of JSON as tuples."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from symconv.errors import ClaimError
from symconv.size.expr import Expr

MOST_POWER = 400
"""Powers of ten that a number may have: doubles reach 308, and `Fraction` writes every digit."""

Number = int | float | str
"""A number in a step: an int, a float, a fraction such as ``"1/9"``, or ``"-inf"``."""


def read_number(value: Number) -> Fraction | None:
    """Read a step's number exactly; ``"-inf"`` is None, the identity of max."""
    if type(value) is int:
        return Fraction(value)
    if value in ("-inf", float("-inf")):
        return None
    try:
        return exact(str(value))
    except (ValueError, ZeroDivisionError) as fault:
        raise ClaimError(f"expected a number, a fraction or '-inf', got {value!r}") from fault


def read_finite(value: Number) -> Fraction:
    """Read a step's number exactly, which must be finite.

    Raises:
        ClaimError: it is ``-inf``, or no number.
    """
    number = read_number(value)
    if number is None:
        raise ClaimError("a factor must be finite, got '-inf'")
    return number


def is_finite(value: object) -> bool:
    """Whether a value of a text is a finite number; a truth value is none.

    >>> is_finite("1/3"), is_finite(True), is_finite("-inf")
    (True, False, False)
    """
    if type(value) not in (int, float, str):
        return False
    try:
        exact(str(value))
    except (ValueError, ZeroDivisionError):
        return False
    return True


def exact(text: str) -> Fraction:
    """Read a finite number of at most `MOST_POWER` digits before or behind its point.

    Raises:
        ValueError: it is not such a number.
        ZeroDivisionError: a fraction over zero.

    >>> exact("1/3"), exact("1e-3")
    (Fraction(1, 3), Fraction(1, 1000))
    """
    power = text.lower().rpartition("e")[2].strip().lstrip("+-") if "e" in text.lower() else "0"
    if len(text) > 3 * MOST_POWER or not power.isdecimal() or int(power[:9]) > MOST_POWER:
        raise ValueError(text)
    return Fraction(text)


def freeze(value: Any) -> Any:
    """Lists to tuples, all the way down; fractions and size expressions to text.

    >>> from symconv.size.expr import named
    >>> freeze([1, [Fraction(1, 3), named("N") + 1]])
    (1, ('1/3', 'N + 1'))
    """
    if isinstance(value, list | tuple):
        return tuple(map(freeze, value))
    if value is None or isinstance(value, int | str):  # nearly all there is
        return value
    return str(value) if isinstance(value, Fraction | Expr) else value


def thaw(value: Any) -> Any:
    """Tuples to lists, all the way down."""
    return list(map(thaw, value)) if isinstance(value, tuple) else value


def leaves(value: Any) -> Iterator[Any]:
    """Everything in tuples of tuples.

    >>> list(leaves(((1, "N"), 2)))
    [1, 'N', 2]
    """
    if not isinstance(value, tuple):
        yield value
        return
    for part in value:
        if isinstance(part, tuple):
            yield from leaves(part)
        else:
            yield part
