"""The operator of a layer, and of a phase map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product
from math import prod
from operator import add, matmul
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Symbol

from symconv.errors import FactorError, LayerError
from symconv.layer import AnyLayer, AvgPool, read_numbers, read_value
from symconv.layer.lattice import refuse_matrix_stride
from symconv.layer.window import BOTTOM, Index, Window, boundary_index
from symconv.toeplitz.affine import AffineOperator
from symconv.toeplitz.convolution import Toeplitz
from symconv.toeplitz.entries import Entries
from symconv.toeplitz.operators import Explicit, Gather, LinearOperator
from symconv.toeplitz.values import read_exact

Values = NDArray[Any]


_WEIGHT_NAMES = {"avg_pool": "1", "conv_transpose": r"\overline{w}"}
"""What stands for the kernel in LaTeX: a transposed convolution's is flipped."""


def toeplitz(
    layer: AnyLayer,
    input_size: Sequence[int],
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
) -> AffineOperator:
    """Return the layer at this input size as a linear operator with an offset.

    Rows are ``(m, o_1, ..., o_D)`` and columns ``(c, n_1, ..., n_D)`` in C order.  The factors are,
    the one applied last first: the scales ``D`` of an average pooling, the rows ``S`` that a stride
    keeps, the stride-1 Toeplitz operator ``T(w)``, the gather ``B`` of the boundary mode (pads and
    crops), and the zero insertion ``Z`` of a transposed convolution; those that do nothing are left
    out.  A transposed convolution's kernel is flipped.  The offset holds the bias and what a
    ``padding_value`` adds.

    ``weight`` (PyTorch's layout) and ``bias`` may hold integers, fractions, SymPy terms or elements
    of a SymPy ring; by default they are the symbols ``w_{m,c,k}`` and ``b_{m}``.

    Raises:
        LayerError: the layer is not a linear map, does not fit the size, or a shape is wrong.

    Source: Kong and Lucey 2017, section 2.

    >>> from symconv import Conv
    >>> strided = toeplitz(Conv(1, 1, kernel_size=2, stride=2, bias=False), input_size=(4,))
    >>> strided.as_matrix()
    Matrix([
    [w_{0,0,0}, w_{0,0,1},         0,         0],
    [        0,         0, w_{0,0,0}, w_{0,0,1}]])
    >>> [factor.shape for factor in strided.factors]
    [(2, 3), (3, 4)]
    """
    refuse_matrix_stride(layer, "toeplitz")
    if layer.monoid != "sum":
        raise LayerError(
            f"{layer.op}: a maximum is no linear map and has no matrix; "
            "use symconv.evaluate or the access tables"
        )
    windows = layer.windows(read_numbers(input_size, layer.op))
    kernel = _as_convolution(layer, _read_weight(layer, weight, len(windows)))
    parts = list(_factors(layer, kernel, windows))
    values = read_bias(layer, bias)
    offsets = list(_offsets(layer, values, parts))
    offset = reduce(add, offsets or [_column(parts[0].shape[0])])
    return AffineOperator(reduce(matmul, parts), offset, values)


def weight_symbols(shape: Sequence[int], name: str = "w") -> Values:
    """Return an array of SymPy symbols, named by their index.

    >>> weight_symbols((1, 1, 2)).tolist()
    [[[w_{0,0,0}, w_{0,0,1}]]]
    """
    symbols = np.empty(tuple(shape), dtype=object)
    for place in product(*map(range, shape)):
        symbols[place] = Symbol(f"{name}_{{{','.join(map(str, place))}}}")
    return symbols


def read_bias(layer: AnyLayer, bias: ArrayLike | None) -> tuple[Any, ...]:
    """Read one bias an output channel: as given, or as symbols where the layer has a bias."""
    channels = layer.out_channels
    if bias is None:
        return tuple(weight_symbols((channels,), "b")) if layer.has_bias else ()
    values = np.asarray(bias, dtype=object)
    if values.shape != (channels,):
        raise LayerError(f"{layer.op}: expected a bias of shape ({channels},), got {values.shape}")
    return tuple(map(read_exact, values))


def _read_weight(layer: AnyLayer, weight: ArrayLike | None, rank: int) -> Values:
    shape = layer.weight_shape(rank)
    if weight is None and shape is not None:
        return weight_symbols(shape)
    if shape is None:
        shape = (layer.out_channels, 1, *layer.per_axis("kernel_size", rank))
        if weight is None:
            return np.ones(shape, dtype=object)
        raise LayerError(f"{layer.op}: a pooling has no weight; leave it out")
    values = np.asarray(weight, dtype=object)
    if values.shape != shape:
        raise LayerError(f"{layer.op}: expected a weight of shape {shape}, got {values.shape}")
    return values


def _as_convolution(layer: AnyLayer, weight: Values) -> Values:
    """Bring the weight into the layout ``(M, C/groups, *K)`` of an ordinary convolution."""
    if not layer.is_transposed:
        return weight
    grouped = weight.reshape(layer.channel_groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    merged = grouped.reshape(layer.out_channels, -1, *weight.shape[2:])
    return np.flip(merged, axis=tuple(range(2, merged.ndim)))


def _factors(
    layer: AnyLayer, kernel: Values, windows: tuple[Window, ...]
) -> Iterator[LinearOperator]:
    if isinstance(layer, AvgPool):
        yield _scales(layer, tuple(window.size for window in windows))
    padded = tuple(window.padded_size for window in windows)
    groups = layer.channel_groups
    dilation = tuple(window.dilation for window in windows)
    valid = Toeplitz(kernel, padded, dilation, groups, _WEIGHT_NAMES.get(layer.op, "w"))
    channels = valid.groups * kernel.shape[1]
    if any(window.stride > 1 for window in windows):
        yield _subsample(len(kernel), windows, valid.output)
    yield valid
    if any(window.lo or window.hi for window in windows):
        yield _boundary(channels, windows)
    if any(window.base_dilation > 1 for window in windows):
        yield _insertion(channels, windows)


def _scales(layer: AvgPool, size: tuple[int, ...]) -> LinearOperator:
    """Return the diagonal of an average pooling's divisors."""
    per_axis = [np.array(axis, dtype=object) for axis in layer.scales(size)]
    scales = np.tile(reduce(np.multiply.outer, per_axis).ravel(), layer.channels)
    palette, labels = np.unique(scales, return_inverse=True)
    place = np.arange(len(scales))
    values = tuple(map(read_exact, palette))
    return Explicit(Entries((len(scales),) * 2, place, place, labels, values), "D")


def _subsample(channels: int, windows: tuple[Window, ...], size: tuple[int, ...]) -> Gather:
    """Return the selection of every s-th row."""
    axes = [window.stride * np.arange(window.output) for window in windows]
    return nested_gather(channels, axes, size, "S")


def _boundary(channels: int, windows: tuple[Window, ...]) -> Gather:
    """Return the gather that pads and crops."""
    spread = [window.base_dilation * (window.size - 1) + 1 for window in windows]
    axes = [
        boundary_index(np.arange(-w.lo, size + w.hi), size, w.lo, w.hi, w.mode)
        for w, size in zip(windows, spread, strict=True)
    ]
    return nested_gather(channels, axes, spread, "B")


def _insertion(channels: int, windows: tuple[Window, ...]) -> Gather:
    """Return the gather that puts zeros between samples."""
    axes = []
    for window in windows:
        place = np.arange(window.base_dilation * (window.size - 1) + 1)
        sample, hole = np.divmod(place, window.base_dilation)
        axes.append(np.where(hole == 0, sample, BOTTOM))
    return nested_gather(channels, axes, [window.size for window in windows], "Z")


def nested_gather(
    channels: int, axes: Sequence[Index], size: Sequence[int], symbol: str = "G"
) -> Gather:
    """Return the gather that reads ``axes[a]`` on every axis ``a``, in each channel.

    A row reads nothing where any of its axes does.

    >>> nested_gather(2, [np.array([-1, 1])], [3]).index.tolist()
    [-1, 1, -1, 4]
    """
    flat = np.arange(channels)
    for index, length in zip(axes, size, strict=True):
        place = flat[:, None] * length + index
        flat = np.where((flat[:, None] < 0) | (index < 0), BOTTOM, place).ravel()
    return Gather(flat, channels * prod(size), symbol)


def _offsets(
    layer: AnyLayer, bias: tuple[Any, ...], parts: Sequence[LinearOperator]
) -> Iterator[LinearOperator]:
    """Return the bias, and what the padding value adds: the same factors applied to the pads."""
    rows = parts[0].shape[0]
    if bias:
        yield _column(rows, np.arange(rows), np.arange(rows) // (rows // len(bias)), bias)
    value = read_value(getattr(layer, "padding_value", 0), layer.op)
    gathers = [part for part in parts if isinstance(part, Gather) and part.symbol == "B"]
    if value and gathers:
        pads = np.flatnonzero(gathers[0].index == BOTTOM)
        number = read_exact(int(value) if value.denominator == 1 else value)
        column = _column(gathers[0].shape[0], pads, np.zeros_like(pads), (number,))
        yield reduce(matmul, [*parts[: parts.index(gathers[0])], column])


NOTHING: Index = np.arange(0)


def _column(
    rows: int, places: Index = NOTHING, labels: Index = NOTHING, palette: tuple[Any, ...] = ()
) -> Explicit:
    return Explicit(Entries((rows, 1), places, np.zeros_like(places), labels, palette), "b")


def phase_operator(
    size: Sequence[int],
    factor: Sequence[int],
    channels: int = 1,
    order: str = "channel",
    groups: int = 1,
) -> Gather:
    """Return the matrix ``P`` of the phase map (space-to-depth), one factor ``E_a`` per axis.

    Row ``(c, r_1..r_D, i_1..i_D)`` reads input ``(c, E_1*i_1 + r_1, ..., E_D*i_D + r_D)``, and
    nothing in the tail, where a position is past the end.  With order ``"phase"`` the rows are
    ``(g, r_1..r_D, c', i_1..i_D)``: phases first, inside each of the ``groups`` of channels.

    Raises:
        FactorError: a factor is not positive, or the order is neither of the two.

    Source: Vaidyanathan 1993, section 4.3 (polyphase components).

    >>> phase_operator(size=(5,), factor=(2,)).index.tolist()
    [0, 2, 4, 1, 3, -1]
    """
    if len(size) != len(factor) or min(factor, default=0) < 1:
        raise FactorError(f"one factor of at least 1 per axis of {list(size)}, got {list(factor)}")
    if order not in ("channel", "phase") or channels % groups:
        raise FactorError(
            "order must be 'channel' or 'phase' and groups a divisor of the channels, "
            f"got order={order!r}, channels={channels}, groups={groups}"
        )
    rank = len(size)
    places = nested_gather(
        channels, [_phases(n, e) for n, e in zip(size, factor, strict=True)], size
    )
    coarse = [n for size_a, e in zip(size, factor, strict=True) for n in (e, -(-size_a // e))]
    grid = places.index.reshape(groups, channels // groups, *coarse)
    r, i = range(2, 2 * rank + 2, 2), range(3, 2 * rank + 3, 2)
    rows = grid.transpose((0, 1, *r, *i) if order == "channel" else (0, *r, 1, *i))
    return Gather(rows.ravel(), places.columns, "P")


def _phases(size: int, factor: int) -> Index:
    """Positions ``E*i + r`` in the order ``(r, i)``, and BOTTOM in the tail."""
    r, i = np.arange(factor)[:, None], np.arange(-(-size // factor))[None, :]
    place = factor * i + r
    return np.where(place < size, place, BOTTOM).ravel()


def gather_operator(index: Sequence[int] | Index, columns: int) -> Gather:
    """Return the 0/1 matrix of ``y[j] = x[index[j]]``, and 0 where the index is -1.

    >>> gather_operator([1, -1, 0], columns=2).as_matrix()
    Matrix([
    [0, 1],
    [0, 0],
    [1, 0]])
    """
    return Gather(np.asarray(index), columns)
