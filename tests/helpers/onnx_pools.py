"""Poolings by the text of ONNX's operators, window by window, and random ones to compare.

Written from ONNX's `MaxPool` and `AveragePool` of opset 22; nothing of symconv's stands in it.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Text = dict[str, Any]


class NoMean(ValueError):
    """A window counts nothing, no window fits, or the text and the shape inference differ."""


def starts(size: int, k: int, s: int, d: int, pads: tuple[int, int], ceil: bool) -> list[int]:
    """Where an axis's windows start: what ceil_mode adds in the right pad is ignored."""
    room = size + sum(pads) - d * (k - 1) - 1
    found = [s * o - pads[0] for o in range((-(-room // s) if ceil else room // s) + 1)]
    inside = [start for start in found if start < size]
    if not found or (ceil and not inside):
        raise NoMean("no window fits")
    if ceil and len(found) - len(inside) > 1:
        raise NoMean("ONNX's shape inference ignores one of these windows alone")
    return inside if ceil else found


def pooled(x: Array, text: Text) -> Array:
    """A layer's text applied to ``(C, *N)``."""
    size, names = x.shape[1:], ("kernel_size", "stride", "dilation", "padding")
    axes = [
        [(start, k, d, n, pads) for start in starts(n, k, s, d, pads, text["ceil_mode"])]
        for n, k, s, d, pads in zip(size, *(text[name] for name in names), strict=True)
    ]
    found = np.empty((len(x), *map(len, axes)), dtype=object)
    for place in np.ndindex(found.shape[1:]):
        window = [axis[o] for axis, o in zip(axes, place, strict=True)]
        for channel, value in enumerate(_one(x, window, text)):
            found[(channel, *place)] = value
    return found


def _one(x: Array, window: list[Any], text: Text) -> list[Any]:
    taps = [[start + d * t for t in range(k)] for start, k, d, _, _ in window]
    read = [[v for v in at if 0 <= v < n] for at, n in zip(taps, x.shape[1:], strict=True)]
    samples = [[channel[place] for place in product(*read)] for channel in x]
    if text["op"] == "max_pool":
        return [max(values, default=float("-inf")) for values in samples]
    counts = [len(at) for at in read]
    if text["count_include_pad"]:
        bounds = [(-lo, n + hi) for _, _, _, n, (lo, hi) in window]
        counts = [sum(a <= v < b for v in at) for at, (a, b) in zip(taps, bounds, strict=True)]
    if not (divisor := text.get("divisor_override") or prod(counts)):
        raise NoMean("a window counts nothing")
    return [Fraction(sum(values, start=Fraction(0)), divisor) for values in samples]


def random_text(rng: random.Random, rank: int, op: str | None = None) -> Text:
    """A pooling that ONNX's rules may take, its attributes one per axis."""
    op = op or rng.choice(["max_pool", "avg_pool"])
    text: Text = {"op": op, "in_channels": rng.randint(1, 2), "legality": "onnx"}
    text["kernel_size"] = [rng.randint(1, 4 if rank == 1 else 3) for _ in range(rank)]
    text["stride"] = [rng.randint(1, 4) for _ in range(rank)]
    text["dilation"] = [rng.randint(1, 3) for _ in range(rank)]
    text["padding"] = [(rng.randint(0, 5), rng.randint(0, 5)) for _ in range(rank)]
    text["ceil_mode"] = rng.random() < 0.5
    if op == "avg_pool":
        text["count_include_pad"] = rng.random() < 0.4
        text["divisor_override"] = rng.choice([None, None, None, rng.randint(1, 9)])
    return text


def samples(rng: random.Random, channels: int, size: tuple[int, ...]) -> Array:
    """Integers as Python's own."""
    array = np.random.default_rng(rng.randrange(2**32)).integers(-9, 10, (channels, *size))
    return array.astype(object)
