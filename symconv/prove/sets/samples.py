"""Sizes out of a set of sizes, at which other code looks at what is said of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import islpy as isl

from symconv.prove.sets.blocks import Sizes
from symconv.prove.sets.words import least, points, with_lower_bound

COUNT = 3
"""The least size, and two more: other residues, and room for what the least size leaves out."""

MOST_PIECES = 4
"""isl cuts a set where its formula does; each of the first pieces is looked at."""

At = dict[str, int]


def samples(sizes: Any, names: Sequence[str]) -> tuple[At, ...]:
    """The least size of a set, two that are greater in every name, and the least of each piece.

    >>> from symconv.prove.sets.blocks import Sizes
    >>> samples(Sizes(("N",)).set(["N >= 3", "N mod 2 = 1"]), ("N",))
    ({'N': 3}, {'N': 5}, {'N': 7})
    """
    found: list[At] = []
    rest = sizes = with_lower_bound(sizes, names)
    while len(found) < COUNT and not rest.is_empty():
        found.append(least(rest, names))
        rest = rest.intersect(_beyond(found[-1], names))
    if len(found) < COUNT:
        found += points(sizes, names, COUNT)
    pieces = sizes.make_disjoint().get_basic_set_list()
    if pieces.n_basic_set() > 1:
        for number in range(min(MOST_PIECES, pieces.n_basic_set())):
            piece = isl.Set.from_basic_set(pieces.get_basic_set(number))
            found += [] if piece.is_empty() else [least(piece, names)]
    return tuple(dict(at) for at in dict.fromkeys(tuple(at.items()) for at in found))


def _beyond(at: At, names: Sequence[str]) -> Any:
    """Sizes that are greater in every name."""
    return Sizes(tuple(names)).set([f"{name} > {at[name]}" for name in names])
