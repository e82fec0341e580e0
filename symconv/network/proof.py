"""The verdict on a chain and its stride-free form, with the masks that the prover asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symconv.claim.verdict import Fact, Refuted, Verdict
from symconv.network.graph import NetworkExpansion
from symconv.network.open_network import OpenNetwork


@dataclass(frozen=True, slots=True)
class NetworkProof:
    """The verdict on a chain and its expansion, whose masks the prover asked for.

    ``without_masks`` is the verdict on the same expansion without them; None where there are none
    but those that keep -inf out of sums.
    """

    expansion: NetworkExpansion
    verdict: Verdict
    without_masks: Verdict | None

    def mask_facts(self) -> Iterator[Fact]:
        """One fact a mask: where it stands, and what happens without it."""
        hollow = self.expansion.hollow_tails()
        for place in sorted(self.expansion.masks):
            name = self.expansion.network.nodes[place].name
            if place in hollow:
                about = f"the mask before {name}: it keeps -inf, left by a pooling, out of a sum"
            else:
                about = f"the mask before {name}: it would read the tail of a hidden signal"
            yield Fact("mask", about, {"layer": name, "without_masks": self.without_in_words()})

    def without_in_words(self) -> str:
        """What is known of the chain without its masks."""
        if self.without_masks is None:
            return "not asked: the masks only keep -inf out of sums"
        if isinstance(self.without_masks, Refuted):
            return f"refuted: {self.without_masks.counterexample.sentence()}"
        return self.without_masks.verdict


@dataclass(frozen=True, slots=True)
class Tail:
    """A mask of a chain for all sizes: the layer, and the input sizes at which it is needed."""

    place: int
    needed: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class OpenNetworkProof:
    """The verdict on a chain and its expansion at every size.

    ``tails`` are the masks; without them every square commutes at the sizes of ``free`` alone.
    ``without_masks`` refutes the chain without them at the least size at which integers were found
    that show it.
    """

    expansion: OpenNetwork
    verdict: Verdict
    tails: tuple[Tail, ...] = ()
    free: str = "all sizes"
    without_masks: Verdict | None = None

    def mask_facts(self) -> Iterator[Fact]:
        """One fact a mask: where it stands, and at which sizes it is needed."""
        for tail in self.tails:
            name = self.expansion.network.nodes[tail.place].name
            why = "it would read its input's tail"
            if tail.hollow:
                why += ", or -inf that a pooling left there,"
            about = f"the mask before {name}: {why} where {tail.needed}"
            yield Fact("mask", about, {"layer": name, "needed": tail.needed})

    def without_in_words(self) -> str:
        """What is known of the chain without its masks."""
        known = f"without masks every square commutes iff {self.free}"
        if isinstance(self.without_masks, Refuted):
            return f"{known}; without: {self.without_masks.counterexample.sentence()}"
        return known
