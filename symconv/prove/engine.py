"""What an engine is: one way to decide a claim, with what must be trusted to believe it.

Data flow: a `Question` -> the engines that can answer it, the cheapest first -> a `Finding` ->
another reading that looks at it (`symconv.prove.confirm`) -> a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

from symconv.claim import Claim
from symconv.claim.sides import check_around
from symconv.claim.verdict import Verdict
from symconv.prove.cuts import needs_cuts

if TYPE_CHECKING:
    from symconv.expand import Expansion
    from symconv.expand.lattice import LatticeExpansion

Hint = Callable[[int], tuple[int, ...] | None]
"""The phase factors of the right pipeline's tensor before its step of this place, where known."""


def no_hint(place: int) -> tuple[int, ...] | None:
    """Nothing is known of any place."""
    return None


@dataclass(frozen=True)
class Question:
    """A claim to be decided, and what is known of where it comes from.

    ``expansion`` is the layer and its expansion that the claim is about, where there is one: some
    engines speak of these only.  ``hint`` spares the search for what hidden tensors have in common;
    it is proved like the rest.  What several engines ask of the claim is found out once.
    """

    claim: Claim
    hint: Hint = no_hint
    expansion: Expansion | LatticeExpansion | None = None

    @cached_property
    def for_all_sizes(self) -> bool:
        """Whether the claim names sizes."""
        return bool(self.claim.names)

    @cached_property
    def geometry(self) -> Claim:
        """The claim without its name, of few channels where it is a layer's own.

        Raises:
            InternalError: the claim is not that of its expansion.
        """
        from symconv.prove.geometry import narrowed

        return narrowed(self.claim, self.expansion)

    @cached_property
    def in_parts(self) -> bool:
        """Whether functions or maxima cut the pipelines into parts."""
        return needs_cuts(self.claim.left, self.claim.right)

    @cached_property
    def is_sound(self) -> bool:
        """True of a claim at sizes in numbers whose conditions and weights make sense.

        Raises:
            ClaimError: they do not.
        """
        check_around(self.claim)
        return True


@dataclass(frozen=True, slots=True)
class Finding:
    """What an engine found, and the sizes at which the second voice has to look.

    A refutation for all sizes may name the least sizes alone, in its counterexample: the entry at
    which the sides differ there is sought at these sizes.
    """

    verdict: Verdict
    at: tuple[Mapping[str, int], ...] = ({},)


class Engine(Protocol):
    """One way to decide claims."""

    name: str
    """The word under ``method``, and of ``--engine``."""
    how: str
    """What it does, in a sentence."""
    trust: str
    """What must be trusted to believe it, in a sentence; reports and the README print it."""
    decides: bool = True
    """Whether it decides any claim, or adds a proof to a layer's that is decided."""
    by_name: bool = False
    """Whether it is asked by its name only, and not of what nobody else decides."""
    also: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Other methods that its facts are of, each with how and trust."""

    def can(self, question: Question) -> str | None:
        """None where it can be asked, or why not: a limit of the certificate."""

    def cost(self, question: Question) -> float:
        """About how many milliseconds it takes."""

    def decide(self, question: Question) -> Finding:
        """Decide the claim.

        Raises:
            ClaimError: the claim is ill-formed.
            TooLarge: it is more than the budget allows.
        """
