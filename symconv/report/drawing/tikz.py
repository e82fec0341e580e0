"""Scenes as TikZ pictures, alone in a document or inside one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from symconv.report.drawing.scene import FAINT, INK, Item, Line, Rect, Scene, Text
from symconv.report.escape import escape_latex

_ANCHOR = {"start": "west", "middle": "center", "end": "east"}
_MARGIN = 16

DOCUMENT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern,textcomp,amsmath,tikz}
\usepackage[paperwidth=%(width)spt,paperheight=%(height)spt,margin=%(margin)spt]{geometry}
\pagestyle{empty}
\parindent=0pt \parskip=0pt \topskip=0pt
\ifdefined\pdfsuppressptexinfo\pdfsuppressptexinfo=-1 \fi
\ifdefined\pdftrailerid\pdftrailerid{}\fi
\begin{document}\noindent
%(picture)s\end{document}
"""


def tikz_document(scene: Scene) -> str:
    """A LaTeX document whose only page is the scene; it needs amsmath, geometry and TikZ."""
    size = {
        "width": _n(scene.width + 2 * _MARGIN),
        "height": _n(scene.height + 2 * _MARGIN + 2),
        "margin": str(_MARGIN),
    }
    return DOCUMENT % {**size, "picture": tikz(scene)}


def tikz(scene: Scene, most_width: float | None = None) -> str:
    """The scene as a ``tikzpicture``, made smaller where it is wider than ``most_width`` points."""
    scale = 1.0 if most_width is None else min(1.0, most_width / scene.width)
    box = rf"\path[use as bounding box] (0,0) rectangle ({_n(scene.width)},{_n(-scene.height)});"
    lines = [
        rf"\begin{{tikzpicture}}[x={scale:.5f}pt,y={scale:.5f}pt]",
        *_definitions(scene),
        box,
        *(_item(item, scale) for item in scene.items),
        r"\end{tikzpicture}%",
    ]
    return "\n".join(lines) + "\n"


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _definitions(scene: Scene) -> Iterator[str]:
    used = {color for item in scene.items for color in _colors(item) if color.startswith("#")}
    for color in sorted(used):
        yield rf"\definecolor{{{_name(color)}}}{{HTML}}{{{color[1:].upper()}}}%"


def _colors(item: Item) -> list[str]:
    if isinstance(item, Rect):
        return [color for color in (item.fill, item.stroke) if color]
    return [item.stroke if isinstance(item, Line) else item.color]


def _name(color: str) -> str:
    return {INK: "black", FAINT: "black!30"}.get(color, f"c{color[1:]}")


@singledispatch
def _item(item: Item, scale: float) -> str:
    raise TypeError(f"a scene holds rectangles, lines and texts, got {item!r}")


def _at(x: float, y: float) -> str:
    return f"({_n(x)},{_n(-y)})"


@_item.register
def _(item: Rect, scale: float) -> str:
    options = [f"fill={_name(item.fill)}"] if item.fill else []
    if item.stroke:
        options += [f"draw={_name(item.stroke)}", f"line width={_n(item.thickness * scale)}pt"]
    corner = _at(item.x + item.width, item.y + item.height)
    return rf"\path[{','.join(options)}] {_at(item.x, item.y)} rectangle {corner};"


@_item.register
def _(item: Line, scale: float) -> str:
    a, b, c, d = item.controls()
    curve = "--" if item.bend == "none" else f".. controls {_at(a, b)} and {_at(c, d)} .."
    options = f"draw={_name(item.stroke)},line width={_n(item.thickness * scale)}pt"
    return rf"\path[{options}] {_at(item.x1, item.y1)} {curve} {_at(item.x2, item.y2)};"


@_item.register
def _(item: Text, scale: float) -> str:
    size = item.size * scale
    font = rf"\fontsize{{{_n(size)}}}{{{_n(1.2 * size)}}}\selectfont"
    font += r"\bfseries" if item.bold else r"\sffamily"
    options = f"inner sep=0,anchor={_ANCHOR[item.anchor]},text={_name(item.color)},font={font}"
    text = escape_latex(item.text) if item.tex is None else item.tex
    return rf"\node[{options}] at {_at(item.x, item.y)} {{{text}}};"
