"""Destride: the verb that expands a layer, at one input size or with the size left open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm
from operator import index
from typing import Any, overload

from numpy.typing import NDArray

from symconv.claim import steps as st
from symconv.errors import FactorError, LayerError
from symconv.expand.axis import AxisExpansion
from symconv.expand.expansion import Expansion, inner_windows
from symconv.expand.lattice import LatticeExpansion, expand_lattice
from symconv.expand.maps import ORDERS, Order
from symconv.layer import AnyLayer, Conv, LatticeConv, read_size
from symconv.layer.padding import is_int
from symconv.layer.window import Window

Ints = int | Sequence[int] | None


@dataclass(frozen=True)
class OpenExpansion:
    """An expansion whose input size is still open; `at` names one.

    What is the same at every size can be read already; a layer that leaves its rank open is read as
    one of images, with two axes.
    """

    original: AnyLayer
    factor: Ints = None
    asked_factor_out: Ints = None
    residual_stride: Ints = 1
    order: Order = "channel"

    def at(self, input_size: Sequence[int]) -> Expansion:
        """The expansion at this input size."""
        return destride(
            self.original,
            input_size,
            factor=self.factor,
            factor_out=self.asked_factor_out,
            residual_stride=self.residual_stride,
            order=self.order,
        )

    @property
    def _rank(self) -> int:
        return self.original.rank or 2

    @cached_property
    def _usual(self) -> Expansion:
        """The expansion at some size that every factor divides, if the layer takes one."""
        first = max(next(self._sizes(axis)) for axis in range(self._rank))
        whole = self._legal(first, 1)
        period = lcm(*whole.factor_in)
        try:
            return self._legal(first + -first % period, period)
        except LayerError:
            return whole  # what its factors divide the layer does not take

    def _legal(self, first: int, step: int) -> Expansion:
        """The expansion at the first of some equal sizes at which the layer has one.

        Raises:
            LayerError: none of so many sizes as the stride counts residues is legal.
        """
        stride = max(self.original.per_axis("stride", self._rank))
        *sizes, last = range(first, first + step * (stride + 1), step)
        for size in sizes:
            with suppress(LayerError):
                return self.at([size] * self._rank)
        return self.at([last] * self._rank)

    def usual(self, rank: int) -> Expansion:
        """The expansion at some size of so many axes that every factor divides."""
        if self.original.rank is not None:
            return self._usual
        return self.at([self._usual.input_size[0]] * rank)

    def _sizes(self, axis: int) -> Iterator[int]:
        """Sizes of an axis from one at which all taps fit, over one period of the expanded pads."""
        layer, rank = self.original, self._rank
        kernel, stride = (layer.per_axis(n, rank)[axis] for n in ("kernel_size", "stride"))
        reach = kernel * max(map(max, [_dilations(layer, rank)])) + stride + _most_pad(layer)
        period = stride * max(1, _largest(self.residual_stride)) * max(1, _largest(self.factor))
        yield from range(2 * reach, 2 * reach + period * stride + 1)

    def _settled(self, read: str) -> Any:
        """An attribute of the expansion, if it is the same at all sizes.

        Raises:
            FactorError: it depends on the input size.
        """
        usual = getattr(self._usual, read)
        for axis in range(self._rank):
            for size in self._sizes(axis):
                sizes = list(self._usual.input_size)
                sizes[axis] = size
                try:
                    found = getattr(self.at(sizes), read)
                except LayerError:
                    continue  # a size that the layer does not take
                if found != usual:
                    raise FactorError(
                        f"the expansion's {read} depends on the input size; "
                        "name one: destride(layer, input_size) or .at(input_size)"
                    )
        return usual

    @property
    def factor_in(self) -> tuple[int, ...]:
        """Phases of the input per axis, ``E_in``."""
        return self._usual.factor_in

    @property
    def factor_out(self) -> tuple[int, ...]:
        """Phases of the output per axis, ``E_out``."""
        return self._usual.factor_out

    @cached_property
    def layer(self) -> Conv:
        """The expanded layer, where its pads are the same at every size."""
        layer: Conv = self._settled("layer")
        return layer

    @cached_property
    def weight_map(self) -> tuple[st.Step, ...]:
        """Steps from the original weight to the expanded one."""
        steps: tuple[st.Step, ...] = self._settled("weight_map")
        return steps

    @property
    def input_map(self) -> tuple[st.Step, ...]:
        """Steps from the input to its phases at sizes that ``E_in`` divides.

        At other sizes ``at(input_size).input_map`` fills the last coarse block first.
        """
        return self._usual.input_map

    def expand_weight(self, weight: NDArray[Any]) -> NDArray[Any]:
        """The expanded weight; see `Expansion.expand_weight`."""
        return self._of_rank(weight.ndim - 2).expand_weight(weight)

    def fold_weight(self, expanded: NDArray[Any]) -> NDArray[Any]:
        """The weight whose image this is; see `Expansion.fold_weight`."""
        return self._of_rank(expanded.ndim - 2).fold_weight(expanded)

    def _of_rank(self, rank: int) -> Expansion:
        return self.usual(rank) if rank > 0 else self._usual


def _dilations(layer: AnyLayer, rank: int) -> tuple[int, ...]:
    return layer.per_axis("dilation", rank) if hasattr(layer, "dilation") else (1,) * rank


def _most_pad(layer: AnyLayer) -> int:
    padding = layer.padding
    if isinstance(padding, str):
        return 0
    pairs = [(padding, padding)] if isinstance(padding, int) else padding
    return max(abs(end) for pair in pairs for end in pair)


def _largest(value: Ints) -> int:
    return 1 if value is None else value if isinstance(value, int) else max(value)


@overload
def destride(layer: LatticeConv, input_size: Sequence[int] | None = None) -> LatticeExpansion: ...


@overload
def destride(
    layer: AnyLayer,
    input_size: None = None,
    *,
    factor: Ints = None,
    factor_out: Ints = None,
    residual_stride: Ints = 1,
    order: Order = "channel",
) -> OpenExpansion: ...


@overload
def destride(
    layer: AnyLayer,
    input_size: Sequence[int],
    *,
    factor: Ints = None,
    factor_out: Ints = None,
    residual_stride: Ints = 1,
    order: Order = "channel",
) -> Expansion: ...


def destride(
    layer: AnyLayer | LatticeConv,
    input_size: Sequence[int] | None = None,
    *,
    factor: Ints = None,
    factor_out: Ints = None,
    residual_stride: Ints = 1,
    order: Order = "channel",
) -> Expansion | OpenExpansion | LatticeExpansion:
    """Expand a layer over phases so that ``E_in * u * t == E_out * s`` on every axis.

    Args:
        layer: any layer; ``s`` is its stride, ``u`` its base dilation.
        input_size: one size per spatial axis; without it the size stays open (`OpenExpansion`).
        factor: ``E_in`` per axis, or one for all; by default the least that the equation allows.
        factor_out: ``E_out`` likewise; 1 for a convolution unless asked otherwise.
        residual_stride: ``t``; 1 removes the stride altogether.
        order: ``"channel"`` puts a channel's phases side by side, ``"phase"`` a phase's channels.

    Raises:
        FactorError: the factors break the equation.
        LayerError: the layer has no output at this size.

    Source: Kong and Lucey 2017, section 3; the general equation follows from Vaidyanathan 1993,
    chapter 4.

    >>> from symconv import Conv
    >>> e = destride(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224))
    >>> e.layer.in_channels, e.layer.kernel_size, e.layer.padding
    (12, (4, 4), ((2, 1), (2, 1)))
    >>> destride(Conv(3, 64, kernel_size=7, stride=2, padding=3)).layer == e.layer
    True
    """
    if isinstance(layer, LatticeConv):
        return expand_lattice(layer)
    if order not in ORDERS:
        raise FactorError(f"order must be 'channel' or 'phase', got {order!r}")
    if input_size is None:
        return OpenExpansion(layer, factor, factor_out, residual_stride, order)
    size = read_size(input_size, layer.op)
    windows = inner_windows(layer, size)
    rank = len(size)
    asked = (
        _spread(factor, rank, "factor"),
        _spread(factor_out, rank, "factor_out"),
        _spread(residual_stride, rank, "residual_stride"),
    )
    axes = tuple(
        AxisExpansion(window, *_factors(window, e_in, e_out, t or 1), t or 1)
        for window, e_in, e_out, t in zip(windows, *asked, strict=True)
    )
    return Expansion(layer, size, axes, order)


def _spread(value: Ints, rank: int, name: str) -> list[int | None]:
    if value is None:
        return [None] * rank
    values: list[Any] = [value] * rank if is_int(value) else list(value)  # type: ignore[arg-type]
    if len(values) != rank or not all(is_int(v) and index(v) >= 1 for v in values):
        raise FactorError(
            f"{name} must be a positive integer, or one per axis of {rank}, got {value!r}"
        )
    return [index(v) for v in values]


def _factors(window: Window, e_in: int | None, e_out: int | None, t: int) -> tuple[int, int]:
    """Fill in what was left open: the least factors, or the one that the other implies."""
    coarse, fine = window.base_dilation * t, window.stride
    if e_in is None and e_out is None:
        common = gcd(coarse, fine)
        return fine // common, coarse // common
    if e_in is None:
        return max(1, (e_out or 1) * fine // coarse), e_out or 1
    return e_in, e_out or max(1, e_in * coarse // fine)
