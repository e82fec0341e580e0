"""What every layer has: attributes read and checked, and one window per axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import index
from typing import Any, ClassVar, Literal, NoReturn, Self

from symconv.errors import LayerError
from symconv.layer.padding import Pads, is_int, read_padding, same_lows, same_pair
from symconv.layer.window import Window
from symconv.size.expr import Expr, Extent, Size
from symconv.size.numbers import exact
from symconv.size.text import parse

Ints = int | tuple[Extent, ...]
_MAY_BE_NAMED = ("kernel_size", "output_padding")
"""Attributes that a step of a claim may give as expressions, as it may its pads."""

Sizes = Sequence[Size | str]
"""One size per axis: a number, an expression, or the text of one, such as a name."""


@dataclass(frozen=True)
class Layer:
    """What every layer has: one window per axis.  Use one of its subclasses."""

    op: ClassVar[str]
    monoid: ClassVar[Literal["sum", "max"]] = "sum"
    has_weight: ClassVar[bool] = False
    """Whether a weight of its own stands beside the input."""
    is_transposed: ClassVar[bool] = False
    """Whether it scatters: its input stands where a convolution's output does."""
    divides: ClassVar[bool] = False
    """Whether its sums are divided by what their windows count."""
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
            if isinstance(entry, Expr) and name in _MAY_BE_NAMED:
                continue
            if not is_int(entry) or entry < least:
                self._refuse(
                    f"{name} must be an integer of at least {least}, or one per axis, "
                    f"got {name}={value!r}"
                )
        ints = tuple(n if isinstance(n, Expr) else index(n) for n in entries)
        alone: Any = ints[0]
        return ints if isinstance(value, Sequence) else alone

    def _read_count(self, name: str) -> None:
        value = getattr(self, name)
        if not is_int(value) or value < 1:
            self._refuse(f"{name} must be an integer of at least 1, got {name}={value!r}")
        self._set(name, index(value))

    @cached_property
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

    @property
    def unsaid(self) -> tuple[str, ...]:
        """Attributes that a text of the layer leaves out, since they go without saying."""
        return ()

    def per_axis(self, name: str, rank: int) -> tuple[Any, ...]:
        """The attribute as one value per axis; padding as one ``(lo, hi)`` pair or name an axis."""
        value = getattr(self, name)
        if isinstance(value, tuple):
            return value
        if name == "padding" and not isinstance(value, str):
            value = (value, value)
        return (value,) * rank

    def windows(self, input_size: Sizes) -> tuple[Window, ...]:
        """One `Window` per spatial axis at this input size; numbers and names may be mixed.

        Raises:
            LayerError: the size has another rank, is not positive, or leaves no output.

        >>> from symconv import Conv
        >>> Conv(3, 64, kernel_size=7, stride=2, padding=3).windows((224, 224))[0].output
        112
        >>> str(Conv(3, 64, kernel_size=7, stride=2, padding=3).windows((224, "W"))[1].output)
        '((W + 1) // 2)'
        """
        size = read_size(input_size, self.op)
        if self.rank not in (None, len(size)):
            self._refuse(
                f"it has {self.rank} spatial axes, but input_size={shown(size)} has {len(size)}"
            )
        names = (*self._spatial, "padding")
        columns = zip(*(self.per_axis(name, len(size)) for name in names), strict=True)
        return tuple(
            [
                self._window_at(axis, size, dict(zip(names, values, strict=True)))
                for axis, values in enumerate(columns)
            ]
        )

    def _window_at(
        self, axis: int, size: tuple[Extent, ...], attributes: Mapping[str, Any]
    ) -> Window:
        try:
            return self._window(size[axis], len(size), **attributes)
        except LayerError as fault:
            where = f"{self.op}, axis {axis} of input_size={shown(size)}"
            raise LayerError(f"{where}: {fault}") from None

    def _window(self, size: Size, rank: int, **attributes: Any) -> Window:
        raise TypeError(f"{type(self).__name__} does not say what its window is")

    def output_size(self, input_size: Sizes) -> tuple[Extent, ...]:
        """Spatial sizes of the output.

        >>> from symconv import MaxPool
        >>> MaxPool(kernel_size=3, stride=2, padding=1).output_size((112, 112))
        (56, 56)
        """
        return tuple(window.output for window in self.windows(input_size))

    @property
    def has_bias(self) -> bool:
        """Whether a number is added to each output channel."""
        return False

    @property
    def channel_groups(self) -> int:
        """Into how many groups the channels fall; of a pooling each is one."""
        raise TypeError(f"{type(self).__name__} does not say its groups")

    def with_channels(self, groups: int, inner: int) -> Self:
        """The same windows with so many groups, and at most so many channels in each of them."""
        raise TypeError(f"{type(self).__name__} does not say its channels")

    def weight_shape(self, rank: int) -> tuple[int, ...] | None:
        """Shape of the weight in PyTorch's layout, or None for a layer without one."""
        return None


def read_size(input_size: Sizes, where: str) -> tuple[Extent, ...]:
    """Read an input size: one positive integer or size expression per spatial axis.

    Raises:
        LayerError: there is no axis, or an entry is neither.
        ClaimError: a text is not an expression.
    """
    sizes = tuple(map(_size, entries(input_size)))
    if not sizes or None in sizes:
        raise LayerError(
            f"{where}: input_size must hold a positive integer per spatial axis, got {input_size!r}"
        )
    return sizes


def entries(input_size: Any) -> tuple[Any, ...]:
    """What is given for each axis; a size alone is that of one."""
    alone = isinstance(input_size, str | bytes | Mapping) or not isinstance(input_size, Iterable)
    return (input_size,) if alone else tuple(input_size)


def read_numbers(input_size: Sizes, where: str) -> tuple[int, ...]:
    """Read an input size in numbers alone.

    Raises:
        LayerError: there is no axis, or an entry is not a positive integer.
    """
    sizes = read_size(input_size, where)
    if any(isinstance(n, Expr) for n in sizes):
        raise LayerError(f"{where}: input_size must hold numbers here, got {input_size!r}")
    return sizes


def _size(entry: Any) -> Extent | None:
    """One size of an input; None where it is none."""
    if is_int(entry):
        return index(entry) if entry >= 1 else None
    size = parse(entry) if isinstance(entry, str) else entry
    return size if isinstance(size, Expr) else None


def shown(size: Iterable[Size]) -> list[int | str]:
    """Sizes as a message shows them: expressions by their text."""
    return [n if isinstance(n, int) else str(n) for n in size]


def forward_pads(padding: Pads | str, size: Extent, span: Extent, stride: int) -> tuple[Any, Any]:
    """Return a forward layer's pads on one axis, with a name made into sizes."""
    return same_pair(padding, size, span, stride) if isinstance(padding, str) else padding


def forward_count(padding: Pads | str, size: Extent, stride: int) -> Extent | None:
    """The outputs that a named padding leaves, ``ceil(N / s)``."""
    return (size - 1) // stride + 1 if isinstance(padding, str) else None


def forward_lows(padding: Pads | str, span: Size, stride: int) -> tuple[int, int] | None:
    """The least and the greatest low pad over all sizes, where a name stands for it."""
    if isinstance(padding, str) and isinstance(span, int):
        return same_lows(padding, span, stride)
    return None


def read_value(value: Any, where: str) -> Fraction:
    """Read a finite number exactly, as a fraction."""
    if type(value) is int:
        return Fraction(value)
    try:
        return exact(str(value))
    except (ValueError, ZeroDivisionError):
        raise LayerError(f"{where}: expected a finite number, got {value!r}") from None
