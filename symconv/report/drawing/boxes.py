"""A graph of a model as boxes to be drawn: runs of nodes of one kind stand in one box.

Nodes that only make constants are left out.  A node joins the box of the one before it where both
are carried, or both untouched, and nothing else reads or feeds what is between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from symconv.network.model import captured
from symconv.network.reading import CONSTANT
from symconv.network.results import GraphProof, NodeProof
from symconv.sharing.graph import tensors_read
from symconv.size.numbers import freeze

Factors = tuple[int, ...]
RUNS = ("carried", "untouched")
"""What stands in one box where it follows itself."""


@dataclass(frozen=True)
class Wire:
    """A tensor that leads from a box to another, and its factors at both ends."""

    source: int
    target: int
    tensor: str
    made: Factors
    read: Factors


@dataclass
class Box:
    """Nodes in a row, or an input or output of the graph by its name."""

    name: str
    status: str
    nodes: list[NodeProof] = field(default_factory=list)
    shape: str = ""

    @property
    def words(self) -> str:
        """The operators, each run of equal ones with its count."""
        found: list[tuple[str, int]] = []
        for node in self.nodes:
            op = node.phased.node.op
            if found and found[-1][0] == op:
                found[-1] = (op, found[-1][1] + 1)
            else:
                found.append((op, 1))
        return ", ".join(op if count == 1 else f"{op} x{count}" for op, count in found)

    @property
    def is_strided(self) -> bool:
        """Whether a node in it takes a stride."""
        return any(node.phased.rule.is_strided for node in self.nodes)

    @property
    def is_masked(self) -> bool:
        """Whether a mask stands in front."""
        return any(node.mask is not None for node in self.nodes)


@dataclass(frozen=True)
class Boxes:
    """The boxes of a graph in an order in which each reads earlier ones, and what joins them."""

    graph: GraphProof

    @cached_property
    def _drawn(self) -> list[NodeProof]:
        return [node for node in self.graph.nodes if node.why != CONSTANT]

    @cached_property
    def _reads(self) -> list[tuple[str, str, Factors, Factors]]:
        drawn = {node.label for node in self._drawn}
        known = {port.name for port in self.graph.phased.read.model.inputs}
        known.update(n for node in self._drawn for n in node.phased.node.outputs)
        return [
            found
            for found in dict.fromkeys(tensors_read(self.graph))
            if found[0] in known and found[1] in drawn
        ]

    @cached_property
    def _found(self) -> tuple[list[Box], dict[str, int]]:
        """The boxes, and the one that makes each tensor."""
        model = self.graph.phased.read.model
        boxes, makes = list[Box](), dict[str, int]()
        used = {tensor for tensor, *_ in self._reads} | set(model.outputs)
        for port in model.inputs:
            if port.name in used:
                makes[port.name] = len(boxes)
                boxes.append(Box(port.name, "input", shape=self._shape(port.name)))
        for node in self._drawn:
            place = self._joins(node, boxes, makes)
            if place is None:
                place = len(boxes)
                boxes.append(Box(node.label, node.status))
            boxes[place].nodes.append(node)
            boxes[place].shape = self._shape(next(iter(node.phased.node.outputs), ""))
            makes.update(dict.fromkeys(filter(None, node.phased.node.outputs), place))
        return boxes, makes

    def _shape(self, tensor: str) -> str:
        shape = self.graph.phased.read.shapes.get(tensor)
        return "" if shape is None else "x".join(map(str, freeze(shape)))

    def _joins(self, node: NodeProof, boxes: list[Box], makes: dict[str, int]) -> int | None:
        """The box of the node that this one alone reads, and that it alone is read by."""
        read = [found for found in self._reads if found[1] == node.label]
        if len(read) != 1 or node.mask is not None or node.status not in RUNS:
            return None
        tensor, _, made, with_factors = read[0]
        box = boxes[makes[tensor]]
        readers = [found for found in self._reads if found[0] == tensor]
        is_last = box.nodes and tensor in box.nodes[-1].phased.node.outputs
        alone = len(readers) == 1 and tensor not in self.graph.phased.read.model.outputs
        alone = alone and not captured(node.phased.node)
        return (
            makes[tensor] if is_last and alone and _alike(box, node, made, with_factors) else None
        )

    @cached_property
    def boxes(self) -> list[Box]:
        """The boxes, the outputs last."""
        outputs = self.graph.phased.read.model.outputs
        return [
            *self._found[0],
            *(Box(name, "output", shape=self._shape(name)) for name in outputs),
        ]

    @cached_property
    def wires(self) -> list[Wire]:
        """What leads from one box to another."""
        return list(dict.fromkeys(self._wires()))

    def _wires(self) -> Iterator[Wire]:
        boxes, makes = self._found
        of_node = {node.label: n for n, box in enumerate(boxes) for node in box.nodes}
        for tensor, reader, made, read in self._reads:
            if makes[tensor] != of_node[reader]:
                yield Wire(makes[tensor], of_node[reader], tensor, made, read)
        for number, name in enumerate(self.graph.phased.read.model.outputs, len(boxes)):
            if name in makes:
                made = self.graph.phased.made.get(name, ())
                yield Wire(makes[name], number, name, made, (1,) * len(made))

    @cached_property
    def order(self) -> list[int]:
        """The boxes from top to bottom: each behind what it reads, and close to it."""
        waits = dict.fromkeys(range(len(self.boxes)), 0)
        behind: dict[int, list[int]] = {number: [] for number in waits}
        for source, target in {(wire.source, wire.target) for wire in self.wires}:
            waits[target] += 1
            behind[source].append(target)
        ready = [number for number in reversed(waits) if waits[number] == 0]
        found = []
        while ready:
            found.append(number := ready.pop())
            for target in sorted(behind[number], reverse=True):
                waits[target] -= 1
                if waits[target] == 0:
                    ready.append(target)
        return found


def _alike(box: Box, node: NodeProof, made: Factors, read: Factors) -> bool:
    """Whether a node may stand in a box: what becomes of it is the same, with no border between."""
    return box.status == node.status and made == read
