"""Pages about claims: one claim with its verdict, and a gallery of many.  Verdicts come in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from symconv.claim.verdict import Certificate, Refuted, Verdict
from symconv.explain import script, sentence
from symconv.report.document import (
    Block,
    Code,
    Document,
    Heading,
    Listing,
    Paragraph,
    Section,
    Statement,
    prose,
    table,
)
from symconv.report.sections.verdicts import command_section
from symconv.report.write import ReportFiles, write_document


@dataclass(frozen=True, slots=True)
class Shown:
    """A claim's verdict with what is shown beside it: source, comment, repair in words."""

    verdict: Verdict
    source: str = ""
    comment: str = ""
    repair: str = ""

    @property
    def name(self) -> str:
        """The claim's name."""
        return self.verdict.claim.name

    def words(self) -> str:
        """The counterexample, the reason, or nothing for a proof."""
        if isinstance(self.verdict, Certificate):
            return ""
        return sentence(self.verdict) if isinstance(self.verdict, Refuted) else self.verdict.reason


def write_gallery(
    shown: Sequence[Shown], directory: str | Path, *, name: str, command: str
) -> ReportFiles:
    """Write one page of all claims, LaTeX and HTML: a table, then every refutation in full."""
    counts = {word: sum(s.verdict.verdict == word for s in shown) for word in _TONES}
    seconds = sum(s.verdict.seconds for s in shown)
    subtitle = prose(
        "<n> claims: <proved> proved, <refuted> refuted, <undecided> undecided, in <seconds> s",
        n=len(shown),
        seconds=f"{seconds:.2f}",
        **counts,
    )
    refuted = tuple(block for s in shown if isinstance(s.verdict, Refuted) for block in _full(s))
    sections = (
        Section("All claims", (_rows(shown),)),
        Section("What is refuted, how to see it, and what would hold", refuted),
        command_section(command),
    )
    return write_document(Document(name, subtitle, sections), directory, name)


def write_claim(
    shown: Shown, directory: str | Path, *, command: str, pdf: bool = False
) -> ReportFiles:
    """Write the report of one claim, LaTeX and HTML: statement, verdict, counterexample, script."""
    claim = shown.verdict.claim
    statement: tuple[Block, ...] = (
        Paragraph(
            prose(
                "Two pipelines that should be the same function of an input of shape "
                "<shape>, for all values of the weights.",
                shape=str([claim.channels, *claim.size]),
            )
        ),
        *_said(shown),
        *(Listing(line) for line in _pipelines(shown)),
    )
    sections = (
        Section("The claim", statement),
        Section("The verdict", _verdict(shown)),
        command_section(command),
    )
    subtitle = prose("symconv report: a claim, <verdict>", verdict=shown.verdict.verdict)
    document = Document(claim.name, subtitle, sections)
    return write_document(document, directory, claim.name, pdf=pdf)


_TONES = {"proved": "good", "refuted": "bad", "undecided": "open"}


def _rows(shown: Sequence[Shown]) -> Block:
    rows = [
        (s.name, Code(s.verdict.verdict), f"{1000 * s.verdict.seconds:.1f} ms", s.source, s.words())
        for s in shown
    ]
    return table(["claim", "verdict", "time", "source", "least counterexample"], rows, "plrpp")


def _full(shown: Shown) -> tuple[Block, ...]:
    return (Heading(prose("<name>", name=shown.name)), *_said(shown), *_verdict(shown))


def _said(shown: Shown) -> tuple[Block, ...]:
    parts = (("Source", shown.source), ("Comment", shown.comment))
    return tuple(Paragraph(prose("<a>: <b>.", a=a, b=b.rstrip("."))) for a, b in parts if b)


def _verdict(shown: Shown) -> tuple[Block, ...]:
    verdict = shown.verdict
    word = verdict.verdict
    if isinstance(verdict, Certificate):
        words = prose(
            "Both sides have the same coefficients. Methods: <how>. Digest <digest>.",
            how=", ".join(verdict.method),
            digest=Code(verdict.claim.digest()[:16]),
        )
        return (Statement("Proved", words, (), "good"),)
    if not isinstance(verdict, Refuted):
        return (Statement("Undecided", prose("<why>", why=verdict.reason), (), "open"),)
    blocks: list[Block] = [Statement(word.title(), prose("<s>.", s=shown.words()), (), "bad")]
    if shown.repair:
        blocks.append(Statement("Nearest repair", prose("<r>.", r=shown.repair), (), "good"))
    return (*blocks, Paragraph(prose("To see it in NumPy:")), Listing(script(verdict)))


def _pipelines(shown: Shown) -> list[str]:
    text = shown.verdict.claim.to_dict()
    weights = [f"{name}: {json.dumps(weight)}" for name, weight in text["weights"].items()]
    sides = [
        "\n".join([side, *(f"  {json.dumps(step)}" for step in text[side])])
        for side in ("left", "right")
    ]
    return ["\n".join(weights), *sides] if weights else sides
