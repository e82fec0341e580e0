"""The nodes of a graph at sizes in numbers: squares where samples move, congruence elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Verdict
from symconv.errors import SymconvError, TooLarge
from symconv.machine.budget import running
from symconv.machine.progress import reached
from symconv.network.disputed import POOLS
from symconv.network.phases import PhasedModel, PhasedNode
from symconv.network.regions import STAYS
from symconv.network.results import GraphProof, Mask, NodeProof, Status
from symconv.network.squares import Square, square_of, tails_left
from symconv.prove.decide import decide


class NotProved(Exception):
    """A node's square was not proved, with a mask in front or without; it is left alone."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(why)
        self.place, self.why = place, why


@dataclass
class Squares:
    """Verdicts on claims, each decided once, and the certificates that nodes ask for."""

    decided: dict[Claim, Verdict] = field(default_factory=dict)
    numbers: dict[Claim, int] = field(default_factory=dict)
    certificates: list[Certificate] = field(default_factory=list)

    def verdict(self, claim: Claim) -> Verdict:
        """The verdict on a claim."""
        if claim not in self.decided:
            running().check_time()
            self.decided[claim] = decide(claim)
        return self.decided[claim]

    def number(self, certificate: Certificate) -> int:
        """The place of a certificate among those that are asked for."""
        claim = certificate.claim
        if claim not in self.numbers:
            self.numbers[claim] = len(self.certificates)
            self.certificates.append(certificate)
        return self.numbers[claim]


def prove_graph(name: str, phased: PhasedModel, squares: Squares) -> GraphProof:
    """Prove the nodes of a graph one by one; one that is not proved carries no phases.

    Whoever is left alone changes what is around it, so that the factors are solved again.
    """
    while True:
        try:
            nodes = tuple(_Nodes(phased, squares).proved())
            return GraphProof(name, phased, nodes)
        except NotProved as fault:
            excluded = {**phased.excluded, fault.place: fault.why}
            phased = replace(phased, excluded=excluded)


@dataclass
class _Nodes:
    """A pass over the nodes, which knows the tensors whose tails may hold no numbers."""

    phased: PhasedModel
    squares: Squares
    infinite: set[str] = field(default_factory=set)

    def proved(self) -> Iterator[NodeProof]:
        for place, one in enumerate(self.phased.nodes):
            reached(f"proving {one.label}", place, len(self.phased.nodes))
            if one.rule.window is not None and one.has_phases:
                yield self._window(place, one)
            else:
                yield self._same(place, one)

    def _same(self, place: int, one: PhasedNode) -> NodeProof:
        """A node that is the same function on phases, or of whole tensors."""
        if one.has_phases:
            one.check_links()
        status, why = status_of(one)
        mask = None
        slots = [n for n, factors in enumerate(one.reads) if factors and one.has_phases]
        left = {slot: tails_left(self.phased, one, slot) for slot in slots}
        if any(axis in one.rule.all_phases for axis in left.get(0, ())):
            mask = Mask("statistics")
        infinite = any(one.node.inputs[slot] in self.infinite for slot in slots if left[slot])
        if one.has_phases and mask is None and (infinite or one.rule.partial):
            self.infinite.update(one.node.outputs)
        return NodeProof(one.label, one, status, why, mask=mask)

    def _window(self, place: int, one: PhasedNode) -> NodeProof:
        """A node that moves or sums samples, with a mask in front if it reads a tail."""
        square = square_of(self.phased, one)
        if square.reads_nothing:
            raise NotProved(place, "it takes a maximum of no sample, which is -inf")
        infinite = one.node.inputs[0] in self.infinite and not square.fresh
        mask, masked = None, replace(square, masked=not square.fresh)
        if infinite and one.rule.window is not None and one.rule.window.sums:
            square, mask = masked, Mask("infinity")
        verdict = self._decided(place, square)
        if not isinstance(verdict, Certificate) and not square.fresh and mask is None:
            square, mask = masked, Mask("tail")
            verdict = self._decided(place, square)
        if not isinstance(verdict, Certificate):
            raise NotProved(place, _reason(verdict))
        if square.leaves_infinity or (infinite and mask is None):
            self.infinite.update(one.node.outputs)
        number = self.squares.number(verdict)
        return NodeProof(one.label, one, "converted", "", square, number, square.fresh, mask)

    def _decided(self, place: int, square: Square) -> Verdict:
        try:
            return self.squares.verdict(square.claim())
        except TooLarge:
            raise
        except SymconvError as fault:
            raise NotProved(place, f"its square cannot be stated: {fault}") from fault


def _reason(verdict: Verdict) -> str:
    """Why a square is not proved."""
    if isinstance(verdict, Certificate):
        return ""
    reason = getattr(verdict, "reason", "the square does not commute")
    return f"its square is not proved: {reason}"


def status_of(one: PhasedNode) -> tuple[Status, str]:
    """What becomes of a node without a square, and why."""
    if one.has_phases:
        return "carried", ""
    if one.rule.is_strided or _may_stride(one):
        return "left strided", one.why or STAYS
    return "untouched", one.why or "no phases reach it"


def _may_stride(one: PhasedNode) -> bool:
    """Whether a node without a rule has a stride of its own all the same; on one output none is."""
    asked = one.node.attributes.get("strides")
    strides = asked if isinstance(asked, tuple | list) else (asked,)
    shape = next(iter(one.rule.shapes), None) if one.node.op in POOLS else None
    outputs = (None,) * len(strides) if shape is None else shape[2:]
    steps = zip(strides, outputs, strict=False)
    return one.rule.why is not None and any(s not in (None, 0, 1) and n != 1 for s, n in steps)
