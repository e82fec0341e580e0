"""The rule of each class of Keras; a class without one is an opaque operator.

A layer's weights are not in its JSON.  Each is a constant with values of its own, made from the
layer's name, so that a proof about free weights is about every model of this form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from symconv.dialect.models.build import Builder, Image, Shape, strides_told
from symconv.dialect.models.keras.activations import activated
from symconv.dialect.models.keras.node import KerasNode
from symconv.dialect.models.keras.values import (
    batch_norm,
    concatenate,
    dense,
    layer_norm,
    merge,
    permute,
    reshape,
)
from symconv.dialect.models.keras.windows import (
    conv,
    conv_transpose,
    depthwise,
    global_pool,
    pool,
    separable,
    up_sampling,
    zero_padding,
)
from symconv.errors import Unsupported


def activation(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Activation``, and the classes that are functions."""
    return activated(b, node, images[0])


def rescaling(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """``Rescaling``: one factor and one number for all values."""
    image, ends = images[0], [node.config.get("scale", 1.0), node.config.get("offset", 0.0)]
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
        raise Unsupported(f"scale and offset {ends!r}")
    scale, offset = (b.constant(f"float/{float(end):g}", np.float32(end)) for end in ends)
    name = b.node("Mul", [image.name, scale], f"{node.call}/scaled")
    return Image(b.node("Add", [name, offset], node.call), image.shape, image.first)


def nothing(b: Builder, node: KerasNode, images: Sequence[Image]) -> Image:
    """What leaves every value as it is when a network is applied."""
    return images[0]


def opaque(
    b: Builder, node: KerasNode, images: Sequence[Image], arguments: Any, shape: Shape | None
) -> Image:
    """A layer without a rule: some function of its inputs and of its own weights."""
    config = json.dumps(node.config, sort_keys=True, default=str)
    # Its weights are its own: the layer's name tells two of equal options apart.
    strides = node.config.get("strides") or node.config.get("pool_size")
    attributes: dict[str, Any] = {**strides_told(strides), "config": config}
    attributes |= {"layer": node.name, "arguments": arguments}
    inputs = [b.last(image).name for image in images]
    return Image(b.node(node.kind, inputs, node.call, attributes, domain="keras"), shape)


Rule = Callable[[Builder, KerasNode, Sequence[Image]], Image]


def _ranked(stem: str, rule: Rule, ending: str = "") -> dict[str, Rule]:
    return {f"{stem}{rank}D{ending}": rule for rank in (1, 2, 3)}


RULES: dict[str, Rule] = {
    **_ranked("Conv", conv),
    **_ranked("Conv", conv_transpose, "Transpose"),
    **_ranked("DepthwiseConv", depthwise),
    **_ranked("SeparableConv", separable),
    **_ranked("MaxPooling", partial(pool, "MaxPool")),
    **_ranked("AveragePooling", partial(pool, "AveragePool")),
    **_ranked("GlobalMaxPooling", partial(global_pool, "ReduceMax")),
    **_ranked("GlobalAveragePooling", partial(global_pool, "ReduceMean")),
    **_ranked("ZeroPadding", partial(zero_padding, 1)),
    **_ranked("Cropping", partial(zero_padding, -1)),
    **_ranked("UpSampling", up_sampling),
    **_ranked("SpatialDropout", nothing),
    **dict.fromkeys(("Flatten", "Reshape"), reshape),
    **dict.fromkeys(
        ("Dropout", "GaussianNoise", "GaussianDropout", "ActivityRegularization", "Identity"),
        nothing,
    ),
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"), activation),
    "BatchNormalization": batch_norm,
    "Rescaling": rescaling,
    "LayerNormalization": layer_norm,
    "Dense": dense,
    "Permute": permute,
    "Concatenate": concatenate,
    "Add": partial(merge, "Add"),
    "Subtract": partial(merge, "Sub"),
    "Multiply": partial(merge, "Mul"),
    "Maximum": partial(merge, "Max"),
    "Minimum": partial(merge, "Min"),
    "Average": partial(merge, "Mean"),
}
"""The rule of each class; a class without one is an opaque operator."""
