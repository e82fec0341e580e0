"""What an average divides by: the taps of each window that count, and that some of them do."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.layer.base import forward_pads
from symconv.layer.padding import Pads
from symconv.layer.requirements import Requirements, at_least, both, either, must
from symconv.layer.window import Window
from symconv.machine.budget import running
from symconv.size.expr import Extent, Size, greatest, least, number
from symconv.size.text import Condition

Ends = tuple[Extent, Extent]
"""Where the positions that count begin, and where they end."""


def counted_ends(window: Window, padding: Pads | str, *, with_pads: bool) -> Ends:
    """The padded input's ends, or the input's; what a last window of ceil_mode adds does not count.

    >>> counted_ends(Window(4, 3, lo=1, hi=2), (1, 1), with_pads=True)
    (-1, 5)
    """
    high = forward_pads(padding, window.size, window.span, window.stride)[1]
    first, end = -window.lo, window.size + high
    return (first, end) if with_pads else (greatest(first, 0), least(end, window.size))


def counted_taps(window: Window, ends: Ends, o: Extent) -> Extent:
    """The taps of output ``o``'s window that count, where some do.

    Taps ``k`` with ``begin <= f + d*k < end`` for ``f = s*o - lo``, which are
    ``min(K, ceil((end - f)/d)) - max(0, ceil((begin - f)/d))``.

    >>> counted_taps(Window(4, 3, lo=1, hi=1), (0, 4), 0)
    2
    """
    start, d = o * window.stride - window.lo, window.dilation
    before, behind = ((end - start + d - 1) // d for end in ends)
    return least(window.kernel, behind) - greatest(0, before)


def counts_something(window: Window, padding: Pads | str, *, ceil_mode: bool) -> Requirements:
    """That every window has a tap on the input: else there is no mean.

    Raises:
        LayerError: some window has none, whatever the size.
    """
    high = forward_pads(padding, window.size, window.span, window.stride)[1]
    end = window.size + least(high, 0)
    conditions = [*_landings(window, end)]
    if not isinstance(padding, str):  # one that is named is less than the span at each end
        conditions.append(at_least(window.span - 1, window.lo))
        if not ceil_mode and at_least(window.span - 1, high) is not True:
            last = (window.output - 1) * window.stride - window.lo
            conditions.append(at_least(end - 1, last))
    return must(
        both(*conditions),
        lambda: (
            f"an average without its pads has a window that counts no sample: {window.size} "
            f"samples with padding [{window.lo}, {high}]; count the pads or give a divisor_override"
        ),
    )


def _landings(window: Window, end: Size) -> Iterator[bool | Condition]:
    """That what starts in the low pad lands in front of an end, for each number the pad can be."""
    lo = window.lo
    if isinstance(lo, int):
        yield from _landing(window, end, lo)
        return
    first, last = window.lows or (1, number(window.span) - 1)
    running().check_entries(last * last, "the low pads that a size may give")
    for low in range(first, last + 1):
        other = (at_least(lo, low + 1), at_least(low - 1, lo))
        yield from (either(*other, lands) for lands in _landing(window, end, low))


def _landing(window: Window, end: Size, lo: int) -> Iterator[bool | Condition]:
    """The same for one low pad: the first taps at 0 or behind it, of the windows in front of 0.

    They repeat after ``d`` windows, and without dilation all of them are 0.
    """
    early = min(-(-max(lo, 0) // window.stride), window.dilation)
    running().check_entries(early, "the windows that start in an axis's low pad")
    furthest = 0 if at_least(end, window.size) is True else -1
    for o in range(early):
        landing = (o * window.stride - lo) % window.dilation
        if landing > furthest:
            furthest = landing
            yield either(at_least(o, window.output), at_least(end - 1, landing))
