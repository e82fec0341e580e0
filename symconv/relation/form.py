"""Forms: what a pipeline computes, as a sum (or a maximum) of terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from math import lcm, prod

import numpy as np

from symconv.layer.window import BOTTOM, Index
from symconv.relation.table import Leg
from symconv.relation.term import Monoid, Tensor, Term, gather, regroup, scale


@dataclass(frozen=True, slots=True)
class Form:
    """A tensor of the given shape: the sum of its terms, or their maximum.

    Under ``max`` a term means its support only, and a term without tensors is the constant
    ``scalar`` on its support.
    """

    shape: tuple[int, ...]
    terms: tuple[Term, ...]
    monoid: Monoid = "sum"

    def each(self, change: Callable[[Term], Term], shape: Sequence[int]) -> Form:
        """Rewrite every term."""
        return replace(self, shape=tuple(shape), terms=tuple(map(change, self.terms)))


def tensor_form(name: str, shape: Sequence[int], monoid: Monoid) -> Form:
    """The named tensor itself."""
    if monoid == "shapes":
        return Form(tuple(shape), (), monoid)
    axes = tuple((Leg(size),) for size in shape)
    return Form(tuple(shape), (Term(axes, (Tensor(name, axes),)),), monoid)


def constant_form(value: Fraction | None, shape: Sequence[int], monoid: Monoid) -> Form:
    """The same number everywhere; nothing at all where it is the monoid's identity."""
    if value is None or monoid == "shapes" or (value == 0 and monoid == "sum"):
        return Form(tuple(shape), (), monoid)
    axes = tuple((Leg(size),) for size in shape)
    return Form(tuple(shape), (Term(axes, scalar=value),), monoid)


def gather_axes(form: Form, maps: Sequence[Index | None], fill: Fraction | None) -> Form:
    """Read every axis through its index map (None leaves it); BOTTOM on any axis reads the fill."""
    active = [(axis, index) for axis, index in enumerate(maps) if index is not None]
    shape = [
        size if index is None else len(index) for size, index in zip(form.shape, maps, strict=True)
    ]
    read = form.each(lambda term: reduce(lambda t, m: gather(t, *m), active, term), shape)
    holes = [(axis, index == BOTTOM) for axis, index in active if (index == BOTTOM).any()]
    if not holes:
        return read
    filler = _fill_max if form.monoid == "max" else _fill_sum
    background = constant_form(fill, shape, form.monoid)
    return replace(read, terms=(*read.terms, *filler(background.terms, holes)))


def _fill_sum(background: tuple[Term, ...], holes: list[tuple[int, np.ndarray]]) -> list[Term]:
    """The constant, less the constant where every axis reads the tensor."""
    terms = list(background)
    for term in background:
        inside = replace(term, scalar=-term.scalar)
        for axis, hole in holes:
            inside = scale(inside, axis, (~hole).astype(np.int64))
        terms.append(inside)
    return terms


def _fill_max(background: tuple[Term, ...], holes: list[tuple[int, np.ndarray]]) -> list[Term]:
    """The constant wherever some axis reads outside; maxima may overlap."""
    return [scale(term, axis, hole.astype(np.int64)) for term in background for axis, hole in holes]


def scale_axis(term: Term, axis: int, factors: Sequence[Fraction]) -> Term:
    """Multiply an output axis by one exact factor a position."""
    common = lcm(*(factor.denominator for factor in factors))
    whole = [int(factor * common) for factor in factors]
    wide = max(map(abs, whole)) >= 2**62
    term = scale(term, axis, np.array(whole, dtype=object if wide else np.int64))
    return replace(term, scalar=Fraction(term.scalar, common))


def rearrange(term: Term, left: Sequence[Sequence[int]], right: Sequence[Sequence[int]],
              factors: dict[int, int]) -> Term:  # fmt: skip
    """Split axes into numbered factors of known sizes (left), and merge them anew (right)."""
    legs: dict[int, tuple[Leg, ...]] = {}
    for axis, group in enumerate(left):
        term, digits = regroup(term, term.out[axis], [factors[f] for f in group])
        term = term.with_axis(axis, tuple(leg for digit in digits for leg in digit))
        legs |= dict(zip(group, digits, strict=True))
    return replace(term, out=tuple(tuple(leg for f in group for leg in legs[f]) for group in right))


def common_sizes(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Digit sizes that divide a number line where both given ones do, as finely as they agree.

    >>> common_sizes([3, 4], [6, 2])
    [3, 2, 2]
    """
    kept, total = [1], prod(first)
    for border in sorted(_borders(first) | _borders(second)):
        if border == total:
            kept = [low for low in kept if total % low == 0]
        if border > kept[-1] and border % kept[-1] == 0:
            kept.append(border)
    return [high // low for low, high in pairwise(kept)][::-1]


def _borders(sizes: Sequence[int]) -> set[int]:
    return {prod(sizes[place:]) for place in range(len(sizes))}
