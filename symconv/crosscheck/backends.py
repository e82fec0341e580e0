"""Frameworks by the few verbs that a cross-check needs; arrays are ``(C, *N)`` without a batch."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from symconv.errors import InputError, MissingTool, Unsupported
from symconv.layer import AnyLayer, Conv, ConvTranspose, MaxPool, Pool
from symconv.layer.padding import Pair

Array = Any
Pads = Sequence[Pair]

_ATTRIBUTES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "conv": (("stride", "dilation"), ("groups",)),
    "conv_transpose": (("stride", "dilation", "output_padding"), ("groups",)),
    "max_pool": (("kernel_size", "stride", "dilation"), ("ceil_mode",)),
    "avg_pool": (("kernel_size", "stride"), ("ceil_mode", "count_include_pad")),
}
"""What PyTorch's layers take besides padding: one value per axis, and one for all."""


class Backend(Protocol):
    """What a framework has to offer; arrays are ``(C, *N)`` without a batch."""

    name: str
    device: str

    def whole_layer(self, layer: AnyLayer, x: Array, w: Array, bias: Array) -> Array | None:
        """The framework's own layer, padding and all; None where it has none."""

    def array(self, values: np.ndarray) -> Array:
        """Double precision on the device."""

    def numpy(self, array: Array) -> np.ndarray:
        """Back to NumPy."""

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        """Spatial axes padded, or cropped by negative pads."""

    def permute(self, x: Array, order: Sequence[int]) -> Array:
        """Axes permuted."""

    def maximum(self, a: Array, b: Array) -> Array:
        """Elementwise."""

    def conv(
        self, x: Array, w: Array, stride: Sequence[int], dilation: Sequence[int], groups: int
    ) -> Array:
        """A convolution without padding."""

    def conv_transpose(self, x: Array, w: Array, layer: ConvTranspose) -> Array:
        """A whole transposed convolution, not cropped."""

    def max_pool(self, x: Array, layer: MaxPool) -> Array:
        """A max pooling of an input that is padded already."""

    def versions(self) -> dict[str, str]:
        """The versions that computed."""


class NumpyBackend:
    """Sliding windows of NumPy arrays."""

    name = "numpy"
    device = "cpu"

    def __init__(self, device: str = "cpu") -> None:
        if device != "cpu":
            raise InputError(f"the numpy backend runs on device 'cpu', got {device!r}")

    def whole_layer(self, layer: AnyLayer, x: Array, w: Array, bias: Array) -> Array | None:
        return None

    def array(self, values: np.ndarray) -> Array:
        return np.asarray(values, dtype=np.float64)

    def numpy(self, array: Array) -> np.ndarray:
        return np.asarray(array)

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        pads = [(0, 0), *pads]
        if mode == "circular":
            cropped, grow = _cropped(x, pads), [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
            return np.pad(cropped, grow, mode="wrap")
        grow = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
        if mode == "zeros":
            grown = np.pad(x, grow, constant_values=value)
        else:
            grown = np.pad(x, grow, mode="edge" if mode == "replicate" else "reflect")
        return _cropped(grown, pads)

    def permute(self, x: Array, order: Sequence[int]) -> Array:
        return x.transpose(order)

    def maximum(self, a: Array, b: Array) -> Array:
        return np.maximum(a, b)

    def conv(
        self, x: Array, w: Array, stride: Sequence[int], dilation: Sequence[int], groups: int
    ) -> Array:
        windows = self._windows(x, w.shape[2:], stride, dilation)
        rank, outer, inner = len(stride), len(w) // groups, w.shape[1]
        axes = ([0, *range(rank + 1, 2 * rank + 1)], [1, *range(2, rank + 2)])
        parts = [
            np.tensordot(windows[g * inner : (g + 1) * inner], w[g * outer : (g + 1) * outer], axes)
            for g in range(groups)
        ]
        return np.moveaxis(np.concatenate(parts, axis=-1), -1, 0)

    def _windows(
        self, x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
    ) -> Array:
        rank = len(kernel)
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        views = sliding_window_view(x, spans, axis=tuple(range(1, rank + 1)))
        steps = [slice(None), *(slice(None, None, s) for s in stride)]
        return views[(*steps, *(slice(None, None, d) for d in dilation))]

    def conv_transpose(self, x: Array, w: Array, layer: ConvTranspose) -> Array:
        rank, groups = x.ndim - 1, layer.groups
        strides, dilations = layer.per_axis("stride", rank), layer.per_axis("dilation", rank)
        full = [
            (n - 1) * s + d * (k - 1) + 1
            for n, s, d, k in zip(x.shape[1:], strides, dilations, w.shape[2:], strict=True)
        ]
        y, inner = np.zeros((layer.out_channels, *full)), len(x) // groups
        for tap in product(*map(range, w.shape[2:])):
            geometry = zip(tap, dilations, x.shape[1:], strides, strict=True)
            place = tuple(slice(d * k, d * k + (n - 1) * s + 1, s) for k, d, n, s in geometry)
            for g in range(groups):
                channels = slice(g * w.shape[1], (g + 1) * w.shape[1])
                part = slice(g * inner, (g + 1) * inner)
                index: tuple[Any, ...] = (part, slice(None), *tap)
                y[(channels, *place)] += np.tensordot(w[index].T, x[part], 1)
        return y

    def max_pool(self, x: Array, layer: MaxPool) -> Array:
        rank = x.ndim - 1
        named = ("kernel_size", "stride", "dilation")
        windows = self._windows(x, *(layer.per_axis(name, rank) for name in named))
        return windows.max(axis=tuple(range(rank + 1, 2 * rank + 1)))

    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__, "python": platform.python_version()}


class TorchBackend:
    """PyTorch's functional layers, up to three spatial axes."""

    name = "torch"

    def __init__(self, device: str = "cpu") -> None:
        try:
            import torch
        except ImportError as fault:
            raise MissingTool(
                "the torch backend needs PyTorch; install symconv[torch], or use --backend numpy"
            ) from fault
        self._torch, self._f, self.device = torch, torch.nn.functional, device
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise MissingTool(f"device {device!r} was asked for; this PyTorch sees no GPU, use cpu")
        try:
            torch.zeros(1, device=device)
        except RuntimeError as fault:
            raise MissingTool(f"device {device!r} cannot be used: {fault}") from fault

    def _layer(self, name: str, rank: int) -> Any:
        if rank > 3:
            raise Unsupported(f"PyTorch has layers of 1 to 3 axes, got {rank}; use backend numpy")
        return getattr(self._f, f"{name}{rank}d")

    def whole_layer(self, layer: AnyLayer, x: Array, w: Array, bias: Array) -> Array | None:
        rank = x.ndim - 1
        pads = layer.per_axis("padding", rank)
        if not all(isinstance(pad, tuple) and 0 <= pad[0] == pad[1] for pad in pads):
            return None
        if isinstance(layer, Conv) and (layer.padding_mode != "zeros" or layer.padding_value != 0):
            return None
        if isinstance(layer, Pool) and layer.is_wide:
            return None
        spatial, plain = _ATTRIBUTES[layer.op]
        given = {name: layer.per_axis(name, rank) for name in spatial}
        given |= {name: getattr(layer, name) for name in plain}
        given["padding"] = tuple(lo for lo, _ in pads)
        tensors = (w, bias) if layer.has_weight else ()
        return self._layer(layer.op, rank)(x[None], *tensors, **given)[0]

    def array(self, values: np.ndarray) -> Array:
        contiguous = np.array(values, dtype=np.float64, order="C", copy=True)
        return self._torch.from_numpy(contiguous).to(self.device)

    def numpy(self, array: Array) -> np.ndarray:
        return np.asarray(array.cpu().numpy())

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        flat = [end for pair in reversed(list(pads)) for end in pair]
        if mode == "zeros":
            grow = [max(end, 0) for end in flat]
            crop = [min(end, 0) for end in flat]
            return self._f.pad(self._f.pad(x, grow, value=value), crop)
        return self._f.pad(x[None], flat, mode=mode)[0]

    def permute(self, x: Array, order: Sequence[int]) -> Array:
        return x.permute(*order)

    def maximum(self, a: Array, b: Array) -> Array:
        return self._torch.maximum(a, b)

    def conv(
        self, x: Array, w: Array, stride: Sequence[int], dilation: Sequence[int], groups: int
    ) -> Array:
        convolve = self._layer("conv", len(stride))
        return convolve(x[None], w, None, tuple(stride), 0, tuple(dilation), groups)[0]

    def conv_transpose(self, x: Array, w: Array, layer: ConvTranspose) -> Array:
        rank = x.ndim - 1
        stride, dilation = layer.per_axis("stride", rank), layer.per_axis("dilation", rank)
        convolve = self._layer("conv_transpose", rank)
        return convolve(x[None], w, None, stride, 0, 0, layer.groups, dilation)[0]

    def max_pool(self, x: Array, layer: MaxPool) -> Array:
        rank = x.ndim - 1
        named = ("kernel_size", "stride", "dilation")
        kernel, stride, dilation = (layer.per_axis(name, rank) for name in named)
        return self._layer("max_pool", rank)(x[None], kernel, stride, 0, dilation)[0]

    def versions(self) -> dict[str, str]:
        found = {"torch": str(self._torch.__version__), "python": platform.python_version()}
        if self.device.startswith("cuda"):
            found["gpu"] = str(self._torch.cuda.get_device_name(self.device))
        return found


BACKENDS: dict[str, type[NumpyBackend] | type[TorchBackend]] = {
    "numpy": NumpyBackend,
    "torch": TorchBackend,
}


def _cropped(x: np.ndarray, pads: Pads) -> np.ndarray:
    parts = (slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in zip(x.shape, pads, strict=True))
    return x[tuple(parts)]
