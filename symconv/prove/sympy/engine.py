"""The engine of SymPy: the identity of both sides' matrices."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from symconv.claim.verdict import Certificate, Fact, Undecided
from symconv.errors import TooLarge
from symconv.prove.engine import Engine, Finding, Question

if TYPE_CHECKING:
    from symconv.expand import Expansion

MOST_MATRIX_ENTRIES = 4000
"""Above this many non-zeros, a second of SymPy, the identity is proved for a reduced instance."""

MOST_STAND_IN_ENTRIES = 40_000
"""Above this many non-zeros of a reduced instance, ten seconds, there is no identity."""

COST = 0.25
"""Milliseconds a non-zero (measured)."""


class SymPy(Engine):
    """The identity of the two operators' symbolic matrices, entry by entry."""

    name = "sympy"
    how = "The identity of the two operators' symbolic matrices, entry by entry."
    trust = "symconv's building of the matrices, and SymPy's polynomial arithmetic."
    decides = False

    def can(self, question: Question) -> str | None:
        """Only a layer and its expansion have matrices, and only where sums are taken."""
        from symconv.expand import Expansion

        expansion = question.expansion
        if not isinstance(expansion, Expansion) or question.for_all_sizes:
            return "no SymPy identity: it is of a layer and its expansion, at a size"
        if expansion.original.monoid == "max":
            return "no SymPy identity: a maximum is no linear map and has no matrix"
        return None

    def cost(self, question: Question) -> float:
        """Every non-zero of the two matrices is compared once."""
        from symconv.expand import Expansion
        from symconv.expand.reduced import matrix_entries

        e = question.expansion
        entries = matrix_entries(e) if isinstance(e, Expansion) else 0
        return COST * min(entries, MOST_STAND_IN_ENTRIES)

    def decide(self, question: Question) -> Finding:
        """Prove the identity, for this layer or for a reduced instance of the same geometry."""
        from symconv.expand import Expansion
        from symconv.expand.reduced import check_slots
        from symconv.prove.sympy.operators import operator_fact

        start, e = perf_counter(), question.expansion
        if not isinstance(e, Expansion):
            return Finding(Undecided(question.claim, str(self.can(question)), 0.0))
        try:
            chosen, about, limits = _instance(e)
            check_slots(chosen)
            fact: Fact = operator_fact(chosen, about)
        except TooLarge as fault:
            reason = f"no SymPy identity: {fault}"
            return Finding(Undecided(question.claim, reason, perf_counter() - start))
        shape = (e.original.out_channels, *e.output_size)
        return Finding(
            Certificate(question.claim, (fact,), shape, perf_counter() - start, limits=limits)
        )


def _instance(e: Expansion) -> tuple[Expansion, str, tuple[str, ...]]:
    """The layer whose matrices are compared, what it is, and what that leaves open.

    Raises:
        TooLarge: even a reduced instance's matrices would take long.
    """
    from symconv.expand.reduced import matrix_entries, stand_in

    entries = matrix_entries(e)
    if entries <= MOST_MATRIX_ENTRIES:
        return e, "this layer at its own size", ()
    small = stand_in(e)
    if matrix_entries(small) > MOST_STAND_IN_ENTRIES:
        raise TooLarge(f"{_too_large(entries)} {MOST_STAND_IN_ENTRIES}, and so has a stand-in")
    limit = f"the SymPy identity is a stand-in's: {_too_large(entries)} {MOST_MATRIX_ENTRIES}"
    return small, _stand_in_text(small), (limit,)


def _too_large(entries: int) -> str:
    return f"this layer's matrix has up to {entries} non-zeros, the SymPy identity takes up to"


def _stand_in_text(small: Expansion) -> str:
    size = " x ".join(map(str, small.input_size))
    return (
        f"a stand-in of the same geometry: input {size}, {small.original.in_channels} -> "
        f"{small.original.out_channels} channels"
    )


ENGINE = SymPy()
