"""The theorem of one layer of matrix stride as a text for Coq: its matrix, its taps, its ties."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.errors import TooLarge
from symconv.expand.lattice import LatticeExpansion
from symconv.expand.layers import needs_gather
from symconv.prove.kernel.text import fill_statement
from symconv.prove.kernel.words import integer

MOST_TAPS, MOST_NUMBER, MOST_CHANNELS = 512, 512, 8192
"""Coq counts in unary; this many taps, and numbers this large, take it a second."""

ABOUT = (
    "every output of this layer of matrix stride is that of its expansion on coset signals, for "
    "every ring, every weight, bias and input of any size"
)

LIMIT = (
    "the kernel's theorem is about the numbers in its file, which symconv wrote there; that its "
    "ties are what the maps' steps read, the tables or sets show"
)
"""What stays outside the theorem; printed wherever its word is."""

NO_THEOREM = (
    "no kernel proof: the library's theorem of a matrix stride has no groups and pads with zeros"
)


def has_theorem(e: LatticeExpansion) -> bool:
    """Whether the library's theorem is of layers like this one."""
    return e.original.groups == 1 and not needs_gather(e.original.dense)


def lattice_text(e: LatticeExpansion) -> str:
    """The Coq file: matrix, taps, representatives, shifts, ties, and the theorem.

    Raises:
        TooLarge: the numbers are too large for the kernel's unary ones.
    """
    layer, shifts = e.original, e.shifts
    taps = e.shifts_of_taps
    points = (*layer.stride, *taps, *e.cosets.representatives, *shifts)
    _check_small(len(taps), max(abs(n) for p in points for n in p), layer.in_channels)
    rank = len(layer.stride)
    return fill_statement(
        "lattice",
        {
            "layer": repr(layer).replace("*", " ").replace('"', "'"),
            "rank": str(rank),
            "matrix": _points(layer.stride),
            "taps": _points(taps),
            "representatives": _points(e.cosets.representatives),
            "shifts": _points(shifts),
            "ties": _listed(f"({coset}, {shifts.index(q)})" for coset, q in e.ties),
            "channels": str(layer.in_channels),
        },
    )


def _check_small(taps: int, number: int, channels: int) -> None:
    if taps > MOST_TAPS or number > MOST_NUMBER or channels > MOST_CHANNELS:
        raise TooLarge(
            f"the kernel counts in unary: {taps} taps, numbers up to {number} and {channels} "
            f"channels, it takes {MOST_TAPS}, {MOST_NUMBER} and {MOST_CHANNELS}"
        )


def _points(points: Iterable[Iterable[int]]) -> str:
    return _listed(_listed(integer(n) for n in point) for point in points)


def _listed(entries: Iterable[str]) -> str:
    return f"[:: {'; '.join(entries)}]"
