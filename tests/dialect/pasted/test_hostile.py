"""Texts that were damaged on their way: a layer, or a refusal in one line, and soon."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from symconv.dialect.files import read_layers
from symconv.errors import SymconvError
from symconv.machine.files import read_json
from tests.helpers.variants import variants

SEQUENCE = """Sequential(
  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=same, bias=False)
  (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (2): LeakyReLU(negative_slope=0.01, inplace=True)
  (3-4): 2 x MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)
)"""
PROTOBUF = """node { input: "x" input: "w" output: "y" op_type: "Conv"
  attribute { name: "pads" ints: 3 ints: 3 ints: 3 ints: 3 type: INTS }
  attribute { name: "kernel_shape" ints: [7, 7] } attribute { name: "auto_pad" s: "NOTSET" } }"""
HLO = """HloModule m
r.1 { a = f32[] parameter(0)
  b = f32[] parameter(1)
  ROOT c = f32[] maximum(a, b)
}
ENTRY e {
  %x = f32[1,57,61,3]{3,2,1,0:T(8,128)} parameter(0)
  %c = f32[1,29,31,8] convolution(%x, f32[5,5,3,8] %w), window={size=5x5 stride=2x2 pad=2_2x2_2}, \
dim_labels=b01f_01io->b01f
  i = f32[] constant(-inf)
  ROOT p = f32[1,15,16,8] reduce-window(%c, i), window={size=1x3x3x1 stride=1x2x2x1 \
pad=0_0x1_1x1_1x0_0}, to_apply=r.1
}"""
STABLE = """%cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
%0 = stablehlo.convolution(%a, %b) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = \
{stride = [2, 2], pad = [[2, 2], [2, 2]]} {feature_group_count = 1 : i64} : \
(tensor<1x57x61x3xf32>, tensor<5x5x3x8xf32>) -> tensor<1x29x31x8xf32>
%4 = "stablehlo.reduce_window"(%0, %cst) <{padding = dense<[[0, 0], [1, 1], [1, 1], [0, 0]]> : \
tensor<4x2xi64>, window_dimensions = array<i64: 1, 3, 3, 1>, window_strides = array<i64: 1, 2, 2, \
1>}> ({
^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
  %6 = stablehlo.maximum %arg3, %arg4 : tensor<f32>
  stablehlo.return %6 : tensor<f32>
}) : (tensor<1x29x31x8xf32>, tensor<f32>) -> tensor<1x15x16x8xf32>"""
TEXTS = {"torch": SEQUENCE, "onnx": PROTOBUF, "hlo": HLO, "stablehlo": STABLE}
OBJECTS: dict[str, Any] = {
    "onnx": {"op_type": "MaxPool", "kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    "protobuf": {"opType": "Conv", "attribute": [{"name": "kernel_shape", "ints": ["3", "3"]}]},
    "keras": {
        "class_name": "SeparableConv2D",
        "config": {"filters": 4, "kernel_size": [3, 3], "strides": 2, "activation": "relu"},
        "build_config": {"input_shape": [None, 20, 20, 3]},
    },
    "tflite": {
        "builtin_options_type": "Pool2DOptions",
        "builtin_code": "MAX_POOL_2D",
        "builtin_options": {"stride_w": 2, "stride_h": 2, "filter_width": 3, "filter_height": 3},
    },
}


def damaged(text: str, rng: random.Random) -> str:
    """The text with a few characters lost, doubled, moved or taken from elsewhere in it."""
    for _ in range(rng.randint(1, 4)):
        place, length = rng.randrange(len(text)), rng.choice([1, 1, 3, 20])
        piece = rng.choice(
            ["", text[place : place + length] * 2, rng.choice("(){}[]=,:x%\"'-9 \n")]
        )
        text = text[:place] + piece + text[place + length :]
    return text


def reads(text: str) -> bool:
    """Whether a text is read; if not, it is refused in one line."""
    try:
        return bool(read_layers(text, (20, 20)))
    except SymconvError as fault:
        assert "\n" not in str(fault), str(fault)  # noqa: PT017
        return False


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_damaged_texts(text: str) -> None:
    assert read_layers(text, None if "f32" in text else (20, 20))
    rng = random.Random(len(text))
    for _ in range(400):
        reads(damaged(text, rng))


@pytest.mark.parametrize("document", OBJECTS.values(), ids=list(OBJECTS))
def test_objects_with_a_wrong_value(document: dict[str, Any]) -> None:
    size = None if "build_config" in document else (20, 20)
    assert read_layers(json.dumps(document), size)
    for other in variants(document):
        if isinstance(other, dict):
            text = json.dumps(other)
            assert read_json(text, "") == other
            reads(text)


LONG = {
    "blanks": "\n" * 900_000 + "Conv2d(",
    "modules": "A()\n" * 200_000,
    "parentheses": "Conv2d" + "(" * 500_000,
    "nested": "Sequential((0): " * 20_000,
    "instructions": "%c = f32[1] convolution(x, y), window={size=3}\n" * 15_000,
    "windows": "window={size=3x3}\n" * 50_000,
    "broadcasts": "%a = stablehlo.broadcast_in_dim %a, dims\n" * 20_000,
    "bodies": '%4 = "stablehlo.reduce_window"(%2) ({ ' * 20_000,
    "fields": 'op_type: "Conv" ' * 60_000,
    "braces": "node { " * 120_000,
    "words": "window={" + "a " * 400_000 + "}",
    "quotes": "Conv2d('" + "x" * 900_000 + "')",
    "spaces": " " * 900_000 + "= Conv",
    "lines": "%a, %b = Conv[" * 60_000,
    "equations": "a = b\n" * 150_000,
    "brackets": "[" * 900_000,
    "digits": "window={size=" + "9" * 500_000 + "}",
}


@pytest.mark.parametrize("text", LONG.values(), ids=list(LONG))
def test_long_texts_take_no_long_time(text: str) -> None:
    start = time.perf_counter()
    reads(text)
    assert time.perf_counter() - start < 5
