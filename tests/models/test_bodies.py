"""Strided windows inside the bodies of If and Loop: converted, none left, proved, and run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.convert import strided_nodes
from symconv.dialect.onnx.load import load_onnx
from symconv.models.check import check_loaded
from symconv.models.convert import convert
from tests.helpers.onnx_files import (
    file_of,
    graph,
    node,
    random_weight,
    relative_difference,
    run_file,
    value,
)
from tests.helpers.requirements import require

onnx: Any = require("onnx")
require("onnxruntime")

X, Y = (1, 2, 8, 9), (1, 8, 4, 5)
HELD = {"w": random_weight(8, 2, 3, 3), "v": random_weight(8, 2, 3, 3, seed=1), "n": np.asarray(3)}


def conv(x: str, y: str, w: str = "w", **attributes: Any) -> Any:
    return node("Conv", [x, w], [y], **{"strides": [2, 2], "pads": [1, 1, 1, 1], **attributes})


def branched(*, other: str = "v", pads: list[int] | None = None) -> Any:
    """An If of which each branch is a strided convolution, on an input as its condition."""
    pads = pads or [1, 1, 1, 1]
    then = graph([conv("x", "t")], [], [value("t", Y)])
    right = graph(
        [conv("x", "c", other, pads=pads), node("Relu", ["c"], ["e"])], [], [value("e", Y)]
    )
    chosen = node("If", ["k"], ["y"], then_branch=then, else_branch=right)
    made = graph([chosen], [value("x", X), value("k", [], "bool")], [value("y", Y)], HELD)
    opset = [onnx.helper.make_opsetid("", 18)]
    return onnx.helper.make_model(made, opset_imports=opset, ir_version=8)


def looped(*, act: str = "Relu", pads: list[int] | None = None, stated: bool = True) -> Any:
    """A Loop whose state goes through a strided convolution, and back to its size."""
    size = (1, 2, 8, 8)
    pads = pads or [1, 1, 1, 1]
    body = graph(
        [
            conv("s", "c", pads=pads),
            node("DepthToSpace", ["c"], ["d"], blocksize=2),
            node(act, ["d"], ["out"]),
            node("Identity", ["k"], ["again"]),
        ],
        [value("i", [], "int64"), value("k", [], "bool"), value("s", size if stated else None)],
        [value("again", [], "bool"), value("out", size if stated else None)],
    )
    loop = node("Loop", ["n", "", "x"], ["y"], body=body)
    return file_of([loop], {"x": size}, [value("y", size)], HELD)


def nested() -> Any:
    """A Loop in whose body an If holds the strided convolution."""
    size = (1, 2, 8, 8)
    deep = [conv("s", "c"), node("DepthToSpace", ["c"], ["t"], blocksize=2)]
    inner = graph(deep, [], [value("t", size)])
    other = graph([node("Neg", ["s"], ["e"])], [], [value("e", size)])
    body = graph(
        [
            node("If", ["k"], ["out"], then_branch=inner, else_branch=other),
            node("Identity", ["k"], ["again"]),
        ],
        [value("i", [], "int64"), value("k", [], "bool"), value("s", size)],
        [value("again", [], "bool"), value("out", size)],
    )
    loop = node("Loop", ["n", "", "x"], ["y"], body=body)
    return file_of([loop], {"x": size}, [value("y", size)], HELD)


FILES: dict[str, tuple[Callable[[], Any], int]] = {
    "If": (branched, 2),
    "Loop": (looped, 1),
    "Loop of unstated shapes": (lambda: looped(stated=False), 1),
    "If in a Loop": (nested, 1),
}


@pytest.mark.parametrize("materialised", [False, True], ids=["tied", "materialised"])
@pytest.mark.parametrize("name", FILES)
def test_strided_windows_in_bodies(name: str, materialised: bool, tmp_path: Path) -> None:
    make, many = FILES[name]
    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(make(), str(source))
    made = convert(source, target, materialised=materialised)
    assert [change.became for change in made.changes] == ["converted"] * many
    assert strided_nodes(load_onnx(target).graph, None) == []
    assert made.check is not None
    assert made.check.verdict == "proved", made.check.reason
    for truth in (False, True):
        shape = tuple(d.dim_value for d in make().graph.input[0].type.tensor_type.shape.dim)
        feeds = {"x": random_weight(*shape, seed=3), "k": np.asarray(truth)}
        left, right = (run_file(str(path), feeds) for path in (source, target))
        assert relative_difference(left, right) < 1e-4


FAULTS = {
    "another weight in a branch": (branched(), branched(other="w")),
    "other pads in a branch": (branched(), branched(pads=[0, 1, 2, 1])),
    "other pads in a loop": (looped(), looped(pads=[0, 1, 2, 1])),
    "another function in a loop": (looped(), looped(act="Sigmoid")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_body_is_refuted(name: str) -> None:
    first, second = FAULTS[name]
    check = check_loaded(first, second, None, name)
    assert check.verdict == "refuted", check.reason
