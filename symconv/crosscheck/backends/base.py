"""What a framework has to offer for a cross-check; arrays are ``(C, *N)`` without a batch.

A backend is a class that registers itself under its name.  Its operators are the framework's own;
one that takes no such pads says so by None, and the pipeline then pads in a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from symconv.crosscheck.arrays import Array
from symconv.crosscheck.formats import Arithmetic
from symconv.layer.padding import Pair

Pads = Sequence[Pair]
Function = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where an operator's windows stand, a figure an axis; pads may crop.

    ``extra`` is a transposed convolution's output padding; ``ceil``, ``counts_pads`` and
    ``is_wide`` (ONNX's rules) are a pooling's.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[Pair, ...]
    groups: int = 1
    extra: tuple[int, ...] = ()
    ceil: bool = False
    counts_pads: bool = True
    is_wide: bool = False

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.kernel)

    @property
    def is_padded(self) -> bool:
        """Whether any pad is not zero."""
        return any(end for pair in self.pads for end in pair)

    @property
    def symmetric(self) -> tuple[int, ...] | None:
        """One pad per axis, where both ends have the same and none crops; else None."""
        even = all(0 <= lo == hi for lo, hi in self.pads)
        return tuple(lo for lo, _ in self.pads) if even else None

    @property
    def within_half(self) -> tuple[int, ...] | None:
        """`symmetric`, where no pad is wider than half of the kernel; else None."""
        narrow = all(2 * max(pair) <= k for k, pair in zip(self.kernel, self.pads, strict=True))
        return self.symmetric if narrow else None

    def always_reads(self, size: Sequence[int]) -> bool:
        """Whether every window has a tap on a sample, of an input of this size."""
        axes = zip(
            size, self.kernel, self.stride, self.dilation, self.spans, self.pads, strict=True
        )
        return all(_reads(*axis) for axis in axes)

    @property
    def is_dilated(self) -> bool:
        """Whether taps stand apart on any axis."""
        return any(d != 1 for d in self.dilation)

    @property
    def spans(self) -> tuple[int, ...]:
        """The samples from a window's first tap to its last, per axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def _reads(size: int, kernel: int, stride: int, dilation: int, span: int, pads: Pair) -> bool:
    """Whether every window of one axis has a tap inside; one that is rounded up may be beyond."""
    starts = np.arange(-pads[0], size + pads[1] - span + stride, stride)[:, None]
    taps = starts + dilation * np.arange(kernel)[None, :]
    return bool(((taps >= 0) & (taps < size)).any(axis=1).all())


class Backend(Protocol):
    """A framework on a device.

    ``xp`` holds the array API's functions, ``dtypes`` the names of what it computes in,
    ``has_gradients`` whether it differentiates, ``has_layers`` whether it has operators with pads
    of their own, and ``integers_by`` names its integer convolution.
    """

    name: str
    device: str
    xp: Any
    dtypes: tuple[str, ...]
    has_gradients: bool
    has_layers: bool
    integers_by: str

    def session(self, dtype: str) -> AbstractContextManager[Any]:
        """Within it the framework computes as `arithmetic` says."""

    def arithmetic(self, dtype: str) -> Arithmetic:
        """How products are summed up in this dtype."""

    def array(self, values: np.ndarray, dtype: str) -> Array:
        """An array on the device; ``int64`` for indices."""

    def numpy(self, array: Array) -> np.ndarray:
        """Back to NumPy, in double precision or in integers."""

    def full(self, like: Array, shape: Sequence[int], value: float) -> Array:
        """An array of one value, of the same dtype as another and beside it."""

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        """Spatial axes padded, or cropped by negative pads."""

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        """A convolution; None where it takes no such pads."""

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        """A transposed convolution, cropped by its pads; None where it takes no such ones."""

    def conv_integer(
        self, x: Array, w: Array, points: tuple[int, int], g: Geometry
    ) -> Array | None:
        """A convolution of integers minus zero points, in int32; None where it takes no pads."""

    def max_pool(self, x: Array, g: Geometry) -> Array | None:
        """A max pooling; None where it takes no such pads or rules."""

    def avg_pool(self, x: Array, g: Geometry) -> Array | None:
        """An average pooling; None where it takes no such pads or rules."""

    def gradients(
        self, function: Function, leaves: Sequence[Array], cotangent: Array
    ) -> list[Array]:
        """By its own differentiation: the cotangent pulled back to each leaf."""

    def wait(self, array: Array) -> None:
        """Return once the array is computed."""

    def versions(self) -> dict[str, str]:
        """The versions that computed."""


class SubtractsZeroPoints:
    """An integer convolution as one of int32, for a framework that has none with zero points."""

    integers_by = "its convolution of int32"

    def conv_integer(
        self: Any, x: Array, w: Array, points: tuple[int, int], g: Geometry
    ) -> Array | None:
        """The zero points subtracted, and no pads: these would hold them."""
        if g.is_padded:
            return None
        found: Array | None = self.conv(x - points[0], w - points[1], None, g)
        return found


BACKENDS: dict[str, Callable[[str], Backend]] = {}
"""Every backend by its name: given a device it is one there."""

B = TypeVar("B", bound=Callable[[str], Any])


def backend(name: str) -> Callable[[B], B]:
    """Register a class as the backend of this name."""

    def register(kind: B) -> B:
        BACKENDS[name] = kind
        return kind

    return register
