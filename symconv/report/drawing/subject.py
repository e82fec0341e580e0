"""What a picture of the sharing shows: every axis of one pair of channels, or one axis alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from symconv.expand import AxisExpansion, Expansion
from symconv.sharing.tying import Ints, Slot, describe_scope, slots_of

MOST_PARAMETERS = 150
MOST_SLOTS = 400
MOST_SHOWN = 3000


@dataclass(frozen=True, slots=True)
class Subject:
    """Some axes of an expansion, their slots, and the words that say which they are."""

    axes: tuple[AxisExpansion, ...]
    slots: tuple[Slot, ...]
    scope: str

    @property
    def kernel(self) -> Ints:
        """Taps of the strided kernel, per axis."""
        return tuple(axis.window.kernel for axis in self.axes)

    @property
    def factors(self) -> tuple[Ints, Ints]:
        """``(E_out, E_in)``, per axis."""
        outs, ins = zip(*((axis.factor_out, axis.factor_in) for axis in self.axes), strict=True)
        return outs, ins

    @property
    def taps(self) -> Ints:
        """Taps of the expanded kernel, per axis."""
        return tuple(axis.kernel for axis in self.axes)


def subject_of(expansion: Expansion, most_slots: int = MOST_SLOTS) -> Subject:
    """All axes of one pair of channels where they can be told apart, else the smallest axis.

    A kernel of several axes is the product of its axes, so one axis shows the rule.
    """
    pair = describe_scope(expansion, "pair")
    if _fits(expansion.axes, most_slots):
        return Subject(expansion.axes, slots_of(expansion.axes), pair)
    number = min(range(len(expansion.axes)), key=lambda a: _interest(expansion.axes[a]))
    axis = (expansion.axes[number],)
    count = len(expansion.axes)
    words = "its only axis" if count == 1 else f"axis {number}, one of {count}"
    slots = slots_of(axis)
    cut = f"; the first {MOST_SHOWN} of {len(slots)} slots" if len(slots) > MOST_SHOWN else ""
    return Subject(axis, slots[:MOST_SHOWN], f"{words}{cut}; {pair}")


def _fits(axes: Sequence[AxisExpansion], most_slots: int) -> bool:
    slots = prod(axis.slots for axis in axes)
    return prod(axis.window.kernel for axis in axes) <= MOST_PARAMETERS and slots <= most_slots


def _interest(axis: AxisExpansion) -> tuple[bool, int]:
    """Axes that change come first, and among them the smallest."""
    return axis.factor_in * axis.factor_out == 1, axis.slots
