"""Other orders of a pattern's factors, and other crops."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

from symconv.claim.patterns import read_pattern
from symconv.repair.mutations.base import Mutation, Text, changed, moved


def orders(step: Text, rank: int) -> Iterator[Mutation]:
    """Other orders of the factors within one channel axis of the pattern, on either side."""
    pattern = read_pattern(step["pattern"])
    sides = [pattern.left, pattern.right]
    for side, groups in enumerate(sides):
        for place, group in enumerate(groups[: max(len(groups) - rank, 0)]):
            for order in permutations(group) if 1 < len(group) <= 4 else ():
                if order == group:
                    continue
                other = list(sides)
                other[side] = (*groups[:place], order, *groups[place + 1 :])
                apart = sum(a != b for a, b in zip(order, group, strict=True))
                yield changed(step, "pattern", " -> ".join(map(_side, other)), apart)


def _side(groups: Any) -> str:
    return " ".join(g[0] if len(g) == 1 else f"({' '.join(g)})" if g else "1" for g in groups)


def crops(step: Text) -> Iterator[Mutation]:
    """Move a crop: its start, its stop, or both; or take it off the other end."""
    slices = step["slices"]
    cut = [axis for axis, part in enumerate(slices) if part[0] is not None or part[1] is not None]
    for start, stop in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1)):
        other = [_moved(p, start, stop) if a in cut else p for a, p in enumerate(slices)]
        if other != slices and None not in other:
            yield changed(step, "slices", other, abs(start) + abs(stop))
    swapped = [_swapped(p) if a in cut else p for a, p in enumerate(slices)]
    if swapped != slices:
        yield changed(step, "slices", swapped, 1)


def _moved(part: list[Any], start: int, stop: int) -> list[Any] | None:
    low, high, by = part
    if isinstance(low, int) and low + start < 0 <= low:
        return None
    return [
        low if low is None else moved(low, start),
        high if high is None else moved(high, stop),
        by,
    ]


def _swapped(part: list[Any]) -> list[Any]:
    low, high, by = part
    if isinstance(low, str) or isinstance(high, str):
        return part
    return [-high if high is not None and high < 0 else None, -low if low else None, by]
