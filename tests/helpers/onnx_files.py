"""Small ONNX files made in memory, and run by onnxruntime without any optimisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.helpers.requirements import require

Array = np.ndarray[Any, Any]
Shape = Sequence[int | str | None]


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Any:
    """A node named after its first output."""
    helper = require("onnx").helper
    return helper.make_node(op, list(inputs), list(outputs), name=outputs[0], **attributes)


def value(name: str, shape: Shape | None, dtype: str = "float32") -> Any:
    """A tensor's name, element type and shape."""
    helper = require("onnx").helper
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, element, shape)


def graph(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    constants: Mapping[str, Array] | None = None,
) -> Any:
    """A graph; outputs are names, or values where their types are to be stated."""
    onnx = require("onnx")
    held = [onnx.numpy_helper.from_array(np.asarray(a), n) for n, a in (constants or {}).items()]
    made = [value(o, None) if isinstance(o, str) else o for o in outputs]
    return onnx.helper.make_graph(list(nodes), "graph", list(inputs), made, held)


def file_of(
    nodes: Sequence[Any],
    inputs: Mapping[str, Shape],
    outputs: Sequence[Any],
    constants: Mapping[str, Array] | None = None,
    opset: int = 18,
) -> Any:
    """A model of ONNX's own operators, which the library's checker has passed."""
    onnx = require("onnx")
    ports = [value(name, shape) for name, shape in inputs.items()]
    made = onnx.helper.make_model(
        graph(nodes, ports, outputs, constants),
        opset_imports=[onnx.helper.make_opsetid("", opset)],
        ir_version=8,
    )
    made = onnx.shape_inference.infer_shapes(made)
    onnx.checker.check_model(made)
    return made


def run_file(proto: Any, feeds: Mapping[str, Array]) -> list[Array]:
    """The outputs for these inputs, by onnxruntime as the file stands."""
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    data = proto if isinstance(proto, str) else proto.SerializeToString()
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    asked = {one.name for one in session.get_inputs()}
    found = session.run(None, {name: array for name, array in feeds.items() if name in asked})
    return list(found)


def random_weight(*shape: int, seed: int = 0) -> Array:
    """Random values in float32."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def relative_difference(left: Sequence[Array], right: Sequence[Array]) -> float:
    """The largest difference of any output, in parts of that output's largest value."""
    assert [a.shape for a in left] == [b.shape for b in right]
    return max(
        float(np.abs(a - b).max(initial=0) / max(float(np.abs(a).max(initial=0)), 1e-30))
        for a, b in zip(left, right, strict=True)
    )
