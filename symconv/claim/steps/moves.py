"""Steps that move samples, and pads that add some: gathers on each axis, and rearrangements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from symconv.claim.entries import INTEGERS, PAIRS, SLICES, Kinds
from symconv.claim.patterns import read_pattern
from symconv.claim.steps.axes import PerAxis
from symconv.claim.steps.base import Step
from symconv.claim.steps.fitting import integers, is_size, pair, per_axis
from symconv.errors import ClaimError, MalformedError
from symconv.relation import maps
from symconv.relation.axes import axis_of, distinct_axes, permutation
from symconv.relation.digits import rearrange
from symconv.relation.form import Form, gather_axes
from symconv.relation.indices import Leg, volume
from symconv.relation.reading import Reading
from symconv.size.expr import Size
from symconv.size.numbers import Number, read_number
from symconv.size.text import parse


@dataclass(frozen=True)
class Rearrange(Step):
    """An einops pattern with the sizes of its factors."""

    pattern: str
    sizes: tuple[tuple[str, int], ...] = ()
    op: ClassVar[str] = "rearrange"
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def to_dict(self) -> dict[str, Any]:
        """The sizes stand beside the pattern, as einops writes them."""
        return {"op": self.op, "pattern": self.pattern, **dict(self.sizes)}

    def rank_after(self, rank: int) -> int | None:
        """As many axes as the pattern's right side has; None where it cannot be read."""
        try:
            return len(read_pattern(self.pattern).right)
        except ClaimError:
            return None

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the pattern; every other key is a factor's size."""
        sizes = {name: size for name, size in attributes.items() if name != "pattern"}
        if not isinstance(attributes.get("pattern"), str):
            raise ClaimError(f"rearrange needs a pattern, got {attributes.get('pattern')!r}")
        for name, size in sizes.items():
            if type(size) is not int or size < 1:
                raise ClaimError(
                    f"rearrange: {name} must be an integer of at least 1, got {size!r}"
                )
        return cls(attributes["pattern"], tuple(sizes.items()))

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Axes split into factors, and merged again in another order."""
        pattern = read_pattern(self.pattern)
        sizes, domain = pattern.factors(form.shape, dict(self.sizes))
        number = {name: place for place, name in enumerate(sizes)}
        left, right = (
            [[number[n] for n in group] for group in side] for side in (pattern.left, pattern.right)
        )
        factors = list(sizes.values())
        shape = [volume(factors[f] for f in group) for group in right]
        return form.each(lambda term: rearrange(term, left, right, factors), shape, domain)


@dataclass(frozen=True)
class Pad(PerAxis):
    """Pads ``[lo, hi]`` on every axis; negative ones crop; ``value`` fills mode ``zeros``."""

    padding: tuple[tuple[Any, Any], ...]
    mode: str = "zeros"
    value: Number = 0
    op: ClassVar[str] = "pad"
    kinds: ClassVar[Kinds] = {"padding": PAIRS}
    adds_products: ClassVar[bool] = True
    listed: ClassVar[str] = "padding"
    blank: ClassVar[Any] = (0, 0)

    @property
    def may_read_nothing(self) -> bool:
        """A pad may be of ``-inf``."""
        return read_number(self.value) is None

    @property
    def only_moves(self) -> bool:  # type: ignore[override]
        """A pad of another mode repeats samples."""
        return self.mode != "zeros"

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every axis read through its pad."""
        pads = [pair(entry) for entry in per_axis(self.padding, "padding", form)]
        fill = read_number(self.value)
        if fill is None and reading.monoid == "sum":
            raise ClaimError("the value '-inf' has a meaning only in a pipeline with a max pooling")
        index = [
            None if both == (0, 0) else maps.pad(size, *both, self.mode)
            for size, both in zip(form.shape, pads, strict=True)
        ]
        return gather_axes(form, index, fill)


@dataclass(frozen=True)
class Slice(PerAxis):
    """Python's ``[start, stop, step]`` on every axis; null for a part left out.

    A negative number counts from the back, as in Python.  A named end, such as ``"N - 3"``, counts
    from the front: at sizes where it is negative the claim makes no sense.
    """

    slices: tuple[tuple[Any, Any, Any], ...]
    op: ClassVar[str] = "slice"
    kinds: ClassVar[Kinds] = {"slices": SLICES}
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True
    listed: ClassVar[str] = "slices"
    blank: ClassVar[Any] = (None, None, None)
    parts: ClassVar[tuple[str, ...]] = ("start", "stop", "step")

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every axis read through its slice."""
        parts = per_axis(self.slices, "slices", form)
        index = [_slice(size, part) for size, part in zip(form.shape, parts, strict=True)]
        return gather_axes(form, index, None)


@dataclass(frozen=True)
class Flip(Step):
    """The named axes read from their end."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "flip"
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The named axes read from their end."""
        axes = distinct_axes(self.axes, len(form.shape))
        index = [maps.flip(size) if a in axes else None for a, size in enumerate(form.shape)]
        return gather_axes(form, index, None)


@dataclass(frozen=True)
class Dilate(PerAxis):
    """Zeros between samples: a factor on every axis."""

    dilation: tuple[int, ...]
    op: ClassVar[str] = "dilate"
    adds_products: ClassVar[bool] = True
    listed: ClassVar[str] = "dilation"
    blank: ClassVar[Any] = 1

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Zeros put between the samples of every axis."""
        factors = integers(self.dilation, "dilation", form)
        index = [
            None if factor == 1 else maps.dilate(size, factor)
            for size, factor in zip(form.shape, factors, strict=True)
        ]
        return gather_axes(form, index, Fraction(0))


@dataclass(frozen=True)
class Tile(PerAxis):
    """Every axis repeated whole, as ``numpy.tile``."""

    repeats: tuple[int, ...]
    op: ClassVar[str] = "tile"
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True
    listed: ClassVar[str] = "repeats"
    blank: ClassVar[Any] = 1

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every axis in a row so many times."""
        for axis, repeats in enumerate(integers(self.repeats, "repeats", form)):
            if repeats != 1:
                form = _tiled(form, axis, repeats)
        return form


@dataclass(frozen=True)
class Repeat(Step):
    """Each sample of one axis ``count`` times in a row: nearest-neighbour upsampling.

    For ``x`` of ``N`` samples on the axis, which may be a named size, ``y`` has ``N * count``, and
    ``y[.., j, ..] = x[.., j // count, ..]``; the other axes stay as they are.

    Raises:
        ClaimError: the axis is not an integer, or the count not an integer of at least 1.

    Source: PyTorch, ``torch.repeat_interleave(x, count, axis)``.

    >>> Repeat(axis=1, count=2).to_dict()
    {'op': 'repeat', 'axis': 1, 'count': 2}
    """

    axis: int
    count: int
    op: ClassVar[str] = "repeat"
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.axis) is not int:
            raise MalformedError(f"repeat: axis must be an integer, got {self.axis!r}")
        if type(self.count) is not int or self.count < 1:
            raise MalformedError(
                f"repeat: count must be an integer of at least 1, got {self.count!r}"
            )

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The axis with one more digit behind it, which says which copy of a sample it is."""
        axis = axis_of(self.axis, len(form.shape))
        shape = list(form.shape)
        shape[axis] *= self.count
        copy = (Leg(self.count),) if self.count > 1 else ()
        return form.each(lambda t: t.with_axis(axis, (*t.out[axis], *copy)), shape)


@dataclass(frozen=True)
class Roll(Step):
    """One axis turned round by ``shift``: what leaves it at one end comes in at the other.

    For ``x`` of ``N >= |shift|`` samples, ``y[.., j, ..] = x[.., (j - shift) mod N, ..]``.  A
    larger shift goes round more than once, which no formula linear in a named ``N`` can say.

    Raises:
        ClaimError: the axis or the shift is not an integer, or the shift is larger than the axis.

    Source: PyTorch, ``torch.roll(x, shift, axis)``; windows are shifted so in Liu et al. 2021,
    *Swin Transformer*, section 3.2.

    >>> Roll(axis=1, shift=-3).to_dict()
    {'op': 'roll', 'axis': 1, 'shift': -3}
    """

    axis: int
    shift: int
    op: ClassVar[str] = "roll"
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("axis", self.axis), ("shift", self.shift)):
            if type(value) is not int:
                raise MalformedError(f"roll: {name} must be an integer, got {value!r}")

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The axis with its own end in front of it, or its beginning behind it, and cut again."""
        axis = axis_of(self.axis, len(form.shape))
        size = form.shape[axis]
        front, behind = max(self.shift, 0), max(-self.shift, 0)
        if isinstance(size, int) and front + behind > size:
            raise ClaimError(
                f"roll by {self.shift} goes beyond an axis of {size}; roll by {self.shift % size}"
            )
        wrapped = _on(axis, maps.pad(size, front, behind, "circular"), form)
        return _on(axis, maps.pad(wrapped.shape[axis], -behind, -front, "zeros"), wrapped)


def _on(axis: int, index: maps.AxisMap | None, form: Form) -> Form:
    """One axis read through a map."""
    return gather_axes(form, [index if a == axis else None for a in range(len(form.shape))], None)


@dataclass(frozen=True)
class Transpose(Step):
    """Axes permuted, as ``numpy.transpose``."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "transpose"
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The axes in another order."""
        order = permutation(self.axes, len(form.shape))
        return form.each(
            lambda term: term.with_out(tuple(term.out[axis] for axis in order)),
            [form.shape[axis] for axis in order],
        )


@dataclass(frozen=True)
class Split(Step):
    """One part of an axis cut into consecutive ones, as ``torch.split(x, sizes, axis)[part]``."""

    sizes: Any
    part: int
    axis: int = 0
    op: ClassVar[str] = "split"
    kinds: ClassVar[Kinds] = {"sizes": INTEGERS}
    only_moves: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """One part of an axis."""
        axis = axis_of(self.axis, len(form.shape))
        size = form.shape[axis]
        first, end, domain = maps.split_bounds(self.sizes, self.part, axis, size)
        return _on(axis, maps.slice_(size, first, end, 1), form.where(domain))


def _slice(size: Size, part: Any) -> maps.AxisMap | None:
    if not isinstance(part, tuple) or len(part) != 3 or not all(map(_is_end, part)):
        raise MalformedError(
            f"each slice must be [start, stop, step], integers or null, got {part!r}"
        )
    if part == (None, None, None):
        return None
    return maps.slice_(size, *(None if end is None else parse(end) for end in part))


def _is_end(part: object) -> bool:
    return part is None or is_size(part)


def _tiled(form: Form, axis: int, repeats: int) -> Form:
    """One axis with a digit in front, which says which copy it is."""
    if repeats < 1:
        raise ClaimError(f"tile needs repeats of at least 1, got {repeats}")
    shape = (*form.shape[:axis], form.shape[axis] * repeats, *form.shape[axis + 1 :])
    return form.each(lambda t: t.with_axis(axis, (Leg(repeats), *t.out[axis])), shape)
