"""Convolutions, poolings, pads and enlargements of ATen as operators of ONNX.

Source: PyTorch, ``native_functions.yaml`` and ``torch.nn.functional``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.dialect.models.pt2.calls import Aten, Graph
from symconv.errors import InputError, Unsupported


def _rank(g: Graph, call: Aten, key: str = "input") -> int:
    """The spatial axes of a tensor; one without a batch is refused."""
    rank = len(g.shape(call.tensor(key))) - 2
    named = [int(letter) for letter in call.op if letter in "123"]
    if rank < 1 or (named and named[0] != rank):
        raise Unsupported(f"{call.op} on a tensor of {rank + 2} dimensions, without a batch")
    return rank


def convolution(g: Graph, call: Aten) -> str:
    """``conv1d`` to ``conv3d``, ``convolution``, and their transposes."""
    rank = _rank(g, call)
    transposed = "transpose" in call.op or call.switch("transposed")
    kernel = list(g.shape(call.tensor("weight"))[2:])
    if None in kernel:
        raise Unsupported("its kernel's size is not a number")
    strides, dilations = (call.integers(key, rank, 1) for key in ("stride", "dilation"))
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    attributes |= {"dilations": dilations, "group": call.integer("groups", 1)}
    inputs = [g.read(call.tensor(key)) for key in ("input", "weight")]
    if call.given.get("bias") is not None:
        inputs.append(g.read(call.tensor("bias")))
    if isinstance(call.given.get("padding"), str):
        return g.node("Conv", inputs, call.made, **attributes, **_named_pads(call, attributes))
    pads = call.integers("padding", rank, 0)
    attributes["pads"] = [*pads, *pads]
    if not transposed:
        return g.node("Conv", inputs, call.made, **attributes)
    attributes["output_padding"] = call.integers("output_padding", rank, 0)
    return g.node("ConvTranspose", inputs, call.made, **attributes)


def _named_pads(call: Aten, attributes: dict[str, Any]) -> dict[str, Any]:
    """Torch's ``same`` is for stride 1, the odd sample at the end."""
    kernel, dilations = attributes["kernel_shape"], attributes["dilations"]
    name = call.given["padding"]
    if name == "valid":
        return {"pads": [0] * 2 * len(kernel)}
    if name != "same" or any(stride != 1 for stride in attributes["strides"]):
        raise InputError(f"padding={name!r} with strides {attributes['strides']}")
    totals = [d * (k - 1) for k, d in zip(kernel, dilations, strict=True)]
    return {"pads": [*(t // 2 for t in totals), *(t - t // 2 for t in totals)]}


def _pool(g: Graph, call: Aten, rank: int) -> dict[str, Any]:
    kernel = call.integers("kernel_size", rank)
    pads = call.integers("padding", rank, 0)
    found: dict[str, Any] = {"kernel_shape": kernel, "pads": [*pads, *pads]}
    found["strides"] = call.integers("stride", rank, kernel)
    found["ceil_mode"] = int(call.switch("ceil_mode"))
    return found


def max_pool(g: Graph, call: Aten) -> str:
    """``max_pool1d`` to ``3d``; with its indices where they are not read."""
    rank = _rank(g, call, "self")
    attributes = _pool(g, call, rank)
    attributes["dilations"] = call.integers("dilation", rank, 1)
    return g.node("MaxPool", [g.read(call.tensor("self"))], call.made, **attributes)


def avg_pool(g: Graph, call: Aten) -> str:
    """``avg_pool1d`` to ``3d``."""
    if call.given.get("divisor_override") is not None:
        raise Unsupported(f"divisor_override={call.given['divisor_override']!r}")
    attributes = _pool(g, call, _rank(g, call, "self"))
    counted = int(call.switch("count_include_pad", True))
    inputs = [g.read(call.tensor("self"))]
    return g.node("AveragePool", inputs, call.made, **attributes, count_include_pad=counted)


def adaptive_avg_pool(g: Graph, call: Aten) -> str | None:
    """``adaptive_avg_pool1d`` to ``3d`` to one sample, or to parts of equal size."""
    rank = _rank(g, call, "self")
    inputs, wanted = [g.read(call.tensor("self"))], call.integers("output_size", rank)
    if all(n == 1 for n in wanted):
        axes = g.b.integers("axes/space", range(2, rank + 2))
        return g.node("ReduceMean", [*inputs, axes], call.made, keepdims=1)
    sizes = g.shape(call.tensor("self"))[2:]
    if any(n is None or m < 1 or n % m for n, m in zip(sizes, wanted, strict=True)):
        return None
    kernel = [(n or 0) // m for n, m in zip(sizes, wanted, strict=True)]
    return g.node("AveragePool", inputs, call.made, kernel_shape=kernel, strides=kernel)


PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicat": "edge"}
"""ONNX's modes, by how torch's begin; opset 18 has none that is circular."""


def pad(g: Graph, call: Aten) -> str | None:
    """``pad`` and its kin: pairs from the last axis on; negative ones crop."""
    found, name = call.given.get("mode", call.op), call.tensor("self")
    mode = next((m for m in PAD_MODES if isinstance(found, str) and m in found), None)
    pairs = call.integers("padding" if "padding" in call.given else "pad")
    rank = len(g.shape(name))
    if mode is None or len(pairs) % 2 or len(pairs) > 2 * rank:
        return None
    ends = [[0, 0] for _ in range(rank)]
    for axis in range(len(pairs) // 2):
        ends[rank - 1 - axis] = pairs[2 * axis : 2 * axis + 2]
    flat = g.b.integers(f"{call.made}/pads", [pair[side] for side in (0, 1) for pair in ends])
    value = g.scalar(call.number("value", 0.0), name) if mode == "constant" else ""
    inputs = [g.read(name), flat, *([value] if value else [])]
    return g.node("Pad", inputs, call.made, mode=PAD_MODES[mode])


def upsample(g: Graph, call: Aten) -> str | None:
    """``upsample_nearest*`` and ``upsample_*linear*`` by scales, or to a size."""
    name = call.tensor("input" if "input" in call.given else "self")
    rank = len(g.shape(name)) - 2
    attributes: dict[str, Any] = {"mode": "nearest" if "nearest" in call.op else "linear"}
    if "bicubic" in call.op or "exact" in call.op:
        return None
    if attributes["mode"] == "nearest":
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        corners = "align_corners" if call.switch("align_corners") else "half_pixel"
        attributes["coordinate_transformation_mode"] = corners
    factors = call.given.get("scale_factors")
    if isinstance(factors, list) and len(factors) == rank:
        if not all(isinstance(factor, int | float) for factor in factors):
            raise Unsupported("scales that are computed")
        scales = np.array([1, 1, *map(float, factors)], dtype=np.float32)
        inputs = [g.read(name), "", g.b.constant(f"{call.made}/scales", scales)]
        return g.node("Resize", inputs, call.made, **attributes)
    sizes = g.shape(call.made)
    scaled = any(value is not None for key, value in call.given.items() if "scale" in key)
    if None in sizes or scaled:  # torch then uses the scale, and not the quotient of the sizes
        return None
    whole = g.b.integers(f"{call.made}/sizes", [n for n in sizes if n is not None])
    return g.node("Resize", [g.read(name), "", "", whole], call.made, **attributes)


def shuffle(g: Graph, call: Aten) -> str | None:
    """``pixel_shuffle`` and ``pixel_unshuffle``, channel-major."""
    name = call.tensor("self")
    rank, factor = (
        len(g.shape(name)),
        call.integer("upscale_factor" if call.op == "pixel_shuffle" else "downscale_factor"),
    )
    if rank != 4:
        return None
    if call.op == "pixel_shuffle":
        return g.node("DepthToSpace", [g.read(name)], call.made, blocksize=factor, mode="CRD")
    return _unshuffle(g, call, name, factor)


def _unshuffle(g: Graph, call: Aten, name: str, r: int) -> str | None:
    """(b, c, h r, w r) to (b, c r r, h, w); ONNX's own SpaceToDepth is phase-major."""
    _, channels, height, width = g.shape(name)
    if channels is None or height is None or width is None:
        return None
    shape = [0, channels, height // r, r, width // r, r]
    split = g.b.integers(f"{call.made}/split", shape)
    parts = g.node("Reshape", [g.read(name), split], f"{call.made}/parts")
    turned = g.node("Transpose", [parts], f"{call.made}/turned", perm=[0, 1, 3, 5, 2, 4])
    whole = g.b.integers(f"{call.made}/shape", [0, channels * r * r, height // r, width // r])
    return g.node("Reshape", [turned, whole], call.made)
