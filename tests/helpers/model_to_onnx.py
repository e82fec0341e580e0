"""A `Model` written as an ONNX file in memory and run by onnxruntime: what its nodes mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.network.model import Model
from tests.helpers.requirements import require

IR = 8
OPSET = 18


def to_onnx(model: Model) -> Any:
    """The model as a protobuf message; its nodes are ONNX's own, of opset 18."""
    onnx = require("onnx")
    nodes = [
        onnx.helper.make_node(
            n.op, list(n.inputs), list(n.outputs), n.name, domain=n.domain, **n.attributes
        )
        for n in model.nodes
    ]
    ports = [_port(onnx, p.name, p.dtype, p.shape) for p in model.inputs]
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in model.outputs]
    constants = [onnx.numpy_helper.from_array(a, n) for n, a in model.constants.items()]
    graph = onnx.helper.make_graph(nodes, "model", ports, outputs, constants)
    opset = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=IR)


def _port(onnx: Any, name: str, dtype: str, shape: Any) -> Any:
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return onnx.helper.make_tensor_value_info(name, element, shape)


def inferred(model: Model) -> dict[str, list[int | None]]:
    """The shape of every tensor by ONNX's own inference, strictly."""
    onnx = require("onnx")
    found = onnx.shape_inference.infer_shapes(to_onnx(model), strict_mode=True, data_prop=True)
    values = (*found.graph.value_info, *found.graph.output)
    return {
        v.name: [d.dim_value if d.HasField("dim_value") else None for d in _dims(v)] for v in values
    }


def _dims(value: Any) -> Any:
    return value.type.tensor_type.shape.dim


def run_model(model: Model, *arrays: Any) -> list[Any]:
    """The model's outputs for these inputs, by onnxruntime without any optimisation."""
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(to_onnx(model).SerializeToString(), options)
    feeds = {p.name: np.asarray(a) for p, a in zip(model.inputs, arrays, strict=True)}
    return list(session.run(None, feeds))
