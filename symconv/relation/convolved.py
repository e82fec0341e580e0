"""Convolutions of forms: data with a weight, and a weight with the data as its kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from symconv.errors import ClaimError, MalformedError
from symconv.layer.window import Window
from symconv.relation import maps
from symconv.relation.digits import numbers
from symconv.relation.form import Domain, Form, gather_axes
from symconv.relation.indices import Leg
from symconv.relation.product import convolve, convolve_as_kernel, pool
from symconv.size.expr import Size
from symconv.size.text import Condition


def check_weight(form: Form, weight: Form, name: str) -> None:
    """Refuse a weight of another rank than the data.

    Raises:
        MalformedError: it has not two axes beside the spatial ones.
    """
    if len(weight.shape) != len(form.shape) + 1:
        raise MalformedError(
            f"weight {name!r} of shape {_told(weight)} must have {len(form.shape) + 1} axes"
        )


def check_channels(form: Form, expected: Size, name: str, weight: Form) -> None:
    """Refuse data of other channels than the weight reads.

    Raises:
        ClaimError: the numbers differ.
    """
    if form.shape[0] != expected:
        raise ClaimError(
            f"weight {name!r} of shape {_told(weight)} reads {expected} channels, "
            f"the data has {form.shape[0]}"
        )


def _told(form: Form) -> str:
    return f"[{', '.join(map(str, form.shape))}]"


def pad_first(
    form: Form, windows: Sequence[Window], value: Fraction | None
) -> tuple[Form, Sequence[Window]]:
    """Move pads that read something else than zero out of the windows, as a gather in front."""
    if value == 0 and all(window.mode == "zeros" for window in windows):
        return form, windows
    index = [
        None if w.lo == 0 and w.hi == 0 else maps.pad(w.size, w.lo, w.hi, w.mode) for w in windows
    ]
    return gather_axes(form, [None, *index], value), [without_pads(w) for w in windows]


def without_pads(window: Window) -> Window:
    """The same window on the signal that has been padded already."""
    return replace(window, size=window.padded_size, lo=0, hi=0, mode="zeros")


def domain_of(windows: Sequence[Window]) -> list[Condition]:
    """What must hold of named sizes for the windows to make sense."""
    named = (window for window in windows if window.names)
    return [requirement.condition for window in named for requirement in window.requirements]


def convolved(
    form: Form, weight: Form, windows: Sequence[Window], groups: int, transposed: bool
) -> Form:
    """Data ``(C, *N)`` times weight, summed over channels and taps, term by term."""
    channels, lead, second = numbers([form.shape[0], *weight.shape[:2]])
    per_group = (channels // groups, lead // groups, groups)
    terms = [
        convolve(x, w, windows, per_group, transposed, form.monoid)
        for x in form.terms
        for w in weight.terms
    ]
    out = second * groups if transposed else lead
    shape = (out, *(window.output for window in windows))
    return Form(shape, tuple(terms), form.monoid, _domain(form, weight, windows))


def convolved_as_kernel(form: Form, weight: Form, windows: Sequence[Window]) -> Form:
    """The weight ``(M, C, *K)`` convolved with the form ``(C, *N)`` as its kernel, term by term.

    The windows are those of a convolution whose signal has size ``K`` and whose kernel has ``N``
    taps.
    """
    terms = [convolve_as_kernel(x, w, windows) for x in form.terms for w in weight.terms]
    shape = (weight.shape[0], *(window.output for window in windows))
    return Form(shape, tuple(terms), form.monoid, _domain(form, weight, windows))


def _domain(form: Form, weight: Form, windows: Sequence[Window]) -> Domain:
    return (*form.domain, *weight.domain, *domain_of(windows))


def pooled(form: Form, windows: Sequence[Window]) -> Form:
    """Every channel's windows: the sum (or maximum) of what they read."""
    shape = [form.shape[0], *(window.output for window in windows)]
    return form.each(lambda term: pool(term, windows), shape, domain_of(windows))


def biased(form: Form, bias: Form, name: str) -> Form:
    """The form plus one number per channel.

    Raises:
        ClaimError: the bias has another shape.
    """
    if bias.shape != form.shape[:1]:
        raise ClaimError(f"bias {name!r} must have shape [{form.shape[0]}], got {_told(bias)}")
    spread = tuple((Leg(size),) for size in form.shape[1:])
    terms = [term.with_out(term.out + spread) for term in bias.terms]
    return form.with_terms((*form.terms, *terms)).where(bias.domain)
