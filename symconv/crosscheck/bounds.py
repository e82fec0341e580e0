"""Rounding mode: numbers of a dtype, and how far what is computed of them may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symconv.crosscheck.formats import FORMATS, Arithmetic, Roundings, gamma
from symconv.crosscheck.question import Question, Side, Values
from symconv.crosscheck.sides import Asked, Found, Reals, computed_by, forward_magnitudes
from symconv.crosscheck.values import real_values
from symconv.errors import Unsupported


@dataclass(frozen=True)
class Off:
    """How far a result may be off, and the sum of magnitudes of which that is a part."""

    bound: Reals
    magnitude: Reals


@dataclass(frozen=True)
class Chosen:
    """What a question is put on: input and free weights, and a cotangent for the gradients.

    ``each`` side may be off by so much, by name; in exact mode neither may.
    """

    values: Values
    cotangent: Reals
    each: Sequence[dict[str, Off]] = ()

    def bound(self, name: str) -> Reals | None:
        """How far both sides may be apart, a little upwards; None in exact mode, or in shape."""
        parts = [one[name].bound for one in self.each if name in one]
        if len(parts) < 2 or parts[0].shape != parts[1].shape:
            return None
        return np.asarray((parts[0] + parts[1]) * (1 + 2.0**-50))

    def scale(self, name: str) -> Reals | None:
        """The sums of magnitudes that the bounds are parts of."""
        return self.each[0][name].magnitude if self.each else None


def real_chosen(question: Question, asked: Asked, runs: Sequence[Found]) -> Chosen:
    """Numbers of the dtype, and how far both sides may be apart on them."""
    kept, shape = asked.arithmetic.kept, runs[0].output.shape
    distinct = question.distinct and asked.gradients
    values, cotangent = real_values(question, shape, kept, asked.seed, distinct=distinct)
    sides = (question.left, question.right)
    each = [may_be_off(side, asked, values, cotangent) for side in sides]
    _refuse_overflow(asked, each)
    return Chosen(values, cotangent, each)


def may_be_off(side: Side, asked: Asked, values: Values, cotangent: Reals) -> dict[str, Off]:
    """How far one side's results may be off, by name.

    ``gamma_n * sum |w| |x|`` with ``n`` the roundings on a path, from magnitudes that were
    themselves summed up in double precision: they are enlarged by what that may have lost.
    """
    run = forward_magnitudes(side, asked, values)
    found = {"forward": _enlarged(run.output, run.runner.forward, asked.arithmetic)}
    if asked.gradients:
        back = computed_by(side, asked, asked.magnitudes(summing=True), values, cotangent)
        rounds = run.runner.forward + run.runner.backward
        rounds += Roundings(added=max((tie.most for tie in side.ties), default=0))
        for name, magnitude in back.gradients.items():
            found[name] = _enlarged(magnitude, rounds, asked.arithmetic)
    return found


def _enlarged(magnitude: Reals, roundings: Roundings, arithmetic: Arithmetic) -> Off:
    """The bound of the error: the factor of so many roundings times a magnitude that is no less."""
    factor = arithmetic.factor(roundings)
    if not factor or roundings == Roundings():
        return Off(np.zeros_like(magnitude), magnitude)
    lost = gamma(2 * (roundings.added + roundings.stored) + 8, FORMATS["float64"].unit)
    bound = (magnitude * (1 + lost) + arithmetic.underflow) * factor * (1 + lost)
    return Off(bound, magnitude)


def _refuse_overflow(asked: Asked, each: Sequence[dict[str, Off]]) -> None:
    """Refuse sums beyond the dtype's largest number.

    Raises:
        Unsupported: a sum may be.
    """
    sums = [float(off.magnitude.max(initial=0.0)) for one in each for off in one.values()]
    largest, room = max(sums), asked.arithmetic.kept.largest
    if largest > room / 2:
        raise Unsupported(
            f"sums of magnitudes reach {largest:g}, beyond what {asked.dtype} holds; "
            "use a wider dtype, or mode exact"
        )
