"""Windows on terms: how a layer enters a product."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.layer.window import Window
from symconv.relation.digits import match, single_leg, split_axis
from symconv.relation.indices import Leg, Slide
from symconv.relation.term import Monoid, Term, product


def slide(term: Term, axis: int, window: Window, tap: Leg) -> Term:
    """Replace an axis by the window's outputs; ``tap`` carries the tap that is read."""
    term, read = single_leg(term, axis)
    out = Leg(window.output)
    return term.related(Slide(out, tap, read, window)).with_axis(axis, (out,))


def pool(term: Term, windows: Sequence[Window]) -> Term:
    """Every spatial axis of data ``(C, *N)`` through its window, summed over the taps."""
    for axis, window in enumerate(windows):
        term = slide(term, 1 + axis, window, Leg(window.kernel))
    return term


def convolve(
    x: Term,
    w: Term,
    windows: Sequence[Window],
    channels: tuple[int, int, int],
    transposed: bool,
    monoid: Monoid,
) -> Term:
    """The product of data ``(C, *N)`` and weight, summed over channels and taps.

    ``channels`` are those of a group of the data, those of a group of the weight's first axis, and
    the groups.  The weight's leading axes are ``(M, C/groups)``, or ``(C, M/groups)`` when
    transposed.
    """
    rank, (reads, leads, groups) = len(windows), channels
    term = split_axis(product(x, w), 0, groups, reads)
    # Axes now: g, c, spatial..., lead, second, taps...
    lead, taps = rank + 2, rank + 5
    term = split_axis(term, lead, groups, leads)
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
