"""Poolings run on NumPy arrays, window by window: PyTorch's, ONNX's and the adaptive ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from symconv.claim import steps as st
from symconv.errors import ClaimError
from symconv.layer.padding import same_pair
from symconv.replay.convolutions import Array, padded, tap_slice

PoolStep = st.MaxPoolStep | st.AvgPoolStep


@dataclass(frozen=True)
class Windows:
    """A pooling's figures on the axes of one input, and how many outputs each axis has."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    outputs: tuple[int, ...]


def windows_of(step: PoolStep, size: Sequence[int]) -> Windows:
    """The windows of a pooling on an input of this size; ceil_mode's last may hang over the end.

    Raises:
        LayerError: the rules that it asks for refuse it.
        ClaimError: an attribute does not fit, or a window does not.
    """
    step.layer().windows(size)
    rank = len(size)
    kernel = _each(step.kernel_size, rank, "kernel_size")
    strides = kernel if step.stride is None else _each(step.stride, rank, "stride")
    dilations = _each(step.dilation, rank, "dilation")
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    pads = _pads(step.padding, size, spans, strides)
    figures = zip(size, spans, strides, pads, strict=True)
    outputs = tuple(_outputs(*axis, step.ceil_mode) for axis in figures)
    return Windows(kernel, strides, dilations, pads, outputs)


def _each(value: Any, rank: int, what: str) -> tuple[int, ...]:
    values = value if isinstance(value, tuple) else (value,) * rank
    if len(values) != rank or not all(type(v) is int and v >= 1 for v in values):
        raise ClaimError(
            f"{what} must be an integer of at least 1, or one for each of {rank} axes, "
            f"got {value!r}"
        )
    return values


def _pads(
    value: Any, size: Sequence[int], spans: Sequence[int], strides: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    rank = len(size)
    entries = value if isinstance(value, tuple) else (0 if value == "valid" else value,) * rank
    if len(entries) != rank:
        raise ClaimError(f"padding must have one entry for each of {rank} axes, got {value!r}")
    every = zip(entries, size, spans, strides, strict=True)
    return tuple(_pair(*axis) for axis in every)


def _pair(entry: Any, size: int, span: int, stride: int) -> tuple[int, int]:
    if isinstance(entry, str):
        return same_pair(entry, size, span, stride)
    lo, hi = (entry, entry) if type(entry) is int else entry
    return lo, hi


def _outputs(size: int, span: int, stride: int, pads: tuple[int, int], ceil: bool) -> int:
    """How many windows start where they may: with ceil_mode in front of the input's end."""
    room = size + sum(pads) - span
    outputs = (-(-room // stride) if ceil else room // stride) + 1
    outputs -= ceil and (outputs - 1) * stride >= size + pads[0]
    cropped = pads[1] < 0 and (outputs - 1) * stride > room
    if outputs < 1 or cropped:
        raise ClaimError(f"a window of {span} samples does not fit into {size} with pads {pads}")
    return outputs


def roomy(x: Array) -> Array:
    """An array that can hold -inf beside its numbers."""
    return x if x.dtype.kind == "f" else x.astype(object)


def maximum(x: Array, w: Windows) -> Array:
    """The maximum of each window; -inf where it reads nothing."""
    lowest = float("-inf")
    return np.asarray(np.maximum.reduce(_taps(roomy(x), w, lowest, lowest)))


def average(x: Array, w: Windows, counts_pads: bool, divisor: int | None = None) -> Array:
    """The mean of each window, or its sum over another divisor.

    Raises:
        ClaimError: a window counts nothing, so that there is no mean.
    """
    sums = sum(_taps(x.astype(object), w, 0, 0))
    if divisor is not None:
        return np.asarray(sums * Fraction(1, divisor))
    counts = sum(_taps(np.ones(x.shape, dtype=object), w, int(counts_pads), 0))
    if np.any(counts == 0):
        raise ClaimError("an average has a window that counts no sample; give a divisor_override")
    return np.asarray(sums * np.vectorize(lambda n: Fraction(1, int(n)), otypes=[object])(counts))


def _taps(x: Array, w: Windows, fill: Any, beyond: Any) -> list[Array]:
    """What each tap reads for all outputs; a window that hangs over the pads reads ``beyond``."""
    grown = padded(x, [(0, 0), *w.pads], "zeros", fill)
    ends = [
        (o - 1) * s + d * (k - 1) + 1
        for o, s, d, k in zip(w.outputs, w.strides, w.dilations, w.kernel, strict=True)
    ]
    fitted = [(0, end - n) for end, n in zip(ends, grown.shape[1:], strict=True)]
    grown = padded(grown, [(0, 0), *fitted], "zeros", beyond)
    return [
        grown[(slice(None), *tap_slice(grown.shape[1:], w.kernel, tap, w.strides, w.dilations))]
        for tap in product(*map(range, w.kernel))
    ]


def adapted(x: Array, output_size: Any, pooled: Callable[[Array, int], Array]) -> Array:
    """Each axis pooled to so many outputs: ``i`` reads ``floor(i*N/O)`` to ``ceil((i+1)*N/O)``.

    Raises:
        ClaimError: there is not one output size for each axis.
    """
    rank = x.ndim - 1
    sizes = output_size if isinstance(output_size, tuple) else (output_size,) * rank
    if len(sizes) != rank:
        raise ClaimError(f"output_size must have one entry for each of {rank} axes, got {sizes!r}")
    for axis, outputs in enumerate(sizes, 1):
        if outputs is not None:
            parts = (x.take(part, axis) for part in _parts(x.shape[axis], outputs))
            x = np.stack([pooled(part, axis) for part in parts], axis)
    return x


def _parts(size: int, outputs: int) -> list[range]:
    """The samples that each output of an adaptive pooling reads."""
    return [range(i * size // outputs, -(-(i + 1) * size // outputs)) for i in range(outputs)]


def mean(part: Array, axis: int) -> Array:
    """The exact mean along an axis."""
    return np.asarray(part.sum(axis) * Fraction(1, part.shape[axis]))
