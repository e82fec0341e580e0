"""Claims: two pipelines of steps that should be the same function, and what becomes of them."""

from symconv.claim.claim import Claim, Weight, digest
from symconv.claim.reading import read_claim

__all__ = ["Claim", "Weight", "digest", "read_claim"]
