"""A model as a picture: a box a node, coloured by what becomes of it, factors on what joins them.

Boxes stand under each other in columns.  What joins neighbours is a line; a wire to a later row
runs in a lane at the right; one to another column ends in the name of its other end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from symconv.errors import InputError
from symconv.machine.files import write_file
from symconv.network.results import ModelProof, factors_in_space
from symconv.report.drawing.boxes import Box, Boxes, Wire
from symconv.report.drawing.files import render_scene
from symconv.report.drawing.graphs import graphml, node_link
from symconv.report.drawing.palette import color_of
from symconv.report.drawing.scene import (
    FAINT,
    INK,
    Item,
    Line,
    Rect,
    Scene,
    Text,
    bounds,
    fitted,
    stacked,
    text_width,
    titled,
)
from symconv.sharing.graph import border_words, model_graph

_WIDTH, _HEIGHT, _GAP, _LANE, _MARGIN = 188.0, 26.0, 18.0, 11.0, 34.0
ROWS = 36
"""Most boxes in a column: as many as are read on a page."""

FILLS = {
    "converted": "#bfe0f5",
    "carried": "#cfeedd",
    "untouched": "#eceff1",
    "left strided": "#f6cf8b",
}
DARK, MASK = "#111111", "#b4471f"
LANES = 8
"""Colours of lanes, so that neighbours are told apart."""

SUFFIXES = (".svg", ".pdf", ".tex", ".graphml", ".json")


def draw_model(proof: ModelProof, path: str | Path) -> str:
    """Draw a proved model into ``path``, by its ending, and say what is shown.

    Raises:
        InputError: an ending of another kind; or ``.pdf`` on a machine without TeX.
        OSError: the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"cannot draw {path.name!r}: its ending must be {', '.join(SUFFIXES)}")
    if suffix in (".graphml", ".json"):
        graph = model_graph(proof)
        write_file(path, graphml(graph) if suffix == ".graphml" else node_link(graph))
        return "the model's nodes, the tensors between them, and the strides that make layers share"
    content = render_scene(model_scene(proof), suffix)
    if content is None:
        raise InputError(f"cannot draw {path.name!r}: its ending must be {', '.join(SUFFIXES)}")
    write_file(path, content)
    return "the model's nodes by what becomes of them; runs of carried or untouched ones in one box"


def model_scene(proof: ModelProof) -> Scene:
    """The graphs of a model under each other, and a legend.

    Raises:
        InputError: there is no graph to draw, as the proof did not come to an end.
    """
    if not proof.graphs:
        raise InputError(f"there is nothing to draw: {proof.verdict.told().get('reason')}")
    parts = [_legend(), *(_graph_scene(Boxes(graph), graph.name) for graph in proof.graphs)]
    return stacked(parts)


def _legend() -> Scene:
    items: list[Item] = []
    x = 0.0
    for status, fill in FILLS.items():
        items += [Rect(x, 0, 12, 10, fill, INK, 0.6), Text(x + 16, 5, status, 7.5, "start")]
        x += 30 + text_width(status, 7.5)
    items += [Rect(x, 0, 12, 10, None, INK, 1.8), Text(x + 16, 5, "takes a stride", 7.5, "start")]
    x += 30 + text_width("takes a stride", 7.5)
    items += [*_mask(x, 5), Text(x + 28, 5, "a mask in front", 7.5, "start")]
    x += 42 + text_width("a mask in front", 7.5)
    items += [Line(x, 5, x + 12, 5, MASK, 2.6), Text(x + 16, 5, "a border", 7.5, "start")]
    return fitted(items, "What the colours mean.")


def _mask(x: float, y: float) -> Iterator[Item]:
    yield Rect(x, y - 4.5, 24, 9, MASK)
    yield Text(x + 12, y, "mask", 6.5, color="#ffffff", bold=True)


def _graph_scene(boxes: Boxes, name: str) -> Scene:
    order = boxes.order
    items: list[Item] = []
    x = 0.0
    for start in range(0, len(order), ROWS):
        column = Column(boxes, tuple(order[start : start + ROWS]))
        drawn = [item.moved(x, 0) for item in column.items()]
        items += drawn
        x = bounds(drawn)[2] + _MARGIN
    return titled(short(name, 80), fitted(items, f"The nodes of {name}, and their phases."), 11)


def short(text: str, most: int) -> str:
    """A name shortened in its front, as names of nodes differ at their ends."""
    return text if len(text) <= most else f"…{text[1 - most :]}"


@dataclass(frozen=True)
class Column:
    """Boxes under each other, and the wires that begin or end at them."""

    of: Boxes
    places: tuple[int, ...]

    @cached_property
    def row(self) -> dict[int, int]:
        """The row of each box."""
        return {place: row for row, place in enumerate(self.places)}

    def items(self) -> Iterator[Item]:
        """What is drawn, from back to front."""
        yield from self._straight()
        yield from self._lanes()
        yield from self._elsewhere()
        for place in self.places:
            yield from _box(self.of.boxes[place], _top(self.row[place]))

    def _straight(self) -> Iterator[Item]:
        for wire in self.of.wires:
            if self._is_straight(wire):
                y = _top(self.row[wire.source]) + _HEIGHT
                yield Line(_WIDTH / 2, y, _WIDTH / 2, y + _GAP, INK, 0.9)
                yield Text(_WIDTH / 2 + 7, y + _GAP / 2, _label(wire), 6.5, "start")
                if wire.made != wire.read:
                    yield Line(_WIDTH / 2 - 9, y + 9, _WIDTH / 2 + 5, y + 9, MASK, 2.6)

    def _is_straight(self, wire: Wire) -> bool:
        here = self.row
        if wire.source not in here or wire.target not in here:
            return False
        return here[wire.target] == here[wire.source] + 1

    @cached_property
    def _arcs(self) -> dict[tuple[int, str], list[Wire]]:
        """The wires to later rows, by the tensor."""
        found: dict[tuple[int, str], list[Wire]] = {}
        for wire in self.of.wires:
            inside = wire.source in self.row and wire.target in self.row
            if inside and not self._is_straight(wire):
                found.setdefault((wire.source, wire.tensor), []).append(wire)
        return found

    def _lanes(self) -> Iterator[Item]:
        free: list[int] = []
        """The last row that each lane is taken to."""
        for wires in self._arcs.values():
            start = self.row[wires[0].source]
            end = max(self.row[wire.target] for wire in wires)
            lane = next((n for n, taken in enumerate(free) if taken <= start), len(free))
            free[lane : lane + 1] = [end]
            yield from self._arc(wires, lane, start, end)

    def _arc(self, wires: list[Wire], lane: int, start: int, end: int) -> Iterator[Item]:
        x, color = _WIDTH + 22 + lane * _LANE, color_of(lane % LANES, LANES)
        color = {"#f0e442": "#b3a300"}.get(color, color)
        top, bottom = _top(start) + _HEIGHT - 6, _top(end) + 6
        yield Line(_WIDTH, top, x, top, color, 1.1)
        yield Line(x, top, x, bottom, color, 1.1)
        for wire in wires:
            y = _top(self.row[wire.target]) + 6
            yield Line(_WIDTH, y, x, y, color, 1.1)
            if wire.made != wire.read:
                yield Line(_WIDTH + 10, y - 5, _WIDTH + 10, y + 5, MASK, 2.6)
                yield Text(_WIDTH, y - 10, _label(wire), 6, "end")
        if wires[0].made and max(wires[0].made) > 1:
            yield Text(_WIDTH + 3, top - 5, factors_in_space(wires[0].made), 6, "start", color)

    def _elsewhere(self) -> Iterator[Item]:
        """The ends of wires from and to other columns."""
        into: dict[int, list[Wire]] = {}
        out: dict[int, list[Wire]] = {}
        for wire in self.of.wires:
            if wire.target in self.row and wire.source not in self.row:
                into.setdefault(wire.target, []).append(wire)
            if wire.source in self.row and wire.target not in self.row:
                out.setdefault(wire.source, []).append(wire)
        for place, wires in into.items():
            names = [f"{self._name(wire.source)} {_label(wire)}".strip() for wire in wires]
            yield from _stub(_top(self.row[place]), f"from {_listed(names)}")
            if any(wire.made != wire.read for wire in wires):
                y = _top(self.row[place]) - 5
                yield Line(_WIDTH / 4 - 7, y, _WIDTH / 4 + 7, y, MASK, 2.6)
        for place, wires in out.items():
            names = [self._name(wire.target) for wire in wires]
            y = _top(self.row[place]) + _HEIGHT
            yield from _stub(y + 8, f"to {_listed([*dict.fromkeys(names)])}")

    def _name(self, place: int) -> str:
        return short(self.of.boxes[place].name, 20)


def _listed(names: list[str]) -> str:
    more = f", +{len(names) - 1}" if len(names) > 1 else ""
    return names[0] + more


def _top(row: int) -> float:
    return row * (_HEIGHT + _GAP)


def _stub(y: float, words: str) -> Iterator[Item]:
    """A short line that ends above ``y``, and what its other end is."""
    yield Line(_WIDTH / 4, y - 8, _WIDTH / 4, y, INK, 0.9)
    yield Text(_WIDTH / 4 + 8, y - 4, words, 6, "start")


def _label(wire: Wire) -> str:
    """The factors on a wire; at a border those on both sides, and what happens there."""
    made, read = factors_in_space(wire.made), factors_in_space(wire.read)
    if wire.made != wire.read:
        return f"{border_words((wire.made, wire.read))} {made} to {read}"
    return "" if max(wire.made, default=1) == 1 else made


def _box(box: Box, y: float) -> Iterator[Item]:
    if not box.nodes:
        yield Rect(0, y, _WIDTH, _HEIGHT, None, FAINT, 0.8)
        name = box.status if box.name == box.status else f"{box.status} {short(box.name, 24)}"
        yield Text(6, y + _HEIGHT / 2, name, 7.5, "start")
        yield Text(_WIDTH - 6, y + _HEIGHT / 2, short(box.shape, 22), 6.5, "end")
        return
    yield Rect(0, y, _WIDTH, _HEIGHT, FILLS[box.status], INK, 1.8 if box.is_strided else 0.6)
    yield Text(6, y + 8, short(_title(box), 34), 7.5, "start", DARK, bold=True)
    yield Text(6, y + 19, _cut(box.words, 30 - len(box.shape) // 2), 6.5, "start", DARK)
    yield Text(_WIDTH - 6, y + 19, short(box.shape, 22), 6.5, "end", DARK)
    if box.is_masked:
        yield from _mask(_WIDTH / 2 - 38, y)


def _title(box: Box) -> str:
    return box.name if len(box.nodes) == 1 else f"{box.name}, +{len(box.nodes) - 1}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
