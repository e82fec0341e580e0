"""What a verdict for all sizes says of some of them, and the concrete prover's verdict there."""

from __future__ import annotations

from symconv.claim import Claim
from symconv.errors import SymconvError
from symconv.prove.sets.decide import Fails, Holds
from symconv.prove.tables.decide import decide_by_tables
from symconv.size.text import evaluate


def expected(found: Holds | Fails, sizes: dict[str, int]) -> str:
    """What a verdict for all sizes says of these."""
    domain = found.domain
    if not holds(domain, sizes):
        return "illegal"
    if isinstance(found, Holds):
        return "proved"
    return "proved" if holds(found.holds_on, sizes) else "refuted"


def holds(words: str, sizes: dict[str, int]) -> bool:
    """Whether a condition in words is true of these sizes."""
    fixed = {"all sizes": True, "no size": False}
    return fixed[words] if words in fixed else bool(evaluate(words, sizes))


def at_size(claim: Claim, sizes: dict[str, int]) -> str:
    """The tables' verdict at these sizes, or that the claim makes no sense there."""
    try:
        return decide_by_tables(claim.at(sizes)).verdict
    except SymconvError:
        return "illegal"
