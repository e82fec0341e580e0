"""Claims for all sizes: what an engine finds, and refuted again at the least failing size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from time import perf_counter

from symconv.claim import Claim
from symconv.claim.sides import check_claim
from symconv.claim.verdict import Certificate, Refuted, Undecided, Verdict
from symconv.errors import ContradictionError, MalformedError, SymconvError, TooLarge
from symconv.machine.budget import running
from symconv.prove.asking import first_finding
from symconv.prove.confirm import evaluated
from symconv.prove.engine import Engine, Question

SMALL = {1: 24, 2: 7, 3: 4}
"""Up to which size claims with functions are tried, by the number of named sizes."""

SHARE = 1 / 12
"""Small sizes are tried for this share of the time."""

TRIED = (1, 2, 3, 5, 7, 16, 60, 97, 240)
"""Sizes at which a claim that stays undecided is read: small, prime, and divisible by most."""


class SizesDisagree(ContradictionError):
    """Two provers that must agree do not: a fault of symconv itself, never a verdict."""


Decide = Callable[[Claim], Verdict]
"""Decides a claim at sizes in numbers."""


def decide_everywhere(question: Question, engines: Sequence[Engine], at_sizes: Decide) -> Verdict:
    """Prove a claim for all its named sizes, or refute it at the least size that fails.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.
        SizesDisagree: the provers contradict each other.
    """
    claim = question.claim
    if question.in_parts:
        # Its parts are read in another order than their steps stand in.
        check_at_some_size(claim)
    finding = first_finding(question, engines)
    verdict = finding.verdict
    if isinstance(verdict, Certificate):
        with suppress(TooLarge):  # sets are not built as tables are
            check_claim(claim.at(finding.at[0]))
        return evaluated(verdict, finding.at, question)
    if isinstance(verdict, Refuted):
        return _refuted(verdict, finding.at, at_sizes)
    check_at_some_size(claim)
    refuted = _at_small_sizes(claim, at_sizes) if question.in_parts else None
    return verdict if refuted is None else refuted


def check_at_some_size(claim: Claim) -> None:
    """Refuse a claim that is ill-formed at every size, as it is at those that are tried.

    Raises:
        MalformedError: it is; the message is the one at the last of these sizes.
    """
    malformed: MalformedError | None = None
    for size in TRIED:
        try:
            check_claim(claim.at(dict.fromkeys(claim.names, size)))
            return
        except MalformedError as fault:
            malformed = fault
        except SymconvError:
            # Another size may do.
            continue
    if malformed is not None:
        raise malformed


def _refuted(
    found: Refuted, holds_at: Sequence[Mapping[str, int]], at_sizes: Decide
) -> Refuted | Undecided:
    """The refutation at the least failing size; where it is said to hold, it is evaluated."""
    claim, least = found.claim, dict(found.counterexample.size)
    at = at_sizes(claim.at(least))
    seconds = found.seconds + at.seconds
    if isinstance(at, Undecided):
        where = ", ".join(f"{name} = {n}" for name, n in least.items())
        reason = f"it fails at {where}, but there no counterexample was found: {at.reason}"
        return Undecided(claim, reason, seconds, "all")
    if not isinstance(at, Refuted):
        raise SizesDisagree(
            f"claim {claim.name!r} fails for all sizes at {least}, but there it is {at.verdict}"
        )
    if holds_at:
        evaluated(Certificate(claim, (), (), 0.0), holds_at, Question(claim))
    counterexample = replace(at.counterexample, size=tuple(least.items()))
    method = (*found.method, *at.method)
    return replace(found, counterexample=counterexample, seconds=seconds, method=method)


def _at_small_sizes(claim: Claim, at_sizes: Decide) -> Refuted | None:
    """A claim with functions refuted at the first small size at which it fails.

    At which others it fails is not known.
    """
    start, until = perf_counter(), running().deadline(SHARE)
    most = SMALL.get(len(claim.names), 3)
    ranges = [range(1 if name in claim.size else 0, most + 1) for name in claim.names]
    for values in product(*ranges):
        if perf_counter() > until:
            return None
        sizes = dict(zip(claim.names, values, strict=True))
        try:
            at = at_sizes(claim.at(sizes))
        except SymconvError:
            continue
        if isinstance(at, Refuted):
            counterexample = replace(at.counterexample, size=tuple(sizes.items()))
            return Refuted(claim, counterexample, perf_counter() - start, at.method, "all")
    return None
