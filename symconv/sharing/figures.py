"""The nodes of a model in figures: shapes, factors, parameters, multiply-adds before and after.

Multiply-adds are those of convolutions and matrix products, pads and structural zeros included, as
counters of operations do; after, they are those of the form on phases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from symconv.layer import AnyLayer
from symconv.network.model import captured
from symconv.network.phases import Factors
from symconv.network.reading import CONSTANT, ReadModel
from symconv.network.results import GraphProof, ModelProof, NodeProof
from symconv.network.rules import Shape
from symconv.sharing.tying import Counts, counts, meetings

PRODUCTS = ("Gemm", "MatMul")
"""Matrix products, whose multiply-adds are counted beside those of convolutions."""

WEIGHTED = ("Conv", "ConvTranspose", *PRODUCTS, "BatchNormalization", "PRelu")
"""Operators whose later inputs are parameters where a file computes them from constants."""


@dataclass(frozen=True)
class NodeFigures:
    """A node in figures; multiply-adds are None where a size is named."""

    node: NodeProof
    shape: Shape | None
    weights: tuple[tuple[str, int], ...]
    before: int | None
    after: int | None

    @property
    def parameters(self) -> int:
        """How many numbers the node holds."""
        return sum(count for _, count in self.weights)

    @property
    def makes_constant(self) -> bool:
        """Whether it reads no input of the model."""
        return self.node.why == CONSTANT

    @property
    def factor_in(self) -> Factors:
        """The factors of the first slot that has some."""
        return next((f for f in self.node.phased.reads if f), ())

    @property
    def factor_out(self) -> Factors:
        """The factors of the first output."""
        return next(iter(self.node.phased.makes), ())


@dataclass(frozen=True)
class Totals:
    """The sums over a model; a parameter that several nodes read is counted once."""

    parameters: int
    before: int | None
    after: int | None


def figures(proof: ModelProof) -> tuple[NodeFigures, ...]:
    """One row a node, those inside others after those around them."""
    return tuple(row for graph in proof.graphs for row in _rows(graph))


def totals(rows: tuple[NodeFigures, ...]) -> Totals:
    """What the rows sum to."""
    weights = dict(weight for row in rows for weight in row.weights)
    before, after = [row.before for row in rows], [row.after for row in rows]
    return Totals(sum(weights.values()), _sum(before), _sum(after))


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _rows(graph: GraphProof) -> Iterator[NodeFigures]:
    read = graph.phased.read
    fed = _fed(read)
    for node in graph.nodes:
        outputs = [name for name in node.phased.node.outputs if name]
        shape = read.shapes.get(outputs[0]) if outputs else None
        before, after = _multiply_adds(node, read)
        yield NodeFigures(node, shape, tuple(_weights(node, read, fed)), before, after)


def _fed(read: ReadModel) -> set[str]:
    """The tensors that depend on an input of the model."""
    found = {port.name for port in read.model.inputs} | set(read.model.outer)
    for node in read.model.nodes:
        if any(name in found for name in (*node.inputs, *captured(node))):
            found.update(node.outputs)
    return found - set(read.model.constants)


def _weights(node: NodeProof, read: ReadModel, fed: set[str]) -> Iterator[tuple[str, int]]:
    """The parameters that a node reads by their names, and how many numbers each holds."""
    if node.why == CONSTANT:
        return
    one = node.phased.node
    for name in dict.fromkeys(one.inputs):
        array, shape = read.model.constants.get(name), read.shapes.get(name)
        if array is not None and array.dtype.kind == "f":
            yield name, array.size
        elif array is None and name and name not in fed and one.op in WEIGHTED and shape:
            yield name, prod(int(n) for n in shape if isinstance(n, int))


def _multiply_adds(node: NodeProof, read: ReadModel) -> tuple[int | None, int | None]:
    if node.why == CONSTANT:
        return 0, 0
    one, rule = node.phased.node, node.phased.rule
    shape = read.shapes.get(one.inputs[0]) if one.inputs else None
    if one.op in PRODUCTS and shape:
        return _of_product(node, shape, rule.shapes[0])
    layer = None if rule.window is None or rule.window.left else rule.window.layer
    if layer is None or layer.op.endswith("pool") or rule.window is None or not shape:
        return 0, 0
    return _of_layer(node, layer, rule.window.size, shape[0])


def _of_product(node: NodeProof, x: Shape, y: Shape | None) -> tuple[int | None, int | None]:
    across = x[0] if node.phased.node.attributes.get("transA") else x[-1]
    sizes = [n for n in (across, *(y or ())) if isinstance(n, int)]
    if y is None or len(sizes) <= len(y):
        return None, None
    factors = node.phased.makes[0] or (1,) * len(y)
    phased = [-(-n // e) * e for n, e in zip(sizes[1:], factors, strict=True)]
    return prod(sizes), sizes[0] * prod(phased)


def _of_layer(
    node: NodeProof, layer: AnyLayer, size: Shape, batch: object
) -> tuple[int | None, int | None]:
    if not (isinstance(batch, int) and all(isinstance(n, int) for n in size)):
        return None, None
    pairs = layer.out_channels * layer.in_channels // layer.channel_groups
    before = batch * pairs * prod(meetings(window) for window in layer.windows(size))
    counted = phase_counts(node)
    return before, before if counted is None else batch * counted.dense_multiply_adds


def phase_counts(node: NodeProof) -> Counts | None:
    """The slots and multiply-adds of a converted layer; None of what has no expansion."""
    expansion = None if node.of is None else node.of.expansion
    return None if expansion is None or expansion.names else counts(expansion)
