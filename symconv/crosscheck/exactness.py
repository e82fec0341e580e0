"""Exact mode: integers on which every partial sum of both sides is a number of the dtype."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import Any

import numpy as np

from symconv.crosscheck.bounds import Chosen
from symconv.crosscheck.question import INPUT, Question, Side, Values
from symconv.crosscheck.runner import Magnitudes, Runner, Watcher
from symconv.crosscheck.sides import (
    Asked,
    Found,
    Reals,
    as_function,
    forward_magnitudes,
    forward_of,
)
from symconv.crosscheck.values import exact_values
from symconv.errors import Unsupported


def exact_chosen(question: Question, asked: Asked, runs: Sequence[Found]) -> Chosen:
    """Integers whose sums are exact on both sides."""
    kept = asked.arithmetic.kept
    multiple = _common_multiple(question, asked, [run.runner for run in runs])
    checks = [Excess(side, asked) for side in (question.left, question.right)]
    found = exact_values(
        question,
        runs[0].output.shape,
        multiple,
        lambda v, g: _largest_excess([check(v, g) for check in checks]),
        asked.seed,
        kept if question.distinct and asked.gradients else None,
        nonzero=asked.gradients and any(run.runner.has_kinks for run in runs),
    )
    if multiple > 1 and not question.divides_last:
        _require_whole(question, asked, found[0])
    return Chosen(*found)


def _require_whole(question: Question, asked: Asked, values: Values) -> None:
    """Refuse quotients that are rounded: behind them nothing is exact.

    Raises:
        Unsupported: a bias or a pad stands in front of an average, say.
    """
    for side in (question.left, question.right):
        r = Watcher(asked.wide, asked.arithmetic.kept)
        forward_of(side, r, values)
        if not r.whole:
            raise Unsupported(
                "an average or a scale divides what is not a multiple of its divisor, as behind a "
                "bias, so that nothing is exact behind it; use mode rounding"
            )


def _largest_excess(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return max(one for one, _ in found), max(one for _, one in found)


def _common_multiple(question: Question, asked: Asked, runs: Sequence[Runner]) -> int:
    """A number by which all quotients are whole, if the input is a multiple of it.

    Where it is too large for the dtype and a quotient is all that is rounded, both sides round the
    same one: then 1.

    Raises:
        Unsupported: quotients are rounded, and something follows.
    """
    found = lcm(*(run.divisors for run in runs))
    room = asked.arithmetic.whole
    if found == 1 or found * _most_summed(runs) <= room:
        return found
    if question.divides_last and not asked.gradients:
        return 1
    raise Unsupported(
        f"averages and scales divide by {found}, by which too few of the {room} exact integers of "
        f"{asked.dtype} can be divided; use mode rounding, or a wider dtype"
    )


def _most_summed(runs: Sequence[Runner]) -> int:
    """How many samples are added up: what a largest sum of ones is."""
    return int(max(run.largest for run in runs if isinstance(run, Magnitudes))) or 1


class Excess:
    """How many times larger one side's sums of magnitudes are than the dtype's exact integers."""

    def __init__(self, side: Side, asked: Asked) -> None:
        self.side, self.asked = side, asked

    def __call__(self, values: Values, cotangent: Reals) -> tuple[float, float]:
        """The excess forward, and on the way back; at most 1 is exact."""
        run = forward_magnitudes(self.side, self.asked, values).runner
        if not isinstance(run, Magnitudes):
            return float("inf"), 0.0
        room = self.asked.arithmetic.whole * 2.0**-run.halvings
        forward = run.largest / room
        if forward > 1 or not self.asked.gradients:
            return forward, 0.0
        return forward, self._back(values, cotangent, run.shapes) / room

    def _back(self, values: Values, cotangent: Reals, shapes: Sequence[tuple[int, ...]]) -> float:
        """The largest magnitude of a gradient, also by what was computed on the way."""
        r = self.asked.magnitudes(summing=True)
        tensors = self.side.leaves({name: value for name, value in values.items() if name != INPUT})
        given = [r.array(r.absolute(array)) for array in (values[INPUT], *tensors.values())]
        probes = [r.array(np.zeros(shape)) for shape in shapes]
        call = as_function(self.side, r, list(tensors))

        def probed(*leaves: Any) -> Any:
            r.probes = iter(leaves[len(given) :])
            return call(*leaves[: len(given)])

        pulled = r.backend.gradients(probed, [*given, *probes], r.array(np.abs(cotangent)))
        largest = [float(np.max(r.backend.numpy(part), initial=0.0)) for part in pulled]
        return max(largest)
