"""Poolings whose window fits nowhere: runtimes give some of them one output all the same."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import convert_locally
from symconv.dialect.onnx.read import model_of
from symconv.errors import InputError
from symconv.models.check import check_loaded
from symconv.network.reading import read_model
from symconv.prove.network.models import decide_model
from tests.helpers.onnx_files import file_of, node, random_weight, run_file
from tests.helpers.onnx_windows import POOLS
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

require("onnxruntime")

PLACELESS = [
    (size, kernel, stride, dilation)
    for size, kernel, stride, dilation in product((1, 2, 3), (2, 3, 4), (2, 3, 4), (1, 2))
    if 0 < dilation * (kernel - 1) + 1 - size < stride
]
"""Sizes below the span of a window, by less than its stride."""


def behind_a_convolution(op: str, size: int, kernel: int, stride: int, dilation: int) -> Any:
    """Convolutions of stride 2 along the other axis before and behind such a pooling."""
    told = {"kernel_shape": [kernel, 1], "strides": [stride, 1], "dilations": [dilation, 1]}
    nodes = [
        node("Conv", ["x", "w"], ["a"], strides=[1, 2]),
        node(op, ["a"], ["b"], **told),
        node("Conv", ["b", "w"], ["y"], strides=[1, 2]),
    ]
    weight = random_weight(2, 2, 1, 2)
    return file_of(nodes, {"x": (1, 2, size, 12)}, ["y"], {"w": weight}, opset=22)


@pytest.mark.parametrize("op", POOLS)
def test_they_are_left_alone(op: str) -> None:
    for window in PLACELESS:
        proto = behind_a_convolution(op, *window)
        x = random_weight(1, 2, window[0], 12)
        wanted = run_file(proto, {"x": x})[0]
        bound = bind(model_of(proto, "m"))
        assert bound.shapes["y"] == wanted.shape, window
        read = read_model(bound.model, bound.shapes, bound.values)
        assert "makes no sense there" in str(read.rules[1].why), window
        proof = decide_model(read)
        assert proof.verdict.verdict == "proved", window
        assert [node.status for node in proof.nodes] == ["converted", "untouched", "converted"]
        made = convert_locally(proto, bound, free=False)
        assert run_file(made.proto, {"x": x})[0].shape == wanted.shape
        assert check_loaded(proto, made.proto, None, "pair").verdict == "proved", window


@pytest.mark.parametrize("op", POOLS)
def test_beside_another_stride_they_have_no_form_without_it(op: str) -> None:
    told = {"kernel_shape": [2, 2], "strides": [3, 2]}
    proto = file_of([node(op, ["x"], ["y"], **told)], {"x": (1, 1, 1, 9)}, ["y"], opset=22)
    made = convert_locally(proto, bind(model_of(proto, "m")), free=False)
    assert "a window of 2 has no place in 1" in made.left[0].reason


@pytest.mark.parametrize("op", ["Conv", *POOLS])
def test_what_no_runtime_gives_an_output_is_refused(op: str) -> None:
    stride = 3 if op == "Conv" else 1
    inputs, constants = (["x", "w"], {"w": random_weight(1, 1, 2)}) if op == "Conv" else (["x"], {})
    asked = node(op, inputs, ["y"], kernel_shape=[2], strides=[stride])
    proto = file_of([asked], {"x": (1, 1, 1)}, ["y"], constants, opset=22)
    with pytest.raises(InputError, match="a window of 2 has no place in 1"):
        bind(model_of(proto, "m"))
