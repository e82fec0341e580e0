"""Layers run by PyTorch alone, on small integers in double precision: the oracle of every layer.

What PyTorch's own arguments cannot say (pads that differ at the ends, crops, 'same' with a stride)
goes through `torch.nn.functional.pad`, or through formulas written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.helpers.requirements import require
from tests.helpers.strategies import Case, Pairs

torch = require("torch")
F = torch.nn.functional
Array = NDArray[Any]


def per_axis(value: Any, rank: int) -> tuple[Any, ...]:
    """The oracle's own reading of "an integer stands for every axis"."""
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


def function(name: str, rank: int) -> Any:
    """PyTorch's function for this rank."""
    return getattr(F, f"{name}{rank}d")


def tensor(array: Array) -> Any:
    """In double precision."""
    return torch.tensor(np.asarray(array, dtype=np.float64))


def flat_pads(pads: Sequence[tuple[int, int]]) -> list[int]:
    """``F.pad`` counts axes from the last."""
    return [end for pair in reversed(pads) for end in pair]


def zero_padded(x: Any, pads: Sequence[tuple[int, int]]) -> Any:
    """``F.pad`` with zeros, grown before it is cropped: a crop of all samples is refused."""
    longer = F.pad(x, flat_pads([(max(lo, 0), max(hi, 0)) for lo, hi in pads]))
    return F.pad(longer, flat_pads([(min(lo, 0), min(hi, 0)) for lo, hi in pads]))


def same_pads(name: str, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's SAME, from its guide: two cases by ``size % stride``; the odd one at the end.

    Source: TensorFlow, ``tf.nn`` API guide, Convolution, notes on padding.
    """
    effective = (kernel - 1) * dilation + 1
    rest = size % stride
    total = max(effective - (rest or stride), 0)
    before, after = total // 2, total - total // 2
    return (before, after) if name == "same" else (after, before)


def forward_pads(case: Case) -> Pairs:
    """The pads of a convolution or a pooling, as pairs."""
    rank, padding = len(case.size), case.attributes["padding"]
    if padding in ("same", "same_lower"):
        names = ("kernel_size", "stride", "dilation")
        geometry = zip(*(per_axis(case.attributes[n], rank) for n in names), strict=True)
        return tuple(
            same_pads(padding, size, *numbers)
            for size, numbers in zip(case.size, geometry, strict=True)
        )
    return ((0, 0),) * rank if padding == "valid" else padding


def torch_conv(case: Case, x: Array, w: Array, bias: Array) -> Array:
    """Pad by ``F.pad``, then convolve without padding."""
    a = case.attributes
    mode = "constant" if a["padding_mode"] == "zeros" else a["padding_mode"]
    value = {"value": float(a["padding_value"])} if mode == "constant" else {}
    padded = F.pad(tensor(x), flat_pads(forward_pads(case)), mode=mode, **value)
    offset = tensor(bias) if a["bias"] else None
    convolve = function("conv", len(case.size))
    return np.asarray(
        convolve(padded, tensor(w), offset, a["stride"], 0, a["dilation"], a["groups"])
    )


def torch_conv_native(case: Case, x: Array, w: Array, bias: Array) -> Array | None:
    """By ``torch.nn.Conv*d`` alone, where its arguments can say it; for any padding mode."""
    a = dict(case.attributes)
    symmetric = not isinstance(a["padding"], str) and all(lo == hi >= 0 for lo, hi in a["padding"])
    strided = set(per_axis(a["stride"], 1)) != {1}
    named = a["padding"] == "valid" or (a["padding"] == "same" and not strided)
    if a.pop("padding_value") or not (symmetric or named):
        return None
    if symmetric:
        a["padding"] = tuple(lo for lo, _ in a["padding"])
    for name in ("kernel_size", "stride", "dilation"):
        a[name] = per_axis(a[name], len(case.size))
    module = getattr(torch.nn, f"Conv{len(case.size)}d")(**a, dtype=torch.float64)
    return run_module(module, x, w, bias)


def run_module(module: Any, x: Array, w: Array, bias: Array) -> Array:
    """Run a module with these parameters."""
    with torch.no_grad():
        module.weight.copy_(tensor(w))
        if module.bias is not None:
            module.bias.copy_(tensor(bias))
        return np.asarray(module(tensor(x)))


def transposed_crops(case: Case) -> Pairs:
    """The crops of a transposed convolution; 'same' leaves ``size * stride`` outputs."""
    rank, padding = len(case.size), case.attributes["padding"]
    if padding == "valid":
        return ((0, 0),) * rank
    if not isinstance(padding, str):
        return tuple(padding)
    names = ("kernel_size", "stride", "dilation")
    crops = []
    for size, k, s, d in zip(
        case.size, *(per_axis(case.attributes[n], rank) for n in names), strict=True
    ):
        full = (size - 1) * s + d * (k - 1) + 1
        total = full - size * s
        half = max(total // 2, 0)
        crops.append((half, total - half) if padding == "same" else (total - half, half))
        if total < 0:
            crops[-1] = (0, total)
    return tuple(crops)


def torch_conv_transpose(case: Case, x: Array, w: Array, bias: Array) -> Array:
    """The full transposed convolution, then cropped (or extended by zeros), then the bias."""
    a, rank = case.attributes, len(case.size)
    full = function("conv_transpose", rank)(
        tensor(x), tensor(w), None, a["stride"], 0, 0, a["groups"], a["dilation"]
    )
    extra = per_axis(a["output_padding"], rank)
    crops = transposed_crops(case)
    ends = [(-lo, more - hi) for (lo, hi), more in zip(crops, extra, strict=True)]
    offset = tensor(bias) if a["bias"] else torch.zeros(a["out_channels"])
    whole = zero_padded(full, ends)
    return np.asarray(whole + offset.reshape(-1, *[1] * rank))


def torch_conv_transpose_native(case: Case, x: Array, w: Array, bias: Array) -> Array | None:
    """By ``torch.nn.ConvTranspose*d`` alone, where its arguments can say it."""
    a = dict(case.attributes)
    if isinstance(a["padding"], str) or any(lo != hi or lo < 0 for lo, hi in a["padding"]):
        return None
    a["padding"] = tuple(lo for lo, _ in a["padding"])
    for name in ("kernel_size", "stride", "dilation", "output_padding"):
        a[name] = per_axis(a[name], len(case.size))
    module = getattr(torch.nn, f"ConvTranspose{len(case.size)}d")(**a, dtype=torch.float64)
    return run_module(module, x, w, bias)


def torch_pool_native(case: Case, x: Array) -> Array | None:
    """By PyTorch's pooling alone, where its arguments can say the pads."""
    a, pads = case.attributes, case.attributes["padding"]
    if any(lo != hi or lo < 0 for lo, hi in pads):
        return None
    options = {"ceil_mode": a["ceil_mode"]}
    for name in ("dilation", "count_include_pad"):
        if name in a:
            options[name] = a[name]
    pool = function(case.op, len(case.size))
    padding = tuple(lo for lo, _ in pads)
    return np.asarray(pool(tensor(x), a["kernel_size"], a["stride"], padding, **options))


def window_count(size: int, span: int, stride: int, pads: tuple[int, int], ceil: bool) -> int:
    """Windows along an axis: each starts inside the input or its low pad."""
    padded = size + sum(pads)
    starts = range(0, padded, stride)
    whole = [start for start in starts if start + span <= padded]
    return (
        len([s for s in starts if s < size + pads[0]][: len(whole) + 1])
        if ceil_adds(ceil, padded, span, stride)
        else len(whole)
    )


def ceil_adds(ceil: bool, padded: int, span: int, stride: int) -> bool:
    """Whether ceil mode asks for one window more than fit."""
    return ceil and (padded - span) % stride > 0


def pool_frame(case: Case) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Output sizes, spans, and pads that make room for the last, cut-off windows."""
    a, rank = case.attributes, len(case.size)
    kernel, dilation = a["kernel_size"], a.get("dilation", (1,) * rank)
    stride = a["stride"] or kernel
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    geometry = zip(case.size, spans, stride, a["padding"], strict=True)
    outputs = [window_count(*numbers, a["ceil_mode"]) for numbers in geometry]
    room = [
        (lo, max(hi, (out - 1) * s + span - size - lo) if a["ceil_mode"] else hi)
        for out, s, span, size, (lo, hi) in zip(
            outputs, stride, spans, case.size, a["padding"], strict=True
        )
    ]
    return outputs, spans, room


def cut(y: Any, outputs: Sequence[int]) -> Array:
    """The first so many outputs of every axis."""
    return np.asarray(y[(..., *(slice(n) for n in outputs))])


def torch_max_pool(case: Case, x: Array) -> Array:
    """Pad with -inf by ``F.pad``, then pool without padding."""
    a = case.attributes
    outputs, _, room = pool_frame(case)
    padded = F.pad(tensor(x), flat_pads(room), value=-torch.inf)
    pool = function("max_pool", len(case.size))
    return cut(pool(padded, a["kernel_size"], a["stride"], 0, a["dilation"]), outputs)


def torch_avg_pool(case: Case, x: Array) -> Array:
    """Sums by a convolution with ones, divided by counts found in the same way."""
    a, rank = case.attributes, len(case.size)
    outputs, _, room = pool_frame(case)
    ones = torch.ones((1, 1, *a["kernel_size"]), dtype=torch.float64)
    counted = torch.ones((1, 1, *case.size), dtype=torch.float64)
    rest = room
    if a["count_include_pad"]:
        counted = F.pad(counted, flat_pads(a["padding"]), value=1.0)
        rest = [(0, more - hi) for (_, more), (_, hi) in zip(room, a["padding"], strict=True)]

    def total(signal: Any, pads: Sequence[tuple[int, int]]) -> Any:
        stride = a["stride"] or a["kernel_size"]
        return function("conv", rank)(F.pad(signal, flat_pads(pads)), ones, None, stride)

    samples = tensor(x).reshape(-1, 1, *case.size)
    means = cut(total(samples, room), outputs) / cut(total(counted, rest), outputs)
    return means.reshape(*x.shape[:2], *means.shape[2:])
