"""Claims for all sizes: settled by sets, and refuted again by tables at the least failing size."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from time import perf_counter

from symconv.claim import Claim
from symconv.errors import ContradictionError, SymconvError
from symconv.prove.cuts import needs_cuts
from symconv.prove.sets import Fails, settle_all
from symconv.prove.settle import settle
from symconv.verdict import Refuted, Undecided, Verdict

SMALL = {1: 24, 2: 7, 3: 4}
"""Up to which size claims with functions are tried, by the number of named sizes."""

SECONDS = 5.0


class SizesDisagree(ContradictionError):
    """Two provers that must agree do not: a fault of symconv itself, never a verdict."""


def settle_for_all_sizes(claim: Claim) -> Verdict:
    """Prove a claim for all its named sizes, or refute it at the least size that fails.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.
        SizesDisagree: the provers contradict each other.
    """
    found = settle_all(claim)
    if isinstance(found, Undecided) and needs_cuts(claim.left, claim.right):
        refuted = _at_small_sizes(claim)
        return found if refuted is None else refuted
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


def _at_small_sizes(claim: Claim) -> Refuted | None:
    """A claim with functions refuted at the first small size at which it fails.

    At which others it fails is not known.
    """
    start = perf_counter()
    most = SMALL.get(len(claim.names), 3)
    ranges = [range(1 if name in claim.size else 0, most + 1) for name in claim.names]
    for values in product(*ranges):
        if perf_counter() - start > SECONDS:
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
