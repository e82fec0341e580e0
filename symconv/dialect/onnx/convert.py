"""A file converted node by node: strided nodes replaced, everything else as it was.

Data flow: a loaded file, and its model at one size -> graph by graph, bodies included, each strided
node read and written anew -> the file with new nodes and constants, and what became of each node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symconv.dialect.onnx.emit import Emitter
from symconv.dialect.onnx.load import DOMAINS, onnx_library, opset_of
from symconv.dialect.onnx.local import write_local
from symconv.dialect.onnx.strided import Strided, has_stride, read_strided
from symconv.errors import SymconvError, Unsupported
from symconv.network.bound import Bound
from symconv.network.disputed import WINDOWS

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a strided node: ``converted``, or ``left strided`` with the reason."""

    node: str
    op: str
    stride: tuple[int, ...]
    became: str
    reason: str = ""


@dataclass(frozen=True)
class Conversion:
    """A converted file, and what became of each of its strided nodes."""

    proto: onnx.ModelProto
    changes: tuple[Change, ...]

    @property
    def left(self) -> tuple[Change, ...]:
        """The nodes that still have a stride."""
        return tuple(change for change in self.changes if change.became == "left strided")


def convert_locally(
    proto: onnx.ModelProto, bound: Bound | None, *, free: bool, materialised: bool = False
) -> Conversion:
    """Replace each strided node of a file by phases and a node of stride 1.

    Args:
        proto: the file; it is not changed.
        bound: the model at one size, from which channels and, unless ``free``, sizes are taken.
        free: whether the file leaves sizes free, so that only forms for all sizes may be used.
        materialised: whether expanded kernels are written out.
    """
    made = type(proto)()
    made.CopyFrom(proto)
    listed = made.ir_version < 4
    converter = _Converter(opset_of(proto), bound, free, names_of(made.graph), listed)
    converter.materialised = materialised
    converter.graph(made.graph)
    return Conversion(made, tuple(converter.changes))


class _Converter:
    """Converts graphs, and notes what became of each strided node."""

    def __init__(
        self, opset: int, bound: Bound | None, free: bool, taken: set[str], listed: bool
    ) -> None:
        self.opset, self.bound, self.free, self.taken = opset, bound, free, taken
        self.listed, self.materialised = listed, False
        self.changes: list[Change] = []
        self.onnx = onnx_library()

    def graph(self, graph: onnx.GraphProto) -> None:
        nodes: list[Any] = []
        for node in graph.node:
            for attribute in node.attribute:
                for body in (attribute.g, *attribute.graphs):
                    if body.node:
                        self.graph(body)
            nodes += self._node(node, graph)
        del graph.node[:]
        graph.node.extend(nodes)

    def _node(self, node: Any, graph: onnx.GraphProto) -> list[Any]:
        attributes = {a.name: self.value(a) for a in node.attribute}
        if node.domain not in (*DOMAINS, "com.microsoft") or not has_stride(
            node.op_type, attributes
        ):
            return [node]
        strides = tuple(attributes["strides"])
        said = node.name or node.output[0], node.op_type, strides
        emit = Emitter(self.opset, node.output[0], self.taken)
        try:
            if self.has_one_output(node):
                return [node]
            strided = self.read(node, attributes)
            write_local(node, strided, emit, self._dtype(node))
        except Unsupported as fault:
            self.changes.append(Change(*said, "left strided", str(fault)))
            return [node]
        except SymconvError as fault:
            fault.within(f"node {said[0]!r} ({node.op_type})")
            raise
        self.changes.append(Change(*said, "converted"))
        if self.materialised:
            emit.fold({t.name: t for t in graph.initializer})
        if self.listed:  # an initialiser would have to be an input as well
            return [*map(self._constant, emit.constants), *emit.nodes]
        graph.initializer.extend(emit.constants)
        return emit.nodes

    def _constant(self, tensor: Any) -> Any:
        return self.onnx.helper.make_node("Constant", [], [tensor.name], value=tensor)

    def value(self, attribute: Any) -> Any:
        """What an attribute holds, bytes as text."""
        value = self.onnx.helper.get_attribute_value(attribute)
        return value.decode(errors="replace") if isinstance(value, bytes) else value

    def has_one_output(self, node: Any) -> bool:
        """Whether a window has one output on each strided axis, and so no stride."""
        shape = None if self.free else self._shape(node.output[0])
        strides = next(a.ints for a in node.attribute if a.name == "strides")
        if shape is None:
            return False
        if node.op_type == "ConvTranspose":
            shape = self._shape(node.input[0]) or shape
        return all(n == 1 for n, s in zip(shape[2:], strides, strict=False) if s > 1)

    def _shape(self, name: str) -> tuple[int, ...] | None:
        return self.bound.shapes.get(name) if self.bound is not None else None

    def _dtype(self, node: Any) -> str:
        known = self.bound.dtypes.get(node.input[0]) if self.bound is not None else None
        return known or "float32"

    def read(self, node: Any, attributes: dict[str, Any]) -> Strided:
        """The window of a strided node."""
        weight = self._shape(node.input[1]) if node.op_type in ("Conv", "ConvTranspose") else None
        kernel = attributes.get("kernel_shape") or (None if weight is None else weight[2:])
        if kernel is None:
            raise Unsupported("the shape of its kernel is not known")
        x, y = (None if self.free else self._shape(n) for n in (node.input[0], node.output[0]))
        return read_strided(
            node.op_type,
            attributes,
            kernel,
            self._channels(node, weight, int(attributes.get("group", 1))),
            None if x is None else x[2:],
            None if y is None else y[2:],
        )

    def _channels(self, node: Any, weight: Sequence[int] | None, groups: int) -> int | None:
        """Input channels; of a transposed convolution, output channels."""
        if weight is not None:
            return weight[1] * groups
        shape = self._shape(node.input[0])
        return None if shape is None else shape[1]


def names_of(graph: onnx.GraphProto) -> set[str]:
    """Every name of a tensor or a node, those in bodies included."""
    found = {value.name for value in (*graph.input, *graph.initializer, *graph.output)}
    for node in graph.node:
        found |= {node.name, *node.input, *node.output}
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                found |= names_of(body)
    return found


def convert_bodies(node: Any, opset: int, bound: Bound, taken: set[str]) -> list[Change]:
    """Replace each strided node in the graphs inside a node, which is changed."""
    converter = _Converter(opset, bound, False, taken, False)
    for attribute in node.attribute:
        for body in (attribute.g, *attribute.graphs):
            if body.node:
                converter.graph(body)
    return converter.changes


def inner_names(node: Any) -> set[str]:
    """The names in the graphs inside a node."""
    bodies = [b for a in node.attribute for b in (a.g, *a.graphs)]
    return set().union(*map(names_of, bodies))


def strided_of(node: Any, bound: Bound) -> Strided | None:
    """The window of a strided node of a file at known sizes; None for any other."""
    attributes = {a.name: onnx_library().helper.get_attribute_value(a) for a in node.attribute}
    found = _Converter(0, bound, False, set(), False)
    if not has_stride(node.op_type, attributes) or found.has_one_output(node):
        return None
    return found.read(node, {a.name: found.value(a) for a in node.attribute})


def strided_nodes(graph: onnx.GraphProto, bound: Bound | None) -> list[str]:
    """The windows that still have a stride and more than one output, those in bodies included."""
    onnx = onnx_library()
    found: list[str] = []
    for node in graph.node:
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                found += strided_nodes(body, bound)
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if has_stride(node.op_type, attributes) and not _is_single(node, attributes, bound):
            found.append(node.name or node.output[0])
    return found


def _is_single(node: Any, attributes: dict[str, Any], bound: Bound | None) -> bool:
    shape = None if bound is None else bound.shapes.get(node.output[0])
    if shape is None or node.op_type not in WINDOWS:
        return False
    return all(n == 1 for n, s in zip(shape[2:], attributes["strides"], strict=False) if s > 1)
