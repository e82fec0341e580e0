"""A model on phases: the factor of every tensor as it is made, and as each node reads it.

Glossary.  A tensor is *made* with factors, one for each of its axes, and each node *reads* it with
factors of its own.  Where the two differ there is a *border*: phases are merged, what stands beyond
the signal's end is left out, and the signal is split again.  The model's inputs, constants and
outputs have no phases, so that they are borders where phases are read or made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from symconv.errors import InternalError
from symconv.network.factors import Ratios
from symconv.network.model import ModelNode, captured
from symconv.network.reading import ReadModel
from symconv.network.regions import Region, members
from symconv.network.rules import Link, Rule, Shape
from symconv.network.rules.base import with_residual
from symconv.size.expr import Extent

Factors = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Border:
    """A tensor that a node reads with other factors than it was made with, or an output."""

    tensor: str
    reader: str
    made: Factors
    read: Factors
    why: str = ""


@dataclass(frozen=True)
class PhasedNode:
    """A node, its rule, and the factors with which it reads and makes tensors.

    ``reads`` has the factors of each slot; those of one that is left out, or whose shape is not
    known, are empty.  ``why`` says why it carries no phases.
    """

    label: str
    node: ModelNode
    rule: Rule
    reads: tuple[Factors, ...]
    makes: tuple[Factors, ...]
    why: str | None
    residual: Factors = ()

    def check_links(self) -> None:
        """Refuse factors that the node's links do not have, or on axes without a link.

        Raises:
            InternalError: there are some; then it would not be the same function on phases.
        """
        linked = {(link.slot, link.axis) for link in self.rule.links}
        reached = {link.out for link in self.rule.links}
        for slot, factors in enumerate(self.reads):
            if any(f > 1 and (slot, axis) not in linked for axis, f in enumerate(factors)):
                raise InternalError(f"node {self.label!r} reads phases that no link carries")
        for made in self.makes:
            if any(f > 1 and axis not in reached for axis, f in enumerate(made)):
                raise InternalError(f"node {self.label!r} makes phases that no link carries")
        for link, made in product(self.rule.links, self.makes):
            if link.out is not None and not self._fits(link, made):
                raise InternalError(f"node {self.label!r} has factors that its links do not have")

    def _fits(self, link: Link, made: Factors) -> bool:
        read = self.reads[link.slot][link.axis]
        if link.out is None or link.out >= len(made):
            return read == 1
        return read * link.up == made[link.out] * link.stride

    @property
    def has_phases(self) -> bool:
        """Whether some factor is more than 1."""
        return any(f > 1 for factors in (*self.reads, *self.makes) for f in factors)


@dataclass(frozen=True)
class PhasedModel:
    """A model, a region, and the least factors with which the region's nodes carry phases.

    >>> from symconv.network.model import Model, ModelNode, Port
    >>> from symconv.network.reading import read_model
    >>> import numpy as np
    >>> conv = ModelNode("c", "Conv", ("x", "w"), ("y",), {"strides": (2,)})
    >>> weights = {"w": np.zeros((4, 3, 2))}
    >>> model = Model("one", (Port("x", shape=(1, 3, 8)),), ("y",), (conv,), weights)
    >>> phased = PhasedModel(read_model(model), Region())
    >>> phased.nodes[0].reads[0], phased.borders[0].read
    ((1, 1, 2), (1, 1, 2))
    """

    read: ReadModel
    region: Region
    excluded: Mapping[int, str] = field(default_factory=dict)
    """Nodes that are to carry no phases after all, and why."""

    @cached_property
    def why_not(self) -> list[str | None]:
        """For each node None where it carries phases, or why it does not."""
        found = members(self.read, self.region)
        return [self.excluded.get(place, why) for place, why in enumerate(found)]

    @cached_property
    def _solved(self) -> _Solved:
        return _Solved(self.read, self.region, self.why_not)

    @cached_property
    def made(self) -> dict[str, Factors]:
        """The factors of every tensor of known shape, as it is made."""
        solved, shapes = self._solved.factors, self.read.shapes
        return {
            name: tuple(solved.get((name, axis), 1) for axis in range(len(shape)))
            for name, shape in shapes.items()
            if shape is not None
        }

    @cached_property
    def nodes(self) -> tuple[PhasedNode, ...]:
        """Every node with its factors."""
        places = range(len(self.read.model.nodes))
        return tuple(map(self._node, places))

    def _node(self, place: int) -> PhasedNode:
        node, rule = self.read.model.nodes[place], self.read.rules[place]
        reads = tuple(self._reads(place, slot) for slot in range(len(node.inputs)))
        makes = tuple(self.made.get(name, ()) for name in node.outputs)
        residual = tuple(
            self._solved.residual.get((place, link.axis), 1)
            for link in rule.links
            if rule.window is not None
        )
        label = self.read.labels[place]
        return PhasedNode(label, node, rule, reads, makes, self.why_not[place], residual)

    def _reads(self, place: int, slot: int) -> Factors:
        name = self.read.model.nodes[place].inputs[slot]
        shape = self.read.shapes.get(name) if name else None
        axes = range(len(shape or ()))
        return tuple(self._solved.factors.get((place, slot, axis), 1) for axis in axes)

    @cached_property
    def borders(self) -> tuple[Border, ...]:
        """Where phases are merged or split, in the order of the nodes, the outputs last."""
        return tuple(self._borders())

    def _borders(self) -> Iterator[Border]:
        for place, one in enumerate(self.nodes):
            for slot, (name, read) in enumerate(zip(one.node.inputs, one.reads, strict=True)):
                made = self.made.get(name, ())
                if made != read:
                    why = self._solved.refused.get((place, slot), "")
                    yield Border(name, one.label, made, read, why)
            for name in captured(one.node):
                if any(factor > 1 for factor in self.made.get(name, ())):
                    yield Border(name, one.label, self.made[name], (1,) * len(self.made[name]))
        for name in self.read.model.outputs:
            made = self.made.get(name, ())
            if any(factor > 1 for factor in made):
                yield Border(name, "", made, (1,) * len(made))

    @cached_property
    def cut(self) -> frozenset[tuple[str, str]]:
        """The tensors and their readers between which a border stands."""
        return frozenset((border.tensor, border.reader) for border in self.borders)


class _Solved:
    """The ratios of a model's factors, joined node by node, and the least integers."""

    def __init__(self, read: ReadModel, region: Region, why_not: list[str | None]) -> None:
        self.read, self.region = read, region
        self.ratios: Ratios[Hashable] = Ratios(region.max_factor)
        self.carried: set[tuple[str, int]] = set()
        self.residual: dict[tuple[int, int], int] = {}
        self.refused: dict[tuple[int, int], str] = {}
        for place, why in enumerate(why_not):
            if why is None:
                self._inside(place)
                self._before(place)
        self.factors = self.ratios.solved()

    def _inside(self, place: int) -> None:
        """Join what a node reads with what it makes."""
        node, rule = self.read.model.nodes[place], self.read.rules[place]
        for link in rule.links:
            kept = self._kept(place, rule, link)
            for name, shape in zip(node.outputs, rule.shapes, strict=False):
                if link.out is not None and name and shape is not None:
                    ends = (place, link.slot, link.axis), (name, link.out)
                    self.ratios.join(*ends, kept.up, kept.stride)
                    self.carried.add((name, link.out))

    def _kept(self, place: int, rule: Rule, link: Link) -> Link:
        if rule.window is None or rule.window.layer is None or rule.window.left:
            return link
        kept = with_residual(link, self.region.residual_stride)
        most = self.region.residual_stride
        stay = max(t for t in range(1, min(most, link.stride) + 1) if link.stride % t == 0)
        self.residual[place, link.axis] = 1 if link.out is None else stay
        return kept

    def _before(self, place: int) -> None:
        """Join what a node reads with how it was made, where phases go from node to node."""
        if not self.region.flows:
            return
        node, rule = self.read.model.nodes[place], self.read.rules[place]
        for link in rule.links:
            name = node.inputs[link.slot]
            if (name, link.axis) not in self.carried:
                continue
            if not self.ratios.join((name, link.axis), (place, link.slot, link.axis)):
                self.refused[place, link.slot] = self._reason(place, link)

    def _reason(self, place: int, link: Link) -> str:
        node = self.read.model.nodes[place]
        others = [name for n, name in enumerate(node.inputs) if n != link.slot and name]
        if self.region.max_factor is not None:
            return f"beyond it a factor would be more than {self.region.max_factor}"
        met = f" and {others[0]!r}" if others else ""
        return f"the strides of two paths differ that meet here, by {node.inputs[link.slot]!r}{met}"


def has_tail(size: Extent, factor: int) -> bool:
    """Whether the last block of a signal's phases may be longer than the signal."""
    rest = size % factor
    return not (isinstance(rest, int) and rest == 0)


def tails(shape: Shape, factors: Factors) -> tuple[int, ...]:
    """The axes whose last block may be longer than the signal."""
    pairs = enumerate(zip(shape, factors, strict=True))
    return tuple(axis for axis, (size, factor) in pairs if factor > 1 and has_tail(size, factor))
