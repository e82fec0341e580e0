"""Reports as one HTML page that needs nothing else: MathML, inline SVG, its own style."""

from __future__ import annotations

from functools import lru_cache

from symconv.report.document import Code, Inline, Math, Prose
from symconv.report.drawing.svg import svg
from symconv.report.escape import escape_html
from symconv.report.formats.base import Ours, Written

_HAT = '<mo stretchy="false">&#x002C6;</mo>'


@lru_cache(maxsize=4096)
def mathml(tex: str, display: str = "inline") -> str:
    """A formula as MathML."""
    from latex2mathml.converter import convert

    return str(convert(tex, display=display)).replace("<mo>&#x0005E;</mo>", _HAT)


def _inline(words: Prose) -> Ours:
    return Ours("".join(map(_part, words)))


def _part(part: Inline) -> str:
    if isinstance(part, Math):
        return mathml(part.tex)
    text = escape_html(part.text)
    return f"<code>{text}</code>" if isinstance(part, Code) else text


HTML = Written(
    suffix=".html",
    template="report.html",
    escape=escape_html,
    filters={
        "ours": Ours,
        "inline": _inline,
        "display": lambda tex: Ours(mathml(tex, "block")),
        "picture": lambda scene: Ours(svg(scene, alone=False)),
    },
    delimiters={},
)

FORMAT = HTML
