"""Attributes of steps, fitted to the tensor that a step is applied to."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symconv.errors import MalformedError
from symconv.relation.form import Form
from symconv.size.expr import Size
from symconv.size.numbers import read_finite
from symconv.size.text import is_expression, parse


def per_axis(values: Any, name: str, form: Form) -> Sequence[Any]:
    """One entry for each axis of a tensor.

    Raises:
        MalformedError: there are more or fewer.
    """
    if not isinstance(values, tuple) or len(values) != len(form.shape):
        raise MalformedError(
            f"{name} must have one entry for each of {len(form.shape)} axes, got {values!r}"
        )
    return values


def integers(values: Any, name: str, form: Form) -> list[int]:
    """One integer for each axis of a tensor.

    Raises:
        MalformedError: there are more or fewer, or one is no integer.
    """
    entries = per_axis(values, name, form)
    if not all(type(entry) is int for entry in entries):
        raise MalformedError(f"{name} must hold integers, got {list(entries)!r}")
    return list(entries)


def is_size(value: Any) -> bool:
    """Whether a value is an integer or the text of a size expression."""
    return type(value) is int or is_expression(value)


def sizes(value: Any) -> Any:
    """An attribute with its texts read: numbers stay what they are, as do words such as 'same'."""
    if isinstance(value, tuple):
        return tuple(map(sizes, value))
    return parse(value) if is_expression(value) else value


def pair(entry: Any) -> tuple[Size, Size]:
    """A pad ``[lo, hi]`` in numbers or expressions.

    Raises:
        MalformedError: it is something else.
    """
    if isinstance(entry, tuple) and len(entry) == 2 and all(map(is_size, entry)):
        return parse(entry[0]), parse(entry[1])
    raise MalformedError(
        f"each entry of padding must be a [lo, hi] pair of integers, got {entry!r}"
    )


def fractions(values: Any) -> list[Fraction]:
    """The finite numbers of a list, exactly.

    Raises:
        ClaimError: it is no list of such numbers.
    """
    if not isinstance(values, tuple):
        raise MalformedError(f"expected a list of numbers, got {values!r}")
    return [read_finite(value) for value in values]
