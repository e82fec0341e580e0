"""Poolings: the maximum or the mean of a window, in each channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from symconv.errors import LayerError
from symconv.layer.base import Ints, Layer, forward_pads
from symconv.layer.padding import Padding, Pair
from symconv.layer.window import Window
from symconv.machine.budget import running


@dataclass(frozen=True)
class Pool(Layer):
    """What both poolings share: a window a channel, and a last window that may be cut off."""

    kernel_size: Ints
    stride: Ints | None = None
    padding: Padding = 0
    ceil_mode: bool = False
    channels: int = 1

    def __post_init__(self) -> None:
        if self.stride is None:
            self._set("stride", self.kernel_size)
        super().__post_init__()
        self._read_count("channels")

    @property
    def in_channels(self) -> int:
        """Input channels: a pooling keeps them."""
        return self.channels

    @property
    def out_channels(self) -> int:
        """Output channels: a pooling keeps them."""
        return self.channels

    def _window(self, size: int, rank: int, **a: Any) -> Window:
        dilation = a.get("dilation", 1)
        span = dilation * (a["kernel_size"] - 1) + 1
        lo, hi = forward_pads(a["padding"], size, span, a["stride"])
        most = a["kernel_size"] // 2
        if max(lo, hi) > most and not isinstance(a["padding"], str):
            raise LayerError(
                f"a pooling pads at most half of its kernel ({most} of kernel_size="
                f"{a['kernel_size']}), got padding [{lo}, {hi}]; pad the input first"
            )
        missing = self._missing_samples(size + lo + hi, span, a["stride"], size + lo)
        if missing and hi < 0:
            raise LayerError(
                f"ceil_mode's last window hangs {missing} samples over an end that padding "
                f"[{lo}, {hi}] crops; crop the input first"
            )
        return Window(size, a["kernel_size"], a["stride"], lo, hi + missing, dilation)

    def _missing_samples(self, padded: int, span: int, stride: int, latest: int) -> int:
        """Samples by which the last window of `ceil_mode` hangs over; it starts before `latest`."""
        if not self.ceil_mode:
            return 0
        outputs = -((span - padded) // stride) + 1
        if (outputs - 1) * stride >= latest:
            outputs -= 1
        return max((outputs - 1) * stride + span - padded, 0)


@dataclass(frozen=True)
class MaxPool(Pool):
    """Max pooling, as ``torch.nn.MaxPool1d`` to ``3d``: pads are the identity ``-inf``.

    ``y[c,o] = max_k x[c, s*o + d*k - lo]`` over the taps inside the input; ``channels`` may be left
    out, since every channel is treated alike.

    Raises:
        LayerError: an attribute that PyTorch would refuse; the message shows it and the mend.

    Source: PyTorch, ``torch.nn.MaxPool2d``.

    >>> MaxPool(kernel_size=3, stride=2, ceil_mode=True).output_size((8,))
    (4,)
    """

    dilation: Ints = 1

    op: ClassVar[str] = "max_pool"
    monoid: ClassVar[Literal["sum", "max"]] = "max"


@dataclass(frozen=True)
class AvgPool(Pool):
    """Average pooling, as ``torch.nn.AvgPool1d`` to ``3d``.

    ``y[c,o] = (sum_k x[c, s*o + k - lo]) / n[o]``, where ``n`` counts the window's samples inside
    the padded input, or inside the input itself when ``count_include_pad`` is false.

    Raises:
        LayerError: an attribute that PyTorch would refuse; the message shows it and the mend.

    Source: PyTorch, ``torch.nn.AvgPool2d``.

    >>> [str(f) for f in AvgPool(3, stride=2, padding=1, count_include_pad=False).scales((4,))[0]]
    ['1/2', '1/3']
    """

    count_include_pad: bool = True

    op: ClassVar[str] = "avg_pool"
    _spatial: ClassVar[tuple[str, ...]] = ("kernel_size", "stride")

    def _window(self, size: int, rank: int, **a: Any) -> Window:
        if rank == 3 and size < a["kernel_size"]:
            raise LayerError(
                f"PyTorch's avg_pool3d takes no input smaller than its kernel, got {size} samples "
                f"for kernel_size={a['kernel_size']}; pad the input first"
            )
        return super()._window(size, rank, **a)

    def scales(self, input_size: Sequence[int]) -> tuple[tuple[Fraction, ...], ...]:
        """Per axis the factor ``1/n_a[o]`` of each output; a window's divisor is their product."""
        rank = len(tuple(input_size))
        for window in self.windows(input_size):
            running().check_entries(window.output, "an axis's divisors")
        pads = self.per_axis("padding", rank)
        return tuple(
            tuple(Fraction(1, n) for n in self._counts(window, axis_pads))
            for window, axis_pads in zip(self.windows(input_size), pads, strict=True)
        )

    def _counts(self, window: Window, pads: Pair | str) -> Iterator[int]:
        hi = forward_pads(pads, window.size, window.span, window.stride)[1]
        first, end = -window.lo, window.size + hi
        if not self.count_include_pad:
            first, end = max(first, 0), min(end, window.size)
        for o in range(window.output):
            start = o * window.stride - window.lo
            yield min(start + window.kernel, end) - max(start, first)
