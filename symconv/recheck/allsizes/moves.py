"""How a path goes back through the steps that move values, and those that scale or join them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import z3

from symconv.recheck.allsizes.paths import Path
from symconv.recheck.allsizes.reading import Back, Reader, Rule, Shape, Text
from symconv.recheck.allsizes.terms import (
    WRAP,
    NotRead,
    as_bool,
    div,
    each,
    expression,
    least,
    names_in,
    number,
    parsed,
    rest,
    slice_ends,
    times,
)


def rearranged(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Axes split into factors, permuted, and merged."""
    left, right = (_groups(side) for side in step["pattern"].split("->"))
    sizes: dict[str, Any] = {k: v for k, v in step.items() if k not in ("op", "pattern")}
    sizes |= {name: int(name) for group in left for name in group if name.isdecimal()}
    for n, group in zip(shape, left, strict=True):
        known = prod(sizes[name] for name in group if name in sizes)
        named = [name for name in group if name not in sizes]
        if len(named) > 1:
            raise NotRead(f"pattern {step['pattern']!r:.80} leaves the sizes of {named} open")
        reader.require(rest(n, known) == 0 if named else n == known)
        sizes |= {name: div(n, known) for name in named}
    out = [times([sizes[name] for name in group]) for group in right]

    def back(path: Path) -> Iterator[Path]:
        digits: dict[str, Any] = {}
        for value, group in zip(path.index, right, strict=True):
            for place, name in enumerate(group):
                low = times([sizes[n] for n in group[place + 1 :]])
                part = div(value, low)
                digits[name] = rest(part, sizes[name]) if place else part
        yield replace(path, index=tuple(number(group, digits, sizes) for group in left))

    return out, back


def _groups(side: str) -> list[list[str]]:
    groups = [group.strip("()").split() for group in re.findall(r"\([^)]*\)|[^\s()]+", side)]
    return [[name for name in group if name != "1"] for group in groups]


def padded(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Pads and crops, filled by a mode."""
    pads = [[reader.size(end) for end in pair] for pair in step["padding"]]
    out = [n + lo + hi for n, (lo, hi) in zip(shape, pads, strict=True)]
    reader.require(*(n >= 1 for n in out))
    mode, value = step.get("mode", "zeros"), str(step.get("value", 0))
    if mode != "zeros" and mode not in WRAP:
        raise NotRead(f"there is no padding mode {mode!r:.80}")
    infinite = value == "-inf"
    if infinite and not reader.maximum:
        raise NotRead("-inf has a meaning only beside a maximum")
    fill = Fraction(0 if infinite else value)
    for n, (lo, hi) in zip(shape, pads, strict=True):
        most = {"reflect": n - 1, "circular": n + least(lo, 0) + least(hi, 0)}.get(mode)
        reader.require(*(() if most is None else (lo <= most, hi <= most)))

    def back(path: Path) -> Iterator[Path]:
        moved = [i - lo for i, (lo, _) in zip(path.index, pads, strict=True)]
        if mode != "zeros":
            ends = zip(moved, shape, pads, strict=True)
            yield replace(path, index=tuple(WRAP[mode](v, n, lo, hi) for v, n, (lo, hi) in ends))
            return
        inside = [c for v, n in zip(moved, shape, strict=True) for c in (v >= 0, v < n)]
        yield replace(path, index=tuple(moved)).under(*inside)
        if not infinite and (fill != 0 or reader.maximum):
            outside = z3.Not(z3.And(*map(as_bool, inside)))
            yield replace(path.under(outside), index=(), constant=True, factor=path.factor * fill)

    return out, back


def sliced(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Python's slices; named ends count from the front."""
    parts = [
        slice_ends([p if p is None else reader.size(p) for p in part], n)
        for n, part in zip(shape, step["slices"], strict=True)
    ]
    named = (p for part in step["slices"] for p in part if isinstance(p, str))
    reader.require(*(reader.size(p) >= 0 for p in named))
    reader.require(*(length >= 1 for _, _, length in parts))

    def back(path: Path) -> Iterator[Path]:
        ends = zip(path.index, parts, strict=True)
        yield replace(path, index=tuple(first + by * i for i, (first, by, _) in ends))

    return [length for _, _, length in parts], back


def axis_of(value: Any, shape: Shape) -> int:
    """An axis, counted from the front or the end."""
    if type(value) is not int or not -len(shape) <= value < len(shape):
        raise NotRead(f"axis {value!r:.80} is not one of {len(shape)} axes")
    return value % len(shape)


def flipped(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Axes read from their end."""
    axes = {axis_of(axis, shape) for axis in step["axes"]}
    if len(axes) < len(step["axes"]):
        raise NotRead(f"an axis stands twice in {step['axes']!r:.80}")

    def back(path: Path) -> Iterator[Path]:
        ends = enumerate(zip(path.index, shape, strict=True))
        yield replace(path, index=tuple(n - 1 - i if a in axes else i for a, (i, n) in ends))

    return shape, back


def transposed(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Axes in another order."""
    axes = [axis_of(axis, shape) for axis in step["axes"]]
    if sorted(axes) != list(range(len(shape))):
        raise NotRead(f"{step['axes']!r:.80} is not an order of {len(shape)} axes")

    def back(path: Path) -> Iterator[Path]:
        yield replace(path, index=tuple(path.index[axes.index(a)] for a in range(len(shape))))

    return [shape[axis] for axis in axes], back


def dilated(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Zeros between the samples."""
    factors = each(step["dilation"], len(shape))
    out = [f * (n - 1) + 1 for f, n in zip(factors, shape, strict=True)]

    def back(path: Path) -> Iterator[Path]:
        ends = list(zip(path.index, factors, strict=True))
        on = [rest(i, f) == 0 for i, f in ends if f > 1]
        yield replace(path, index=tuple(div(i, f) for i, f in ends)).under(*on)
        if reader.maximum and on:
            between = z3.Not(z3.And(*map(as_bool, on)))
            yield replace(path.under(between), index=(), constant=True, factor=Fraction(0))

    return out, back


def tiled(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Every axis repeated whole."""
    repeats = each(step["repeats"], len(shape))

    def back(path: Path) -> Iterator[Path]:
        ends = zip(path.index, shape, repeats, strict=True)
        yield replace(path, index=tuple(rest(i, n) if r > 1 else i for i, n, r in ends))

    return [n * r for n, r in zip(shape, repeats, strict=True)], back


def repeated(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Each sample of one axis so many times in a row."""
    axis, count = axis_of(step["axis"], shape), step["count"]

    def back(path: Path) -> Iterator[Path]:
        at = div(path.index[axis], count)
        yield replace(path, index=(*path.index[:axis], at, *path.index[axis + 1 :]))

    return [n * count if a == axis else n for a, n in enumerate(shape)], back


def rolled(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """One axis turned round, not beyond its size."""
    axis, shift = axis_of(step["axis"], shape), step["shift"]
    n = shape[axis]
    reader.require(n >= abs(shift))

    def back(path: Path) -> Iterator[Path]:
        turned = WRAP["circular"](path.index[axis] - shift, n, 0, 0)
        yield replace(path, index=(*path.index[:axis], turned, *path.index[axis + 1 :]))

    return shape, back


def split(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """One part of an axis."""
    axis = axis_of(step.get("axis", 0), shape)
    sizes, part, n = step["sizes"], step["part"], shape[axis]
    if isinstance(sizes, int):
        first = part * sizes
        length = least(n - first, sizes)
        reader.require(first < n)
    else:
        first, length = sum(sizes[:part]), sizes[part]
        reader.require(n == sum(sizes))

    def back(path: Path) -> Iterator[Path]:
        at = path.index[axis] + first
        yield replace(path, index=(*path.index[:axis], at, *path.index[axis + 1 :]))

    return [*shape[:axis], length, *shape[axis + 1 :]], back


def joined(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Branches side by side."""
    parts = [reader.pipeline(branch, shape) for branch in step["branches"]]
    axis = axis_of(step.get("axis", 0), parts[0][0])
    firsts, total = [], 0
    for part, _ in parts:
        firsts.append(total)
        total = total + part[axis]
        ends = zip(part, parts[0][0], strict=True)
        reader.require(*(a == b for other, (a, b) in enumerate(ends) if other != axis))

    def back(path: Path) -> Iterator[Path]:
        for first, (part, inner) in zip(firsts, parts, strict=True):
            at = path.index[axis] - first
            index = (*path.index[:axis], at, *path.index[axis + 1 :])
            yield from inner(replace(path, index=index).under(at >= 0, at < part[axis]))

    return [*parts[0][0][:axis], total, *parts[0][0][axis + 1 :]], back


def added(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The sum of branches."""
    refuse_maximum(reader, step)
    parts = [reader.pipeline(branch, shape) for branch in step["branches"]]
    for part, _ in parts:
        reader.require(*(a == b for a, b in zip(part, parts[0][0], strict=True)))
    return parts[0][0], lambda path: (p for _, inner in parts for p in inner(path))


def subtracted(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The first of some branches less all others."""
    refuse_maximum(reader, step)
    parts = [reader.pipeline(branch, shape) for branch in step["branches"]]
    for part, _ in parts:
        reader.require(*(a == b for a, b in zip(part, parts[0][0], strict=True)))

    def back(path: Path) -> Iterator[Path]:
        for place, (_, inner) in enumerate(parts):
            yield from inner(path.scaled(Fraction(-1)) if place else path)

    return parts[0][0], back


def refuse_maximum(reader: Reader, step: Text) -> None:
    """Refuse a step that adds or multiplies, in a claim about maxima.

    Raises:
        NotRead: the claim is about maxima.
    """
    if reader.maximum and not reader.shapes_only:
        raise NotRead(f"{step['op']} and a maximum are not read together for all sizes")


def pointwise(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """A function: it keeps the shape, and no path leads through it."""
    if not reader.shapes_only:
        raise NotRead("a function between layers is not read for all sizes")
    return shape, lambda path: iter(())


def scaled(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """A factor for each position of an axis of a size in numbers."""
    refuse_maximum(reader, step)
    if "factor" in step:
        factor = Fraction(str(step["factor"]))
        return shape, lambda path: iter([path.scaled(factor)])
    rows = step["factors"] if step["op"] == "scale" else step["keep"]
    tables: list[dict[Fraction, list[int] | None]] = []
    for n, row in zip(shape, rows, strict=True):
        if row is not None and (type(n) is not int or len(row) != n):
            raise NotRead(f"{len(row)} factors are not those of an axis of {n} positions")
        factors = [Fraction(str(factor)) for factor in row or ()]
        tables.append({f: [at for at, g in enumerate(factors) if g == f] for f in set(factors)})

    every: dict[Fraction, list[int] | None] = {Fraction(1): None}

    def back(path: Path) -> Iterator[Path]:
        paths = [path]
        for i, places in zip(path.index, tables, strict=True):
            paths = [
                p.under(_among(i, at)).scaled(factor)
                for p in paths
                for factor, at in (places or every).items()
            ]
        return iter(paths)

    return shape, back


def _among(value: Any, places: list[int] | None) -> Any:
    if places is None:
        return True
    if isinstance(value, int):
        return value in places
    return z3.Or(*(value == place for place in places))


MOST_SHARES = 64
"""The greatest count that a position is divided by; a kernel has fewer taps an axis."""


def divided(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """Each position divided by a count that depends on it: one path for each value of a count."""
    refuse_maximum(reader, step)
    entries = [None if e is None else (e[0], reader.size(e[1])) for e in step["counts"]]
    reader.require(*(e[1] == n for e, n in zip(entries, shape, strict=True) if e is not None))
    greatest = [0 if e is None else _greatest(reader, *e) for e in entries]

    def back(path: Path) -> Iterator[Path]:
        paths = [path]
        for i, entry, most in zip(path.index, entries, greatest, strict=True):
            if entry is not None:
                value = _count_at(reader, entry[0], i)
                paths = [
                    p.under(value == n).scaled(Fraction(1, n))
                    for p in paths
                    for n in range(1, most + 1)
                ]
        return iter(paths)

    return shape, back


def _count_at(reader: Reader, text: Any, position: Any) -> Any:
    for name in () if isinstance(text, int) else names_in(text):
        if name != "i":
            reader.size(name)
    return (
        text if isinstance(text, int) else expression(parsed(text), reader.names | {"i": position})
    )


def _greatest(reader: Reader, text: Any, size: Any) -> int:
    """The greatest value of a count; it must be at least 1 wherever the claim makes sense."""
    i = z3.Int("position")
    value = _count_at(reader, text, i)
    asked = [*map(as_bool, reader.legal), i >= 0, as_bool(i < size)]
    asked += [reader.condition(c) for c in reader.claim.get("where", ())]
    if not _holds(reader, asked, as_bool(value >= 1)):
        raise NotRead(f"divide: the count {text!r:.80} is not known to be at least 1")
    for most in range(1, MOST_SHARES + 1):
        if _holds(reader, asked, as_bool(value <= most)):
            return most
    raise NotRead(f"divide: the count {text!r:.80} has no small bound")


def holds(reader: Reader, claim: Any) -> bool:
    """Whether something holds wherever a claim makes sense, as far as it is read."""
    asked = [*map(as_bool, reader.legal)]
    asked += [reader.condition(c) for c in reader.claim.get("where", ())]
    return _holds(reader, asked, as_bool(claim))


def _holds(reader: Reader, given: list[Any], claim: Any) -> bool:
    solver = z3.Solver()
    solver.set("timeout", max(1, int(1000 * min(2.0, reader.clock.left()))))
    solver.add(*given, z3.Not(claim))
    return bool(solver.check() == z3.unsat)


MOVES: dict[str, Rule] = {
    "rearrange": rearranged,
    "pad": padded,
    "slice": sliced,
    "flip": flipped,
    "transpose": transposed,
    "dilate": dilated,
    "tile": tiled,
    "split": split,
    "concat": joined,
    "add": added,
    "subtract": subtracted,
    "repeat": repeated,
    "roll": rolled,
    "pointwise": pointwise,
    "scale": scaled,
    "mask": scaled,
    "divide": divided,
}
"""How each of these steps is read."""
