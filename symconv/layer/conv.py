"""Convolutions, transposed convolutions, and convolutions in the monoid (max, -inf)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from symconv.errors import LayerError
from symconv.layer.base import Ints, Layer, forward_count, forward_lows, forward_pads, read_value
from symconv.layer.matrix import is_matrix
from symconv.layer.padding import Padding, Pads, same_crop
from symconv.layer.requirements import Requirements, at_least, both, must
from symconv.layer.window import PADDING_MODES, PaddingMode, Window
from symconv.machine.caches import cached
from symconv.size.expr import Extent, Size, number


@dataclass(frozen=True)
class Conv(Layer):
    """A convolution (cross-correlation), as ``torch.nn.Conv1d`` to ``Conv3d`` and beyond.

    ``y[m,o] = bias[m] + sum_{c,k} w[m,c,k] * x[c, s*o + d*k - lo]``, with one index ``o``, ``k``
    per spatial axis; ``w`` has shape ``(out_channels, in_channels/groups, *kernel_size)``.

    Raises:
        LayerError: an attribute that PyTorch would refuse; the message shows it and how to fix it.

    Source: PyTorch, ``torch.nn.Conv2d``; Kong and Lucey 2017, section 2.

    >>> Conv(3, 64, kernel_size=7, stride=2, padding=3).output_size((224, 224))
    (112, 112)
    """

    in_channels: int
    out_channels: int
    kernel_size: Ints
    stride: Ints = 1
    padding: Padding = 0
    dilation: Ints = 1
    groups: int = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"
    padding_value: float = 0

    op: ClassVar[str] = "conv"
    has_weight: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if is_matrix(self.stride):
            self._refuse(
                f"stride={self.stride!r} is a matrix; write LatticeConv(...), whose outputs stand "
                "on a lattice"
            )
        super().__post_init__()
        _check_channels(self)
        if self.padding_mode not in PADDING_MODES:
            self._refuse(
                f"padding_mode must be one of {', '.join(PADDING_MODES)}, got {self.padding_mode!r}"
            )
        if self.padding_value != 0 and self.padding_mode != "zeros":
            self._refuse(
                f"padding_value={self.padding_value!r} needs padding_mode='zeros', "
                f"got padding_mode={self.padding_mode!r}"
            )
        read_value(self.padding_value, self.op)

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        return conv_window(
            size, a["kernel_size"], a["stride"], a["padding"], a["dilation"], self.padding_mode
        )

    @property
    def has_bias(self) -> bool:
        """Its ``bias``."""
        return self.bias

    @property
    def channel_groups(self) -> int:
        """Its ``groups``."""
        return self.groups

    def with_channels(self, groups: int, inner: int) -> Self:
        """The same windows over fewer channels; a group has no more than it had."""
        return replace(self, **_fewer(self, groups, inner))

    def weight_shape(self, rank: int) -> tuple[int, ...]:
        """``(out_channels, in_channels/groups, *kernel_size)``."""
        kernel = self.per_axis("kernel_size", rank)
        return (self.out_channels, self.in_channels // self.groups, *kernel)


@dataclass(frozen=True)
class MaxConv(Conv):
    """A maximum over live taps: what a max pooling becomes on phases.

    ``y[m,o] = max of x[c, s*o + d*k - lo]`` over the ``c`` and ``k`` at which a constant 0/1 weight
    in `Conv`'s layout is not zero; a convolution in the monoid (max, -inf).

    Source: Maragos 1987, *Tutorial on advances in morphological image processing*, section 2.
    """

    bias: bool = False

    op: ClassVar[str] = "max_conv"
    monoid: ClassVar[Literal["sum", "max"]] = "max"


@dataclass(frozen=True)
class ConvTranspose(Layer):
    """A transposed convolution, as ``torch.nn.ConvTranspose1d`` to ``3d``; pads crop the output.

    It is the ordinary convolution of base dilation ``stride`` with the kernel flipped and pads
    ``d*(K-1) - lo`` and ``d*(K-1) - hi + output_padding``; ``w`` has shape
    ``(in_channels, out_channels/groups, *kernel_size)``.

    Raises:
        LayerError: an attribute that PyTorch would refuse; the message shows it and how to fix it.

    Source: PyTorch, ``torch.nn.ConvTranspose2d``; Dumoulin and Visin 2016, chapter 4.

    >>> ConvTranspose(8, 4, kernel_size=4, stride=2, padding=1).output_size((7,))
    (14,)
    """

    in_channels: int
    out_channels: int
    kernel_size: Ints
    stride: Ints = 1
    padding: Padding = 0
    output_padding: Ints = 0
    groups: int = 1
    bias: bool = True
    dilation: Ints = 1

    op: ClassVar[str] = "conv_transpose"
    has_weight: ClassVar[bool] = True
    is_transposed: ClassVar[bool] = True
    _spatial: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "dilation", "output_padding")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_channels(self)
        self._check_output_padding()

    def _check_output_padding(self) -> None:
        rank = self.rank or 1
        per_axis = [self.per_axis(n, rank) for n in ("output_padding", "stride", "dilation")]
        try:
            for entry in zip(*per_axis, strict=True):
                extra_fits(*entry)
        except LayerError as fault:
            self._refuse(str(fault))
        if isinstance(self.padding, str) and any(per_axis[0]):
            self._refuse(
                f"padding={self.padding!r} fixes the output size at input * stride, got "
                f"output_padding={self.output_padding!r} on top; write the padding as numbers"
            )

    def _window(self, size: Size, rank: int, **a: Any) -> Window:
        return transposed_window(
            size, a["kernel_size"], a["stride"], a["padding"], a["dilation"], a["output_padding"]
        )

    @property
    def has_bias(self) -> bool:
        """Its ``bias``."""
        return self.bias

    @property
    def channel_groups(self) -> int:
        """Its ``groups``."""
        return self.groups

    def with_channels(self, groups: int, inner: int) -> Self:
        """The same windows over fewer channels; a group has no more than it had."""
        return replace(self, **_fewer(self, groups, inner))

    def weight_shape(self, rank: int) -> tuple[int, ...]:
        """``(in_channels, out_channels/groups, *kernel_size)``."""
        kernel = self.per_axis("kernel_size", rank)
        return (self.in_channels, self.out_channels // self.groups, *kernel)


@cached(most=4096)
def conv_window(
    size: Extent,
    kernel: Extent,
    stride: int,
    padding: Pads | str,
    dilation: int,
    mode: PaddingMode = "zeros",
) -> Window:
    """One axis of a convolution; sizes, kernels and pads may be expressions.

    Raises:
        LayerError: the window makes no sense at any size.
    """
    span = dilation * (kernel - 1) + 1
    lo, hi = forward_pads(padding, size, span, stride)
    count, lows = forward_count(padding, size, stride), forward_lows(padding, span, stride)
    return Window(size, kernel, stride, lo, hi, dilation, mode=mode, count=count, lows=lows)


@cached(most=4096)
def transposed_window(
    size: Extent, kernel: Extent, stride: int, padding: Pads | str, dilation: int, extra: Extent
) -> Window:
    """One axis of a transposed convolution; ``extra`` is its output padding.

    Raises:
        LayerError: the window makes no sense at any size.
    """
    span = dilation * (kernel - 1) + 1
    lo, hi = same_crop(padding, number(span), stride) if isinstance(padding, str) else padding
    return Window(
        size,
        kernel,
        lo=span - 1 - lo,
        hi=span - 1 - hi + extra,
        dilation=dilation,
        base_dilation=stride,
        reversal=True,
        also=extra_fits(extra, stride, dilation),
    )


def extra_fits(extra: Size, stride: int, dilation: int) -> Requirements:
    """That an output padding is one: not negative, and less than the stride or the dilation.

    Raises:
        LayerError: it is not.
    """
    return must(
        both(at_least(extra, 0), at_least(max(stride, dilation) - 1, extra)),
        lambda: (
            "output_padding must be smaller than either stride or dilation, got "
            f"output_padding={extra}, stride={stride}, dilation={dilation}"
        ),
    )


def _check_channels(layer: Conv | ConvTranspose) -> None:
    for name in ("in_channels", "out_channels", "groups"):
        layer._read_count(name)
    for name in ("in_channels", "out_channels"):
        if getattr(layer, name) % layer.groups:
            layer._refuse(
                f"{name} must be divisible by groups, got {name}={getattr(layer, name)}, "
                f"groups={layer.groups}"
            )


def _fewer(layer: Conv | ConvTranspose, groups: int, inner: int) -> dict[str, Any]:
    """So many groups, and in each of them no more channels than there were."""
    return {
        "groups": groups,
        "in_channels": groups * min(layer.in_channels // layer.groups, inner),
        "out_channels": groups * min(layer.out_channels // layer.groups, inner),
    }
