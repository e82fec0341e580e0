"""The chapter of theorems: statements, what establishes them, false neighbours, demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from symconv.report.document import (
    Block,
    Code,
    Document,
    Heading,
    Paragraph,
    Plain,
    Prose,
    Section,
    Statement,
    Table,
    prose,
    table,
)
from symconv.report.sections.verdicts import command_section
from symconv.report.write import ReportFiles, write_document

Row = tuple[str, str, str]
"""A claim, its verdict, and where."""


@dataclass(frozen=True, slots=True)
class Told:
    """One theorem as it is told; ``statement`` is LaTeX of the catalogue's own, a formula per line.

    ``relation`` and ``because`` say what its lemmas are to its statement; ``audit`` what is wrong
    with each, nothing where it is closed, and None where Coq's kernel was not asked.
    """

    section: str
    title: str
    statement: str
    source: str
    lemmas: tuple[str, ...]
    claims: tuple[Row, ...]
    neighbours: tuple[Row, ...]
    shown: tuple[str, ...]
    relation: str = "none"
    because: str = ""
    audit: tuple[tuple[str, str], ...] | None = None


def write_chapter(
    theorems: Sequence[Told], directory: str | Path, *, command: str, pdf: bool = False
) -> ReportFiles:
    """Write all theorems as one document, LaTeX and HTML, and PDF where asked."""
    subtitle = prose("symconv report: <n> theorems, each with what establishes it", n=len(theorems))
    topics = groupby(theorems, key=lambda told: told.section)
    sections = [
        Section(topic, tuple(block for told in group for block in _blocks(told)))
        for topic, group in topics
    ]
    document = Document("Theorems", subtitle, (*sections, command_section(command)))
    return write_document(document, directory, "theorems", pdf=pdf)


def _blocks(told: Told) -> list[Block]:
    blocks: list[Block] = [
        Heading(prose("<title>", title=told.title)),
        Statement("Theorem", (), tuple(told.statement.splitlines())),
        Paragraph(prose("Source: <source>.", source=told.source.rstrip("."))),
    ]
    if told.lemmas:
        blocks += _lemmas(told)
    if told.claims:
        blocks.append(_rows("claim, for all sizes", told.claims))
    blocks += [Paragraph(prose("Shown: <text>.", text=_short(text))) for text in told.shown]
    if told.neighbours:
        blocks.append(_rows("false neighbour", told.neighbours))
    return blocks


_RELATIONS = {
    "equal": "The lemmas are this statement",
    "instance": "The lemmas are this statement at these numbers",
    "weaker": "The lemmas say less, and are cited only",
    "none": "No lemma is cited",
}


def _lemmas(told: Told) -> tuple[Block, ...]:
    why = prose("<relation>: <because>.", relation=_RELATIONS[told.relation], because=told.because)
    said = dict(told.audit or ())
    rows = [(Code(name), _checked(said.get(name))) for name in told.lemmas]
    return (Paragraph(why), table(["lemma of the library for Coq", ""], rows, "lp"))


def _checked(wrong: str | None) -> Prose:
    """What the kernel says of a lemma; None where it was not asked."""
    if wrong is None:
        return prose("cited here; `make proofs` checks it")
    if wrong:
        return prose("not established: <wrong>", wrong=wrong)
    return prose("checked by its kernel; nothing is assumed")


def _rows(head: str, rows: Sequence[Row]) -> Table:
    cells = [(Plain(name), Code(verdict), Plain(words)) for name, verdict, words in rows]
    return table([head, "verdict", ""], cells, "plp")


def _short(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:380]} …"
