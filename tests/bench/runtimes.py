"""What a user would do instead of a proof: run both layers once; and the least that NumPy takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]


def torch_pair(size: int, kernel: int, stride: int, pad: int, dtype: str, whole: bool) -> bool:
    """Run the strided convolution and its expansion once in torch, and compare.

    Args:
        size: of the square input of three channels, for 64 filters.
        kernel: of the strided layer.
        stride: the number of phases; it divides the size.
        pad: of the strided layer, at both ends.
        dtype: ``float32`` or ``float64``.
        whole: whether numbers are small whole ones, on which both sums are exact.
    """
    import torch

    torch.set_num_threads(1)  # more of them spin, which CPU seconds would count
    rng = np.random.default_rng(0)
    shapes = (3, size, size), (64, 3, kernel, kernel)
    arrays = [rng.integers(-8, 9, s) if whole else rng.normal(size=s) for s in shapes]
    x, w = (torch.from_numpy(array.astype(dtype)) for array in arrays)
    left = torch.nn.functional.conv2d(x[None], w, stride=stride, padding=pad)
    right = torch.nn.functional.conv2d(_phases(x, stride)[None], _expanded(w, stride, pad))
    cut = right[..., : left.shape[2], : left.shape[3]]
    if whole:
        return bool(torch.equal(left, cut))
    return bool(torch.allclose(left, cut, rtol=1e-4, atol=1e-4))


def _phases(x: Any, stride: int) -> Any:
    """Space to depth, with a block of zeros at both ends for the expanded kernel to reach into."""
    from torch.nn import functional

    c, n = x.shape[0], x.shape[1] // stride
    blocks = x.reshape(c, n, stride, n, stride).permute(0, 2, 4, 1, 3)
    reach = 2  # a kernel of at most 2 * stride + pad reaches so many blocks
    return functional.pad(blocks.reshape(c * stride**2, n, n), [reach] * 4)


def _expanded(w: Any, stride: int, pad: int) -> Any:
    """The kernel on phases, with its taps where the blocks of `_phases` have them."""
    from torch.nn import functional

    kernel, reach = w.shape[-1], 2
    low = reach * stride - pad
    taps = -(-(low + kernel) // stride)
    grown = functional.pad(w, [low, taps * stride - low - kernel] * 2)
    split = grown.reshape(*w.shape[:2], taps, stride, taps, stride).permute(0, 1, 3, 5, 2, 4)
    return split.reshape(w.shape[0], -1, taps, taps)


def numpy_limit(size: int, kernel: int, stride: int, pad: int) -> bool:
    """Build and compare the two tables of one axis, twice, as a square layer has two axes."""
    return all(_axis_equal(size, kernel, stride, pad) for _ in range(2))


def _axis_equal(size: int, kernel: int, stride: int, pad: int) -> bool:
    out = (size + 2 * pad - kernel) // stride + 1
    o, k = np.arange(out)[:, None], np.arange(kernel)[None, :]
    strided = _within(stride * o + k - pad, size)
    q, r = np.divmod(k - pad, stride)
    expanded = _within(stride * (o + q) + r, size)
    return bool(np.array_equal(strided, expanded))


def _within(position: Table, size: int) -> Table:
    return np.where((position >= 0) & (position < size), position, -1)
