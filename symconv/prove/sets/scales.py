"""Factors by position at all sizes: of axes whose size is a number, such as channels and taps."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from symconv.errors import ClaimError, TooLarge
from symconv.prove.sets.formulas import Form, Term, single

MOST_VALUES = 64
"""Different factors of an axis: each is a piece that is looked at alone, as divisors are."""


def scaled(form: Form, factors: Sequence[list[Fraction] | None]) -> Form:
    """Every axis multiplied by its factors, one a position; None leaves an axis.

    Raises:
        ClaimError: an axis has another number of positions.
        TooLarge: an axis of named size has factors, or one has too many different ones.
    """
    given = [(axis, row) for axis, row in enumerate(factors) if row is not None]
    for axis, row in given:
        _check(form, axis, row)

    def scale(term: Term) -> Term:
        for axis, row in given:
            term, leg = single(term, axis)
            places = _places(row, leg.name)
            term = term.with_table(_either(places.values()), leg)
            if places and set(places) != {Fraction(1)}:
                term = term.with_factor(list(places.items()), leg)
        return term

    return form.each(scale, form.shape)


def _check(form: Form, axis: int, row: list[Fraction]) -> None:
    size = form.shape[axis]
    if not isinstance(size, int):
        raise TooLarge(f"factors by the position of an axis of {size} samples are not read")
    if len(row) != size:
        raise ClaimError(f"axis {axis} has {size} positions, got {len(row)} factors")
    if len(set(row)) > MOST_VALUES:
        raise TooLarge(f"more than {MOST_VALUES} different factors on one axis are not read")


def _places(row: list[Fraction], name: str) -> dict[Fraction, str]:
    """Where each factor but zero stands, as a formula in runs of positions."""
    runs: dict[Fraction, list[str]] = {}
    first = 0
    for value, members in groupby(row):
        count = len(list(members))
        if value:
            runs.setdefault(value, []).append(f"{first} <= {name} < {first + count}")
        first += count
    return {value: _either(parts) for value, parts in runs.items()}


def _either(parts: Any) -> str:
    """A formula that holds where one of some does; nowhere without any."""
    return " or ".join(f"({part})" for part in parts) or "1 = 0"
