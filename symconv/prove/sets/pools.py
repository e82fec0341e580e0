"""Poolings at all sizes: a maximum, or a mean whose divisor may depend on the place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symconv.claim import steps as st
from symconv.errors import ClaimError, TooLarge
from symconv.prove.sets.formulas import Form, Leg, Size, Term, greatest, single
from symconv.prove.sets.text import to_isl
from symconv.prove.sets.windows import Window, counts, windows_of

MOST_COUNTS = 64
"""The greatest count of an axis that is read."""


def pooled(step: st.MaxPoolStep | st.AvgPoolStep, form: Form) -> Form:
    """Each channel's windows: their maximum, or their sum over the samples that each counts.

    Raises:
        ClaimError: PyTorch refuses the pooling, or it does not fit the tensor.
    """
    rank = len(form.shape) - 1
    kernel = counts(step.kernel_size, rank, "kernel_size")
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
    if taps > MOST_COUNTS:
        raise TooLarge(
            f"divisors of up to {taps} are not read for all sizes, at most {MOST_COUNTS}"
        )
    count = _count(step, window, out)
    pieces = [(Fraction(1, n), f"{count} = {n}") for n in range(1, taps + 1)]
    return term.with_factor(pieces, out)


def divided(step: st.Divide, form: Form) -> Form:
    """Every axis over the count of its position; the counts must be bounded.

    Raises:
        ClaimError: the counts do not fit the tensor.
        TooLarge: one exceeds `MOST_COUNTS`.
    """
    rank = len(form.shape)
    if len(step.counts) != rank:
        raise ClaimError(f"divide needs {rank} entries, one an axis, got {len(step.counts)}")
    entries = enumerate(step.counts)
    given = [(axis, to_isl(e[0]), to_isl(e[1])) for axis, e in entries if e is not None]
    conditions = [f"{form.shape[axis]} = {size}" for axis, _, size in given]
    conditions += [f"not exists (i : 0 <= i < {n} and {count} < 1)" for _, count, n in given]
    pieces = {axis: _pieces(count, size) for axis, count, size in given}

    def divide(term: Term) -> Term:
        for axis, values in pieces.items():
            term, leg = single(term, axis)
            named = [(Fraction(1, n), where.replace("@", leg.name)) for n, where in values]
            term = term.with_factor(named, leg)
        return term

    return form.each(divide, form.shape, *conditions)


def _pieces(count: str, size: str) -> list[tuple[int, str]]:
    """The values of a count, and where it has each; ``@`` stands for the position."""
    most = greatest(count, st.POSITION, size)
    if most is None or most > MOST_COUNTS:
        raise TooLarge(f"divide's counts must be at most {MOST_COUNTS} at every size")
    text = re.sub(r"\bi\b", "@", count)
    return [(n, f"{text} = {n}") for n in range(1, most + 1)]


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
