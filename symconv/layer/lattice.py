"""Convolutions whose stride is an integer matrix: outputs on a lattice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from symconv.errors import LayerError
from symconv.layer.base import read_numbers
from symconv.layer.padding import is_int

Matrix = tuple[tuple[int, ...], ...]
Point = tuple[int, ...]


@dataclass(frozen=True)
class LatticeConv:
    """A convolution of stride ``A``, a square integer matrix of non-zero determinant.

    Output ``o`` is any integer point with ``A o`` inside the input box ``[0, N)``, and

        y[m, o] = bias[m] + sum_{c,k} w[m, c, k] * x[c, A o + d k - lo],

    where ``x`` is zero outside its box.  Outputs stand in the lexicographic order of ``o``.
    ``symconv.Conv(..., stride=A)`` makes one.

    Raises:
        LayerError: the matrix is not square, not of integers, or singular.

    Source: Viscito and Allebach 1991, *The analysis and design of multidimensional FIR perfect
    reconstruction filter banks*, section II.

    >>> quincunx = LatticeConv(1, 1, (3, 3), ((1, 1), (1, -1)), lo=(1, 1))
    >>> len(quincunx.outputs((4, 4)))
    8
    """

    in_channels: int
    out_channels: int
    kernel_size: Point
    stride: Matrix
    lo: Point = ()
    dilation: Point = ()
    bias: bool = True

    def __post_init__(self) -> None:
        rows = read_matrix(self.stride)
        for name in ("in_channels", "out_channels"):
            count = getattr(self, name)
            if not is_int(count) or count < 1:
                raise LayerError(f"conv: {name} must be an integer of at least 1, got {count!r}")
        rank = len(rows)
        object.__setattr__(self, "stride", rows)
        for name, least, default in (("kernel_size", 1, None), ("dilation", 1, 1), ("lo", None, 0)):
            object.__setattr__(self, name, self._per_axis(name, rank, least, default))
        if determinant(rows) == 0:
            raise LayerError(f"conv: the stride {_shown(rows)} is singular; its determinant is 0")

    def _per_axis(self, name: str, rank: int, least: int | None, default: int | None) -> Point:
        value: Any = getattr(self, name)
        if value == () and default is not None:
            value = default
        values = (value,) * rank if is_int(value) else tuple(value)
        fits = len(values) == rank and all(map(is_int, values))
        if not fits or (least is not None and min(values) < least):
            raise LayerError(f"conv: {name} must hold {rank} integers, one an axis, got {value!r}")
        return tuple(int(v) for v in values)

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.stride)

    def weight_shape(self) -> tuple[int, ...]:
        """``(out_channels, in_channels, *kernel_size)``."""
        return (self.out_channels, self.in_channels, *self.kernel_size)

    def taps(self) -> list[Point]:
        """All taps ``k`` in C order."""
        return list(product(*map(range, self.kernel_size)))

    def shift(self, tap: Point) -> Point:
        """``d k - lo``: where a tap reads, seen from ``A o``."""
        return tuple(d * k - lo for d, k, lo in zip(self.dilation, tap, self.lo, strict=True))

    def outputs(self, input_size: Sequence[int]) -> list[Point]:
        """All ``o`` with ``A o`` inside the input box, in lexicographic order."""
        size = read_numbers(input_size, "conv")
        if len(size) != self.rank:
            raise LayerError(f"conv: the stride has {self.rank} axes, input_size={list(size)}")
        found = []
        for v in product(*map(range, size)):
            point = solve(self.stride, v)
            if point is not None:
                found.append(point)
        return sorted(found)


def is_matrix(stride: object) -> bool:
    """Whether a stride is written as a matrix: a list of lists."""
    if getattr(stride, "ndim", 0) == 2:
        return True
    rows = isinstance(stride, Sequence) and not isinstance(stride, str) and len(stride) > 0
    return bool(rows) and all(isinstance(row, Sequence) for row in stride)  # type: ignore[attr-defined]


def read_matrix(stride: Any) -> Matrix:
    """Read a square integer matrix: a list of lists, or an array of two axes.

    Raises:
        LayerError: it is not square, or not of integers.
    """
    stride = stride.tolist() if hasattr(stride, "tolist") else stride
    square = is_matrix(stride) and all(len(row) == len(stride) for row in stride)
    if not square or not all(is_int(entry) for row in stride for entry in row):
        raise LayerError(
            f"conv: a matrix stride must be square and hold integers, got stride={stride!r}"
        )
    return tuple(tuple(int(entry) for entry in row) for row in stride)


def _shown(rows: Matrix) -> list[list[int]]:
    return [list(row) for row in rows]


def determinant(rows: Matrix) -> int:
    """The determinant, by expansion along the first row.

    >>> determinant(((1, 1), (1, -1)))
    -2
    """
    if len(rows) == 1:
        return rows[0][0]
    return sum(
        (-1) ** j * entry * determinant(tuple(row[:j] + row[j + 1 :] for row in rows[1:]))
        for j, entry in enumerate(rows[0])
    )


def times(rows: Matrix, point: Sequence[int]) -> Point:
    """The matrix applied to a point."""
    return tuple(sum(a * x for a, x in zip(row, point, strict=True)) for row in rows)


def solve(rows: Matrix, point: Sequence[int]) -> Point | None:
    """The integer ``q`` with ``A q = point``, or None where there is none (Cramer's rule).

    >>> solve(((1, 1), (1, -1)), (3, 1)), solve(((1, 1), (1, -1)), (1, 0))
    ((2, 1), None)
    """
    det = determinant(rows)
    found = []
    for j in range(len(rows)):
        replaced = tuple(
            (*row[:j], value, *row[j + 1 :]) for row, value in zip(rows, point, strict=True)
        )
        part = determinant(replaced)
        if part % det:
            return None
        found.append(part // det)
    return tuple(found)
