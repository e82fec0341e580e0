"""Files changed for looking at: hidden tensors as outputs, weights of one number made random."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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


def reweighted(proto: onnx.ModelProto) -> onnx.ModelProto | None:
    """The file with random weights for those that are all one number; None where none is.

    Equal weights stay equal, in two files too: what replaces one follows from its content.
    """
    onnx = onnx_library()
    made = _copy(proto)
    helper = onnx.numpy_helper
    shapes = {t.name: helper.to_array(t) for t in made.graph.initializer if _is_shape(t)}
    changed = 0
    for tensor in made.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims) > 1:
            array = helper.to_array(tensor)
            if (array == array.flat[0]).all() and array.flat[0] not in (0, 1):
                tensor.CopyFrom(helper.from_array(_random_like(array), tensor.name))
                changed += 1
    kept = []
    for node in made.graph.node:
        if node.op_type == "ConstantOfShape" and node.input[0] in shapes:
            array = _filled(node, shapes[node.input[0]])
            if array.dtype == np.float32 and array.size > 1:
                value = helper.from_array(_random_like(array))
                node = onnx.helper.make_node("Constant", [], list(node.output), value=value)
                changed += 1
        kept.append(node)
    del made.graph.node[:]
    made.graph.node.extend(kept)
    return made if changed else None


def _is_shape(tensor: Any) -> bool:
    return bool(tensor.data_type == onnx_library().TensorProto.INT64 and len(tensor.dims) == 1)


def _filled(node: Any, shape: Array) -> Array:
    values = [onnx_library().numpy_helper.to_array(a.t) for a in node.attribute]
    value = values[0] if values else np.zeros(1, np.float32)
    return np.full([int(n) for n in shape], value.ravel()[0], value.dtype)


def _random_like(array: Array) -> Array:
    """Random values of about the size that keeps a network's signals alive."""
    text = f"{array.shape}{array.flat[0]}".encode()
    chance = np.random.default_rng(int(hashlib.sha256(text).hexdigest()[:8], 16))
    fan = max(1, int(np.prod(array.shape[1:])))
    if array.ndim == 1:
        return np.asarray(0.75 + 0.5 * chance.random(array.shape), array.dtype)
    return np.asarray(chance.standard_normal(array.shape) * (2 / fan) ** 0.5, array.dtype)


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    made = type(proto)()
    made.CopyFrom(proto)
    return made
