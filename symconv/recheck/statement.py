"""What a layer's configuration states, written down again from the configuration alone."""

from __future__ import annotations

from typing import Any

_DEFAULTS: dict[str, Any] = {
    "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros",
    "padding_value": 0, "output_padding": 0, "ceil_mode": False, "count_include_pad": True,
}  # fmt: skip
_ATTRIBUTES = {
    "conv": ("stride", "padding", "dilation", "groups", "padding_mode", "padding_value"),
    "conv_transpose": ("stride", "padding", "output_padding", "dilation", "groups"),
    "max_pool": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool": ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
}


def claim_of_layer(layer: dict[str, Any], claim: dict[str, Any]) -> dict[str, Any]:
    """The claim with its left side, input and free weights written anew from the layer."""
    op, size = layer["op"], layer["input_size"]
    step: dict[str, Any] = {"op": op}
    step |= {name: layer.get(name, _DEFAULTS.get(name)) for name in _ATTRIBUTES[op]}
    weights = dict(claim["weights"])
    if op in ("conv", "conv_transpose"):
        step["weight"], weights["w"] = "w", {"shape": _weight_shape(layer)}
        if layer.get("bias", True):
            step["bias"], weights["b"] = "b", {"shape": [layer["out_channels"]]}
    asked = {"channels": layer["in_channels"], "size": size}
    return {**claim, "input": asked, "weights": weights, "left": [step]}


def _weight_shape(layer: dict[str, Any]) -> list[int]:
    groups, kernel = layer.get("groups", 1), layer["kernel_size"]
    taps = kernel if isinstance(kernel, list) else [kernel] * len(layer["input_size"])
    lead, inner = layer["out_channels"], layer["in_channels"] // groups
    if layer["op"] == "conv_transpose":
        lead, inner = layer["in_channels"], layer["out_channels"] // groups
    return [lead, inner, *taps]
