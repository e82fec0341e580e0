"""Indices that a coefficient counts, written out: one term for each of their values.

A constant kernel of three taps met by constants has the coefficient 3, or fewer at an edge.  Sets
know where a coefficient is, not how many indices add up to it; the sum over an index of few values
is a sum of as many terms, in each of which nothing is left to count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import islpy as isl

from symconv.errors import TooLarge
from symconv.prove.sets.blocks import Sizes
from symconv.prove.sets.formulas import Index, Summand


def written_out(terms: Sequence[Summand], sizes: Sizes, most: int) -> list[Summand]:
    """The same sum, with no index in a term that its other indices leave open.

    Raises:
        TooLarge: that takes too many terms.
    """
    found: list[Summand] = []
    left = list(terms)
    while left:
        term = left.pop()
        leg = _open_leg(term, sizes)
        if leg is None or not isinstance(leg.size, int):
            found.append(term)
        elif leg.size + len(left) + len(found) > most:
            raise TooLarge(f"a coefficient counts hidden indices in more than {most} ways")
        else:
            left += [term.with_table(f"{leg.name} = {v}", leg) for v in range(leg.size)]
    return found


def _open_leg(term: Summand, sizes: Sizes) -> Index | None:
    """The smallest index that the output and the tensors do not determine."""
    shown = list(term.out)
    hidden = list(
        dict.fromkeys(leg for table in term.tables for leg in table.legs if leg not in shown)
    )
    if not hidden:
        return None
    relation = _relation(term, shown, hidden, sizes)
    if relation.is_single_valued():
        return None
    small = sorted((leg for leg in hidden if isinstance(leg.size, int)), key=_size)
    return next((leg for leg in small if _is_open(relation, hidden.index(leg))), None)


def _size(leg: Index) -> int:
    return leg.size if isinstance(leg.size, int) else 0


def _relation(term: Summand, shown: list[Index], hidden: list[Index], sizes: Sizes) -> Any:
    """From the indices of all axes to those on none."""
    every = dict.fromkeys([*shown, *hidden])
    parts = [table.formula for table in term.tables] + [leg.bounds for leg in every]
    kept = list(dict.fromkeys(leg.name for leg in shown))
    formula = " and ".join(f"({part})" for part in parts)
    unknown = set(re.findall(r"\b_i\d+\b", formula)) - {leg.name for leg in every}
    if unknown:
        raise TooLarge(f"a formula speaks of {', '.join(sorted(unknown))}, which no table names")
    return sizes.map(kept, [leg.name for leg in hidden], formula)


def _is_open(relation: Any, place: int) -> bool:
    """Whether one index of the range takes several values."""
    for other in _others(place, relation.dim(isl.dim_type.out)):
        relation = relation.project_out(isl.dim_type.out, other, 1)
    return not relation.is_single_valued()


def _others(place: int, count: int) -> Iterator[int]:
    """The other places, the last first, so that none of those to come moves."""
    return (n for n in reversed(range(count)) if n != place)
