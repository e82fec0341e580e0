"""Steps that change values where they stand: factors, divisors, masks, functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar

from symconv.claim.entries import COUNTS, KEEP, Kinds
from symconv.claim.steps.axes import PerAxis
from symconv.claim.steps.base import Step
from symconv.claim.steps.fitting import fractions, per_axis
from symconv.errors import ClaimError, MalformedError
from symconv.layer.pointwise import bounds, clip
from symconv.relation.form import Form, Throughout, mask_axis, scale_axis, share_axis
from symconv.relation.indices import POSITION as PLACE
from symconv.relation.maps import required
from symconv.relation.reading import Reading, UnsupportedStep
from symconv.relation.term import Monoid, Term
from symconv.size.expr import Size, named, names_of, size_at
from symconv.size.numbers import Number, is_finite, read_number
from symconv.size.text import Comparison, Condition, evaluate, names_in, parse

POSITION = "i"
"""The name of the position in the counts of `Divide`."""


@dataclass(frozen=True)
class Scale(PerAxis):
    """Each axis multiplied by a factor a position; null leaves an axis as it is."""

    factors: tuple[tuple[Number, ...] | None, ...]
    op: ClassVar[str] = "scale"
    uneven: ClassVar[bool] = True
    monoid: ClassVar[Monoid | None] = "sum"
    divides: ClassVar[bool] = True
    listed: ClassVar[str] = "factors"
    blank: ClassVar[Any] = None

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the factors; one ``factor`` alone makes the step a `ScaleAll`."""
        if "factor" in attributes:
            return ScaleAll.from_attributes(attributes, rank)
        return super().from_attributes(attributes, rank)

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every axis times its factors."""
        rows = per_axis(self.factors, "factors", form)
        return scaled(form, [None if row is None else fractions(row) for row in rows], reading)


@dataclass(frozen=True)
class ScaleAll(Step, variant=True):
    """Every value multiplied by one number, at any size: ``y = factor * x``.

    The number is exact: an integer, a float, or a fraction such as ``"1/9"``.  In a text it is a
    ``scale`` with one ``factor``.

    Raises:
        ClaimError: the factor is not a finite number.

    >>> Scale.from_attributes({"factor": "1/2"})
    ScaleAll(factor='1/2')
    """

    factor: Number
    op: ClassVar[str] = "scale"
    monoid: ClassVar[Monoid | None] = "sum"
    divides: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_finite(self.factor):
            raise MalformedError(f"scale: factor must be a finite number, got {self.factor!r}")

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every term times the number."""
        reading.only_sums("a factor")
        (factor,) = fractions((self.factor,))
        return form.with_terms(term.times(factor) for term in form.terms if factor)


@dataclass(frozen=True)
class Divide(PerAxis):
    """Each axis divided, at position ``i``, by a count that depends on it; null leaves an axis.

    An entry is ``[count, size]``: an expression in ``i`` and named sizes that is at least 1 for
    ``0 <= i < size``, and the axis's size.  With numbers for the names it is a `Scale`.
    """

    counts: tuple[tuple[Any, Any] | None, ...]
    op: ClassVar[str] = "divide"
    uneven: ClassVar[bool] = True
    kinds: ClassVar[Kinds] = {"counts": COUNTS}
    monoid: ClassVar[Monoid | None] = "sum"
    divides: ClassVar[bool] = True
    listed: ClassVar[str] = "counts"
    blank: ClassVar[Any] = None

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the counts; without named sizes the step is a `Scale`."""
        step = super().from_attributes(attributes, rank)
        entries = step.counts if isinstance(step.counts, tuple) else (0,)  # type: ignore[attr-defined]
        for entry in entries:
            if entry is not None and (not isinstance(entry, tuple) or len(entry) != 2):
                raise ClaimError(f"divide needs [count, size] or null for each axis, got {entry!r}")
        named = {name for e in entries if e for text in e for name in names_in(text)}
        return step.at({}) if named <= {POSITION} else step  # type: ignore[attr-defined]

    def at(self, sizes: Mapping[str, int]) -> Scale:
        """The step at these sizes."""
        return Scale(tuple(None if e is None else _shares(*e, sizes) for e in self.counts))

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every axis over the count of its position."""
        reading.only_sums("a factor a position")
        entries = per_axis(self.counts, "counts", form)
        given = [(axis, *e) for axis, e in enumerate(entries) if e is not None]
        counts = [(axis, _count(count), parse(size)) for axis, count, size in given]
        domain: list[Condition | Throughout] = []
        for axis, count, size in counts:
            words = f"axis {axis} has {form.shape[axis]} positions, its counts {size}"
            domain += required(form.shape[axis], "==", size, partial(str, words))
            domain.append(Throughout(size, Comparison(count, ">=", 1)))

        def divide(term: Term) -> Term:
            for axis, count, _ in counts:
                term = share_axis(term, axis, count)
            return term

        return form.each(divide, form.shape, domain)


def _count(text: Any) -> Size:
    """A count as an expression in the position."""
    count = parse(text)
    if isinstance(count, int) and count < 1:
        raise ClaimError(f"divide: the count {text!r} must be at least 1")
    every = {name: named(PLACE if name == POSITION else name) for name in names_of(count)}
    found: Size = size_at(count, every)
    return found


def _shares(count: Any, size: Any, sizes: Mapping[str, int]) -> tuple[str, ...]:
    found = [evaluate(count, {**sizes, POSITION: i}) for i in range(evaluate(size, sizes))]
    if any(n < 1 for n in found):
        raise ClaimError(f"divide: the count {count!r} must be at least 1, got {min(found)}")
    return tuple(f"1/{n}" if n > 1 else "1" for n in found)


@dataclass(frozen=True)
class Mask(PerAxis):
    """Each axis kept where its entry is 1 and zeroed where it is 0; null keeps an axis."""

    keep: tuple[tuple[int, ...] | None, ...]
    op: ClassVar[str] = "mask"
    uneven: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True
    kinds: ClassVar[Kinds] = {"keep": KEEP}
    monoid: ClassVar[Monoid | None] = "sum"
    listed: ClassVar[str] = "keep"
    blank: ClassVar[Any] = None

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Every axis where it is kept."""
        keep = per_axis(self.keep, "keep", form)
        _check_mask(keep)
        _check_rows(form, keep, reading)

        def masked(term: Term) -> Term:
            for axis, row in enumerate(keep):
                term = (
                    term if row is None or all(row) else mask_axis(term, axis, tuple(map(int, row)))
                )
            return term

        return form.each(masked, form.shape)


@dataclass(frozen=True)
class Pointwise(Step):
    """A function of each value alone, by its name; `symconv.layer.pointwise` says what is known."""

    function: str
    op: ClassVar[str] = "pointwise"

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the function's name, which may also stand under ``name``."""
        given = {("function" if key == "name" else key): v for key, v in attributes.items()}
        name = given.get("function")
        if not isinstance(name, str) or not name.isidentifier():
            raise ClaimError(f"pointwise needs a function by name, such as 'relu', got {name!r}")
        return super().from_attributes(given, rank)

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The shape alone: a function is no sum of products, and is settled part by part."""
        if reading.monoid != "shapes":
            raise UnsupportedStep("a function is no sum of products; it is settled part by part")
        return form


@dataclass(frozen=True)
class Clip(Pointwise):
    """Each value kept between two bounds: ``y = min(max(x, low), high)``; either may be left out.

    In a text the bounds stand under ``min`` and ``max``, as exact numbers; the name of the function
    holds them, so that two clips are one function iff their bounds are equal.  ``[0, inf)`` is
    ``relu``, and ``[0, 6]`` is ``relu6``.

    Raises:
        ClaimError: neither bound is given, one is not a finite number, or they cross.

    Source: PyTorch, ``torch.clamp``; ONNX, ``Clip``.

    >>> Clip.from_attributes({"min": "-1/2", "max": 3})
    Clip(function='clip(-1/2, 3)')
    >>> Clip.from_attributes({"min": 0, "max": 6})
    Pointwise(function='relu6')
    """

    op: ClassVar[str] = "clip"

    def to_dict(self) -> dict[str, Any]:
        """The bounds as the text has them."""
        low, high = bounds(self.function) or (None, None)
        given = {"min": low, "max": high}
        return {"op": self.op, **{k: _plain(v) for k, v in given.items() if v is not None}}

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the bounds."""
        given = {key: value for key, value in attributes.items() if value is not None}
        if unknown := sorted(set(given) - {"min", "max"}):
            raise ClaimError(
                f"clip has no attribute {', '.join(map(repr, unknown))}; it has max, min"
            )
        if not given:
            raise ClaimError("clip needs min, max, or both")
        if wrong := [value for value in given.values() if not is_finite(value)]:
            raise MalformedError(f"clip: min and max must be finite numbers, got {wrong[0]!r}")
        low, high = (read_number(given[k]) if k in given else None for k in ("min", "max"))
        if low is not None and high is not None and low > high:
            raise ClaimError(f"clip: min must be at most max, got min={low} and max={high}")
        name = clip(low, high)
        return cls(name) if bounds(name) else Pointwise(name)


def _plain(number: Fraction) -> Number:
    """A number as JSON has it: an integer, or a fraction's text."""
    return number.numerator if number.denominator == 1 else str(number)


def _check_mask(keep: Sequence[Any]) -> None:
    entries = [entry for row in keep if row is not None for entry in row]
    if any(isinstance(entry, bool) or entry not in (0, 1) for entry in entries):
        raise MalformedError("a mask's entries must be 0 or 1")


def scaled(form: Form, factors: Sequence[list[Fraction] | None], reading: Reading) -> Form:
    """Every axis multiplied by its factors, one a position; None leaves an axis.

    Raises:
        ClaimError: an axis has another number of positions.
        UnsupportedStep: its positions have no number, or the pipeline is read in maxima.
    """
    _check_rows(form, factors, reading)
    given = [(axis, row) for axis, row in enumerate(factors) if row is not None]

    def scale(term: Term) -> Term:
        for axis, row in given:
            term = scale_axis(term, axis, row)
        return term

    return form.each(scale, form.shape)


def _check_rows(form: Form, rows: Sequence[Any], reading: Reading) -> None:
    """Refuse factors that do not fit their axis."""
    reading.only_sums("a factor a position")
    for axis, (size, row) in enumerate(zip(form.shape, rows, strict=True)):
        if row is not None and not isinstance(size, int):
            raise UnsupportedStep(
                f"factors by the position of an axis of {size} samples are not read"
            )
        if row is not None and len(row) != size:
            raise ClaimError(f"axis {axis} has {size} positions, got {len(row)} factors")
