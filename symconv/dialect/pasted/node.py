"""A node of ONNX as a layer, in whichever form it was written.

Source: ONNX, operators ``Conv``, ``ConvTranspose``, ``MaxPool`` and ``AveragePool``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symconv.dialect.pasted.base import Pasted, Text, beside, known, no_layer
from symconv.errors import LayerError, Unsupported
from symconv.layer.padding import is_int

NOUN = "an ONNX node"
_WINDOW = ("kernel_shape", "strides", "pads", "dilations", "auto_pad")
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "Conv": (*_WINDOW, "group"),
    "ConvTranspose": (*_WINDOW, "group", "output_padding", "output_shape"),
    "MaxPool": (*_WINDOW, "ceil_mode", "storage_order"),
    "AveragePool": (*_WINDOW, "ceil_mode", "count_include_pad"),
}
"""The attributes of each operator, in all of its versions."""

WITHOUT: dict[str, str] = {
    "LpPool": "its values are roots of sums of powers",
    "MaxUnpool": "it reads indices as well",
    "GlobalAveragePool": "its window is the whole input, and has no stride",
    "GlobalMaxPool": "its window is the whole input, and has no stride",
    "ConvInteger": "it shifts by zero points",
    "QLinearConv": "it rounds, and shifts by zero points",
    "DeformConv": "where it reads depends on values",
}
"""Operators with windows that symconv has no layer for, and why."""

AUTO_PADS = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": 0}


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its operator, if it is said, its attributes, and what is said beside them."""

    name: str
    kind: str | None
    attributes: Mapping[str, Any]
    given: Mapping[str, Any]
    inputs: Sequence[Any] | None = None
    outputs: Sequence[Any] = ()

    @property
    def shown(self) -> str:
        """What messages and results call it."""
        return self.name or self.kind or "Conv"


def read_node(node: Node) -> Pasted:
    """Read a node as a layer.

    Raises:
        LayerError: an attribute is missing, or has another form.
        Unsupported: symconv has no layer for the operator, or not for an attribute.
    """
    kind, notes = node.kind or _guessed(node.attributes), []
    if kind not in ATTRIBUTES:
        raise no_layer("ONNX", kind, list(ATTRIBUTES), WITHOUT.get(kind, ""))
    if node.kind is None:
        notes.append("taken as Conv, op_type is not stated")
    known(node.attributes, ATTRIBUTES[kind], f"ONNX's {kind}")
    rank = len(_list(node.attributes, "kernel_shape", None))
    layer = _OPERATORS[kind](node, dict(_window(node.attributes, rank)))
    layer, size, unstated = beside(layer, node.given)
    return Pasted(NOUN, node.shown, (layer,), rank, size, (*notes, *unstated))


def _guessed(attributes: Mapping[str, Any]) -> str:
    if "count_include_pad" in attributes:
        return "AveragePool"
    if "storage_order" in attributes:
        return "MaxPool"
    if "ceil_mode" in attributes:
        raise LayerError('op_type is missing; write "op_type": "MaxPool", or "AveragePool"')
    return "ConvTranspose" if {"output_padding", "output_shape"} & set(attributes) else "Conv"


def _list(attributes: Mapping[str, Any], name: str, count: int | None) -> list[int]:
    """A list of so many integers.

    Raises:
        LayerError: it is missing or has another form.
    """
    value = attributes.get(name)
    if value is None:
        raise LayerError(
            f"{name} is missing; write one entry per axis, such as [3, 3] (a file may leave it to "
            "the weight's shape, which a node does not hold)"
        )
    if not isinstance(value, list | tuple) or not value or not all(map(is_int, value)):
        raise LayerError(f"{name} must be a list of integers, got {value!r}")
    if count is not None and len(value) != count:
        order = ", all begins and then all ends" if name == "pads" else ""
        raise LayerError(f"{name} must have {count} entries{order}, got {name}={list(value)}")
    return [int(entry) for entry in value]


def _window(attributes: Mapping[str, Any], rank: int) -> Iterator[tuple[str, Any]]:
    """What all windows have, in the layer format; every default is one."""
    for name, ours in (
        ("kernel_shape", "kernel_size"),
        ("strides", "stride"),
        ("dilations", "dilation"),
    ):
        yield ours, _list({name: [1] * rank, **attributes}, name, rank)
    yield "padding", _padding(attributes, rank)


def _padding(attributes: Mapping[str, Any], rank: int) -> Any:
    """The pads: ONNX's order is all begins, and then all ends."""
    pads = _list({"pads": [0] * 2 * rank, **attributes}, "pads", 2 * rank)
    auto = attributes.get("auto_pad", "NOTSET") or "NOTSET"
    if auto == "NOTSET":
        return [list(pair) for pair in zip(pads[:rank], pads[rank:], strict=True)]
    if not isinstance(auto, str) or auto not in AUTO_PADS:
        raise LayerError(f"auto_pad must be NOTSET, {', '.join(AUTO_PADS)}, got {auto!r}")
    if any(pads):
        raise LayerError(
            f"pads={pads} cannot stand beside auto_pad={auto!r}; leave one of them out"
        )
    return AUTO_PADS[auto]


def _switch(node: Node, name: str) -> bool:
    value = node.attributes.get(name, 0)
    if not is_int(value) or value not in (0, 1):
        raise LayerError(f"{name} must be 0 or 1, got {value!r}")
    return bool(value)


def _conv(node: Node, window: Text) -> Text:
    group = node.attributes.get("group", 1)
    inputs = node.inputs
    has_bias = inputs is None or (len(inputs) > 2 and bool(inputs[2]))
    return {"op": "conv", **window, "groups": group, "bias": has_bias}


def _conv_transpose(node: Node, window: Text) -> Text:
    if node.attributes.get("output_shape"):
        raise Unsupported(
            f"output_shape={node.attributes['output_shape']!r} makes its pads from the input's "
            "size; write the pads"
        )
    layer = {**_conv(node, window), "op": "conv_transpose"}
    if isinstance(window["padding"], str):
        _check_same(node, window)
    if "output_padding" in node.attributes:
        rank = len(window["kernel_size"])
        layer["output_padding"] = _list(node.attributes, "output_padding", rank)
    return layer


def _check_same(node: Node, window: Text) -> None:
    """Refuse a window below its stride: by ONNX's text N * stride outputs, by runtimes fewer."""
    taps = zip(window["kernel_size"], window["dilation"], window["stride"], strict=True)
    if any(d * (k - 1) + 1 < s for k, d, s in taps):
        raise Unsupported(
            f"auto_pad={node.attributes['auto_pad']!r} of a window that is smaller than its "
            "stride: ONNX's text and its runtimes disagree; write the pads"
        )


def _pool(node: Node, window: Text) -> Text:
    ceil = _switch(node, "ceil_mode")
    if ceil and node.attributes.get("auto_pad") == "VALID":
        raise Unsupported(
            "ceil_mode=1 beside auto_pad='VALID': ONNX's text has no effect of it, and runtimes "
            "have one; write pads"
        )
    if isinstance(window["padding"], str) and any(d > 1 for d in window["dilation"]):
        raise Unsupported(
            f"dilations beside auto_pad={node.attributes['auto_pad']!r} of a pooling: ONNX's text "
            "and its runtimes disagree; write the pads"
        )
    # The outputs of SAME are ceil(N / stride), whatever ceil_mode says.
    ceil = ceil and not isinstance(window["padding"], str)
    return {**window, "ceil_mode": ceil, "legality": "onnx"}


def _max_pool(node: Node, window: Text) -> Text:
    if len(node.outputs) > 1 and node.outputs[1]:
        raise Unsupported("its second output holds indices, which are not read")
    return {"op": "max_pool", **_pool(node, window)}


def _average_pool(node: Node, window: Text) -> Text:
    counted = _switch(node, "count_include_pad")
    return {"op": "avg_pool", **_pool(node, window), "count_include_pad": counted}


_OPERATORS: dict[str, Callable[[Node, Text], Text]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
}
