"""Windows over a named size: at each number, what ONNX's inference says and its runtime makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.read import model_of
from symconv.errors import LayerError
from symconv.layer import AnyLayer
from symconv.network.reading import read_model
from symconv.network.rules import Rule
from symconv.replay.layers import evaluate
from symconv.size.expr import size_at
from tests.helpers.onnx_files import Array, random_weight
from tests.helpers.onnx_windows import OPSET, POOLS, WEIGHTED, Asked, windows
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
runtime: Any = require("onnxruntime")

NUMBERS = range(1, 21)


def rule_of(asked: Asked, size: int | str) -> Rule:
    model = model_of(asked.file(size), "m")
    if isinstance(size, str):
        return read_model(model).rules[-1]
    bound = bind(model)
    return read_model(bound.model, bound.shapes, bound.values).rules[-1]


def layer_of(rule: Rule) -> AnyLayer:
    assert rule.window is not None
    assert rule.window.layer is not None
    return rule.window.layer


def makes_sense(layer: AnyLayer, size: int) -> bool:
    try:
        layer.windows((size,))
    except LayerError:
        return False
    return True


def inferred(asked: Asked, size: int) -> int:
    """The output's size by ONNX's own inference."""
    schema = onnx.defs.get_schema(asked.op, OPSET, "")
    tensor = onnx.helper.make_tensor_type_proto
    shapes = {"x": (1, 1, size)} | ({} if asked.weight is None else {"w": asked.weight.shape})
    types = {name: tensor(onnx.TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    node = onnx.helper.make_node(asked.op, list(types), ["y"], **asked.attributes)
    imports = [onnx.helper.make_opsetid("", OPSET)]
    found = onnx.shape_inference.infer_node_outputs(schema, node, types, opset_imports=imports)
    return int(found["y"].tensor_type.shape.dim[2].dim_value)


def ruled() -> Iterator[tuple[Asked, Rule]]:
    """The windows that have a rule at a named size."""
    for asked in windows((*WEIGHTED, *POOLS)):
        if (rule := rule_of(asked, "N")).why is None:
            yield asked, rule


def test_shapes_by_a_name_are_those_of_onnx_s_inference() -> None:
    tally = Counter[tuple[str, str]]()
    for asked, rule in ruled():
        layer, (shape, *_) = layer_of(rule), rule.shapes
        assert shape is not None
        for size in filter(lambda n: makes_sense(layer, n), NUMBERS):
            assert size_at(shape[2], {"N": size}) == inferred(asked, size), (asked, size)
            tally[asked.op, asked.attributes["auto_pad"]] += 1
    assert len(tally) == 5 * 4
    assert min(tally.values()) > 100, tally


def session_of(asked: Asked) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    data = asked.file("N").SerializeToString()
    return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def run(session: Any, x: Array) -> Array | None:
    """The output; None where the runtime refuses the size."""
    try:
        found: Array = session.run(None, {"x": x})[0]
    except Exception:  # noqa: BLE001 - the library raises what its C++ core does
        return None
    return found


def computed(asked: Asked, layer: AnyLayer, x: Array) -> Array:
    if asked.op == "LpPool":
        return np.sqrt(evaluate(layer, x**2, np.ones(layer.weight_shape(1))))
    found = evaluate(layer, x, asked.weight)
    if asked.op != "MaxPool":
        return found
    # What reads pads alone is the least number for the runtime, and no number for the text.
    return np.maximum(found, np.finfo(np.float32).min)


def test_values_by_a_name_are_those_of_the_runtime() -> None:
    tally = Counter[tuple[str, str]]()
    for asked, rule in ruled():
        try:
            session, layer = session_of(asked), layer_of(rule)
        except Exception:  # noqa: BLE001, S112 - pads that this runtime takes at no size
            continue
        for size in filter(lambda n: makes_sense(layer, n), (1, 2, 3, 4, 5, 8, 9)):
            x = random_weight(1, 1, size, seed=size)
            if (wanted := run(session, x)) is not None:
                found = computed(asked, layer, x)
                assert found.shape == wanted.shape, (asked, size)
                assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5), (asked, size)
                tally[asked.op, asked.attributes["auto_pad"]] += 1
    assert len(tally) == 5 * 4
    assert min(tally.values()) > 50, tally


DISPUTED = [
    ("beside dilations", Asked("MaxPool", {"kernel_shape": [3], "dilations": [2]})),
    ("beside dilations", Asked("AveragePool", {"kernel_shape": [2], "dilations": [3]})),
    ("beside dilations", Asked("LpPool", {"kernel_shape": [2], "dilations": [2]})),
    ("below its stride", Asked("AveragePool", {"kernel_shape": [1], "strides": [3]})),
    ("below its stride", Asked("MaxPool", {"kernel_shape": [2], "strides": [4]})),
    ("below its stride", Asked("Conv", {"kernel_shape": [1], "strides": [3]})),
    ("less than its stride", Asked("ConvTranspose", {"kernel_shape": [1], "strides": [3]})),
    ("less than its stride", Asked("ConvTranspose", {"kernel_shape": [3], "strides": [4]})),
    (
        "beside an output_padding",
        Asked("ConvTranspose", {"kernel_shape": [3], "strides": [2], "output_padding": [1]}),
    ),
]
"""Windows of which readers make two things beside ``SAME``."""


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("size", ["N", 10])
@pytest.mark.parametrize(("reason", "asked"), DISPUTED)
def test_disputed_windows_have_no_rule(
    reason: str, asked: Asked, size: int | str, auto: str
) -> None:
    rule = rule_of(Asked(asked.op, {**asked.attributes, "auto_pad": auto}), size)
    assert rule.why is not None
    assert reason in rule.why
    assert f"auto_pad={auto}" in rule.why


@pytest.mark.parametrize("size", ["N", 10])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_a_rounding_beside_valid_is_disputed(op: str, size: int | str) -> None:
    told = {"kernel_shape": [3], "strides": [2], "auto_pad": "VALID", "ceil_mode": 1}
    assert "beside ceil_mode" in str(rule_of(Asked(op, told), size).why)


@pytest.mark.parametrize("size", ["N", 10])
@pytest.mark.parametrize("told", [{"strides": [2]}, {"dilations": [2]}])
@pytest.mark.parametrize("op", ["Conv", "MaxPool", "AveragePool", "LpPool"])
def test_what_makes_no_difference_is_not_disputed(
    op: str, told: dict[str, Any], size: int | str
) -> None:
    asked = Asked(op, {"kernel_shape": [1], "auto_pad": "SAME_UPPER", **told})
    assert rule_of(asked, size).why is None
