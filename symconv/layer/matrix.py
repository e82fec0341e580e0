"""Square integer matrices as strides: read, inverted, applied to points."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

from symconv.errors import LayerError
from symconv.layer.padding import is_int
from symconv.size.expr import Size

Matrix = tuple[tuple[int, ...], ...]
Point = tuple[int, ...]


def is_matrix(stride: Any) -> bool:
    """Whether a stride is written as a matrix: a list of lists."""
    if getattr(stride, "ndim", 0) == 2:
        return True
    return _is_list(stride) and len(stride) > 0 and all(map(_is_list, stride))


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def read_matrix(stride: Any) -> Matrix:
    """Read a square integer matrix: a list of lists, or an array of two axes.

    Raises:
        LayerError: it is not square, not of integers, or singular.
    """
    stride = stride.tolist() if hasattr(stride, "tolist") else stride
    square = is_matrix(stride) and all(len(row) == len(stride) for row in stride)
    if not square or not all(is_int(entry) for row in stride for entry in row):
        raise LayerError(
            f"conv: a matrix stride must be square and hold integers, got stride={stride!r}"
        )
    rows = tuple(tuple(int(entry) for entry in row) for row in stride)
    if determinant(rows) == 0:
        shown = [list(row) for row in rows]
        raise LayerError(f"conv: the stride {shown} is singular; its determinant is 0")
    return rows


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


def times_sizes(rows: Matrix, point: Sequence[Size]) -> tuple[Size, ...]:
    """The matrix applied to a point of numbers or expressions."""
    return tuple(sum((a * x for a, x in zip(row, point, strict=True)), 0) for row in rows)


def solve(rows: Matrix, point: Sequence[int]) -> Point | None:
    """The integer ``q`` with ``A q = point``, or None where there is none.

    >>> solve(((1, 1), (1, -1)), (3, 1)), solve(((1, 1), (1, -1)), (1, 0))
    ((2, 1), None)
    """
    adjugate, by = inverse(rows)
    found = times(adjugate, point)
    return None if any(n % by for n in found) else tuple(n // by for n in found)


def inverse(rows: Matrix) -> tuple[Matrix, int]:
    """The inverse as an integer matrix over ``|det A|``: the adjugate with the sign moved into it.

    >>> inverse(((1, 1), (1, -1)))
    (((1, 1), (1, -1)), 2)
    """
    det = determinant(rows)
    sign = 1 if det > 0 else -1
    axes = range(len(rows))
    cofactors = [[sign * (-1) ** (i + j) * _minor(rows, j, i) for j in axes] for i in axes]
    return tuple(map(tuple, cofactors)), abs(det)


def _minor(rows: Matrix, row: int, column: int) -> int:
    """The determinant of what is left without one row and one column; 1 of nothing."""
    left = tuple(r[:column] + r[column + 1 :] for n, r in enumerate(rows) if n != row)
    return determinant(left) if left else 1


def bounding_box(rows: Matrix, size: Sequence[Size]) -> list[tuple[Size, Size]]:
    """The first and the number of points an axis, around all ``o`` with ``A o`` in ``[0, size)``.

    It is the box around all rational points; ``o = 0`` is always in it.

    >>> bounding_box(((1, 1), (1, -1)), (4, 4))
    [(0, 4), (-1, 3)]
    """
    adjugate, by = inverse(rows)
    return [_extent(row, by, [n - 1 for n in size]) for row in adjugate]


def _extent(row: Sequence[int], by: int, last: Sequence[Size]) -> tuple[Size, Size]:
    """Least value and number of values of one row's quotient, where positions are at most last."""
    common = gcd(by, *row)
    by, pairs = by // common, list(zip((a // common for a in row), last, strict=True))
    below: Size = sum((-a * n for a, n in pairs if a < 0), 0) // by
    above: Size = sum((a * n for a, n in pairs if a > 0), 0) // by
    return -below, below + above + 1
