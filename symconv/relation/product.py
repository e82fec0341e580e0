"""Windows on terms: how a layer's access tables enter a product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from symconv.layer.window import BOTTOM, Index, Window
from symconv.machine.budget import running
from symconv.relation.form import common_sizes
from symconv.relation.table import Leg
from symconv.relation.term import Axis, Monoid, Term, regroup, single_leg


def slide(term: Term, axis: int, window: Window, tap: Leg) -> Term:
    """Replace an axis by the window's outputs; ``tap`` carries the tap that is read."""
    term, read = single_leg(term, axis)
    out = Leg(window.output)
    return term.with_table((out, tap, read), live_entries(window)).with_axis(axis, (out,))


@lru_cache(maxsize=1024)
def live_entries(window: Window) -> tuple[Index, Index, Index]:
    """Columns ``(output, tap, input)`` of the access table's live entries."""
    running().check_entries(window.output * window.kernel, "an axis")
    table = window.table()
    outputs, taps = np.nonzero(table != BOTTOM)
    return outputs, taps, table[outputs, taps]


def product(x: Term, w: Term) -> Term:
    """Both factors in one term: the output axes of the first, then those of the second."""
    return Term(x.out + w.out, x.tensors + w.tensors, x.tables + w.tables, x.scalar * w.scalar)


def match(term: Term, first: int, second: int) -> Term:
    """Restrict to equal indices on two output axes; both then carry the same legs."""
    before = None
    while before != (before := (_sizes(term.out[first]), _sizes(term.out[second]))):
        sizes = common_sizes(*before)
        term, groups = regroup(term, term.out[first], sizes)
        term = term.with_axis(first, _flat(groups))
        term, groups = regroup(term, term.out[second], sizes)
        term = term.with_axis(second, _flat(groups))
    for keep, gone in zip(term.out[first], term.out[second], strict=True):
        term = term.identify(keep, gone)
    return term


def _sizes(axis: Axis) -> list[int]:
    return [leg.size for leg in axis]


def _flat(groups: Sequence[Axis]) -> Axis:
    return tuple(leg for group in groups for leg in group)


def split_axis(term: Term, axis: int, high: int, low: int) -> Term:
    """Write one output axis as two neighbours of these sizes."""
    term, groups = regroup(term, term.out[axis], (high, low))
    return replace(term, out=(*term.out[:axis], *groups, *term.out[axis + 1 :]))


def convolve(
    x: Term, w: Term, windows: Sequence[Window], groups: int, transposed: bool, monoid: Monoid
) -> Term:
    """The product of data ``(C, *N)`` and weight, summed over channels and taps.

    The weight's leading axes are ``(M, C/groups)``, or ``(C, M/groups)`` when transposed.
    """
    rank, (channels, *_) = len(windows), x.shape
    term = split_axis(product(x, w), 0, groups, channels // groups)
    # Axes now: g, c, spatial..., lead, second, taps...
    lead, taps = rank + 2, rank + 5
    term = split_axis(term, lead, groups, term.shape[lead] // groups)
    # Axes now: g, c, spatial..., g', lead', second, taps...
    term = match(term, 0, lead)
    inner, outer = (lead + 1, lead + 2) if transposed else (lead + 2, lead + 1)
    term = match(term, 1, inner)
    for axis, window in enumerate(windows):
        term, tap = single_leg(term, taps + axis)
        term = slide(term, 2 + axis, window, tap)
    return term.summed((term.out[0] + term.out[outer], *term.out[2 : 2 + rank]), monoid)


def convolve_as_kernel(x: Term, w: Term, windows: Sequence[Window]) -> Term:
    """The product of a kernel ``(C, *N)`` and data ``(M, C, *K)``, summed over channels and taps.

    A window's input is the data's index and its tap the kernel's.
    """
    term, data = product(x, w), 1 + len(windows)
    # Axes now: c, taps..., m, c', spatial...
    term = match(term, 0, data + 1)
    for axis, window in enumerate(windows):
        term, tap = single_leg(term, 1 + axis)
        term = slide(term, data + 2 + axis, window, tap)
    return term.summed((term.out[data], *term.out[data + 2 :]), "sum")
