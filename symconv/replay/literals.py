"""Numbers, lists and options as they stand in a script of NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from symconv.size.numbers import Number, read_number

NUMPY_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}
"""Padding modes by their names in ``numpy.pad``."""


def index(numbers: Sequence[int]) -> str:
    """An index as it stands between brackets."""
    return ", ".join(map(str, numbers)) or "()"


def literal(value: Number) -> str:
    """A step's number as Python reads it, exactly.

    >>> literal(2), literal("1/9"), literal(0.5), literal("-inf")
    ('2', 'Fraction(1, 9)', 'Fraction(1, 2)', '-np.inf')
    """
    exact = read_number(value)
    if exact is None:
        return "-np.inf"
    whole = exact.denominator == 1
    return str(exact.numerator) if whole else f"Fraction({exact.numerator}, {exact.denominator})"


def nested(values: Any) -> str:
    """A constant's entries as nested lists.

    >>> nested(((1, "1/2"), (3, 4)))
    '[[1, Fraction(1, 2)], [3, 4]]'
    """
    if not isinstance(values, tuple):
        return literal(values)
    return f"[{', '.join(map(nested, values))}]"


def listed(values: Sequence[Number]) -> str:
    """Numbers as a list, runs of four and more by their length.

    >>> listed([1, 1, 1, 1, 0, "1/2"])
    '[1] * 4 + [0, Fraction(1, 2)]'
    """
    parts: list[str] = []
    short: list[str] = []
    for value, run in groupby(map(literal, values)):
        count = len(list(run))
        if count < 4:
            short += [value] * count
            continue
        parts += [f"[{', '.join(short)}]"] if short else []
        parts, short = [*parts, f"[{value}] * {count}"], []
    parts += [f"[{', '.join(short)}]"] if short or not parts else []
    return " + ".join(parts)


def listed_points(points: Sequence[Sequence[int]]) -> str:
    """Points as a list of lists.

    >>> listed_points(((1, 1), (1, -1)))
    '[[1, 1], [1, -1]]'
    """
    return str([list(point) for point in points])


def options(**given: tuple[Any, Any]) -> str:
    """Keyword arguments that differ from their default."""
    told = ((key, value) for key, (value, default) in given.items() if value != default)
    return "".join(f", {key}={value if key == 'value' else repr(value)}" for key, value in told)


def pads_of(padding: Any) -> Any:
    """A layer's padding as a helper takes it."""
    return 0 if padding == "valid" else padding
