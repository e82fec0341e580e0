"""Norms, matrices, merges and reshapings of Keras as operators of ONNX.

Source: Keras 3, ``keras.layers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from symconv.dialect.models.build import Builder, Image, Shape, axis_of
from symconv.dialect.models.keras.activations import activated
from symconv.dialect.models.keras.node import KerasNode
from symconv.errors import InputError, Unsupported
from symconv.layer.padding import is_int


def batch_norm(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``BatchNormalization`` as it is applied: with its running statistics."""
    image = images[0]
    shape, axis = image.known("it"), _axis(node, image.rank)
    if axis not in (1, image.rank - 1) or (channels := shape[axis]) is None:
        raise Unsupported(f"axis={node.config.get('axis')!r} of the shape {list(shape)}")
    turned = b.first(image) if axis == image.rank - 1 and image.rank > 2 else b.last(image)
    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    scale = (
        b.weight(f"{node.name}/gamma", [channels])
        if node.switch("scale")
        else b.constant(f"{node.name}/one", ones)
    )
    shift = (
        b.weight(f"{node.name}/beta", [channels])
        if node.switch("center")
        else b.constant(f"{node.name}/zero", zeros)
    )
    mean = b.weight(f"{node.name}/moving_mean", [channels])
    variance = b.weight(f"{node.name}/moving_variance", [channels], positive=True)
    epsilon = node.number("epsilon", 0.001)
    inputs = [turned.name, scale, shift, mean, variance]
    name = b.node("BatchNormalization", inputs, node.call, {"epsilon": epsilon})
    return Image(name, shape, turned.first)


def _axis(node: KerasNode, rank: int) -> int:
    value = node.config.get("axis", -1)
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not is_int(value) or not -rank <= value < rank:
        raise InputError(f"axis must be one of {rank}, got {value!r}")
    return int(value) % rank


def layer_norm(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``LayerNormalization`` over the last axis."""
    image = b.last(images[0])
    shape = image.known("it")
    if _axis(node, image.rank) != image.rank - 1 or (channels := shape[-1]) is None:
        raise Unsupported(f"axis={node.config.get('axis')!r}")
    if not node.switch("scale") or node.switch("rms_scaling", False):
        raise Unsupported("without its scale, or with rms_scaling")
    inputs = [image.name, b.weight(f"{node.name}/gamma", [channels])]
    if node.switch("center"):
        inputs.append(b.weight(f"{node.name}/beta", [channels]))
    attributes = {"axis": -1, "epsilon": node.number("epsilon", 0.001)}
    return Image(b.node("LayerNormalization", inputs, node.call, attributes), shape)


def dense(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Dense``: a matrix on the last axis."""
    image, units = b.last(images[0]), node.count("units")
    shape = image.known("it")
    if not shape or (channels := shape[-1]) is None:
        raise InputError(f"the last dimension of {list(shape)} is not known")
    kernel = b.weight(f"{node.name}/kernel", [channels, units])
    bias = node.switch("use_bias")
    name = b.node("MatMul", [image.name, kernel], f"{node.call}/matmul" if bias else node.call)
    if bias:
        name = b.node("Add", [name, b.weight(f"{node.name}/bias", [units])], node.call)
    return activated(b, node, Image(name, (*shape[:-1], units)))


def merge(op: str, b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Add``, ``Multiply``, ``Maximum``, ...: value by value, with NumPy's broadcasting."""
    found = b.alike(images)
    name = found[0].name
    if op in ("Max", "Min", "Mean"):
        name = b.node(op, [image.name for image in found], node.call)
    else:
        for place, image in enumerate(found[1:]):
            stem = node.call if place == len(found) - 2 else f"{node.call}/{place}"
            name = b.node(op, [name, image.name], stem)
    return Image(name, _broadcast([image.shape for image in found]), found[0].first)


def _broadcast(shapes: Sequence[Shape | None]) -> Shape | None:
    if any(shape is None for shape in shapes) or len({len(s or ()) for s in shapes}) != 1:
        return None
    columns = list(zip(*(shape or () for shape in shapes), strict=True))
    return tuple(next((n for n in column if n != 1), 1) for column in columns)


def concatenate(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Concatenate`` along an axis."""
    found = b.alike(images)
    shapes = [image.known("it") for image in found]
    axis = _axis(node, len(shapes[0]))
    parts = [shape[axis] for shape in shapes]
    total = None if None in parts else sum(n for n in parts if n is not None)
    attributes = {"axis": axis_of(found[0], axis)}
    name = b.node("Concat", [image.name for image in found], node.call, attributes)
    return Image(name, (*shapes[0][:axis], total, *shapes[0][axis + 1 :]), found[0].first)


def reshape(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Flatten`` and ``Reshape``, in the order of Keras' own dimensions."""
    image = b.last(images[0])
    shape = image.known("it")
    rest = None if None in shape[1:] else prod(n for n in shape[1:] if n is not None)
    target = [-1] if node.kind == "Flatten" else node.listed("target_shape")
    if not all(map(is_int, target)) or target.count(-1) > 1:
        raise InputError(f"target_shape must be integers with one -1 at most, got {target!r}")
    if node.kind == "Flatten" and node.channels_first:
        raise Unsupported("data_format='channels_first'")
    fixed = prod(n for n in target if n != -1)
    sizes = [(None if rest is None else rest // max(fixed, 1)) if n == -1 else n for n in target]
    inputs = [image.name, b.integers(f"{node.name}/shape", [0, *target])]
    return Image(b.node("Reshape", inputs, node.call), (shape[0], *sizes))


def permute(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Permute``: its dimensions count from 1."""
    image = b.last(images[0])
    shape, dims = image.known("it"), node.listed("dims")
    if sorted(map(str, dims)) != sorted(map(str, range(1, len(shape)))):
        raise InputError(f"dims must order {list(range(1, len(shape)))}, got {dims!r}")
    order = [0, *map(int, dims)]
    name = b.node("Transpose", [image.name], node.call, {"perm": order})
    return Image(name, tuple(shape[place] for place in order))
