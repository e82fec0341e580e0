"""Steps that read a tensor through a lattice: integer matrices in place of strides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.steps.base import Step
from symconv.claim.steps.fitting import is_size
from symconv.errors import LayerError, MalformedError
from symconv.layer.matrix import Matrix, Point, read_matrix
from symconv.relation.form import Form
from symconv.relation.lattice import keep_within, read_cosets
from symconv.relation.reading import Reading
from symconv.size.text import parse

MOST_ENTRY, MOST_NUMBER = 2**20, 2**31
"""Entries of a matrix, and of points and sizes, are smaller: so that no position that is looked at,
a sum of products of two of them, is beyond 64 bits."""


@dataclass(frozen=True)
class LatticeStep(Step):
    """A step about the points ``A (q + start)`` of the last axes; use one of its subclasses.

    ``start`` and ``size`` have one number or size expression per axis.
    """

    matrix: Matrix
    start: tuple[Any, ...]
    size: tuple[Any, ...]
    joins_axes: ClassVar[bool] = True
    uneven: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            rank = len(read_matrix(self.matrix))
        except LayerError as fault:
            raise MalformedError(f"{self.op}: {str(fault).removeprefix('conv: ')}") from None
        for name in ("start", "size"):
            self._check_point(name, getattr(self, name), rank)
        self._check_numbers((n for row in self.matrix for n in row), MOST_ENTRY)

    def _check_point(self, name: str, value: Any, rank: int) -> None:
        """Refuse what is not one number or expression per axis."""
        listed = isinstance(value, tuple) and len(value) == rank
        if not listed or not all(map(is_size, value)):
            raise MalformedError(
                f"{self.op}: {name} must hold {rank} integers or sizes, one per axis of the "
                f"matrix, got {value!r}"
            )
        self._check_numbers(n for n in value if isinstance(n, int))

    def _check_numbers(self, numbers: Iterable[int], most: int = MOST_NUMBER) -> None:
        if large := [n for n in numbers if abs(n) >= most]:
            raise MalformedError(f"{self.op}: numbers here must be below {most}, got {large[0]}")

    def _check_rank(self, form: Form, axes: int) -> None:
        """Refuse a tensor of fewer axes."""
        if len(form.shape) < axes:
            raise MalformedError(
                f"{self.op}: a matrix of {len(self.matrix)} rows needs {axes} axes or more"
            )


@dataclass(frozen=True)
class ReadCosets(LatticeStep):
    """``y[.., (c r), q] = x[.., c, A (q + start) + representatives[r]]``, and zero outside ``x``.

    ``A`` is the square ``matrix`` of D rows; ``x`` has shape ``(.., C, *N)`` with D spatial axes,
    ``y`` has ``(.., C * R, *size)`` for R representatives.  With the representatives of all cosets
    of ``A Z^D`` each sample of ``x`` stands at one place of ``y``: its phases; with one, ``y``
    samples ``x`` on a lattice.

    Raises:
        MalformedError: the matrix is not square, not of integers, or singular; or a point has not
            one entry per axis.

    Source: Viscito and Allebach 1991, section II.

    >>> ReadCosets(((2,),), start=(0,), size=(3,), representatives=((0,), (1,))).to_dict()
    {'op': 'cosets', 'matrix': [[2]], 'start': [0], 'size': [3], 'representatives': [[0], [1]]}
    """

    representatives: tuple[Point, ...]
    op: ClassVar[str] = "cosets"

    def __post_init__(self) -> None:
        super().__post_init__()
        points: Any = self.representatives
        if not isinstance(points, tuple) or not points:
            raise MalformedError(
                f"cosets: representatives must be a list of points, got {points!r}"
            )
        if not all(_is_point(point, len(self.matrix)) for point in points):
            raise MalformedError(
                f"cosets: each representative must hold {len(self.matrix)} integers, got {points!r}"
            )
        self._check_numbers(n for point in points for n in point)

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The last axes read through the lattice, the cosets beside the axis in front of them."""
        reading.only_sums("cosets")
        self._check_rank(form, len(self.matrix) + 1)
        start, size = ([parse(n) for n in point] for point in (self.start, self.size))
        return read_cosets(form, self.matrix, self.representatives, start, size)


@dataclass(frozen=True)
class Within(LatticeStep):
    """``y[.., q] = x[.., q]`` where ``A (q + start)`` lies in the box ``[0, size)``, else zero.

    Raises:
        MalformedError: as `ReadCosets`.

    >>> Within(((1, 1), (1, -1)), start=(0, -1), size=(4, 4)).to_dict()
    {'op': 'within', 'matrix': [[1, 1], [1, -1]], 'start': [0, -1], 'size': [4, 4]}
    """

    op: ClassVar[str] = "within"

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The tensor, and zero at positions whose points are outside the box."""
        reading.only_sums("within")
        self._check_rank(form, len(self.matrix))
        start, size = ([parse(n) for n in point] for point in (self.start, self.size))
        return keep_within(form, self.matrix, start, size)


def _is_point(value: Any, rank: int) -> bool:
    return isinstance(value, tuple) and len(value) == rank and all(type(n) is int for n in value)
