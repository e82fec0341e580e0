"""Claims at sizes that are too large for tables: decided by sets, which do not grow with sizes."""

from __future__ import annotations

from dataclasses import replace

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Counterexample, Fact, Refuted, Undecided, Verdict
from symconv.errors import ClaimError, TooLarge
from symconv.evaluation import shapes_of
from symconv.prove.sets import NotForAllSizes, bounded, size_sets

ABOUT = "both sides have the same coefficients at these sizes, which are too large for tables"


def settle_by_sets(claim: Claim, tables: Undecided) -> Verdict:
    """Prove a claim at its sizes by one formula; where tables gave up, and why, is ``tables``."""
    try:
        with bounded():
            sets = size_sets(claim)
            fails = not sets.failing.is_empty()
    except (NotForAllSizes, TooLarge):
        return tables
    except ClaimError as fault:
        raise ClaimError(f"claim {claim.name!r} at its sizes: {fault}") from None
    if fails:
        return _refuted(claim, tables)
    shape = tuple(int(n) for n in sets.shape)
    return Certificate(claim, (Fact("sets", ABOUT),), shape, tables.seconds)


def _refuted(claim: Claim, tables: Undecided) -> Refuted | Undecided:
    """A refutation by the shapes; for any other the least counterexample would take tables."""
    left, right = shapes_of(claim)
    if left == right:
        reason = f"the two sides differ, but it takes tables to say where: {tables.reason}"
        return replace(tables, reason=reason)
    found = Counterexample(left_shape=left, right_shape=right)
    return Refuted(claim, found, tables.seconds, ("shapes",))
