"""Poolings: the maximum or the mean of a window, in each channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, Literal

from symconv.layer.base import (
    Ints,
    Layer,
    Sizes,
    forward_count,
    forward_lows,
    forward_pads,
    read_numbers,
)
from symconv.layer.padding import Padding, Pads
from symconv.layer.requirements import Requirements, at_least, either, must
from symconv.layer.window import Window
from symconv.machine.budget import running
from symconv.size.expr import Extent, Size, greatest, least, number


@dataclass(frozen=True)
class Pool(Layer):
    """What both poolings share: a window a channel, and a last window that may be cut off."""

    kernel_size: Ints
    stride: Ints | None = None
    padding: Padding = 0
    ceil_mode: bool = False
    channels: int = 1

    wide: ClassVar[bool] = False
    """Whether pads may exceed half of the kernel."""

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

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        return pool_window(
            size,
            a["kernel_size"],
            a["stride"],
            a["padding"],
            a.get("dilation", 1),
            self.ceil_mode,
            self.wide,
        )


def pool_window(
    size: Extent,
    kernel: int,
    stride: int,
    padding: Pads | str,
    dilation: int,
    ceil_mode: bool,
    wide: bool = False,
) -> Window:
    """One axis of a pooling; sizes and pads may be expressions.

    Raises:
        LayerError: the window makes no sense at any size, or PyTorch refuses its pads.
    """
    span = dilation * (kernel - 1) + 1
    lo, hi = forward_pads(padding, size, span, stride)
    also = () if wide or isinstance(padding, str) else _half_kernel(kernel, lo, hi)
    lows = forward_lows(padding, span, stride)
    if not ceil_mode:
        count = forward_count(padding, size, stride)
        return Window(size, kernel, stride, lo, hi, dilation, count=count, lows=lows, also=also)
    room = size + lo + hi - span
    # The last window may hang over the end, but starts in the input or in its low pad.
    last = least(-(-room // stride), (size + lo - 1) // stride)
    missing = greatest(last * stride - room, 0)
    also = (*also, *_hangs_over_no_crop(missing, lo, hi))
    return Window(
        size, kernel, stride, lo, hi + missing, dilation, count=last + 1, lows=lows, also=also
    )


def _half_kernel(kernel: int, lo: Size, hi: Size) -> Requirements:
    most = kernel // 2
    return must(
        at_least(most, greatest(lo, hi)),
        lambda: (
            f"a pooling pads at most half of its kernel ({most} of kernel_size={kernel}), "
            f"got padding [{lo}, {hi}]; pad the input first"
        ),
    )


def _hangs_over_no_crop(missing: Size, lo: Size, hi: Size) -> Requirements:
    return must(
        either(at_least(hi, 0), at_least(0, missing)),
        lambda: (
            f"ceil_mode's last window hangs {missing} samples over an end that padding "
            f"[{lo}, {hi}] crops; crop the input first"
        ),
    )


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

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        also = holds_its_kernel(size, a["kernel_size"]) if rank == 3 else ()
        window = super()._window(size, rank, **a)
        return replace(window, also=(*also, *window.also)) if also else window

    def scales(self, input_size: Sequence[int]) -> tuple[tuple[Fraction, ...], ...]:
        """Per axis the factor ``1/n_a[o]`` of each output; a window's divisor is their product."""
        windows = self.windows(read_numbers(input_size, self.op))
        for window in windows:
            running().check_entries(window.output, "an axis's divisors")
        return tuple(
            tuple(Fraction(1, count(o)) for o in range(number(w.output)))
            for w, count in zip(windows, self.counters(windows), strict=True)
        )

    def counters(self, windows: Sequence[Window]) -> list[Callable[[Extent], Extent]]:
        """Per axis the samples ``n_a`` that an output counts, a number or an expression.

        >>> from symconv.size.expr import named
        >>> pool = AvgPool(3, stride=2, padding=1)
        >>> str(pool.counters(pool.windows(("N",)))[0](named("i")))
        '-max(0, -2*i) + min(3, N - 2*i + 2)'
        """
        pairs = zip(windows, self._counted(windows), strict=True)
        return [partial(_count, window, ends) for window, ends in pairs]

    def counts(self, input_size: Sizes, at: Size) -> tuple[Extent, ...]:
        """Per axis the samples ``n_a`` that output ``at`` counts."""
        return tuple(count(at) for count in self.counters(self.windows(input_size)))

    def counts_alike(self, rank: int) -> bool:
        """Whether every window counts all its taps, whatever the size."""
        pads = self.per_axis("padding", rank)
        ends = [end for pair in pads for end in ((pair,) if isinstance(pair, str) else pair)]
        inside = all(isinstance(end, int) and end <= 0 for end in ends)
        return not self.ceil_mode and (self.count_include_pad or inside)

    def _counted(self, windows: Sequence[Window]) -> Iterator[tuple[Extent, Extent]]:
        """Per axis where the samples that count begin and end: the padded input's, or the input's.

        What a last window of `ceil_mode` hangs over does not count.
        """
        pads = self.per_axis("padding", len(windows))
        for w, padding in zip(windows, pads, strict=True):
            first, end = -w.lo, w.size + forward_pads(padding, w.size, w.span, w.stride)[1]
            inside = (greatest(first, 0), least(end, w.size))
            yield (first, end) if self.count_include_pad else inside


def _count(window: Window, ends: tuple[Extent, Extent], o: Extent) -> Extent:
    """The samples of output ``o``'s window that count."""
    start, d = o * window.stride - window.lo, window.dilation
    before, behind = ((end - start + d - 1) // d for end in ends)
    return least(window.kernel, behind) - greatest(0, before)


@dataclass(frozen=True)
class WideMaxPool(MaxPool):
    """Max pooling by ONNX's rules: a pad may be as wide as one likes.

    Source: ONNX, ``MaxPool`` of opset 12 and later.
    """

    wide: ClassVar[bool] = True


@dataclass(frozen=True)
class WideAvgPool(AvgPool):
    """Average pooling by ONNX's rules: wide pads, and dilation.

    Source: ONNX, ``AveragePool`` of opset 19 and later.
    """

    dilation: Ints = 1

    wide: ClassVar[bool] = True
    _spatial: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "dilation")

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        return Pool._window(self, size, rank, **a)


def holds_its_kernel(size: Size, kernel: int) -> Requirements:
    """That an average over three axes has an input as large as its kernel, as PyTorch asks."""
    return must(
        at_least(size, kernel),
        lambda: (
            f"PyTorch's avg_pool3d takes no input smaller than its kernel, got {size} samples "
            f"for kernel_size={kernel}; pad the input first"
        ),
    )
