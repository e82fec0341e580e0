"""Names for the sizes of a claim that has them in numbers."""

from __future__ import annotations

from typing import Any

from symconv.claim.claim import Claim
from symconv.size.names import axis_names


def named_sizes(claim: Claim) -> tuple[Any, ...]:
    """The claim's sizes, a name that it does not use yet in place of each number.

    >>> from symconv.claim import read_claim
    >>> named_sizes(read_claim({"input": {"channels": 1, "size": [8, "N"]}, "left": [],
    ...                         "right": []}))
    ('H', 'N')
    """
    fresh = (
        next(name for name in (base, *(f"{base}{n}" for n in range(9))) if name not in claim.names)
        for base in axis_names(len(claim.size))
    )
    pairs = zip(claim.size, fresh, strict=True)
    return tuple(name if isinstance(size, int) else size for size, name in pairs)
