"""Squares that hold a parameter or a structural zero, the same in every picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from symconv.report.drawing.palette import color_of, ink_on
from symconv.report.drawing.scene import FAINT, Item, Rect, Text

Ints = tuple[int, ...]

LEAST_LABEL = 3.5
"""Letters smaller than this many points are left out."""


def label(index: Sequence[int]) -> str:
    """An index as people write it: ``3``, or ``3,5``."""
    return ",".join(map(str, index))


def phase_label(name: str, phase: Ints) -> str:
    """A phase with its name: ``r = 1``, or ``r = (0,1)``."""
    return f"{name} = {label(phase)}" if len(phase) == 1 else f"{name} = ({label(phase)})"


def flat(index: Ints, sizes: Ints) -> int:
    """An index as one number, in C order."""
    number = 0
    for digit, size in zip(index, sizes, strict=True):
        number = number * size + digit
    return number


@dataclass(frozen=True, slots=True)
class Cells:
    """Draws the cells of one kernel: its taps per axis fix the colours, and the labels' size."""

    kernel: Ints
    size: float
    labelled: bool = True

    def color(self, parameter: Ints) -> str:
        """The parameter's colour."""
        return color_of(flat(parameter, self.kernel), prod(self.kernel))

    @property
    def label_size(self) -> float:
        """Points of a label that fits in a cell."""
        longest = len(label([size - 1 for size in self.kernel]))
        return min(0.5 * self.size, 1.5 * self.size / max(longest, 2))

    def draw(self, x: float, y: float, parameter: Ints | None) -> Iterator[Item]:
        """One cell with its top left corner at ``(x, y)``."""
        if parameter is None:
            yield Rect(x, y, self.size, self.size, None, FAINT, 0.5)
            return
        color, size = self.color(parameter), self.label_size
        yield Rect(x, y, self.size, self.size, color, FAINT, 0.5)
        if self.labelled and size >= LEAST_LABEL:
            middle = self.size / 2
            yield Text(x + middle, y + middle, label(parameter), size, color=ink_on(color))
