"""What a pipeline means: a form in its input and its weights, built step by step.

This is the one denotation of claims.  Gathers act on the legs of every term; a layer multiplies in
its access tables.  A pipeline with a max pooling is read in the monoid (max, -inf), any other in
(+, 0); the two do not mix in one pipeline without a pointwise function between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import singledispatch
from math import prod

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.errors import ClaimError, MalformedError, SymconvError, TooLarge
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.layer.window import Window
from symconv.machine.budget import running
from symconv.relation import gather as maps
from symconv.relation.axes import axis_of, distinct_axes, permutation
from symconv.relation.convolved import (
    check_channels,
    check_weight,
    convolved,
    convolved_as_kernel,
    pad_first,
)
from symconv.relation.form import Form, gather_axes, rearrange, scale_axis
from symconv.relation.product import slide
from symconv.relation.table import Leg
from symconv.relation.term import Monoid, Term, gather, merged
from symconv.size.numbers import read_number

MOST_TERMS = 2_048
"""Terms of a sum: each is rewritten at every step, and compared with all others of its kind."""

MAXIMA = (st.MaxPoolStep, st.MaxConvStep)
WeightReader = Callable[[str, Monoid], Form]


@dataclass(frozen=True, slots=True)
class Reading:
    """How steps are read: in which monoid, and where a weight's form comes from."""

    monoid: Monoid
    weight: WeightReader


class UnsupportedStep(ClaimError):
    """A step that has a meaning, but none that this reading can express."""


def pipeline_monoid(steps: Sequence[st.Step]) -> Monoid:
    """The monoid in which a pipeline is read."""
    return "max" if any(isinstance(step, MAXIMA) for step in st.flat(steps)) else "sum"


def read_pipeline(form: Form, steps: Sequence[st.Step], reading: Reading, first: int = 0) -> Form:
    """The form after all steps; a fault names the step's place, counted from ``first``."""
    spent = running()
    for place, step in enumerate(steps, first):
        spent.check_time()
        try:
            form = apply(step, form, reading)
            _check_terms(form)
        except TooLarge:
            raise
        except SymconvError as fault:
            raise type(fault)(
                f"step {place} ({step.op}) on shape {list(form.shape)}: {fault}"
            ) from None
    return form


def _check_terms(form: Form) -> None:
    """Refuse a sum of too many terms, before the next step doubles them.

    Raises:
        TooLarge: it is.
    """
    if len(form.terms) > MOST_TERMS:
        raise TooLarge(f"a sum has {len(form.terms)} terms, at most {MOST_TERMS}; split the claim")


@singledispatch
def apply(step: st.Step, form: Form, reading: Reading) -> Form:
    """The form after one step."""
    raise UnsupportedStep(f"no meaning is known for step {step.op!r}")


def _per_axis(step: st.Step, name: str, form: Form) -> Sequence[object]:
    values = getattr(step, name)
    if not isinstance(values, tuple) or len(values) != len(form.shape):
        raise MalformedError(
            f"{name} must have one entry for each of {len(form.shape)} axes, got {values!r}"
        )
    return values


def _integers(step: st.Step, name: str, form: Form) -> list[int]:
    values = _per_axis(step, name, form)
    if not all(type(value) is int for value in values):
        raise MalformedError(f"{name} must hold integers, got {list(values)!r}")
    return list(values)  # type: ignore[arg-type]


@apply.register
def _(step: st.Rearrange, form: Form, reading: Reading) -> Form:
    pattern = read_pattern(step.pattern)
    sizes = pattern.factor_sizes(form.shape, dict(step.sizes))
    number = {name: place for place, name in enumerate(sizes)}
    left, right = (
        [[number[n] for n in group] for group in side] for side in (pattern.left, pattern.right)
    )
    factors = dict(enumerate(sizes.values()))
    shape = [prod(factors[f] for f in group) for group in right]
    return form.each(lambda term: rearrange(term, left, right, factors), shape)


@apply.register
def _(step: st.Pad, form: Form, reading: Reading) -> Form:
    pads = [_pair(entry) for entry in _per_axis(step, "padding", form)]
    fill = read_number(step.value)
    if fill is None and reading.monoid == "sum":
        raise ClaimError("the value '-inf' has a meaning only in a pipeline with a max pooling")
    index = [
        None if pair == (0, 0) else maps.pad(size, *pair, step.mode)
        for size, pair in zip(form.shape, pads, strict=True)
    ]
    return gather_axes(form, index, fill)


def _is_end(part: object) -> bool:
    return part is None or type(part) is int


def _pair(entry: object) -> tuple[int, int]:
    if isinstance(entry, tuple) and len(entry) == 2 and all(type(p) is int for p in entry):
        return entry
    raise MalformedError(
        f"each entry of padding must be a [lo, hi] pair of integers, got {entry!r}"
    )


@apply.register
def _(step: st.Slice, form: Form, reading: Reading) -> Form:
    index = []
    for size, part in zip(form.shape, _per_axis(step, "slices", form), strict=True):
        if not isinstance(part, tuple) or len(part) != 3 or not all(map(_is_end, part)):
            raise MalformedError(
                f"each slice must be [start, stop, step], integers or null, got {part!r}"
            )
        index.append(None if part == (None, None, None) else maps.slice_(size, *part))
    return gather_axes(form, index, None)


@apply.register
def _(step: st.Flip, form: Form, reading: Reading) -> Form:
    axes = distinct_axes(step.axes, len(form.shape))
    index = [maps.flip(size) if a in axes else None for a, size in enumerate(form.shape)]
    return gather_axes(form, index, None)


@apply.register
def _(step: st.Pointwise, form: Form, reading: Reading) -> Form:
    if reading.monoid != "shapes":
        raise UnsupportedStep("a function is no sum of products; it is settled part by part")
    return form


@apply.register
def _(step: st.Dilate, form: Form, reading: Reading) -> Form:
    factors = _integers(step, "dilation", form)
    index = [
        None if factor == 1 else maps.dilate(size, factor)
        for size, factor in zip(form.shape, factors, strict=True)
    ]
    return gather_axes(form, index, Fraction(0))


@apply.register
def _(step: st.Tile, form: Form, reading: Reading) -> Form:
    repeats = _integers(step, "repeats", form)
    index = [
        None if repeat == 1 else maps.tile(size, repeat)
        for size, repeat in zip(form.shape, repeats, strict=True)
    ]
    return gather_axes(form, index, None)


@apply.register
def _(step: st.Split, form: Form, reading: Reading) -> Form:
    axis = axis_of(step.axis, len(form.shape))
    first, end = maps.split_bounds(step.sizes, step.part, axis, form.shape[axis])
    index = [maps.slice_(n, first, end, 1) if a == axis else None
             for a, n in enumerate(form.shape)]  # fmt: skip
    return gather_axes(form, index, None)


@apply.register
def _(step: st.Transpose, form: Form, reading: Reading) -> Form:
    order = permutation(step.axes, len(form.shape))
    return form.each(
        lambda term: replace(term, out=tuple(term.out[axis] for axis in order)),
        [form.shape[axis] for axis in order],
    )


@apply.register
def _(step: st.Scale, form: Form, reading: Reading) -> Form:
    factors = [None if f is None else numbers(f) for f in _per_axis(step, "factors", form)]
    return _scaled(form, factors, reading)


@apply.register
def _(step: st.Mask, form: Form, reading: Reading) -> Form:
    keep = _per_axis(step, "keep", form)
    if any(entry not in (0, 1) for axis in keep if axis is not None for entry in axis):  # type: ignore[attr-defined]
        raise MalformedError("a mask's entries must be 0 or 1")
    return _scaled(form, [None if k is None else numbers(k) for k in keep], reading)


def numbers(values: object) -> list[Fraction]:
    """The finite numbers of a list, exactly.

    Raises:
        ClaimError: it is no list of such numbers.
    """
    if not isinstance(values, tuple):
        raise MalformedError(f"expected a list of numbers, got {values!r}")
    numbers = [read_number(value) for value in values]
    return [n if n is not None else _refuse_infinite() for n in numbers]


def _refuse_infinite() -> Fraction:
    raise ClaimError("a factor must be finite, got '-inf'")


def _scaled(form: Form, factors: Sequence[list[Fraction] | None], reading: Reading) -> Form:
    if reading.monoid == "max":
        raise UnsupportedStep("a factor a position is not read together with a max pooling")
    for axis, axis_factors in enumerate(factors):
        if axis_factors is None:
            continue
        if len(axis_factors) != form.shape[axis]:
            raise ClaimError(
                f"axis {axis} has {form.shape[axis]} positions, got {len(axis_factors)} factors"
            )
        form = form.each(lambda t, a=axis, f=axis_factors: scale_axis(t, a, f), form.shape)  # type: ignore[misc]
    return form


@apply.register
def _(step: st.ConvStep, form: Form, reading: Reading) -> Form:
    if reading.monoid == "max":
        raise UnsupportedStep("a convolution is not read together with a max pooling")
    weight = reading.weight(step.weight, "sum")
    check_weight(form, weight, step.weight)
    out, inner, *kernel = weight.shape
    layer = Conv(
        inner * step.groups, out, tuple(kernel), step.stride, step.padding, step.dilation,
        step.groups, padding_mode=step.padding_mode,  # type: ignore[arg-type]
        padding_value=step.padding_value,  # type: ignore[arg-type]
    )  # fmt: skip
    check_channels(form, layer.in_channels, step.weight, weight)
    value = read_number(step.padding_value)
    form, windows = pad_first(form, layer.windows(form.shape[1:]), value)
    form = convolved(form, weight, windows, step.groups, transposed=False)
    return _add_bias(form, step.bias, reading)


@apply.register
def _(step: st.ConvTransposeStep, form: Form, reading: Reading) -> Form:
    if reading.monoid == "max":
        raise UnsupportedStep("a transposed convolution is not read together with a max pooling")
    weight = reading.weight(step.weight, "sum")
    check_weight(form, weight, step.weight)
    lead, inner, *kernel = weight.shape
    layer = ConvTranspose(
        lead, inner * step.groups, tuple(kernel), step.stride, step.padding, step.output_padding,
        step.groups, dilation=step.dilation,
    )  # fmt: skip
    check_channels(form, lead, step.weight, weight)
    windows = layer.windows(form.shape[1:])
    form = convolved(form, weight, windows, step.groups, transposed=True)
    return _add_bias(form, step.bias, reading)


def _add_bias(form: Form, name: str | None, reading: Reading) -> Form:
    if name is None:
        return form
    bias = reading.weight(name, "sum")
    if bias.shape != form.shape[:1]:
        raise ClaimError(f"bias {name!r} must have shape [{form.shape[0]}], got {list(bias.shape)}")
    spread = tuple((Leg(size),) for size in form.shape[1:])
    terms = [replace(term, out=term.out + spread) for term in bias.terms]
    return replace(form, terms=(*form.terms, *terms))


def _require_maxima(reading: Reading) -> None:
    if reading.monoid == "sum":
        raise UnsupportedStep("a maximum of weights is not read")


@apply.register
def _(step: st.KernelConvStep, form: Form, reading: Reading) -> Form:
    if reading.monoid == "max":
        raise UnsupportedStep("a convolution is not read together with a max pooling")
    return convolved_as_kernel(step, form, reading.weight(step.weight, "sum"))


@apply.register
def _(step: st.MaxPoolStep, form: Form, reading: Reading) -> Form:
    _require_maxima(reading)
    layer = MaxPool(
        step.kernel_size, step.stride, step.padding, step.ceil_mode, dilation=step.dilation
    )
    return _pooled(form, layer.windows(form.shape[1:]))


@apply.register
def _(step: st.MaxConvStep, form: Form, reading: Reading) -> Form:
    _require_maxima(reading)
    weight = reading.weight(step.weight, "max")
    check_weight(form, weight, step.weight)
    if any(term.tensors for term in weight.terms):
        raise ClaimError(
            f"max_conv needs a weight derived from a constant, {step.weight!r} is free"
        )
    out, inner, *kernel = weight.shape
    layer = Conv(
        inner * step.groups, out, tuple(kernel), step.stride, step.padding, step.dilation,
        step.groups,
    )  # fmt: skip
    check_channels(form, layer.in_channels, step.weight, weight)
    if len(weight.terms) > 1 and any(term.scalar < 0 for term in weight.terms):
        # Where a negative constant meets a zero, the zero is the greater.
        raise UnsupportedStep("a weight that is a maximum of negative constants is not read")
    live = tuple(replace(term, scalar=1) for term in weight.terms if term.scalar != 0)
    windows = layer.windows(form.shape[1:])
    return convolved(form, replace(weight, terms=live), windows, step.groups, transposed=False)


@apply.register
def _(step: st.AvgPoolStep, form: Form, reading: Reading) -> Form:
    if reading.monoid == "max":
        raise UnsupportedStep("an average pooling is not read together with a max pooling")
    layer = AvgPool(
        step.kernel_size, step.stride, step.padding, step.ceil_mode,
        count_include_pad=step.count_include_pad,
    )  # fmt: skip
    size = form.shape[1:]
    pooled = _pooled(form, layer.windows(size))
    return _scaled(pooled, [None, *map(list, layer.scales(size))], reading)


@apply.register
def _(step: st.Add, form: Form, reading: Reading) -> Form:
    if reading.monoid == "max":
        raise UnsupportedStep("a sum is not read together with a max pooling")
    forms = _branches(step, form, reading)
    if any(other.shape != forms[0].shape for other in forms):
        shapes = ", ".join(str(list(other.shape)) for other in forms)
        raise ClaimError(f"the branches must have one shape, got {shapes}")
    return replace(forms[0], terms=merged([term for other in forms for term in other.terms]))


@apply.register
def _(step: st.Concat, form: Form, reading: Reading) -> Form:
    forms = _branches(step, form, reading)
    axis = axis_of(step.axis, len(forms[0].shape))
    rests = {other.shape[:axis] + other.shape[axis + 1 :] for other in forms}
    if len(rests) > 1:
        shapes = ", ".join(str(list(other.shape)) for other in forms)
        raise ClaimError(f"the branches must differ on axis {axis} only, got shapes {shapes}")
    total, first, terms = sum(other.shape[axis] for other in forms), 0, []
    for other in forms:
        index = maps.place(other.shape[axis], first, total)
        terms += [gather(term, axis, index) for term in other.terms]
        first += other.shape[axis]
    shape = (*forms[0].shape[:axis], total, *forms[0].shape[axis + 1 :])
    return Form(shape, tuple(terms), form.monoid)


def _branches(step: st.Branching, form: Form, reading: Reading) -> list[Form]:
    return [read_pipeline(form, branch, reading) for branch in step.branches]


def _pooled(form: Form, windows: Sequence[Window]) -> Form:
    def pool(term: Term) -> Term:
        for axis, window in enumerate(windows):
            term = slide(term, 1 + axis, window, Leg(window.kernel))
        return term

    return form.each(pool, [form.shape[0], *(window.output for window in windows)])
