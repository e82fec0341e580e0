"""Hidden tensors: how a tensor inside the right pipeline holds one inside the left.

The right one holds the left one's phases along lines that may be longer: what stands beyond the
left tensor's ends (the tail) can be anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, permutations, product
from math import prod
from typing import Any

from symconv.claim import steps as st

MOST_CANDIDATES = 400
Keep = tuple[tuple[int, ...] | None, ...]
Ranges = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """``right = phases of a line``, and the left tensor is that line from ``first`` on.

    ``channels`` orders the merged axis of the right tensor: ``c`` for the left tensor's channels
    (``g c`` where they are grouped) and ``r0``, ``r1``, ... for the phases of each axis.  ``keep``
    says on which positions of each axis of the line anything but zero can stand.  ``live`` is the
    range ``first, end, step`` of the left tensor, on each axis, that is read later; outside it the
    two may differ.
    """

    shape: tuple[int, ...]
    factors: tuple[int, ...]
    coarse: tuple[int, ...]
    first: tuple[int, ...]
    channels: tuple[str, ...] = ("c",)
    groups: int = 1
    keep: Keep | None = None
    live: Ranges | None = None

    @property
    def line(self) -> tuple[int, ...]:
        """Positions of each axis of the line, ``E*Q``."""
        return tuple(e * q for e, q in zip(self.factors, self.coarse, strict=True))

    @property
    def line_shape(self) -> tuple[int, ...]:
        """Channels and positions of the line."""
        return (self.shape[0], *self.line)

    @property
    def has_tail(self) -> bool:
        """Whether the line is longer than the left tensor."""
        return self.line != self.shape[1:]

    def to_line(self) -> tuple[st.Step, ...]:
        """From the right tensor to the line."""
        return self._rearranged(lambda line, phases: f"{phases} -> {line}")

    def to_right(self) -> tuple[st.Step, ...]:
        """From the line to the right tensor; the inverse of `to_line`."""
        return self._rearranged(lambda line, phases: f"{line} -> {phases}")

    def _rearranged(self, write: Any) -> tuple[st.Step, ...]:
        if prod(self.factors) == 1:
            return ()
        axes = range(len(self.factors))
        lines = " ".join(f"(h{a} r{a})" for a in axes)
        line = f"{'(g c)' if 'g' in self.channels else 'c'} {lines}"
        phases = f"({' '.join(self.channels)}) {' '.join(f'h{a}' for a in axes)}"
        sizes = [(f"r{a}", e) for a, e in enumerate(self.factors)]
        grouped = [("g", self.groups)] if "g" in self.channels else []
        return (st.Rearrange(write(line, phases), (*grouped, *sizes)),)

    def inside(self) -> tuple[st.Step, ...]:
        """From the line to the left tensor: a crop, where the line is longer."""
        if not self.has_tail:
            return ()
        ranges = [(f, f + n, 1) for f, n in zip(self.first, self.shape[1:], strict=True)]
        return (st.Slice(((None, None, None), *ranges)),)

    def kept(self) -> tuple[st.Step, ...]:
        """A mask of the line's positions that are known to be zero."""
        return () if self.keep is None else (st.Mask((None, *self.keep)),)

    def to_live(self) -> tuple[st.Step, ...]:
        """From the left tensor to what is read of it later."""
        if self.live is None:
            return ()
        return (st.Slice(((None, None, None), *self.live)),)

    def only_live(self) -> tuple[st.Step, ...]:
        """The left tensor with something else where nothing is read later."""
        if self.live is None:
            return ()
        ends = [(a, n - b) for (a, b, _), n in zip(self.live, self.shape[1:], strict=True)]
        steps = (1, *(step for _, _, step in self.live))
        return (*self.to_live(), st.Dilate(steps), st.Pad(((0, 0), *ends)))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a certificate."""
        return {
            "line": list(self.line_shape),
            "kept": [step.to_dict() for step in self.kept()],
            "to_right": [step.to_dict() for step in self.to_right()],
            "to_line": [step.to_dict() for step in self.to_line()],
            "inside": [step.to_dict() for step in self.inside()],
            "live": None if self.live is None else [list(ends) for ends in self.live],
        }


def whole(shape: Sequence[int]) -> Hidden:
    """The right tensor is the left one."""
    size = tuple(shape[1:])
    ones = (1,) * len(size)
    return Hidden(tuple(shape), ones, size, (0,) * len(size))


def in_channel_order(left: Sequence[int], right: Sequence[int], factors: Sequence[int]) -> Hidden:
    """The right tensor holds the left one's phases side by side, channel by channel."""
    phases = tuple(f"r{axis}" for axis in range(len(factors)))
    start = (0,) * len(phases)
    return Hidden(tuple(left), tuple(factors), tuple(right[1:]), start, ("c", *phases))


def candidates(
    left: Sequence[int], right: Sequence[int], groups: Iterable[int]
) -> Iterator[Hidden]:
    """Ways in which a tensor of shape ``right`` may hold one of shape ``left``, likely ones first.

    >>> next(candidates((8, 5, 5), (32, 3, 3), ())).channels
    ('c', 'r0', 'r1')
    """
    return islice(_candidates(tuple(left), tuple(right), sorted(set(groups))), MOST_CANDIDATES)


def _candidates(
    left: tuple[int, ...], right: tuple[int, ...], groups: Sequence[int]
) -> Iterator[Hidden]:
    if len(left) != len(right) or right[0] % left[0]:
        return
    size, coarse = left[1:], right[1:]
    fitting = [
        factors
        for factors in _factorisations(right[0] // left[0], len(size))
        if all(e * q >= n for e, q, n in zip(factors, coarse, size, strict=True))
    ]
    fitting.sort(key=lambda factors: _surplus(size, coarse, factors))
    for factors in fitting:
        for first in _offsets(size, coarse, factors):
            for channels, g in _orders(factors, left[0], groups):
                yield Hidden(left, factors, coarse, first, channels, g)


def _surplus(size: Sequence[int], coarse: Sequence[int], factors: Sequence[int]) -> int:
    """Whole blocks beyond the left tensor's end."""
    return sum(q - -(-n // e) for n, q, e in zip(size, coarse, factors, strict=True))


def _factorisations(number: int, axes: int) -> Iterator[tuple[int, ...]]:
    if axes == 1:
        yield (number,)
        return
    for first in (f for f in range(1, number + 1) if number % f == 0):
        for rest in _factorisations(number // first, axes - 1):
            yield (first, *rest)


def _offsets(
    size: Sequence[int], coarse: Sequence[int], factors: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    rooms = [
        range(min(e * q - n, 2 * e) + 1) for n, q, e in zip(size, coarse, factors, strict=True)
    ]
    return iter(sorted(product(*rooms), key=sum))


def _orders(
    factors: Sequence[int], channels: int, groups: Sequence[int]
) -> Iterator[tuple[tuple[str, ...], int]]:
    phases = tuple(f"r{axis}" for axis in range(len(factors)))
    yield ("c", *phases), 1
    if prod(factors) == 1:
        return
    yield (*phases, "c"), 1
    for g in groups:
        if g > 1 and channels % g == 0:
            yield ("g", *phases, "c"), g
    moving = [f"r{axis}" for axis, e in enumerate(factors) if e > 1]
    still = tuple(name for name in phases if name not in moving)
    for order in permutations(["c", *moving]):
        yield (*order, *still), 1
