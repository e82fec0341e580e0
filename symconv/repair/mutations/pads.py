"""Other pads: ends moved, swapped or read in another order, other modes and other values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from symconv.layer.window import PADDING_MODES
from symconv.repair.mutations.base import Mutation, Seen, Text, changed, moved, per_axis

Pair = tuple[Any, Any]
FURTHEST = 3
"""How far one end of a pad moves: further, and the kernel is another one."""

SAME = ("same", "same_lower")


def paddings(step: Text, rank: int, seen: Seen) -> Iterator[Mutation]:
    """The ends moved; two axes swapped; read as ONNX's list; another padding of the claim."""
    now = step.get("padding", 0)
    if isinstance(now, str):
        yield from (changed(step, "padding", other, 1) for other in SAME if other != now)
        yield from _of_the_claim(step, now, seen)
        return
    pads = [_pair(entry) for entry in per_axis(now, rank)]
    told: set[tuple[Pair, ...]] = {tuple(pads)}
    for other, size in (*_ends_moved(pads, rank), *_read_otherwise(pads, rank)):
        if tuple(other) not in told:
            told.add(tuple(other))
            yield changed(step, "padding", [list(pair) for pair in other], size)
    yield from _of_the_claim(step, now, seen)


def _pair(entry: Any) -> Pair:
    return (entry[0], entry[1]) if isinstance(entry, list | tuple) else (entry, entry)


def _of_the_claim(step: Text, now: Any, seen: Seen) -> Iterator[Mutation]:
    """Whatever the claim says elsewhere, words above all."""
    for other in seen.get("padding", ()) if step["op"] != "pad" else ():
        if other != now:
            yield changed(step, "padding", other, 2)


def _ends_moved(pads: Sequence[Pair], rank: int) -> Iterator[tuple[list[Pair], int]]:
    """Move the ends of all spatial axes that are padded alike, or of one of them."""
    spatial = range(max(len(pads) - rank, 0), len(pads))
    alike = dict.fromkeys(pads[axis] for axis in spatial)
    groups = [[axis for axis in spatial if pads[axis] == pair] for pair in alike]
    singles = [[axis] for axis in spatial] if len(spatial) > 1 else []
    for axes in [*groups, *singles]:
        alone = len(axes) < len(groups[0])
        low, high = pads[axes[0]]
        yield _with(pads, axes, (high, low)), 1
        for first, last in _moves():
            ends = (moved(low, first), moved(high, last))
            yield _with(pads, axes, ends), abs(first) + abs(last) + alone


def _with(pads: Sequence[Pair], axes: Sequence[int], ends: Pair) -> list[Pair]:
    return [ends if axis in axes else pair for axis, pair in enumerate(pads)]


def _moves() -> Iterator[tuple[int, int]]:
    reach = range(-FURTHEST, FURTHEST + 1)
    yield from ((a, b) for a in reach for b in reach if 0 < abs(a) + abs(b) <= FURTHEST)
    # Moving samples from one end to the other keeps the size.
    yield from ((a, -a) for a in reach if abs(a) > 1)


def _read_otherwise(pads: Sequence[Pair], rank: int) -> Iterator[tuple[list[Pair], int]]:
    """Two axes swapped, and ``[b, b, e, e]`` taken for ``[b, e, b, e]`` or the other way round."""
    first = max(len(pads) - rank, 0)
    for one, other in combinations(range(first, len(pads)), 2):
        swapped = list(pads)
        swapped[one], swapped[other] = pads[other], pads[one]
        yield swapped, 1
    for start in dict.fromkeys((first, 0)):
        part, before = pads[start:], list(pads[:start])
        pairs = [end for pair in part for end in pair]
        yield [*before, *zip(pairs[: len(part)], pairs[len(part) :], strict=True)], 1
        listed = [*(lo for lo, _ in part), *(hi for _, hi in part)]
        yield [*before, *zip(listed[::2], listed[1::2], strict=True)], 1


def output_paddings(step: Text) -> Iterator[Mutation]:
    """Another output padding, on all axes."""
    now = step.get("output_padding", 0)
    for extra in range(3):
        if extra != now:
            far = abs(extra - now) if isinstance(now, int) else 1
            yield changed(step, "output_padding", extra, far)


FILLED = {"conv": ("padding_mode", "padding_value"), "pad": ("mode", "value")}
"""The attributes that say what a step's pads hold."""


def values(step: Text, seen: Seen) -> Iterator[Mutation]:
    """Other numbers in the pads: 0, -inf for a maximum, a zero point of the claim."""
    mode, value = FILLED.get(step["op"], ("", ""))
    if not value or step.get(mode, "zeros") != "zeros":
        return
    now = step.get(value, 0)
    elsewhere = [n for name in ("value", "padding_value") for n in seen.get(name, ())]
    infinite = ["-inf"] if step["op"] == "pad" else []
    for other in dict.fromkeys([0, *infinite, *elsewhere]):
        if other != now and (other != "-inf" or infinite):
            yield changed(step, value, other, 1)


def modes(step: Text) -> Iterator[Mutation]:
    """Another padding mode; only zeros have a value."""
    mode, value = FILLED.get(step["op"], ("", ""))
    plain = {key: text for key, text in step.items() if key != value}
    for other in PADDING_MODES if mode else ():
        if other != step.get(mode, "zeros"):
            yield changed(plain, mode, other, 1)
