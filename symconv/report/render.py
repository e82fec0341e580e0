"""Documents to LaTeX and to HTML: whatever is not marked as ours is escaped."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from symconv.report.document import Code, Document, Inline, Math, Prose
from symconv.report.drawing.scene import Scene
from symconv.report.drawing.svg import svg
from symconv.report.drawing.tikz import tikz
from symconv.report.escape import escape_html, escape_latex

_HAT = '<mo stretchy="false">&#x002C6;</mo>'
_TEXT_WIDTH, _TEXT_HEIGHT = 452.0, 620.0


class Ours(str):
    """Text in the target language, already safe."""

    __slots__ = ()


def to_html(document: Document) -> str:
    """The document as one HTML page that needs nothing else: MathML, inline SVG, its own style."""
    return _render("report.html", _HTML, document)


def to_latex(document: Document) -> str:
    """The document as LaTeX; it needs amsmath, booktabs, geometry, microtype and TikZ."""
    return _render("report.tex", _LATEX, document)


def _render(template: str, language: dict[str, Any], document: Document) -> str:
    import jinja2

    environment = jinja2.Environment(
        finalize=lambda value: _finalized(value, language["escape"]),
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (finalize escapes, in LaTeX too)
        **language["delimiters"],
    )
    environment.filters.update(language["filters"])
    source = (files("symconv.report") / "templates" / template).read_text(encoding="utf-8")
    return environment.from_string(source).render(document=document)


def _finalized(value: Any, escape: Callable[[str], str]) -> str:
    return value if isinstance(value, Ours) else escape(str(value))


@lru_cache(maxsize=4096)
def mathml(tex: str, display: str = "inline") -> str:
    """A formula as MathML."""
    from latex2mathml.converter import convert

    return str(convert(tex, display=display)).replace("<mo>&#x0005E;</mo>", _HAT)


def _html_inline(words: Prose) -> Ours:
    return Ours("".join(map(_html_part, words)))


def _html_part(part: Inline) -> str:
    if isinstance(part, Math):
        return mathml(part.tex)
    text = escape_html(part.text)
    return f"<code>{text}</code>" if isinstance(part, Code) else text


def _latex_inline(words: Prose) -> Ours:
    return Ours("".join(map(_latex_part, words)))


def _latex_part(part: Inline) -> str:
    if isinstance(part, Math):
        return f"${part.tex}$"
    text = escape_latex(part.text)
    return rf"\texttt{{{text}}}" if isinstance(part, Code) else text


def _latex_listing(text: str) -> Ours:
    lines = (_latex_line(line) for line in text.expandtabs(4).split("\n"))
    return Ours("\\\\\n".join(lines))


def _latex_line(line: str) -> str:
    """A line of code that keeps its indent, and breaks with a deeper one where it is too long."""
    body = line.lstrip(" ")
    indent = rf"\hspace*{{{0.5 * (len(line) - len(body)):g}em}}"
    return rf"\mbox{{}}{indent}{escape_latex(body)}"


def _column_spec(columns: str) -> Ours:
    prose = columns.count("p")
    share = {1: 0.5, 2: 0.36}.get(prose, 0.8 / max(prose, 1))
    wide = rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}"
    return Ours("".join(wide if column == "p" else column for column in columns))


def _latex_picture(scene: Scene) -> Ours:
    fit = min(_TEXT_WIDTH, scene.width * min(1.0, _TEXT_HEIGHT / scene.height))
    return Ours(tikz(scene, fit))


_LATEX: dict[str, Any] = {
    "escape": escape_latex,
    "delimiters": {
        "block_start_string": "<<%",
        "block_end_string": "%>>",
        "variable_start_string": "<<!",
        "variable_end_string": "!>>",
        "comment_start_string": "<<#",
        "comment_end_string": "#>>",
    },
    "filters": {
        "ours": Ours,
        "inline": _latex_inline,
        "display": Ours,
        "listing": _latex_listing,
        "spec": _column_spec,
        "picture": _latex_picture,
    },
}

_HTML: dict[str, Any] = {
    "escape": escape_html,
    "delimiters": {},
    "filters": {
        "ours": Ours,
        "inline": _html_inline,
        "display": lambda tex: Ours(mathml(tex, "block")),
        "picture": lambda scene: Ours(svg(scene, alone=False)),
    },
}
