"""Decide any claim: at its sizes or for all of them, by the cheapest engine that can.

What an engine finds is a verdict once other code has looked at it: a proof is evaluated, a
refutation replayed.  A claim that functions or maxima cut into parts, and that no engine decides,
is evaluated on integers until they refute it or the tries are over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter

from symconv.claim import Claim
from symconv.claim.sides import shapes_of_sides
from symconv.claim.verdict import Certificate, Counterexample, Refuted, Undecided, Verdict
from symconv.errors import ClaimError, TooLarge, Unsupported
from symconv.expand import Expansion
from symconv.expand.lattice import LatticeExpansion
from symconv.machine.budget import spending
from symconv.prove.asking import first_finding
from symconv.prove.confirm import confirmed, seen_apart
from symconv.prove.engine import Engine, Hint, Question, no_hint
from symconv.prove.everywhere import decide_everywhere
from symconv.prove.known import keep, proved_before
from symconv.prove.registry import cheapest_first, engine_named

TRIES, FEW_TRIES = 300, 20
"""Assignments on which a difference is sought, where random functions tell the sides apart, and
where even they do not: then the claim holds of every function, but for what was not looked at."""


def decide(
    claim: Claim,
    hint: Hint = no_hint,
    *,
    engine: str | None = None,
    expansion: Expansion | LatticeExpansion | None = None,
) -> Verdict:
    """Prove or refute a claim, at its sizes or for all sizes that it names.

    Args:
        claim: two pipelines, with functions between their layers or without.
        hint: what is known of the tensors inside its right side.
        engine: the one engine to ask; by default the cheapest that can, and then the others.
        expansion: the layer and its expansion that it is about, if it is about one.

    Raises:
        ClaimError: the claim is ill-formed: shapes, patterns, names or steps do not fit; or no size
            satisfies its conditions.
        Unsupported: the engine that is asked for by name does not take such claims.
        ContradictionError: two ways of deciding it disagree, a fault of symconv itself.

    >>> from symconv.claim import read_claim
    >>> relu, flip = {"op": "relu"}, {"op": "flip", "axes": [1]}
    >>> sides = {"left": [relu, flip], "right": [flip, relu]}
    >>> decide(read_claim({"input": {"channels": 1, "size": [4]}, **sides})).verdict
    'proved'
    """
    question = Question(claim, hint, expansion)
    with spending():
        start = perf_counter()
        known = None if engine else proved_before(question)
        if known is not None:
            return known
        try:
            verdict = _decided(question, engine)
        except TooLarge as fault:
            seconds = perf_counter() - start
            return Undecided(claim, str(fault), seconds, "all" if claim.names else "these")
        if isinstance(verdict, Certificate) and not engine:
            keep(question, verdict)
        return verdict


def _decided(question: Question, engine: str | None) -> Verdict:
    engines = _asked(question, engine)
    if question.for_all_sizes:
        return decide_everywhere(question, engines, decide)
    return confirmed(_at_its_sizes(question, engines), question)


def _asked(question: Question, name: str | None) -> list[Engine]:
    """The engines to ask, in their order.

    Raises:
        Unsupported: the one that is named cannot answer.
    """
    if name is None:
        return list(cheapest_first(question))
    chosen = engine_named(name)
    if (why := chosen.can(question)) is not None:
        raise Unsupported(f"engine {name!r} cannot decide claim {question.claim.name!r}: {why}")
    return [chosen]


def _at_its_sizes(question: Question, engines: Iterable[Engine]) -> Verdict:
    claim, start = question.claim, perf_counter()
    if question.is_sound and question.in_parts:
        left, right = shapes_of_sides(claim)
        if left != right:
            found = Counterexample(left_shape=left, right_shape=right)
            return Refuted(claim, found, perf_counter() - start, ("shapes",))
    verdict = first_finding(question, engines).verdict
    if question.in_parts and isinstance(verdict, Undecided):
        return _evaluated(claim, verdict)
    return verdict


def _evaluated(claim: Claim, verdict: Undecided) -> Verdict:
    """Look for integers that refute a claim which no squares prove."""
    from symconv.prove.witness.search import find_witness

    start = perf_counter()
    try:
        found = find_witness(claim, TRIES if seen_apart(claim) else FEW_TRIES)
    except ClaimError as fault:
        reason = f"{verdict.reason}; nor can it be evaluated: {fault}"
        return replace(verdict, reason=reason)
    seconds = verdict.seconds + perf_counter() - start
    if found is None:
        reason = f"{verdict.reason}; no counterexample was found by evaluation"
        return replace(verdict, reason=reason, seconds=seconds)
    return Refuted(claim, found, seconds, ("evaluation",))
