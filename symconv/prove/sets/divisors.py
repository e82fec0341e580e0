"""Divisors of many values: what both sides divide by is compared, instead of each value looked at.

A count such as ``min(s*o + k, N) - s*o`` is linear in pieces, so that two counts in a constant
ratio, most often 1, are one question for isl.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Any

import islpy as isl

from symconv.errors import TooLarge
from symconv.prove.sets.blocks import BlockSets, Sizes
from symconv.prove.sets.formulas import Summand, Text

Ratios = list[tuple[Fraction, Any]]
"""Ratios of two coefficients, left to right, and the sizes at which each occurs."""


def differing(left: BlockSets, right: BlockSets, ratios: Ratios) -> list[Any]:
    """The sizes at which two terms differ in value, given the ratios without their divisors.

    Raises:
        TooLarge: on two blocks the divisors' ratio depends on the place.
    """
    varying = []
    for number in range(len(left.blocks)):
        if not _written_alike(left, right, number):
            pairs = _positive(_pairs(left, right, number))
            constant = _constant(pairs)
            ratios = [(ratio * (constant or 1), sizes) for ratio, sizes in ratios]
            varying += [pairs] if constant is None else []
    if len(varying) > 1:
        raise TooLarge("divisors that depend on two axes in other ways on both sides")
    if varying:
        return [sizes.intersect(_unequal(varying[0], ratio)) for ratio, sizes in ratios]
    return [sizes for ratio, sizes in ratios if ratio != 1]


def _written_alike(left: BlockSets, right: BlockSets, number: int) -> bool:
    """Whether both sides divide by the same formula on a block, or by none."""
    if not (left.term.divisors or right.term.divisors):
        return True
    return left.counted(number) == right.counted(number)


def _pairs(left: BlockSets, right: BlockSets, number: int) -> Any:
    """The counts ``[v, w]`` of both sides where both have a coefficient on a block."""
    pairs = left.counts(number).flat_range_product(right.counts(number)).range()
    return pairs.intersect_params(left.legal)


def _positive(pairs: Any) -> Any:
    """The pairs, once it is known that one divides by them.

    Raises:
        TooLarge: a count may be below 1.
    """
    if not pairs.subtract(_where_divided(pairs, "v >= 1 and w >= 1")).is_empty():
        raise TooLarge("a divisor is no positive number somewhere")
    return pairs


def _constant(pairs: Any) -> Fraction | None:
    """The one ratio ``w/v`` of all pairs; 1 where there are none, None where there are several."""
    if pairs.is_empty():
        return Fraction(1)
    point = pairs.sample_point()
    v, w = (int(point.get_coordinate_val(isl.dim_type.set, n).to_python()) for n in (0, 1))
    return Fraction(w, v) if pairs.is_subset(_where_divided(pairs, f"{v}*w = {w}*v")) else None


def _unequal(pairs: Any, ratio: Fraction) -> Any:
    """The sizes at which a ratio of coefficients times one of these ratios is not 1."""
    equal = _where_divided(pairs, f"{ratio.numerator}*w = {ratio.denominator}*v")
    return pairs.subtract(equal).params()


def _where_divided(pairs: Any, formula: str) -> Any:
    names = [pairs.get_dim_name(isl.dim_type.param, n) for n in range(pairs.n_param())]
    return isl.Set(f"[{', '.join(names)}] -> {{ [v, w] : {formula} }}")


def undivided(terms: Sequence[Summand], sizes: Sizes, legal: Any) -> list[Summand]:
    """Terms that all divide alike, without their divisors: their sums are equal iff these are.

    Raises:
        TooLarge: they do not, as far as is seen.
    """
    every = [_by_position(term) for term in terms]
    if len({tuple(counts) for counts in every}) > 1:
        raise TooLarge("terms with divisors of many values on other axes are not compared")
    for position in every[0]:
        _require_equal({counts[position] for counts in every}, sizes, legal)
    return [term.undivided() for term in terms]


def _by_position(term: Summand) -> dict[int, tuple[str, Text]]:
    """What a term divides by at its positions, a formula in ``p``, and the position's size."""
    found: dict[int, tuple[str, Text]] = {}
    for divisor in term.divisors:
        if divisor.leg not in term.out or term.out.index(divisor.leg) in found:
            raise TooLarge("divisors of many values are compared where each has its own axis")
        count = re.sub(rf"\b{divisor.leg.name}\b", "_p", divisor.count)
        found[term.out.index(divisor.leg)] = (count, divisor.leg.size)
    return dict(sorted(found.items()))


def _require_equal(counts: Collection[tuple[str, Text]], sizes: Sizes, legal: Any) -> None:
    """Refuse counts of one axis that differ somewhere, or that are below 1."""
    (first, size), *others = sorted(counts, key=str)
    asked = [f"({first}) and _w = _v and _v < 1"]
    asked += [f"({first}) and ({re.sub('_v', '_w', count)}) and _v != _w" for count, _ in others]
    asked += [f"_v = 0 and _w = 0 and {size} != {other}" for _, other in others]
    wrong = " or ".join(f"({part})" for part in asked)
    found = sizes.map(["_p"], ["_v", "_w"], f"0 <= _p < {size} and ({wrong})")
    if not found.intersect_params(legal).is_empty():
        raise TooLarge("terms that divide by other counts are not compared")
