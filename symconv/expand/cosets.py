"""The cosets of a lattice: one representative each, and where every position lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

from symconv.errors import InternalError
from symconv.layer.matrix import Matrix, Point, solve, times


@dataclass(frozen=True)
class Cosets:
    """The cosets of ``A Z^D``, by the Smith normal form ``U A V = S``.

    The class of ``v`` is ``U v mod S``; its representative is ``U^-1`` of that.

    >>> Cosets(((1, 1), (1, -1))).representatives
    ((0, 0), (0, -1))
    """

    matrix: Matrix

    @property
    def _smith(self) -> tuple[Matrix, Matrix, Point]:
        """``U``, its inverse, and the diagonal of ``S``."""
        return _smith_form(self.matrix)

    @cached_property
    def representatives(self) -> tuple[Point, ...]:
        """One position a coset; ``|det A|`` of them."""
        _, back, diagonal = self._smith
        return tuple(times(back, t) for t in product(*map(range, diagonal)))

    def split(self, position: Point) -> tuple[int, Point]:
        """The number of a position's coset, and its ``q``: ``position = A q + r``.

        Raises:
            InternalError: the decomposition does not solve.
        """
        there, _, diagonal = self._smith
        t = tuple(v % s for v, s in zip(times(there, position), diagonal, strict=True))
        number = 0
        for value, s in zip(t, diagonal, strict=True):
            number = number * s + value
        r = self.representatives[number]
        q = solve(self.matrix, [v - x for v, x in zip(position, r, strict=True)])
        if q is None:
            raise InternalError(f"{position} does not lie in the coset of {r}")
        return number, q


@lru_cache(maxsize=256)
def _smith_form(matrix: Matrix) -> tuple[Matrix, Matrix, Point]:
    from sympy import ZZ
    from sympy import Matrix as SymPyMatrix
    from sympy.matrices.normalforms import smith_normal_decomp

    s, u, _ = smith_normal_decomp(SymPyMatrix(matrix), domain=ZZ)
    return _rows(u), _rows(u.inv()), tuple(abs(int(s[i, i])) for i in range(len(matrix)))


def _rows(matrix: Any) -> Matrix:
    return tuple(tuple(int(entry) for entry in row) for row in matrix.tolist())


Slot = tuple[int, Point]
"""A coset's number and a shift ``q``."""
