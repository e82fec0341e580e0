"""Convolutions of forms: data with a weight, and a weight with the data as its kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from symconv.claim import steps as st
from symconv.errors import ClaimError, MalformedError
from symconv.layer import Conv
from symconv.layer.window import Window
from symconv.relation import gather as maps
from symconv.relation.form import Form, gather_axes
from symconv.relation.product import convolve, convolve_as_kernel


def check_weight(form: Form, weight: Form, name: str) -> None:
    """Refuse a weight of another rank than the data.

    Raises:
        ClaimError: it has not two axes beside the spatial ones.
    """
    if len(weight.shape) != len(form.shape) + 1:
        raise MalformedError(
            f"weight {name!r} of shape {list(weight.shape)} must have {len(form.shape) + 1} axes"
        )


def check_channels(form: Form, expected: int, name: str, weight: Form) -> None:
    """Refuse data of other channels than the weight reads.

    Raises:
        ClaimError: the numbers differ.
    """
    if form.shape[0] != expected:
        raise ClaimError(
            f"weight {name!r} of shape {list(weight.shape)} reads {expected} channels, "
            f"the data has {form.shape[0]}"
        )


def pad_first(
    form: Form, windows: Sequence[Window], value: Fraction | None
) -> tuple[Form, Sequence[Window]]:
    """Move pads that read something else than zero out of the windows, as a gather in front."""
    if value == 0 and all(window.mode == "zeros" for window in windows):
        return form, windows
    index = [None, *(maps.pad(w.size, w.lo, w.hi, w.mode) for w in windows)]
    return gather_axes(form, index, value), [without_pads(w) for w in windows]


def without_pads(window: Window) -> Window:
    """The same window on the signal that has been padded already."""
    return replace(window, size=window.padded_size, lo=0, hi=0, mode="zeros")


def convolved(
    form: Form, weight: Form, windows: Sequence[Window], groups: int, transposed: bool
) -> Form:
    """Data ``(C, *N)`` times weight, summed over channels and taps, term by term."""
    terms = [
        convolve(x, w, windows, groups, transposed, form.monoid)
        for x in form.terms
        for w in weight.terms
    ]
    out = weight.shape[1] * groups if transposed else weight.shape[0]
    return replace(form, shape=(out, *(w.output for w in windows)), terms=tuple(terms))


def convolved_as_kernel(step: st.KernelConvStep, form: Form, weight: Form) -> Form:
    """The weight ``(M, C, *K)`` convolved with the form ``(C, *N)``, as `KernelConvStep` says.

    The windows are those of a convolution whose signal has size ``K`` and whose kernel has ``N``
    taps.

    Raises:
        ClaimError: the weight has other axes or channels.
        LayerError: a stride, pad or dilation that a convolution would refuse, or no output.
    """
    check_weight(form, weight, step.weight)
    check_channels(form, weight.shape[1], step.weight, weight)
    channels, *taps = form.shape
    layer = Conv(channels, 1, tuple(taps), step.stride, step.padding, step.dilation, bias=False)
    windows = layer.windows(weight.shape[2:])
    terms = [convolve_as_kernel(x, w, windows) for x in form.terms for w in weight.terms]
    shape = (weight.shape[0], *(window.output for window in windows))
    return replace(form, shape=shape, terms=tuple(terms))
