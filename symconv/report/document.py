"""A report as data: sections of paragraphs, formulas, tables, figures and listings.

One document is read twice, as LaTeX and as HTML; nothing in it is escaped yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from symconv.report.drawing.scene import Scene


@dataclass(frozen=True, slots=True)
class Plain:
    """Text, anybody's."""

    text: str


@dataclass(frozen=True, slots=True)
class Math:
    """A formula in LaTeX, ours; never made from other people's text."""

    tex: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text in fixed width, anybody's."""

    text: str


Inline = Plain | Math | Code
Prose = tuple[Inline, ...]

_PARTS = re.compile(r"(\$[^$]+\$|`[^`]+`|<\w+>)")


def prose(template: str, **fields: str | int | Inline) -> Prose:
    """Words with ``$formulas$``, ```code``` and ``<fields>``; a field's text is not markup.

    >>> prose("at $s=2$, <name>", name="$x$")
    (Plain(text='at '), Math(tex='s=2'), Plain(text=', '), Plain(text='$x$'))
    """
    return tuple(_inline(part, fields) for part in _PARTS.split(template) if part)


def _inline(part: str, fields: dict[str, str | int | Inline]) -> Inline:
    if part.startswith("$"):
        return Math(part[1:-1])
    if part.startswith("`"):
        return Code(part[1:-1])
    if part[0] == "<" and part[1:-1] in fields:
        value = fields[part[1:-1]]
        return value if isinstance(value, Plain | Math | Code) else Plain(str(value))
    return Plain(part)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of prose."""

    words: Prose
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of a section."""

    words: Prose
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True, slots=True)
class Formulas:
    """Displayed formulas, one per line, in LaTeX."""

    lines: tuple[str, ...]
    kind: ClassVar[str] = "formulas"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head.

    ``columns`` has one letter per column: left, right or centred, or p for prose that wraps.
    """

    head: tuple[Prose, ...]
    rows: tuple[tuple[Prose, ...], ...]
    columns: str
    caption: Prose = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Beside:
    """Two tables side by side."""

    left: Table
    right: Table
    kind: ClassVar[str] = "beside"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and its caption."""

    scene: Scene
    caption: Prose
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines of code or of a command, as they are."""

    text: str
    kind: ClassVar[str] = "listing"


Tone = Literal["plain", "good", "bad", "open"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A theorem or a verdict, set off from the text; ``tone`` is good, bad or open."""

    title: str
    words: Prose
    lines: tuple[str, ...] = ()
    tone: Tone = "plain"
    kind: ClassVar[str] = "statement"


Block = Paragraph | Heading | Formulas | Table | Beside | Figure | Listing | Statement


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    subtitle: Prose
    sections: tuple[Section, ...]
    date: str | None = None


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str | int | Inline | Prose]],
    columns: str,
    caption: str = "",
    **fields: str | int | Inline,
) -> Table:
    """A table whose head and caption are templates of `prose`, and whose cells are values."""
    return Table(
        tuple(prose(title) for title in head),
        tuple(tuple(map(_cell, row)) for row in rows),
        columns,
        prose(caption, **fields),
    )


def _cell(value: str | int | Inline | Prose) -> Prose:
    if isinstance(value, tuple):
        return value
    if isinstance(value, Plain | Math | Code):
        return (value,)
    return (Plain(f"{value:,}" if isinstance(value, int) else value),)
