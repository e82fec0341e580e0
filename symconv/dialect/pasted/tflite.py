"""Options of TFLite's operators, as ``flatc`` writes them: ``{"padding": "SAME", "stride_w": 2}``.

``Pool2DOptions`` hold a window's size; those of convolutions do not, and ``kernel_size`` stands
beside them.  What ``flatc`` leaves out has its default: ``SAME``, and strides of the schema, 0.

Source: TensorFlow Lite, ``schema.fbs``: Conv2DOptions, DepthwiseConv2DOptions, Pool2DOptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from symconv.dialect.pasted.base import BESIDE, Fault, Pasted, Text, beside, guarded, known, one_of
from symconv.errors import LayerError, Unsupported
from symconv.layer.padding import is_int

_STRIDES = ("stride_h", "stride_w")
_FILTER = ("filter_height", "filter_width")
_DILATIONS = ("dilation_h_factor", "dilation_w_factor")
_AROUND = ("builtin_options_type", "builtin_options", "op", "operator", "builtin_code", "name")
OPTIONS = {
    "Conv2DOptions": ("padding", *_STRIDES, *_DILATIONS, "fused_activation_function"),
    "DepthwiseConv2DOptions": (
        *("padding", *_STRIDES, *_DILATIONS, "fused_activation_function", "depth_multiplier"),
    ),
    "TransposeConvOptions": ("padding", *_STRIDES, "fused_activation_function"),
    "Pool2DOptions": ("padding", *_STRIDES, *_FILTER, "fused_activation_function"),
}
ACTIVATIONS: dict[Any, tuple[Text, ...]] = {
    **dict.fromkeys((None, "NONE", 0), ()),
    **dict.fromkeys(("RELU", 1), ({"op": "relu"},)),
    **dict.fromkeys(("RELU6", 3), ({"op": "relu6"},)),
    **dict.fromkeys(("TANH", 4), ({"op": "tanh"},)),
}
PADDINGS = {None: "same", "SAME": "same", "VALID": "valid", 0: "same", 1: "valid"}
POOLS = {"MAX_POOL_2D": "max_pool", "AVERAGE_POOL_2D": "avg_pool"}


def read_options(document: Mapping[str, Any], name: str) -> Pasted:
    """Read an operator's options as a layer, and its fused activation as what follows it.

    Raises:
        LayerError: an option is missing, or has another form.
        Unsupported: symconv has no layer for the operator.
    """
    options = document.get("builtin_options", document)
    if not isinstance(options, Mapping):
        raise LayerError(f"builtin_options must be an object, got {options!r}")
    kind = document.get("builtin_options_type") or _guessed(options)
    if not isinstance(kind, str) or kind not in OPTIONS:
        raise Unsupported(f"there is no layer for {kind}; there is one for {', '.join(OPTIONS)}")
    own = {k: v for k, v in options.items() if k not in (*BESIDE, *_AROUND, "kernel_size")}
    known(own, OPTIONS[kind], f"TFLite's {kind}")
    layer = {**_window(own), **_operation(document, kind, own)}
    given = {key: document[key] for key in BESIDE if key in document}
    layer, size, notes = beside(layer, given)
    return Pasted(DIALECT.noun, name, (layer, *_activation(own)), 2, size, notes)


def _guessed(options: Mapping[str, Any]) -> str:
    if set(_FILTER) & set(options):
        return "Pool2DOptions"
    return "DepthwiseConv2DOptions" if "depth_multiplier" in options else "Conv2DOptions"


def _pair(options: Mapping[str, Any], names: tuple[str, str], default: int | None) -> list[int]:
    found = [options.get(name, default) for name in names]
    if not all(map(is_int, found)):
        raise LayerError(f"{' and '.join(names)} must be integers, got {found}")
    return found


def _word(table: Mapping[Any, Any], options: Mapping[str, Any], name: str) -> Any:
    value = options.get(name)
    if isinstance(value, list | dict | bool) or value not in table:
        raise Unsupported(f"{name}={value!r} is not read, only {[w for w in table if w]}")
    return table[value]


def _activation(options: Mapping[str, Any]) -> tuple[Text, ...]:
    found: tuple[Text, ...] = _word(ACTIVATIONS, options, "fused_activation_function")
    return found


def _window(options: Mapping[str, Any]) -> Text:
    padding = _word(PADDINGS, options, "padding")
    return {"padding": padding, "stride": _pair(options, _STRIDES, None)}


def _operation(document: Mapping[str, Any], kind: str, options: Mapping[str, Any]) -> Text:
    if kind == "Pool2DOptions":
        return _pool(document, options)
    kernel = document.get("kernel_size")
    if kernel is None:
        raise LayerError(
            f"{kind} holds no kernel, which is its weight's; write kernel_size beside it"
        )
    if kind == "TransposeConvOptions":
        return {"op": "conv_transpose", "kernel_size": kernel}
    many = options.get("depth_multiplier", 1) if kind.startswith("Depthwise") else 1
    groups = document.get("in_channels", 1) if kind.startswith("Depthwise") else 1
    if not is_int(many) or not is_int(groups):
        raise LayerError(f"depth_multiplier must be an integer, got {many!r}")
    channels = {"groups": groups, **({"out_channels": groups * many} if many != 1 else {})}
    dilation = _pair(options, _DILATIONS, 1)
    return {"op": "conv", "kernel_size": kernel, "dilation": dilation, **channels}


def _pool(document: Mapping[str, Any], options: Mapping[str, Any]) -> Text:
    code = document.get("builtin_code", document.get("operator"))
    if not isinstance(code, str) or code not in POOLS:
        raise LayerError(
            f"Pool2DOptions are those of {' and '.join(POOLS)}; write which beside them, as "
            f"'builtin_code', got {code!r}"
        )
    layer = {"op": POOLS[code], "kernel_size": _pair(options, _FILTER, None), "legality": "onnx"}
    return {**layer, "count_include_pad": False} if code == "AVERAGE_POOL_2D" else layer


class TfLite:
    """Options of one operator."""

    noun = "TFLite options"

    def opens(self, text: str) -> bool:
        """Never: they are JSON."""
        return False

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Whether it has the schema's words."""
        return bool({"builtin_options", "builtin_options_type", *_STRIDES} & set(document))

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} holds no options of TFLite")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """Read the options of one operator."""
        shown = str(document.get("name") or document.get("builtin_code") or "TFLite options")
        return one_of([guarded(self.noun, shown, partial(read_options, document, shown))], name)


DIALECT = TfLite()
