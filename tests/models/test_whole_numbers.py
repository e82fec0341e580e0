"""Models whose weights are whole numbers: met as unknowns, where their values say little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.models.check import check_loaded
from symconv.models.convert import convert
from tests.helpers.onnx_files import file_of, node, run_file
from tests.helpers.requirements import require

require("onnxruntime")
onnx = require("onnx")

pytestmark = pytest.mark.once

Array = np.ndarray[Any, Any]


def whole(*shape: int, seed: int = 0, most: int = 3) -> Array:
    drawn = np.random.default_rng(seed).integers(-most, most + 1, shape)
    return drawn.astype(np.float32)


KERNELS = {
    "whole numbers": (whole(4, 3, 3, 3), whole(4, 4, 3, 3, seed=1)),
    "ones": (np.ones((4, 3, 3, 3), np.float32), np.ones((4, 4, 3, 3), np.float32)),
    "signs": (whole(4, 3, 3, 3, most=1), whole(4, 4, 3, 3, seed=1, most=1)),
}


def two(w: Array, v: Array) -> Any:
    window = {"strides": [2, 2], "pads": [1] * 4}
    nodes = [
        node("Conv", ["x", "w"], ["a"], **window),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "v"], ["y"], **window),
    ]
    return file_of(nodes, {"x": (1, 3, 15, 18)}, ["y"], {"w": w, "v": v})


@pytest.mark.parametrize("region", ["local", "full"])
@pytest.mark.parametrize("kind", KERNELS)
def test_a_form_is_proved_and_gives_the_same_bits(kind: str, region: str, tmp_path: Path) -> None:
    proto, path = two(*KERNELS[kind]), tmp_path / "free.onnx"
    onnx.save(proto, tmp_path / "two.onnx")
    done = convert(tmp_path / "two.onnx", path, region=region)
    assert done.check is not None
    assert done.check.verdict == "proved"
    feeds = {"x": whole(1, 3, 15, 18, seed=2)}
    (mine,), (theirs,) = run_file(proto, feeds), run_file(onnx.load(path), feeds)
    assert np.array_equal(mine, theirs)


def test_kernels_written_out_are_proved_by_their_values(tmp_path: Path) -> None:
    onnx.save(two(*KERNELS["whole numbers"]), tmp_path / "two.onnx")
    done = convert(tmp_path / "two.onnx", tmp_path / "free.onnx", materialised=True)
    assert done.check is not None
    assert done.check.verdict == "proved"


def test_another_kernel_of_the_same_values_is_refuted() -> None:
    w, v = KERNELS["whole numbers"]
    moved = np.ascontiguousarray(v.transpose(0, 1, 3, 2))
    assert check_loaded(two(w, v), two(w, moved), None, "moved").verdict == "refuted"
