"""Layers as frozen numbers: Conv, ConvTranspose, MaxPool, AvgPool.

Names, defaults and legality are PyTorch's, with two things more general: pads may differ at the
two ends of an axis, and a negative pad crops.  An integer stands for every spatial axis, so a layer
may leave its rank open until it meets an input size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import index
from typing import Any, ClassVar, Literal, NoReturn

from symconv.errors import LayerError
from symconv.padding import Padding, Pair, is_int, read_padding, same_crop, same_pair
from symconv.window import PADDING_MODES, PaddingMode, Window

Ints = int | tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """What every layer has: a window an axis.  Use one of its subclasses."""

    op: ClassVar[str]
    monoid: ClassVar[Literal["sum", "max"]] = "sum"
    _spatial: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "dilation")
    """Attributes with one value per spatial axis; the ranks of their tuples must agree."""

    def __post_init__(self) -> None:
        for name in self._spatial:
            least = 0 if name == "output_padding" else 1
            self._set(name, self._read_ints(name, least))
        self._set("padding", read_padding(self.padding, self.op))  # type: ignore[attr-defined]
        _ = self.rank

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _refuse(self, message: str) -> NoReturn:
        raise LayerError(f"{self.op}: {message}")

    def _read_ints(self, name: str, least: int) -> Ints:
        value = getattr(self, name)
        entries = tuple(value) if isinstance(value, Sequence) and value else (value,)
        for entry in entries:
            if not is_int(entry) or entry < least:
                self._refuse(
                    f"{name} must be an integer of at least {least}, or one per axis, "
                    f"got {name}={value!r}"
                )
        ints = tuple(map(index, entries))
        return ints if isinstance(value, Sequence) else ints[0]

    def _read_count(self, name: str) -> None:
        value = getattr(self, name)
        if not is_int(value) or value < 1:
            self._refuse(f"{name} must be an integer of at least 1, got {name}={value!r}")
        self._set(name, index(value))

    @property
    def rank(self) -> int | None:
        """Number of spatial axes, or None while every attribute stands for any number of them."""
        ranks = {
            name: len(value)
            for name in (*self._spatial, "padding")
            if isinstance(value := getattr(self, name), tuple)
        }
        if len(set(ranks.values())) > 1:
            found = ", ".join(f"{name} {rank}" for name, rank in ranks.items())
            self._refuse(f"attributes disagree on the number of spatial axes: {found}")
        return next(iter(ranks.values()), None)

    def per_axis(self, name: str, rank: int) -> tuple[Any, ...]:
        """The attribute as one value an axis; padding as one ``(lo, hi)`` pair or name an axis."""
        value = getattr(self, name)
        if isinstance(value, tuple):
            return value
        if name == "padding" and isinstance(value, int):
            value = (value, value)
        return (value,) * rank

    def windows(self, input_size: Sequence[int]) -> tuple[Window, ...]:
        """One `Window` per spatial axis at this input size.

        Raises:
            LayerError: the size has another rank, is not positive, or leaves no output.

        >>> Conv(3, 64, kernel_size=7, stride=2, padding=3).windows((224, 224))[0].output
        112
        """
        size = read_size(input_size, self.op)
        if self.rank not in (None, len(size)):
            self._refuse(
                f"it has {self.rank} spatial axes, but input_size={list(size)} has {len(size)}"
            )
        return tuple(self._window_at(axis, size) for axis in range(len(size)))

    def _window_at(self, axis: int, size: tuple[int, ...]) -> Window:
        names = (*self._spatial, "padding")
        attributes = {name: self.per_axis(name, len(size))[axis] for name in names}
        try:
            return self._window(size[axis], len(size), **attributes)
        except LayerError as fault:
            where = f"{self.op}, axis {axis} of input_size={list(size)}"
            raise LayerError(f"{where}: {fault}") from None

    def _window(self, size: int, rank: int, **attributes: Any) -> Window:
        raise TypeError(f"{type(self).__name__} does not say what its window is")

    def output_size(self, input_size: Sequence[int]) -> tuple[int, ...]:
        """Spatial sizes of the output.

        >>> MaxPool(kernel_size=3, stride=2, padding=1).output_size((112, 112))
        (56, 56)
        """
        return tuple(window.output for window in self.windows(input_size))

    def weight_shape(self, rank: int) -> tuple[int, ...] | None:
        """Shape of the weight in PyTorch's layout, or None for a layer without one."""
        return None


def read_size(input_size: Sequence[int], where: str) -> tuple[int, ...]:
    """Read an input size: one positive integer per spatial axis, at least one axis."""
    entries = tuple(input_size) if isinstance(input_size, Iterable) else (input_size,)
    if not entries or not all(is_int(n) and n >= 1 for n in entries):
        raise LayerError(
            f"{where}: input_size must hold a positive integer per spatial axis, got {input_size!r}"
        )
    return tuple(index(n) for n in entries)


def _forward_pads(padding: Pair | str, size: int, span: int, stride: int) -> Pair:
    return same_pair(padding, size, span, stride) if isinstance(padding, str) else padding


@dataclass(frozen=True)
class Conv(Layer):
    """A convolution (cross-correlation), as ``torch.nn.Conv1d`` to ``Conv3d`` and beyond.

    ``y[m,o] = bias[m] + sum_{c,k} w[m,c,k] * x[c, s*o + d*k - lo]``, with one index ``o``, ``k``
    per spatial axis; ``w`` has shape ``(out_channels, in_channels/groups, *kernel_size)``.

    Raises:
        LayerError: an attribute that PyTorch would refuse; the message shows it and the mend.

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

    def __post_init__(self) -> None:
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

    def _window(self, size: int, rank: int, **a: Any) -> Window:
        span = a["dilation"] * (a["kernel_size"] - 1) + 1
        lo, hi = _forward_pads(a["padding"], size, span, a["stride"])
        return Window(
            size, a["kernel_size"], a["stride"], lo, hi, a["dilation"], mode=self.padding_mode
        )

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
        LayerError: an attribute that PyTorch would refuse; the message shows it and the mend.

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
    _spatial: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "dilation", "output_padding")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_channels(self)
        rank = self.rank or 1
        per_axis = [self.per_axis(n, rank) for n in ("output_padding", "stride", "dilation")]
        for extra, stride, dilation in zip(*per_axis, strict=True):
            if extra >= max(stride, dilation):
                self._refuse(
                    "output_padding must be smaller than either stride or dilation, got "
                    f"output_padding={extra}, stride={stride}, dilation={dilation}"
                )

    def _window(self, size: int, rank: int, **a: Any) -> Window:
        span = a["dilation"] * (a["kernel_size"] - 1) + 1
        crop = a["padding"]
        lo, hi = same_crop(crop, span, a["stride"]) if isinstance(crop, str) else crop
        return Window(
            size,
            a["kernel_size"],
            lo=span - 1 - lo,
            hi=span - 1 - hi + a["output_padding"],
            dilation=a["dilation"],
            base_dilation=a["stride"],
            reversal=True,
        )

    def weight_shape(self, rank: int) -> tuple[int, ...]:
        """``(in_channels, out_channels/groups, *kernel_size)``."""
        kernel = self.per_axis("kernel_size", rank)
        return (self.in_channels, self.out_channels // self.groups, *kernel)


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
        del rank
        dilation = a.get("dilation", 1)
        span = dilation * (a["kernel_size"] - 1) + 1
        lo, hi = _forward_pads(a["padding"], size, span, a["stride"])
        if max(lo, hi) > a["kernel_size"] // 2 and not isinstance(a["padding"], str):
            raise LayerError(
                f"a pooling pads at most half of its kernel ({a['kernel_size'] // 2} of kernel_size="
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
        pads = self.per_axis("padding", rank)
        return tuple(
            tuple(Fraction(1, n) for n in self._counts(window, axis_pads))
            for window, axis_pads in zip(self.windows(input_size), pads, strict=True)
        )

    def _counts(self, window: Window, pads: Pair | str) -> Iterator[int]:
        hi = _forward_pads(pads, window.size, window.span, window.stride)[1]
        first, end = -window.lo, window.size + hi
        if not self.count_include_pad:
            first, end = max(first, 0), min(end, window.size)
        for o in range(window.output):
            start = o * window.stride - window.lo
            yield min(start + window.kernel, end) - max(start, first)


def _check_channels(layer: Conv | ConvTranspose) -> None:
    for name in ("in_channels", "out_channels", "groups"):
        layer._read_count(name)
    for name in ("in_channels", "out_channels"):
        if getattr(layer, name) % layer.groups:
            layer._refuse(
                f"{name} must be divisible by groups, got {name}={getattr(layer, name)}, "
                f"groups={layer.groups}"
            )


def read_value(value: Any, where: str) -> Fraction:
    """Read a finite number exactly, as a fraction."""
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise LayerError(f"{where}: expected a finite number, got {value!r}") from None

