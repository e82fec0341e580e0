"""Convolutions, poolings and enlargements of TFLite as operators of ONNX.

Source: TensorFlow Lite's reference kernels, ``tensorflow/lite/kernels/internal/reference``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from symconv.dialect.models.build import Image, Shape, pad_attributes
from symconv.dialect.models.tflite.parse import TfOperator
from symconv.dialect.models.tflite.scope import Rule, Scope
from symconv.errors import InputError, Unsupported

MEDIAPIPE = "Convolution2DTransposeBias"


def _image(s: Scope, place: int) -> tuple[Image, Shape]:
    """An input of four axes with its channels first, and its shape as TFLite has it."""
    image = s.b.first(s.image(place))
    shape = image.known("it")
    if len(shape) != 4 or shape[3] is None:
        raise InputError(f"it takes four dimensions with known channels, got {list(shape)}")
    return image, shape


def _weight(s: Scope, place: int, order: Sequence[int]) -> str:
    """A weight with its axes in ONNX's order; a constant is turned here."""
    tensor = s.tensor(place)
    if len(tensor.shape) != 4:
        raise InputError(f"weight {tensor.name!r} must have four axes, got {tensor.shape}")
    if (value := s.values.get(tensor.name)) is not None:
        turned = np.ascontiguousarray(np.transpose(value, order))
        return s.b.constant(f"{tensor.name}/{''.join(map(str, order))}", turned)
    inputs = [s.b.last(s.image(place)).name]
    return s.b.node("Transpose", inputs, f"{s.made}/weight", {"perm": list(order)})


def _kernel(s: Scope, place: int) -> list[int]:
    sizes = s.tensor(place).shape[1:3]
    if any(n is None or n < 1 for n in sizes):
        raise InputError(f"a kernel's sizes must be positive, got {list(sizes)}")
    return [n for n in sizes if n is not None]


def _strides(s: Scope) -> list[int]:
    return [s.number("StrideH"), s.number("StrideW")]


def _bias(s: Scope, place: int) -> list[str]:
    return [s.image(place).name] if s.has(place) else []


def conv(s: Scope) -> Image:
    """``CONV_2D``: the weight is (out, height, width, in / groups)."""
    image, shape = _image(s, 0)
    inner, channels = s.tensor(1).shape[3], shape[3] or 0
    if not inner or channels % inner:
        raise InputError(f"{channels} channels are no groups of {inner}")
    return _convolved(s, image, shape, channels // inner, [0, 3, 1, 2])


def depthwise(s: Scope) -> Image:
    """``DEPTHWISE_CONV_2D``: the weight is (1, height, width, in * multiplier)."""
    image, shape = _image(s, 0)
    if (s.tensor(1).shape[3] or 0) % (shape[3] or 1):
        raise InputError(f"{s.tensor(1).shape[3]} filters are no multiple of {shape[3]} channels")
    return _convolved(s, image, shape, shape[3] or 1, [3, 0, 1, 2])


def _convolved(s: Scope, image: Image, shape: Shape, groups: int, order: Sequence[int]) -> Image:
    kernel, strides = _kernel(s, 1), _strides(s)
    dilations = [s.number("DilationHFactor"), s.number("DilationWFactor")]
    pads = pad_attributes(shape[1:3], kernel, strides, s.padding(), dilations)
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides, "group": groups}
    inputs = [image.name, _weight(s, 1, order), *_bias(s, 2)]
    name = s.b.node("Conv", inputs, s.made, {**attributes, "dilations": dilations, **pads})
    return s.activated(name, s.shape, first=True)


def transposed(s: Scope) -> Image:
    """``TRANSPOSE_CONV``: the gradient of a convolution, of the size that is asked for."""
    name = _scattered(s, 2, _strides(s), _bias(s, 3))
    return s.activated(name, s.shape, first=True)


def with_bias(s: Scope) -> Image:
    """MediaPipe's ``Convolution2DTransposeBias`` where no output is cropped.

    Source: MediaPipe, ``util/tflite/operations/transpose_conv_bias.cc``.
    """
    strides = strides_of(s.operator)
    if len(strides) != 2 or min(strides) < 1:
        raise Unsupported("options of another form")
    return Image(_scattered(s, 0, strides, _bias(s, 2), whole=True), s.shape, first=True)


def strides_of(operator: TfOperator) -> list[int]:
    """The strides of an operator with a window, height first; none where it has no window."""
    if operator.op == MEDIAPIPE:  # its options' bytes: padding, stride along the width, the height
        told = bytes.fromhex(str(operator.options.get("custom_options", "")))
        return list(struct.unpack("<iii", told)[:0:-1]) if len(told) == 12 else []
    strides = [operator.options.get(name) for name in ("StrideH", "StrideW")]
    return [stride for stride in strides if isinstance(stride, int)]


def _scattered(
    s: Scope, place: int, strides: list[int], bias: list[str], whole: bool = False
) -> str:
    """A transposed convolution of an input, whose crops follow from the sizes; ``whole``: none."""
    image, shape = _image(s, place)
    wanted, kernel = s.shape[1:3], _kernel(s, 1)
    if None in shape[1:3] or None in wanted:
        raise Unsupported("sizes that are free")
    rows = zip(shape[1:3], wanted, kernel, strides, strict=True)
    full = [((n or 0) - 1) * t + k - (m or 0) for n, m, k, t in rows]
    crops = [max(total, 0) for total in full]
    more = [max(-total, 0) for total in full]
    if (whole and any(full)) or any(m >= t for m, t in zip(more, strides, strict=True)):
        raise Unsupported(f"outputs of {list(wanted)} from {list(shape[1:3])}")
    attributes = {
        "kernel_shape": kernel,
        "strides": strides,
        "pads": [*(c // 2 for c in crops), *(c - c // 2 for c in crops)],
        "output_padding": more,
    }
    inputs = [image.name, _weight(s, 1, [3, 0, 1, 2]), *bias]
    return s.b.node("ConvTranspose", inputs, s.made, attributes)


def _pool(s: Scope, op: str) -> Image:
    image, shape = _image(s, 0)
    kernel, strides = [s.number("FilterHeight"), s.number("FilterWidth")], _strides(s)
    pads = pad_attributes(shape[1:3], kernel, strides, s.padding())
    attributes = {"kernel_shape": kernel, "strides": strides, **pads}
    return s.activated(s.b.node(op, [image.name], s.made, attributes), s.shape, first=True)


def max_pool(s: Scope) -> Image:
    """``MAX_POOL_2D``."""
    return _pool(s, "MaxPool")


def average_pool(s: Scope) -> Image:
    """``AVERAGE_POOL_2D``, which counts no pads."""
    return _pool(s, "AveragePool")


def _resized(s: Scope, attributes: dict[str, Any]) -> Image:
    image, shape = _image(s, 0)
    if s.shape[0] is None or s.shape[1] is None or s.shape[2] is None:
        raise Unsupported("sizes that are free")
    sizes = s.integers_at("sizes", [s.shape[0], shape[3] or 0, s.shape[1], s.shape[2]])
    return Image(s.b.node("Resize", [image.name, "", "", sizes], s.made, attributes), s.shape, True)


def bilinear(s: Scope) -> Image:
    """``RESIZE_BILINEAR``."""
    corners, centers = bool(s.option("AlignCorners")), bool(s.option("HalfPixelCenters"))
    mode = "align_corners" if corners else "half_pixel" if centers else "asymmetric"
    return _resized(s, {"mode": "linear", "coordinate_transformation_mode": mode})


def nearest(s: Scope) -> Image:
    """``RESIZE_NEAREST_NEIGHBOR``: half a sample further, the nearest is rounded up."""
    corners, centers = bool(s.option("AlignCorners")), bool(s.option("HalfPixelCenters"))
    mode = "align_corners" if corners else "half_pixel" if centers else "asymmetric"
    rounding = "floor" if mode == "asymmetric" else "round_prefer_ceil"
    attributes = {"coordinate_transformation_mode": mode, "nearest_mode": rounding}
    return _resized(s, {"mode": "nearest", **attributes})


def depth_to_space(s: Scope) -> Image:
    """``DEPTH_TO_SPACE``, phase-major."""
    image, _ = _image(s, 0)
    attributes = {"blocksize": s.number("BlockSize"), "mode": "DCR"}
    return Image(s.b.node("DepthToSpace", [image.name], s.made, attributes), s.shape, first=True)


def space_to_depth(s: Scope) -> Image:
    """``SPACE_TO_DEPTH``, phase-major."""
    image, _ = _image(s, 0)
    attributes = {"blocksize": s.number("BlockSize")}
    return Image(s.b.node("SpaceToDepth", [image.name], s.made, attributes), s.shape, first=True)


CUSTOM: dict[str, Rule] = {MEDIAPIPE: with_bias}
"""Rules of operators that are not TFLite's own."""

RULES: dict[str, Rule] = {
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "TRANSPOSE_CONV": transposed,
    "MAX_POOL_2D": max_pool,
    "AVERAGE_POOL_2D": average_pool,
    "RESIZE_BILINEAR": bilinear,
    "RESIZE_NEAREST_NEIGHBOR": nearest,
    "DEPTH_TO_SPACE": depth_to_space,
    "SPACE_TO_DEPTH": space_to_depth,
}
