"""A convolution in which the pipeline's tensor is the kernel, at all sizes.

The window slides over the named tensor: its signal has that tensor's size, its taps are the
positions of the pipeline's tensor, and either may be named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from symconv.claim import steps as st
from symconv.errors import ClaimError
from symconv.prove.sets.formulas import Form, Leg, Size, Term, identify, product_of, single
from symconv.prove.sets.text import to_isl
from symconv.prove.sets.windows import Window, counts, entries


def convolved_as_kernel(step: st.KernelConvStep, form: Form, weight: Form) -> Form:
    """``y[m, o] = sum_{c,j} x[c, j] * w[m, c, s*o + d*j - lo]`` for the form ``x``.

    Raises:
        ClaimError: the weight has other axes or channels, or a number of the step is none.
    """
    _check(step, form, weight)
    windows = list(_windows(step, form.shape[1:], weight.shape[2:]))
    terms = tuple(_product(x, w, windows) for x in form.terms for w in weight.terms)
    shape = (weight.shape[0], *(window.output for window in windows))
    fits = [f"{window.output} >= 1" for window in windows]
    return Form(shape, terms, form.maximum, (*form.domain, *weight.domain, *fits))


def _check(step: st.KernelConvStep, form: Form, weight: Form) -> None:
    axes = len(form.shape) + 1
    if len(weight.shape) != axes:
        raise ClaimError(f"weight {step.weight!r} must have {axes} axes, got {weight.shape}")
    channels = (form.shape[0], *weight.shape[:2])
    if not all(isinstance(n, int) for n in channels):
        raise ClaimError(f"channels must be numbers, got {channels}")
    if form.shape[0] != weight.shape[1]:
        raise ClaimError(
            f"weight {step.weight!r} reads {weight.shape[1]} channels, got {form.shape[0]}"
        )


def _windows(
    step: st.KernelConvStep, taps: tuple[Size, ...], data: tuple[Size, ...]
) -> Iterator[Window]:
    rank = len(taps)
    strides, dilations = (
        counts(getattr(step, name), rank, name) for name in ("stride", "dilation")
    )
    pads = entries(step.padding, rank, "padding")
    for n, k, s, d, pad in zip(taps, data, strides, dilations, pads, strict=True):
        lo, hi = map(_size, pad if isinstance(pad, tuple) and len(pad) == 2 else (pad, pad))
        yield Window(size=k, kernel=n, stride=s, lo=lo, hi=hi, dilation=d)


def _size(value: Any) -> Size:
    if type(value) is int:
        return value
    if isinstance(value, str):
        return f"({to_isl(value)})"
    raise ClaimError(f"a pad must be an integer or a size expression, got {value!r}")


def _product(x: Term, w: Term, windows: list[Window]) -> Term:
    """Kernel times data in one term: the data's channels and the outputs stay on its axes."""
    data = len(x.out)
    term = product_of(x, w)
    # Axes now: c, taps..., m, c', spatial...
    term = identify(term, 0, data + 1)
    for axis, window in enumerate(windows):
        term, tap = single(term, 1 + axis)
        term, read = single(term, data + 2 + axis)
        out = Leg(window.output)
        term = term.with_table(window.table(out, tap, read), out, tap, read)
        term = term.with_axis(data + 2 + axis, (out,))
    return term.summed((term.out[data], *term.out[data + 2 :]), maximum=False)
