"""The nodes of an ONNX file, in plain words: operators, what they read, and their attributes.

The file is read by the onnx library alone; functions of its own are put in place of their calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from symconv.errors import MissingTool
from symconv.recheck.facts import CertificateError

OWN = ("", "ai.onnx")
"""Names of ONNX's own domain."""


@dataclass(frozen=True)
class FileNode:
    """A node as its file has it; bodies are graphs inside it, by their attributes' names."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    bodies: Mapping[str, Any]
    opset: int
    is_own: bool
    proto: Any = field(repr=False)

    @property
    def made(self) -> str:
        """The name of the first thing that it makes."""
        return next(filter(None, self.outputs), "")

    @property
    def inner(self) -> Iterator[str]:
        """The names of all that is made in its bodies' own nodes."""
        for body in self.bodies.values():
            yield from (name for node in body.node for name in node.output)

    def word(self, name: str, default: str) -> str:
        """A word among the attributes."""
        value = self.attributes.get(name) or default
        return value.decode() if isinstance(value, bytes) else str(value)

    def number(self, name: str, default: int) -> int:
        """An integer among the attributes."""
        return int(self.attributes.get(name, default))

    def per_axis(self, name: str, rank: int, default: int) -> list[int]:
        """Integers among the attributes, one for each axis.

        Raises:
            CertificateError: there are more or fewer.
        """
        found = [int(n) for n in self.attributes.get(name) or [default] * rank]
        if len(found) != rank:
            raise CertificateError(f"the file makes {self.made!r} with the {name} {found}")
        return found

    def has(self, slot: int) -> bool:
        """Whether something is given in a slot."""
        return slot < len(self.inputs) and bool(self.inputs[slot])


class OnnxFile:
    """An ONNX file: its nodes, with those of bodies; what it holds; who makes what."""

    def __init__(self, data: bytes, path: str | Path) -> None:
        self.proto = _parsed(data, path)
        self.graph = self.proto.graph
        self.opset = next((o.version for o in self.proto.opset_import if o.domain in OWN), 1)

    def nodes(self, is_left_out: Callable[[Any], bool]) -> Iterator[FileNode]:
        """The nodes of the graph and of bodies, without constants and branches left out."""
        yield from self._nodes(self.graph, is_left_out)

    def _nodes(self, graph: Any, is_left_out: Callable[[Any], bool]) -> Iterator[FileNode]:
        for proto in graph.node:
            if _is_constant(proto):
                continue
            node = self._node(proto)
            yield node
            for body in node.bodies.values():
                if node.op != "If" or not is_left_out(body):
                    yield from self._nodes(body, is_left_out)

    def _node(self, proto: Any) -> FileNode:
        import onnx

        values = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        bodies = {k: v for k, v in values.items() if isinstance(v, onnx.GraphProto)}
        rest = {key: value for key, value in values.items() if key not in bodies}
        names = tuple(proto.input), tuple(proto.output)
        is_own = proto.domain in OWN
        return FileNode(proto.op_type, *names, rest, bodies, self.opset, is_own, proto)

    @cached_property
    def makers(self) -> dict[str, FileNode]:
        """Each node by the names of what it makes."""
        return {n: node for node in self.nodes(lambda body: False) for n in node.outputs if n}

    @cached_property
    def held(self) -> dict[str, Any]:
        """The tensors that the file holds, those of nodes that make a constant among them."""
        return dict(self._held(self.graph))

    def _held(self, graph: Any) -> Iterator[tuple[str, Any]]:
        yield from ((tensor.name, tensor) for tensor in graph.initializer)
        for proto in graph.node:
            if _is_constant(proto):
                yield proto.output[0], _tensor_of(proto.attribute[0])
            for attribute in proto.attribute:
                yield from self._held(attribute.g)

    @property
    def ports(self) -> list[Any]:
        """The inputs that the file does not hold itself."""
        held = {tensor.name for tensor in self.graph.initializer}
        return [value for value in self.graph.input if value.name not in held]


def _parsed(data: bytes, path: str | Path) -> Any:
    try:
        import onnx
    except ImportError as fault:
        raise MissingTool(
            "looking into ONNX files needs onnx; install it with: pip install 'symconv[onnx]'"
        ) from fault
    try:
        model = onnx.load_model_from_string(data)
        if model.functions:
            from onnx import inliner

            return inliner.inline_local_functions(model)
    except Exception as fault:
        raise CertificateError(f"{path} is not an ONNX model: {str(fault)[:200]}") from fault
    return model


def _is_constant(proto: Any) -> bool:
    return bool(proto.op_type == "Constant" and proto.domain in OWN)


def _tensor_of(attribute: Any) -> Any:
    """A constant's tensor: numbers may stand among the attributes as they are."""
    import onnx

    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto | onnx.SparseTensorProto):
        return value
    kinds = {"f": onnx.TensorProto.FLOAT, "i": onnx.TensorProto.INT64}
    kind = kinds.get(attribute.name.removeprefix("value_")[:1], onnx.TensorProto.STRING)
    shape = [len(value)] if isinstance(value, list | tuple) else []
    entries = [*value] if shape else [value]
    return onnx.helper.make_tensor(attribute.name, kind, shape, entries)
