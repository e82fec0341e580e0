"""NumPy: sliding windows of arrays; forward only."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from symconv.crosscheck.arrays import Array, namespace
from symconv.crosscheck.backends.base import Function, Geometry, Pads, SubtractsZeroPoints, backend
from symconv.crosscheck.formats import FORMATS, Arithmetic
from symconv.errors import InputError, Unsupported


@backend("numpy")
class NumpyBackend(SubtractsZeroPoints):
    """Sliding windows of NumPy arrays."""

    name = "numpy"
    dtypes: tuple[str, ...] = ("float64", "float32", "float16", "int8")
    has_layers = False
    has_gradients = False

    def __init__(self, device: str = "cpu") -> None:
        if device != "cpu":
            raise InputError(f"the {self.name} backend runs on device 'cpu', got {device!r}")
        self.device, self.xp = device, namespace("numpy")

    def session(self, dtype: str) -> AbstractContextManager[Any]:
        return nullcontext()

    def arithmetic(self, dtype: str) -> Arithmetic:
        kept = FORMATS[dtype]
        if dtype == "float16":
            added = FORMATS["float32"]
            return Arithmetic(kept, added, added.unit, named="NumPy adds float16 in float32")
        return Arithmetic(kept, kept, kept.unit)

    def array(self, values: np.ndarray, dtype: str) -> Array:
        return np.array(values, dtype=dtype)

    def numpy(self, array: Array) -> np.ndarray:
        found = np.asarray(array)
        return found.astype(np.float64) if found.dtype.kind == "f" else found

    def full(self, like: Array, shape: Sequence[int], value: float) -> Array:
        return np.full(tuple(shape), value, like.dtype)

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        return numpy_padded(x, [(0, 0), *pads], mode, value)

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        if g.is_padded:
            return None
        rank, outer, inner = g.rank, len(w) // g.groups, w.shape[1]
        read = _windows(x, g)
        axes = ([0, *range(rank + 1, 2 * rank + 1)], [1, *range(2, rank + 2)])
        parts = [
            np.tensordot(read[k * inner : (k + 1) * inner], w[k * outer : (k + 1) * outer], axes)
            for k in range(g.groups)
        ]
        return _biased(np.moveaxis(np.concatenate(parts, axis=-1), -1, 0), bias)

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        if g.is_padded or any(g.extra):
            return None
        spans = zip(x.shape[1:], g.stride, g.spans, strict=True)
        full = [(n - 1) * s + span for n, s, span in spans]
        y, inner = np.zeros((w.shape[1] * g.groups, *full), x.dtype), len(x) // g.groups
        for tap in product(*map(range, g.kernel)):
            geometry = zip(tap, g.dilation, x.shape[1:], g.stride, strict=True)
            place = tuple(slice(d * k, d * k + (n - 1) * s + 1, s) for k, d, n, s in geometry)
            for k in range(g.groups):
                channels = slice(k * w.shape[1], (k + 1) * w.shape[1])
                part = slice(k * inner, (k + 1) * inner)
                index: tuple[Any, ...] = (part, slice(None), *tap)
                y[(channels, *place)] += np.tensordot(w[index].T, x[part], 1)
        return _biased(y, bias)

    def max_pool(self, x: Array, g: Geometry) -> Array | None:
        if g.is_padded or g.ceil:
            return None
        return _windows(x, g).max(axis=tuple(range(g.rank + 1, 2 * g.rank + 1)))

    def avg_pool(self, x: Array, g: Geometry) -> Array | None:
        return None

    def gradients(
        self, function: Function, leaves: Sequence[Array], cotangent: Array
    ) -> list[Array]:
        raise Unsupported(
            f"the {self.name} backend computes no gradients; use backend torch or jax"
        )

    def wait(self, array: Array) -> None:
        pass

    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__, "python": platform.python_version()}


def numpy_padded(x: np.ndarray, pads: Pads, mode: str, value: float) -> np.ndarray:
    """All axes grown by the positive pads, then cropped by the negative ones."""
    grow = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
    if mode == "circular":
        # What wraps round is the signal that the crop has left.
        return np.pad(_cropped(x, pads), grow, mode="wrap")
    if mode == "zeros":
        return _cropped(np.pad(x, grow, constant_values=value), pads)
    return _cropped(np.pad(x, grow, mode="edge" if mode == "replicate" else "reflect"), pads)


def _cropped(x: np.ndarray, pads: Pads) -> np.ndarray:
    parts = (slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in zip(x.shape, pads, strict=True))
    return x[tuple(parts)]


def _windows(x: np.ndarray, g: Geometry) -> np.ndarray:
    """Every window's samples: ``(C, *O, *K)``."""
    views = sliding_window_view(x, g.spans, axis=tuple(range(1, g.rank + 1)))
    steps = [slice(None), *(slice(None, None, s) for s in g.stride)]
    return views[(*steps, *(slice(None, None, d) for d in g.dilation))]


def _biased(y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    return y if bias is None else y + bias.reshape(-1, *[1] * (y.ndim - 1))
