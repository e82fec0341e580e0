"""The engine of squares: a claim part by part, each part a plain claim of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from symconv.claim.steps import flat
from symconv.prove.engine import Engine, Finding, Question

BASE, STEP = 5.0, 2.0
"""Milliseconds of a small claim, and of one more step, which may be one more square (measured)."""


class Squares(Engine):
    """One claim per part, of tables, composed where a tail can hold anything."""

    name = "squares"
    how = "One claim per layer, of tables or of sets, composed where a tail can hold anything."
    trust = "As for tables or sets, and that the squares follow one another."
    also: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mask": (
            "The square in front of which the mask stands does not commute without it.",
            "As for squares; the refutation without it can be run.",
        ),
    }

    def can(self, question: Question) -> str | None:
        """Sizes must be numbers; for all sizes the sets go part by part themselves."""
        return "squares are for sizes in numbers" if question.for_all_sizes else None

    def cost(self, question: Question) -> float:
        """Each part is cut out, searched for hidden tensors, and compared."""
        claim = question.claim
        return BASE + STEP * sum(1 for _ in flat((*claim.left, *claim.right)))

    def decide(self, question: Question) -> Finding:
        """Compose squares; without one a claim is undecided, and refuted by its shapes only."""
        from symconv.prove.squares.compose import decide_in_squares

        _ = question.is_sound
        return Finding(decide_in_squares(question.claim, question.hint))


ENGINE = Squares()
