"""Nodes of ONNX as layers: the values of ONNX's own reference and of onnxruntime."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.errors import SymconvError
from tests.helpers.refusals import expect
from tests.helpers.requirements import require

onnx: Any = require("onnx")
runtime: Any = require("onnxruntime")


def random_attributes(rng: random.Random, kind: str, rank: int) -> dict[str, Any]:
    found: dict[str, Any] = {"kernel_shape": [rng.randint(1, 4) for _ in range(rank)]}
    if rng.random() < 0.8:
        found["strides"] = [rng.randint(1, 3) for _ in range(rank)]
    if rng.random() < 0.4 and kind != "AveragePool":
        found["dilations"] = [rng.randint(1, 2) for _ in range(rank)]
    pads = rng.choice(["pads", "SAME_UPPER", "SAME_LOWER", "VALID", "none"])
    if pads == "pads":
        most = [min(found["kernel_shape"]) - 1, 2][kind.startswith("Conv")]
        found["pads"] = [rng.randint(0, most) for _ in range(2 * rank)]
    elif pads != "none":
        found["auto_pad"] = pads
        if kind == "Conv" and pads != "VALID":
            found.pop("dilations", None)  # onnxruntime has none of them
    return {**found, **_more(rng, kind, found)}


def _more(rng: random.Random, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Attributes of one operator alone."""
    found: dict[str, Any] = {}
    plain = "auto_pad" not in given
    if kind == "AveragePool":
        found["count_include_pad"] = rng.randint(0, 1)
    if kind.endswith("Pool") and plain:
        found["ceil_mode"] = rng.randint(0, 1)
    if kind == "ConvTranspose" and plain:
        strides = given.get("strides", [1] * len(given["kernel_shape"]))
        found["output_padding"] = [rng.randint(0, s - 1) for s in strides]
    if kind.startswith("Conv"):
        found["group"] = rng.choice([1, 2])
    return found


def model_of(kind: str, attributes: dict[str, Any], shapes: list[tuple[int, ...]]) -> Any:
    names = ["x", "w", "b"][: len(shapes)]
    node = onnx.helper.make_node(kind, names, ["y"], **attributes)
    ports = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in zip(names, shapes, strict=True)
    ]
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = onnx.helper.make_graph([node], "g", ports, [out])
    opset = [onnx.helper.make_opsetid("", 18)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)


def run(model: Any, arrays: list[Any]) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, dict(zip(["x", "w", "b"], arrays, strict=False)))[0]


KINDS = ["Conv", "ConvTranspose", "MaxPool", "AveragePool"]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_onnxruntime_s(kind: str) -> None:
    rng, seen = random.Random(kind), 0
    for _ in range(120):
        attributes = random_attributes(rng, kind, rng.choice([1, 2]))
        size = tuple(rng.randint(5, 9) for _ in attributes["kernel_shape"])
        node = {"op_type": kind, "attributes": attributes, "in_channels": 2}
        if kind.startswith("Conv"):
            node["out_channels"] = 4
        try:
            (config,) = read_layers(json.dumps(node), size)
        except SymconvError as fault:
            expect(fault, "no output position|runtimes disagree")
            continue
        assert isinstance(config, Config)
        layer = config.windowed("")
        shapes: list[tuple[int, ...]] = [(2, *size)]
        if shape := layer.weight_shape(len(size)):
            shapes += [shape, (4,)]
        draw = np.random.default_rng(rng.randrange(2**32))
        arrays = [draw.integers(-4, 5, shape).astype(np.float32) for shape in shapes]
        model = model_of(kind, attributes, [(1, *shapes[0]), *shapes[1:]])
        found = symconv.evaluate(layer, *arrays)
        try:
            wanted = run(model, [arrays[0][None], *arrays[1:]])[0]
        except Exception as fault:  # noqa: BLE001 - onnxruntime's own kind
            expect(fault, "must be non-negative")  # a pooling that skips samples
            continue
        assert found.shape == wanted.shape, node
        assert np.allclose(found, wanted, atol=1e-5), node
        seen += 1
    assert seen > 60


def written(node: Any) -> list[str]:
    """One node in all the forms in which it may be pasted."""
    from google.protobuf import json_format, text_format

    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    plain = {k: v.decode() if isinstance(v, bytes) else v for k, v in attributes.items()}
    inputs = {"inputs": list(node.input)}
    return [
        json.dumps({"op_type": node.op_type, "attributes": plain, **inputs}),
        json.dumps({"op_type": node.op_type, **plain, **inputs}),
        json_format.MessageToJson(node),
        text_format.MessageToString(node),
        text_format.MessageToString(node, as_one_line=True),
        onnx.helper.printable_node(node),
        onnx.printer.to_text(node),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_reads_alike(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(10):
        attributes = random_attributes(rng, kind, 2)
        inputs = ["x", "w"] if kind.startswith("Conv") else ["x"]
        node = onnx.helper.make_node(kind, inputs, ["y"], **attributes)
        layers = [shown(text) for text in written(node)]
        assert set(layers) == {layers[0]}


def shown(text: str) -> str:
    """The layer of a text, or why there is none."""
    try:
        (config,) = read_layers(text, (9, 9))
    except SymconvError as fault:
        return re.sub("node '[^']*'", "node", str(fault))
    return str(getattr(config, "layer", None))


def test_a_text_of_many_nodes() -> None:
    from google.protobuf import text_format

    model = model_of("Conv", {"kernel_shape": [3, 3]}, [(1, 1, 9, 9), (1, 1, 3, 3)])
    model.graph.node.append(onnx.helper.make_node("Relu", ["y"], ["z"]))
    conv, relu = read_layers(text_format.MessageToString(model.graph), (9, 9))
    assert (conv.kind, relu.kind) == ("layer", "fault")


def test_a_printed_graph() -> None:
    attributes = {"kernel_shape": [3, 3], "strides": [2, 2]}
    model = model_of("Conv", attributes, [(1, 1, 9, 9), (1, 1, 3, 3)])
    model.graph.node.append(onnx.helper.make_node("Relu", ["y"], ["z"]))
    model.graph.node.append(onnx.helper.make_node("LpPool", ["z"], ["p"], kernel_shape=[2, 2]))
    for text in (onnx.printer.to_text(model), onnx.helper.printable_graph(model.graph)):
        conv, pool = read_layers(text, (9, 9))
        assert isinstance(conv, Config)
        assert (conv.output_size, conv.windowed("").has_bias, pool.kind) == ((4, 4), False, "fault")


def test_attributes_alone_are_a_convolution_s() -> None:
    text = '{"kernel_shape": [7, 7], "strides": [2, 2], "pads": [2, 3, 3, 2]}'
    (config,) = read_layers(text, (224, 224))
    assert isinstance(config, Config)
    assert config.windowed("").padding == ((2, 3), (3, 2))
    assert config.name == "Conv (taken as Conv, op_type is not stated; 1 in, 1 out: not stated)"


REFUSED = {
    '{"op_type": "Conv", "kernel_shape": [3, 3]}': "an ONNX node 'Conv' has no input size; give",
    '{"op_type": "Conv", "strides": [2, 2]}': "kernel_shape is missing",
    '{"op_type": "Conv", "kernel_shape": [3, 3], "pads": [1, 1]}': "all begins and then all ends",
    '{"op_type": "Conv", "kernel_shape": [3], "padding": 1}': "no attribute 'padding'; did you",
    '{"op_type": "Conv", "kernel_shape": [3], "auto_pad": "SAME"}': "auto_pad must be NOTSET",
    '{"op_type": "Conv", "kernel_shape": [3], "auto_pad": "VALID", "pads": [1, 1]}': "cannot stand",
    '{"op_type": "LpPool", "kernel_shape": [3]}': "roots of sums of powers",
    '{"op_type": "Relu"}': "no layer for Relu",
    '{"op_type": 7}': "op_type must be a text",
    '{"kernel_shape": [3], "ceil_mode": 1}': "op_type is missing",
    '{"op_type": "ConvTranspose", "kernel_shape": [3], "output_shape": [9]}': "write the pads",
    'op_type: "Conv" attribute { name: "pads"': "it is cut off",
    'op_type: "Conv" attribute { ints: 3 }': "an attribute has no name",
    'op_type: "Conv" } ': "cannot read the protobuf text at '}'",
    'op_type: "Conv" ' + "a { " * 200: "more than 100 messages",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_not_read_is_named(text: str, said: str) -> None:
    size = None if "no input size" in said else (9,)
    with pytest.raises(SymconvError, match="an ONNX node") as caught:
        read_layers(text, size)
    assert said in str(caught.value)
