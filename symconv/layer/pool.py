"""Poolings: the maximum or the mean of a window, in each channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any, ClassVar, Literal, Self

from symconv.layer.base import (
    Ints,
    Layer,
    Sizes,
    forward_count,
    forward_lows,
    forward_pads,
    read_numbers,
)
from symconv.layer.counting import counted_ends, counted_taps, counts_something
from symconv.layer.legality import (
    ASK,
    LEGALITIES,
    ONNX,
    TORCH,
    Legality,
    half_kernel,
    hangs_over_no_crop,
    holds_its_kernel,
    one_starts_behind,
)
from symconv.layer.padding import Padding, Pads
from symconv.layer.requirements import Requirements, at_least
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
    legality: Legality = field(default=TORCH, kw_only=True)

    wider: ClassVar[tuple[str, ...]] = ()
    """Attributes that only ONNX's rules know."""

    def __post_init__(self) -> None:
        if self.stride is None:
            self._set("stride", self.kernel_size)
        super().__post_init__()
        self._read_count("channels")
        if self.legality not in LEGALITIES:
            self._refuse(f"legality must be 'torch' or 'onnx', got {self.legality!r}")

    @property
    def is_wide(self) -> bool:
        """Whether ONNX's rules hold: pads may be wider than half of the kernel, for one."""
        return self.legality == ONNX

    @property
    def unsaid(self) -> tuple[str, ...]:
        """PyTorch's rules go without saying."""
        return () if self.is_wide else ("legality", *self.wider)

    @property
    def in_channels(self) -> int:
        """Input channels: a pooling keeps them."""
        return self.channels

    @property
    def out_channels(self) -> int:
        """Output channels: a pooling keeps them."""
        return self.channels

    @property
    def channel_groups(self) -> int:
        """Its channels: each is pooled by itself."""
        return self.channels

    def with_channels(self, groups: int, inner: int) -> Self:
        """The same windows over so many channels."""
        return replace(self, channels=groups)

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        return pool_window(
            size,
            a["kernel_size"],
            a["stride"],
            a["padding"],
            a["dilation"],
            self.ceil_mode,
            self.is_wide,
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
    also = () if wide or isinstance(padding, str) else half_kernel(kernel, lo, hi)
    lows = forward_lows(padding, span, stride)
    if not ceil_mode:
        count = forward_count(padding, size, stride)
        return Window(size, kernel, stride, lo, hi, dilation, count=count, lows=lows, also=also)
    room = size + lo + hi - span
    # The last window may hang over the end, but starts in the input or in its low pad.
    rounded, starts = -(-room // stride), (size + lo - 1) // stride
    last = least(rounded, starts)
    missing = last * stride - room
    if wide and not isinstance(padding, str) and at_least(span - 1, hi) is not True:
        also = (*also, *one_starts_behind(rounded - starts, span, hi))
    else:
        missing = greatest(missing, 0)  # what a window leaves over is not read; no pad is cut off
        also = (*also, *hangs_over_no_crop(missing, lo, hi))
    return Window(
        size, kernel, stride, lo, hi + missing, dilation, count=last + 1, lows=lows, also=also
    )


@dataclass(frozen=True)
class MaxPool(Pool):
    """Max pooling, as ``torch.nn.MaxPool1d`` to ``3d``: pads are the identity ``-inf``.

    ``y[c,o] = max_k x[c, s*o + d*k - lo]`` over the taps inside the input; ``channels`` may be left
    out, since every channel is treated alike.

    Raises:
        LayerError: an attribute that PyTorch would refuse; the message shows it and how to fix it.

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

    ``y[c,o] = (sum_k x[c, s*o + d*k - lo]) / n[o]``, where ``n`` is the product over the axes of
    how many taps lie inside the padded input, or inside the input itself when
    ``count_include_pad`` is false; or it is ``divisor_override``.  Pads as wide as one likes,
    ``dilation`` and ``divisor_override`` are for ``legality="onnx"``; every window must count a
    sample there.

    Raises:
        LayerError: an attribute that these rules refuse; the message shows it and how to fix it.

    Source: PyTorch, ``torch.nn.AvgPool2d``, whose ``divisor_override`` it is; ONNX,
    ``AveragePool`` of opset 19 and later.

    >>> [str(f) for f in AvgPool(3, stride=2, padding=1, count_include_pad=False).scales((4,))[0]]
    ['1/2', '1/3']
    >>> AvgPool(2, stride=1, padding=2, dilation=3, legality="onnx").output_size((4,))
    (5,)
    """

    count_include_pad: bool = True
    dilation: Ints = field(default=1, kw_only=True)
    divisor_override: int | None = field(default=None, kw_only=True)

    op: ClassVar[str] = "avg_pool"
    divides: ClassVar[bool] = True
    wider: ClassVar[tuple[str, ...]] = ("dilation", "divisor_override")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.divisor_override is not None:
            self._read_count("divisor_override")
        dilated = any(d != 1 for d in self.per_axis("dilation", 1))
        if not self.is_wide and (dilated or self.divisor_override is not None):
            what = "dilation" if dilated else "divisor_override"
            self._refuse(
                f"PyTorch's averages have no {what}, got {what}={getattr(self, what)}; {ASK}"
            )

    @property
    def unsaid(self) -> tuple[str, ...]:
        """PyTorch's rules go without saying, and so do the window's own counts."""
        return (*super().unsaid, *(("divisor_override",) if self.divisor_override is None else ()))

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        also = () if self.is_wide or rank != 3 else holds_its_kernel(size, a["kernel_size"])
        window = super()._window(size, rank, **a)
        also = (*also, *self._counts_something(window, a["padding"]))
        return replace(window, also=(*also, *window.also)) if also else window

    def _counts_something(self, window: Window, padding: Pads | str) -> Requirements:
        """That no window counts nothing: by PyTorch's rules none does."""
        if not self.is_wide or self.count_include_pad or self.divisor_override is not None:
            return ()
        return counts_something(window, padding, ceil_mode=self.ceil_mode)

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

        A ``divisor_override`` stands on the first axis, and 1 on the others.

        >>> from symconv.size.expr import named
        >>> pool = AvgPool(3, stride=2, padding=1)
        >>> str(pool.counters(pool.windows(("N",)))[0](named("i")))
        '-max(0, -2*i) + min(3, N - 2*i + 2)'
        """
        if self.divisor_override is not None:
            return [partial(_always, n) for n in (self.divisor_override, *[1] * (len(windows) - 1))]
        pairs = zip(windows, self.per_axis("padding", len(windows)), strict=True)
        return [
            partial(counted_taps, w, counted_ends(w, pads, with_pads=self.count_include_pad))
            for w, pads in pairs
        ]

    def counts(self, input_size: Sizes, at: Size) -> tuple[Extent, ...]:
        """Per axis the samples ``n_a`` that output ``at`` counts."""
        return tuple(count(at) for count in self.counters(self.windows(input_size)))

    def one_divisor(self, rank: int) -> int | None:
        """What divides every window, where that is one number whatever the size."""
        if self.divisor_override is not None:
            return self.divisor_override
        pads = self.per_axis("padding", rank)
        ends = [end for pair in pads for end in ((pair,) if isinstance(pair, str) else pair)]
        inside = all(isinstance(end, int) and end <= 0 for end in ends)
        alike = not self.ceil_mode and (self.count_include_pad or inside)
        return prod(self.per_axis("kernel_size", rank)) if alike else None


def _always(count: int, o: Extent) -> Extent:
    return count
