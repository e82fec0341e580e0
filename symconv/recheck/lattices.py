"""Steps about the points of a lattice, ``A (q + start)``, in plain integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.factors import Product

Step = Mapping[str, Any]
Point = tuple[int, ...]

MOST_NUMBER = 2**31
"""Entries of a matrix, a point or a size are smaller; no framework's stride is larger."""


def shape_of_cosets(step: Step, shape: Sequence[int]) -> list[int]:
    """The shape behind a step that reads cosets.

    Raises:
        ClaimError: it does not fit.
    """
    rank = check_lattice(step)
    points = step["representatives"]
    if not isinstance(points, list) or not points:
        raise ClaimError(f"cosets: representatives must be a list of points, got {points!r:.80}")
    for point in points:
        _integers(point, rank, "each representative")
    if len(shape) <= rank:
        raise ClaimError(f"cosets: a matrix of {rank} rows needs {rank + 1} axes or more")
    lead = [*shape[: -rank - 1], shape[-rank - 1] * len(points)]
    return [*lead, *step["size"]]


def shape_within(step: Step, shape: Sequence[int]) -> list[int]:
    """The shape behind a step that keeps the points of a box.

    Raises:
        ClaimError: it does not fit.
    """
    rank = check_lattice(step)
    if len(shape) < rank:
        raise ClaimError(f"within: a matrix of {rank} rows needs {rank} axes or more")
    return list(shape)


def check_lattice(step: Step) -> int:
    """How many axes a lattice has.

    Raises:
        ClaimError: the matrix is not square or singular, or a point or a size is none.
    """
    rows = step["matrix"]
    if not isinstance(rows, list) or not rows:
        raise ClaimError(f"{step['op']}: matrix must be a list of rows, got {rows!r:.80}")
    for row in rows:
        _integers(row, len(rows), "each row of the matrix")
    if _determinant(rows) == 0:
        raise ClaimError(f"{step['op']}: the matrix {rows!r:.80} is singular")
    _integers(step["start"], len(rows), "start")
    _integers(step["size"], len(rows), "size")
    if min(step["size"]) < 1:
        raise ClaimError(f"{step['op']}: a box of {step['size']} holds nothing")
    return len(rows)


def _integers(values: Any, count: int, what: str) -> None:
    if not isinstance(values, list) or len(values) != count:
        raise ClaimError(f"{what} must hold {count} integers, got {values!r:.80}")
    if not all(type(n) is int and abs(n) < MOST_NUMBER for n in values):
        raise ClaimError(f"{what} must hold integers below 2^31, got {values!r:.80}")


def sampled(matrix: Any, ends: Sequence[tuple[Any, int]]) -> Step:
    """The step that reads a stride-1 layer's outputs on a lattice, in the box around its points.

    ``ends`` gives the last output of each axis, as a size and a number that is added to it.

    Raises:
        ClaimError: the matrix is not square, not of integers, or singular.
    """
    rows = matrix if isinstance(matrix, list) else []
    check_lattice({"op": "conv", "matrix": rows, "start": [0] * len(rows), "size": [1] * len(rows)})
    if len(ends) != len(rows):
        raise ClaimError(f"conv: the stride has {len(rows)} axes, its input {len(ends)}")
    axes = [_extent(row, abs(_determinant(rows)), ends) for row in _adjugate(rows)]
    start, size = [first for first, _ in axes], [count for _, count in axes]
    return {
        "op": "cosets",
        "matrix": rows,
        "representatives": [[0] * len(rows)],
        "start": start,
        "size": size,
    }


def _adjugate(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """The inverse times the determinant's absolute value."""
    sign, axes = (1 if _determinant(rows) > 0 else -1), range(len(rows))
    return [[sign * (-1) ** (i + j) * _minor(rows, j, i) for j in axes] for i in axes]


def _minor(rows: Sequence[Sequence[int]], row: int, column: int) -> int:
    left = [[*r[:column], *r[column + 1 :]] for n, r in enumerate(rows) if n != row]
    return _determinant(left) if left else 1


def _extent(row: Sequence[int], by: int, ends: Sequence[tuple[Any, int]]) -> tuple[Any, Any]:
    """First point and number of points on one axis, numbers where all sizes are."""
    below, above = (
        _floor([(sign * a, *end) for a, end in zip(row, ends, strict=True) if sign * a > 0], by)
        for sign in (-1, 1)
    )
    if isinstance(below, int) and isinstance(above, int):
        return -below, below + above + 1
    return f"0 - {below}", f"{below} + {above} + 1"


def _floor(terms: Sequence[tuple[int, Any, int]], by: int) -> Any:
    """The floor of a sum of multiples of last positions, divided."""
    if all(isinstance(size, int) for _, size, _ in terms):
        return sum(a * (size + more) for a, size, more in terms) // by
    parts = [f"{a}*({size})" for a, size, _ in terms]
    constant = sum(a * more for a, _, more in terms)
    parts.append(str(constant) if constant >= 0 else f"(0 - {-constant})")
    return f"(({' + '.join(parts)}) // {by})"


def _determinant(rows: Sequence[Sequence[int]]) -> int:
    """By fraction-free elimination (Bareiss 1968)."""
    left, sign, before = [list(row) for row in rows], 1, 1
    for n in range(len(left) - 1):
        pivot = next((m for m in range(n, len(left)) if left[m][n]), None)
        if pivot is None:
            return 0
        if pivot != n:
            left[n], left[pivot], sign = left[pivot], left[n], -sign
        for m in range(n + 1, len(left)):
            for k in range(n + 1, len(left)):
                left[m][k] = (left[m][k] * left[n][n] - left[m][n] * left[n][k]) // before
        before = left[n][n]
    return sign * left[-1][-1]


def work(step: Step) -> int:
    """How many positions a step looks at."""
    return prod(step["size"]) * len(step.get("representatives", [0]))


def read_cosets(term: Product, step: Step) -> None:
    """``y[.., (c r), q] = x[.., c, A (q + start) + representatives[r]]``, zero outside ``x``."""
    rank = len(step["matrix"])
    readers: dict[Point, list[Point]] = {}
    for q in product(*map(range, step["size"])):
        for number, point in enumerate(step["representatives"]):
            readers.setdefault(_reads(step, q, point), []).append((number, *q))
    old = [term.flat(axis) for axis in range(len(term.axes) - rank, len(term.axes))]
    coset, *new = (term.new_digit(n) for n in (len(step["representatives"]), *step["size"]))
    term.reindex(old, [coset, *new], lambda v: readers.get(v, []))
    lead = term.axes[: -rank - 1]
    term.axes = [*lead, [*term.axes[-rank - 1], coset], *([digit] for digit in new)]


def keep_within(term: Product, step: Step) -> None:
    """Only the positions whose point lies in the box."""
    first = len(term.axes) - len(step["matrix"])
    digits = [term.flat(axis) for axis in range(first, len(term.axes))]
    term.reindex(digits, digits, lambda q: list(_kept(step, q)))


def _kept(step: Step, q: Point) -> Iterator[Point]:
    read = _reads(step, q, [0] * len(q))
    if all(0 <= v < n for v, n in zip(read, step["size"], strict=True)):
        yield q


def _reads(step: Step, q: Point, point: Sequence[int]) -> Point:
    """``A (q + start)`` plus a point."""
    moved = [i + s for i, s in zip(q, step["start"], strict=True)]
    return tuple(
        sum(a * m for a, m in zip(row, moved, strict=True)) + p
        for row, p in zip(step["matrix"], point, strict=True)
    )
