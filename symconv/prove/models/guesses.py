"""Guesses which output of one convolution is which of another; none need be right.

A product of a row tells: its weight is entry ``(m, c, k)`` of the other kernel, and where the term
that it is multiplied with stands in the other input tells at which output the other reads it so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from symconv.prove.models.convolution import Convolution
from symconv.prove.models.terms import ZERO, Ids

TRIES = 25
"""Products of a row that are asked: each tap of 5x5; many read a pad or garbage somewhere."""


@dataclass(frozen=True, slots=True)
class Place:
    """Output ``o`` of a row is output ``slope * o + offset`` of the other's ``channel``."""

    channel: int
    axes: tuple[tuple[Fraction, Fraction], ...]

    def without_channel(self) -> Place:
        """The same for every channel."""
        return Place(-1, self.axes)

    def outputs(self, axis: int, mine: int, theirs: int) -> tuple[Ids, Ids]:
        """The outputs of an axis that both have, in one's and in the other's numbers."""
        slope, offset = self.axes[axis]
        pairs = [(o, slope * o + offset) for o in range(mine)]
        both = [(o, int(p)) for o, p in pairs if p.denominator == 1 and 0 <= p < theirs]
        found = np.asarray(both, np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]


def guesses(one: Convolution, other: Convolution) -> Iterator[Sequence[Place | None]]:
    """For each row of one, which channel and outputs of the other it may be."""
    if len(one.w) == len(other.w) and one.size == other.size:
        same = ((Fraction(1), Fraction(0)),) * len(one.size)
        yield [Place(m, same) for m in range(len(one.w))]
    asked = _Asked(one, other)
    found = [asked.place(row) for row in range(len(one.w))]
    if (known := next((place for place in found if place is not None), None)) is not None:
        # A row of which one output alone is live tells no slope; it has that of the others.
        asked.slopes = tuple(slope for slope, _ in known.axes)
        found = [asked.place(n) if p is None else p for n, p in enumerate(found)]
    yield found


class _Asked:
    """Asks the products of one convolution for their places in another."""

    def __init__(self, one: Convolution, other: Convolution) -> None:
        self.one, self.other = one, other
        flat = other.w.ravel()
        self._order = np.argsort(flat, kind="stable")
        self._weights = flat[self._order]
        self._channels: dict[int, tuple[Ids, Ids]] = {}
        self._points = list(_points(one.size))
        self.slopes: tuple[Fraction, ...] | None = None

    def place(self, row: int) -> Place | None:
        """Where a row is, by one of its first products that tells."""
        weights = self.one.w[row].ravel()
        for slot in _spread(np.flatnonzero(weights != ZERO)):
            if (found := self._of_slot(row, slot, int(weights[slot]))) is not None:
                return found
        return None

    def _of_slot(self, row: int, slot: int, weight: int) -> Place | None:
        at = int(np.searchsorted(self._weights, weight))
        if at == len(self._weights) or self._weights[at] != weight:
            return None
        m, c, *tap = _unravelled(int(self._order[at]), self.other.w.shape)
        per_group = len(self.other.w) // self.other.groups
        channel = m // per_group * self.other.w.shape[1] + c
        own_tap = _unravelled(slot % int(np.prod(self.one.kernel)), self.one.kernel)
        own_channel = int(self.one.channels_read[row, slot])
        for point in self._points:
            first = self._output(own_channel, own_tap, point, channel, tap)
            axes = first and self._axes(first, point, (own_channel, own_tap, channel, tap))
            if axes:
                return Place(m, axes)
        return None

    def _axes(
        self,
        first: Sequence[Fraction],
        point: tuple[int, ...],
        how: tuple[int, Sequence[int], int, Sequence[int]],
    ) -> tuple[tuple[Fraction, Fraction], ...] | None:
        own_channel, own_tap, channel, tap = how
        axes = []
        for axis, size in enumerate(self.one.size):
            slope = Fraction(1) if self.slopes is None else self.slopes[axis]
            if size > 1 and self.slopes is None:
                step = 1 if point[axis] + 1 < size else -1
                near = (*point[:axis], point[axis] + step, *point[axis + 1 :])
                second = self._output(own_channel, own_tap, near, channel, tap)
                if second is None:
                    return None
                slope = (second[axis] - first[axis]) * step
            axes.append((slope, first[axis] - slope * point[axis]))
        return tuple(axes)

    def _output(
        self,
        own_channel: int,
        own_tap: Sequence[int],
        point: Sequence[int],
        channel: int,
        tap: Sequence[int],
    ) -> tuple[Fraction, ...] | None:
        """At which output the other's tap reads what one's own tap reads at this output."""
        one, other = self.one, self.other
        reads = zip(point, own_tap, one.stride, one.dilation, strict=True)
        term = int(one.x[(own_channel, *(int(s * o + d * k) for o, k, s, d in reads))])
        found = None if term < 0 else self._position(channel, term)
        if found is None:
            return None
        back = zip(found, tap, other.stride, other.dilation, strict=True)
        return tuple(Fraction(int(i) - d * int(k), s) for i, k, s, d in back)

    def _position(self, channel: int, term: int) -> tuple[int, ...] | None:
        if channel not in self._channels:
            flat = self.other.x[channel].ravel()
            order = np.argsort(flat, kind="stable")
            self._channels[channel] = order, flat[order]
        order, ordered = self._channels[channel]
        at = int(np.searchsorted(ordered, term))
        if at == len(ordered) or ordered[at] != term:
            return None
        return _unravelled(int(order[at]), self.other.x.shape[1:])


def _spread(slots: Ids) -> list[int]:
    """Some of the slots, the middle one first: taps in the middle read pads least."""
    places = np.unique(np.linspace(0, len(slots) - 1, TRIES).astype(int)) if len(slots) else slots
    nearest = np.argsort(np.abs(places - len(slots) // 2), kind="stable")
    return [int(slot) for slot in slots[places[nearest]]]


def _unravelled(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, tuple(shape)))


def _points(size: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Outputs to look at: the middle, and the quarters, of each axis."""
    choices = [dict.fromkeys((n // 2, n // 4, 3 * n // 4, 0, n - 1)) for n in size]
    seen = [tuple(point) for point in product(*choices)]
    yield from seen[:25]
