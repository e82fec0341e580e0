"""How a path goes back through the steps about the points of a lattice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from symconv.recheck.allsizes.moves import refuse_maximum
from symconv.recheck.allsizes.paths import Path
from symconv.recheck.allsizes.reading import Back, Reader, Rule, Shape, Text
from symconv.recheck.allsizes.terms import NotRead, div, each, rest


def cosets(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Spatial axes read through the cosets of a matrix: one path for each coset."""
    refuse_maximum(reader, step)
    rank, points = len(step["matrix"]), step["representatives"]
    first, count = len(shape) - rank, len(points)
    start, size = _box(reader, step)
    if first < 1:
        raise NotRead(f"cosets of {rank} axes need {rank + 1} axes, there are {len(shape)}")
    reader.require(*(n >= 1 for n in size))

    def back(path: Path) -> Iterator[Path]:
        channel = path.index[first - 1]
        base = _point(step["matrix"], path.index[first:], start)
        for number, point in enumerate(points):
            read = [b + p for b, p in zip(base, each(point, rank), strict=True)]
            inside = [c for v, n in zip(read, shape[first:], strict=True) for c in (v >= 0, v < n)]
            index = (*path.index[: first - 1], div(channel, count), *read)
            yield replace(path, index=index).under(rest(channel, count) == number, *inside)

    return [*shape[: first - 1], shape[first - 1] * count, *size], back


def within(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Only the positions whose point lies in a box."""
    refuse_maximum(reader, step)
    first = len(shape) - len(step["matrix"])
    start, size = _box(reader, step)
    if first < 0:
        raise NotRead(f"a lattice of {len(step['matrix'])} axes, of {len(shape)}")
    reader.require(*(n >= 1 for n in size))

    def back(path: Path) -> Iterator[Path]:
        read = _point(step["matrix"], path.index[first:], start)
        yield path.under(*(c for v, n in zip(read, size, strict=True) for c in (v >= 0, v < n)))

    return shape, back


def _box(reader: Reader, step: Text) -> tuple[list[Any], list[Any]]:
    rank = len(step["matrix"])
    start, size = ([reader.size(n) for n in each(step[key], rank)] for key in ("start", "size"))
    return start, size


def _point(matrix: Sequence[Sequence[int]], index: Sequence[Any], start: Sequence[Any]) -> Any:
    """``A (q + start)``."""
    moved = [i + s for i, s in zip(index, start, strict=True)]
    return [sum(a * m for a, m in zip(each(row, len(moved)), moved, strict=True)) for row in matrix]


LATTICES: dict[str, Rule] = {"cosets": cosets, "within": within}
"""How each of these steps is read."""
