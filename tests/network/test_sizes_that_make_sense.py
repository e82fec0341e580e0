"""The sizes at which a model makes sense, as a proof for all of them says, are onnxruntime's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.models.prove import prove_model
from symconv.recheck.expressions import value_of
from tests.helpers.onnx_files import file_of, node, random_weight, run_file
from tests.helpers.requirements import require

onnx: Any = require("onnx")
require("onnxruntime")

W = random_weight(1, 1, 3)
ONE = random_weight(1, 1, 1)


def half() -> list[Any]:
    return [node("Conv", ["x", "one"], ["a"], strides=[2])]


def reshaped() -> list[Any]:
    """To a half of the size, rounded down, of what was halved and rounded up."""
    return [
        node("Shape", ["x"], ["shape"], start=2),
        node("Div", ["shape", "two"], ["half"]),
        node("Concat", ["ones", "half"], ["wanted"], axis=0),
        *half(),
        node("Reshape", ["a", "wanted"], ["y"]),
    ]


MODELS = {
    "a window without phases": [*half(), node("Conv", ["a", "w"], ["y"])],
    "a pooling without phases": [*half(), node("MaxPool", ["a"], ["y"], kernel_shape=[4])],
    "a crop": [*half(), node("Pad", ["a", "crop"], ["b"]), node("Conv", ["b", "one"], ["y"])],
    "a reshape": reshaped(),
}
HELD = {
    "w": W,
    "one": ONE,
    "two": np.asarray([2]),
    "ones": np.asarray([1, 1]),
    "crop": np.asarray([0, 0, -1, 0, 0, -1]),
}


def runs(proto: Any, size: int) -> bool:
    try:
        found = run_file(proto, {"x": random_weight(1, 1, size)})
    except Exception:  # noqa: BLE001 - the library raises what its C++ core does
        return False
    return all(array.size > 0 for array in found)


@pytest.mark.parametrize("name", MODELS)
def test_sizes_are_those_at_which_it_runs(name: str, tmp_path: Path) -> None:
    nodes = MODELS[name]
    read = {n for one in nodes for n in one.input}
    held = {n: array for n, array in HELD.items() if n in read}
    proto = file_of(nodes, {"x": (1, 1, "H")}, ["y"], held)
    onnx.save(proto, tmp_path / "m.onnx")
    verdict = prove_model(tmp_path / "m.onnx").verdict
    assert verdict.verdict == "proved"
    for size in range(2, 16):  # a 0 that is asked for in a reshape keeps a size: at 1 it runs
        says = verdict.domain == "all sizes" or bool(value_of(verdict.domain, {"H": size}))
        assert says == runs(proto, size), (size, verdict.domain)
