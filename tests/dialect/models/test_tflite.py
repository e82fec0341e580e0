"""TFLite files: TensorFlow's numbers by torch, shapes as real files state them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.dialect.models.registry import read_model_file
from symconv.dialect.models.tflite.parse import parse_tflite
from symconv.errors import InputError, SymconvError
from symconv.network.model import Model
from tests.helpers.model_to_onnx import inferred, run_model
from tests.helpers.requirements import require
from tests.helpers.shared_data import shared_data
from tests.helpers.tflite_files import Op, write_tflite

torch: Any = require("torch")
require("tflite")
F = torch.nn.functional
VALID, SAME = 1, 0
RELU, RELU6 = 1, 3


def draw(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).integers(-4, 5, shape).astype(np.float32)


def first(x: Any) -> Any:
    return torch.tensor(x).permute(0, 3, 1, 2)


def last(x: Any) -> Any:
    return x.permute(0, 2, 3, 1).numpy()


def same(x: Any, k: int, s: int, d: int = 1, value: float = 0) -> Any:
    totals = [max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n in x.shape[2:]]
    return F.pad(x, [e for t in reversed(totals) for e in (t // 2, t - t // 2)], value=value)


def model_of(tmp_path: Path, x: Any, wanted: Any, constants: dict[str, Any], *ops: Op) -> Model:
    """A file whose operators make ``a``, ``b``, ... and last ``y``; only ``y`` needs its shape."""
    shapes = {op.output: wanted.shape for op in ops}
    path = tmp_path / "m.tflite"
    path.write_bytes(write_tflite({"x": x.shape}, constants, ops, shapes, ["y"]))
    return read_model_file(path)


def agrees(tmp_path: Path, x: Any, wanted: Any, constants: dict[str, Any], op: Op) -> None:
    model = model_of(tmp_path, x, np.asarray(wanted), constants, op)
    assert not [node for node in model.nodes if node.domain], op
    assert np.allclose(run_model(model, x)[0], wanted, atol=1e-3), op


def window(s: int, pad: int, d: int = 1, act: int = 0, **more: Any) -> dict[str, Any]:
    found = {"Padding": pad, "StrideH": s, "StrideW": s, "FusedActivationFunction": act}
    return {**found, "DilationHFactor": d, "DilationWFactor": d, **more}


@pytest.mark.parametrize("seed", range(25))
def test_windows(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    k, s, pad = rng.randint(1, 4), rng.randint(1, 3), rng.choice([SAME, VALID])
    d, groups = rng.randint(1, 2), rng.choice([1, 2])
    x = draw(1, rng.randint(8, 11), 9, 4)
    image = first(x)
    given = same(image, k, s, d) if pad == SAME else image
    w, b = draw(6, k, k, 4 // groups), draw(6)
    wanted = F.conv2d(given, first(w), torch.tensor(b), s, 0, d, groups).relu()
    conv = Op("CONV_2D", ["x", "w", "b"], "y", "Conv2DOptions", window(s, pad, d, RELU))
    agrees(tmp_path, x, last(wanted), {"w": w, "b": b}, conv)
    w = draw(1, k, k, 8)
    kernel = torch.tensor(w).permute(3, 0, 1, 2)
    wanted = F.conv2d(given, kernel, None, s, 0, d, 4).clamp(0, 6)
    options = window(s, pad, d, RELU6, DepthMultiplier=2)
    deep = Op("DEPTHWISE_CONV_2D", ["x", "w"], "y", "DepthwiseConv2DOptions", options)
    agrees(tmp_path, x, last(wanted), {"w": w}, deep)
    options = {**window(s, pad), "FilterHeight": k, "FilterWidth": k}
    options = {name: v for name, v in options.items() if "Dilation" not in name}
    largest = F.max_pool2d(same(image, k, s, 1, float("-inf")) if pad == SAME else image, k, s)
    agrees(tmp_path, x, last(largest), {}, Op("MAX_POOL_2D", ["x"], "y", "Pool2DOptions", options))
    sums, counts = (
        F.avg_pool2d(same(v, k, s) if pad == SAME else v, k, s)
        for v in (image, torch.ones_like(image))
    )
    mean = Op("AVERAGE_POOL_2D", ["x"], "y", "Pool2DOptions", options)
    agrees(tmp_path, x, last(sums / counts), {}, mean)


@pytest.mark.parametrize("seed", range(20))
def test_transposed_windows_are_gradients(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    k, s, pad = rng.randint(1, 4), rng.randint(1, 3), rng.choice([SAME, VALID])
    sizes = [rng.randint(4, 9), rng.randint(4, 9)]
    w = draw(3, k, k, 2)  # of the gradient: (its channels, height, width, the input's channels)
    signal = torch.zeros(1, 3, *sizes).requires_grad_()
    kernel = torch.tensor(w).permute(3, 0, 1, 2)
    forward = F.conv2d(same(signal, k, s) if pad == SAME else signal, kernel, stride=s)
    x = draw(1, *forward.shape[2:], 2)
    forward.backward(first(x))
    options = {"Padding": pad, "StrideH": s, "StrideW": s}
    op = Op("TRANSPOSE_CONV", ["size", "w", "x"], "y", "TransposeConvOptions", options)
    size = np.array([1, *sizes, 3], dtype=np.int32)
    agrees(tmp_path, x, last(signal.grad), {"size": size, "w": w}, op)


def ints(*values: Any) -> Any:
    return np.array(values, dtype=np.int32)


X = draw(1, 6, 4, 8)
PADS = ints([0, 0], [1, 0], [0, 2], [3, 0])
BOTH = {"HalfPixelCenters": True}
CASES: dict[str, tuple[Any, dict[str, Any], Op]] = {
    "add": (X + 2, {"c": np.full(1, 2, np.float32)}, Op("ADD", ["x", "c"], "y", "AddOptions")),
    "sub, fused": (
        np.clip(3 - X, 0, None),
        {"c": draw(8) * 0 + 3},
        Op("SUB", ["c", "x"], "y", "SubOptions", {"FusedActivationFunction": RELU}),
    ),
    "pad": (np.pad(X, PADS.tolist()), {"p": PADS}, Op("PAD", ["x", "p"], "y")),
    "pad with a value": (
        np.pad(X, PADS.tolist(), constant_values=5),
        {"p": PADS, "v": np.full(1, 5, np.float32)},
        Op("PADV2", ["x", "p", "v"], "y"),
    ),
    "mirror": (
        np.pad(X, [(0, 0), (1, 2), (0, 1), (0, 0)], mode="reflect"),
        {"p": ints([0, 0], [1, 2], [0, 1], [0, 0])},
        Op("MIRROR_PAD", ["x", "p"], "y", "MirrorPadOptions", {"Mode": 0}),
    ),
    "prelu": (
        np.where(X > 0, X, X * np.arange(8, dtype=np.float32)),
        {"a": np.arange(8, dtype=np.float32).reshape(1, 1, 8)},
        Op("PRELU", ["x", "a"], "y"),
    ),
    "leaky": (
        np.where(X > 0, X, X * 0.5),
        {},
        Op("LEAKY_RELU", ["x"], "y", "LeakyReluOptions", {"Alpha": 0.5}),
    ),
    "concatenation": (
        np.concatenate([X, X], 3),
        {},
        Op("CONCATENATION", ["x", "x"], "y", "ConcatenationOptions", {"Axis": -1}),
    ),
    "reshape": (X.reshape(2, -1), {}, Op("RESHAPE", ["x"], "y")),
    "mean": (
        X.mean((1, 2)),
        {"a": ints(1, 2)},
        Op("MEAN", ["x", "a"], "y", "ReducerOptions", {"KeepDims": False}),
    ),
    "mean, kept": (
        X.mean((1, 2), keepdims=True),
        {"a": ints(1, 2)},
        Op("MEAN", ["x", "a"], "y", "ReducerOptions", {"KeepDims": True}),
    ),
    "slices": (
        X[:, 1:5:2, -3:, 2:],
        {"b": ints(0, 1, -3, 2), "e": ints(1, 5, 0, 0), "s": ints(1, 2, 1, 1)},
        Op(
            "STRIDED_SLICE",
            ["x", "b", "e", "s"],
            "y",
            "StridedSliceOptions",
            {"BeginMask": 1, "EndMask": 12},
        ),
    ),
    "a slice that goes": (
        X[:, -1],
        {"b": ints(0, -1), "e": ints(0, 0), "s": ints(1, 1)},
        Op(
            "STRIDED_SLICE",
            ["x", "b", "e", "s"],
            "y",
            "StridedSliceOptions",
            {"BeginMask": 1, "EndMask": 1, "ShrinkAxisMask": 2},
        ),
    ),
    "softmax": (
        torch.tensor(X).softmax(-1).numpy(),
        {},
        Op("SOFTMAX", ["x"], "y", "SoftmaxOptions", {"Beta": 1.0}),
    ),
    "fully connected": (
        X.reshape(6, -1) @ np.ones((2, 32), np.float32).T,
        {"w": np.ones((2, 32), np.float32)},
        Op("FULLY_CONNECTED", ["x", "w", ""], "y", "FullyConnectedOptions"),
    ),
    "bilinear": (
        last(F.interpolate(first(X), (9, 8), mode="bilinear")),
        {"n": ints(9, 8)},
        Op("RESIZE_BILINEAR", ["x", "n"], "y", "ResizeBilinearOptions", BOTH),
    ),
    "bilinear by corners": (
        last(F.interpolate(first(X), (9, 8), mode="bilinear", align_corners=True)),
        {"n": ints(9, 8)},
        Op("RESIZE_BILINEAR", ["x", "n"], "y", "ResizeBilinearOptions", {"AlignCorners": True}),
    ),
    "nearest": (
        last(F.interpolate(first(X), (9, 7))),
        {"n": ints(9, 7)},
        Op("RESIZE_NEAREST_NEIGHBOR", ["x", "n"], "y", "ResizeNearestNeighborOptions"),
    ),
    "nearest by centres": (
        last(F.interpolate(first(X), (9, 7), mode="nearest-exact")),
        {"n": ints(9, 7)},
        Op("RESIZE_NEAREST_NEIGHBOR", ["x", "n"], "y", "ResizeNearestNeighborOptions", BOTH),
    ),
    "space to depth": (
        X.reshape(1, 3, 2, 2, 2, 8).transpose(0, 1, 3, 2, 4, 5).reshape(1, 3, 2, 32),
        {},
        Op("SPACE_TO_DEPTH", ["x"], "y", "SpaceToDepthOptions", {"BlockSize": 2}),
    ),
    "depth to space": (
        X.reshape(1, 6, 4, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 12, 8, 2),
        {},
        Op("DEPTH_TO_SPACE", ["x"], "y", "DepthToSpaceOptions", {"BlockSize": 2}),
    ),
}


@pytest.mark.parametrize(("wanted", "constants", "op"), CASES.values(), ids=list(CASES))
def test_an_operator(tmp_path: Path, wanted: Any, constants: dict[str, Any], op: Op) -> None:
    agrees(tmp_path, X, np.asarray(wanted, dtype=np.float32), constants, op)


@pytest.mark.parametrize(("wanted", "constants", "op"), CASES.values(), ids=list(CASES))
def test_an_operator_behind_a_window(
    tmp_path: Path, wanted: Any, constants: dict[str, Any], op: Op
) -> None:
    """Its input has its channels first; a pooling of one sample leaves the values."""
    options = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1}
    pool = Op("MAX_POOL_2D", ["x"], "x1", "Pool2DOptions", options)
    inputs = ["x1" if name == "x" else name for name in op.inputs]
    behind = Op(op.code, inputs, "y", op.table, op.fields)
    shapes = {"x1": X.shape, "y": np.shape(wanted)}
    path = tmp_path / "m.tflite"
    path.write_bytes(write_tflite({"x": X.shape}, constants, [pool, behind], shapes, ["y"]))
    assert np.allclose(run_model(read_model_file(path), X)[0], wanted, atol=1e-3)


def test_what_has_no_rule_is_opaque(tmp_path: Path) -> None:
    model = model_of(tmp_path, X, X, {}, Op("CEIL", ["x"], "y"))
    (node,) = model.nodes
    assert (node.op, node.domain) == ("CEIL", "tflite")
    soft = Op("SOFTMAX", ["x"], "y", "SoftmaxOptions", {"Beta": 2.0})
    (node,) = model_of(tmp_path, X, X, {}, soft).nodes
    assert '"Beta": 2.0' in node.attributes["options"]


def test_weights_of_few_bits_are_opaque(tmp_path: Path) -> None:
    w = np.ones((2, 1, 1, 8), dtype=np.int8)
    conv = Op("CONV_2D", ["x", "w"], "y", "Conv2DOptions", window(1, VALID))
    model = model_of(tmp_path, X, X[..., :2], {"w": w}, conv)
    assert [node.domain for node in model.nodes] == ["tflite"]


FILES = ("face_detection_front", "hand_recrop", "selfie_segmentation", "alexa")


@pytest.mark.parametrize("name", FILES)
def test_a_real_file(name: str) -> None:
    path = shared_data(f"dialects/{name}.tflite")
    model, graph = read_model_file(path), parse_tflite(path)
    opaque = {node.op for node in model.nodes if node.domain}
    if opaque:
        assert name == "alexa"
        return
    shapes, seen = inferred(model), 0
    for tensor in graph.tensors:
        if tensor.name in shapes:
            stated = list(tensor.shape)
            assert shapes[tensor.name] in (stated, [stated[0], stated[-1], *stated[1:-1]])
            seen += 1
    assert seen > 60
    (port,) = model.inputs
    outputs = run_model(model, np.ones([n or 1 for n in port.shape or ()], dtype=np.float32))
    assert all(np.isfinite(output).all() for output in outputs)


def test_variables_are_inputs_and_outputs_of_a_step() -> None:
    model = read_model_file(shared_data("dialects/alexa.tflite"))
    assert len(model.inputs) == len(model.outputs) == 7
    convs = [node for node in model.nodes if node.op == "CONV_2D"]
    assert [node.attributes["strides"] for node in convs if "strides" in node.attributes] == [
        [3, 1]
    ]


def test_damaged_files_end_in_one_line(tmp_path: Path) -> None:
    op = Op("CONV_2D", ["x", "w"], "y", "Conv2DOptions", window(2, SAME))
    whole = write_tflite(
        {"x": (1, 8, 8, 2)}, {"w": draw(4, 3, 3, 2)}, [op], {"y": (1, 4, 4, 4)}, ["y"]
    )
    rng, path, seen = random.Random(0), tmp_path / "m.tflite", 0
    for _ in range(300):
        data = bytearray(whole[: rng.choice([len(whole), rng.randint(9, len(whole))])])
        data[rng.randrange(8, len(data))] ^= rng.randint(1, 255)
        path.write_bytes(data)
        try:
            read_model_file(path)
        except SymconvError as fault:
            assert "\n" not in str(fault)  # noqa: PT017
            seen += 1
    assert seen > 100


def test_an_empty_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"\0\0\0\0TFL3")
    with pytest.raises(InputError, match="must hold a graph"):
        read_model_file(tmp_path / "m.tflite")
