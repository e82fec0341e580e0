"""Small changes of one step, with their size: pads, crop ends, flips and orders of factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from symconv.rearrange import read_pattern

Text = dict[str, Any]
Pair = tuple[int, int]
FURTHEST = 3
"""How far one end of a pad moves."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A step with one attribute changed, or left out (``step`` is None, ``attribute`` empty)."""

    attribute: str
    step: Text | None
    size: int


def step_mutations(step: Text, rank: int) -> Iterator[Mutation]:
    """All small changes of a step, given as JSON, of a claim of so many spatial axes.

    >>> [m.step["slices"] for m in step_mutations({"op": "slice", "slices": [[1, None, None]]}, 1)
    ...  if m.size == 1]
    [[[0, None, None]], [[2, None, None]], [[None, -1, None]]]
    """
    op = step["op"]
    if op == "conv_transpose":
        yield from _output_paddings(step)
    if op in ("conv", "conv_transpose", "conv_as_kernel", "max_pool", "avg_pool", "max_conv"):
        yield from _paddings(step, _pairs(step.get("padding", 0), rank), rank)
    elif op == "pad":
        yield from _paddings(step, [tuple(pair) for pair in step["padding"]], rank)
    elif op == "rearrange":
        yield from _orders(step, rank)
    elif op == "slice":
        yield from _crops(step)
    elif op == "flip":
        yield Mutation("", None, 2)


def _pairs(padding: Any, rank: int) -> list[Pair]:
    if isinstance(padding, str):
        return []
    every = padding if isinstance(padding, list) else [padding] * rank
    return [(p[0], p[1]) if isinstance(p, list | tuple) else (p, p) for p in every]


def _paddings(step: Text, pads: list[Any], rank: int) -> Iterator[Mutation]:
    """Move the ends of all spatial axes that are padded alike, or of one of them."""
    spatial = range(max(len(pads) - rank, 0), len(pads))
    alike = dict.fromkeys(pads[axis] for axis in spatial)
    groups = [[axis for axis in spatial if pads[axis] == pair] for pair in alike]
    singles = [[axis] for axis in spatial] if len(spatial) > 1 else []
    seen: set[tuple[Pair, ...]] = set()
    for axes in [*groups, *singles]:
        for low, high in _moves(pads[axes[0]]):
            moved = list(pads)
            for axis in axes:
                lo, hi = pads[axis]
                moved[axis] = (lo + low, hi + high)
            if tuple(moved) not in seen:
                seen.add(tuple(moved))
                lo, hi = pads[axes[0]]
                swapped = (lo + low, hi + high) == (hi, lo)
                size = 1 if swapped else abs(low) + abs(high) + (len(axes) < len(groups[0]))
                yield Mutation("padding", {**step, "padding": [list(p) for p in moved]}, size)


def _moves(pair: Pair) -> Iterator[Pair]:
    reach = range(-FURTHEST, FURTHEST + 1)
    near = [(a, b) for a in reach for b in reach if 0 < abs(a) + abs(b) <= FURTHEST]
    # Moving samples from one end to the other keeps the size.
    near += [(a, -a) for a in reach if abs(a) > 1]
    swap = pair[1] - pair[0]
    yield from dict.fromkeys([*near, *([(swap, -swap)] if swap else [])])


def _output_paddings(step: Text) -> Iterator[Mutation]:
    now = step.get("output_padding", 0)
    for extra in range(3):
        if extra != now:
            far = abs(extra - now) if isinstance(now, int) else 1
            yield Mutation("output_padding", {**step, "output_padding": extra}, far)


def _orders(step: Text, rank: int) -> Iterator[Mutation]:
    """Other orders of the factors within one channel axis of the pattern, on either side."""
    pattern = read_pattern(step["pattern"])
    sides = [pattern.left, pattern.right]
    for side, groups in enumerate(sides):
        for place, group in enumerate(groups[: max(len(groups) - rank, 0)]):
            for order in permutations(group) if 1 < len(group) <= 4 else ():
                if order == group:
                    continue
                changed = list(sides)
                changed[side] = (*groups[:place], order, *groups[place + 1 :])
                moved = sum(a != b for a, b in zip(order, group, strict=True))
                text = " -> ".join(map(_side, changed))
                yield Mutation("pattern", {**step, "pattern": text}, moved)


def _side(groups: Any) -> str:
    return " ".join(g[0] if len(g) == 1 else f"({' '.join(g)})" if g else "1" for g in groups)


def _crops(step: Text) -> Iterator[Mutation]:
    """Move a crop: its start, its stop, or both; or take it off the other end."""
    slices = step["slices"]
    cut = [axis for axis, part in enumerate(slices) if part[0] is not None or part[1] is not None]
    for start, stop in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1)):
        moved = [_moved(p, start, stop) if a in cut else p for a, p in enumerate(slices)]
        if moved != slices and None not in moved:
            yield Mutation("slices", {**step, "slices": moved}, abs(start) + abs(stop))
    swapped = [_swapped(p) if a in cut else p for a, p in enumerate(slices)]
    if swapped != slices:
        yield Mutation("slices", {**step, "slices": swapped}, 1)


def _moved(part: list[Any], start: int, stop: int) -> list[Any] | None:
    low, high, by = part
    if low is not None and low + start < 0 <= low:
        return None
    return [low if low is None else low + start, high if high is None else high + stop, by]


def _swapped(part: list[Any]) -> list[Any]:
    low, high, by = part
    return [-high if high is not None and high < 0 else None, -low if low else None, by]
