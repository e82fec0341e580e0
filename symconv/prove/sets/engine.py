"""The engine of sets: one formula in the sizes, at given sizes and for all of them."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from symconv.claim import Claim
from symconv.claim.steps import flat, joins_axes
from symconv.claim.verdict import Certificate, Counterexample, Fact, Refuted, Undecided, Verdict
from symconv.errors import ClaimError, TooLarge
from symconv.prove.engine import Engine, Finding, Question
from symconv.relation.reading import UnsupportedStep

if TYPE_CHECKING:
    from symconv.prove.sets.decide import Fails

BASE, STEP, JOINED = 2.0, 0.4, 4
"""Milliseconds of a small claim, and of one more step; how many times that where formulas speak of
several axes together (measured)."""

ABOUT = "both sides have the same coefficients at these sizes, decided by one formula"

DIFFER = "the two sides differ, but it takes tables to say where"


class Sets(Engine):
    """One formula of linear integer arithmetic in the sizes, decided by isl."""

    name = "sets"
    how = "One formula of linear integer arithmetic in the sizes, decided by isl."
    trust = "symconv's reading of the steps as formulas, and isl."

    def can(self, question: Question) -> str | None:
        """At given sizes nothing may cut the pipelines into parts."""
        if question.in_parts and not question.for_all_sizes:
            return "at given sizes sets are not asked of claims that functions cut into parts"
        return None

    def cost(self, question: Question) -> float:
        """A formula grows with the steps."""
        steps = (*question.claim.left, *question.claim.right)
        alone = BASE + STEP * sum(1 for _ in flat(steps))
        return alone * JOINED if joins_axes(steps) else alone

    def decide(self, question: Question) -> Finding:
        """Ask isl whether the sides' sets are equal, and at which sizes."""
        from symconv.prove.sets.decide import Fails, Holds, decide_by_sets

        if not question.for_all_sizes:
            return Finding(_at_its_sizes(question.claim))
        found = decide_by_sets(question.claim)
        if isinstance(found, Holds):
            return Finding(found.certificate, found.at)
        if isinstance(found, Fails):
            return Finding(_refuted_somewhere(question.claim, found), found.holds_at)
        return Finding(found)


def _refuted_somewhere(claim: Claim, found: Fails) -> Refuted:
    """The refutation at the least failing size, where a counterexample is still to be found."""
    least = Counterexample(size=tuple(found.least.items()))
    return Refuted(
        claim,
        least,
        found.seconds,
        ("sets",),
        "all",
        fails_on=found.fails_on,
        holds_on=found.holds_on,
    )


def _at_its_sizes(claim: Claim) -> Verdict:
    """The claim at sizes in numbers, by one formula."""
    from symconv.prove.sets.decide import bounded, size_sets

    start = perf_counter()
    try:
        with bounded():
            sets = size_sets(claim)
            fails = not sets.failing.is_empty()
    except (UnsupportedStep, TooLarge) as fault:
        return Undecided(claim, str(fault), perf_counter() - start)
    except ClaimError as fault:
        fault.within(f"claim {claim.name!r} at its sizes")
        raise
    if fails:
        return _different(claim, Undecided(claim, DIFFER, perf_counter() - start))
    shape = tuple(int(n) for n in sets.shape)
    return Certificate(claim, (Fact("sets", ABOUT),), shape, perf_counter() - start)


def _different(claim: Claim, undecided: Undecided) -> Refuted | Undecided:
    """A refutation by the shapes; for any other the least counterexample takes tables."""
    from symconv.evaluation import shapes_of

    left, right = shapes_of(claim)
    if left == right:
        return undecided
    found = Counterexample(left_shape=left, right_shape=right)
    return replace(Refuted(claim, found, undecided.seconds), method=("shapes",))


ENGINE = Sets()
