"""What is found of a model: one result a node, and a last one of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from symconv.claim.claim import digest
from symconv.claim.verdict import Certificate, Fact
from symconv.network.model import ModelNode, captured
from symconv.network.phases import PhasedModel, PhasedNode
from symconv.network.squares import Square
from symconv.size.numbers import freeze

MODEL_FORMAT = "symconv-model-certificate/1"
Status = Literal["converted", "carried", "untouched", "left strided"]


@dataclass(frozen=True, slots=True)
class Mask:
    """What keeps a tail from being read: why it stands there, and at which sizes it is needed.

    ``where`` is None where sizes are numbers: then it is needed at these.  ``without`` are the
    named sizes at which it is not.
    """

    reason: Literal["tail", "infinity", "statistics"]
    where: str | None = None
    without: str | None = None

    def sentence(self) -> str:
        """What would happen without it.

        >>> Mask("tail", "H % 2 == 1").sentence()
        'it would read what stands beyond the end of its input, where H % 2 == 1'
        """
        words = {
            "tail": "it would read what stands beyond the end of its input",
            "infinity": "what stands beyond the end of its input may be no number, and meets a sum",
            "statistics": "it would count what stands beyond the end of its input",
        }[self.reason]
        return words if self.where is None else f"{words}, where {self.where}"


def factors_in_space(factors: Sequence[int]) -> str:
    """Factors as people write them, without batch and channels where these have none.

    >>> factors_in_space((1, 1, 4, 2)), factors_in_space((1, 2)), factors_in_space(())
    ('4x2', '1x2', '1')
    """
    shown = factors[2:] if len(factors) > 2 and max(factors[:2]) == 1 else factors
    return "x".join(map(str, shown)) or "1"


@dataclass(frozen=True)
class NodeProof:
    """A node: what becomes of it, and what proves it.

    ``square`` is the number of its claim among the proof's certificates.  A node without one is the
    same function of equal values: on phases where it is carried, of whole tensors elsewhere.
    """

    label: str
    phased: PhasedNode
    status: Status
    why: str = ""
    of: Square | None = None
    square: int | None = None
    fresh: bool = True
    mask: Mask | None = None

    @property
    def method(self) -> str:
        """How it was proved."""
        return "squares" if self.square is not None else "congruence"

    def text(self) -> dict[str, Any]:
        """The node in a certificate: what it reads and makes, its links, and its square."""
        one, node = self.phased, self.phased.node
        found: dict[str, Any] = {
            "name": self.label,
            "op": node.op,
            "inputs": list(node.inputs),
            "outputs": list(node.outputs),
            "captures": list(captured(node)),
            "reads": [list(factors) for factors in one.reads],
            "how": one.rule.how,
            "links": [[k.slot, k.axis, k.out, k.up, k.stride] for k in one.rule.links],
            "status": self.status,
            "partial": one.rule.partial,
        }
        if self.square is not None:
            found |= {"square": self.square, "fresh": self.fresh}
        if self.mask is not None:
            found["mask"] = {"reason": self.mask.reason, "where": self.mask.where}
        return found

    def to_dict(self) -> dict[str, Any]:
        """The node as a result shows it."""
        node = self.phased.node
        found: dict[str, Any] = {"name": self.label, "op": node.op, "status": self.status}
        if self.status in ("converted", "carried"):
            slot = next((n for n, f in enumerate(self.phased.reads) if f), 0)
            found["factor_in"] = list(self.phased.reads[slot]) if self.phased.reads else []
            found["factor_out"] = list(self.phased.makes[0]) if self.phased.makes else []
        if self.why:
            found["why"] = self.why
        if self.mask is not None:
            found["mask"] = self.mask.sentence()
        return found


@dataclass(frozen=True)
class GraphProof:
    """The nodes of one graph, the model's own or one inside a node."""

    name: str
    phased: PhasedModel
    nodes: tuple[NodeProof, ...]

    def to_dict(self) -> dict[str, Any]:
        """The graph in a certificate: its tensors and their factors, its nodes, its outputs.

        ``given`` are the tensors that no node makes: constants, and those around a body.
        """
        model, read = self.phased.read.model, self.phased.read
        named = {*model.outputs, *(n for node in model.nodes for n in _touched(node))}
        made = {port.name for port in model.inputs}.union(*(node.outputs for node in model.nodes))
        tensors = {
            name: {"shape": list(freeze(read.shapes[name])), "factors": list(factors)}
            for name, factors in self.phased.made.items()
            if name in named
        }
        return {
            "name": self.name,
            "inputs": [port.name for port in model.inputs],
            "given": sorted(named - made),
            "outputs": list(model.outputs),
            "tensors": tensors,
            "nodes": [node.text() for node in self.nodes],
        }


def _touched(node: ModelNode) -> Iterator[str]:
    """The tensors that a node reads or makes, and those that its bodies read."""
    yield from filter(None, (*node.inputs, *node.outputs, *captured(node)))


@dataclass(frozen=True)
class ModelCertificate:
    """Every node of a model does the same on phases: a certificate that names each of them.

    ``squares`` are the distinct claims, each with its own certificate; ``domain`` says of named
    sizes at which the model makes sense.  `symconv.recheck` settles it again from its text.
    """

    name: str
    graphs: tuple[GraphProof, ...]
    squares: tuple[Certificate, ...]
    region: dict[str, Any]
    seconds: float
    sha256: str | None = None
    names: tuple[str, ...] = ()
    domain: str = "all sizes"
    where: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    verdict: Literal["proved"] = "proved"

    @property
    def sizes(self) -> str:
        """Whether sizes are named."""
        return "all" if self.names else "these"

    def told(self) -> dict[str, Any]:
        """What a result says of the verdict."""
        found: dict[str, Any] = {"squares": len(self.squares), "limits": list(self.limits)}
        return {**found, "domain": self.domain} if self.names else found

    @property
    def method(self) -> list[str]:
        """The methods, each once."""
        found = ["squares"] if self.squares else []
        return [*found, "congruence"]

    def to_dict(self) -> dict[str, Any]:
        """The certificate's JSON form, with a digest of everything else in it."""
        body: dict[str, Any] = {
            "format": MODEL_FORMAT,
            "verdict": self.verdict,
            "sizes": self.sizes,
            "model": {"name": self.name, "sha256": self.sha256},
            "region": self.region,
            "names": list(self.names),
            "domain": self.domain,
            "where": list(self.where),
            "method": self.method,
            "graphs": [graph.to_dict() for graph in self.graphs],
            "squares": [square.to_dict() for square in self.squares],
            "limits": list(self.limits),
        }
        return {**body, "digest": digest(body)}


@dataclass(frozen=True, slots=True)
class ModelUndecided:
    """Not every node was proved, or a strided one is left; ``reason`` says which and why."""

    name: str
    reason: str
    seconds: float
    sizes: str = "these"
    verdict: Literal["undecided"] = "undecided"
    method: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """What a result says of the verdict."""
        return {"reason": self.reason}


@dataclass(frozen=True)
class ModelProof:
    """What is found of a model: a result a node, graph by graph, and the verdict on all of it."""

    graphs: tuple[GraphProof, ...]
    verdict: ModelCertificate | ModelUndecided
    free: str = "all sizes"
    """The named sizes at which no mask is needed."""
    strided: tuple[str, ...] = ()
    """The nodes that the local form would change."""
    theorems: Mapping[str, tuple[Fact, ...] | str] = field(default_factory=dict)
    """What the proof kernel says of each converted layer, or why it says nothing."""

    @property
    def nodes(self) -> Iterator[NodeProof]:
        """Every node, those inside others after those around them."""
        return (node for graph in self.graphs for node in graph.nodes)
