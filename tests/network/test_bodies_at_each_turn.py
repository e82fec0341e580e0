"""What a loop's body says of its states counts only where every turn keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.models.prove import prove_model
from tests.helpers.onnx_files import file_of, graph, node, random_weight, value
from tests.helpers.requirements import require

onnx: Any = require("onnx")


def looped(size: int, stated: int | None, stride: int, entering: str | int) -> Any:
    """Two turns of two convolutions, of which the first has a tail at some sizes."""
    pads = {"strides": [stride], "pads": [1, 1]}
    inside = [
        node("Conv", ["s", "w"], ["t"], **pads),
        node("Relu", ["t"], ["u"]),
        node("Conv", ["u", "w"], ["s2"], **pads),
        node("Identity", ["c"], ["c2"]),
    ]
    shape = None if stated is None else (1, 1, stated)
    body = graph(
        inside,
        [value("i", (), "int64"), value("c", (), "bool"), value("s", shape or (1, 1, None))],
        [value("c2", (), "bool"), value("s2", (1, 1, None))],
    )
    first = node("Conv", ["x", "w"], ["a"], strides=[2], pads=[1, 1])
    loop = node("Loop", ["turns", "", "a"], ["y"], body=body)
    held = {"turns": np.asarray(2), "w": random_weight(1, 1, 3)}
    return file_of([first, loop], {"x": (1, 1, entering)}, [value("y", (1, 1, None))], held)


@pytest.mark.parametrize(
    ("stated", "stride", "entering", "verdict"),
    [
        (24, 2, 48, "undecided"),  # 24, 6 and 2: the second turn has a tail
        (24, 1, 48, "proved"),
        (20, 1, 48, "proved"),  # not what enters: the body is left alone, and has no stride
        (20, 2, 48, "undecided"),
        (None, 2, 48, "undecided"),
        (24, 2, "N", "undecided"),
        (24, 1, "N", "proved"),
    ],
)
def test_states_that_change_are_not_believed(
    stated: int | None, stride: int, entering: str | int, verdict: str, tmp_path: Path
) -> None:
    path = tmp_path / "loop.onnx"
    onnx.save(looped(48, stated, stride, entering), path)
    proof = prove_model(path)
    assert proof.verdict.verdict == verdict
    inside = [one for one in proof.graphs[-1].nodes if one.phased.node.op == "Conv"]
    assert all(one.status != "converted" or stride == 1 for one in inside)
