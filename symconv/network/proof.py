"""The verdict on a chain and its stride-free form, with the masks that the prover asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from symconv.claim.verdict import Certificate, Fact, Refuted, Verdict
from symconv.network.expansion import NetworkExpansion


@dataclass(frozen=True, slots=True)
class Tail:
    """A mask: the layer that it stands before, and at which sizes of the input it is needed.

    ``needed`` is None where the sizes are numbers.  One for ``empty_windows`` keeps out -inf.
    """

    place: int
    needed: str | None = None
    empty_windows: bool = False

    @property
    def reason(self) -> str:
        """What would happen without it."""
        if self.needed is not None:
            left = ", or -inf that a pooling left there," if self.empty_windows else ""
            return f"it would read its input's tail{left} where {self.needed}"
        if self.empty_windows:
            return "it keeps -inf, left by a pooling, out of a sum"
        return "it would read the tail of a hidden signal"


@dataclass(frozen=True, slots=True)
class NetworkProof:
    """The verdict on a chain and its expansion, whose masks the prover asked for.

    ``tails`` are the masks.  ``without_masks`` is the verdict on the same expansion without them;
    None where there are none but those that keep -inf out of sums.  Of named sizes, every square
    commutes without masks at those of ``free`` alone, and ``without_masks`` refutes the chain at
    the least size at which integers were found that show it.
    """

    expansion: NetworkExpansion
    verdict: Verdict
    tails: tuple[Tail, ...] = ()
    free: str = "all sizes"
    without_masks: Verdict | None = None

    def mask_facts(self) -> Iterator[Fact]:
        """One fact a mask: where it stands, and what happens without it."""
        for tail in self.tails:
            name = self.expansion.network.nodes[tail.place].name
            figures: dict[str, Any] = {"layer": name, "needed": tail.needed}
            if tail.needed is None:
                figures = {"layer": name, "without_masks": self.without_in_words()}
            yield Fact("mask", f"the mask before {name}: {tail.reason}", figures)

    def with_mask_facts(self) -> NetworkProof:
        """The proof whose certificate states its masks as well."""
        if not isinstance(self.verdict, Certificate):
            return self
        facts = (*self.verdict.facts, *self.mask_facts())
        return replace(self, verdict=replace(self.verdict, facts=facts))

    def without_in_words(self) -> str:
        """What is known of the chain without its masks."""
        without, refuted = self.without_masks, ""
        if isinstance(without, Refuted):
            refuted = without.counterexample.sentence()
        if self.expansion.network.names:
            known = f"without masks every square commutes iff {self.free}"
            return f"{known}; without: {refuted}" if refuted else known
        if without is None:
            return "not asked: the masks only keep -inf out of sums"
        return f"refuted: {refuted}" if refuted else without.verdict
