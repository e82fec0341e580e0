"""Reports as LaTeX; it needs amsmath, booktabs, geometry, microtype and TikZ."""

from __future__ import annotations

from symconv.report.document import Code, Inline, Math, Prose
from symconv.report.drawing.scene import Scene
from symconv.report.drawing.tikz import tikz
from symconv.report.escape import escape_latex
from symconv.report.formats.base import Ours, Written

_TEXT_WIDTH, _TEXT_HEIGHT = 452.0, 620.0
"""Points of a page's text, beyond which a picture is made smaller."""


def _inline(words: Prose) -> Ours:
    return Ours("".join(map(_part, words)))


def _part(part: Inline) -> str:
    if isinstance(part, Math):
        return f"${part.tex}$"
    text = escape_latex(part.text)
    if not isinstance(part, Code):
        return text
    # Names of nodes are paths, wider than a column of a table.
    return rf"\texttt{{{text}}}".replace("/", r"/\allowbreak{}")


def _listing(text: str) -> Ours:
    lines = (_line(line) for line in text.expandtabs(4).split("\n"))
    return Ours("\\\\\n".join(lines))


def _line(line: str) -> str:
    """A line of code that keeps its indent, and breaks with a deeper one where it is too long."""
    body = line.lstrip(" ")
    indent = rf"\hspace*{{{0.5 * (len(line) - len(body)):g}em}}"
    return rf"\mbox{{}}{indent}{escape_latex(body)}"


def _column_spec(columns: str) -> Ours:
    prose = columns.count("p")
    share = {1: 0.5, 2: 0.36}.get(prose, 0.8 / max(prose, 1))
    wide = rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}"
    return Ours("".join(wide if column == "p" else column for column in columns))


def _picture(scene: Scene) -> Ours:
    fit = min(_TEXT_WIDTH, scene.width * min(1.0, _TEXT_HEIGHT / scene.height))
    return Ours(tikz(scene, fit))


LATEX = Written(
    suffix=".tex",
    template="report.tex",
    escape=escape_latex,
    filters={
        "ours": Ours,
        "inline": _inline,
        "display": Ours,
        "listing": _listing,
        "spec": _column_spec,
        "picture": _picture,
    },
    delimiters={
        "block_start_string": "<<%",
        "block_end_string": "%>>",
        "variable_start_string": "<<!",
        "variable_end_string": "!>>",
        "comment_start_string": "<<#",
        "comment_end_string": "#>>",
    },
)

FORMAT = LATEX
