"""Rewrites as people write them by hand: the true ones are proved, and none with a fault in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from symconv.models.check import ModelCheck, check_loaded
from tests.helpers.onnx_files import file_of, node, random_weight, relative_difference, run_file
from tests.helpers.requirements import require

require("onnxruntime")

Array = np.ndarray[Any, Any]
Nodes = list[Any]
INF = np.float32(-np.inf)


def ints(*values: int) -> Array:
    return np.asarray(values, np.int64)


W = random_weight(4, 3, 3, 3)
B = random_weight(4, seed=1)
V = random_weight(3, 4, 2, 2, seed=2)
NORM = {name: abs(random_weight(4, seed=n)) for n, name in enumerate(("s", "b", "m", "v"), 3)}


@dataclass(frozen=True)
class Rewrite:
    """Nodes from ``x`` to ``y`` and the same as somebody rewrote it; ``faults`` are false."""

    original: Nodes
    rewritten: Nodes
    faults: tuple[Nodes, ...]
    constants: Mapping[str, Any]
    size: tuple[int, ...] = (2, 3, 9, 11)

    def file(self, nodes: Nodes) -> Any:
        read = {name for one in nodes for name in one.input}
        held = {name: array for name, array in self.constants.items() if name in read}
        return file_of(nodes, {"x": self.size}, ["y"], held)

    def check(self, nodes: Nodes) -> ModelCheck:
        return check_loaded(self.file(self.original), self.file(nodes), None, "rewrite")

    def feeds(self) -> dict[str, Array]:
        return {"x": random_weight(*self.size, seed=9)}


def conv(x: str, y: str, w: str = "W", *bias: str, **attributes: Any) -> Any:
    asked = {"strides": [2, 2], "pads": [1, 1, 1, 1], **attributes}
    return node("Conv", [x, w, *bias], [y], **asked)


def layout() -> Rewrite:
    """NCHW to NHWC and back, twice in a row."""

    def through(last: list[int]) -> Nodes:
        return [
            node("Transpose", ["x"], ["a"], perm=[0, 2, 3, 1]),
            node("Transpose", ["a"], ["b"], perm=last),
            conv("b", "c"),
            node("Relu", ["c"], ["y"]),
        ]

    plain = [conv("x", "c"), node("Relu", ["c"], ["y"])]
    return Rewrite(plain, through([0, 3, 1, 2]), (through([0, 3, 2, 1]),), {"W": W}, (2, 3, 9, 9))


def pads_folded() -> Rewrite:
    """A Pad in front of a convolution without pads."""

    def padded(pads: str, *more: str) -> Nodes:
        return [node("Pad", ["x", pads, *more], ["a"]), conv("a", "y", pads=[0, 0, 0, 0])]

    constants = {
        "W": W,
        "P": ints(0, 0, 1, 1, 0, 0, 1, 1),
        "Q": ints(0, 0, 0, 1, 0, 0, 2, 1),
        "one": np.float32(1),
    }
    return Rewrite([conv("x", "y")], padded("P"), (padded("Q"), padded("P", "one")), constants)


def stem(to_depth: Nodes, fault: Nodes) -> Rewrite:
    """A 3x3 convolution of stride 2 as a 2x2 one on the phases of its padded input."""
    grown = np.pad(W, [(0, 0), (0, 0), (0, 1), (0, 1)])
    cut = grown.reshape(4, 3, 2, 2, 2, 2).transpose(0, 3, 5, 1, 2, 4).reshape(4, 12, 2, 2)
    swapped = grown.reshape(4, 3, 2, 2, 2, 2).transpose(0, 5, 3, 1, 2, 4).reshape(4, 12, 2, 2)
    constants = {
        "W": W,
        "E": cut,
        "F": swapped,
        "P": ints(0, 0, 1, 1, 0, 0, 2, 2),
        "six": ints(0, 3, 6, 2, 7, 2),
        "four": ints(0, 12, 6, 7),
    }

    def with_kernel(w: str, depth: Nodes) -> Nodes:
        last = conv("d", "y", w, strides=[1, 1], pads=[0, 0, 0, 0])
        return [node("Pad", ["x", "P"], ["a"]), *depth, last]

    faults = (with_kernel("F", to_depth), with_kernel("E", fault))
    return Rewrite([conv("x", "y")], with_kernel("E", to_depth), faults, constants)


def stem_by_space_to_depth() -> Rewrite:
    right = [node("SpaceToDepth", ["a"], ["d"], blocksize=2)]
    wrong = [
        node("SpaceToDepth", ["a"], ["e"], blocksize=2),
        node("Relu", ["e"], ["d"]),
    ]
    return stem(right, wrong)


def stem_by_rank_six() -> Rewrite:
    def cut(perm: list[int]) -> Nodes:
        return [
            node("Reshape", ["a", "six"], ["b"]),
            node("Transpose", ["b"], ["c"], perm=perm),
            node("Reshape", ["c", "four"], ["d"]),
        ]

    return stem(cut([0, 3, 5, 1, 2, 4]), cut([0, 5, 3, 1, 2, 4]))


def transposed_convolution() -> Rewrite:
    """A ConvTranspose of kernel and stride 2 as a 1x1 convolution and DepthToSpace."""
    kernel = V.transpose(1, 2, 3, 0).reshape(16, 3, 1, 1)
    by_phase = V.transpose(2, 3, 1, 0).reshape(16, 3, 1, 1)

    def deep(w: str, mode: str) -> Nodes:
        first = conv("x", "p", w, strides=[1, 1], pads=[0, 0, 0, 0])
        return [first, node("DepthToSpace", ["p"], ["y"], blocksize=2, mode=mode)]

    original = [node("ConvTranspose", ["x", "V"], ["y"], strides=[2, 2])]
    constants = {"V": V, "K": kernel, "L": by_phase}
    return Rewrite(original, deep("K", "CRD"), (deep("K", "DCR"), deep("L", "CRD")), constants)


def transposed_by_phases() -> Rewrite:
    """The same with the phases first, which is the other mode."""
    found = transposed_convolution()
    right = [
        conv("x", "p", "L", strides=[1, 1], pads=[0, 0, 0, 0]),
        node("DepthToSpace", ["p"], ["y"], blocksize=2, mode="DCR"),
    ]
    return Rewrite(found.original, right, (), found.constants)


def batch_norm() -> Rewrite:
    """A batch norm whose parameters another node passes on."""

    def norm(scale: str, mean: str) -> Nodes:
        last = node("BatchNormalization", ["c", scale, "b", mean, "v"], ["y"])
        return [conv("x", "c"), node("Identity", ["s"], ["t"]), last]

    original = [conv("x", "c"), node("BatchNormalization", ["c", "s", "b", "m", "v"], ["y"])]
    faults = (norm("t", "b"), norm("m", "m"))
    return Rewrite(original, norm("t", "m"), faults, {"W": W, **NORM})


def scale_and_shift() -> Rewrite:
    """Mul and Add by numbers per channel, kept beside a rewritten convolution, operands turned."""

    def affine(first: list[str], second: list[str]) -> Nodes:
        return [
            node("Pad", ["x", "P"], ["a"]),
            conv("a", "c", pads=[0, 0, 0, 0]),
            node("Mul", first, ["d"]),
            node("Add", second, ["y"]),
        ]

    constants = {
        "W": W,
        "P": ints(0, 0, 1, 1, 0, 0, 1, 1),
        **{name: NORM[name].reshape(4, 1, 1) for name in ("s", "b")},
    }
    original = [conv("x", "c"), node("Mul", ["c", "s"], ["d"]), node("Add", ["d", "b"], ["y"])]
    right = affine(["s", "c"], ["b", "d"])
    faults = (affine(["b", "c"], ["s", "d"]), affine(["s", "c"], ["s", "d"]))
    return Rewrite(original, right, faults, constants)


def bias() -> Rewrite:
    """A bias as an Add behind the convolution."""

    def added(name: str) -> Nodes:
        return [conv("x", "c"), node("Add", ["c", name], ["y"])]

    constants = {
        "W": W,
        "B": B,
        "C": B.reshape(1, 4, 1, 1),
        "D": B[::-1].copy().reshape(1, 4, 1, 1),
        "H": random_weight(6, seed=5).reshape(1, 1, 1, 6),
    }
    return Rewrite([conv("x", "y", "W", "B")], added("C"), (added("D"), added("H")), constants)


def thinned_pool() -> Rewrite:
    """A maximum of stride 2 as one of stride 1 of which every second output is kept."""

    def thinned(starts: str, pads: list[int]) -> Nodes:
        return [
            node("MaxPool", ["x"], ["p"], kernel_shape=[3, 3], pads=pads),
            node("Slice", ["p", starts, "ends", "axes", "two"], ["y"]),
        ]

    original = [node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)]
    constants = {
        "zero": ints(0, 0),
        "one": ints(1, 0),
        "two": ints(2, 2),
        "ends": ints(99, 99),
        "axes": ints(2, 3),
    }
    faults = (thinned("one", [1, 1, 2, 1]), thinned("zero", [0, 1, 2, 1]))
    return Rewrite(original, thinned("zero", [1] * 4), faults, constants)


def pool_of_pool() -> Rewrite:
    """A 3x3 maximum as one along each axis, pads filled with -inf."""

    def apart(fill: str, wide: list[int]) -> Nodes:
        return [
            node("Pad", ["x", "P", fill], ["a"]),
            node("MaxPool", ["a"], ["b"], kernel_shape=[3, 1]),
            node("MaxPool", ["b"], ["y"], kernel_shape=wide),
        ]

    original = [node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], pads=[1] * 4)]
    constants = {"P": ints(0, 0, 1, 1, 0, 0, 1, 1), "least": INF, "none": np.float32(0)}
    faults = (apart("none", [1, 3]),)
    return Rewrite(original, apart("least", [1, 3]), faults, constants)


def global_mean() -> Rewrite:
    """A global average as a mean over space."""

    def mean(axes: str) -> Nodes:
        return [node("ReduceMean", ["x", axes], ["y"])]

    constants = {"space": ints(2, 3), "back": ints(-1, -2), "other": ints(1, 3)}
    original = [node("GlobalAveragePool", ["x"], ["y"])]
    return Rewrite(original, mean("back"), (mean("other"),), constants)


def global_pool() -> Rewrite:
    """A global average as an average over a window of everything."""

    def window(kernel: list[int]) -> Nodes:
        strides = [1, 1] if kernel == [9, 11] else [9, 11]
        return [node("AveragePool", ["x"], ["y"], kernel_shape=kernel, strides=strides)]

    original = [node("GlobalAveragePool", ["x"], ["y"])]
    return Rewrite(original, window([9, 11]), (window([8, 11]), window([9, 10])), {})


def sums() -> Rewrite:
    """A Sum of two as an Add, operands turned."""

    def added(a: str, b: str) -> Nodes:
        return [conv("x", "p"), conv("x", "q", "U"), node("Add", [a, b], ["y"])]

    original = [conv("x", "p"), conv("x", "q", "U"), node("Sum", ["p", "q"], ["y"])]
    constants = {"W": W, "U": random_weight(4, 3, 3, 3, seed=6)}
    return Rewrite(original, added("q", "p"), (added("q", "q"), added("p", "p")), constants)


def grouped() -> Rewrite:
    """A convolution in groups as two, side by side."""

    def halves(first: str, second: str) -> Nodes:
        return [
            node("Split", ["x", "sizes"], ["a", "b"], axis=1),
            conv("a", "c", first),
            conv("b", "d", second),
            node("Concat", ["c", "d"], ["y"], axis=1),
        ]

    kernel = random_weight(6, 2, 3, 3, seed=7)
    constants = {"G": kernel, "A": kernel[:3], "Z": kernel[3:], "sizes": ints(2, 2)}
    original = [conv("x", "y", "G", group=2)]
    faults = (halves("Z", "A"), halves("A", "A"))
    return Rewrite(original, halves("A", "Z"), faults, constants, (1, 4, 7, 8))


def crop_before() -> Rewrite:
    """A crop of what a 1x1 convolution makes as a crop of what it reads."""

    def cropped(starts: str) -> Nodes:
        return [
            node("Slice", ["x", starts, "ends", "axes"], ["a"]),
            conv("a", "y", "K", strides=[1, 1], pads=[0] * 4),
        ]

    original = [
        conv("x", "c", "K", strides=[1, 1], pads=[0] * 4),
        node("Slice", ["c", "starts", "ends", "axes"], ["y"]),
    ]
    constants = {
        "K": random_weight(4, 3, 1, 1, seed=8),
        "starts": ints(1, 2),
        "others": ints(2, 1),
        "ends": ints(-1, -1),
        "axes": ints(2, 3),
    }
    return Rewrite(original, cropped("starts"), (cropped("others"),), constants)


REWRITES: dict[str, Callable[[], Rewrite]] = {
    one.__name__: one
    for one in (
        *(layout, pads_folded, stem_by_space_to_depth, stem_by_rank_six, transposed_convolution),
        *(transposed_by_phases, batch_norm, scale_and_shift, bias, thinned_pool, pool_of_pool),
        *(global_mean, global_pool, sums, grouped, crop_before),
    )
}

FAULTS = [
    pytest.param(name, place, id=f"{name}-{place}")
    for name, make in REWRITES.items()
    for place in range(len(make().faults))
]


@pytest.mark.parametrize("name", REWRITES)
def test_a_true_rewrite_is_proved(name: str) -> None:
    rewrite = REWRITES[name]()
    check = rewrite.check(rewrite.rewritten)
    assert check.verdict == "proved", check.reason
    left, right = (run_file(rewrite.file(n), rewrite.feeds()) for n in _both(rewrite))
    assert relative_difference(left, right) < 1e-5


def _both(rewrite: Rewrite) -> tuple[Nodes, Nodes]:
    return rewrite.original, rewrite.rewritten


@pytest.mark.parametrize(("name", "place"), FAULTS)
def test_a_false_one_is_refuted(name: str, place: int) -> None:
    rewrite = REWRITES[name]()
    fault = rewrite.faults[place]
    check = rewrite.check(fault)
    assert check.verdict == "refuted", check.reason
    assert check.shown is not None
    left, right = (run_file(rewrite.file(n), check.shown.feeds) for n in (rewrite.original, fault))
    if left[0].shape == right[0].shape:
        assert relative_difference(left, right) > 1e-3 or check.shown.weights
    assert check.parting is not None
    assert check.parting.node in {one.name for one in fault}


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_a_pooling_of_one_sample_is_a_slice(op: str) -> None:
    pool = node(op, ["x"], ["y"], kernel_shape=[1, 1], strides=[2, 3])

    def cut(first: int) -> Any:
        held = {"first": ints(first, 0), "end": ints(9, 11), "axes": ints(2, 3), "by": ints(2, 3)}
        nodes = [node("Slice", ["x", "first", "end", "axes", "by"], ["y"])]
        return file_of(nodes, {"x": (2, 3, 9, 11)}, ["y"], held)

    pooled = file_of([pool], {"x": (2, 3, 9, 11)}, ["y"])
    assert check_loaded(pooled, cut(0), None, "thinned").verdict == "proved"
    assert check_loaded(cut(0), pooled, None, "thinned").verdict == "proved"
    shifted = file_of(
        [
            node("Pad", ["x", "p"], ["a"]),
            node(op, ["a"], ["y"], kernel_shape=[1, 1], strides=[2, 3]),
        ],
        {"x": (2, 3, 9, 11)},
        ["y"],
        {"p": ints(0, 0, -1, 0, 0, 0, 1, 0)},
    )
    assert check_loaded(pooled, shifted, None, "thinned").verdict == "refuted"
