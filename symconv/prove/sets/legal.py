"""Where a claim makes sense but for its two sides: its conditions, and its weights, used or not."""

from __future__ import annotations

from collections.abc import Callable

from symconv.claim import Claim
from symconv.errors import SymconvError
from symconv.prove.sets.formulas import Form
from symconv.prove.sets.text import condition_to_isl

ReadWeight = Callable[[str, bool], Form]


def legal_conditions(claim: Claim, read: ReadWeight) -> list[str]:
    """The conditions on the sizes under which every weight exists and ``where`` holds.

    Raises:
        ClaimError: a weight is ill-formed at every size.
        NotForAllSizes: a weight is not read for all sizes.
    """
    weights = (_weight(name, read) for name, _ in claim.weights)
    where = [condition_to_isl(condition) for condition in claim.where]
    return where + [condition for form in weights for condition in form.domain]


def _weight(name: str, read: ReadWeight) -> Form:
    """A weight in sums, or in maxima where it is made by some; its domain is the same in both."""
    try:
        return read(name, False)
    except SymconvError as fault:
        try:
            return read(name, True)
        except SymconvError:
            raise fault from None
