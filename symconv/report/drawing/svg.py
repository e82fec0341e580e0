"""Scenes as SVG, alone in a file or inside a page whose colours they follow."""

from __future__ import annotations

from functools import singledispatch

from symconv.report.drawing.scene import FAINT, INK, Item, Line, Rect, Scene, Text
from symconv.report.escape import escape_html

_COLORS = {INK: "currentColor", FAINT: "currentColor"}
_MARGIN = 16
_PIXELS = 1.4


def svg(scene: Scene, *, alone: bool = True) -> str:
    """The scene as an ``<svg>`` element; ``alone`` gives it a margin and a white ground."""
    margin = _MARGIN if alone else 0
    width, height = scene.width + 2 * margin, scene.height + 2 * margin
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(_PIXELS * width)}" '
        f'height="{_n(_PIXELS * height)}" '
        f'viewBox="{_n(-margin)} {_n(-margin)} {_n(width)} {_n(height)}" role="img" '
        f'font-family="Helvetica, Arial, sans-serif" color="{"#1f2328" if alone else "inherit"}">'
    )
    ground = (
        f'<rect x="{-margin}" y="{-margin}" width="{_n(width)}" height="{_n(height)}" fill="#fff"/>'
    )
    body = [_item(item) for item in scene.items]
    title = f"<title>{escape_html(scene.description)}</title>"
    return "\n".join([head, title, *([ground] if alone else []), *body, "</svg>\n"])


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _paint(name: str, color: str | None) -> str:
    faint = f' {name}-opacity="0.4"' if color == FAINT else ""
    return f'{name}="{_COLORS.get(color or "", color) or "none"}"{faint}'


@singledispatch
def _item(item: Item) -> str:
    raise TypeError(f"a scene holds rectangles, lines and texts, got {item!r}")


@_item.register
def _(item: Rect) -> str:
    place = f'x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" height="{_n(item.height)}"'
    stroke = f' {_paint("stroke", item.stroke)} stroke-width="{_n(item.thickness)}"'
    return f"<rect {place} {_paint('fill', item.fill)}{stroke if item.stroke else ''}/>"


@_item.register
def _(item: Line) -> str:
    a, b, c, d = map(_n, item.controls())
    curve = f"L {_n(item.x2)} {_n(item.y2)}"
    if item.bend != "none":
        curve = f"C {a} {b} {c} {d} {_n(item.x2)} {_n(item.y2)}"
    stroke = f'{_paint("stroke", item.stroke)} stroke-width="{_n(item.thickness)}"'
    return f'<path d="M {_n(item.x1)} {_n(item.y1)} {curve}" fill="none" {stroke}/>'


@_item.register
def _(item: Text) -> str:
    bold = ' font-weight="bold"' if item.bold else ""
    return (
        f'<text x="{_n(item.x)}" y="{_n(item.y)}" dy="0.35em" font-size="{_n(item.size)}" '
        f'text-anchor="{item.anchor}" {_paint("fill", item.color)}{bold}>'
        f"{escape_html(item.text)}</text>"
    )
