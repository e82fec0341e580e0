"""Settle any claim at its sizes: by tables, by squares of tables, or by evaluation."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Counterexample, Refuted, Undecided, Verdict
from symconv.errors import ClaimError, TooLarge
from symconv.machine.budget import spending
from symconv.prove.confirm import confirmed, seen_apart
from symconv.prove.cuts import needs_cuts
from symconv.prove.large import settle_by_sets
from symconv.prove.squares.settle import Guess, settle_in_squares
from symconv.prove.tables import settle as concrete
from symconv.prove.witness.search import find_witness
from symconv.prove.witness.values import as_values
from symconv.relation.sides import check_around, check_claim

TRIES, FEW_TRIES = 300, 20
"""Assignments on which a difference is sought, where random functions tell the sides apart, and
where even they do not: then the claim holds of every function, but for what was not looked at."""


def settle(claim: Claim, guess: Guess = lambda place: None) -> Verdict:
    """Prove or refute a claim at its sizes, with functions between its layers or without.

    Other code evaluates what is proved and replays what is refuted before it is a verdict.

    Raises:
        ClaimError: the claim is ill-formed: shapes, patterns, names or steps do not fit.
        ContradictionError: the other code contradicts, a fault of symconv itself.

    >>> from symconv.claim import read_claim
    >>> relu, flip = {"op": "relu"}, {"op": "flip", "axes": [1]}
    >>> sides = {"left": [relu, flip], "right": [flip, relu]}
    >>> settle(read_claim({"input": {"channels": 1, "size": [4]}, **sides})).verdict
    'proved'
    """
    with spending():
        start = perf_counter()
        try:
            return confirmed(_unconfirmed(claim, guess))
        except TooLarge as fault:
            return Undecided(claim, str(fault), perf_counter() - start)


def _unconfirmed(claim: Claim, guess: Guess) -> Verdict:
    start = perf_counter()
    if not needs_cuts(claim.left, claim.right):
        check_around(claim)
        return _plain(claim, guess)
    shapes = check_claim(claim)
    if shapes[0] != shapes[1]:
        found = Counterexample(left_shape=shapes[0], right_shape=shapes[1])
        return Refuted(claim, found, perf_counter() - start, ("shapes",))
    return _in_parts(claim, guess)


def _in_parts(claim: Claim, guess: Guess) -> Verdict:
    """A claim with functions, or with sums and maxima: by squares, or by evaluation."""
    verdict = settle_in_squares(claim, guess)
    return _evaluated(claim, verdict) if isinstance(verdict, Undecided) else verdict


def _plain(claim: Claim, guess: Guess) -> Verdict:
    """A claim of sums alone, or of maxima alone: by tables, or by squares of them."""
    verdict = concrete.settle(claim)
    if isinstance(verdict, Refuted):
        return replace(verdict, counterexample=as_values(claim, verdict.counterexample))
    if isinstance(verdict, Undecided):
        found = settle_in_squares(claim, guess)
        return found if isinstance(found, Certificate) else settle_by_sets(claim, verdict)
    return verdict


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
