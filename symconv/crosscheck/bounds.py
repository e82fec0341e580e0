"""Rounding mode: numbers of a dtype, and how far what is computed of them may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from symconv.crosscheck.formats import FORMATS, Arithmetic, Roundings, gamma
from symconv.crosscheck.noisy import Carried, carried_back, carried_forward
from symconv.crosscheck.question import Question, Side, Values
from symconv.crosscheck.sides import (
    Asked,
    Found,
    Reals,
    by_free_weights,
    computed_by,
    forward_magnitudes,
)
from symconv.crosscheck.values import real_values
from symconv.errors import Unsupported


@dataclass(frozen=True)
class Off:
    """How far a result may be off, and the sum of magnitudes of which that is a part.

    ``largest`` is the largest sum on the way to it, ``noisy`` the largest magnitude together with
    what small numbers lose.
    """

    bound: Reals
    magnitude: Reals
    largest: float
    noisy: float = 0.0


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
    for off in (off for one in each for off in one.values()):
        _refuse_overflow(asked, off)
        _refuse_underflow(asked, off)
    return Chosen(values, cotangent, each)


def may_be_off(side: Side, asked: Asked, values: Values, cotangent: Reals) -> dict[str, Off]:
    """How far one side's results may be off, by name.

    ``gamma_n * sum |w| |x|`` with ``n`` the roundings on a path, from magnitudes that were
    themselves summed up in double precision: they are enlarged by what that may have lost.
    """
    run = forward_magnitudes(side, asked, values)
    carried = carried_forward(side, asked, values)
    rounds = run.runner.forward
    found = {"forward": _enlarged("forward", run.output, carried, rounds, asked.arithmetic)}
    if asked.gradients:
        found |= _gradients_off(side, asked, values, cotangent)
    return found


def _gradients_off(side: Side, asked: Asked, values: Values, cotangent: Reals) -> dict[str, Off]:
    """How far the gradients may be off, by name."""
    back = computed_by(side, asked, asked.magnitudes(summing=True), values, cotangent)
    carried = carried_back(side, asked, values, cotangent)
    carried = replace(carried, found=by_free_weights(side, carried.found, values))
    rounds = back.runner.forward + back.runner.backward
    rounds += Roundings(added=max((tie.most for tie in side.ties), default=0))
    return {
        name: _enlarged(name, magnitude, carried, rounds, asked.arithmetic)
        for name, magnitude in back.gradients.items()
    }


def _enlarged(
    name: str, magnitude: Reals, carried: Carried, roundings: Roundings, arithmetic: Arithmetic
) -> Off:
    """The bound of the error: the factor of so many roundings times a magnitude that is no less."""
    factor = arithmetic.factor(roundings)
    if not factor or roundings == Roundings():
        return Off(np.zeros_like(magnitude), magnitude, carried.largest)
    rounded = 2 * (roundings.added + roundings.stored + carried.steps) + 8
    lost = gamma(rounded, FORMATS["float64"].unit)
    whole = carried.found[name] * (1 + lost) + arithmetic.underflow
    noisy = float(whole.max(initial=0.0))
    return Off(whole * factor * (1 + lost), magnitude, carried.largest, noisy)


def _refuse_overflow(asked: Asked, off: Off) -> None:
    """Refuse sums beyond the dtype's largest number, in a result or on the way to it.

    Raises:
        Unsupported: a sum may be.
    """
    # Half of the room is for the sums' own rounding.
    if not off.largest <= asked.arithmetic.kept.largest / 2:
        raise Unsupported(
            f"sums of magnitudes reach {off.largest:g} on the way, beyond what {asked.dtype} "
            "holds; use a wider dtype, or mode exact"
        )


def _refuse_underflow(asked: Asked, off: Off) -> None:
    """Refuse what lost small numbers may leave nothing of: a bound above all that is compared.

    Raises:
        Unsupported: it is mostly theirs, and above the largest magnitude; 1 stands for a zero.
    """
    most, size = float(off.bound.max(initial=0.0)), float(off.magnitude.max(initial=0.0))
    if off.noisy > 2 * size and most > (size or 1.0):
        raise Unsupported(
            f"what {asked.dtype} flushes to zero on the way may put a result off by {most:g}, of "
            f"magnitudes up to {size:g}: nothing would be compared; use a wider dtype, or mode "
            "exact"
        )
