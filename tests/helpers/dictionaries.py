"""The rechecker's dictionaries, asked of a claim at its small sizes."""

from __future__ import annotations

from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.claims import at
from symconv.recheck.decide import same_function
from tests.helpers.forging import plain

Text = dict[str, Any]


def at_small_sizes(text: Text) -> set[bool]:
    """What the dictionaries say at each size up to nine at which the claim makes sense."""
    seen = set()
    for n in range(1, 10):
        try:
            seen.add(same_function(plain(at(text, {"N": n})))[0])
        except ClaimError:
            continue
    return seen
