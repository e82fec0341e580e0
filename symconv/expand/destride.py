"""Destride: the verb that expands a layer, at an input size in numbers or in names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd
from operator import index
from typing import Any, overload

from symconv.errors import FactorError
from symconv.expand.axis import axis_expansion
from symconv.expand.expansion import Expansion
from symconv.expand.lattice import LatticeExpansion, expand_lattice
from symconv.expand.layers import inner_windows
from symconv.expand.maps import ORDERS, Order
from symconv.layer import AnyLayer, LatticeConv, read_size
from symconv.layer.base import Sizes
from symconv.layer.lattice import require_layer
from symconv.layer.padding import is_int
from symconv.layer.window import Window
from symconv.size.names import axis_names

Ints = int | Sequence[int] | None

IMAGES = 2
"""Axes of a layer that says nowhere how many it has."""


@overload
def destride(layer: LatticeConv, input_size: Sizes | None = None) -> LatticeExpansion: ...


@overload
def destride(
    layer: AnyLayer,
    input_size: Sizes | None = None,
    *,
    factor: Ints = None,
    factor_out: Ints = None,
    residual_stride: Ints = 1,
    order: Order = "channel",
) -> Expansion: ...


def destride(
    layer: AnyLayer | LatticeConv,
    input_size: Sizes | None = None,
    *,
    factor: Ints = None,
    factor_out: Ints = None,
    residual_stride: Ints = 1,
    order: Order = "channel",
) -> Expansion | LatticeExpansion:
    """Expand a layer over phases so that ``E_in * u * t == E_out * s`` on every axis.

    Args:
        layer: any layer; ``s`` is its stride, ``u`` its base dilation.
        input_size: one size per spatial axis, a number, a name or an expression; without it the
            sizes are named N, or H and W, or D, H and W (two axes where the layer does not say).
        factor: ``E_in`` per axis, or one for all; by default the least that the equation allows.
        factor_out: ``E_out`` likewise; 1 for a convolution unless asked otherwise.
        residual_stride: ``t``; 1 removes the stride altogether.
        order: ``"channel"`` puts a channel's phases side by side, ``"phase"`` a phase's channels.

    A `LatticeConv` is expanded over the cosets of its lattice, and takes no factors.

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
    >>> destride(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, "W")).claim().size
    (224, 'W')
    """
    require_layer(layer, "destride")
    if isinstance(layer, LatticeConv):
        _refuse_phases(factor, factor_out, residual_stride, order)
        return expand_lattice(layer, input_size)
    if order not in ORDERS:
        raise FactorError(f"order must be 'channel' or 'phase', got {order!r}")
    names = axis_names(layer.rank or IMAGES)
    size = read_size(names if input_size is None else input_size, layer.op)
    windows = inner_windows(layer, size)
    rank = len(size)
    asked = (
        _spread(factor, rank, "factor"),
        _spread(factor_out, rank, "factor_out"),
        _spread(residual_stride, rank, "residual_stride"),
    )
    axes = tuple(
        axis_expansion(window, *_factors(window, e_in, e_out, t or 1), t or 1)
        for window, e_in, e_out, t in zip(windows, *asked, strict=True)
    )
    return Expansion(layer, size, axes, order)


def _refuse_phases(factor: Ints, factor_out: Ints, residual_stride: Ints, order: str) -> None:
    """Refuse what says how axes are cut into phases: a matrix stride has the lattice's cosets.

    Raises:
        FactorError: something of it is given.
    """
    given = {
        "factor": factor is not None,
        "factor_out": factor_out is not None,
        "residual_stride": residual_stride not in (1, None),
        "order": order != "channel",
    }
    if asked := [name for name, is_given in given.items() if is_given]:
        raise FactorError(
            f"conv: a matrix stride does not take {', '.join(asked)}: its phases are the cosets "
            "of the lattice; leave it out"
        )


def _spread(value: Ints, rank: int, name: str) -> list[int | None]:
    if value is None:
        return [None] * rank
    values: list[Any] = list(value) if isinstance(value, Iterable) else [value] * rank
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
