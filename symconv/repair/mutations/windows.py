"""Other windows: a stride or a dilation lost, added or moved, and what a pooling counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from symconv.repair.mutations.base import Mutation, Seen, Text, changed, per_axis

COMMON = (1, 2)
"""Strides and dilations that are tried whatever the claim says: none, and two."""

DILATED = ("conv", "conv_transpose", "conv_as_kernel", "max_pool", "max_conv")


def spacings(step: Text, rank: int, seen: Seen) -> Iterator[Mutation]:
    """Other strides and dilations."""
    pooled = step["op"] in ("max_pool", "avg_pool")
    stride = step.get("stride")
    now = step["kernel_size"] if pooled and stride is None else 1 if stride is None else stride
    yield from _spaced(step, "stride", now, rank, seen)
    if step["op"] in DILATED:
        yield from _spaced(step, "dilation", step.get("dilation", 1), rank, seen)


def _spaced(step: Text, name: str, now: Any, rank: int, seen: Seen) -> Iterator[Mutation]:
    """All axes alike, one axis alone, two axes swapped, or as it stands elsewhere in the claim."""
    axes = per_axis(now, rank)
    told = {tuple(axes)}
    values = [n for n in seen.get(name, ()) if isinstance(n, int)]
    every = [
        *([value] * len(axes) for value in (*COMMON, *values)),
        *_one_changed(axes, (*COMMON, *values)),
        *_swapped(axes),
        *(per_axis(other, len(axes)) for other in seen.get(name, ())),
    ]
    for other in every:
        if tuple(other) not in told and len(other) == len(axes):
            told.add(tuple(other))
            same = len(set(other)) == 1
            yield changed(step, name, other[0] if same else other, 1)


def _one_changed(axes: list[Any], values: tuple[Any, ...]) -> Iterator[list[Any]]:
    for axis in range(len(axes)) if len(axes) > 1 else ():
        for value in values:
            yield [*axes[:axis], value, *axes[axis + 1 :]]


def _swapped(axes: list[Any]) -> Iterator[list[Any]]:
    for one, other in combinations(range(len(axes)), 2):
        swapped = list(axes)
        swapped[one], swapped[other] = axes[other], axes[one]
        yield swapped


def flags(step: Text) -> Iterator[Mutation]:
    """What a pooling's ends do: a last window that hangs over, pads that count."""
    if step["op"] in ("max_pool", "avg_pool"):
        yield changed(step, "ceil_mode", not step.get("ceil_mode", False), 1)
    if step["op"] == "avg_pool":
        yield changed(step, "count_include_pad", not step.get("count_include_pad", True), 1)
