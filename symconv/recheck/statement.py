"""What a layer's configuration states, written down again from the configuration alone."""

from __future__ import annotations

from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.lattices import sampled
from symconv.recheck.text import count, integers, pads

_DEFAULTS: dict[str, Any] = {
    "stride": 1,
    "padding": 0,
    "dilation": 1,
    "groups": 1,
    "padding_mode": "zeros",
    "padding_value": 0,
    "output_padding": 0,
    "ceil_mode": False,
    "count_include_pad": True,
    "legality": "torch",
}
_ATTRIBUTES = {
    "conv": ("stride", "padding", "dilation", "groups", "padding_mode", "padding_value"),
    "conv_transpose": ("stride", "padding", "output_padding", "dilation", "groups"),
    "max_pool": ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "legality"),
    "avg_pool": (
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
        "legality",
        "dilation",
        "divisor_override",
    ),
}
_POOLS = ("max_pool", "avg_pool")
_NEEDED = {"op", "kernel_size", "input_size"}
_AROUND = {"name", "in_channels", "out_channels"}


def claim_of_layer(layer: Any, claim: dict[str, Any]) -> dict[str, Any]:
    """The claim with its left side, input and free weights written again from the layer.

    Raises:
        ClaimError: the layer has an attribute that it cannot have, or lacks one.
    """
    _check(layer)
    if has_matrix(layer) and layer["op"] != "conv":
        raise ClaimError(f"{layer['op']} has no stride that is a matrix")
    op, size = layer["op"], layer["input_size"]
    step: dict[str, Any] = {"op": op}
    step |= {name: layer.get(name, _DEFAULTS.get(name)) for name in _ATTRIBUTES[op]}
    weights = dict(claim["weights"])
    if op not in _POOLS:
        step["weight"] = "w"
        weights["w"] = {"shape": weight_shape(layer, len(size))}
        if layer.get("bias", True):
            step["bias"], weights["b"] = "b", {"shape": [layer["out_channels"]]}
    asked = {"channels": layer["in_channels"], "size": size}
    left = [{**step, "stride": 1}, _on_lattice(layer)] if has_matrix(layer) else [step]
    return {**claim, "input": asked, "weights": weights, "left": left}


def has_matrix(layer: dict[str, Any]) -> bool:
    """Whether a layer's stride is a matrix."""
    stride = layer.get("stride", 1)
    return isinstance(stride, list) and any(isinstance(row, list) for row in stride)


def _on_lattice(layer: dict[str, Any]) -> Any:
    """How the outputs of the layer of stride 1 are read on the lattice of its stride.

    The sum of its pads is the same at every size, by name as well: the last output is the size and
    a number.
    """
    size, rank = layer["input_size"], len(layer["input_size"])
    kernel, dilation = (
        integers(layer.get(name, 1), rank, 1, name) for name in ("kernel_size", "dilation")
    )
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    ends = pads(layer.get("padding", 0), [1] * rank, spans, [1] * rank)
    more = [lo + hi - span for (lo, hi), span in zip(ends, spans, strict=True)]
    return sampled(layer["stride"], list(zip(size, more, strict=True)))


def _check(layer: Any) -> None:
    """Refuse what is no layer, and attributes that are not its own."""
    if not isinstance(layer, dict) or layer.get("op") not in _ATTRIBUTES:
        raise ClaimError(f"a layer is one of {', '.join(_ATTRIBUTES)}, got {layer!r:.80}")
    op = layer["op"]
    known = {*_NEEDED, *_AROUND, *_ATTRIBUTES[op]}
    known |= {"channels"} if op in _POOLS else {"bias", "padding_mode"}
    if unknown := set(layer) - known:
        raise ClaimError(f"{op} has no attribute {', '.join(map(repr, sorted(unknown)))}")
    if missing := {*_NEEDED, "in_channels", "out_channels"} - set(layer):
        raise ClaimError(f"{op} needs {', '.join(sorted(missing))}")
    channels = [
        count(layer[n], n) for n in ("in_channels", "out_channels", "channels") if n in layer
    ]
    if op in _POOLS and len(set(channels)) > 1:
        raise ClaimError(f"{op} keeps its channels, got {channels}")
    if not isinstance(layer.get("bias", True), bool) or not isinstance(layer.get("name", ""), str):
        raise ClaimError(f"{op}: bias must be true or false, and its name a text")
    if op == "conv_transpose" and layer.get("padding_mode", "zeros") != "zeros":
        raise ClaimError("conv_transpose pads with zeros only")


def weight_shape(layer: dict[str, Any], rank: int) -> list[int]:
    """The shape of a layer's weight in PyTorch's layout; a pooling's is a depthwise convolution's.

    >>> weight_shape({"op": "conv", "in_channels": 4, "out_channels": 6, "groups": 2,
    ...               "kernel_size": 3}, 2)
    [6, 2, 3, 3]
    """
    groups, kernel = count(layer.get("groups", 1), "groups"), layer["kernel_size"]
    taps = kernel if isinstance(kernel, list) else [kernel] * rank
    lead, inner = layer["out_channels"], layer["in_channels"] // groups
    if layer["op"] == "conv_transpose":
        lead, inner = layer["in_channels"], layer["out_channels"] // groups
    if layer["op"] in _POOLS:
        lead, inner = layer["in_channels"], 1
    return [lead, inner, *taps]


def beyond_means(layer: dict[str, Any]) -> str | None:
    """What an average has that the kernel's library knows no mean with, by its attribute's name.

    >>> beyond_means({"op": "avg_pool", "dilation": [1, 2]}), beyond_means({"op": "max_pool"})
    ('dilation', None)
    """
    if layer["op"] != "avg_pool":
        return None
    if layer.get("divisor_override") is not None:
        return "divisor_override"
    dilation = layer.get("dilation", 1)
    every = dilation if isinstance(dilation, list) else [dilation]
    return "dilation" if any(d != 1 for d in every) else None


def spelt_out(step: dict[str, Any], rank: int) -> dict[str, Any]:
    """A layer's step with one value for each axis where one stood for all.

    >>> spelt_out({"op": "conv", "stride": 2, "padding": 1}, 2)["padding"]
    [[1, 1], [1, 1]]
    """
    found = dict(step)
    for name in ("kernel_size", "stride", "dilation", "output_padding", "padding"):
        if type(found.get(name)) is int:
            found[name] = [found[name]] * rank
    if isinstance(found.get("padding"), list):
        found["padding"] = [[e, e] if type(e) is int else e for e in found["padding"]]
    if step["op"] in _POOLS and found["stride"] is None:
        found["stride"] = found["kernel_size"]
    return found
