"""Convolutions, poolings, paddings and enlargements of Keras as operators of ONNX.

Source: Keras 3, ``keras.layers``; padding as TensorFlow has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symconv.dialect.models.build import Builder, Image, pad_attributes, windowed
from symconv.dialect.models.keras.activations import activated
from symconv.dialect.models.keras.node import KerasNode, Space, enter, leave
from symconv.errors import InputError, Unsupported
from symconv.layer.padding import is_int


def _convolve(
    b: Builder, node: KerasNode, space: Space, out: int, groups: int, weight: str, final: bool
) -> Image:
    """A convolution with the weight of this name."""
    kernel, strides = node.axes("kernel_size"), node.axes("strides")
    dilations = node.axes("dilation_rate")
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    if space.channels % groups or out % groups:
        raise InputError(f"{space.channels} channels in and {out} out are not {groups} groups")
    inputs = [
        space.name,
        b.weight(f"{node.name}/{weight}", [out, space.channels // groups, *kernel]),
    ]
    if final and node.switch("use_bias"):
        inputs.append(b.weight(f"{node.name}/bias", [out]))
    padding = node.padding("causal")
    if padding == "causal":
        pads, shown = {"pads": [*(span - 1 for span in spans), *(0 for _ in spans)]}, "same"
    else:
        pads, shown = pad_attributes(space.sizes, kernel, strides, padding, dilations), padding
    attributes = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, **pads}
    name = b.node("Conv", inputs, node.call, {**attributes, "group": groups})
    rows = zip(space.sizes, spans, strides, strict=True)
    sizes = [windowed(n, span, s, shown) for n, span, s in rows]
    return leave(node, name, space.batch, out, sizes)


def conv(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Conv1D`` to ``Conv3D``."""
    space = enter(b, node, images[0])
    out, groups = node.count("filters"), node.count("groups", 1)
    return activated(b, node, _convolve(b, node, space, out, groups, "kernel", True))


def depthwise(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``DepthwiseConv1D`` and ``2D``."""
    space = enter(b, node, images[0])
    out = space.channels * node.count("depth_multiplier", 1)
    return activated(b, node, _convolve(b, node, space, out, space.channels, "kernel", True))


def separable(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``SeparableConv1D`` and ``2D``: a convolution in each channel, and one that mixes them."""
    space = enter(b, node, images[0])
    out = space.channels * node.count("depth_multiplier", 1)
    each = enter(b, node, _convolve(b, node, space, out, space.channels, "depthwise", False))
    filters, ones = node.count("filters"), [1] * node.rank
    inputs = [each.name, b.weight(f"{node.name}/pointwise", [filters, out, *ones])]
    if node.switch("use_bias"):
        inputs.append(b.weight(f"{node.name}/bias", [filters]))
    name = b.node("Conv", inputs, f"{node.call}/pointwise", {"kernel_shape": ones})
    return activated(b, node, leave(node, name, space.batch, filters, each.sizes))


def conv_transpose(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Conv1DTranspose`` to ``Conv3DTranspose``: N * stride outputs and, if valid, the rest."""
    if node.config.get("output_padding") is not None:
        raise Unsupported("output_padding is not read")
    space, out = enter(b, node, images[0]), node.count("filters")
    kernel, strides = node.axes("kernel_size"), node.axes("strides")
    dilations, groups = node.axes("dilation_rate"), node.count("groups", 1)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    over = [span - s for span, s in zip(spans, strides, strict=True)]
    crops = [max(o, 0) if node.padding() == "same" else 0 for o in over]
    attributes = {
        "kernel_shape": kernel,
        "strides": strides,
        "dilations": dilations,
        "group": groups,
        "pads": [*(c // 2 for c in crops), *(c - c // 2 for c in crops)],
        "output_padding": [max(-o, 0) for o in over],
    }
    inputs = [space.name, b.weight(f"{node.name}/kernel", [space.channels, out // groups, *kernel])]
    if node.switch("use_bias"):
        inputs.append(b.weight(f"{node.name}/bias", [out]))
    name = b.node("ConvTranspose", inputs, node.call, attributes)
    rows = zip(space.sizes, strides, over, crops, strict=True)
    sizes = [None if n is None else n * s + max(o, 0) - c for n, s, o, c in rows]
    return activated(b, node, leave(node, name, space.batch, out, sizes))


def pool(op: str, b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``MaxPooling1D`` to ``3D`` and averages, which count no pads."""
    space, kernel = enter(b, node, images[0]), node.axes("pool_size", 2)
    strides, padding = node.axes("strides", kernel), node.padding()
    attributes = {"kernel_shape": kernel, "strides": strides}
    pads = pad_attributes(space.sizes, kernel, strides, padding)
    name = b.node(op, [space.name], node.call, {**attributes, **pads})
    rows = zip(space.sizes, kernel, strides, strict=True)
    sizes = [windowed(n, k, s, padding) for n, k, s in rows]
    return leave(node, name, space.batch, space.channels, sizes)


def global_pool(op: str, b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``GlobalAveragePooling1D`` to ``3D``, and maxima."""
    space, kept = enter(b, node, images[0]), node.switch("keepdims", False)
    axes = b.integers("axes/space", range(2, node.rank + 2))
    name = b.node(op, [space.name, axes], node.call, {"keepdims": int(kept)})
    if kept:
        return leave(node, name, space.batch, space.channels, [1] * node.rank)
    return Image(name, (space.batch, space.channels))


def zero_padding(sign: int, b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``ZeroPadding1D`` to ``3D``; ``Cropping`` with the other sign."""
    space = enter(b, node, images[0])
    key = "padding" if sign > 0 else "cropping"
    pairs = _pairs(node.config.get(key, 1), node.rank)
    ends = [sign * end for side in (0, 1) for end in (0, 0, *(pair[side] for pair in pairs))]
    name = b.node("Pad", [space.name, b.integers(f"{node.name}/pads", ends)], node.call)
    sizes = [
        None if n is None else n + sign * sum(p) for n, p in zip(space.sizes, pairs, strict=True)
    ]
    return leave(node, name, space.batch, space.channels, sizes)


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    entries = list(value) if isinstance(value, list | tuple) else [value] * rank
    if rank == 1 and len(entries) == 2 and all(map(is_int, entries)):
        entries = [entries]
    pairs = [tuple(e) if isinstance(e, list | tuple) else (e, e) for e in entries]
    if len(pairs) != rank or not all(len(p) == 2 and all(map(is_int, p)) for p in pairs):
        raise InputError(f"expected a [before, after] pair for each of {rank} axes, got {value!r}")
    return [(int(lo), int(hi)) for lo, hi in pairs]


def up_sampling(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``UpSampling1D`` to ``3D``: each sample repeated, or between two of them a line."""
    space, factors = enter(b, node, images[0]), node.axes("size", 2)
    modes = {"nearest": "nearest", "bilinear": "linear"}
    if (mode := node.config.get("interpolation", "nearest")) not in modes:
        raise Unsupported(f"interpolation={mode!r}")
    scales = b.constant(f"{node.name}/scales", np.array([1, 1, *factors], dtype=np.float32))
    attributes: dict[str, Any] = {"mode": modes[mode]}
    if mode == "nearest":
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        attributes |= {"coordinate_transformation_mode": "half_pixel"}
    name = b.node("Resize", [space.name, "", scales], node.call, attributes)
    rows = zip(space.sizes, factors, strict=True)
    sizes = [None if n is None else n * factor for n, factor in rows]
    return leave(node, name, space.batch, space.channels, sizes)
