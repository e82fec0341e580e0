"""What a format of reports is, and the templates that all written ones are made by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

from symconv.report.document import Document


class Format(Protocol):
    """A format that reports are written in."""

    suffix: str
    """The ending of its files, with the dot."""
    on_demand: bool
    """Whether it is written only where it is asked for."""

    def write(self, document: Document) -> bytes:
        """The document in this format.

        Raises:
            MissingTool: a program that it takes is not installed.
        """


class Ours(str):
    """Text in the target language, already safe."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A format of text: a template, how its words are escaped, and what its filters make."""

    suffix: str
    template: str
    escape: Callable[[str], str]
    filters: Mapping[str, Callable[..., Any]]
    delimiters: Mapping[str, Any]
    on_demand: bool = False

    def text(self, document: Document) -> str:
        """The document as text."""
        import jinja2

        environment = jinja2.Environment(
            finalize=lambda value: value if isinstance(value, Ours) else self.escape(str(value)),
            keep_trailing_newline=True,
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701  (finalize escapes, in LaTeX too)
            **self.delimiters,
        )
        environment.filters.update(self.filters)
        folder = files("symconv.report.formats") / "templates"
        source = (folder / self.template).read_text(encoding="utf-8")
        return environment.from_string(source).render(document=document)

    def write(self, document: Document) -> bytes:
        """The document as text in UTF-8."""
        return self.text(document).encode()
