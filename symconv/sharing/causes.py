"""Which later stride makes which earlier layer of a model share.

On each axis the factor of what a layer makes is what the strides behind it multiply to, as far as
phases go: every parameter of the layer stands as often in its expanded kernel.  Branches that meet
again have equal factors, so that one way to the border tells them all (Kong and Lucey 2017,
section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from symconv.network.phases import PhasedModel, PhasedNode
from symconv.network.results import GraphProof

Factors = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """A node that takes a stride or puts in zeros: by how much it multiplies or divides copies."""

    name: str
    stride: int
    up: int = 1

    @property
    def words(self) -> str:
        """The node and its rate: ``conv1 (4)``, or ``up (1/4)``."""
        rate = f"{self.stride}" if self.up == 1 else f"{self.stride}/{self.up}"
        return f"{self.name} ({rate})"


@dataclass(frozen=True, slots=True)
class Shared:
    """A layer, how often each of its parameters stands in the expanded kernel, and why.

    ``end`` are the phases that are left at the end of the way: the product of ``factor_out`` is
    that of the way's rates and ``end``.
    """

    name: str
    factor_out: Factors
    copies: int
    way: tuple[Cause, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Sharer:
    """A strided node, its stride as a product over axes, and the earlier layers it multiplies."""

    name: str
    stride: int
    shares: tuple[str, ...]


def shared(graph: GraphProof) -> tuple[Shared, ...]:
    """The layers with weights that carry phases, with one way to where their phases end."""
    ways = _ways(graph.phased)
    found = []
    for one in _layers(graph):
        way, end = ways.get(one.node.outputs[0], ((), prod(one.makes[0])))
        found.append(Shared(one.label, one.makes[0], _copies(one), way, end))
    return tuple(found)


def sharers(graph: GraphProof) -> tuple[Sharer, ...]:
    """The strided nodes that carry phases, with every earlier layer whose phases reach them."""
    behind = _layers_behind(graph)
    return tuple(
        Sharer(one.label, rate, tuple(behind[one.label]))
        for one in graph.phased.nodes
        if one.has_phases and (rate := rates(one)[0]) > 1
    )


def rates(one: PhasedNode) -> tuple[int, int]:
    """What a node divides its factors by, and what it multiplies them by: ``(s, u)``.

    Each is a product over axes, of what is left where a residual stride stays.
    """
    if one.rule.window is None:
        return 1, 1
    pairs = [_rate(one, link.axis, link.out) for link in one.rule.links if link.out is not None]
    return prod(down for down, _ in pairs), prod(up for _, up in pairs)


def _rate(one: PhasedNode, axis: int, out: int) -> tuple[int, int]:
    read, made = one.reads[0][axis], one.makes[0][out]
    return max(read // made, 1), max(made // read, 1)


def _copies(one: PhasedNode) -> int:
    """``E_out / u`` over all axes: how often each parameter stands in the expanded kernel."""
    links = [link for link in one.rule.links if link.out is not None]
    return prod(one.makes[0][link.out or 0] // link.up for link in links)


def _layers(graph: GraphProof) -> Iterator[PhasedNode]:
    """The convolutions that carry phases: what has parameters to share."""
    for node in graph.nodes:
        window = node.phased.rule.window
        layer = None if window is None or window.left else window.layer
        if node.status == "converted" and layer is not None and not layer.op.endswith("pool"):
            yield node.phased


Way = tuple[tuple[Cause, ...], int]
"""The rates of the nodes on a way, and the phases that are left at its end."""


def _ways(phased: PhasedModel) -> dict[str, Way]:
    """For each tensor on phases one way to where its phases end."""
    found: dict[str, Way] = {}
    for one in reversed(phased.nodes):
        if not one.has_phases:
            continue
        made = prod(next(iter(one.makes), ()))
        causes, end = next((found[name] for name in one.node.outputs if name in found), ((), made))
        down, up = rates(one)
        own = (Cause(one.label, down, up),) if (down, up) != (1, 1) else ()
        for slot, name in _read_on_phases(phased, one):
            found[name] = ((*own, *causes), end * _taken(one, slot))
    return found


def _taken(one: PhasedNode, slot: int) -> int:
    """The phases that a node reads whole, so that its outputs have none of them."""
    ends = [link.axis for link in one.rule.links if link.slot == slot and link.out is None]
    return prod(one.reads[slot][axis] for axis in ends)


def _read_on_phases(phased: PhasedModel, one: PhasedNode) -> Iterator[tuple[int, str]]:
    """Slots and tensors of a node that come to it on phases, with no border between."""
    for slot, (name, read) in enumerate(zip(one.node.inputs, one.reads, strict=True)):
        if max(read, default=1) > 1 and phased.made.get(name) == read:
            yield slot, name


def _layers_behind(graph: GraphProof) -> dict[str, Sequence[str]]:
    """For each node the earlier layers whose phases reach it without a border between."""
    phased, layers = graph.phased, {one.label for one in _layers(graph)}
    of_tensor: dict[str, dict[str, None]] = {}
    of_node: dict[str, Sequence[str]] = {}
    for one in phased.nodes:
        met: dict[str, None] = {}
        for _, name in _read_on_phases(phased, one):
            met.update(of_tensor.get(name, {}))
        of_node[one.label] = [*met]
        own = {one.label: None} if one.label in layers else {}
        of_tensor.update((name, {**met, **own}) for name in one.node.outputs)
    return of_node
