"""What a mutation is, and how numbers and expressions in named sizes are moved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Text = dict[str, Any]
Seen = Mapping[str, Sequence[Any]]
"""Values that stand elsewhere in the claim, by the attribute's name."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A step with one attribute changed, or left out (``step`` is None, ``attribute`` empty)."""

    attribute: str
    step: Text | None
    size: int


def changed(step: Text, attribute: str, value: Any, size: int) -> Mutation:
    """The step with another value of one attribute."""
    return Mutation(attribute, {**step, attribute: value}, size)


def moved(value: Any, by: int) -> Any:
    """A number or an expression, larger by this much.

    >>> moved(3, -1), moved("N - K", -1), moved("N - 1", 1), moved("N // 2 + 1", 1)
    (2, 'N - K - 1', 'N', 'N // 2 + 2')
    """
    if not isinstance(value, str):
        return value + by
    ended = re.fullmatch(r"(.*\S) ([+-]) (\d+)", value)
    if ended is not None:
        value, by = ended[1], by + int(ended[2] + ended[3])
    return f"{value} {'+' if by > 0 else '-'} {abs(by)}" if by else value


def per_axis(value: Any, rank: int) -> list[Any]:
    """One value per axis."""
    return list(value) if isinstance(value, list | tuple) else [value] * rank
