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
from symconv.claim.sides import check_around, check_claim
from symconv.claim.verdict import Counterexample, Refuted, Undecided, Verdict
from symconv.errors import ClaimError, TooLarge, Unsupported
from symconv.expand import Expansion
from symconv.expand.lattice import LatticeExpansion
from symconv.machine.budget import spending
from symconv.prove.confirm import confirmed, seen_apart
from symconv.prove.cuts import needs_cuts
from symconv.prove.engine import Engine, Hint, Question, no_hint
from symconv.prove.everywhere import decide_everywhere
from symconv.prove.registry import cheapest_first, engine_named
from symconv.prove.sets.engine import DIFFER
from symconv.prove.witness.search import find_witness

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
        try:
            engines = _asked(question, engine)
            if question.for_all_sizes:
                return decide_everywhere(question, engines, decide)
            return confirmed(_at_its_sizes(question, engines))
        except TooLarge as fault:
            seconds = perf_counter() - start
            return Undecided(claim, str(fault), seconds, "all" if claim.names else "these")


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
    if not needs_cuts(claim.left, claim.right):
        check_around(claim)
        return _first_answer(question, engines)
    shapes = check_claim(claim)
    if shapes[0] != shapes[1]:
        found = Counterexample(left_shape=shapes[0], right_shape=shapes[1])
        return Refuted(claim, found, perf_counter() - start, ("shapes",))
    verdict = _first_answer(question, engines)
    return _evaluated(claim, verdict) if isinstance(verdict, Undecided) else verdict


def _first_answer(question: Question, engines: Iterable[Engine]) -> Verdict:
    """What the first engine says that decides the claim; else why none does."""
    reasons: dict[str, str] = {}
    start = perf_counter()
    for one in engines:
        verdict = one.decide(question).verdict
        if not isinstance(verdict, Undecided):
            return verdict
        reasons[one.name] = verdict.reason
    return Undecided(question.claim, _reason(reasons), perf_counter() - start)


def _reason(reasons: dict[str, str]) -> str:
    """The tables' reason where they were asked: every other engine came because of it."""
    if not reasons:
        return "no engine takes such claims"
    main = reasons.get("tables") or next(iter(reasons.values()))
    return f"{DIFFER}: {main}" if reasons.get("sets") == DIFFER != main else main


def _evaluated(claim: Claim, verdict: Undecided) -> Verdict:
    """Look for integers that refute a claim which no squares prove."""
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
