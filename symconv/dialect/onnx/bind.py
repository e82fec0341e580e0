"""A model at given sizes: shapes by onnx's own inference, small constants by its evaluator.

Data flow: a `Model` and the sizes of its inputs -> node by node, the shapes and the known values of
its outputs -> `Bound`.  A branch of ``If`` whose condition is known is inlined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symconv.dialect.onnx.fitting import misfit
from symconv.dialect.onnx.load import onnx_library
from symconv.errors import InputError
from symconv.network.bound import Bound, Shape, Sizes, given_shapes
from symconv.network.disputed import POOLS, WINDOWS
from symconv.network.model import Array, Model, ModelNode

OPSET = 18
"""The opset whose form the nodes of a model have."""

MOST_INDICES = 2**20
"""Entries of a tensor of integers that is kept: an order of channels on phases has thousands."""

CHOOSING = ("Compress", "NonZero", "Unique", "Reshape", "Slice", "Squeeze", "Unsqueeze")
"""Operators that make no more entries than they read."""

MOST_VALUES = 4096
"""Entries of a tensor that is still computed: shapes, axes and grids have fewer."""


def bind(model: Model, sizes: Sizes | None = None) -> Bound:
    """Return a model at these sizes of its inputs.

    Raises:
        InputError: a size does not fit or is missing, or a node does not fit what it reads.
        MissingTool: the onnx library is not installed.
    """
    shapes = given_shapes(model, sizes or {})
    binder = _Binder(shapes, {p.name: p.dtype for p in model.inputs})
    ports = tuple(replace(p, shape=shapes[p.name]) for p in model.inputs)
    bound = binder.graph(replace(model, inputs=ports))
    return Bound(bound, binder.shapes, binder.values, binder.dtypes)


class _Binder:
    """What is known of each tensor so far; names are unique in a file, bodies included."""

    def __init__(self, shapes: Mapping[str, Shape], dtypes: Mapping[str, str]) -> None:
        self.shapes: dict[str, Shape] = dict(shapes)
        self.dtypes: dict[str, str] = dict(dtypes)
        self.values: dict[str, Array] = {}
        self.onnx = onnx_library()

    def graph(self, model: Model) -> Model:
        for name, array in model.constants.items():
            self._know(name, array)
        constants = dict(model.constants)
        nodes = [new for node in model.nodes for new in self._node(node, constants)]
        return replace(model, nodes=tuple(nodes), constants=constants)

    def _know(self, name: str, array: Array) -> None:
        self.shapes[name], self.dtypes[name] = array.shape, str(array.dtype)
        most = MOST_INDICES if array.dtype.kind in "iub" else MOST_VALUES
        if array.size <= most:
            self.values[name] = array

    def _node(self, node: ModelNode, constants: dict[str, Array]) -> list[ModelNode]:
        if node.op == "If" and node.inputs[0] in self.values:
            return self._chosen(node, constants)
        if node.op == "Loop":
            return [self._loop(node)]
        bodies = {key: self._body(_unstated(body)) for key, body in node.bodies.items()}
        node = replace(node, bodies=bodies)
        self._learn_node(node)
        if fault := misfit(node, self.shapes, self.values):
            raise InputError(f"{_said(node)} does not fit: {fault}")
        return [node]

    def _chosen(self, node: ModelNode, constants: dict[str, Array]) -> list[ModelNode]:
        """The nodes of the branch that is taken, and its outputs under the node's own names."""
        taken = bool(np.all(self.values[node.inputs[0]]))
        body = self.graph(node.bodies["then_branch" if taken else "else_branch"])
        constants.update(body.constants)
        named = [
            ModelNode(f"{node.name}:{new}", "Identity", (old,), (new,))
            for old, new in zip(body.outputs, node.outputs, strict=True)
        ]
        return [*body.nodes, *(new for one in named for new in self._node(one, constants))]

    def _body(self, body: Model, entering: Mapping[str, Shape] | None = None) -> Model:
        for port in body.inputs:
            self.dtypes[port.name] = port.dtype
            if port.shape is not None and all(isinstance(d, int) for d in port.shape):
                self.shapes[port.name] = tuple(d for d in port.shape if isinstance(d, int))
            elif entering and port.name in entering:
                self.shapes[port.name] = entering[port.name]
        return self.graph(body)

    def _loop(self, node: ModelNode) -> ModelNode:
        """A loop, whose states have the shapes that they enter with where each turn keeps them.

        Where one does not, what a body says of its states is no more than the first turn's.
        """
        body, before = node.bodies["body"], (dict(self.shapes), dict(self.values))
        pairs = list(zip(body.inputs, node.inputs, strict=False))
        entering = {p.name: self.shapes[n] for p, n in pairs[2:] if n in self.shapes}
        entering |= {p.name: () for p in body.inputs[:2]}
        run = self._body(body, entering)
        states = list(zip(body.inputs[2:], run.outputs[1:], node.outputs, strict=False))
        if not all(
            self.shapes.get(p.name) == self.shapes.get(n) == entering.get(p.name)
            for p, n, _ in states
        ):
            self.shapes, self.values = before
            return replace(node, bodies={"body": self._body(_unstated(body))})
        for port, _, name in states:
            if port.name in entering and self.shapes.get(port.name) == entering[port.name]:
                self.shapes[name], self.dtypes[name] = entering[port.name], port.dtype
        return replace(node, bodies={"body": run})

    def _join(self, node: ModelNode) -> None:
        """The shapes of an If's outputs, where both branches have the same."""
        then, other = node.bodies["then_branch"], node.bodies["else_branch"]
        for name, a, b in zip(node.outputs, then.outputs, other.outputs, strict=True):
            if a in self.shapes and self.shapes[a] == self.shapes.get(b):
                self.shapes[name] = self.shapes[a]
            if a in self.dtypes and self.dtypes[a] == self.dtypes.get(b):
                self.dtypes[name] = self.dtypes[a]

    def _is_known(self, node: ModelNode) -> bool:
        inputs = [name for name in node.inputs if name]
        return not node.domain and not node.bodies and all(n in self.values for n in inputs)

    def _learn_node(self, node: ModelNode) -> None:
        """What follows of the shapes and values of a node's outputs."""
        if node.op in ("Shape", "Size") and node.inputs[0] in self.shapes:
            self._know(node.outputs[0], _shape_value(node, self.shapes[node.inputs[0]]))
        elif node.op == "If":
            self._join(node)
        elif not node.domain and not node.bodies:
            self._infer(node)
            if self._is_known(node) and self._is_small(node):
                self._evaluate(node)

    def _is_small(self, node: ModelNode) -> bool:
        """Whether what a node computes from numbers may be computed: a small file may ask for much.

        Only operators that choose among what they read leave their sizes open.
        """
        sizes = [self.shapes.get(name) for name in node.outputs if name]
        if node.op == "Range":
            first, end, step = (float(self.values[n].ravel()[0]) for n in node.inputs)
            return step != 0 and (end - first) / step <= MOST_VALUES
        if any(shape is None for shape in sizes):
            return node.op in CHOOSING
        return all(int(np.prod(s, dtype=object)) <= MOST_INDICES for s in sizes if s is not None)

    def _evaluate(self, node: ModelNode) -> None:
        inputs = [name for name in node.inputs if name]
        values = [self.values[name] for name in dict.fromkeys(inputs)]
        try:
            found = self._run(node, dict(zip(dict.fromkeys(inputs), values, strict=True)))
        except Exception as fault:
            raise InputError(f"{_said(node)} cannot be computed: {fault}") from fault
        for name, array in zip(node.outputs, found, strict=False):
            if name:
                self._know(name, np.asarray(array))

    def _run(self, node: ModelNode, values: Mapping[str, Array]) -> Sequence[Array]:
        helper = self.onnx.helper
        inputs = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in values.items()
        ]
        outputs = [helper.make_empty_tensor_value_info(name) for name in node.outputs if name]
        graph = helper.make_graph([self.proto(node)], "one", inputs, outputs)
        opsets = [helper.make_opsetid("", self._opset(node))]
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))
        found: Sequence[Array] = evaluator.run(None, dict(values))
        return found

    def _opset(self, node: ModelNode) -> int:
        return int(node.attributes.get("since", OPSET))

    def proto(self, node: ModelNode) -> Any:
        """The node as a message, in the form of its opset."""
        attributes = {k: self._attribute(v) for k, v in node.attributes.items() if k != "since"}
        given = {k: v for k, v in attributes.items() if not (isinstance(v, tuple) and not v)}
        return self.onnx.helper.make_node(node.op, node.inputs, node.outputs, **given)

    def _attribute(self, value: Any) -> Any:
        return self.onnx.numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value

    def _infer(self, node: ModelNode) -> None:
        """Shapes of the outputs, as far as onnx's inference tells."""
        inputs = [name for name in node.inputs if name]
        if any(name not in self.dtypes for name in inputs):
            return
        types = {name: self._type(name) for name in inputs}
        helper = self.onnx.numpy_helper
        data = {
            name: helper.from_array(self.values[name], name)
            for name in inputs
            if name in self.values and self.values[name].dtype != object
        }
        faults: list[Exception] = []
        for schema in self._schemas(node):
            opsets = [self.onnx.helper.make_opsetid("", schema.since_version)]
            try:
                found = self.onnx.shape_inference.infer_node_outputs(
                    schema, self.proto(node), types, data, opset_imports=opsets
                )
            except Exception as fault:  # noqa: BLE001 - the library raises what its C++ core does
                faults.append(fault)
                continue
            for name, kind in found.items():
                self._learn(node, name, kind)
            return
        raise InputError(f"{_said(node)} does not fit: {_reason(faults[0])}") from faults[0]

    def _schemas(self, node: ModelNode) -> list[Any]:
        """What onnx knows of an operator: of its own opset, and the newest, which has more types.

        Where it has an attribute that came later, only the newest knows it.
        """
        newest = self.onnx.defs.get_schema(node.op, self.onnx.defs.onnx_opset_version(), "")
        if node.op in POOLS:
            # They got attributes later, and their shapes with ``ceil_mode`` were once inferred
            # larger than any runtime makes them: a window that begins in the high pad is none.
            return [newest]
        try:
            schema = self.onnx.defs.get_schema(node.op, self._opset(node), "")
        except self.onnx.defs.SchemaError:
            return [newest]
        known = {*schema.attributes, "since"}
        return [schema, newest] if known.issuperset(node.attributes) else [newest]

    def _type(self, name: str) -> Any:
        helper = self.onnx.helper
        element = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtypes[name]))
        return helper.make_tensor_type_proto(element, self.shapes.get(name))

    def _learn(self, node: ModelNode, name: str, kind: Any) -> None:
        if not kind.HasField("tensor_type"):
            return
        tensor = kind.tensor_type
        if tensor.elem_type:
            dtype = self.onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
            self.dtypes[name] = str(dtype)
        if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
            shape = tuple(d.dim_value for d in tensor.shape.dim)
            if min(shape, default=0) < 0:  # the library's inference goes on, and ends the process
                raise InputError(f"{_said(node)} does not fit: {name!r} would be {list(shape)}")
            if (whole := self._whole(node, shape)) is not None:
                self.shapes[name] = whole

    def _whole(self, node: ModelNode, shape: Shape) -> Shape | None:
        """A shape that is inferred, unless the library stopped before its axes in space.

        So it does where a transposed convolution asks for fewer samples than it reads.
        """
        x = self.shapes.get(node.inputs[0]) if node.op in WINDOWS else None
        if x is None or len(shape) == len(x):
            return shape
        asked = tuple(node.attributes.get("output_shape") or ())
        w = self.shapes.get(node.inputs[1]) if node.op == "ConvTranspose" else None
        if w is None or len(asked) < len(x) - 2:
            return None
        return (x[0], w[1] * node.attributes.get("group", 1), *asked[2 - len(x) :])


def _unstated(body: Model) -> Model:
    """A body whose inputs may have any shape: what it says of them need not hold at each turn."""
    return replace(body, inputs=tuple(replace(port, shape=None) for port in body.inputs))


def _shape_value(node: ModelNode, shape: Shape) -> Array:
    if node.op == "Size":
        return np.asarray(int(np.prod(shape, dtype=np.int64)), np.int64)
    first, end = node.attributes.get("start", 0), node.attributes.get("end")
    return np.asarray(shape[first:end], np.int64)


def _said(node: ModelNode) -> str:
    return f"node {node.name!r} ({node.op})"


def _reason(fault: Exception) -> str:
    """The library's own words, without where in its sources it raised them."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return lines[-1] if lines else type(fault).__name__
