"""Certificates of one file under the name of its sibling, which differs in a single thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.recheck import CertificateError, recheck
from symconv.recheck.models import settle_model
from tests.helpers import onnx_files
from tests.helpers.model_certificates import certificate, of_file
from tests.helpers.requirements import require

onnx: Any = require("onnx")
Array = np.ndarray[Any, Any]


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def floats(*values: float) -> Array:
    return np.array(values, np.float32)


def ones(*shape: int) -> Array:
    return np.ones(shape, np.float32)


@dataclass(frozen=True)
class One:
    """A node on ``x``, and a convolution of stride 2 behind it."""

    op: str
    reads: str = "x"
    size: tuple[Any, ...] = (1, 4, 8, 8)
    opset: int = 18
    held: dict[str, Array] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)

    def file(self) -> Any:
        """The file; the second convolution has as many channels as the node makes."""
        made = onnx_files.node(self.op, self.reads.split(","), ["z"], **self.says)
        ports, held = {"x": self.size}, self.held
        alone = onnx_files.file_of([made], ports, ["z"], held, self.opset)
        channels = alone.graph.output[0].type.tensor_type.shape.dim[1].dim_value
        last = onnx_files.node("Conv", ["z", "last"], ["y"], strides=[2, 2])
        held = {**held, "last": ones(1, channels, 1, 1)}
        return onnx_files.file_of([made, last], ports, ["y"], held, self.opset)


def one(op: str, reads: str = "x", held: dict[str, Array] | None = None, **says: Any) -> One:
    apart = {key: says.pop(key) for key in ("size", "opset") if key in says}
    return One(op, reads, held=held or {}, says=says, **apart)


def conv(**says: Any) -> One:
    return one("Conv", "x,w", {"w": ones(4, 4, 3, 3)}, **{"strides": [2, 2], **says})


def turned(**says: Any) -> One:
    return one("ConvTranspose", "x,w", {"w": ones(4, 4, 3, 3)}, **{"strides": [2, 2], **says})


def pool(op: str, **says: Any) -> One:
    return one(op, **{"kernel_shape": [3, 3], "strides": [2, 2], **says})


def slices(start: int, step: int = 2) -> One:
    held = {"s": ints(start), "e": ints(8), "a": ints(2), "t": ints(step)}
    return one("Slice", "x,s,e,a,t", held)


def pads(*ends: int, value: float = 0.0, **says: Any) -> One:
    held = {"p": ints(0, 0, *ends[:2], 0, 0, *ends[2:]), "v": np.array(value, np.float32)}
    return one("Pad", "x,p,v", held, **says)


def resized(*scales: float, **says: Any) -> One:
    return one("Resize", "x,,s", {"s": floats(1, 1, *scales)}, **says)


def sized(*sizes: int, **says: Any) -> One:
    return one("Resize", "x,,,n", {"n": ints(1, 4, *sizes)}, **says)


NEAREST = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
LINEAR = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
UPPER, LOWER = {"auto_pad": "SAME_UPPER"}, {"auto_pad": "SAME_LOWER"}
FRONT, BEHIND = {"pads": [1, 1, 0, 0]}, {"pads": [0, 0, 1, 1]}
SIXTEEN = {"output_shape": [16, 16]}

SIBLINGS: dict[str, tuple[One, ...]] = {
    "slice start": (slices(0), slices(1)),
    "slice start, as an attribute": (
        one("Slice", starts=[0], ends=[7], axes=[2], opset=9),
        one("Slice", starts=[1], ends=[8], axes=[2], opset=9),
    ),
    "pads": (pads(1, 1, 0, 0), pads(0, 0, 1, 1)),
    "pads, as an attribute": (
        one("Pad", pads=[0, 0, 1, 1, 0, 0, 0, 0], opset=10),
        one("Pad", pads=[0, 0, 0, 0, 0, 0, 1, 1], opset=10),
    ),
    "pad mode": (pads(1, 1, 0, 0, mode="reflect"), pads(1, 1, 0, 0, mode="edge")),
    "pad value": (pads(1, 1, 0, 0, value=3), pads(1, 1, 0, 0)),
    "depth to space, order": tuple(
        one("DepthToSpace", blocksize=2, mode=mode, size=(1, 8, 4, 4)) for mode in ("DCR", "CRD")
    ),
    "resize, places": (
        resized(0.5, 0.5, **NEAREST),
        resized(0.5, 0.5, coordinate_transformation_mode="half_pixel", nearest_mode="ceil"),
    ),
    "resize, rounding": (
        resized(0.5, 0.5, **{**NEAREST, "coordinate_transformation_mode": "half_pixel"}),
        resized(0.5, 0.5, coordinate_transformation_mode="half_pixel", nearest_mode="ceil"),
    ),
    "nearest for linear": (resized(2, 2, **NEAREST), resized(2, 2, **LINEAR)),
    "linear for nearest": (resized(2, 2, **LINEAR), resized(2, 2, **NEAREST)),
    "linear, places": (
        resized(2, 2, **LINEAR),
        resized(2, 2, **{**LINEAR, "coordinate_transformation_mode": "asymmetric"}),
    ),
    "scales": (resized(2, 1, **NEAREST), resized(1, 2, **NEAREST)),
    "sizes": (sized(16, 8, **NEAREST), sized(8, 16, **NEAREST)),
    "upsample": tuple(
        one("Upsample", "x,s", {"s": floats(1, 1, *by)}, opset=9) for by in ((1, 2), (2, 1))
    ),
    "same, upper and lower": (conv(**UPPER), conv(**LOWER)),
    "same and pads": (conv(**UPPER), conv(**FRONT)),
    "dilations": (conv(dilations=[2, 2], pads=[2] * 4), conv(pads=[1] * 4)),
    "groups": (
        one("Conv", "x,w", {"w": ones(4, 2, 2, 2)}, group=2, strides=[2, 2]),
        one("Conv", "x,w", {"w": ones(4, 1, 2, 2)}, group=4, strides=[2, 2]),
    ),
    "kernel": (conv(), one("Conv", "x,w", {"w": ones(4, 4, 2, 2)}, strides=[2, 2])),
    "count_include_pad": tuple(
        pool("AveragePool", pads=[1] * 4, count_include_pad=n) for n in (1, 0)
    ),
    "pads of means": (pool("AveragePool", **FRONT), pool("AveragePool", **BEHIND)),
    "pads of maxima": (pool("MaxPool", **FRONT), pool("MaxPool", **BEHIND)),
    "pads beside ceil_mode": (
        pool("MaxPool", **FRONT, ceil_mode=1),
        pool("MaxPool", **BEHIND, ceil_mode=1),
    ),
    "ceil_mode": (pool("MaxPool", ceil_mode=1), pool("MaxPool")),
    "ceil_mode of means": tuple(
        pool("AveragePool", ceil_mode=n, size=(1, 4, 9, 8)) for n in (0, 1)
    ),
    "pads of powers": (pool("LpPool", **FRONT), pool("LpPool", **BEHIND)),
    "kernel of powers": (
        pool("LpPool", pads=[1] * 4),
        pool("LpPool", kernel_shape=[2, 2]),
    ),
    "output_padding": (turned(pads=[1] * 4, output_padding=[1, 1]), turned(pads=[1] * 4)),
    "output_shape": (turned(**SIXTEEN), turned(output_shape=[15, 15])),
    "output_shape and same": (turned(**SIXTEEN, **UPPER), turned(**SIXTEEN, **LOWER)),
    "input size": (conv(size=(1, 4, 9, 9)), conv()),
    "softmax axis": (one("Softmax", axis=2), one("Softmax", axis=1)),
    "older softmax axis": tuple(one("Softmax", axis=n, opset=11) for n in (2, 3)),
    "perm": (one("Transpose", perm=[0, 1, 3, 2]), one("Transpose", perm=[0, 1, 2, 3])),
    "axes of a mean": tuple(one("ReduceMean", "x,a", {"a": ints(n)}) for n in (2, 1)),
    "axis of a sum": tuple(one("CumSum", "x,a", {"a": np.array(n)}) for n in (2, 1)),
    "axis of a choice": tuple(one("Gather", "x,i", {"i": ints(*range(8))}, axis=n) for n in (2, 3)),
}


def written(file: Any, path: Path) -> Path:
    path.write_bytes(file.SerializeToString())
    return path


@pytest.mark.parametrize("kind", SIBLINGS)
def test_a_sibling_s_certificate_is_refused(kind: str, tmp_path: Path) -> None:
    one, other = (
        written(sibling.file(), tmp_path / f"{n}.onnx") for n, sibling in enumerate(SIBLINGS[kind])
    )
    text = certificate(other)
    found = recheck(text, model=other)
    assert found.verdict == "proved"
    assert "not checked" not in found.reason
    assert recheck(certificate(one), model=one).verdict == "proved"
    with pytest.raises(CertificateError, match=r"in the file|the file (holds|reads|makes)"):
        recheck(of_file(text, one), model=one)


@pytest.mark.parametrize("kind", ["slice start", "same, upper and lower", "ceil_mode", "sizes"])
def test_a_sibling_of_named_sizes_is_refused(kind: str, tmp_path: Path) -> None:
    """Sizes that a file fixes may be named; what it says of windows holds at all of them."""
    require("z3")
    one, other = (
        written(sibling.file(), tmp_path / f"{n}.onnx") for n, sibling in enumerate(SIBLINGS[kind])
    )
    text = certificate(other, {"x": (1, 4, "H", "W")})
    assert recheck(text, model=other).verdict == "proved"
    with pytest.raises(CertificateError, match=r"in the file|the file (holds|reads|makes)"):
        recheck(of_file(text, one), model=one)


def chain(last: int) -> Any:
    """Eight convolutions, of stride 2 but for the last."""
    names = [*"xabcdefgy"]
    nodes = [
        onnx_files.node("Conv", [a, "w"], [b], strides=[last if b == "y" else 2], pads=[1, 1])
        for a, b in pairwise(names)
    ]
    return onnx_files.file_of(nodes, {"x": (1, 1, 512)}, ["y"], {"w": ones(1, 1, 3)})


def test_the_last_of_many_strides_of_named_sizes(tmp_path: Path) -> None:
    """At small sizes it has one output, and no stride; its squares are taken for settled."""
    one, other = (written(chain(last), tmp_path / f"{last}.onnx") for last in (4, 2))
    text = certificate(other, {"x": (1, 1, "N")})
    verdict, reason = settle_model(text, lambda square: ("proved", ""), other)
    assert (verdict, reason[-11:]) == ("proved", "at 24 sizes")
    with pytest.raises(CertificateError, match=r"has the stride \[4\] in the file"):
        settle_model(of_file(text, one), lambda square: ("proved", ""), one)
