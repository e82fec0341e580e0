"""Claims for all sizes: settled by sets, and refuted again by tables at the least failing size."""

from __future__ import annotations

from dataclasses import replace

from symconv.claim import Claim
from symconv.errors import SymconvError
from symconv.prove.sets import Fails, settle_all
from symconv.prove.settle import settle
from symconv.verdict import Refuted, Verdict


class SizesDisagree(SymconvError):
    """Two provers that must agree do not: a fault of symconv itself, never a verdict."""


def settle_for_all_sizes(claim: Claim) -> Verdict:
    """Prove a claim for all its named sizes, or refute it at the least size that fails.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.
        SizesDisagree: the provers contradict each other.
    """
    found = settle_all(claim)
    if not isinstance(found, Fails):
        return found
    at = settle(claim.at(found.least))
    if not isinstance(at, Refuted):
        raise SizesDisagree(
            f"claim {claim.name!r} fails for all sizes at {found.least}, but there it is "
            f"{at.verdict}: a fault of symconv, please report it"
        )
    counterexample = replace(at.counterexample, size=tuple(found.least.items()))
    seconds = found.seconds + at.seconds
    return Refuted(
        claim, counterexample, seconds, ("sets", *at.method), "all",
        fails_on=found.fails_on, holds_on=found.holds_on,
    )  # fmt: skip
