"""Axes read through a lattice: the cosets of an integer matrix, and boxes of its points."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.layer.matrix import Matrix, times_sizes
from symconv.relation.digits import single_leg
from symconv.relation.form import Form
from symconv.relation.indices import Axis, Lattice, Leg
from symconv.relation.maps import required
from symconv.relation.term import Term
from symconv.size.expr import Size
from symconv.size.text import Condition


def read_cosets(
    form: Form,
    matrix: Matrix,
    representatives: Sequence[Sequence[int]],
    start: Sequence[Size],
    size: Sequence[Size],
) -> Form:
    """``y[.., (c r), q] = x[.., c, A (q + start) + representatives[r]]``, zero outside ``x``.

    The spatial axes are the last ones, as many as the matrix has rows; the coset's number is the
    last digit of the axis in front of them.

    Raises:
        ClaimError: a size is below 1.
    """
    first = len(form.shape) - len(matrix)
    moved = times_sizes(matrix, start)
    offsets = tuple(
        tuple(m + r for m, r in zip(moved, point, strict=True)) for point in representatives
    )

    def read(term: Term) -> Term:
        term, old = _single(term, first)
        new, coset = tuple(map(Leg, size)), Leg(len(offsets))
        out = (*term.out[: first - 1], (*term.out[first - 1], coset), *((leg,) for leg in new))
        return term.related(Lattice(new, coset, old, matrix, offsets)).with_out(out)

    shape = (*form.shape[: first - 1], form.shape[first - 1] * len(offsets), *size)
    return form.each(read, shape, [c for n in size for c in _at_least_one(n)])


def keep_within(form: Form, matrix: Matrix, start: Sequence[Size], size: Sequence[Size]) -> Form:
    """Positions ``q`` with ``A (q + start)`` in the box ``[0, size)``; zero at all others.

    Raises:
        ClaimError: a size is below 1.
    """
    first, offset = len(form.shape) - len(matrix), times_sizes(matrix, start)

    def keep(term: Term) -> Term:
        term, axes = _single(term, first)
        points = tuple(map(Leg, size))
        return term.related(Lattice(axes, Leg(1), points, matrix, (offset,)))

    return form.each(keep, form.shape, [c for n in size for c in _at_least_one(n)])


def _single(term: Term, first: int) -> tuple[Term, Axis]:
    """One leg on each axis from the first one on."""
    legs = []
    for axis in range(first, len(term.out)):
        term, leg = single_leg(term, axis)
        legs.append(leg)
    return term, tuple(legs)


def _at_least_one(size: Size) -> tuple[Condition, ...]:
    return required(size, ">=", 1, lambda: f"an axis of {size} positions holds nothing")
