"""Layers of Keras as JSON: ``{"class_name": "Conv2D", "config": {...}}``.

Source: Keras 3, ``keras.layers``: convolutions and poolings with ``padding`` ``valid``, ``same``
(TensorFlow's: ceil(N / stride) outputs) and ``causal``; averages count no pads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from symconv.dialect.pasted.base import (
    BESIDE,
    Fault,
    Pasted,
    Text,
    beside,
    guarded,
    no_layer,
    one_of,
    per_axis,
)
from symconv.errors import LayerError, Unsupported
from symconv.layer.padding import is_int
from symconv.layer.pointwise import POINTWISE

KINDS = ("Conv", "DepthwiseConv", "SeparableConv", "MaxPooling", "AveragePooling")
MODELS = ("Functional", "Sequential", "Model")
WITHOUT: dict[str, str] = {
    "GlobalMaxPooling": "its window is the whole input, and has no stride",
    "GlobalAveragePooling": "its window is the whole input, and has no stride",
    "ZeroPadding": "it is a padding; write it as the next layer's",
    "UpSampling": "it repeats samples",
}
_KIND = re.compile(r"(?P<stem>\w+?)(?P<rank>[123])D(?P<transposed>Transpose)?")


@dataclass(frozen=True, slots=True)
class KerasLayer:
    """A layer: its class, number of axes, configuration, and the shape that it was built for."""

    kind: str
    stem: str
    rank: int
    config: Mapping[str, Any]
    shape: tuple[Any, ...]
    given: Mapping[str, Any]

    def axes(self, name: str, default: Any = 1) -> list[Any]:
        """An option with one value per axis."""
        value = self.config.get(name)
        found = per_axis(default if value is None else value, self.rank)
        if not all(map(is_int, found)):
            raise LayerError(f"{name} must be an integer or one per axis, got {value!r}")
        return found

    def count(self, name: str) -> Any:
        """An option that is a number.

        Raises:
            LayerError: it is missing.
        """
        if self.config.get(name) is None:
            raise LayerError(f"{name} is missing")
        return self.config[name]

    @property
    def beside(self) -> dict[str, Any]:
        """Channels and size by the shape that it was built for, and by what stands beside it."""
        if len(self.shape) != self.rank + 2:
            return dict(self.given)
        first = self.config.get("data_format") == "channels_first"
        channels = self.shape[1] if first else self.shape[-1]
        size = self.shape[2:] if first else self.shape[1:-1]
        found: dict[str, Any] = {"in_channels": channels} if channels else {}
        if all(map(is_int, size)):
            found["input_size"] = list(size)
        return {**found, **self.given}


def read_layer_object(layer: KerasLayer) -> Pasted:
    """Read a layer, and the function after it, as a layer or a chain.

    Raises:
        LayerError: an option is missing, or has another form.
        Unsupported: symconv has no layer for the class, or not for an option.
    """
    read = _CLASSES.get(layer.stem)
    if read is None or not layer.rank:
        has = [f"{kind}1D to {kind}3D" for kind in KINDS]
        raise no_layer("Keras", layer.kind, has, WITHOUT.get(layer.stem, ""))
    first, *others = read(layer)
    first, size, notes = beside(first, layer.beside)
    name = str(layer.config.get("name") or layer.kind)
    items = (first, *others, *_activation(layer.config.get("activation")))
    return Pasted(DIALECT.noun, name, items, layer.rank, size, notes)


def _activation(value: Any) -> tuple[Text, ...]:
    """The function that a layer applies at the end, as an item of a chain."""
    if value in (None, "linear"):
        return ()
    if value not in POINTWISE:
        raise Unsupported(
            f"activation={value!r} is not read; symconv knows {', '.join(POINTWISE)}; "
            "leave it out to read the layer alone"
        )
    return ({"op": value},)


def _window(layer: KerasLayer, kernel: str) -> Text:
    stride = layer.axes("strides", layer.config.get(kernel) if kernel == "pool_size" else 1)
    found = {"kernel_size": layer.axes(kernel, layer.count(kernel)), "stride": stride}
    return {**found, "padding": _padding(layer, found["kernel_size"])}


def _padding(layer: KerasLayer, kernel: list[int]) -> Any:
    value = layer.config.get("padding", "valid")
    if value == "causal" and layer.kind == "Conv1D":
        return [[dilation * (k - 1), 0] for k, dilation in _taps(layer, kernel)]
    if value not in ("valid", "same"):
        raise LayerError(f"padding must be 'valid' or 'same', got {value!r}")
    return value


def _taps(layer: KerasLayer, kernel: list[int]) -> list[tuple[int, int]]:
    return list(zip(kernel, layer.axes("dilation_rate"), strict=True))


def _convolved(layer: KerasLayer) -> Text:
    """What all convolutions have, but their channels."""
    window, bias = _window(layer, "kernel_size"), bool(layer.config.get("use_bias", True))
    return {"op": "conv", **window, "dilation": layer.axes("dilation_rate"), "bias": bias}


def _conv(layer: KerasLayer) -> tuple[Text, ...]:
    found = {
        **_convolved(layer),
        "groups": layer.config.get("groups", 1),
        "out_channels": layer.count("filters"),
    }
    return (found,)


def _conv_transpose(layer: KerasLayer) -> tuple[Text, ...]:
    """Its output has max(kernel, stride) - stride samples more than N * stride, none with SAME."""
    if layer.config.get("output_padding") is not None:
        raise Unsupported("output_padding is not read; leave it out, or write a conv_transpose")
    (found,) = _conv(layer)
    pairs = zip(_taps(layer, found["kernel_size"]), found["stride"], strict=True)
    if found["padding"] == "valid":
        # Where the stride is larger than the kernel, the last outputs read nothing.
        found["padding"] = [[0, min(d * (k - 1) + 1 - s, 0)] for (k, d), s in pairs]
    return ({**found, "op": "conv_transpose"},)


def _depthwise(layer: KerasLayer) -> tuple[Text, ...]:
    channels = layer.beside.get("in_channels", 1)
    many = layer.config.get("depth_multiplier", 1)
    if not is_int(many) or not is_int(channels):
        raise LayerError(f"depth_multiplier must be an integer, got {many!r}")
    found = {**_convolved(layer), "groups": channels, "out_channels": channels * many}
    if "in_channels" in layer.beside:
        found["in_channels"] = channels
    return (found,)


def _separable(layer: KerasLayer) -> tuple[Text, ...]:
    (depthwise,) = _depthwise(layer)
    ones = [1] * layer.rank
    mixing = {
        "op": "conv",
        "in_channels": depthwise["out_channels"],
        "kernel_size": ones,
        "out_channels": layer.count("filters"),
        "bias": depthwise["bias"],
    }
    return {**depthwise, "bias": False}, mixing


def _pool(op: str, layer: KerasLayer) -> tuple[Text, ...]:
    found = {"op": op, "legality": "onnx", **_window(layer, "pool_size")}
    return ({**found, "count_include_pad": False} if op == "avg_pool" else found,)


_CLASSES: dict[str, Callable[[KerasLayer], tuple[Text, ...]]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthwiseConv": _depthwise,
    "SeparableConv": _separable,
    "MaxPooling": partial(_pool, "max_pool"),
    "AveragePooling": partial(_pool, "avg_pool"),
}


def _of_object(document: Mapping[str, Any]) -> KerasLayer:
    kind, config = document.get("class_name"), document.get("config", {})
    if not isinstance(kind, str) or not isinstance(config, Mapping):
        raise LayerError(f"class_name must be a text beside an object 'config', got {kind!r}")
    if kind in MODELS:
        raise Unsupported("it is a model, not a layer; prove it as one: symconv prove MODEL")
    found = _KIND.fullmatch(kind)
    stem = found["stem"] + (found["transposed"] or "") if found else kind
    built = document.get("build_config")
    shape = built.get("input_shape") if isinstance(built, Mapping) else None
    shape = shape or config.get("batch_input_shape") or config.get("batch_shape") or ()
    if not isinstance(shape, list | tuple):
        raise LayerError(f"its input's shape must be a list, got {shape!r}")
    given = {key: document[key] for key in BESIDE if key in document}
    rank = int(found["rank"]) if found else 0
    return KerasLayer(kind, stem, rank, config, tuple(shape), given)


class Keras:
    """What ``keras.layers.serialize`` and a model's ``to_json`` write of a layer."""

    noun = "a Keras layer"

    def opens(self, text: str) -> bool:
        """Never: it is JSON."""
        return False

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Whether it names a class."""
        return "class_name" in document

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} is no layer of Keras")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """Read one layer."""
        try:
            layer = _of_object(document)
        except (LayerError, Unsupported) as fault:
            raise fault.within(f"{self.noun} {document.get('class_name')!r}") from None
        shown = str(layer.config.get("name") or layer.kind)
        return one_of([guarded(self.noun, shown, partial(read_layer_object, layer))], name)


DIALECT = Keras()
