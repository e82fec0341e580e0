"""What every layer has: attributes read and checked, and a window an axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import index
from typing import Any, ClassVar, Literal, NoReturn

from symconv.errors import LayerError
from symconv.layer.padding import Pair, is_int, read_padding, same_pair
from symconv.layer.window import Window
from symconv.size.numbers import exact

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

        >>> from symconv import Conv
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

        >>> from symconv import MaxPool
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


def forward_pads(padding: Pair | str, size: int, span: int, stride: int) -> Pair:
    """Return a forward layer's pads on one axis, with a name made into numbers."""
    return same_pair(padding, size, span, stride) if isinstance(padding, str) else padding


def read_value(value: Any, where: str) -> Fraction:
    """Read a finite number exactly, as a fraction."""
    try:
        return exact(str(value))
    except (ValueError, ZeroDivisionError):
        raise LayerError(f"{where}: expected a finite number, got {value!r}") from None
