"""The expanded kernel as a picture: one colour a parameter, a row for each output phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

from symconv.report.drawing.cells import Cells, Ints, phase_label
from symconv.report.drawing.scene import Item, Scene, Text, fitted, text_width
from symconv.report.drawing.subject import Subject
from symconv.sharing.tying import Slot

_GAP = 10.0
_LABEL = 7.0
_WIDTH = 660.0
_LEAST_CELL, _MOST_CELL = 12.0, 22.0


def kernel_scene(subject: Subject) -> Scene:
    """Every slot of the expanded kernel, in blocks of taps, one block per pair of phases."""
    layout = _Layout(subject)
    items = [*layout.headings()]
    for slot in subject.slots:
        items.extend(layout.slot(slot))
    return fitted(items, f"The expanded kernel, one colour a parameter ({subject.scope}).")


@dataclass(frozen=True, slots=True)
class _Grid:
    """Which block of a picture stands in which row and column, and the headings of both."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    place: Callable[[Slot], tuple[int, int]]


def _grid(subject: Subject) -> _Grid:
    """Output phases down and input phases across; phases of two axes as a square if it is free."""
    outs, ins = subject.factors
    if len(outs) == 2 and prod(outs) == 1 < prod(ins):
        return _square("r", ins, lambda slot: slot.input_phase)
    if len(outs) == 2 and prod(ins) == 1 < prod(outs):
        return _square("p", outs, lambda slot: slot.output_phase)
    rows = sorted({slot.output_phase for slot in subject.slots})
    columns = sorted({slot.input_phase for slot in subject.slots})
    row_of, column_of = ({phase: n for n, phase in enumerate(line)} for line in (rows, columns))
    return _Grid(
        tuple(phase_label("p", phase) for phase in rows),
        tuple(phase_label("r", phase) for phase in columns),
        lambda slot: (row_of[slot.output_phase], column_of[slot.input_phase]),
    )


def _square(stem: str, factors: Ints, phase_of: Callable[[Slot], Ints]) -> _Grid:
    rows, columns = (
        tuple(f"{stem}_{axis} = {phase}" for phase in range(factors[axis])) for axis in (0, 1)
    )
    return _Grid(rows, columns, lambda slot: (phase_of(slot)[0], phase_of(slot)[1]))


class _Layout:
    """Where each slot stands; columns that do not fit side by side go on in a band below."""

    def __init__(self, subject: Subject) -> None:
        self.taps = subject.taps
        self.grid = _grid(subject)
        across, down = self._block_cells()
        size = max(_LEAST_CELL, min(_MOST_CELL, _WIDTH / (len(self.grid.columns) * (across + 1))))
        self.cells = Cells(subject.kernel, size)
        self.across, self.down = across * size, down * size
        heading = max(text_width(name, _LABEL) for name in self.grid.columns)
        self.pitch = max(self.across, heading) + _GAP
        self.per_band = max(1, min(len(self.grid.columns), int(_WIDTH / self.pitch)))
        self.band_height = len(self.grid.rows) * (self.down + _GAP) + 2.5 * _LABEL

    def _block_cells(self) -> tuple[int, int]:
        """Cells of a block: the last axis across, the one before down, slices side by side."""
        down = self.taps[-2] if len(self.taps) > 1 else 1
        slices = prod(self.taps[:-2])
        return slices * self.taps[-1] + slices - 1, down

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Top left corner of a block."""
        band, column = divmod(column, self.per_band)
        return column * self.pitch, band * self.band_height + row * (self.down + _GAP)

    def headings(self) -> Iterator[Item]:
        """Names above every column, and in front of every row of every band."""
        for column, name in enumerate(self.grid.columns):
            x, y = self.corner(0, column)
            yield Text(x + self.across / 2, y - _LABEL, _typeset(name), _LABEL, tex=f"${name}$")
        for column in range(0, len(self.grid.columns), self.per_band):
            for row, name in enumerate(self.grid.rows):
                x, y = self.corner(row, column)
                y += self.down / 2
                yield Text(x - _LABEL, y, _typeset(name), _LABEL, "end", tex=f"${name}$")

    def slot(self, slot: Slot) -> Iterator[Item]:
        """The slot's cell."""
        *outer, last = slot.tap
        down = outer.pop() if outer else 0
        slices = 0
        for digit, size in zip(outer, self.taps, strict=False):
            slices = slices * size + digit
        x, y = self.corner(*self.grid.place(slot))
        across = slices * (self.taps[-1] + 1) + last
        yield from self.cells.draw(
            x + across * self.cells.size, y + down * self.cells.size, slot.parameter
        )


def _typeset(name: str) -> str:
    return name.replace("_0", "₀").replace("_1", "₁")
