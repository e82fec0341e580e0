"""Chains of named sizes: one square per layer, each decided for all sizes of the signal it reads.

The sets of sizes at which a square fails are pulled back to the chain's own input, through the
expressions of the hidden sizes.  Squares that fail somewhere get a mask, and are decided again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Fact, Refuted, Undecided
from symconv.errors import FactorError, SymconvError, TooLarge
from symconv.machine.budget import spending
from symconv.network import NetworkExpansion
from symconv.network.proof import NetworkProof, Tail
from symconv.prove.confirm import evaluated
from symconv.prove.engine import Question
from symconv.prove.network.at_a_size import refuted_without_masks
from symconv.prove.sets.blocks import Sizes, refuse_vacuous
from symconv.prove.sets.decide import SizeSets, bounded, size_sets
from symconv.prove.sets.hidden import pulled_back, reads_nothing
from symconv.prove.sets.samples import samples
from symconv.prove.sets.text import check_names, condition_to_isl
from symconv.prove.sets.words import describe, points
from symconv.relation.reading import UnsupportedStep
from symconv.size.numbers import freeze

TRIES = 12
"""Failing sizes at which a counterexample to the chain without masks is sought, least first."""


def decide_for_all_sizes(unmasked: NetworkExpansion) -> NetworkProof:
    """Prove a chain equal to its stride-free form at every size, with the masks that it needs.

    Raises:
        ClaimError: a condition is ill-formed, or no size satisfies them.
    """
    start, network = perf_counter(), unmasked.network
    check_names(network.names)
    try:
        with spending(), bounded():
            return _Squares(unmasked).proof(start)
    except (FactorError, UnsupportedStep, TooLarge) as fault:
        claim = Claim(
            network.name, network.channels, freeze(network.input_size), where=unmasked.where
        )
        undecided = Undecided(claim, str(fault), perf_counter() - start, "all")
        return NetworkProof(unmasked, undecided)


@dataclass
class _Squares:
    """The squares of a chain, decided once for each kind of layer."""

    expansion: NetworkExpansion
    decided: dict[Any, SizeSets] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The named sizes of the chain's input."""
        return self.expansion.network.names

    def proof(self, start: float) -> NetworkProof:
        unmasked = self.expansion
        legal = self._legal()
        empty = self._empty_windows(legal)
        needed = {
            place: self._at_input(place, self._square(unmasked, place).failing, legal)
            for place in unmasked.expansions
        }
        for place, sizes in empty.items():
            needed[place] = needed[place].union(sizes).coalesce()
        needed = {place: sizes for place, sizes in needed.items() if not sizes.is_empty()}
        masked = unmasked.with_masks(needed)
        for place in needed:
            square = self._square(masked, place)
            holds = square.legal.subtract(square.failing)
            if not legal.is_subset(self._at_input(place, holds, legal)):
                name = unmasked.network.nodes[place].name
                raise UnsupportedStep(f"the square of {name} fails with a mask in front")
        return self._written(masked, needed, empty, legal, start)

    def _written(
        self,
        masked: NetworkExpansion,
        needed: dict[int, Any],
        empty: dict[int, Any],
        legal: Any,
        start: float,
    ) -> NetworkProof:
        """The proof in words; ``needed`` are the sizes at which each mask is."""
        names, fails = self.names, legal.subtract(legal)
        for sizes in needed.values():
            fails = fails.union(sizes)
        tails = tuple(
            Tail(place, describe(sizes, legal, names), place in empty)
            for place, sizes in sorted(needed.items())
        )
        free = describe(legal.subtract(fails), legal, names)
        without = _refuted_without(masked, points(fails, names, TRIES))
        proved = self._certificate(masked, legal, start)
        certificate = evaluated(proved, samples(legal, names), Question(proved.claim))
        if isinstance(certificate, Undecided):
            return NetworkProof(masked, certificate)
        return NetworkProof(masked, certificate, tails, free, without)

    def _certificate(self, masked: NetworkExpansion, legal: Any, start: float) -> Certificate:
        figures = {
            "squares": len(masked.expansions),
            "sizes": list(self.names),
            "domain": describe(legal, self._everywhere(), self.names),
        }
        about = "every layer's square commutes at every size of the domain"
        last = list(masked.expansions.values())[-1].original.out_channels
        shape = (last, *freeze(masked.network.sizes[len(masked.network.nodes) - 1]))
        seconds = perf_counter() - start
        fact = Fact("squares", about, figures)
        return Certificate(masked.claim(), (fact,), shape, seconds, sizes="all")

    def _everywhere(self) -> Any:
        return Sizes(self.names).set([f"{name} >= 1" for name in self.names])

    def _legal(self) -> Any:
        """The input sizes at which every layer makes sense and the conditions hold."""
        e = self.expansion
        found = self._everywhere().intersect(
            Sizes(self.names).set([condition_to_isl(c) for c in e.where])
        )
        for place in e.expansions:
            found = self._at_input(place, self._square(e, place).legal, found)
        refuse_vacuous(found, f"chain {e.network.name!r}")
        return found

    def _square(self, expansion: NetworkExpansion, place: int) -> SizeSets:
        """A layer's square, which layers of equal geometry share."""
        claim = expansion.square(place)
        key = replace(claim, name="")
        if key not in self.decided:
            self.decided[key] = size_sets(claim)
        return self.decided[key]

    def _at_input(self, place: int, sizes: Any, among: Any) -> Any:
        """The input sizes at which the signal before a layer has one of these sizes."""
        network = self.expansion.network
        read = freeze(network.sizes[network.nodes[place].inputs[0]])
        return pulled_back(sizes, read, self.names, among)

    def _empty_windows(self, legal: Any) -> dict[int, Any]:
        """Layers that sum over what a max pooling may have left empty, and at which sizes.

        Raises:
            UnsupportedStep: a pooling leaves a proper output empty.
        """
        found, last = {}, None
        for place, layer in self.expansion.expansions.items():
            if last is not None and layer.original.monoid == "sum":
                if not self._empty(last, legal, tail=False).is_empty():
                    name = self.expansion.network.nodes[last].name
                    raise UnsupportedStep(
                        f"a sum would meet -inf where the max pooling {name} reads nothing"
                    )
                empty = self._empty(last, legal, tail=True)
                if not empty.is_empty():
                    found[place] = empty
            last = place if layer.original.monoid == "max" else None
        return found

    def _empty(self, place: int, legal: Any, *, tail: bool) -> Any:
        """The sizes at which some output, beyond the end or not, reads no sample of its input."""
        inner = self.expansion.inner
        found = legal.subtract(legal)
        for axis in self.expansion.expansions[place].at(inner).axes:
            window, line = axis.window, axis.coarse_output * axis.factor_out
            ends = [window.output, line] if tail else [0, window.output]
            low, size, *ends = freeze((window.lo, window.size, *ends))
            empty = reads_nothing(window, low, size, inner, *ends)
            found = found.union(self._at_input(place, empty, legal))
        return found


def _refuted_without(masked: NetworkExpansion, sizes: Iterator[dict[str, int]]) -> Refuted | None:
    """The refutation of the chain without masks at the least failing size where one is found."""
    for at in sizes:
        try:
            found = refuted_without_masks(NetworkExpansion(masked.network.at(at)))
        except SymconvError:
            continue
        if found is not None:
            counterexample = replace(found.counterexample, size=tuple(at.items()))
            return replace(found, counterexample=counterexample)
    return None
