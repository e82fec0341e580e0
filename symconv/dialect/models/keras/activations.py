"""Functions of Keras by name, and the classes that are functions, as operators of ONNX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from symconv.dialect.models.build import Builder, Image
from symconv.errors import InputError, Unsupported

PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "hard_silu": ("HardSwish", {}),
    "hard_swish": ("HardSwish", {}),
    "mish": ("Mish", {}),
}
"""Functions that are one operator; hard_sigmoid is another one in Keras 2, and is opaque."""


class Called(Protocol):
    """What a function needs of the layer that applies it."""

    @property
    def kind(self) -> str:
        """The layer's class."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Its options."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def call(self) -> str:
        """The name of what this call makes."""


def activated(b: Builder, node: Called, image: Image) -> Image:
    """The tensor with the layer's function applied to every value."""
    if node.kind in _CLASSES:
        return _CLASSES[node.kind](b, node, image)
    given = node.config.get("activation", "linear")
    name = given.get("config") if isinstance(given, Mapping) else given
    name = "linear" if name is None else name
    if name == "linear":
        return image
    if name == "softmax":
        return _softmax(b, node, image)
    if not isinstance(name, str):
        return _opaque(b, node, image, given)
    return _named(b, node, image, name, given)


def _named(b: Builder, node: Called, image: Image, name: str, given: Any) -> Image:
    stem = f"{node.call}/{name}"
    if name in PLAIN:
        op, attributes = PLAIN[name]
        return _with(image, b.node(op, [image.name], stem, attributes))
    if name in ("silu", "swish"):
        gate = b.node("Sigmoid", [image.name], f"{stem}/gate")
        return _with(image, b.node("Mul", [image.name, gate], stem))
    if name == "relu6":
        return _with(image, _clipped(b, image.name, stem, 0.0, 6.0))
    return _opaque(b, node, image, given)


def _opaque(b: Builder, node: Called, image: Image, given: Any) -> Image:
    """A function without a rule, of the whole tensor."""
    attributes = {"config": json.dumps(given, sort_keys=True, default=str)}
    last = b.last(image)
    stem = f"{node.call}/activation"
    return _with(last, b.node("Activation", [last.name], stem, attributes, domain="keras"))


def _with(image: Image, name: str) -> Image:
    return Image(name, image.shape, image.first)


def _clipped(b: Builder, name: str, stem: str, low: float, high: float) -> str:
    ends = [b.constant(f"{stem}/{v:g}", np.array(v, dtype=np.float32)) for v in (low, high)]
    return b.node("Clip", [name, *ends], stem)


def _number(node: Called, *keys: str, default: float) -> float:
    """An option that is a number, under any of its names."""
    value = next((node.config[k] for k in keys if node.config.get(k) is not None), default)
    if isinstance(value, Mapping):  # an array, as Keras 3 writes it
        value = value.get("config", {}).get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{keys[0]} must be a number, got {value!r}")
    return float(value)


def _relu(b: Builder, node: Called, image: Image) -> Image:
    slope, low = (_number(node, k, default=0.0) for k in ("negative_slope", "threshold"))
    if low:
        raise Unsupported(f"threshold={low}")
    if node.config.get("max_value") is None:
        op, attributes = ("LeakyRelu", {"alpha": slope}) if slope else ("Relu", {})
        return _with(image, b.node(op, [image.name], node.call, attributes))
    if slope:
        raise Unsupported("max_value beside negative_slope")
    most = _number(node, "max_value", default=6.0)
    return _with(image, _clipped(b, image.name, node.call, 0.0, most))


def _leaky(b: Builder, node: Called, image: Image) -> Image:
    slope = _number(node, "negative_slope", "alpha", default=0.3)
    return _with(image, b.node("LeakyRelu", [image.name], node.call, {"alpha": slope}))


def _elu(b: Builder, node: Called, image: Image) -> Image:
    alpha = _number(node, "alpha", default=1.0)
    return _with(image, b.node("Elu", [image.name], node.call, {"alpha": alpha}))


def _softmax(b: Builder, node: Called, image: Image) -> Image:
    axis = node.config.get("axis", -1) if node.kind == "Softmax" else -1
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise Unsupported(f"axis={axis!r}")
    last = b.last(image)
    stem = node.call if node.kind == "Softmax" else f"{node.call}/softmax"
    return _with(last, b.node("Softmax", [last.name], stem, {"axis": axis}))


def _prelu(b: Builder, node: Called, image: Image) -> Image:
    """A slope for each value, shared along some axes; they lie as the tensor does."""
    shape, shared = image.known("it")[1:], node.config.get("shared_axes") or []
    if not isinstance(shared, list | tuple):
        raise InputError(f"shared_axes must be a list, got {shared!r}")
    slopes = [1 if axis in shared else n for axis, n in enumerate(shape, start=1)]
    known = [n for n in slopes if n is not None]
    if len(known) < len(slopes):
        raise Unsupported("a slope for each value of an input of unknown size")
    lying = [known[-1], *known[:-1]] if image.first else known
    alpha = b.weight(f"{node.name}/alpha", lying)
    return _with(image, b.node("PRelu", [image.name, alpha], node.call))


_CLASSES = {
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "PReLU": _prelu,
    "ELU": _elu,
    "Softmax": _softmax,
}
