"""Every step of a derivation holds on true expansions, and stops a report on planted wrong ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.expand import AxisExpansion
from symconv.layer.window import Window
from symconv.report import theorem
from symconv.report.derivation import Axis, DerivationError, Equal, Step, checked, symbols
from symconv.report.formula import Ceiling, Expression, Floor, Group, Number, Symbol
from symconv.report.theorem import derive, steps
from tests.report.examples import EXPANSIONS, STEM

L = symbols()
AXIS = STEM.axes[0]


@st.composite
def axes(draw: Any) -> AxisExpansion:
    """Any axis: ``E_in * u * t == E_out * s``, with ``E_in = a*s`` and ``E_out = a*u*t``."""
    a, s, u, t = (draw(st.integers(1, 3)) for _ in "asut")
    window = Window(
        size=draw(st.integers(6, 20)),
        kernel=draw(st.integers(1, 5)),
        stride=s,
        lo=draw(st.integers(-2, 5)),
        hi=draw(st.integers(8, 12)),
        dilation=draw(st.integers(1, 3)),
        base_dilation=u,
        reversal=draw(st.booleans()),
    )
    return AxisExpansion(window, a * s, a * u * t, t)


@given(axes(), st.sampled_from(["sum", "max"]))
def test_every_step_holds_on_every_axis(axis: AxisExpansion, monoid: str) -> None:
    shown = checked(steps(axis, monoid), Axis(axis))
    assert len(shown) == (8 if axis.window.base_dilation > 1 else 7)
    assert all(step.general for step in shown)
    assert sum(step.compared for step in shown) >= 2 * axis.window.output * axis.window.kernel


@pytest.mark.parametrize("name", EXPANSIONS)
def test_every_axis_of_every_kind_of_layer(name: str) -> None:
    expansion = EXPANSIONS[name]
    for number in range(len(expansion.axes)):
        assert derive(expansion, number)


def test_the_stem_with_its_numbers() -> None:
    shown = {step.title: step for step in derive(STEM, 0)}
    assert shown["Where an output reads"].numbers[0] == "v = 2o+k-3"
    assert shown["Where an output reads"].compared == 112 * 7
    assert shown["Euclidean division"].numbers == ("2p+k-3 = 2q+r", r"0 \le r < 2")
    assert r"\mathit{hi}' = 1 = \lceil 112/1 \rceil-1+1-(\lceil 224/2 \rceil-1)" in (
        shown["Taps and pads"].numbers
    )


def test_a_boundary_is_a_step_of_its_own() -> None:
    assert derive(EXPANSIONS["reflect"], 0)[0].title == "The boundary is a gather"
    assert derive(STEM, 0)[0].title == "Where an output reads"


def planted(relation: Equal, place: int, more: int) -> Equal:
    parts = list(relation.parts)
    parts[place] = parts[place] + more
    return replace(relation, parts=tuple(parts))


CHAINS = [
    (number, index)
    for number, step in enumerate(steps(AXIS))
    for index, relation in enumerate(step.relations)
    if isinstance(relation, Equal) and len(relation.parts) > 1
]


@pytest.mark.parametrize(("number", "index"), CHAINS)
def test_a_wrong_formula_is_refused(number: int, index: int) -> None:
    step = steps(AXIS)[number]
    relation = step.relations[index]
    assert isinstance(relation, Equal)
    checked([replace(step, relations=(relation,))], Axis(AXIS))
    for place in range(len(relation.parts)):
        wrong = replace(step, relations=(planted(relation, place, 1),))
        with pytest.raises(DerivationError, match="fails"):
            checked([wrong], Axis(AXIS))


def with_taps(column: int, change: Any) -> AxisExpansion:
    """The stem's axis with one column of its tie map changed."""
    axis = replace(AXIS)
    columns = [np.array(c) for c in AXIS.taps]
    columns[column] = change(columns[column])
    axis.__dict__["taps"] = tuple(columns)
    return axis


FAULTS = {
    "a shift off by one": (3, lambda q: q + (np.arange(len(q)) == 2)),
    "all shifts off by one": (3, lambda q: q + 1),
    "phases swapped": (2, lambda r: 1 - r),
    "kernel mirrored": (1, lambda k: k[::-1]),
    "a tap twice": (1, lambda k: np.where(k == 3, 2, k)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_tie_map_is_refused(fault: str) -> None:
    axis = with_taps(*FAULTS[fault])
    with pytest.raises(DerivationError):
        checked(steps(axis), Axis(axis))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_reindexed_sum_alone_sees_it(fault: str) -> None:
    axis = with_taps(*FAULTS[fault])
    with pytest.raises(DerivationError):
        checked([theorem._sum("sum")], Axis(axis))


def test_a_slot_taken_twice_is_refused() -> None:
    axis = with_taps(3, np.zeros_like)
    with pytest.raises(DerivationError, match="hat w"):
        checked([theorem._kernel("sum")], Axis(axis))


def test_pads_that_do_not_cover_the_reads_are_refused() -> None:
    axis = replace(AXIS)
    axis.__dict__["first_tap"] = -1
    with pytest.raises(DerivationError):
        checked([theorem._pads()], Axis(axis))


def test_the_fault_names_the_place() -> None:
    wrong = Step("", "", (Equal((L["o"], L["k"]), domain="every"),))
    with pytest.raises(DerivationError, match="step  o = k  fails at output 0, tap 1"):
        checked([wrong], Axis(AXIS))


X, Y = Symbol("x", "x"), Symbol("y", r"\mathit{y}")


@pytest.mark.parametrize(
    ("expression", "letters", "numbers"),
    [
        (X + Y, r"x+\mathit{y}", "3+b"),
        (2 * X - 1, "2x-1", "6-1"),
        (Y - X, r"\mathit{y}-x", "b-3"),
        (X * (Y + 1), r"x(\mathit{y}+1)", "3(b+1)"),
        (Y - Group(X - 5), r"\mathit{y}-(x-5)", "b-(3-5)"),
        (-(Y + X), r"-(\mathit{y}+x)", "-(b+3)"),
        (X * X, "xx", r"3 \cdot 3"),
        (
            Ceiling(X, Number(2)) + Floor(X, Number(2)),
            r"\lceil x/2 \rceil+\lfloor (x)/2 \rfloor",
            r"\lceil 3/2 \rceil+\lfloor (3)/2 \rfloor",
        ),
    ],
)
def test_formulas_print_with_letters_and_numbers(
    expression: Expression, letters: str, numbers: str
) -> None:
    assert expression.latex() == letters
    assert expression.latex({"x": 3}).replace(r"\mathit{y}", "b") == numbers


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-3, 3))
def test_what_is_printed_is_what_is_evaluated(x: int, y: int, n: int) -> None:
    formulas = [n * X - Y, X - Group(Y - n), X * (Y + n) - Group(X - Y), -(X + Y) * X, X * Y * n]
    for formula in formulas:
        # Python reads the printed formula, once its products are spelled out.
        text = formula.latex().replace(r"\mathit{y}", "y")
        spelled = "".join(
            f"*{b}" if a and (a.isalnum() or a == ")") and (b.isalpha() or b == "(") else b
            for a, b in zip(" " + text, text, strict=False)
        )
        assert eval(spelled, {"x": x, "y": y}) == formula.evaluate({"x": x, "y": y})  # noqa: S307
