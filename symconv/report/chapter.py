"""The chapter of theorems: statements, what establishes them, false neighbours, demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from symconv.report.document import (
    Block,
    Code,
    Document,
    Paragraph,
    Plain,
    Section,
    Statement,
    prose,
    table,
)
from symconv.report.sections.verdicts import command_section
from symconv.report.write import ReportFiles, write_document


@dataclass(frozen=True, slots=True)
class Told:
    """One theorem as it is told; ``statement`` is LaTeX of the catalogue's own."""

    title: str
    statement: str
    source: str
    lemmas: tuple[str, ...]
    claims: tuple[tuple[str, str, str], ...]
    shown: tuple[str, ...]


def write_chapter(
    theorems: Sequence[Told], directory: str | Path, *, command: str, pdf: bool = False
) -> ReportFiles:
    """Write all theorems as one document, LaTeX and HTML, and PDF where asked."""
    subtitle = prose("symconv report: <n> theorems, each with what establishes it",
                     n=len(theorems))  # fmt: skip
    sections = (*map(_section, theorems), command_section(command))
    return write_document(Document("Theorems", subtitle, sections), directory, "theorems", pdf=pdf)


def _section(told: Told) -> Section:
    blocks: list[Block] = [
        Statement("Theorem", (), (told.statement,)),
        Paragraph(prose("Source: <source>.", source=told.source.rstrip("."))),
    ]
    if told.lemmas:
        blocks.append(Paragraph(prose(
            "In the library for Coq: <lemmas>. This report cites it; `make proofs` checks it.",
            lemmas=Code(", ".join(told.lemmas)),
        )))  # fmt: skip
    if told.claims:
        rows = [(Plain(name), Code(verdict), Plain(words)) for name, verdict, words in told.claims]
        blocks.append(table(["claim, for all sizes", "verdict", ""], rows, "plp"))
    blocks += [Paragraph(prose("Shown: <text>.", text=_short(text))) for text in told.shown]
    return Section(told.title, tuple(blocks))


def _short(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:380]} …"
