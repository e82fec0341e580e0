"""Functions of values, matrices, joins, slices and pads of TFLite as operators of ONNX.

Source: TensorFlow Lite's reference kernels, ``tensorflow/lite/kernels/internal/reference``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from symconv.dialect.models.build import Image, axis_of
from symconv.dialect.models.tflite.scope import Rule, Scope
from symconv.errors import InputError, Unsupported


def unary(op: str, s: Scope, **attributes: Any) -> Image:
    """A function of each value that is one operator."""
    image = s.image(0)
    return Image(s.b.node(op, [image.name], s.made, attributes), s.shape, image.first)


def leaky_relu(s: Scope) -> Image:
    """``LEAKY_RELU``."""
    return unary("LeakyRelu", s, alpha=float(s.option("Alpha")))


def clip(low: float, high: float, s: Scope) -> Image:
    """``RELU6`` and its kin."""
    image = s.image(0)
    ends = [s.b.constant(f"float/{n}", np.float32(n)) for n in (low, high)]
    return Image(s.b.node("Clip", [image.name, *ends], s.made), s.shape, image.first)


def hard_swish(s: Scope) -> Image:
    """``HARD_SWISH``."""
    return unary("HardSwish", s)


def _pair(s: Scope) -> list[Image]:
    """Two inputs with their channels on one side; a constant is laid as the other needs it."""
    found = [s.image(0), s.image(1)]
    rank = max(image.rank for image in found)
    for place in (0, 1):
        other = found[1 - place]
        if other.first and s.tensor(place).name in s.values and rank == other.rank >= 3:
            found[place] = s.lying_first(place, rank)
    return s.b.alike(found)


def binary(op: str, s: Scope) -> Image:
    """``ADD``, ``MUL``, ...: value by value, with NumPy's broadcasting."""
    found = _pair(s)
    first = any(image.first for image in found)
    name = s.b.node(op, [image.name for image in found], s.made)
    return s.activated(name, s.shape, first)


def prelu(s: Scope) -> Image:
    """``PRELU``: slopes that are broadcast."""
    found = _pair(s)
    name = s.b.node("PRelu", [image.name for image in found], s.made)
    return Image(name, s.shape, found[0].first)


def softmax(s: Scope) -> Image:
    """``SOFTMAX`` over the last axis, of beta 1."""
    if s.option("Beta", 1.0) != 1:
        raise Unsupported(f"Beta={s.option('Beta')}")
    name = s.b.node("Softmax", [s.b.last(s.image(0)).name], s.made, {"axis": -1})
    return Image(name, s.shape)


def fully_connected(s: Scope) -> Image:
    """``FULLY_CONNECTED``: a matrix (out, in) on the last axis, or on all behind the batch."""
    if s.option("WeightsFormat", 0):
        raise Unsupported("shuffled weights")
    matrix = s.tensor(1).shape
    if len(matrix) != 2 or None in matrix:
        raise InputError(f"a weight must be a matrix, got {list(matrix)}")
    rows = s.b.node(
        "Reshape",
        [s.b.last(s.image(0)).name, s.integers_at("rows", [-1, matrix[1] or 0])],
        f"{s.made}/rows",
    )
    inputs = [rows, s.image(1).name, *([s.image(2).name] if s.has(2) else [])]
    if len(s.shape) == 2:
        name = s.b.node("Gemm", inputs, s.made, {"transB": 1})
        return s.activated(name, s.shape, first=False)
    name = s.b.node("Gemm", inputs, f"{s.made}/gemm", {"transB": 1})
    sizes = [-1 if n is None else n for n in s.shape]
    name = s.b.node("Reshape", [name, s.integers_at("shape", sizes)], s.made)
    return s.activated(name, s.shape, first=False)


def concatenation(s: Scope) -> Image:
    """``CONCATENATION``."""
    found = s.b.alike([s.image(place) for place in range(len(s.inputs))])
    attributes = {"axis": axis_of(found[0], s.number("Axis", -len(s.shape)))}
    name = s.b.node("Concat", [image.name for image in found], s.made, attributes)
    return s.activated(name, s.shape, found[0].first)


def _order(image: Image) -> list[int]:
    """The axes of TFLite's shape in the order in which they stand in the graph."""
    axes = list(range(image.rank))
    return [0, axes[-1], *axes[1:-1]] if image.first else axes


def pad(s: Scope) -> Image:
    """``PAD``, ``PADV2`` and ``MIRROR_PAD``."""
    image, pairs = s.image(0), s.value(1)
    if pairs.shape != (image.rank, 2):
        raise InputError(f"pads must be a pair for each of {image.rank} axes, got {pairs.shape}")
    mirrored = s.operator.op == "MIRROR_PAD"
    if mirrored and s.option("Mode"):
        raise Unsupported("a mirror that repeats the edge")
    ends = [int(pairs[axis, side]) for side in (0, 1) for axis in _order(image)]
    inputs = [image.name, s.integers_at("pads", ends)]
    if s.has(2):
        inputs.append(s.b.constant(f"{s.made}/value", s.value(2).reshape(())))
    name = s.b.node("Pad", inputs, s.made, {"mode": "reflect" if mirrored else "constant"})
    return Image(name, s.shape, image.first)


def reshape(s: Scope) -> Image:
    """``RESHAPE``; by its own output where that has numbers."""
    sizes = [-1 if n is None else n for n in s.shape]
    if sizes.count(-1) > 1:
        raise Unsupported("several sizes that are free")
    inputs = [s.b.last(s.image(0)).name, s.integers_at("shape", sizes)]
    return Image(s.b.node("Reshape", inputs, s.made), s.shape)


def transpose(s: Scope) -> Image:
    """``TRANSPOSE``."""
    image, order = s.b.last(s.image(0)), s.integers(1)
    if sorted(order) != list(range(image.rank)):
        raise InputError(f"{order} is no order of {image.rank} axes")
    return Image(s.b.node("Transpose", [image.name], s.made, {"perm": order}), s.shape)


def reduction(op: str, s: Scope) -> Image:
    """``MEAN``, ``SUM`` and maxima over axes."""
    image, kept = s.image(0), bool(s.option("KeepDims"))
    axes = sorted(axis % max(image.rank, 1) for axis in s.integers(1))
    if not kept and axes != list(range(1, image.rank - 1)):
        image = s.b.last(image)
    places = s.integers_at("axes", [axis_of(image, axis) for axis in axes])
    name = s.b.node(op, [image.name, places], s.made, {"keepdims": int(kept)})
    return Image(name, s.shape, image.first and kept)


def strided_slice(s: Scope) -> Image:
    """``STRIDED_SLICE`` with masks for begins, ends and axes that go."""
    image = s.image(0)
    begins, ends, steps = (s.integers(place) for place in (1, 2, 3))
    masks = [s.number(name, 0) for name in ("BeginMask", "EndMask", "ShrinkAxisMask")]
    if s.option("EllipsisMask") or s.option("NewAxisMask") or s.option("Offset"):
        raise Unsupported("an ellipsis, a new axis, or an offset")
    if any(step < 1 for step in steps) or len({len(begins), len(ends), len(steps)}) != 1:
        raise Unsupported("steps below 1")
    gone = [axis for axis in range(len(begins)) if masks[2] >> axis & 1]
    image = s.b.last(image) if gone else image
    for axis in range(len(begins)):
        if axis in gone:
            ends[axis] = begins[axis] + 1 if begins[axis] != -1 else _END
        else:
            begins[axis] = 0 if masks[0] >> axis & 1 else begins[axis]
            ends[axis] = _END if masks[1] >> axis & 1 else ends[axis]
    stem = f"{s.made}/slice" if gone else s.made
    name = _sliced(s, image, begins, ends, steps, stem)
    if gone:
        name = s.b.node("Squeeze", [name, s.integers_at("gone", gone)], s.made)
    return Image(name, s.shape, image.first)


_END = 2**31 - 1


def _sliced(
    s: Scope, image: Image, begins: list[int], ends: list[int], steps: list[int], stem: str
) -> str:
    axes = [axis_of(image, axis) for axis in range(len(begins))]
    words = zip(("begins", "ends", "axes", "steps"), (begins, ends, axes, steps), strict=True)
    return s.b.node("Slice", [image.name, *(s.integers_at(*pair) for pair in words)], stem)


def slice_(s: Scope) -> Image:
    """``SLICE``: begins and sizes, of which -1 is to the end."""
    image, begins, sizes = s.image(0), s.integers(1), s.integers(2)
    if len(begins) != len(sizes) or any(begin < 0 for begin in begins):
        raise InputError(f"begins {begins} and sizes {sizes} do not fit together")
    pairs = zip(begins, sizes, strict=True)
    ends = [_END if size == -1 else begin + size for begin, size in pairs]
    return Image(_sliced(s, image, begins, ends, [1] * len(begins), s.made), s.shape, image.first)


def squeeze(s: Scope) -> Image:
    """``SQUEEZE`` and ``EXPAND_DIMS``, which only change the shape."""
    return reshape(s)


def cast(s: Scope) -> Image:
    """``CAST`` and ``DEQUANTIZE`` between real numbers."""
    one, other = s.tensor(0).dtype, s.outputs[0].dtype
    if not {one, other} <= {"float16", "float32", "float64"}:
        raise Unsupported(f"from {one} to {other}")
    numbers = {"float32": 1, "float16": 10, "float64": 11}
    return unary("Cast", s, to=numbers[other])


RULES: dict[str, Rule] = {
    "ABS": partial(unary, "Abs"),
    "ADD": partial(binary, "Add"),
    "CAST": cast,
    "CONCATENATION": concatenation,
    "COS": partial(unary, "Cos"),
    "DEQUANTIZE": cast,
    "DIV": partial(binary, "Div"),
    "ELU": partial(unary, "Elu"),
    "EXP": partial(unary, "Exp"),
    "EXPAND_DIMS": squeeze,
    "FLOOR": partial(unary, "Floor"),
    "FULLY_CONNECTED": fully_connected,
    "HARD_SWISH": hard_swish,
    "LEAKY_RELU": leaky_relu,
    "LOG": partial(unary, "Log"),
    "LOGISTIC": partial(unary, "Sigmoid"),
    "MAXIMUM": partial(binary, "Max"),
    "MEAN": partial(reduction, "ReduceMean"),
    "MINIMUM": partial(binary, "Min"),
    "MIRROR_PAD": pad,
    "MUL": partial(binary, "Mul"),
    "NEG": partial(unary, "Neg"),
    "PAD": pad,
    "PADV2": pad,
    "PRELU": prelu,
    "REDUCE_MAX": partial(reduction, "ReduceMax"),
    "REDUCE_MIN": partial(reduction, "ReduceMin"),
    "RELU": partial(unary, "Relu"),
    "RELU6": partial(clip, 0, 6),
    "RELU_N1_TO_1": partial(clip, -1, 1),
    "RESHAPE": reshape,
    "SIN": partial(unary, "Sin"),
    "SLICE": slice_,
    "SOFTMAX": softmax,
    "SQRT": partial(unary, "Sqrt"),
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "SUB": partial(binary, "Sub"),
    "SUM": partial(reduction, "ReduceSum"),
    "TANH": partial(unary, "Tanh"),
    "TRANSPOSE": transpose,
}

MOVES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SLICE", "STRIDED_SLICE", "TRANSPOSE")
"""Operators that only move values, of whatever element type."""
