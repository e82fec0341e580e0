"""Poolings at all sizes: a maximum, or a mean whose divisor may depend on the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symconv import steps as st
from symconv.errors import ClaimError
from symconv.prove.sets.formulas import Form, Leg, Size, Term, single
from symconv.prove.sets.windows import Window, entries, windows_of

PieceList = list[tuple[Fraction, str]]


def pooled(step: st.MaxPoolStep | st.AvgPoolStep, form: Form) -> Form:
    """Each channel's windows: their maximum, or their sum over the samples that each counts.

    Raises:
        ClaimError: PyTorch refuses the pooling, or it does not fit the tensor.
    """
    rank = len(form.shape) - 1
    kernel = entries(step.kernel_size, rank, "kernel_size")
    plain = windows_of(step, form.shape[1:], kernel)
    windows = [replace(window, ceil=step.ceil_mode) for window in plain]

    def pool(term: Term) -> Term:
        for axis, window in enumerate(windows):
            term, read = single(term, 1 + axis)
            out, tap = Leg(window.output), Leg(window.kernel)
            term = term.with_table(window.table(out, tap, read), out, tap, read)
            term = _divided(step, term, window, out).with_axis(1 + axis, (out,))
        return term

    shape = [form.shape[0], *(window.output for window in windows)]
    legal = [condition for window in windows for condition in window.domain]
    return form.each(pool, shape, *legal, *_accepted(step, windows))


def _accepted(step: Any, windows: Sequence[Window]) -> list[str]:
    """What PyTorch accepts: pads up to half of the kernel; in 3-D, a mean of a whole kernel."""
    found = []
    for window in windows:
        most = int(window.kernel) // 2
        for end in (window.lo, window.hi) if not isinstance(step.padding, str) else ():
            if isinstance(end, str):
                found.append(f"({end}) <= {most}")
            elif end > most:
                raise ClaimError(
                    f"a pooling pads at most half of its kernel ({most} of {window.kernel}), "
                    f"got {end}"
                )
        if isinstance(step, st.AvgPoolStep) and len(windows) == 3:
            found.append(f"{window.size} >= {window.kernel}")
    return found


def _divided(step: Any, term: Term, window: Window, out: Leg) -> Term:
    """The term over the number of samples that its window counts on one axis."""
    if isinstance(step, st.MaxPoolStep):
        return term
    taps = int(window.kernel)
    if not step.ceil_mode and (step.count_include_pad or _never_pads(window)):
        return replace(term, scalar=term.scalar / taps)
    count = _count(step, window, out)
    pieces = [(Fraction(1, n), f"{count} = {n}") for n in range(1, taps + 1)]
    return term.with_factor(pieces, out)


def _never_pads(window: Window) -> bool:
    return all(isinstance(end, int) and end <= 0 for end in (window.lo, window.hi))


def _count(step: st.AvgPoolStep, window: Window, out: Leg) -> str:
    """Samples of a window inside the input, its pads included or not."""
    start = f"{window.stride}*{out.name} - ({window.lo})"
    first: Size = f"-({window.lo})"
    end: Size = f"{window.size} + ({window.hi})"
    if not step.count_include_pad:
        first, end = f"max({first}, 0)", f"min({end}, {window.size})"
    return f"(min({start} + {window.kernel}, {end}) - max({start}, {first}))"
