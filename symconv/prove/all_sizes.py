"""Claims for all sizes: settled by sets, and refuted again by tables at the least failing size."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product
from time import perf_counter

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Refuted, Undecided, Verdict
from symconv.errors import ContradictionError, MalformedError, SymconvError, TooLarge
from symconv.machine.budget import running, spending
from symconv.prove.confirm import evaluated
from symconv.prove.cuts import needs_cuts
from symconv.prove.sets import Fails, Holds, settle_all
from symconv.prove.settle import settle
from symconv.relation.sides import check_claim

SMALL = {1: 24, 2: 7, 3: 4}
"""Up to which size claims with functions are tried, by the number of named sizes."""

SHARE = 1 / 12
"""Small sizes are tried for so much of the time."""

TRIED = (1, 2, 3, 5, 7, 16, 60, 97, 240)
"""Sizes at which a claim that stays undecided is read: small, prime, and divisible by most."""


class SizesDisagree(ContradictionError):
    """Two provers that must agree do not: a fault of symconv itself, never a verdict."""


def settle_for_all_sizes(claim: Claim) -> Verdict:
    """Prove a claim for all its named sizes, or refute it at the least size that fails.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.
        SizesDisagree: the provers contradict each other.
    """
    with spending():
        start = perf_counter()
        try:
            return _settled(claim)
        except TooLarge as fault:
            return Undecided(claim, str(fault), perf_counter() - start, "all")


def _settled(claim: Claim) -> Verdict:
    if needs_cuts(claim.left, claim.right):
        # Its parts are read in another order than their steps stand in.
        check_at_some_size(claim)
    found = settle_all(claim)
    if isinstance(found, Holds):
        with suppress(TooLarge):  # sets are not built as tables are
            check_claim(claim.at(found.at[0]))
        return evaluated(found.certificate, found.at)
    if isinstance(found, Fails):
        return _refuted(claim, found)
    check_at_some_size(claim)
    refuted = _at_small_sizes(claim) if needs_cuts(claim.left, claim.right) else None
    return found if refuted is None else refuted


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


def _refuted(claim: Claim, found: Fails) -> Refuted | Undecided:
    """The refutation at the least failing size; where it is said to hold, it is evaluated."""
    at = settle(claim.at(found.least))
    if isinstance(at, Undecided):
        where = ", ".join(f"{name} = {n}" for name, n in found.least.items())
        reason = f"it fails at {where}, but there no counterexample was found: {at.reason}"
        return Undecided(claim, reason, found.seconds + at.seconds, "all")
    if not isinstance(at, Refuted):
        raise SizesDisagree(
            f"claim {claim.name!r} fails for all sizes at {found.least}, but there it is "
            f"{at.verdict}"
        )
    if found.holds_at:
        evaluated(Certificate(claim, (), (), 0.0), found.holds_at)
    counterexample = replace(at.counterexample, size=tuple(found.least.items()))
    seconds = found.seconds + at.seconds
    return Refuted(
        claim, counterexample, seconds, ("sets", *at.method), "all",
        fails_on=found.fails_on, holds_on=found.holds_on,
    )  # fmt: skip


def _at_small_sizes(claim: Claim) -> Refuted | None:
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
            at = settle(claim.at(sizes))
        except SymconvError:
            continue
        if isinstance(at, Refuted):
            counterexample = replace(at.counterexample, size=tuple(sizes.items()))
            return Refuted(claim, counterexample, perf_counter() - start, at.method, "all")
    return None
