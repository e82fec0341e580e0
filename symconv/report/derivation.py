"""The derivation of the theorem on one axis, every displayed step evaluated everywhere.

A step holds relations.  Each relation is printed twice, with letters and with this axis's numbers,
and checked by evaluating what was printed at every pair of an output and a tap; one that fails is
an error, so that a report with a wrong step cannot be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symconv.errors import InternalError
from symconv.expand import AxisExpansion
from symconv.layer.window import BOTTOM, Index
from symconv.machine.budget import running
from symconv.report.formula import Expression, Symbol, Values


class DerivationError(InternalError):
    """A step of a derivation does not hold at some output and tap."""


@dataclass(frozen=True)
class Axis:
    """An axis, its numbers by name, and its pairs of outputs and taps with the phases they meet."""

    expansion: AxisExpansion
    numbers: dict[str, int] = field(init=False)
    every: dict[str, Any] = field(init=False)
    live: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        for name, value in zip(("numbers", "every", "live"), _places(self.expansion), strict=True):
            object.__setattr__(self, name, value)

    def reads(self) -> Index:
        """Inputs that the expanded axis reads, as a table of the strided shape ``(O, K)``.

        Raises:
            DerivationError: two slots of one output hold the same tap.
        """
        axis, table = self.expansion, self.expansion.window_on_phases.table()
        result = np.full((axis.window.output, axis.window.kernel), BOTTOM, dtype=np.int64)
        filled = np.zeros(result.shape, dtype=np.int64)
        for p, k, r, q in zip(*(column.tolist() for column in axis.taps), strict=True):
            outputs = np.arange(p, axis.window.output, axis.factor_out)
            coarse = table[outputs // axis.factor_out, axis.slot(q)]
            fine = axis.factor_in * coarse + r
            inside = (coarse != BOTTOM) & (fine < axis.window.size)
            result[outputs, k] = np.where(inside, fine, BOTTOM)
            filled[outputs, k] += 1
        if filled.max() > 1:
            raise DerivationError("a tap is held by two slots of the same output phase")
        return result


def _places(axis: AxisExpansion) -> tuple[dict[str, int], dict[str, Any], dict[str, Any]]:
    w = axis.window
    numbers = {
        "s": w.stride,
        "d": w.dilation,
        "u": w.base_dilation,
        "t": axis.stride,
        "lo": w.lo,
        "K": w.kernel,
        "N": w.size,
        "O": w.output,
        "E_in": axis.factor_in,
        "E_out": axis.factor_out,
        "q_min": axis.first_tap,
        "q_max": axis.last_tap,
        "lo'": axis.lo,
        "hi'": axis.hi,
        "K'": axis.span,
        "N'": axis.coarse_input,
        "O'": axis.coarse_output,
    }
    running().check_entries(w.output * w.kernel, "an axis of the derivation")
    o, k = (index.ravel() for index in np.indices((w.output, w.kernel), dtype=np.int64))
    i, p = np.divmod(o, axis.factor_out)
    slots = np.zeros((3, axis.factor_out, w.kernel), dtype=np.int64)
    rows, taps, r, q = axis.taps
    slots[:, rows, taps] = np.ones_like(r), r, q
    live, r, q = slots[:, p, k]
    every = {**numbers, "o": o, "k": k, "i": i, "p": p, "live": live == 1}
    at = live == 1
    inside = {"o": o[at], "k": k[at], "i": i[at], "p": p[at], "r": r[at], "q": q[at]}
    return numbers, every, {**numbers, **inside}


@dataclass(frozen=True)
class Equal:
    """A chain of expressions, all equal at every place of ``domain``."""

    parts: tuple[Expression, ...]
    head: str = ""
    domain: str = "live"

    def latex(self, numbers: Values | None = None) -> str:
        """``head = a = b``; parts that numbers have made equal are written once."""
        written = [self.head] if self.head else []
        for part in self.parts:
            text = part.latex(numbers)
            if not written or text != written[-1]:
                written.append(text)
        return " = ".join(written)

    def check(self, axis: Axis) -> int:
        """How many places were compared."""
        values = getattr(axis, self.domain)
        first, *rest = (np.asarray(part.evaluate(values)) for part in self.parts)
        return sum(_all(np.asarray(first == other), self.latex(), axis) for other in rest)


@dataclass(frozen=True)
class Within:
    """``low <= middle < high`` at every live place."""

    low: Expression
    middle: Expression
    high: Expression

    def latex(self, numbers: Values | None = None) -> str:
        """The two inequalities."""
        low, middle, high = (part.latex(numbers) for part in (self.low, self.middle, self.high))
        return rf"{low} \le {middle} < {high}"

    def check(self, axis: Axis) -> int:
        """How many places were compared."""
        low, middle, high = (p.evaluate(axis.live) for p in (self.low, self.middle, self.high))
        return _all(np.asarray((low <= middle) & (middle < high)), self.latex(), axis)


@dataclass(frozen=True)
class Checked:
    """A relation that is not a chain of formulas, with the test that evaluates it everywhere."""

    general: Callable[[Values | None], str]
    test: Callable[[Axis], Any]

    def latex(self, numbers: Values | None = None) -> str:
        """The relation."""
        return self.general(numbers)

    def check(self, axis: Axis) -> int:
        """How many places were compared."""
        return _all(np.asarray(self.test(axis)), self.latex(), axis)


Relation = Equal | Within | Checked


def _all(holds: Any, what: str, axis: Axis) -> int:
    """Count the places; refuse a relation that fails at one of them."""
    if not holds.all():
        place = int(np.flatnonzero(~holds.ravel())[0])
        where = axis.every if holds.size == len(axis.every["o"]) else axis.live
        at = ""
        if holds.size == len(where["o"]):
            at = f" at output {where['o'][place]}, tap {where['k'][place]}"
        raise DerivationError(f"the derivation's step  {what}  fails{at}; the expansion is wrong")
    return int(holds.size)


@dataclass(frozen=True)
class Step:
    """One step: its title, its reason in words (with formulas), and its relations."""

    title: str
    reason: str
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as a report shows it, after its check: formulas with letters and with numbers."""

    title: str
    reason: str
    general: tuple[str, ...]
    numbers: tuple[str, ...]
    compared: int


def checked(steps: Iterable[Step], axis: Axis) -> tuple[Shown, ...]:
    """Evaluate all steps at every output and tap of an axis, and write them down.

    Raises:
        DerivationError: a relation fails; the message holds it and the first place.
    """
    return tuple(_shown(step, axis) for step in steps)


def _shown(step: Step, axis: Axis) -> Shown:
    compared = sum(relation.check(axis) for relation in step.relations)
    general = tuple(relation.latex() for relation in step.relations)
    numbers = tuple(relation.latex(axis.numbers) for relation in step.relations)
    return Shown(step.title, step.reason, general, numbers, compared)


def symbols() -> dict[str, Symbol]:
    """The letters of the theorem, by name."""
    tex = {
        "E_in": r"E_{\mathrm{in}}",
        "E_out": r"E_{\mathrm{out}}",
        "lo": r"\mathit{lo}",
        "q_min": r"q_{\min}",
        "q_max": r"q_{\max}",
        "lo'": r"\mathit{lo}'",
        "hi'": r"\mathit{hi}'",
    }
    names = [*"sdutKNOokipqrj", "E_in", "E_out", "lo", "q_min", "q_max", "lo'", "hi'"]
    return {name: Symbol(name, tex.get(name, name)) for name in (*names, "K'", "N'", "O'")}
