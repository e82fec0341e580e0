"""Matrix strides removed: a convolution on the cosets of a lattice.

Every position is ``v = A q + r`` for one representative ``r`` of ``Z^D / A Z^D`` and one ``q``.  On
the coset signals ``X[(c, r), q] = x[c, A q + r]`` the layer is stride-free: tap ``k``, which reads
``A o + v`` with ``v = d k - lo = A q + r``, becomes tap ``q`` of coset ``r``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.errors import FoldError, InternalError
from symconv.layer.lattice import LatticeConv, Matrix, Point, solve, times

Array = NDArray[Any]


@dataclass(frozen=True)
class Cosets:
    """The cosets of ``A Z^D``, by the Smith normal form ``U A V = S``.

    The class of ``v`` is ``U v mod S``; its representative is ``U^-1`` of that.

    >>> Cosets(((1, 1), (1, -1))).representatives
    ((0, 0), (0, -1))
    """

    matrix: Matrix

    @cached_property
    def _smith(self) -> tuple[Matrix, Matrix, Point]:
        """``U``, its inverse, and the diagonal of ``S``."""
        from sympy import ZZ
        from sympy import Matrix as SymPyMatrix
        from sympy.matrices.normalforms import smith_normal_decomp

        s, u, _ = smith_normal_decomp(SymPyMatrix(self.matrix), domain=ZZ)
        rank = len(self.matrix)
        return _rows(u), _rows(u.inv()), tuple(abs(int(s[i, i])) for i in range(rank))

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


def _rows(matrix: Any) -> Matrix:
    return tuple(tuple(int(entry) for entry in row) for row in matrix.tolist())


Slot = tuple[int, Point]
"""A coset's number and a shift ``q``."""


@dataclass(frozen=True)
class LatticeExpansion:
    """A layer of matrix stride, and its stride-free form on coset signals.

    ``ties`` says for every tap, in C order, at which coset and shift it stands.
    """

    original: LatticeConv
    cosets: Cosets
    ties: tuple[Slot, ...]

    def __post_init__(self) -> None:
        wanted = len(self.original.taps())
        if len(self.ties) != wanted:
            raise FoldError(
                f"the layer has {wanted} taps, got {len(self.ties)} ties; give one each"
            )

    @property
    def shifts(self) -> tuple[Point, ...]:
        """All shifts of the expanded kernel, in order."""
        return tuple(sorted({q for _, q in self.ties}))

    def expand_weight(self, weight: Array) -> Array:
        """The expanded weight, shape ``(M, C, cosets, shifts)``: each slot a parameter or zero."""
        shifts = self.shifts
        flat = weight.reshape(*weight.shape[:2], -1)
        count = len(self.cosets.representatives)
        expanded = np.zeros((*flat.shape[:2], count, len(shifts)), weight.dtype)
        for k, (coset, q) in enumerate(self.ties):
            expanded[:, :, coset, shifts.index(q)] = flat[:, :, k]
        return expanded

    def fold_weight(self, expanded: Array) -> Array:
        """The weight whose image this is.

        Raises:
            FoldError: a slot that no tap reaches is not zero.
        """
        shifts = self.shifts
        taps = [expanded[:, :, coset, shifts.index(q)] for coset, q in self.ties]
        weight = np.stack(taps, axis=-1).reshape(self.original.weight_shape())
        if (self.expand_weight(weight) != expanded).any():
            raise FoldError("a slot that no tap reaches holds something else than zero")
        return weight

    def evaluate(self, x: Array, weight: Array) -> Array:
        """The stride-free layer on coset signals; shape ``(M, outputs)``, exact on integers."""
        x, weight = _roomy(x), _roomy(weight)
        expanded, shifts = self.expand_weight(weight), self.shifts
        signals = self.coset_signals(x.shape[1:])
        flat = x.reshape(len(x), -1)
        points = self.original.outputs(x.shape[1:])
        y = np.zeros((len(weight), len(points)), np.result_type(x, weight))
        for place, o in enumerate(points):
            for coset, (j, q) in product(range(expanded.shape[2]), enumerate(shifts)):
                at = signals.get((coset, _plus(o, q)))
                if at is not None:
                    y[:, place] += expanded[:, :, coset, j] @ flat[:, at]
        return y

    def coset_signals(self, size: Sequence[int]) -> dict[Slot, int]:
        """Which input (its flat index) each coset signal holds at each ``q``."""
        box = product(*map(range, size))
        return {self.cosets.split(v): index for index, v in enumerate(box)}


def _plus(a: Point, b: Point) -> Point:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def expand_lattice(layer: LatticeConv) -> LatticeExpansion:
    """Expand a layer over the cosets of its stride; the same at every input size.

    >>> e = expand_lattice(LatticeConv(1, 1, (1, 3), ((1, 1), (1, -1))))
    >>> e.ties
    ((0, (0, 0)), (1, (1, -1)), (0, (1, -1)))
    """
    cosets = Cosets(layer.stride)
    return LatticeExpansion(
        layer, cosets, tuple(cosets.split(layer.shift(k)) for k in layer.taps())
    )


def _roomy(array: Array) -> Array:
    """Python's integers for integers: no sum of theirs overflows."""
    return array.astype(object) if array.dtype.kind in "iub" else array


def _at(array: Array, index: Point) -> Array:
    """The leading axes of an array at these indices of the last ones."""
    whole: tuple[Any, ...] = (..., *index)
    return np.asarray(array[whole])


def evaluate_lattice(layer: LatticeConv, x: Array, weight: Array) -> Array:
    """The layer by its definition, without bias; shape ``(M, outputs)``, exact on integers."""
    x, weight = _roomy(x), _roomy(weight)
    points = layer.outputs(x.shape[1:])
    y = np.zeros((len(weight), len(points)), np.result_type(x, weight))
    for place, o in enumerate(points):
        origin = times(layer.stride, o)
        for tap in layer.taps():
            at = _plus(origin, layer.shift(tap))
            if all(0 <= v < n for v, n in zip(at, x.shape[1:], strict=True)):
                y[:, place] += _at(weight, tap) @ _at(x, at)
    return y
