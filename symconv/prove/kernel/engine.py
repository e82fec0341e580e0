"""The engine of the proof kernel: the layer's own theorem, compiled by Coq."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from symconv.claim.verdict import Certificate, Fact, Undecided
from symconv.errors import TooLarge
from symconv.prove.engine import Engine, Finding, Question

if TYPE_CHECKING:
    from symconv.expand import Expansion
    from symconv.expand.lattice import LatticeExpansion

COST = 3_000.0
"""Milliseconds: coqc starts, and loads MathComp."""


class Kernel(Engine):
    """A theorem of the library in Coq, applied to this layer's numbers and tie tables."""

    name = "kernel"
    how = "A theorem of the library in Coq, applied to this layer's numbers and tie tables."
    trust = "Coq's kernel, and the theorem's statement."
    decides = False

    def __init__(self, keep: str | Path | None = None) -> None:
        self._keep = keep
        """A folder in which to leave the theorem's file."""

    def can(self, question: Question) -> str | None:
        """Only a layer and its expansion have a theorem: at a size, a matrix stride's at all."""
        from symconv.expand.lattice import LatticeExpansion
        from symconv.prove.kernel.lattice import NO_THEOREM, has_theorem
        from symconv.prove.kernel.pools import not_stated

        e = question.expansion
        if isinstance(e, LatticeExpansion):
            return None if has_theorem(e) else NO_THEOREM
        if e is None or question.for_all_sizes:
            return "no kernel proof: it is of a layer and its expansion, at a size"
        missing = not_stated(e)
        return missing and f"no kernel proof: {missing}"

    def cost(self, question: Question) -> float:
        """Some seconds for any layer."""
        return COST

    def decide(self, question: Question) -> Finding:
        """Have Coq check the theorem.

        Raises:
            KernelMissing: Coq or MathComp is not installed.
            KernelRejects: Coq refuses the theorem, a fault of symconv itself.
        """
        start, e = perf_counter(), question.expansion
        if e is None:
            return Finding(Undecided(question.claim, str(self.can(question)), 0.0))
        try:
            fact, limit = self._checked(e)
        except TooLarge as fault:
            reason = f"no kernel proof: {fault}"
            return Finding(Undecided(question.claim, reason, perf_counter() - start))
        shape = (e.original.out_channels, *e.output_size)
        seconds = perf_counter() - start
        return Finding(Certificate(question.claim, (fact,), shape, seconds, limits=(limit,)))

    def _checked(self, e: Expansion | LatticeExpansion) -> tuple[Fact, str]:
        """What Coq accepts of an expansion, and what it leaves open."""
        from symconv.expand.lattice import LatticeExpansion
        from symconv.prove.kernel import lattice, theorem

        if isinstance(e, LatticeExpansion):
            return theorem.lattice_fact(e, self._keep), lattice.LIMIT
        return theorem.kernel_fact(e, self._keep), theorem.LIMIT


ENGINE = Kernel()
