"""A chain as a picture: layers from top to bottom, and arcs from strides to what they multiply."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from symconv.claim import steps as st
from symconv.errors import InputError
from symconv.machine.files import write_file
from symconv.network import NetworkExpansion
from symconv.report.drawing.files import render_scene
from symconv.report.drawing.graphs import graphml, node_link
from symconv.report.drawing.palette import color_of
from symconv.report.drawing.scene import FAINT, INK, Item, Line, Rect, Scene, Text, fitted
from symconv.sharing.copies import copies, network_graph

_WIDTH, _HEIGHT, _GAP, _LANE = 190.0, 26.0, 14.0, 13.0
MOST_ARCS = 60
"""Most arcs of a picture; beyond them only those of the nearest strides are drawn."""


def draw_network(expansion: NetworkExpansion, path: str | Path) -> str:
    """Draw a chain into ``path``, by its ending, and say what is shown.

    Raises:
        InputError: an ending of another kind; or ``.pdf`` on a machine without TeX.
        OSError: the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    shown = "the chain; arcs lead from strided layers to the layers whose parameters they copy"
    if suffix in (".graphml", ".json"):
        graph = network_graph(expansion)
        content: str | bytes = graphml(graph) if suffix == ".graphml" else node_link(graph)
    else:
        rendered = render_scene(network_scene(expansion), suffix)
        if rendered is None:
            raise InputError(
                f"cannot draw {path.name!r}: its ending must be one of .svg, .pdf, .tex, .graphml, "
                ".json"
            )
        content = rendered
    write_file(path, content)
    return shown


def network_scene(expansion: NetworkExpansion) -> Scene:
    """Boxes of layers with their factors, and one coloured arc a cause."""
    items: list[Item] = []
    rows = {place: row * (_HEIGHT + _GAP) for row, place in enumerate(expansion.expansions)}
    counted = dict(zip(expansion.expansions, copies(expansion), strict=True))
    for place, y in rows.items():
        items += _box(expansion, place, y, counted[place].count)
    items += _signals(expansion, rows)
    items += _arcs(expansion, rows)
    words = f"The chain {expansion.network.name}: its layers, phase factors and copies."
    return fitted(items, words)


def _box(expansion: NetworkExpansion, place: int, y: float, count: int) -> Iterator[Item]:
    node, e = expansion.network.nodes[place], expansion.expansions[place]
    stride = "x".join(str(axis.window.stride) for axis in e.axes)
    kernel = "x".join(str(axis.window.kernel) for axis in e.axes)
    yield Rect(0, y, _WIDTH, _HEIGHT, None, INK, 0.8)
    words = f"{e.original.op} k{kernel} s{stride}"
    yield Text(6, y + 8, _short(node.name), 8, "start", bold=True)
    yield Text(6, y + 19, words, 7, "start")
    many = "1 copy" if count == 1 else f"{count} copies"
    yield Text(
        _WIDTH - 6, y + 13, f"{many}{', mask' if place in expansion.masks else ''}", 7, "end"
    )


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"


def _signals(expansion: NetworkExpansion, rows: dict[int, float]) -> Iterator[Item]:
    places = list(rows)
    for place, following in pairwise(places):
        y = rows[place] + _HEIGHT
        factor = "x".join(map(str, expansion.network.factors[place]))
        between = [
            node.operation.function
            for node in expansion.network.nodes[place + 1 : following]
            if isinstance(node.operation, st.Pointwise)
        ]
        yield Line(_WIDTH / 2, y, _WIDTH / 2, rows[following], FAINT, 1.2)
        words = f"E = {factor}{', ' + ', '.join(between) if between else ''}"
        yield Text(_WIDTH / 2 + 5, y + _GAP / 2, words, 6.5, "start")


def _arcs(expansion: NetworkExpansion, rows: dict[int, float]) -> Iterator[Item]:
    graph = network_graph(expansion)
    arcs = [
        (a, b, data["stride"]) for a, b, data in graph.edges(data=True) if data["kind"] == "copies"
    ]
    arcs = sorted(arcs, key=lambda arc: arc[0] - arc[1])[:MOST_ARCS]
    causes = sorted({a for a, _, _ in arcs})
    for lane, cause in enumerate(causes):
        x, color = _WIDTH + 10 + lane * _LANE, color_of(lane, len(causes))
        y, top = rows[cause] + 6, min(rows[b] for a, b, _ in arcs if a == cause) + _HEIGHT - 6
        yield Line(_WIDTH, y, x, y, color, 1.2)
        yield Line(x, y, x, top, color, 1.2)
        stride = next(s for a, _, s in arcs if a == cause)
        yield Text(x + 2, y + 7, f"x{stride}", 6.5, "start", color)
        for a, b, _ in arcs:
            if a == cause:
                yield Line(_WIDTH, rows[b] + _HEIGHT - 6, x, rows[b] + _HEIGHT - 6, color, 0.8)
