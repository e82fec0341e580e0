"""The paper's network written: its phases flow, it is proved, and it gives the same numbers.

With integer weights and inputs every sum is exact in float32 as long as it stays below 2^24, so
that the numbers must be the same bit for bit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import strided_nodes
from symconv.dialect.onnx.load import load_onnx
from symconv.dialect.onnx.read import model_of
from symconv.errors import Unsupported
from symconv.models.check import check_models
from symconv.models.convert import convert
from tests.helpers.model_files import named_file
from tests.helpers.onnx_files import file_of, node, run_file
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
require("onnxruntime")

FLOWING = {
    "unet_transposed_2d": None,
    "mobilenetv2_035": 4,
    "resnet_basic_projection": 4,
    "tf_mobilenetv3_same_autopad": 4,
}
"""Models whose phases are written, and the most phases of an axis; None for all of them."""


def with_integers(path: Path, names: set[str]) -> Any:
    """The file where each of these kernels has one entry 1 or -1 a row, each bias likewise."""
    proto = onnx.load(str(path))
    for tensor in proto.graph.initializer:
        if tensor.name in names:
            shape = tuple(tensor.dims)
            chance = np.random.default_rng(sum(tensor.name.encode()))
            rows = np.zeros((shape[0], int(np.prod(shape[1:]))), np.float32)
            places = chance.integers(0, rows.shape[1], len(rows))
            rows[np.arange(len(rows)), places] = chance.choice([-1, 1], len(rows))
            tensor.CopyFrom(onnx.numpy_helper.from_array(rows.reshape(shape), tensor.name))
    return proto


def kernels_of(path: Path) -> set[str]:
    held = onnx.load(str(path)).graph.initializer
    return {t.name for t in held if t.data_type == onnx.TensorProto.FLOAT and np.prod(t.dims) > 1}


def integer_feeds(path: Path) -> dict[str, Any]:
    graph = onnx.load(str(path)).graph
    held = {t.name for t in graph.initializer}
    chance = np.random.default_rng(5)
    return {
        value.name: chance.integers(
            -3, 4, [d.dim_value for d in value.type.tensor_type.shape.dim]
        ).astype(np.float32)
        for value in graph.input
        if value.name not in held
    }


@pytest.mark.parametrize("name", FLOWING)
def test_it_is_written_proved_and_gives_the_same_bits(name: str, tmp_path: Path) -> None:
    source, target = named_file(name), tmp_path / "phases.onnx"
    done = convert(source, target, region="full", max_factor=FLOWING[name])
    assert done.left == ()
    assert done.check is not None
    assert done.check.verdict == "proved", done.check.reason
    written = load_onnx(target)
    assert strided_nodes(written.graph, bind(model_of(written, name))) == []
    feeds, kernels = integer_feeds(source), kernels_of(source)
    before, after = (run_file(with_integers(path, kernels), feeds) for path in (source, target))
    for mine, theirs in zip(before, after, strict=True):
        assert len(np.unique(mine)) > 1
        assert mine.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("strides", [(2, 1), (1, 1)])
@pytest.mark.parametrize("dilations", [(1, 2), (1, 3)])
def test_an_axis_without_a_stride_keeps_its_dilation(
    strides: tuple[int, int], dilations: tuple[int, int], tmp_path: Path
) -> None:
    source, target = tmp_path / "dilated.onnx", tmp_path / "phases.onnx"
    weight = np.random.default_rng(0).integers(-3, 4, (3, 2, 3, 3)).astype(np.float32)
    nodes = [
        node("Conv", ["x", "w"], ["a"], strides=[2, 2]),
        node("Conv", ["a", "v"], ["y"], strides=strides, dilations=dilations),
    ]
    constants = {"w": weight, "v": np.repeat(weight[:, :1], 3, axis=1)}
    onnx.save(file_of(nodes, {"x": (1, 2, 26, 25)}, ["y"], constants), source)
    done = convert(source, target, region="full")
    assert done.check is not None
    assert done.check.verdict == "proved", done.check.reason
    feeds = integer_feeds(source)
    (mine,), (theirs,) = (run_file(onnx.load(path), feeds) for path in (source, target))
    assert mine.tobytes() == theirs.tobytes()


def test_every_mask_is_needed(tmp_path: Path) -> None:
    target = tmp_path / "phases.onnx"
    source = named_file("mobilenetv2_035")
    convert(source, target, region="full", max_factor=4)
    masks = [t.name for t in onnx.load(str(target)).graph.initializer if t.name.endswith("/mask")]
    assert len(masks) == 5
    for name in masks:
        proto = onnx.load(str(target))
        for tensor in proto.graph.initializer:
            if tensor.name == name:
                ones = np.ones_like(onnx.numpy_helper.to_array(tensor))
                tensor.CopyFrom(onnx.numpy_helper.from_array(ones, name))
        onnx.save(proto, str(tmp_path / "unmasked.onnx"))
        found = check_models(source, tmp_path / "unmasked.onnx")
        assert found.verdict == "refuted"
        assert found.parting is not None
        assert found.parting.node.startswith(name.removesuffix("/mask"))


def test_what_is_too_large_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="lower --max-factor, or raise --max-bytes"):
        convert(named_file("mobilenetv2_035"), tmp_path / "x.onnx", region="full")
    assert list(tmp_path.iterdir()) == []
