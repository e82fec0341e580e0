"""A protobuf message as a model: operators in one form, tensors by their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symconv.dialect.onnx.load import DOMAINS, load_onnx, onnx_library, opset_of
from symconv.dialect.onnx.opsets import Constants, modern
from symconv.errors import InputError, Unsupported
from symconv.network.model import Array, Dimension, Model, ModelNode, Port

if TYPE_CHECKING:
    import onnx

RANDOM = {
    *("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"),
    *("Multinomial", "Bernoulli"),
}
"""Operators of which no two runs are equal."""

IGNORED = {"ratio", "seed", "is_test", "consumed_inputs", "momentum"}
"""Attributes that mean nothing when a network is applied."""


def read_onnx(path: str | Path) -> Model:
    """Read an ONNX file as a model.

    Raises:
        InputError: it is malformed, or a node reads what nothing makes.
        Unsupported: an operator is not deterministic, or its opset is older than 7.
        MissingTool: the onnx library is not installed.
    """
    return model_of(load_onnx(path), Path(path).name.removesuffix(".onnx"))


def model_of(proto: onnx.ModelProto, name: str) -> Model:
    """Read a loaded ONNX file as a model of this name."""
    made = list(_made_in(proto.graph))
    if len(set(made)) < len(made):
        twice = next(n for n, count in Counter(made).items() if count > 1)
        raise Unsupported(
            f"model {name!r}: {twice!r} is made in more than one of its graphs; give those of "
            "each graph names of their own"
        )
    return _Reader(opset_of(proto), {*made, *_read_in(proto.graph)}).graph(
        proto.graph, name, frozenset()
    )


def _bodies_of(graph: onnx.GraphProto) -> Iterator[Any]:
    for node in graph.node:
        for attribute in node.attribute:
            yield from (body for body in (attribute.g, *attribute.graphs) if body.node)


def _made_in(graph: onnx.GraphProto) -> Iterator[str]:
    """The tensors that a graph and those inside it make or hold, each as often as it is made."""
    yield from {value.name for value in (*graph.input, *graph.initializer)}
    yield from (name for node in graph.node for name in node.output if name)
    for body in _bodies_of(graph):
        yield from _made_in(body)


def _read_in(graph: onnx.GraphProto) -> Iterator[str]:
    yield from (name for node in graph.node for name in node.input)
    for body in _bodies_of(graph):
        yield from _read_in(body)


class _Reader:
    """Reads graphs of one opset."""

    def __init__(self, opset: int, taken: set[str]) -> None:
        self.opset, self.taken = opset, taken
        self.sizes: dict[str, str] = {}
        self.onnx = onnx_library()

    def graph(self, graph: onnx.GraphProto, name: str, outer: frozenset[str]) -> Model:
        constants = {t.name: self._array(t) for t in graph.initializer}
        if graph.sparse_initializer:
            raise Unsupported(f"model {name!r}: sparse initialisers are not read; make them dense")
        ports = tuple(self._port(v) for v in graph.input if v.name not in constants)
        known = outer | {p.name for p in ports} | set(constants)
        nodes = tuple(self._nodes(graph.node, name, frozenset(known), constants))
        outputs = tuple(v.name for v in graph.output)
        return Model(name, ports, outputs, nodes, constants, outer)

    def _nodes(
        self, protos: Iterable[Any], name: str, known: frozenset[str], constants: Constants
    ) -> Iterator[ModelNode]:
        made = set(known)
        for place, proto in enumerate(protos):
            _refuse_chance(proto, name)
            if proto.op_type == "Constant" and proto.domain in DOMAINS:
                constants[proto.output[0]] = self._constant(proto)
                made.add(proto.output[0])
                continue
            node, more = self._node(proto, place, frozenset(made))
            constants.update(more)
            made.update(name for name in node.outputs if name)
            yield node

    def _node(self, proto: Any, place: int, known: frozenset[str]) -> tuple[ModelNode, Constants]:
        name = proto.name or next(filter(None, proto.output), f"{proto.op_type}_{place}")
        attributes, bodies = self._attributes(proto, name, known)
        domain = "" if proto.domain in DOMAINS else proto.domain
        node = ModelNode(
            name, proto.op_type, tuple(proto.input), tuple(proto.output), attributes, bodies, domain
        )
        if domain:
            return node, {}
        schema = self._schema(proto, name)
        _refuse_incomplete(node, schema)
        return modern(node, self.opset, int(schema.since_version), self.taken)

    def _schema(self, proto: Any, name: str) -> Any:
        try:
            return self.onnx.defs.get_schema(proto.op_type, self.opset, "")
        except self.onnx.defs.SchemaError as fault:
            raise InputError(
                f"node {name!r}: opset {self.opset} has no operator {proto.op_type!r}"
            ) from fault

    def _attributes(
        self, proto: Any, name: str, known: frozenset[str]
    ) -> tuple[dict[str, Any], dict[str, Model]]:
        found = self._defaults(proto)
        bodies: dict[str, Model] = {}
        for attribute in proto.attribute:
            if attribute.type == self.onnx.AttributeProto.GRAPH:
                inside = f"{name}.{attribute.name}"
                bodies[attribute.name] = self.graph(attribute.g, inside, known)
            else:
                found[attribute.name] = self._value(attribute)
        return {k: v for k, v in found.items() if k not in IGNORED}, bodies

    def _defaults(self, proto: Any) -> dict[str, Any]:
        """What the attributes are that a node leaves out."""
        if proto.domain not in DOMAINS or not self.onnx.defs.has(proto.op_type, ""):
            return {}
        try:
            schema = self.onnx.defs.get_schema(proto.op_type, self.opset, "")
        except self.onnx.defs.SchemaError:
            return {}
        attributes = schema.attributes.items()
        every = {key: one.default_value for key, one in attributes if not one.required}
        return {key: self._value(value) for key, value in every.items() if value.name}

    def _value(self, attribute: Any) -> Any:
        value = self.onnx.helper.get_attribute_value(attribute)
        if isinstance(value, self.onnx.TensorProto):
            return self._array(value)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if isinstance(value, list | tuple) or hasattr(value, "__len__"):
            parts = list(value)
            return tuple(p.decode(errors="replace") if isinstance(p, bytes) else p for p in parts)
        return value

    def _constant(self, proto: Any) -> Array:
        values = {a.name: self._value(a) for a in proto.attribute}
        for key in ("value", "value_float", "value_floats", "value_int", "value_ints"):
            if key in values:
                dtype = {"f": np.float32, "i": np.int64}.get(key[6:7])
                return np.asarray(values[key], dtype)
        if strings := [v for k, v in values.items() if k.startswith("value_string")]:
            return np.asarray(strings[0], object)
        raise Unsupported(f"constant {proto.output[0]!r} is sparse; make it dense")

    def _array(self, tensor: Any) -> Array:
        wanted = int(np.prod([max(0, d) for d in tensor.dims], dtype=object))
        held = max(
            len(tensor.raw_data),
            *(len(getattr(tensor, f"{kind}_data")) * 8 for kind in ("float", "int32", "int64")),
            *(len(getattr(tensor, f"{kind}_data")) * 8 for kind in ("double", "uint64", "string")),
        )
        if any(d < 0 for d in tensor.dims):
            raise InputError(
                f"tensor {tensor.name!r} has a negative dimension: {list(tensor.dims)}"
            )
        if wanted > 8 * max(held, 1):
            raise InputError(
                f"tensor {tensor.name!r} of dimensions {list(tensor.dims)} holds {held} bytes only"
            )
        try:
            array: Array = self.onnx.numpy_helper.to_array(tensor)
        except Exception as fault:
            raise InputError(f"tensor {tensor.name!r} is malformed: {fault}") from fault
        return array

    def _port(self, value: Any) -> Port:
        if not value.type.HasField("tensor_type"):
            raise Unsupported(f"input {value.name!r} is not a tensor")
        tensor = value.type.tensor_type
        try:
            dtype = str(self.onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
        except KeyError as fault:
            raise InputError(
                f"input {value.name!r} has the element type {tensor.elem_type}"
            ) from fault
        if not tensor.HasField("shape"):
            return Port(value.name, dtype)
        return Port(value.name, dtype, tuple(map(self._dimension, tensor.shape.dim)))

    def _dimension(self, d: Any) -> Dimension:
        """A number, a name, or None for what says nothing, as "?" does in Paddle's files."""
        if d.HasField("dim_value"):
            return int(d.dim_value) if d.dim_value > 0 else None
        if d.dim_param not in self.sizes:
            plain = name = re.sub(r"\W", "_", d.dim_param).strip("_")
            while name in self.sizes.values():  # "s*2" and "s/2" are two sizes
                name += "_"
            self.sizes[d.dim_param] = name if plain.isidentifier() else ""
        return self.sizes[d.dim_param] or None


def _refuse_incomplete(node: ModelNode, schema: Any) -> None:
    """Refuse a node that lacks an attribute or a body, or whose branches have other outputs."""
    given = {*node.attributes, *node.bodies}
    said = f"node {node.name!r} ({node.op})"
    if missing := [k for k, one in schema.attributes.items() if one.required and k not in given]:
        raise InputError(f"{said} has no attribute {missing[0]!r}, which it needs")
    if node.op not in ("If", "Loop"):
        return
    looped = node.op == "Loop"  # a body of one also says whether to go on
    wanted = len(node.outputs) + looped
    for key, body in node.bodies.items():
        if len(body.outputs) != wanted:
            raise InputError(
                f"{said} has {len(node.outputs)} outputs, its {key} {len(body.outputs)}; "
                f"{wanted} would fit"
            )
        if looped and len(body.inputs) != max(2, len(node.inputs)):
            raise InputError(f"{said} has {len(node.inputs)} inputs, its body {len(body.inputs)}")


def _refuse_chance(proto: Any, name: str) -> None:
    training = any(a.name == "training_mode" and a.i for a in proto.attribute)
    if proto.op_type in RANDOM or training:
        raise Unsupported(
            f"model {name!r}: node {proto.name or proto.op_type!r} ({proto.op_type}) is not "
            "deterministic, so that no two runs are equal; export the model for inference"
        )
