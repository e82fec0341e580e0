"""One call that draws the parameter tying of an expansion into a file of any kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from symconv.errors import InputError
from symconv.expand import Expansion
from symconv.expand.sizes import require_expansion
from symconv.layer.lattice import refuse_matrix_stride
from symconv.machine.files import write_file
from symconv.report.drawing.bipartite import MOST_DRAWN, bipartite_scene
from symconv.report.drawing.graphs import graphml, node_link
from symconv.report.drawing.kernel import kernel_scene
from symconv.report.drawing.scene import Scene, Text, stacked, text_width, titled
from symconv.report.drawing.subject import Subject, subject_of
from symconv.report.drawing.svg import svg
from symconv.report.drawing.tikz import tikz_document
from symconv.report.tex import latex_to_pdf
from symconv.sharing.tying import Counts, Scope, counts, describe_scope, tie_graph

MOST_WHOLE = 2000
"""Most slots of a layer whose graph file holds every channel; beyond them it holds one pair."""


def draw(expansion: Expansion, path: str | Path, *, name: str = "") -> str:
    """Draw the parameter tying into ``path``, by its ending, and say what part of it is shown.

    ``.svg``, ``.pdf`` and ``.tex`` (TikZ) hold two pictures, the expanded kernel with one colour a
    parameter and the bipartite tie map; ``.graphml`` and ``.json`` (node-link) hold the graph of
    `symconv.tie_graph`.

    Raises:
        InputError: an ending of another kind; or ``.pdf`` on a machine without TeX.
        OSError: the file cannot be written.
    """
    require_expansion(expansion, "draw")
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(
            f"cannot draw {path.name!r}: its ending must be one of {', '.join(_WRITERS)}"
        )
    refuse_matrix_stride(expansion.original, "draw")
    content, shown = write(expansion, name)
    write_file(path, content)
    return shown


Written = tuple[str | bytes, str]


def render_scene(scene: Scene, suffix: str) -> str | bytes | None:
    """A scene as ``.svg``, ``.pdf`` or ``.tex``; None for another ending."""
    render = _RENDERERS.get(suffix)
    return None if render is None else render(scene)


_RENDERERS: dict[str, Callable[[Scene], str | bytes]] = {
    ".svg": svg,
    ".pdf": lambda scene: latex_to_pdf(tikz_document(scene)),
    ".tex": tikz_document,
}


def _picture(render: Callable[[Scene], str | bytes]) -> Callable[[Expansion, str], Written]:
    def write(expansion: Expansion, name: str) -> Written:
        return render(tying_scene(expansion, name)), subject_of(expansion).scope

    return write


def _graph(render: Callable[[object], str]) -> Callable[[Expansion, str], Written]:
    def write(expansion: Expansion, name: str) -> Written:
        scope: Scope = "layer" if counts(expansion).slots <= MOST_WHOLE else "pair"
        graph = tie_graph(expansion, scope)
        if name:
            graph.graph["layer"] = name
        return render(graph), describe_scope(expansion, scope)

    return write


_WRITERS: dict[str, Callable[[Expansion, str], Written]] = {
    **{suffix: _picture(render) for suffix, render in _RENDERERS.items()},
    ".graphml": _graph(graphml),
    ".json": _graph(node_link),
}


def tying_scene(expansion: Expansion, name: str = "") -> Scene:
    """Both pictures of the sharing under a heading, with the counts below."""
    subject = subject_of(expansion)
    parts = [titled("The expanded kernel, one colour a parameter", kernel_scene(subject))]
    if drawn_as_graph(subject):
        parts.append(titled("Parameters and the slots that hold them", bipartite_scene(subject)))
    foot = [f"Shown: {subject.scope}.", *_count_lines(counts(expansion))]
    heading = f"Parameter tying of {name}" if name else "Parameter tying"
    return stacked([_lines([heading], 13), *parts, _lines(foot, 8)], gap=28)


def drawn_as_graph(subject: Subject) -> bool:
    """Whether the bipartite picture has few enough slots to be read."""
    return len(subject.slots) <= MOST_DRAWN


def _lines(lines: list[str], size: float) -> Scene:
    width = max(text_width(line, size) for line in lines)
    items = [
        Text(width / 2, size * (0.8 + 1.6 * place), line, size) for place, line in enumerate(lines)
    ]
    return Scene(width, 1.6 * size * len(lines), tuple(items), "")


def _count_lines(c: Counts) -> list[str]:
    each = "one slot each" if c.copies == 1 else f"{c.copies} slots each"
    slots = f"{c.slots:,} slots, {c.zeros:,} of them structural zeros"
    return [f"The whole layer: {c.parameters:,} free parameters, {each}; {slots}."]
