"""Padding as people write it, made into one ``(lo, hi)`` pair an axis."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, cast

from symconv.errors import LayerError
from symconv.size.expr import Expr, Extent, S, Size, greatest

Pair = tuple[int, int]
Pads = tuple[Size, Size]
Padding = int | str | tuple[tuple[Extent, Extent], ...]
SAME = ("same", "same_lower")


def read_padding(value: Any, where: str) -> Padding:
    """Read a size, a list of sizes, a list of ``[lo, hi]`` pairs, or a name; ints stay ints."""
    if isinstance(value, str):
        if value == "valid":
            return 0
        if value in SAME:
            return value
    elif isinstance(value, Sequence) and value:
        return tuple(_pair(entry, value, where) for entry in value)
    elif is_extent(value):
        return _extent(value)
    raise LayerError(
        f"{where}: padding must be an integer, one integer or [lo, hi] pair per axis, 'valid', "
        f"'same' or 'same_lower', got padding={value!r}"
    )


def is_int(value: Any) -> bool:
    """Whether the value is an integer that a layer may hold (a bool is not)."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def is_extent(value: Any) -> bool:
    """Whether the value is such an integer, or an expression in named sizes."""
    return isinstance(value, Expr) or is_int(value)


def _extent(value: Any) -> int:
    """An integer, or an expression, which a layer's types tell no one of."""
    found: Any = value if isinstance(value, Expr) else index(value)
    return cast(int, found)


def _pair(entry: Any, whole: Any, where: str) -> tuple[Extent, Extent]:
    if is_extent(entry):
        return _extent(entry), _extent(entry)
    if isinstance(entry, Sequence) and len(entry) == 2 and all(map(is_extent, entry)):
        return _extent(entry[0]), _extent(entry[1])
    raise LayerError(
        f"{where}: each entry of padding must be an integer or a [lo, hi] pair, got {entry!r} "
        f"in padding={whole!r}"
    )


def same_pair(name: str, size: S, span: S, stride: int) -> tuple[S, S]:
    """TensorFlow's 'SAME' on one axis: ``ceil(size/stride)`` outputs, the odd sample at the end.

    The total is ``max((ceil(N/s) - 1)*s + span - N, 0) = max(span - 1 - (N - 1) mod s, 0)``;
    ``same_lower`` puts the odd one first.
    Source: ONNX ``Conv``, ``auto_pad`` = SAME_UPPER and SAME_LOWER.

    >>> same_pair("same", size=224, span=3, stride=2)
    (0, 1)
    """
    total = span - 1 - (size - 1) % stride
    # Where the window spans a stride the total is never negative, and needs no maximum.
    reaches = isinstance(span, int) and span >= stride
    return _share(name, total if reaches else greatest(total, 0))


def same_lows(name: str, span: int, stride: int) -> tuple[int, int]:
    """The least and the greatest low pad of 'SAME' over all sizes.

    The total falls as ``(N - 1) mod s`` runs from 0 to ``s - 1``, and the low pad with it.

    >>> same_lows("same", span=7, stride=2), same_lows("same_lower", span=7, stride=2)
    ((2, 3), (3, 3))
    """
    return _share(name, max(span - stride, 0))[0], _share(name, span - 1)[0]


def same_crop(name: str, span: int, stride: int) -> Pair:
    """'SAME' of a transposed convolution: crops that leave ``size*stride`` outputs.

    The total is ``span - stride``; where it is negative the last output positions read nothing.
    Source: ONNX ``ConvTranspose``, ``auto_pad``; Keras ``Conv2DTranspose``.
    """
    total = span - stride
    return _share(name, total) if total >= 0 else (0, total)


def _share(name: str, total: S) -> tuple[S, S]:
    small, large = total // 2, total - total // 2
    return (small, large) if name == "same" else (large, small)
