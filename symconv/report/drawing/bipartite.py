"""The tie map as a bipartite picture: parameters on the left, slots on the right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from symconv.report.drawing.cells import Cells, Ints, phase_label
from symconv.report.drawing.scene import FAINT, Item, Line, Scene, Text, fitted
from symconv.report.drawing.subject import Subject
from symconv.sharing.tying import Slot

_CELL = 12.0
_PITCH = 14.0
_BLOCK_GAP = 10.0
_SPREAD = 230.0
MOST_DRAWN = 160
"""Most slots of a bipartite picture; beyond them only the kernel is drawn."""


def bipartite_scene(subject: Subject) -> Scene:
    """One curve a live slot, from its parameter, in the parameter's colour."""
    cells = Cells(subject.kernel, _CELL)
    places = dict(_slot_places(subject))
    height = max(y for _, y in places.values()) + _CELL
    parameters = dict(_parameter_places(subject, height))
    items: list[Item] = [*_curves(subject, cells, parameters, places)]
    for parameter, y in parameters.items():
        items.extend(cells.draw(0, y, parameter))
    for slot, (_, y) in places.items():
        items.extend(cells.draw(_SPREAD, y, slot.parameter))
        shift = tuple(j - axis.lo for j, axis in zip(slot.tap, subject.axes, strict=True))
        items.append(_plain_math(_SPREAD + 1.6 * _CELL, y + _CELL / 2, phase_label("q", shift), 6))
    items.extend(_headings(subject, places))
    words = f"Each parameter and the slots that hold it ({subject.scope})."
    return fitted(items, words)


def _slot_places(subject: Subject) -> Iterator[tuple[Slot, tuple[tuple[Ints, Ints], float]]]:
    y, block = -_BLOCK_GAP, None
    for slot in subject.slots:
        here = (slot.output_phase, slot.input_phase)
        y += 0 if here == block else _BLOCK_GAP
        block = here
        yield slot, (here, y)
        y += _PITCH


def _parameter_places(subject: Subject, height: float) -> Iterator[tuple[Ints, float]]:
    taps = list(product(*map(range, subject.kernel)))
    pitch = max(_PITCH, (height - _CELL) / max(len(taps) - 1, 1))
    pitch = min(pitch, 3 * _PITCH)
    first = max(0.0, (height - _CELL - pitch * (len(taps) - 1)) / 2)
    yield from ((tap, first + number * pitch) for number, tap in enumerate(taps))


def _curves(
    subject: Subject,
    cells: Cells,
    parameters: dict[Ints, float],
    places: dict[Slot, tuple[tuple[Ints, Ints], float]],
) -> Iterator[Item]:
    for slot, (_, y) in places.items():
        if slot.parameter is not None:
            start, end = parameters[slot.parameter] + _CELL / 2, y + _CELL / 2
            color = cells.color(slot.parameter)
            yield Line(_CELL + 2, start, _SPREAD - 2, end, color, 1.3, "across")


def _headings(
    subject: Subject, places: dict[Slot, tuple[tuple[Ints, Ints], float]]
) -> Iterator[Item]:
    yield Text(_CELL, -16, "parameters", 8, "end", bold=True)
    yield Text(_SPREAD, -16, "slots", 8, "start", bold=True)
    blocks: dict[tuple[Ints, Ints], list[float]] = {}
    for block, y in places.values():
        blocks.setdefault(block, []).append(y)
    for (output, source), ys in blocks.items():
        low, high = min(ys), max(ys) + _CELL
        x = _SPREAD + 1.6 * _CELL + 22 + 8 * len(subject.axes)
        words = f"{phase_label('p', output)}, {phase_label('r', source)}"
        yield Line(x, low + 1, x, high - 1, FAINT, 1.2)
        yield _plain_math(x + 6, (low + high) / 2, words, 7)


def _plain_math(x: float, y: float, words: str, size: float) -> Text:
    return Text(x, y, words.replace("-", "\N{MINUS SIGN}"), size, "start", tex=f"${words}$")
