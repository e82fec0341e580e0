"""No verdict without a second voice: proofs are evaluated, refutations replayed, by other code.

What the second voice contradicts is no verdict but a `ContradictionError`, with the claim in a file
that can be sent in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import isinf
from numbers import Rational
from pathlib import Path
from time import perf_counter
from typing import Any

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Counterexample, Refuted, Undecided, Verdict
from symconv.errors import ContradictionError, TooLarge
from symconv.evaluation import Difference, Evaluation, evaluate_sides, shapes_of, values_at
from symconv.evaluation.reading import INPUT
from symconv.evaluation.text import Misfit
from symconv.machine.caches import Cache, bytes_of_key
from symconv.prove.engine import Question
from symconv.prove.geometry import few_channels

_TOLERANCE = 1e-6


_EVALUATED = Cache[Evaluation](most=4 * 2**20)
"""What was evaluated, of claims without their names: one claim is not evaluated twice."""


def confirmed(verdict: Verdict, question: Question) -> Verdict:
    """The verdict of a claim at its sizes, once other code has seen what it says.

    Raises:
        ContradictionError: the other code sees something else.
    """
    if isinstance(verdict, Certificate):
        return evaluated(verdict, ({},), question)
    return replayed(verdict) if isinstance(verdict, Refuted) else verdict


def seen_apart(claim: Claim) -> bool:
    """Whether the second voice sees a difference, or cannot say."""
    try:
        return isinstance(evaluate_sides(claim), Difference)
    except TooLarge:
        return True


def evaluated(
    verdict: Certificate,
    sizes: Sequence[Mapping[str, int]],
    question: Question,
) -> Certificate | Undecided:
    """A proof with both sides evaluated at these sizes (one empty one for a claim without names).

    Of a layer's own claim the few channels of its geometry are looked at.

    Raises:
        ContradictionError: the sides differ at one of them.
    """
    start, claim, found = perf_counter(), verdict.claim, None
    narrow = question.geometry
    for at in sizes:
        try:
            one = _evaluation(narrow, at)
        except TooLarge as fault:
            return Undecided(claim, f"the proof has no second voice: {fault}", verdict.seconds)
        if isinstance(one, Difference):
            raise contradiction(claim, f"it is proved{_at(at)}, but {one.words}")
        one = replace(one, sizes=(tuple(at.items()),) if at else ())
        if (few := few_channels(narrow, claim)) is not None:
            one = one.of_few(few)
        found = one if found is None else found.joined(one)
    if not isinstance(found, Evaluation):
        raise contradiction(claim, "it is proved, but at no size was it evaluated")
    seconds = verdict.seconds + perf_counter() - start
    return replace(verdict, evaluation=found.to_dict(), seconds=seconds)


def _evaluation(claim: Claim, at: Mapping[str, int]) -> Evaluation | Difference:
    """Both sides of a claim without a name at these sizes; one that was evaluated is known."""
    question = (claim, *sorted(at.items()))
    known = _EVALUATED.get(question)
    if known is not None:
        return known
    found = evaluate_sides(claim.at(at) if at else claim)
    if isinstance(found, Evaluation):
        _EVALUATED.put(question, found, bytes_of_key(claim))
    return found


def _at(sizes: Mapping[str, int]) -> str:
    return " at " + ", ".join(f"{name} = {n}" for name, n in sizes.items()) if sizes else ""


def replayed(verdict: Refuted) -> Refuted:
    """A refutation whose counterexample tells the two sides apart when other code runs it.

    Raises:
        ContradictionError: it does not.
    """
    found = verdict.at_size()
    claim, counterexample = found.claim, found.counterexample
    try:
        if counterexample.left_shape is not None:
            return _shapes_replayed(verdict, claim, counterexample)
        told = _told_apart(claim, counterexample)
    except Misfit as fault:
        raise contradiction(claim, f"it is refuted, but a step does not fit: {fault}") from fault
    if not told:
        raise contradiction(
            claim, f"it is refuted ({counterexample.sentence()}), but no replay shows a difference"
        )
    return verdict


def _shapes_replayed(verdict: Refuted, claim: Claim, found: Counterexample) -> Refuted:
    if (found.left_shape, found.right_shape) != shapes_of(claim):
        raise contradiction(
            claim, f"it is refuted ({found.sentence()}), but these are not the shapes"
        )
    return verdict


def _told_apart(claim: Claim, found: Counterexample) -> bool:
    """Whether the sides differ where the counterexample says, and are what it says there."""
    entries: dict[str, dict[tuple[int, ...], int]] = {INPUT: dict(found.input_entries())}
    for name, index, value in found.weight_entries():
        entries.setdefault(name, {})[index] = value
    sides = values_at(claim, found.output, entries)
    stated = zip(sides, (found.left, found.right), strict=True)
    return _apart(*sides) and not any(_apart(seen, _number(text)) for seen, text in stated)


def _number(text: str) -> Fraction | float:
    try:
        return Fraction(text)
    except ValueError:
        return float(text)


def _apart(left: Any, right: Any) -> bool:
    """Whether two values differ: exactly, or beyond rounding; what is not a number says nothing."""
    if isinstance(left, Rational) and isinstance(right, Rational):
        return bool(Fraction(left) != Fraction(right))
    if left == right or left != left or right != right:
        return False
    if isinf(left) or isinf(right):
        return True
    difference = abs(left - right)
    return not difference <= _TOLERANCE * (1 + abs(left) + abs(right))


def contradiction(claim: Claim, words: str) -> ContradictionError:
    """The error of two voices that disagree; the claim is written to a file beforehand."""
    from tempfile import gettempdir

    path = Path(gettempdir()) / f"symconv-contradiction-{claim.digest()[:12]}.json"
    path.write_text(json.dumps(claim.to_dict(), indent=1) + "\n", encoding="utf-8")
    return ContradictionError(
        f"symconv contradicts itself about claim {claim.name!r}: {words}; there is no verdict",
        evidence=path,
    )
