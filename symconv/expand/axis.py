"""One axis on phases: where each tap of a strided window lands in the expanded one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symconv.errors import FactorError
from symconv.layer.window import Index, Window
from symconv.machine.budget import running
from symconv.machine.caches import cached
from symconv.size.expr import Extent, number


@dataclass(frozen=True)
class AxisExpansion:
    """One axis on phases: ``E_in * u * t == E_out * s``.

    For output phase ``p`` and tap ``k`` let ``v = s*p + d*k - lo``.  Where ``u`` divides ``v``, tap
    ``k`` becomes tap ``q`` of input phase ``r``, ``v/u = E_in*q + r`` with ``0 <= r < E_in``; where
    it does not, the tap is silent in that phase.

    Raises:
        FactorError: a factor below 1, or factors that break the equation.

    Source: Kong and Lucey 2017, section 3, for ``u = t = E_out = 1``; Vaidyanathan 1993, chapter 4.

    >>> axis = AxisExpansion(Window(224, 7, 2, 3, 3), factor_in=2, factor_out=1, stride=1)
    >>> axis.kernel, axis.lo, axis.hi
    (4, 2, 1)
    """

    window: Window
    factor_in: int
    factor_out: int
    stride: int

    def __post_init__(self) -> None:
        w = self.window
        if min(self.factor_in, self.factor_out, self.stride) < 1:
            raise FactorError(
                f"factors and residual stride must be at least 1, got E_in={self.factor_in}, "
                f"E_out={self.factor_out}, t={self.stride}"
            )
        if self.factor_in * w.base_dilation * self.stride != self.factor_out * w.stride:
            raise FactorError(
                "factors must satisfy E_in * u * t == E_out * s, got "
                f"{self.factor_in} * {w.base_dilation} * {self.stride} != "
                f"{self.factor_out} * {w.stride}"
            )

    @cached_property
    def taps(self) -> tuple[Index, Index, Index, Index]:
        """Columns ``(p, k, r, q)`` of the tie map: one row for each live slot of the kernel.

        Raises:
            TooLarge: more rows than the budget holds.
            ClaimError: the low pad depends on a named size.
        """
        return self._taps(number(self.window.lo))

    def _taps(self, lo: int) -> tuple[Index, Index, Index, Index]:
        running().check_entries(self.factor_out * self.window.kernel, "an axis's tie map")
        p, k = np.indices((self.factor_out, self.window.kernel), dtype=np.int64)
        reads = self.window.padded_position(p, k) - lo
        v, hole = np.divmod(reads, self.window.base_dilation)
        live = hole == 0
        q, r = np.divmod(v[live], self.factor_in)
        columns = p[live], k[live], r, q
        for column in columns:
            column.setflags(write=False)  # axes are shared
        return columns

    @property
    def lows(self) -> tuple[int, ...]:
        """The low pad; where it depends on a named size, its least and its greatest value.

        Taps move one way with the pad, so that these two bound all that lie between.

        Raises:
            FactorError: the pad's bounds are not known, or taps are silent at some pads alone.
        """
        w = self.window
        if isinstance(w.lo, int):
            return (w.lo,)
        if w.lows is None or w.base_dilation > 1:
            raise FactorError(
                f"no expanded kernel holds a low pad of {w.lo} at all sizes; give the size in "
                "numbers"
            )
        return w.lows

    @cached_property
    def depends_on_size(self) -> bool:
        """Whether the expanded kernel's first or last tap moves with a named size."""
        ends = {(min(q.tolist(), default=0), max(q.tolist(), default=0)) for q in self._columns}
        return len(ends) > 1

    @cached_property
    def _columns(self) -> list[Index]:
        """The places ``q`` of all taps, at each of the low pads that bound the others."""
        if isinstance(self.window.lo, int):
            return [self.taps[3]]
        return [self._taps(lo)[3] for lo in self.lows]

    @cached_property
    def first_tap(self) -> int:
        """``q_min``, at all sizes that may be; 0 where no tap is live."""
        return min(min(q.tolist(), default=0) for q in self._columns)

    @cached_property
    def last_tap(self) -> int:
        """``q_max``, likewise; 0 where no tap is live."""
        return max(max(q.tolist(), default=0) for q in self._columns)

    @property
    def dilation(self) -> int:
        """Dilation of the expanded layer: that of an axis that is not cut into phases, else 1.

        Such an axis is its own expansion; with zeros written between its taps it would cost ``d``
        times as much.
        """
        w = self.window
        whole = self.factor_in == self.factor_out == w.base_dilation == 1
        return w.dilation if whole and isinstance(w.lo, int) else 1

    def slot(self, q: Index) -> Index:
        """The tap of the expanded kernel, counted from 0, that stands at these places ``q``."""
        return (q - self.first_tap) // self.dilation

    @property
    def span(self) -> int:
        """Places from the expanded kernel's first tap to its last, ``q_max - q_min + 1``."""
        return self.last_tap - self.first_tap + 1

    @property
    def kernel(self) -> int:
        """Taps of the expanded kernel, ``(q_max - q_min)/d' + 1``, ``d'`` its dilation."""
        return (self.last_tap - self.first_tap) // self.dilation + 1

    @cached_property
    def coarse_input(self) -> Extent:
        """Samples a phase of the input, ``ceil(N / E_in)``."""
        return -(-self.window.size // self.factor_in)

    @cached_property
    def coarse_output(self) -> Extent:
        """Samples a phase of the output, ``ceil(O / E_out)``."""
        return -(-self.window.output // self.factor_out)

    @property
    def lo(self) -> int:
        """Low pad of the expanded layer, ``-q_min``."""
        return -self.first_tap

    @cached_property
    def hi(self) -> Extent:
        """High pad, ``t*(ceil(O/E_out) - 1) + q_max - (ceil(N/E_in) - 1)``; negative crops."""
        return self.stride * (self.coarse_output - 1) + self.last_tap - (self.coarse_input - 1)

    @property
    def block(self) -> int:
        """Fine positions of one block, ``u * E_in``."""
        return self.window.base_dilation * self.factor_in

    @cached_property
    def first_block(self) -> int:
        """The first block that a tap touches, live or not."""
        return -max(self.lows) // self.block

    @cached_property
    def last_block(self) -> int:
        """The last block that a tap touches, live or not."""
        window = self.window
        last = window.stride * (self.factor_out - 1) + number(window.span) - 1 - min(self.lows)
        return last // self.block

    @property
    def fine_length(self) -> int:
        """Fine positions from the first block that any tap touches to the last.

        Where the dilation is kept only taps are counted.
        """
        if self.dilation > 1:
            return self.kernel
        return (self.last_block - self.first_block + 1) * self.block

    @cached_property
    def front(self) -> Extent:
        """Fine positions of the first block before the first tap: ``(-lo) mod (u*E_in)``.

        Where the low pad depends on a named size, they do.
        """
        return -self.window.lo - self.first_block * self.block

    @property
    def slots(self) -> int:
        """Slots of the expanded kernel, live or not, for one pair of channels."""
        return self.factor_out * self.factor_in * self.kernel

    @property
    def live_slots(self) -> int:
        """Slots that hold a parameter, for one pair of channels."""
        return len(self.taps[0])

    @property
    def window_on_phases(self) -> Window:
        """The expanded layer's window."""
        return Window(self.coarse_input, self.kernel, self.stride, self.lo, self.hi, self.dilation)


SMALL = 256
"""Taps times copies up to which an axis is kept, with what was worked out of it."""


def axis_expansion(window: Window, factor_in: int, factor_out: int, stride: int) -> AxisExpansion:
    """An axis by these factors; of windows that are small, the same object for the same numbers.

    Raises:
        FactorError: as `AxisExpansion`.
    """
    is_small = isinstance(window.kernel, int) and window.kernel * factor_out <= SMALL
    make = _kept if is_small else AxisExpansion
    return make(window, factor_in, factor_out, stride)


@cached(most=2048)
def _kept(window: Window, factor_in: int, factor_out: int, stride: int) -> AxisExpansion:
    return AxisExpansion(window, factor_in, factor_out, stride)
