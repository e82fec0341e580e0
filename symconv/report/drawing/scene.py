"""Pictures as data: rectangles, lines, curves and texts, in points, the origin at the top left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

INK = "ink"
FAINT = "faint"
"""Two colours that follow the page: the text's own, and a pale version of it."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; ``fill`` and ``stroke`` are ``#rrggbb``, `INK`, `FAINT` or None."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None
    thickness: float = 0.5

    def moved(self, dx: float, dy: float) -> Rect:
        """The rectangle elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True, slots=True)
class Line:
    """A line between two points; ``bend`` leaves both ends along that axis, as a smooth curve."""

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str = INK
    thickness: float = 0.5
    bend: Literal["none", "across", "down"] = "none"

    def moved(self, dx: float, dy: float) -> Line:
        """The line elsewhere."""
        return replace(self, x1=self.x1 + dx, y1=self.y1 + dy, x2=self.x2 + dx, y2=self.y2 + dy)

    def controls(self) -> tuple[float, float, float, float]:
        """The two inner control points of the Bezier curve, as ``(x, y, x, y)``."""
        middle_x, middle_y = (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2
        if self.bend == "across":
            return middle_x, self.y1, middle_x, self.y2
        return self.x1, middle_y, self.x2, middle_y


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text whose middle height is ``y``; ``tex`` is trusted LaTeX for the same."""

    x: float
    y: float
    text: str
    size: float = 8
    anchor: Anchor = "middle"
    color: str = INK
    tex: str | None = None
    bold: bool = False

    def moved(self, dx: float, dy: float) -> Text:
        """The text elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)


Item = Rect | Line | Text


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: its size, its items from back to front, and what it shows, in words."""

    width: float
    height: float
    items: tuple[Item, ...]
    description: str

    def moved(self, dx: float, dy: float) -> tuple[Item, ...]:
        """The items elsewhere."""
        return tuple(item.moved(dx, dy) for item in self.items)


def stacked(scenes: Sequence[Scene], gap: float = 24) -> Scene:
    """Scenes one under another, each in the middle of the page."""
    width = max(scene.width for scene in scenes)
    items: list[Item] = []
    y = 0.0
    for scene in scenes:
        items.extend(scene.moved((width - scene.width) / 2, y))
        y += scene.height + gap
    description = " ".join(scene.description for scene in scenes)
    return Scene(width, y - gap, tuple(items), description)


def titled(title: str, scene: Scene, size: float = 9) -> Scene:
    """The scene under a line of text."""
    width = max(scene.width, text_width(title, size))
    head = Text(width / 2, size, title, size)
    items = (head, *scene.moved((width - scene.width) / 2, 2.4 * size))
    return Scene(width, scene.height + 2.4 * size, items, scene.description)


def text_width(text: str, size: float) -> float:
    """About how wide a line of text is: half its size a character, on the safe side."""
    return 0.56 * size * len(text)


def bounds(items: Iterable[Item]) -> tuple[float, float, float, float]:
    """Least and greatest ``x`` and ``y`` of items: ``(x0, y0, x1, y1)``."""
    boxes = [_box(item) for item in items]
    lows, highs = [box[:2] for box in boxes], [box[2:] for box in boxes]
    return (*map(min, zip(*lows, strict=True)), *map(max, zip(*highs, strict=True)))


def _box(item: Item) -> tuple[float, float, float, float]:
    if isinstance(item, Rect):
        return item.x, item.y, item.x + item.width, item.y + item.height
    if isinstance(item, Line):
        xs, ys = (item.x1, item.x2), (item.y1, item.y2)
        return min(xs), min(ys), max(xs), max(ys)
    width = text_width(item.text, item.size)
    left = item.x - {"start": 0.0, "middle": width / 2, "end": width}[item.anchor]
    return left, item.y - item.size / 2, left + width, item.y + item.size / 2


def fitted(items: Sequence[Item], description: str, margin: float = 4) -> Scene:
    """The scene that just holds these items."""
    x0, y0, x1, y1 = bounds(items)
    moved = tuple(item.moved(margin - x0, margin - y0) for item in items)
    return Scene(x1 - x0 + 2 * margin, y1 - y0 + 2 * margin, moved, description)
