"""Formulas with their indices renamed, so that equal questions are equal texts, and short ones."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from symconv.prove.sets.formulas import Formula, Index

_NAME = re.compile(r"([A-Za-z_]\w*)")
_EQUAL = re.compile(r"(_i\d+) = (_i\d+)")


def written_shortly(
    tables: Sequence[Formula], legs: Iterable[Index], out: Mapping[int, Index], more: Sequence[str]
) -> str:
    """The tables and ranges of some indices, and more about them, as one formula.

    An index on an output axis has the name of the axis's place, ``_p3``, and any other the next of
    ``_e0``, ``_e1``, ... in the order in which they appear.  Indices that a table says are equal
    have one name: isl reads the formula in half the time, and finds the same.

    >>> a, b, c = Index(4, "_i0"), Index(4, "_i1"), Index("N", "_i2")
    >>> tables = [Formula((a, b), "_i0 = _i1"), Formula((b, c), "_i2 = 2*_i1")]
    >>> written_shortly(tables, [a, b, c], {0: a, 3: a}, [])
    '(_p3 = _p0) and (_e0 = 2*_p0) and (0 <= _p0 < 4) and (0 <= _e0 < N)'
    """
    legs = list(legs)
    found = [_EQUAL.fullmatch(table.formula) for table in tables]
    stands_for = _stands_for([match.groups() for match in found if match], legs)
    named: dict[str, str] = {}
    parts: list[str] = []
    for place, leg in out.items():
        name = named.setdefault(stands_for[leg.name], f"_p{place}")
        parts += [] if name == f"_p{place}" else [f"_p{place} = {name}"]
    own = [table.formula for table, match in zip(tables, found, strict=True) if not match]
    hidden = 0

    def renamed(text: str) -> str:
        nonlocal hidden
        words = _NAME.split(text)
        for at in range(1, len(words), 2):
            if (one := stands_for.get(words[at])) is not None:
                if one not in named:
                    named[one], hidden = f"_e{hidden}", hidden + 1
                words[at] = named[one]
        return "".join(words)

    parts += map(renamed, [*own, *(leg.bounds for leg in legs), *more])
    return " and ".join(f"({part})" for part in dict.fromkeys(parts)) or "0 = 0"


def _stands_for(equal: Iterable[Sequence[str]], legs: Sequence[Index]) -> dict[str, str]:
    """For every index the one among those that are equal to it by whose name all of them go."""
    found = {leg.name: leg.name for leg in legs}
    for one, other in equal:
        kept, gone = found[one], found[other]
        if kept != gone:
            found = {name: kept if top == gone else top for name, top in found.items()}
    return found


def in_order(formula: str, stem: Callable[[str], str | None]) -> str:
    """The formula with the names that have a stem numbered in the order of their appearance.

    >>> in_order("N < M or M < K", {"N": "_s", "M": "_s"}.get)
    '_s0 < _s1 or _s1 < K'
    """
    parts = _NAME.split(formula)
    fresh: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    for name in dict.fromkeys(parts[1::2]):
        if (start := stem(name)) is not None:
            fresh[name] = f"{start}{counts[start]}"
            counts[start] += 1
    parts[1::2] = [fresh.get(name, name) for name in parts[1::2]]
    return "".join(parts)
