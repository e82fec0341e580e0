"""Where a claim makes sense but for its two sides: its conditions, and its weights, used or not."""

from __future__ import annotations

from symconv.claim import Claim
from symconv.claim.sides import weights_of
from symconv.prove.sets.lowering import domain
from symconv.prove.sets.text import condition_to_isl


def legal_conditions(claim: Claim) -> list[str]:
    """The conditions on the sizes under which every weight exists and ``where`` holds.

    Raises:
        ClaimError: a weight is ill-formed at every size.
        UnsupportedStep: a weight is not read for all sizes.
    """
    read = weights_of(claim)
    where = [condition_to_isl(condition) for condition in claim.where]
    return where + domain(*(read(name, "shapes") for name, _ in claim.weights))
