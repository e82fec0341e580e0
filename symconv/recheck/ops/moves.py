"""Steps that move values, or set written values beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.factors import Product
from symconv.recheck.ops.base import NEEDED, Op, Shape, Sizes, Sum, Sums, Text, read_axis, room

Maps = Sequence[Sequence[int | None] | None]
"""For each axis the old positions, None where the fill is read; or None where nothing changes."""


def read(terms: Sum, maps: Maps, fill: Any, before: Shape, of: Sums) -> Sum:
    """Every axis read through its map, and the fill where that reads nothing."""
    maps = [
        m if m is None or list(m) != list(range(n)) else None
        for n, m in zip(before, maps, strict=True)
    ]
    shape = [n if m is None else len(m) for n, m in zip(before, maps, strict=True)]
    for term in terms:
        for axis, index in enumerate(maps):
            if index is not None:
                read_axis(term, axis, index)
    holes = [(a, m) for a, m in enumerate(maps) if m is not None and None in m]
    return terms + (_filled(of.constant(fill, shape), holes, of.maximum) if holes else [])


def _filled(whole: Sum, holes: Sequence[tuple[int, Sequence[int | None]]], maximum: bool) -> Sum:
    """The fill where some axis reads nothing: of sums everywhere but where all axes read."""
    if maximum:
        return [_kept(base.copy(), axis, m, outside=True) for base in whole for axis, m in holes]
    parts = []
    for base in whole:
        part = base.copy()
        part.number = -part.number
        for axis, index in holes:
            _kept(part, axis, index, outside=False)
        parts.append(part)
    return whole + parts


def _kept(term: Product, axis: int, index: Sequence[int | None], outside: bool) -> Product:
    """The term where an axis reads nothing, or where it reads something."""
    kept = {v for v, old in enumerate(index) if (old is None) == outside}
    digit = term.flat(axis)
    term.reindex([digit], [digit], lambda v: [(v[0],)] if v[0] in kept else [])
    return term


def padded(terms: Sum, pads: Any, mode: str, value: Any, shape: Shape, of: Sums) -> Sum:
    """Behind pads and crops of every axis."""
    maps = [
        [text.outside(v, n, lo, hi, mode) for v in range(-lo, n + hi)]
        for n, (lo, hi) in zip(shape, pads, strict=True)
    ]
    return read(terms, maps, value, shape, of)


def _one_axis(axis: int, index: Sequence[int | None], shape: Shape) -> Maps:
    return [index if a == axis else None for a in range(len(shape))]


class Rearrange(Op, op="rearrange", kind="moves", pattern=NEEDED):
    """Axes split into factors, permuted, and merged: a pattern, and any sizes."""

    def read(self, step: Mapping[str, Any]) -> Text:
        """The step, whose sizes are integers."""
        if not isinstance(step.get("pattern"), str):
            raise ClaimError(f"rearrange needs a pattern, got {step.get('pattern')!r:.80}")
        for name, size in step.items():
            if name not in ("op", "pattern") and (type(size) is not int or size < 1):
                raise ClaimError(
                    f"rearrange: {name} must be an integer of at least 1, got {size!r:.80}"
                )
        return dict(step)

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The products of the right side's factors."""
        left, right = text.einops(step["pattern"])
        sizes = text.factor_sizes(left, shape, step)
        return [prod(sizes[name] for name in group) for group in right]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Runs of digits in another order."""
        left, right = text.einops(step["pattern"])
        for term in terms:
            sizes = text.factor_sizes(left, shape, step)
            runs: dict[str, list[int]] = {}
            for axis, group in enumerate(left):
                cut = term.groups(axis, [sizes[name] for name in group])
                runs |= dict(zip(group, cut, strict=True))
            term.axes = [[d for name in group for d in runs[name]] for group in right]
        return terms


class Pad(Op, op="pad", kind="gathers", padding=NEEDED, mode="zeros", value=0):
    """Pads and crops, filled by a mode."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """Every axis with its pads."""
        text.known_mode(step["mode"])
        if text.number(step["value"]) is None and not of.maximum:
            raise ClaimError("the value '-inf' has a meaning only beside a max pooling")
        pads = text.pairs(step["padding"], len(shape))
        for n, (lo, hi) in zip(shape, pads, strict=True):
            text.check_mode(n, lo, hi, step["mode"])
        return [room(n + lo + hi) for n, (lo, hi) in zip(shape, pads, strict=True)]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """What the mode reads out there."""
        return padded(terms, step["padding"], step["mode"], step["value"], shape, of)


class Slice(Op, op="slice", kind="moves", slices=NEEDED):
    """Python's slices, one per axis."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """How many positions each slice keeps."""
        parts = text.entries(step["slices"], len(shape), "slices")
        return [room(len(range(n)[text.as_slice(p)])) for n, p in zip(shape, parts, strict=True)]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Those positions."""
        maps = [range(n)[slice(*part)] for n, part in zip(shape, step["slices"], strict=True)]
        return read(terms, maps, 0, shape, of)


class Flip(Op, op="flip", kind="moves", axes=NEEDED):
    """Axes read from their ends."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As before."""
        text.distinct_axes(step["axes"], len(shape))
        return shape

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Position n - 1 - v."""
        axes = {axis % len(shape) for axis in step["axes"]}
        maps = [range(n)[::-1] if a in axes else None for a, n in enumerate(shape)]
        return read(terms, maps, 0, shape, of)


class Dilate(Op, op="dilate", kind="gathers", dilation=NEEDED):
    """Zeros between neighbours."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """F (n - 1) + 1."""
        given = text.entries(step["dilation"], len(shape), "dilation")
        factors = text.integers(given, len(shape), 1, "dilation")
        return [f * (n - 1) + 1 for n, f in zip(shape, factors, strict=True)]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Position v / f, where that is one."""
        maps = [
            [None if v % f else v // f for v in range(f * (n - 1) + 1)]
            for n, f in zip(shape, step["dilation"], strict=True)
        ]
        return read(terms, maps, 0, shape, of)


class Tile(Op, op="tile", kind="moves", repeats=NEEDED):
    """Axes several times over."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """N times the repeats."""
        given = text.entries(step["repeats"], len(shape), "repeats")
        repeats = text.integers(given, len(shape), 1, "repeats")
        return [n * r for n, r in zip(shape, repeats, strict=True)]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Position v mod n."""
        maps = [[*range(n)] * r for n, r in zip(shape, step["repeats"], strict=True)]
        return read(terms, maps, 0, shape, of)


class Repeat(Op, op="repeat", kind="moves", axis=NEEDED, count=NEEDED):
    """Every position of an axis several times in a row."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """That axis times the count."""
        axis, count = text.axis(step["axis"], len(shape)), text.count(step["count"], "count")
        return [n * count if a == axis else n for a, n in enumerate(shape)]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Position v // count."""
        axis = text.axis(step["axis"], len(shape))
        index = [old for old in range(shape[axis]) for _ in range(step["count"])]
        return read(terms, _one_axis(axis, index, shape), 0, shape, of)


class Roll(Op, op="roll", kind="moves", axis=NEEDED, shift=NEEDED):
    """An axis turned round."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As before."""
        axis = text.axis(step["axis"], len(shape))
        if type(step["shift"]) is not int:
            raise ClaimError(f"roll: shift must be an integer, got {step['shift']!r:.80}")
        if abs(step["shift"]) > shape[axis]:
            raise ClaimError(f"a roll by {step['shift']} goes beyond an axis of {shape[axis]}")
        return shape

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Position v - shift, counted round."""
        axis = text.axis(step["axis"], len(shape))
        index = [(v - step["shift"]) % shape[axis] for v in range(shape[axis])]
        return read(terms, _one_axis(axis, index, shape), 0, shape, of)


class Split(Op, op="split", kind="moves", sizes=NEEDED, part=NEEDED, axis=0):
    """One of several parts of an axis."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The part's length on that axis."""
        axis = text.axis(step["axis"], len(shape))
        first, end = text.split_bounds(step["sizes"], step["part"], shape[axis])
        return [*shape[:axis], end - first, *shape[axis + 1 :]]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """The part's positions."""
        axis = text.axis(step["axis"], len(shape))
        index = range(*text.split_bounds(step["sizes"], step["part"], shape[axis]))
        return read(terms, _one_axis(axis, index, shape), 0, shape, of)


class Transpose(Op, op="transpose", kind="moves", axes=NEEDED):
    """Axes in another order."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The sizes in that order."""
        axes = text.distinct_axes(step["axes"], len(shape))
        if len(axes) != len(shape):
            raise ClaimError(
                f"axes must be a permutation of {len(shape)}, got {step['axes']!r:.80}"
            )
        return [shape[axis] for axis in axes]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """The axes in that order."""
        for term in terms:
            term.axes = [term.axes[axis] for axis in step["axes"]]
        return terms
