"""Names for the sizes of a signal's axes."""

from __future__ import annotations

NAMES = {1: ("N",), 2: ("H", "W"), 3: ("D", "H", "W")}


def axis_names(rank: int) -> tuple[str, ...]:
    """Names for the sizes of this many axes.

    >>> axis_names(2), axis_names(4)
    (('H', 'W'), ('N0', 'N1', 'N2', 'N3'))
    """
    return NAMES.get(rank, tuple(f"N{axis}" for axis in range(rank)))
