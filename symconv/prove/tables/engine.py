"""The engine of tables: both sides' coefficients at given sizes, compared one by one."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from symconv.claim.steps import joins_axes
from symconv.claim.verdict import Refuted
from symconv.prove.engine import Engine, Finding, Question

BASE, ENTRY, JOINED = 0.8, 5e-5, 2e-4
"""Milliseconds of a small claim, of one more entry of an axis's table, and of one more entry of a
table of all axes (measured)."""


class Tables(Engine):
    """The two sides as sums of products of access tables, compared entry by entry."""

    name = "tables"
    how = "The two sides as sums of products of access tables, compared entry by entry."
    trust = "symconv's reading of the steps as tables, its comparison, and NumPy's integers."

    def can(self, question: Question) -> str | None:
        """Sizes must be numbers, and nothing may cut the pipelines into parts."""
        if question.for_all_sizes:
            return "tables are for sizes in numbers"
        return "functions and maxima cut it into parts" if question.in_parts else None

    def cost(self, question: Question) -> float:
        """An axis's table has about an entry for each sample and tap; so has one of all axes."""
        claim = question.claim
        kernels = [weight.shape[2:] for _, weight in claim.weights if weight.shape]
        if joins_axes((*claim.left, *claim.right)):
            return BASE + JOINED * float(max(map(prod, kernels), default=1) * prod(claim.size))
        taps = max((max(kernel, default=1) for kernel in kernels), default=1)
        return BASE + ENTRY * float(taps * sum(claim.size))

    def decide(self, question: Question) -> Finding:
        """Compare the tables; a difference is given as values where coefficients do not show it."""
        from symconv.prove.tables.decide import decide_by_tables

        _ = question.is_sound
        verdict = decide_by_tables(question.claim)
        if isinstance(verdict, Refuted):
            from symconv.prove.tables.values import as_values

            found = as_values(question.claim, verdict.counterexample)
            return Finding(replace(verdict, counterexample=found))
        return Finding(verdict)


ENGINE = Tables()
