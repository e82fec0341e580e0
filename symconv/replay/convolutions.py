"""Windows run on NumPy arrays: pads, convolutions and their transposes, tap by tap.

Nothing here reads an access table: pads are ``numpy.pad``, a window is a strided slice a tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.layer import ConvTranspose, Layer
from symconv.layer.padding import same_crop, same_pair

Array = NDArray[Any]
_NUMPY_MODE = {"reflect": "reflect", "replicate": "edge"}


def padded(x: Array, pads: Sequence[tuple[int, int]], mode: str, value: Any) -> Array:
    """Grow by the positive pads, then crop by the negative ones."""
    grow = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
    if mode == "circular":
        # What wraps round is the signal that the crop has left.
        return np.pad(x[_crop_before(x.shape, pads)], grow, mode="wrap")
    if mode == "zeros":
        filling: Any = value
        if x.dtype == object:
            # A bare number would become an int64 inside the array, and overflow further on.
            filling = np.array(value, dtype=object)
        elif value not in (0, 1):
            x = x.astype(np.result_type(x.dtype, np.array(value).dtype))
        grown = np.pad(x, grow, constant_values=filling)
    else:
        grown = np.pad(x, grow, mode=_NUMPY_MODE[mode])  # type: ignore[call-overload]
    return grown[_crop_after(x.shape, pads)]


def _crop_before(shape: Sequence[int], pads: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    return tuple(
        slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in zip(shape, pads, strict=True)
    )


def _crop_after(shape: Sequence[int], pads: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    return tuple(
        slice(max(-lo, 0), n + max(lo, 0) + hi) for n, (lo, hi) in zip(shape, pads, strict=True)
    )


def numbers(
    layer: Layer, shape: Sequence[int]
) -> tuple[list[tuple[int, int]], tuple[int, ...], tuple[int, ...]]:
    """Pads, strides and dilations, one per axis, of a layer that reads a tensor of this shape."""
    rank = len(shape) - 1
    strides = layer.per_axis("stride", rank)
    dilations = layer.per_axis("dilation", rank) if hasattr(layer, "dilation") else (1,) * rank
    spans = [
        d * (k - 1) + 1 for k, d in zip(layer.per_axis("kernel_size", rank), dilations, strict=True)
    ]
    named = zip(layer.per_axis("padding", rank), shape[1:], spans, strides, strict=True)
    pads = [same_pair(p, n, span, s) if isinstance(p, str) else p for p, n, span, s in named]
    return pads, strides, dilations


def tap_slice(
    size: Sequence[int],
    kernel: Sequence[int],
    tap: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[slice, ...]:
    """What one tap reads of the padded signal, for all outputs."""
    return tuple(
        slice(d * k, n - d * (width - 1 - k), s)
        for n, width, k, s, d in zip(size, kernel, tap, strides, dilations, strict=True)
    )


def correlate(
    x: Array, w: Array, strides: Sequence[int], dilations: Sequence[int], groups: int
) -> Array:
    """A convolution by its taps: the weight's matrix at each, applied to what the tap reads."""
    kernel, inner, outer = w.shape[2:], w.shape[1], len(w) // groups
    rows: list[Any] = [0] * groups
    size: tuple[int, ...] = ()
    for tap in product(*map(range, kernel)):
        part = x[(slice(None), *tap_slice(x.shape[1:], kernel, tap, strides, dilations))]
        size, part = part.shape[1:], part.reshape(len(part), -1)
        for g in range(groups):
            matrix = _at_tap(w[g * outer : (g + 1) * outer], tap)
            rows[g] = rows[g] + matrix @ part[g * inner : (g + 1) * inner]
    return np.concatenate(rows).reshape(len(w), *size)


def _at_tap(w: Array, tap: Sequence[int]) -> Array:
    """The channels' numbers at one tap: the last axes of a weight at these indices."""
    index: tuple[Any, ...] = (..., *tap)
    return np.asarray(w[index])


def max_over_live(x: Array, taps: Array, strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """The maximum over the taps that are not zero; -inf where there is none."""
    kernel = taps.shape[1:]
    windows = {
        tap: tap_slice(x.shape[1:], kernel, tap, strides, dilations)
        for tap in product(*map(range, kernel))
    }
    highest = np.full(x[0][windows[(0,) * len(kernel)]].shape, float("-inf"), dtype=x.dtype)
    for tap, part in windows.items():
        for channel in np.flatnonzero(_at_tap(taps, tap) != 0):
            highest = np.maximum(highest, x[channel][part])
    return highest


def scattered(x: Array, w: Array, layer: ConvTranspose) -> Array:
    """Each input adds its kernel to the output, which is then cropped: the definition."""
    rank = x.ndim - 1
    strides, dilations = layer.per_axis("stride", rank), layer.per_axis("dilation", rank)
    spans = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
    full = [(n - 1) * s + span for n, s, span in zip(x.shape[1:], strides, spans, strict=True)]
    y = np.zeros((layer.out_channels, *full), dtype=np.result_type(x, w))
    for tap in product(*map(range, w.shape[2:])):
        place = tuple(
            slice(d * k, d * k + (n - 1) * s + 1, s)
            for n, s, d, k in zip(x.shape[1:], strides, dilations, tap, strict=True)
        )
        y[(slice(None), *place)] += _tap_product(x, _at_tap(w, tap), layer.groups)
    named = layer.per_axis("padding", rank)
    crops = [
        same_crop(p, span, s) if isinstance(p, str) else p
        for p, span, s in zip(named, spans, strides, strict=True)
    ]
    extra = layer.per_axis("output_padding", rank)
    pads = [(-lo, more - hi) for (lo, hi), more in zip(crops, extra, strict=True)]
    return padded(y, [(0, 0), *pads], "zeros", 0)


def _tap_product(x: Array, w: Array, groups: int) -> Array:
    """What one tap adds: for each group, its ``(C, M)`` matrix applied to the channels."""
    inner = len(x) // groups
    parts = [slice(g * inner, (g + 1) * inner) for g in range(groups)]
    return np.concatenate([np.tensordot(w[part].T, x[part], 1) for part in parts])
