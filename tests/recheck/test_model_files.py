"""A model's certificate held against its file: what is stated of the nodes is what it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.models.prove import prove_model
from symconv.recheck import CertificateError, recheck
from tests.helpers import onnx_files
from tests.helpers.model_certificates import certificate, of_file, signed
from tests.helpers.requirements import require

Text = dict[str, Any]

WEIGHTS = {"w": np.ones((2, 1, 3, 3), np.float32), "v": np.ones((4, 2, 3, 3), np.float32)}


def file_with(**changed: Any) -> Any:
    """Two convolutions of stride 2 and a pooling; attributes of the second one may be changed."""
    node = onnx_files.node
    window = {"strides": [2, 2], "pads": [1] * 4, "dilations": [1, 1], **changed}
    pooled = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        node("Conv", ["x", "w"], ["a"], strides=[2, 2], pads=[1] * 4),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "v"], ["c"], **window),
        node("MaxPool", ["c"], ["d"], **pooled),
        node("Sigmoid", ["d"], ["y"]),
    ]
    return onnx_files.file_of(nodes, {"x": (1, 1, 16, 16)}, ["y"], WEIGHTS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    require("onnx")
    found = tmp_path / "m.onnx"
    found.write_bytes(file_with().SerializeToString())
    return found


def test_the_file_holds_what_is_stated(path: Path) -> None:
    found = recheck(certificate(path), model=path)
    assert found.verdict == "proved"
    assert found.reason.endswith("5 nodes that are")


def test_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(file_with(strides=[1, 1]).SerializeToString())
    with pytest.raises(CertificateError, match="has the digest"):
        recheck(certificate(path), model=other)
    with pytest.raises(CertificateError, match="cannot be read"):
        recheck(certificate(path), model=tmp_path / "none.onnx")


@pytest.mark.parametrize(
    "changed",
    [
        {"strides": [2, 1]},
        {"pads": [0, 1, 1, 1]},
        {"dilations": [2, 1], "pads": [2, 1, 2, 1]},
    ],
)
def test_a_square_of_another_window_is_refused(path: Path, changed: Text, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(file_with(**changed).SerializeToString())
    with pytest.raises(CertificateError, match=r"node 'c' has the .* in the file, its square"):
        recheck(of_file(certificate(path), other), model=other)


def _untouched(text: Text) -> None:
    """The form that is the model itself, which congruence proves and strides are left in."""
    (graph,) = text["graphs"]
    for tensor in graph["tensors"].values():
        tensor["factors"] = [1] * len(tensor["factors"])
    for node in graph["nodes"]:
        node.update(status="untouched", reads=[[1] * len(factors) for factors in node["reads"]])
        for part in ("square", "fresh", "mask"):
            node.pop(part, None)
    text["squares"] = []


def _without_the_last(text: Text) -> None:
    text["graphs"][0]["nodes"].pop()


def _given_the_last(text: Text) -> None:
    _without_the_last(text)
    text["graphs"][0]["given"].append("y")


def _other_output(text: Text) -> None:
    _without_the_last(text)
    text["graphs"][0]["outputs"] = ["d"]


def _without_one_inside(text: Text) -> None:
    del text["graphs"][0]["nodes"][1]


def _other_input(text: Text) -> None:
    text["graphs"][0]["nodes"][2]["inputs"][1] = "w"


def _one_more(text: Text) -> None:
    last = text["graphs"][0]["nodes"][-1]
    text["graphs"][0]["tensors"]["z"] = text["graphs"][0]["tensors"]["y"]
    text["graphs"][0]["nodes"].append({**last, "name": "more", "inputs": ["y"], "outputs": ["z"]})


def _other_operator(text: Text) -> None:
    text["graphs"][0]["nodes"][-1]["op"] = "Tanh"


FAULTS: dict[str, tuple[Callable[[Text], None], str]] = {
    "every node untouched": (_untouched, r"has the strides \[2, 2\] in the file, and no square"),
    "no last node": (_without_the_last, "has nothing that is 'y'"),
    "the last one given": (_given_the_last, "makes 'y' by Sigmoid, no node states it"),
    "another output": (_other_output, r"the file makes \['y'\], the certificate \['d'\]"),
    "no node inside": (_without_one_inside, "has nothing that is 'b'"),
    "another input": (_other_input, r"reads \['b', 'v'\] in the file"),
    "one node more": (_one_more, "which the file does not hold"),
    "another operator": (_other_operator, "is Sigmoid in the file, not Tanh"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_forged_certificate_is_refused(path: Path, fault: str) -> None:
    text = certificate(path)
    forge, said = FAULTS[fault]
    forge(text)
    with pytest.raises(CertificateError, match=said):
        recheck(signed(text), model=path)


@pytest.mark.parametrize("turned", [0, 1])
def test_rows_of_a_matrix_product_carry_phases(turned: int, tmp_path: Path) -> None:
    node, weight = onnx_files.node, onnx_files.random_weight
    nodes = [
        node("Conv", ["x", "w"], ["a"], strides=[2]),
        node("Squeeze", ["a", "first"], ["b"]),
        node("Transpose", ["b"], ["c"], perm=[1, 0]),
        node("Gemm", ["c", "g", "h"], ["d"], transB=turned),
        node("Transpose", ["d"], ["e"], perm=[1, 0]),
        node("Unsqueeze", ["e", "first"], ["f"]),
        node("Conv", ["f", "v"], ["y"], strides=[2]),
    ]
    held = {
        "w": weight(3, 2, 3),
        "v": weight(2, 5, 3),
        "first": np.asarray([0]),
        "g": weight(*((5, 3) if turned else (3, 5))),
        "h": weight(5),
    }
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_files.file_of(nodes, {"x": (1, 2, 33)}, ["y"], held).SerializeToString())
    proof = prove_model(path)
    assert proof.graphs[0].nodes[3].status == "carried"
    assert recheck(proof.verdict, model=path).verdict == "proved"
