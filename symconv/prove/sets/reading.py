"""What steps mean at all sizes: forms whose tables are formulas in the named sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import singledispatch
from typing import Any

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.errors import ClaimError, MalformedError, SymconvError, TooLarge
from symconv.machine.budget import running
from symconv.prove.sets.axes import AxisMap, gather, pad_map, slice_map, tile_map
from symconv.prove.sets.formulas import Form, Leg, Size, constant_form, product, simple, split
from symconv.prove.sets.pools import divided, pooled
from symconv.prove.sets.scales import scaled
from symconv.prove.sets.swapped import convolved_as_kernel
from symconv.prove.sets.text import to_isl
from symconv.prove.sets.windows import convolved, pads_of
from symconv.relation.axes import axis_of, distinct_axes, permutation
from symconv.relation.gather import split_bounds
from symconv.relation.meaning import numbers
from symconv.size.numbers import read_number

WeightReader = Callable[[str, bool], Form]


class NotForAllSizes(ClaimError):
    """A step that has a meaning, but none that is read for all sizes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """In which monoid steps are read, and where a weight's form comes from."""

    maximum: bool
    weight: WeightReader


def read_pipeline(form: Form, steps: Sequence[st.Step], reading: Reading) -> Form:
    """The form after all steps; a fault names the step's place and word."""
    spent = running()
    for place, step in enumerate(steps):
        spent.check_time()
        try:
            form = apply(step, form, reading)
        except SymconvError as fault:
            shape = ", ".join(map(_told, form.shape))
            raise type(fault)(f"step {place} ({step.op}) on shape [{shape}]: {fault}") from None
        if len(form.terms) > MOST_TERMS:
            raise TooLarge(f"a sum has {len(form.terms)} terms, at most {MOST_TERMS}")
    return form


MOST_TERMS = 256
"""Each is a formula of its own, and one step may double their number."""


MOST_TOLD = 24
"""Characters of a size in a message; a longer one is isl's way of writing what nobody reads."""


def _told(size: Size) -> str:
    text = str(size)
    return text if len(text) <= MOST_TOLD else "..."


@singledispatch
def apply(step: st.Step, form: Form, reading: Reading) -> Form:
    """The form after one step."""
    raise NotForAllSizes(f"step {step.op!r} is not read for all sizes")


def as_isl(value: Any) -> Size:
    """A number or an expression of a step, in isl's syntax."""
    if type(value) is int:
        return value
    if isinstance(value, str):
        return to_isl(value)
    raise ClaimError(f"expected an integer or a size expression, got {value!r}")


def _entries(step: st.Step, name: str, form: Form) -> Sequence[Any]:
    values = getattr(step, name)
    if not isinstance(values, tuple) or len(values) != len(form.shape):
        raise ClaimError(f"{name} must have {len(form.shape)} entries, one an axis, got {values!r}")
    return values


def _gathered(form: Form, maps: Sequence[AxisMap | None], fill: Fraction | None) -> Form:
    """Every axis read through its map; where a map reads nothing stands the fill."""
    shape = [n if m is None else m.size for n, m in zip(form.shape, maps, strict=True)]
    conditions = [c for m in maps if m is not None for c in m.domain]
    active = [(axis, m) for axis, m in enumerate(maps) if m is not None]

    def read(term: Any) -> Any:
        for axis, m in active:
            term = gather(term, axis, m)
        return term

    result = form.each(read, shape, *conditions)
    holes = [(axis, m) for axis, m in active if m.leaves_holes]
    if not holes:
        return result
    background = constant_form(fill, shape, form.maximum)
    return replace(result, terms=(*result.terms, *_fills(background, holes, form.maximum)))


def _fills(background: Form, holes: Sequence[tuple[int, AxisMap]], maximum: bool) -> list[Any]:
    if maximum:
        return [m.outside(term, axis) for term in background.terms for axis, m in holes]
    terms = list(background.terms)
    for term in background.terms:
        inside = replace(term, scalar=-term.scalar)
        for axis, m in holes:
            inside = m.inside(inside, axis)
        terms.append(inside)
    return terms


@apply.register
def _(step: st.Rearrange, form: Form, reading: Reading) -> Form:
    pattern = read_pattern(step.pattern)
    sizes, conditions = _factor_sizes(pattern, form.shape, dict(step.sizes))

    def rearranged(term: Any) -> Any:
        legs: dict[str, Any] = {}
        for axis, group in enumerate(pattern.left):
            term, digits = split(term, axis, [sizes[name] for name in group])
            legs |= dict(zip(group, digits, strict=True))
        merged = (tuple(leg for name in group for leg in legs[name]) for group in pattern.right)
        return replace(term, out=tuple(merged))

    shape = [product([sizes[name] for name in group]) for group in pattern.right]
    return form.each(rearranged, shape, *conditions)


def _factor_sizes(
    pattern: Any, shape: Sequence[Size], given: dict[str, int]
) -> tuple[dict[str, Size], list[str]]:
    """Sizes of all factors, and where a named axis must divide."""
    numeric = [n if isinstance(n, int) else 0 for n in shape]
    sizes: dict[str, Size] = dict(given)
    conditions: list[str] = []
    if len(shape) != len(pattern.left):
        pattern.factor_sizes(numeric, given)
    for axis, group in enumerate(pattern.left):
        size = shape[axis]
        if isinstance(size, int):
            sizes |= pattern.solve_axis(axis, size, group, given)
            continue
        open_factors = [name for name in group if name not in given]
        known = product([given[name] for name in group if name in given])
        if len(open_factors) > 1:
            raise ClaimError(
                f"pattern {pattern.text!r}, axis {axis}: the sizes of {', '.join(open_factors)} "
                "are not given; give all but one"
            )
        if not open_factors:
            conditions.append(f"{size} = {known}")
        elif known == 1:
            sizes[open_factors[0]] = size
        else:
            sizes[open_factors[0]] = simple(f"floor(({size})/{known})")
            conditions.append(f"({size}) mod {known} = 0")
    return sizes, conditions


@apply.register
def _(step: st.Pad, form: Form, reading: Reading) -> Form:
    fill = read_number(step.value)
    if fill is None and not form.maximum:
        raise ClaimError("the value '-inf' has a meaning only in a pipeline with a max pooling")
    maps = []
    for size, pair in zip(form.shape, _entries(step, "padding", form), strict=True):
        lo, hi = (as_isl(end) for end in pair)
        maps.append(None if (lo, hi) == (0, 0) else pad_map(size, lo, hi, step.mode))
    return _gathered(form, maps, fill)


@apply.register
def _(step: st.Slice, form: Form, reading: Reading) -> Form:
    maps = []
    for size, part in zip(form.shape, _entries(step, "slices", form), strict=True):
        ends = [None if end is None else as_isl(end) for end in part]
        if len(ends) != 3:
            raise MalformedError(f"each slice must be [start, stop, step], got {part!r}")
        maps.append(None if ends == [None] * 3 else slice_map(size, *ends))
    return _gathered(form, maps, None)


@apply.register
def _(step: st.Flip, form: Form, reading: Reading) -> Form:
    axes = distinct_axes(step.axes, len(form.shape))
    maps = [
        AxisMap(n, n, f"{{old}} = {n} - 1 - {{new}}") if a in axes else None
        for a, n in enumerate(form.shape)
    ]
    return _gathered(form, maps, None)


@apply.register
def _(step: st.Dilate, form: Form, reading: Reading) -> Form:
    maps = []
    for size, factor in zip(form.shape, _entries(step, "dilation", form), strict=True):
        if type(factor) is not int or factor < 1:
            raise ClaimError(f"dilate needs integers of at least 1, got {factor!r}")
        spread: Size = (
            factor * (size - 1) + 1 if isinstance(size, int) else f"({factor}*({size} - 1) + 1)"
        )
        relation = f"{{new}} = {factor}*{{old}}"
        maps.append(None if factor == 1 else AxisMap(size, spread, relation, (), True))
    return _gathered(form, maps, Fraction(0))


@apply.register
def _(step: st.Tile, form: Form, reading: Reading) -> Form:
    repeats = _entries(step, "repeats", form)
    if not all(type(repeat) is int and repeat >= 1 for repeat in repeats):
        raise ClaimError(f"repeats must be integers of at least 1, got {step.repeats!r}")
    maps = [None if r == 1 else tile_map(n, r) for n, r in zip(form.shape, repeats, strict=True)]
    return _gathered(form, maps, None)


@apply.register
def _(step: st.Split, form: Form, reading: Reading) -> Form:
    axis = axis_of(step.axis, len(form.shape))
    size = form.shape[axis]
    if isinstance(size, int):
        first, end = split_bounds(step.sizes, step.part, axis, size)
        conditions: list[str] = []
    else:
        first, end, conditions = _open_split(step, size)
    maps = [slice_map(n, first, end, 1) if a == axis else None for a, n in enumerate(form.shape)]
    result = _gathered(form, maps, None)
    return replace(result, domain=(*result.domain, *conditions))


def _open_split(step: st.Split, size: str) -> tuple[int, int, list[str]]:
    """First and end position of a part of an axis of named size, and where it exists."""
    sizes, part = step.sizes, step.part
    if isinstance(sizes, tuple):
        first, end = split_bounds(sizes, part, step.axis, sum(sizes))
        return first, end, [f"{size} = {sum(sizes)}"]
    if type(sizes) is not int or type(part) is not int or min(sizes - 1, part) < 0:
        raise ClaimError(
            f"split's sizes must be positive and its part at least 0, got {sizes!r}, {part!r}"
        )
    return sizes * part, sizes * (part + 1), [f"{size} > {sizes * part}"]


@apply.register
def _(step: st.Transpose, form: Form, reading: Reading) -> Form:
    order = permutation(step.axes, len(form.shape))
    shape = [form.shape[axis] for axis in order]
    return form.each(lambda t: replace(t, out=tuple(t.out[a] for a in order)), shape)


@apply.register
def _(step: st.Add, form: Form, reading: Reading) -> Form:
    if reading.maximum:
        raise NotForAllSizes("a sum is not read together with a max pooling")
    forms = [read_pipeline(form, branch, reading) for branch in step.branches]
    _require_equal_ranks(forms)
    same = [
        f"{a} = {b}" for other in forms[1:]
        for a, b in zip(forms[0].shape, other.shape, strict=True) if a != b
    ]  # fmt: skip
    terms = tuple(term for other in forms for term in other.terms)
    domain = tuple(c for other in forms for c in other.domain)
    return Form(forms[0].shape, terms, form.maximum, (*domain, *same))


@apply.register
def _(step: st.Concat, form: Form, reading: Reading) -> Form:
    forms = [read_pipeline(form, branch, reading) for branch in step.branches]
    _require_equal_ranks(forms)
    axis = axis_of(step.axis, len(forms[0].shape))
    total = _sum([other.shape[axis] for other in forms])
    terms: list[Any] = []
    before: list[Size] = []
    for other in forms:
        first = _sum(before)
        place = AxisMap(other.shape[axis], total, f"{{new}} = {{old}} + {first}", (), True)
        terms += [gather(term, axis, place) for term in other.terms]
        before.append(other.shape[axis])
    conditions = [
        f"{a} = {b}" for other in forms[1:]
        for n, (a, b) in enumerate(zip(forms[0].shape, other.shape, strict=True))
        if n != axis and a != b
    ]  # fmt: skip
    shape = (*forms[0].shape[:axis], total, *forms[0].shape[axis + 1 :])
    domain = tuple(c for other in forms for c in other.domain)
    return Form(shape, tuple(terms), form.maximum, (*domain, *conditions))


def _require_equal_ranks(forms: Sequence[Form]) -> None:
    ranks = sorted({len(form.shape) for form in forms})
    if len(ranks) > 1:
        raise ClaimError(f"the branches must have equally many axes, got {ranks}")


def _sum(sizes: Sequence[Size]) -> Size:
    numbers = [size for size in sizes if isinstance(size, int)]
    if len(numbers) == len(sizes):
        return sum(numbers)
    return f"({' + '.join(map(str, sizes))})"


@apply.register
def _(step: st.ConvStep, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=False)
    weight = reading.weight(step.weight, False)
    value = read_number(step.padding_value)
    if value is None:
        raise ClaimError(f"padding_value: expected a finite number, got {step.padding_value!r}")
    if step.padding_mode != "zeros" or value != 0:
        form, step = _padded(step, form, weight), replace(step, padding=0)
    return _biased(convolved(step, form, weight), step.bias, reading)


def _padded(step: st.ConvStep, form: Form, weight: Form) -> Form:
    """The tensor behind a pad of another mode or value."""
    pads = pads_of(step, form.shape[1:], weight.shape[2:])
    maps = [
        None if (lo, hi) == (0, 0) else pad_map(n, lo, hi, step.padding_mode)
        for n, (lo, hi) in zip(form.shape[1:], pads, strict=True)
    ]
    return _gathered(form, [None, *maps], read_number(step.padding_value))


@apply.register
def _(step: st.ConvTransposeStep, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=False)
    weight = reading.weight(step.weight, False)
    return _biased(convolved(step, form, weight), step.bias, reading)


@apply.register
def _(step: st.KernelConvStep, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=False)
    return convolved_as_kernel(step, form, reading.weight(step.weight, False))


@apply.register
def _(step: st.MaxConvStep, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=True)
    weight = reading.weight(step.weight, True)
    if any(term.tensors for term in weight.terms):
        raise ClaimError(
            f"max_conv needs a weight derived from a constant, {step.weight!r} is free"
        )
    if len(weight.terms) > 1 and any(term.scalar < 0 for term in weight.terms):
        # Where a negative constant meets a zero, the zero is the greater.
        raise NotForAllSizes("a weight that is a maximum of negative constants is not read")
    live = tuple(replace(t, scalar=Fraction(1)) for t in weight.terms if t.scalar != 0)
    return convolved(step, form, replace(weight, terms=live))


@apply.register
def _(step: st.MaxPoolStep, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=True)
    return pooled(step, form)


@apply.register
def _(step: st.AvgPoolStep, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=False)
    return pooled(step, form)


@apply.register
def _(step: st.Scale, form: Form, reading: Reading) -> Form:
    return _scaled(step, "factors", form, reading)


@apply.register
def _(step: st.Mask, form: Form, reading: Reading) -> Form:
    return _scaled(step, "keep", form, reading)


def _scaled(step: st.Step, name: str, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=False)
    rows = (None if row is None else numbers(row) for row in _entries(step, name, form))
    return scaled(form, list(rows))


@apply.register
def _(step: st.Divide, form: Form, reading: Reading) -> Form:
    _require(reading, maximum=False)
    return divided(step, form)


def _require(reading: Reading, *, maximum: bool) -> None:
    if reading.maximum != maximum:
        raise NotForAllSizes("sums and maxima are not read together for all sizes")


def _biased(form: Form, name: str | None, reading: Reading) -> Form:
    if name is None:
        return form
    bias = reading.weight(name, False)
    if bias.shape != form.shape[:1]:
        raise ClaimError(f"bias {name!r} must have shape [{form.shape[0]}], got {list(bias.shape)}")
    terms = [replace(t, out=(*t.out, *((Leg(n),) for n in form.shape[1:]))) for t in bias.terms]
    return replace(form, terms=(*form.terms, *terms))
