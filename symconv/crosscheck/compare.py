"""Both sides of a question run by one framework, and compared: exactly, or within a bound.

Data flow: a `Question` -> magnitudes in double precision -> values on which sums are exact, or the
bound of their rounding -> both sides, forward and back -> an `Observation`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.crosscheck.backends import Backend, require_dtype
from symconv.crosscheck.backends.own_numpy import NumpyBackend
from symconv.crosscheck.formats import FORMATS, Arithmetic, Roundings, gamma
from symconv.crosscheck.observation import EXACT, Compared, Observation, compared
from symconv.crosscheck.question import INPUT, Question, Side, Values
from symconv.crosscheck.runner import Magnitudes, Runner, Watcher
from symconv.crosscheck.values import exact_values, free_names, real_values
from symconv.errors import Unsupported

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What one side computed: the output, and gradients by input and free weights."""

    output: NDArray[Any]
    gradients: Values
    runner: Runner
    seconds: float = 0.0


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


@dataclass(frozen=True)
class Asked:
    """How a question is put: to which framework, in which dtype and mode, with gradients or not."""

    backend: Backend
    dtype: str
    mode: str
    gradients: bool
    seed: int

    @property
    def arithmetic(self) -> Arithmetic:
        """How the framework sums up products."""
        return self.backend.arithmetic(self.dtype)

    @property
    def exact(self) -> bool:
        """Whether every sum is to be exact."""
        return self.mode == EXACT

    def runner(self) -> Runner:
        """One that computes in the dtype."""
        return Runner(self.backend, self.dtype, self.arithmetic.kept, exact=self.exact)

    @property
    def wide(self) -> Backend:
        """Who computes in double precision: NumPy where the framework cannot."""
        return self.backend if "float64" in self.backend.dtypes else NumpyBackend()

    def magnitudes(self, *, summing: bool) -> Magnitudes:
        """One that sums up magnitudes in double precision."""
        return Magnitudes(self.wide, self.arithmetic.kept, exact=self.exact, summing=summing)


def observe(question: Question, asked: Asked, note: str = "") -> Observation:
    """Run both sides and compare them.

    Raises:
        Unsupported: the framework computes no such dtype or gradient, or nothing can be compared.
    """
    require_dtype(asked.backend, asked.dtype)
    if asked.gradients and not asked.backend.has_gradients:
        asked.backend.gradients(lambda: None, [], None)
    with asked.backend.session(asked.dtype):
        runs = _tried(question, asked)
        if runs[0].output.shape != runs[1].output.shape:
            asked = replace(asked, gradients=False)  # there is no one cotangent for both
        on = _chosen(question, asked, runs)
        found = _both(question, asked, on)
    seen = _compared(question, asked, found, on)
    agree = all(one.agrees for one in seen)
    fault = "" if agree else _own_fault(question, asked, found, on)
    return _observed(question, asked, found, seen, note, fault)


def _both(question: Question, asked: Asked, on: Chosen) -> tuple[Found, Found]:
    """What both sides compute."""
    left, right = (
        _found(side, asked, asked.runner(), on.values, on.cotangent)
        for side in (question.left, question.right)
    )
    return left, right


def _compared(
    question: Question, asked: Asked, found: tuple[Found, Found], on: Chosen
) -> list[Compared]:
    """The outputs, and the gradients by input and free weights, side by side."""
    left, right = found
    pairs = {"forward": (left.output, right.output)}
    pairs |= {n: (left.gradients[n], right.gradients[n]) for n in left.gradients}
    kept = asked.arithmetic.kept
    return [
        compared(question.told(name), *pair, kept, on.bound(name), on.scale(name))
        for name, pair in pairs.items()
    ]


def _own_fault(question: Question, asked: Asked, found: tuple[Found, Found], on: Chosen) -> str:
    """Whether the framework contradicts itself; in words, or nothing.

    In double precision both sides are the same on these very numbers, and one of them in the
    narrower dtype is not what it is in double precision.  Then the expansion is not at fault.
    """
    if asked.dtype == "float64" or "float64" not in asked.backend.dtypes:
        return ""
    wide = replace(asked, dtype="float64")
    with wide.backend.session("float64"):
        truth = _both(question, wide, on)
        sides = (question.left, question.right)
        each = () if asked.exact else [_bounds(s, wide, on.values, on.cotangent) for s in sides]
    again = Chosen(on.values, on.cotangent, each)
    if not all(one.agrees for one in _compared(question, wide, truth, again)):
        return ""
    pairs = zip(("strided", "stride-free"), found, truth, on.each or ({}, {}), strict=True)
    wrong = [
        f"{what} of the {side} side"
        for side, a, b, room in pairs
        for what in _off(question, a, b, room)
    ]
    if not wrong:
        return ""
    name = asked.backend.name
    return (
        f"{name} is at fault: in {asked.dtype} its {', '.join(wrong)} is not what it is in float64"
    )


def _off(question: Question, narrow: Found, wide: Found, off: dict[str, Off]) -> Iterator[str]:
    """What one side computes in the narrower dtype that is not what it computes in the wider."""
    for name, right in {"forward": wide.output, **wide.gradients}.items():
        left = {"forward": narrow.output, **narrow.gradients}.get(name)
        # The wider one rounds as well, by less than 2**-20 of what the narrower one may be off.
        room = off[name].bound * (1 + 2.0**-20) if off else None
        if left is None or not compared(name, left, right, FORMATS["float64"], room).agrees:
            yield "output" if name == "forward" else question.told(name)


def _observed(
    question: Question,
    asked: Asked,
    found: tuple[Found, Found],
    seen: Sequence[Compared],
    note: str,
    fault: str,
) -> Observation:
    left, right = found
    own = "padded in a step of its own"
    name = asked.backend.name
    what = question.left.steps[0].op if len(question.left.steps) == 1 else "operators"
    reference = f"{name}, {own}" if left.runner.padded_apart else f"{name}'s own {what}"
    return Observation(
        all(one.equal for one in seen),
        all(one.agrees for one in seen),
        seen[0].largest_difference,
        reference,
        name,
        asked.backend.device,
        asked.backend.versions(),
        asked.dtype,
        question.input_shape,
        tuple(left.output.shape),
        asked.mode,
        asked.arithmetic.named,
        asked.seed,
        tuple(seen),
        (left.seconds, right.seconds),
        note,
        fault,
    )


def _found(side: Side, asked: Asked, r: Runner, values: Values, cotangent: Reals) -> Found:
    """One side's output and gradients; with the time of the second run, the first warms it up."""
    tensors = side.leaves({name: value for name, value in values.items() if name != INPUT})
    leaves = [r.array(r.absolute(array)) for array in (values[INPUT], *tensors.values())]
    call = _function(side, r, list(tensors))
    start = time.perf_counter()
    output = call(*leaves)
    r.backend.wait(output)
    gradients: Values = {}
    if asked.gradients and tuple(output.shape) == cotangent.shape:
        pulled = r.backend.gradients(call, leaves, r.array(r.absolute(cotangent)))
        r.backend.wait(pulled[0])
        found = dict(zip((INPUT, *tensors), map(r.backend.numpy, pulled), strict=True))
        gradients = _gathered(side, found, values)
    return Found(r.backend.numpy(output), gradients, r, time.perf_counter() - start)


def _function(side: Side, r: Runner, names: Sequence[str]) -> Callable[..., Any]:
    """The side as a function of its input and its own tensors."""

    def call(x: Any, *tensors: Any) -> Any:
        return side.run(r, x, dict(zip(names, tensors, strict=True)))

    return call


def _gathered(side: Side, found: Values, values: Values) -> Values:
    """Gradients by the free weights: those of slots that hold one parameter, summed."""
    if side.expand is None:
        return found
    tied = {
        tie.name: tie.gathered(found[f"{tie.name}_phases"], values[tie.name].shape)
        for tie in side.ties
    }
    return {INPUT: found[INPUT], **tied}


def _tried(question: Question, asked: Asked) -> list[Found]:
    """Both sides on ones, which shows their shapes, roundings and quotients."""
    first = {name: np.ones(shape) for name, shape in free_names(question).items()}
    return [_forward(side, asked, first) for side in (question.left, question.right)]


def _chosen(question: Question, asked: Asked, runs: Sequence[Found]) -> Chosen:
    """What to compare on."""
    if asked.gradients:
        _refuse_gradients(asked, [run.runner for run in runs])
    choose = _exact_values if asked.exact else _real_values
    return choose(question, asked, runs)


def _real_values(question: Question, asked: Asked, runs: Sequence[Found]) -> Chosen:
    """Numbers of the dtype, and how far both sides may be apart on them."""
    kept, shape = asked.arithmetic.kept, runs[0].output.shape
    distinct = question.distinct and asked.gradients
    values, cotangent = real_values(question, shape, kept, asked.seed, distinct=distinct)
    sides = (question.left, question.right)
    each = [_bounds(side, asked, values, cotangent) for side in sides]
    _refuse_overflow(asked, each)
    return Chosen(values, cotangent, each)


def _exact_values(question: Question, asked: Asked, runs: Sequence[Found]) -> Chosen:
    """Integers whose sums are exact on both sides."""
    kept = asked.arithmetic.kept
    multiple = _multiple(question, asked, [run.runner for run in runs])
    checks = [_Exactness(side, asked) for side in (question.left, question.right)]
    found = exact_values(
        question,
        runs[0].output.shape,
        multiple,
        lambda v, g: _worst([check(v, g) for check in checks]),
        asked.seed,
        kept if question.distinct and asked.gradients else None,
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
        _run(side, r, values)
        if not r.whole:
            raise Unsupported(
                "an average divides what is not a multiple of its windows' counts, as behind a "
                "bias, so that nothing is exact behind it; use mode rounding"
            )


def _worst(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return max(one for one, _ in found), max(one for _, one in found)


def _forward(side: Side, asked: Asked, values: Values) -> Found:
    """The magnitudes of one side's output, without gradients."""
    r = asked.magnitudes(summing=False)
    return Found(r.backend.numpy(_run(side, r, values)), {}, r)


def _run(side: Side, r: Runner, values: Values) -> Any:
    """The output of one side."""
    tensors = side.leaves({name: value for name, value in values.items() if name != INPUT})
    leaves = [r.array(r.absolute(array)) for array in (values[INPUT], *tensors.values())]
    return _function(side, r, list(tensors))(*leaves)


def _refuse_gradients(asked: Asked, runs: Sequence[Runner]) -> None:
    """Refuse gradients that depend on how the framework rounds, or on what it takes for a maximum.

    Raises:
        Unsupported: the pipeline has such ones.
    """
    for what in (run.tied for run in runs):
        if what == "a maximum":
            raise Unsupported(
                "gradients through a maximum of computed values are not compared: which of two "
                "equal values is the maximum is left open; ask without --gradients"
            )
        if what is not None and not asked.exact:
            raise Unsupported(
                f"gradients through {what} of rounded values have no bound: they jump where "
                "rounding moves a value across a kink; use mode exact"
            )


def _multiple(question: Question, asked: Asked, runs: Sequence[Runner]) -> int:
    """A number by which all quotients are whole, if the input is a multiple of it.

    Where it is too large for the dtype and a quotient is all that is rounded, both sides round the
    same one: then 1.

    Raises:
        Unsupported: quotients are rounded, and something follows.
    """
    found = lcm(*(run.divisors for run in runs))
    room = asked.arithmetic.whole
    if found * _most_summed(runs) <= room:
        return found
    if question.divides_last and not asked.gradients:
        return 1
    raise Unsupported(
        f"averages divide by {found}, by which too few of the {room} exact integers of "
        f"{asked.dtype} can be divided; use mode rounding, or a wider dtype"
    )


def _most_summed(runs: Sequence[Runner]) -> int:
    """How many samples are added up: what a largest sum of ones is."""
    return int(max(run.largest for run in runs if isinstance(run, Magnitudes))) or 1


class _Exactness:
    """How many times larger one side's sums of magnitudes are than the dtype's exact integers."""

    def __init__(self, side: Side, asked: Asked) -> None:
        self.side, self.asked = side, asked

    def __call__(self, values: Values, cotangent: Reals) -> tuple[float, float]:
        """The excess forward, and on the way back; at most 1 is exact."""
        run = _forward(self.side, self.asked, values).runner
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
        call = _function(self.side, r, list(tensors))

        def probed(*leaves: Any) -> Any:
            r.probes = iter(leaves[len(given) :])
            return call(*leaves[: len(given)])

        pulled = r.backend.gradients(probed, [*given, *probes], r.array(np.abs(cotangent)))
        largest = [float(np.max(r.backend.numpy(part), initial=0.0)) for part in pulled]
        return max(largest)


def _bounds(side: Side, asked: Asked, values: Values, cotangent: Reals) -> dict[str, Off]:
    """How far one side's results may be off, by name.

    ``gamma_n * sum |w| |x|`` with ``n`` the roundings on a path, from magnitudes that were
    themselves summed up in double precision: they are enlarged by what that may have lost.
    """
    run = _forward(side, asked, values)
    found = {"forward": _enlarged(run.output, run.runner.forward, asked.arithmetic)}
    if asked.gradients:
        back = _found(side, asked, asked.magnitudes(summing=True), values, cotangent)
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
