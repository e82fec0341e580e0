"""The theorem on one axis, as steps that a report prints and checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.expand import AxisExpansion, Expansion
from symconv.layer import Conv
from symconv.layer.window import BOTTOM, Window, boundary_index
from symconv.report.derivation import Axis, Checked, Equal, Shown, Step, Within, checked, symbols
from symconv.report.formula import Ceiling, Expression, Floor, Group, Number, Values

L = symbols()
s, d, u, t, lo, o, k, i, p, q, r, j = (L[n] for n in ("s", "d", "u", "t", "lo", *"okipqrj"))
E_in, E_out, N, K = (L[n] for n in ("E_in", "E_out", "N", "K"))
all_outputs, low_pad, high_pad, taps, samples = (L[n] for n in ("O", "lo'", "hi'", "K'", "N'"))
first, last = L["q_min"], L["q_max"]


def derive(expansion: Expansion, number: int) -> tuple[Shown, ...]:
    """The checked derivation of one axis of an expansion.

    Raises:
        DerivationError: a displayed step fails at some output and tap.

    Source: Kong and Lucey 2017, section 3; the general equation follows from Vaidyanathan 1993,
    chapter 4.
    """
    axis = Axis(expansion.axes[number])
    outer = expansion.original.windows(expansion.input_size)[number]
    boundary = [boundary_step(expansion, outer)] if outer != axis.expansion.window else []
    return checked([*boundary, *steps(axis.expansion, expansion.original.monoid)], axis)


def steps(axis: AxisExpansion, monoid: str = "sum") -> tuple[Step, ...]:
    """The steps of one axis, not yet checked."""
    tap: Expression = Group(K - 1 - k) if axis.window.reversal else k
    live = (_live(tap),) if axis.window.base_dilation > 1 else ()
    return (
        _position(tap),
        _split(tap),
        *live,
        _divide(tap),
        _reads(tap),
        _kernel(monoid),
        _sum(monoid),
        _pads(),
    )


def boundary_step(expansion: Expansion, outer: Window) -> Step:
    """Padding of another mode than zeros: a gather of its own, in front of the convolution."""
    layer = expansion.original
    mode = layer.padding_mode if isinstance(layer, Conv) else "zeros"
    positions = np.arange(-outer.lo, outer.size + outer.hi)
    gather = boundary_index(positions, outer.size, outer.lo, outer.hi, mode)

    def holds(axis: Axis) -> Any:
        inner = axis.expansion.window.table()
        through = np.where(inner == BOTTOM, BOTTOM, gather[inner])
        return (through == outer.table()).ravel()

    return Step(
        "The boundary is a gather",
        "Padding by another rule than zeros is an operator of its own, $G$, applied first; what "
        "follows is about the padded signal $Gx$, whose own padding is none.",
        (Checked(lambda _: r"A(o,k) = g\bigl(A_{\mathrm{valid}}(o,k)\bigr)", holds),),
    )


def _position(tap: Expression) -> Step:
    v = s * o + d * tap - lo

    def holds(axis: Axis) -> Any:
        w, at = axis.expansion.window, axis.every
        where, hole = np.divmod(v.evaluate(at), at["u"])
        inside = (hole == 0) & (where >= 0) & (where < w.size)
        return np.where(inside, where, BOTTOM) == w.table()[at["o"], at["k"]]

    def table(numbers: Values | None) -> str:
        divisor, size = u.latex(numbers), N.latex(numbers)
        condition = rf"0 \le v/{divisor} < {size}"
        value = f"v/{divisor}"
        if numbers and numbers["u"] == 1:
            value, condition = "v", rf"0 \le v < {size}"
        elif not numbers or numbers["u"] > 1:
            condition = rf"{divisor} \mid v,\ {condition}"
        return rf"A(o,k) = {value} \text{{ if }} {condition}, \text{{ else }} \bot"

    return Step(
        "Where an output reads",
        "Output $o$ meets tap $k$ at position $v$ of the signal with $u-1$ zeros between its "
        "samples; a position that holds no sample is a structural zero, $\\bot$.",
        (Equal((v,), "v", "every"), Checked(table, holds)),
    )


def _split(tap: Expression) -> Step:
    rest = Group(s * p + d * tap - lo)
    return Step(
        "Split the output index",
        "Write $o$ as phase $p$ and coarse position $i$; the coarse part moves the position by a "
        "multiple of $uE_{\\mathrm{in}}$, because $E_{\\mathrm{in}}\\,u\\,t = "
        "E_{\\mathrm{out}}\\,s$.",
        (
            Equal((o, E_out * i + p), domain="every"),
            Equal((E_in * u * t, E_out * s), domain="numbers"),
            Equal((s * (E_out * i + p) + d * tap - lo, E_in * u * t * i + rest), "v", "every"),
        ),
    )


def _live(tap: Expression) -> Step:
    v = s * p + d * tap - lo

    def holds(axis: Axis) -> Any:
        at = axis.every
        fine = s.evaluate(at) * at["o"] + d.evaluate(at) * tap.evaluate(at) - at["lo"]
        return ((fine % at["u"]) == 0) == at["live"]

    def divides(numbers: Values | None) -> str:
        divisor = u.latex(numbers)
        return rf"{divisor} \mid v \;\iff\; {divisor} \mid {v.latex(numbers)}"

    return Step(
        "Which taps are live",
        "Whether a position holds a sample depends on the phase and the tap alone: a tap is live "
        "in some output phases and silent in the others.",
        (Checked(divides, holds),),
    )


def _divide(tap: Expression) -> Step:
    return Step(
        "Euclidean division",
        "For each output phase and live tap, divide by $E_{\\mathrm{in}}$: the remainder is the "
        "input phase $r$, the quotient the coarse shift $q$ (which may be negative).",
        (
            Equal((s * p + d * tap - lo, u * Group(E_in * q + r))),
            Within(Number(0), r, E_in),
        ),
    )


def _reads(tap: Expression) -> Step:
    v = s * o + d * tap - lo

    def holds(axis: Axis) -> Any:
        at, size = axis.live, axis.expansion.window.size
        coarse = at["t"] * at["i"] + at["q"]
        fine = at["E_in"] * coarse + at["r"]
        within = (coarse >= 0) & (coarse < axis.expansion.coarse_input)
        return ((fine >= 0) & (fine < size)) == (within & (fine < size))

    return Step(
        "What the output reads of the phases",
        "Phase $r$ of the input is $X_{r,j} = x_{E_{\\mathrm{in}}j+r}$, zero past the end of the "
        "signal. So the read stays in phase $r$ and moves with $i$ at stride $t$.",
        (
            Equal((v, u * Group(E_in * Group(t * i + q) + r)), "v"),
            Checked(
                lambda n: (
                    rf"0 \le {(E_in * j + r).latex(n)} < {N.latex(n)} \;\iff\; 0 \le j < "
                    rf"{samples.latex(n)} \text{{ and }} j \text{{ is not past the end}}"
                ),
                holds,
            ),
        ),
    )


def _kernel(monoid: str) -> Step:
    def holds(axis: Axis) -> Any:
        p, _, r, q = axis.expansion.taps
        slots = np.stack([p, r, q], axis=1)
        return np.unique(slots, axis=0, return_counts=True)[1] == 1

    value = "1" if monoid == "max" else "w_k"
    what = rf"{value} \text{{ if }} k \mapsto (r,q) \text{{ under }} p, \text{{ else }} 0"
    return Step(
        "The expanded kernel",
        "Different taps of one output phase land in different slots, so that each slot holds one "
        "parameter or a structural zero.",
        (Checked(lambda _: rf"\hat w_{{p,r,q}} = {what}", holds),),
    )


def _sum(monoid: str) -> Step:
    def holds(axis: Axis) -> Any:
        return (axis.reads() == axis.expansion.window.table()).ravel()

    def text(n: Values | None) -> str:
        coarse, fine = (t * i + q).latex(n), (E_out * i + p).latex(n)
        if monoid == "max":
            live = r"\hat w_{p,r,q} = 1"
            return rf"y_{{{fine}}} = \max_k x_{{A(o,k)}} = \max_{{{live}}} X_{{r,\,{coarse}}}"
        phases = rf"\sum_{{0 \le r < {E_in.latex(n)}}}"
        shifts = rf"\sum_{{{first.latex(n)} \le q \le {last.latex(n)}}}"
        strided = rf"y_{{{fine}}} = \sum_k w_k\, x_{{A(o,k)}}"
        return rf"{strided} = {phases} {shifts} \hat w_{{p,r,q}}\, X_{{r,\,{coarse}}}"

    words = "maximum" if monoid == "max" else "sum"
    return Step(
        f"Re-index the {words}",
        f"The {words} over taps becomes a {words} over input phases and shifts: both sides read "
        "the same input through the same parameter at every output.",
        (Checked(text, holds),),
    )


def _pads() -> Step:
    def covered(axis: Axis) -> Any:
        at = axis.live
        coarse = at["t"] * at["i"] + at["q"]
        return (coarse >= -at["lo'"]) & (coarse < at["N'"] + at["hi'"])

    def text(n: Values | None) -> str:
        low, end = (-low_pad).latex(n), (samples + high_pad).latex(n)
        return rf"{low} \le {(t * i + q).latex(n)} < {end}"

    return Step(
        "Taps and pads",
        "The shifts run from $q_{\\min}$ to $q_{\\max}$; the expanded layer pads by "
        "$\\mathit{lo}'$ and $\\mathit{hi}'$ (a negative pad crops), and has as many outputs as a "
        "phase of $y$ has samples.",
        (
            Equal((taps, last - first + 1), "K'", "numbers"),
            Equal((low_pad, -first), r"\mathit{lo}'", "numbers"),
            Equal(
                (
                    high_pad,
                    t * Group(Ceiling(all_outputs, E_out) - 1) + last - Group(Ceiling(N, E_in) - 1),
                ),
                r"\mathit{hi}'",
                "numbers",
            ),
            Equal(
                (Floor(samples + low_pad + high_pad - taps, t) + 1, Ceiling(all_outputs, E_out)),
                "O'",
                "numbers",
            ),
            Checked(text, covered),
        ),
    )
