"""Settle any claim at its sizes: by tables, by squares of tables, or by evaluation."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from symconv.claim import Claim
from symconv.errors import ClaimError
from symconv.prove import concrete
from symconv.prove.cuts import needs_cuts
from symconv.prove.squares import Guess, settle_in_squares
from symconv.prove.values import as_values
from symconv.prove.witness import find_witness
from symconv.verdict import Certificate, Refuted, Undecided, Verdict


def settle(claim: Claim, guess: Guess = lambda place: None) -> Verdict:
    """Prove or refute a claim at its sizes, with functions between its layers or without.

    Raises:
        ClaimError: the claim is ill-formed: shapes, patterns, names or steps do not fit.

    >>> from symconv.claim import read_claim
    >>> relu, flip = {"op": "relu"}, {"op": "flip", "axes": [1]}
    >>> sides = {"left": [relu, flip], "right": [flip, relu]}
    >>> settle(read_claim({"input": {"channels": 1, "size": [4]}, **sides})).verdict
    'proved'
    """
    if needs_cuts(claim.left, claim.right):
        verdict = settle_in_squares(claim, guess)
        return _evaluated(claim, verdict) if isinstance(verdict, Undecided) else verdict
    verdict = concrete.settle(claim)
    if isinstance(verdict, Refuted):
        return replace(verdict, counterexample=as_values(claim, verdict.counterexample))
    if isinstance(verdict, Undecided):
        found = settle_in_squares(claim, guess)
        return found if isinstance(found, Certificate) else verdict
    return verdict


def _evaluated(claim: Claim, verdict: Undecided) -> Verdict:
    """Look for integers that refute a claim which no squares prove."""
    start = perf_counter()
    try:
        found = find_witness(claim)
    except ClaimError as fault:
        reason = f"{verdict.reason}; nor can it be evaluated: {fault}"
        return replace(verdict, reason=reason)
    seconds = verdict.seconds + perf_counter() - start
    if found is None:
        reason = f"{verdict.reason}; no counterexample was found by evaluation"
        return replace(verdict, reason=reason, seconds=seconds)
    return Refuted(claim, found, seconds, ("evaluation",))
