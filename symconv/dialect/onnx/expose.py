"""Files changed for looking at: hidden tensors as outputs, weights made random."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from symconv.dialect.onnx.load import onnx_library
from symconv.network.bound import Bound
from symconv.network.model import Array

if TYPE_CHECKING:
    import onnx


def exposed(proto: onnx.ModelProto, bound: Bound, names: Iterable[str]) -> bytes:
    """The file's bytes with these tensors as outputs too."""
    onnx = onnx_library()
    made = _copy(proto)
    there = {value.name for value in made.graph.output}
    for name in names:
        if name not in there and name in bound.dtypes:
            kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(bound.dtypes[name]))
            value = onnx.helper.make_tensor_value_info(name, kind, None)
            made.graph.output.append(value)
    data: bytes = made.SerializeToString()
    return data


def shaken_inside(proto: onnx.ModelProto, bound: Bound) -> onnx.ModelProto:
    """The file where every tensor in floating point is moved by about two ulps of itself."""
    onnx = onnx_library()
    made = _copy(proto)
    chance = np.random.default_rng(0)
    nodes = []
    for node in made.graph.node:
        nodes.append(node)
        for place, name in enumerate(node.output):
            kind = np.dtype(bound.dtypes.get(name, "object"))
            if name and name in bound.shapes and kind in (np.float32, np.float64):
                last = bound.shapes[name][-1:]
                signs = chance.choice([-1.0, 1.0], last)
                factor = np.asarray(1 + 2 * np.finfo(kind).eps * signs, kind)
                node.output[place] = f"{name}/still"
                made.graph.initializer.append(onnx.numpy_helper.from_array(factor, f"{name}/shake"))
                inputs = [f"{name}/still", f"{name}/shake"]
                nodes.append(onnx.helper.make_node("Mul", inputs, [name]))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    made.ir_version = max(made.ir_version, 4)  # before it, an initialiser is an input as well
    return made


def weights_of(proto: onnx.ModelProto) -> set[str]:
    """The contents, by digest, of a file's free weights, made by ConstantOfShape included."""
    return {_digest(array) for _, array in _weights(proto)}


def moved_weights(proto: onnx.ModelProto) -> set[str]:
    """The contents of weights that hold the values of another one, and may be that one moved."""
    alike: dict[bytes, set[str]] = {}
    for _, array in _weights(proto):
        values = np.unique(array[array != 0])
        if values.size > 1:
            alike.setdefault(values.tobytes(), set()).add(_digest(array))
    return set[str]().union(*(contents for contents in alike.values() if len(contents) > 1))


def reweighted(proto: onnx.ModelProto, contents: set[str], gain: float) -> onnx.ModelProto:
    """The file with random values for the weights of these contents.

    ``gain`` is about how much larger a kernel makes a signal.  Equal weights stay equal, in two
    files too: what replaces one follows from its content.
    """
    helper = onnx_library().numpy_helper
    made = _copy(proto)
    fresh = {name: a for name, a in _weights(made) if _digest(a) in contents}
    for tensor in made.graph.initializer:
        if tensor.name in fresh:
            tensor.CopyFrom(helper.from_array(_random_like(fresh[tensor.name], gain), tensor.name))
    nodes = [_reweighted_node(node, fresh, gain) for node in made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def _reweighted_node(node: Any, fresh: dict[str, Array], gain: float) -> Any:
    name = node.output[0] if node.output else ""
    if node.op_type not in MAKERS or name not in fresh:
        return node
    onnx = onnx_library()
    value = onnx.numpy_helper.from_array(_random_like(fresh[name], gain))
    return onnx.helper.make_node("Constant", [], [name], name=node.name, value=value)


MAKERS = ("Constant", "ConstantOfShape")
"""Nodes that make a weight from nothing but numbers."""


def _weights(proto: onnx.ModelProto) -> Iterator[tuple[str, Array]]:
    """The weights in floating point with more than one entry, but masks and counts."""
    helper = onnx_library().numpy_helper
    arrays = {t.name: helper.to_array(t) for t in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            arrays[node.output[0]] = helper.to_array(node.attribute[0].t)
        if node.op_type == "ConstantOfShape" and node.input[0] in arrays:
            arrays[node.output[0]] = _filled(node, arrays[node.input[0]])
    for name in sorted(_names_read(proto.graph).intersection(arrays)):
        array = arrays[name]
        if array.dtype == np.float32 and array.size > 1 and (array != np.round(array)).any():
            yield name, array


def _names_read(graph: onnx.GraphProto) -> set[str]:
    """The tensors that nodes read, those of bodies included, and the outputs."""
    found = {value.name for value in graph.output}
    for node in graph.node:
        found.update(node.input)
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                found |= _names_read(body)
    return found


def _digest(array: Array) -> str:
    text = f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
    return hashlib.sha256(text).hexdigest()


def _filled(node: Any, shape: Array) -> Array:
    values = [onnx_library().numpy_helper.to_array(a.t) for a in node.attribute]
    value = values[0] if values else np.zeros(1, np.float32)
    return np.full([int(n) for n in shape], value.ravel()[0], value.dtype)


def _random_like(array: Array, gain: float) -> Array:
    """Random values of about the size that keeps a network's signals alive."""
    chance = np.random.default_rng(int(_digest(array)[:8], 16))
    fan = max(1, int(np.prod(array.shape[1:])))
    if array.ndim == 1:
        return np.asarray(0.75 + 0.5 * chance.random(array.shape), array.dtype)
    return np.asarray(chance.standard_normal(array.shape) * gain * (2 / fan) ** 0.5, array.dtype)


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    made = type(proto)()
    made.CopyFrom(proto)
    return made
