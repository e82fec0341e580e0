"""A layer evaluated from its access tables, in NumPy; integers stay exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import reduce, singledispatch
from itertools import product
from math import inf, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symconv.errors import LayerError
from symconv.layer import (
    AvgPool,
    Conv,
    ConvTranspose,
    LatticeConv,
    Layer,
    MaxConv,
    MaxPool,
    Pool,
    read_value,
)
from symconv.layer.lattice import require_layer
from symconv.replay.lattices import cosets

Array = NDArray[Any]


def evaluate(
    layer: Layer | LatticeConv,
    x: ArrayLike,
    w: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    rank: int | None = None,
) -> Array:
    """Apply a layer to ``x`` of shape ``(C, *N)`` or ``(B, C, *N)``, reading only its tables.

    ``y[b,m,o] = bias[m] + sum_{c,k} w[m,c,k] * x[b, c, A_1(o_1,k_1), ..., A_D(o_D,k_D)]``, with the
    weight in PyTorch's layout; a max pooling takes the maximum instead of the sum, and an average
    pooling divides by its window's count.  Memory is that of the input and the output: the taps
    are added one by one.

    Integers stay exact: a convolution of them gives ``int64``, or Python integers (dtype object)
    where ``int64`` could overflow; an average of them gives fractions (dtype object).  Arrays of
    Python numbers or of ring elements (dtype object) stay such.  A max pooling keeps the dtype; a
    window that reads nothing gives ``-inf``, or the least integer of an integer dtype.

    A `LatticeConv` gives the box around its outputs, zero where that holds none.

    ``rank`` says how many axes of ``x`` are spatial, where neither the layer nor a weight does.

    Raises:
        LayerError: an array has another shape than the layer asks for.

    Source: Kong and Lucey 2017, section 2.

    >>> evaluate(Conv(1, 1, kernel_size=2, stride=2, bias=False), [[1, 2, 3, 4]], [[[10, 1]]])
    array([[12, 34]])
    """
    require_layer(layer, "evaluate")
    samples = np.asarray(x)
    weight = None if w is None else np.asarray(w)
    rank = _rank(layer, weight, rank)
    batch = _read_batch(layer, samples, rank)
    result = _apply(layer, batch, weight, None if bias is None else np.asarray(bias))
    return result if samples.ndim == rank + 2 else result[0]


def _rank(layer: Layer | LatticeConv, weight: Array | None, asked: int | None) -> int:
    found = layer.rank
    if found is None and weight is not None and asked is None:
        found = weight.ndim - 2
    rank = found if found is not None else asked
    if rank is None or asked not in (None, rank):
        raise LayerError(
            f"{layer.op}: expected the number of spatial axes, got rank={asked} for a layer of "
            f"rank {found}; write kernel_size with one integer per axis, or rank=2"
        )
    return rank


def _read_batch(layer: Layer | LatticeConv, x: Array, rank: int) -> Array:
    batch = x if x.ndim == rank + 2 else x[None]
    channels = getattr(layer, "in_channels", 1)
    free = isinstance(layer, Pool) and channels == 1
    if rank < 1 or batch.ndim != rank + 2 or not (free or batch.shape[1] == channels):
        axes = ", ".join(["C" if free else str(channels), *(f"N{a + 1}" for a in range(rank))])
        raise LayerError(f"{layer.op}: expected x of shape ({axes}) or (B, {axes}), got {x.shape}")
    return batch


@singledispatch
def _apply(layer: Layer | LatticeConv, x: Array, w: Array | None, bias: Array | None) -> Array:
    """Apply the layer to a batch ``(B, C, *N)``."""
    raise LayerError(
        f"evaluate knows no layer {layer!r}; use Conv, ConvTranspose, MaxPool or AvgPool "
        f"(called with {_shape(x)}, weight {_shape(w)}, bias {_shape(bias)})"
    )


@_apply.register
def _(layer: Conv, x: Array, w: Array | None, bias: Array | None) -> Array:
    weight, bias = _read_parameters(layer, x, w, bias)
    grouped = weight.reshape(layer.groups, -1, *weight.shape[1:])
    return _convolve(layer, x, grouped, bias)


@_apply.register
def _(layer: LatticeConv, x: Array, w: Array | None, bias: Array | None) -> Array:
    start, size = zip(*layer.box(x.shape[2:]), strict=True)
    everywhere = _apply(layer.dense, x, w, bias)
    return cosets(everywhere, layer.stride, [(0,) * layer.rank], start, size)


@_apply.register
def _(layer: MaxConv, x: Array, w: Array | None, bias: Array | None) -> Array:
    if bias is not None:
        raise LayerError("max_conv: a maximum has no bias, got one; leave it out")
    live, _ = _read_parameters(layer, x, w, bias)
    return _maximise(layer, x, live.reshape(layer.groups, -1, *live.shape[1:]) != 0)


@_apply.register
def _(layer: ConvTranspose, x: Array, w: Array | None, bias: Array | None) -> Array:
    weight, bias = _read_parameters(layer, x, w, bias)
    grouped = weight.reshape(layer.groups, -1, *weight.shape[1:])
    return _convolve(layer, x, grouped.swapaxes(1, 2), bias)


@_apply.register
def _(layer: MaxPool, x: Array, w: Array | None, bias: Array | None) -> Array:
    _refuse_parameters(layer, w, bias)
    return reduce(np.maximum, (read for _, read in _taps(layer, x, _least(x.dtype))))


@_apply.register
def _(layer: AvgPool, x: Array, w: Array | None, bias: Array | None) -> Array:
    _refuse_parameters(layer, w, bias)
    exact = x.dtype.kind not in "fc"
    samples = x.astype(object) if exact else x
    total = sum(read for _, read in _taps(layer, samples, 0))
    divisors = reduce(np.multiply.outer, map(_divisors, layer.scales(x.shape[2:])))
    return np.asarray(total * (1 / divisors) if exact else total / divisors.astype(x.dtype))


def _divisors(scales: Sequence[Fraction]) -> Array:
    divisors = np.empty(len(scales), dtype=object)
    divisors[:] = [1 / scale for scale in scales]
    return divisors


def _convolve(layer: Conv | ConvTranspose, x: Array, w: Array, bias: Array | None) -> Array:
    """Sum over the taps; ``w`` has shape ``(groups, M/groups, C/groups, *K)``."""
    x, w, bias, fill = _promote(x, w, bias, read_value(getattr(layer, "padding_value", 0), "conv"))
    output = layer.output_size(x.shape[2:])
    shape = (x.shape[0], layer.groups, layer.out_channels // layer.groups, prod(output))
    total: Array = np.zeros(shape, dtype=np.result_type(x, w))
    for tap, read in _taps(layer, x, fill):
        columns = read.reshape(x.shape[0], layer.groups, -1, shape[-1])
        total = total + np.matmul(_at_tap(w, tap), columns)
    result = total.reshape(x.shape[0], layer.out_channels, *output)
    return result if bias is None else result + bias.reshape(-1, *(1 for _ in output))


def _maximise(layer: MaxConv, x: Array, live: Array) -> Array:
    """Take the maximum over live taps; ``live`` has shape ``(groups, M/groups, C/groups, *K)``."""
    output = layer.output_size(x.shape[2:])
    least = _least(x.dtype)
    total = np.full((x.shape[0], *live.shape[:2], prod(output)), least, dtype=x.dtype)
    for tap, read in _taps(layer, x, least):
        columns = read.reshape(x.shape[0], layer.groups, 1, -1, prod(output))
        alive = _at_tap(live, tap)[..., None]
        for channel in range(alive.shape[2]):
            seen = np.where(alive[:, :, channel], columns[:, :, :, channel], least)
            total = np.maximum(total, seen)
    return total.reshape(x.shape[0], layer.out_channels, *output)


def _at_tap(w: Array, tap: tuple[int, ...]) -> Array:
    index: tuple[Any, ...] = (..., *tap)
    return np.asarray(w[index])


def _taps(layer: Layer, x: Array, fill: Any) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Each tap with what every output reads through it, shape ``(B, C, *O)``.

    One sample of `fill` stands behind the end of each axis, where the index BOTTOM = -1 finds it.
    """
    tables = [window.table() for window in layer.windows(x.shape[2:])]
    padded = np.full((*x.shape[:2], *(n + 1 for n in x.shape[2:])), fill, dtype=x.dtype)
    inside: tuple[Any, ...] = (..., *(slice(n) for n in x.shape[2:]))
    padded[inside] = x
    for tap in product(*(range(table.shape[1]) for table in tables)):
        places = np.ix_(*(table[:, k] for table, k in zip(tables, tap, strict=True)))
        everywhere: tuple[Any, ...] = (slice(None), slice(None), *places)
        yield tap, padded[everywhere]


def _promote(
    x: Array, w: Array, bias: Array | None, fill: Fraction
) -> tuple[Array, Array, Array | None, Any]:
    """Bring the operands to dtypes in which the sum of products is exact for integers."""
    operands = [a for a in (x, w, bias) if a is not None]
    if any(a.dtype.kind in "fc" for a in operands):
        return x.astype(np.result_type(*operands)), w, bias, float(fill)
    number = int(fill) if fill.denominator == 1 else fill
    wide = fill.denominator > 1 or any(a.dtype == object for a in operands)
    if not wide:
        terms = w[0, 0].size
        wide = terms * max(_largest(x), fill, -fill) * _largest(w) + _largest(bias) >= 2**63
    dtype = object if wide else np.int64
    return x.astype(dtype), w.astype(dtype), None if bias is None else bias.astype(dtype), number


def _largest(a: Array | None) -> Fraction:
    if a is None or not a.size:
        return Fraction(0)
    return Fraction(max(abs(int(a.min())), abs(int(a.max()))))


def _least(dtype: np.dtype[Any]) -> Any:
    """Return the identity of the maximum."""
    return np.iinfo(dtype).min if dtype.kind in "iu" else False if dtype.kind == "b" else -inf


def _read_parameters(
    layer: Conv | ConvTranspose, x: Array, w: Array | None, bias: Array | None
) -> tuple[Array, Array | None]:
    expected = layer.weight_shape(x.ndim - 2)
    if w is None or w.shape != expected:
        raise LayerError(f"{layer.op}: expected a weight of shape {expected}, got {_shape(w)}")
    if bias is not None and bias.shape != (layer.out_channels,):
        raise LayerError(
            f"{layer.op}: expected a bias of shape ({layer.out_channels},), got {bias.shape}"
        )
    return w, bias


def _shape(a: Array | None) -> str:
    return "none" if a is None else str(a.shape)


def _refuse_parameters(layer: Pool, w: Array | None, bias: Array | None) -> None:
    if w is not None or bias is not None:
        name = "w" if w is not None else "bias"
        raise LayerError(f"{layer.op}: a pooling has no parameters, got {name}; leave it out")
