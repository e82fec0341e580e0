"""Both sides of a question run by one framework, and compared: exactly, or within a bound.

Data flow: a `Question` -> magnitudes in double precision -> values on which sums are exact, or the
bound of their rounding -> both sides, forward and back -> an `Observation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from symconv.crosscheck.backends import require_dtype
from symconv.crosscheck.bounds import Chosen, Off, may_be_off, real_chosen
from symconv.crosscheck.exactness import exact_chosen
from symconv.crosscheck.formats import FORMATS
from symconv.crosscheck.kinks import meets_a_kink
from symconv.crosscheck.observation import Compared, Observation, compared
from symconv.crosscheck.question import Question, free_names
from symconv.crosscheck.runner import Runner
from symconv.crosscheck.sides import Asked, Found, computed_by, forward_magnitudes
from symconv.errors import Unsupported


def observe(question: Question, asked: Asked, note: str = "") -> Observation:
    """Run both sides and compare them.

    Raises:
        Unsupported: the framework computes no such dtype or gradient, or nothing can be compared.
    """
    require_dtype(asked.backend, asked.dtype)
    if asked.gradients and not asked.backend.has_gradients:
        asked.backend.gradients(lambda: None, [], None)
    # NumPy warns of infinities and of what is no number: those are looked at when compared.
    with asked.backend.session(asked.dtype), np.errstate(all="ignore"):
        runs = _on_ones(question, asked)
        if runs[0].output.shape != runs[1].output.shape:
            asked = replace(asked, gradients=False)  # there is no one cotangent for both
        on = _values_for(question, asked, runs)
        found = _two_sides(question, asked, on)
    seen = _side_by_side(question, asked, found, on)
    agree = all(one.agrees for one in seen)
    if seen[0].agrees and not agree:
        _refuse_kinks(question, asked, on)
    fault = "" if agree else _contradiction(question, asked, found, on)
    told = "; ".join(filter(None, (note, _blindness(asked, found), _lost(found[0]))))
    return _observed(question, asked, found, seen, told, fault)


def _blindness(asked: Asked, found: tuple[Found, Found]) -> str:
    """What rounding mode may not see, in words: a product no larger than the bound of its sum.

    Of ``n`` products of one size the bound is ``(c_left + c_right) n`` of them.
    """
    if asked.exact:
        return ""
    products = max(side.runner.forward.added for side in found)
    parts = sum(asked.arithmetic.factor(side.runner.forward) for side in found)
    if parts * products < 1:
        return ""
    return (
        f"one wrong product among {products} may be below the bound; mode exact, or a wider dtype, "
        "sees it"
    )


def _lost(found: Found) -> str:
    """How many results are no number, on both sides, in words; or nothing."""
    if not (count := int(np.isnan(found.output).sum())):
        return ""
    said = "results are no number (NaN) on either side, and say nothing"
    return f"{count} of {found.output.size} {said}"


def _two_sides(question: Question, asked: Asked, on: Chosen) -> tuple[Found, Found]:
    """What both sides compute."""
    left, right = (
        computed_by(side, asked, asked.runner(), on.values, on.cotangent)
        for side in (question.left, question.right)
    )
    return left, right


def _side_by_side(
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


def _contradiction(question: Question, asked: Asked, found: tuple[Found, Found], on: Chosen) -> str:
    """Whether the framework contradicts itself; in words, or nothing.

    In double precision both sides are the same on these very numbers, and one of them in the
    narrower dtype is not what it is in double precision.  Then the expansion is not at fault.
    """
    if asked.dtype == "float64" or "float64" not in asked.backend.dtypes:
        return ""
    wide = replace(asked, dtype="float64")
    with wide.backend.session("float64"), np.errstate(all="ignore"):
        truth = _two_sides(question, wide, on)
        sides = (question.left, question.right)
        each = () if asked.exact else [may_be_off(s, wide, on.values, on.cotangent) for s in sides]
    again = Chosen(on.values, on.cotangent, each)
    if not all(one.agrees for one in _side_by_side(question, wide, truth, again)):
        return ""
    pairs = zip(("strided", "stride-free"), found, truth, on.each or ({}, {}), strict=True)
    wrong = [
        f"{what} of the {side} side"
        for side, a, b, room in pairs
        for what in _wrong_in(question, a, b, room)
    ]
    if not wrong:
        return ""
    name = asked.backend.name
    return (
        f"{name} is at fault: in {asked.dtype} its {', '.join(wrong)} is not what it is in float64"
    )


def _wrong_in(question: Question, narrow: Found, wide: Found, off: dict[str, Off]) -> Iterator[str]:
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


def _on_ones(question: Question, asked: Asked) -> list[Found]:
    """Both sides on ones, which shows their shapes, roundings and quotients."""
    first = {name: np.ones(shape) for name, shape in free_names(question).items()}
    return [forward_magnitudes(side, asked, first) for side in (question.left, question.right)]


def _values_for(question: Question, asked: Asked, runs: Sequence[Found]) -> Chosen:
    """What to compare on."""
    if asked.gradients:
        _refuse_gradients(asked, [run.runner for run in runs])
    choose = exact_chosen if asked.exact else real_chosen
    return choose(question, asked, runs)


def _refuse_kinks(question: Question, asked: Asked, on: Chosen) -> None:
    """Refuse gradients that differ where a value meets a kink: there each side may take its own.

    Raises:
        Unsupported: a value does.
    """
    if meets_a_kink(question, asked, on.values):
        raise Unsupported(
            f"the gradients differ on the numbers of seed {asked.seed}, where a value meets a kink "
            "and no one slope is right; try another --seed, or ask without --gradients"
        )


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
