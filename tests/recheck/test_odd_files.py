"""Model files in odd forms, whose true certificates hold against them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.recheck import CertificateError, recheck
from tests.helpers import onnx_files
from tests.helpers.model_certificates import certificate, of_file
from tests.helpers.requirements import require

onnx: Any = require("onnx")
Array = np.ndarray[Any, Any]
X = (1, 2, 8, 8)


def ones(*shape: int) -> Array:
    return np.ones(shape, np.float32)


def conv(x: str, y: str, w: str = "w", **attributes: Any) -> Any:
    return onnx_files.node("Conv", [x, w], [y], **{"strides": [2, 2], **attributes})


HELD = {"w": ones(2, 2, 3, 3), "v": ones(2, 2, 1, 1)}


def file_of(*nodes: Any, opset: int = 18, held: dict[str, Array] | None = None) -> Any:
    return onnx_files.file_of(nodes, {"x": X}, ["y"], {**HELD, **(held or {})}, opset)


def older(op: str, *inputs: str, opset: int = 9, held: Any = None, **says: Any) -> Any:
    """An operator of an older opset in front of a strided convolution."""
    first = onnx_files.node(op, ["x", *inputs], ["z"], **says)
    return file_of(first, conv("z", "y"), opset=opset, held=held)


def taken(is_first: bool = True, **attributes: Any) -> Any:
    """An If whose condition is a constant."""
    node, graph = onnx_files.node, onnx_files.graph
    bodies = {
        "then_branch": graph([conv("x", "a", **attributes)], [], ["a"]),
        "else_branch": graph([conv("x", "n", "v", pads=[0, 0, 1, 1])], [], ["n"]),
    }
    nodes = [node("If", ["yes"], ["b"], **bodies), node("Relu", ["b"], ["y"])]
    out = onnx_files.value("y", None)
    return onnx_files.file_of(nodes, {"x": X}, [out], {**HELD, "yes": np.asarray(is_first)})


def looped(**attributes: Any) -> Any:
    """A Loop whose state goes through a strided convolution, and back to its size."""
    node, value = onnx_files.node, onnx_files.value
    body = onnx_files.graph(
        [
            conv("s", "c", "d", **{"pads": [1] * 4, **attributes}),
            node("DepthToSpace", ["c"], ["out"], blocksize=2),
            node("Identity", ["k"], ["again"]),
        ],
        [value("i", [], "int64"), value("k", [], "bool"), value("s", X)],
        [value("again", [], "bool"), value("out", X)],
    )
    nodes = [node("Loop", ["n", "", "x"], ["y"], body=body)]
    held = {"d": ones(8, 2, 3, 3), "n": np.asarray(3)}
    return onnx_files.file_of(nodes, {"x": X}, [onnx_files.value("y", X)], held)


def listed(**attributes: Any) -> Any:
    """Initialisers that are listed as inputs too."""
    made = file_of(conv("x", "y", **attributes))
    made.graph.input.extend(onnx_files.value(name, array.shape) for name, array in HELD.items())
    return made


def called(**attributes: Any) -> Any:
    """A function of the model's own."""
    made = file_of(conv("x", "y", **attributes))
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("own", 1)]
    function = onnx.helper.make_function("own", "F", ["a", "b"], ["c"], [*made.graph.node], opsets)
    function.node[0].input[:] = ["a", "b"]
    function.node[0].output[:] = ["c"]
    call = onnx.helper.make_node("F", ["x", "w"], ["y"], domain="own")
    graph = onnx_files.graph([call], made.graph.input, ["y"], HELD)
    return onnx.helper.make_model(graph, functions=[function], opset_imports=opsets, ir_version=8)


def computed(start: int = 0) -> Any:
    """Pads behind an Identity, and sizes that are worked out from a shape."""
    node = onnx_files.node
    nodes = [
        node("Identity", ["given"], ["p"]),
        node("Shape", ["x"], ["s"]),
        node("Slice", ["s", "from", "to"], ["space"]),
        node("Mul", ["space", "two"], ["twice"]),
        node("Concat", ["front", "twice"], ["sizes"], axis=0),
        node("Resize", ["x", "", "", "sizes"], ["z"], mode="nearest", **PLACED),
        node("Pad", ["z", "p"], ["q"]),
        conv("q", "y"),
    ]
    pads = np.array([0, 0, start, 0, 0, 0, 1 - start, 0])
    space = {"from": np.array([2]), "to": np.array([4]), "two": np.array([2])}
    return file_of(*nodes, held={"given": pads, "front": np.array([1, 2]), **space})


def widened() -> Any:
    """Channels of minus infinity in front of a pooling."""
    held = {"p": np.array([0, 0, 0, 0, 0, 1, 0, 0]), "v": np.array(-np.inf, np.float32)}
    pad = onnx_files.node("Pad", ["x", "p", "v"], ["z"])
    pool = onnx_files.node("MaxPool", ["z"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    return file_of(pad, pool, held=held)


PLACED = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
SCALES = {"s": np.array([1, 1, 2, 2], np.float32)}
ODD: dict[str, Callable[[], Any]] = {
    "attributes of a slice": lambda: older("Slice", starts=[1, 0], ends=[9, 7], axes=[2, 3]),
    "attributes of a pad": lambda: older("Pad", pads=[0, 0, 1, 0, 0, 0, 0, 2], mode="reflect"),
    "upsample with scales": lambda: older("Upsample", opset=7, scales=[1.0, 1.0, 2.0, 1.0]),
    "upsample": lambda: older("Upsample", "s", held=SCALES, mode="linear"),
    "resize of opset 10": lambda: older("Resize", "s", opset=10, held=SCALES),
    "dropout": lambda: older("Dropout", opset=9, ratio=0.5),
    "axes of a mean": lambda: older("ReduceMean", axes=[0], opset=13),
    "a branch": taken,
    "a loop": looped,
    "listed initialisers": listed,
    "a function": called,
    "computed sizes": computed,
    "a pad of infinity": widened,
}


def written(file: Any, path: Path) -> Path:
    path.write_bytes(file.SerializeToString())
    return path


@pytest.mark.parametrize("kind", ODD)
def test_a_true_certificate_holds(kind: str, tmp_path: Path) -> None:
    path = written(ODD[kind](), tmp_path / "odd.onnx")
    found = recheck(certificate(path), model=path)
    assert found.verdict == "proved"
    assert "strides" not in found.reason


@pytest.mark.parametrize("made", [taken, looped, listed, called])
def test_a_sibling_s_window_is_refused(made: Callable[..., Any], tmp_path: Path) -> None:
    one = written(made(pads=[1, 1, 1, 1]), tmp_path / "one.onnx")
    other = written(made(pads=[2, 2, 0, 0]), tmp_path / "other.onnx")
    with pytest.raises(CertificateError, match="has the padding in front"):
        recheck(of_file(certificate(other), one), model=one)


def test_the_branch_that_is_not_taken_is_refused(tmp_path: Path) -> None:
    one, other = (written(taken(yes), tmp_path / f"{yes}.onnx") for yes in (True, False))
    with pytest.raises(CertificateError, match="the file makes 'b' of 'a', not of"):
        recheck(of_file(certificate(other), one), model=one)


def test_an_operator_of_another_domain_is_refused(tmp_path: Path) -> None:
    own = onnx_files.file_of(
        [onnx_files.node("Relu", ["x"], ["z"]), conv("z", "y")], {"x": X}, ["y"], HELD
    )
    other = onnx.ModelProto()
    other.CopyFrom(own)
    other.graph.node[0].domain = "com.microsoft"
    other.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    one = written(other, tmp_path / "one.onnx")
    text = certificate(written(own, tmp_path / "own.onnx"))
    with pytest.raises(CertificateError, match="is not ONNX's own Relu in the file"):
        recheck(of_file(text, one), model=one)


def test_computed_pads_are_worked_out(tmp_path: Path) -> None:
    one, other = (written(computed(n), tmp_path / f"{n}.onnx") for n in (0, 1))
    found = recheck(certificate(one), model=one)
    assert found.verdict == "proved"
    assert "not checked" not in found.reason
    with pytest.raises(CertificateError, match="has the samples"):
        recheck(of_file(certificate(other), one), model=one)


def test_what_another_file_holds_is_not_checked(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    pads = np.array([0, 0, 1, 0, 0, 0, 0, 0])
    nodes = [onnx_files.node("Pad", ["x", "p"], ["z"]), conv("z", "y")]
    apart = {"all_tensors_to_one_file": True, "location": "m.bin", "size_threshold": 0}
    onnx.save(file_of(*nodes, held={"p": pads}), path, save_as_external_data=True, **apart)
    found = recheck(certificate(path), model=path)
    assert found.verdict == "proved"
    assert "not checked: what 'p' holds" in found.reason
