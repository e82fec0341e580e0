"""One call that writes the report of an expansion and its verdict: LaTeX, HTML and PDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from symconv.claim.verdict import Verdict
from symconv.errors import ClaimError, MissingTool
from symconv.expand import Expansion
from symconv.machine.files import write_file
from symconv.report.document import Document, Section, prose
from symconv.report.escape import file_stem
from symconv.report.formats.registry import formats
from symconv.report.sections.derivations import derivation_section, tables_section
from symconv.report.sections.everywhere import everywhere_section
from symconv.report.sections.layers import expanded_section, layer_section, theorem_section
from symconv.report.sections.pictures import operator_section, sharing_section
from symconv.report.sections.verdicts import command_section, verdict_section


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The files of one report; ``notes`` says what could not be written, and why."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def of(self, suffix: str) -> Path | None:
        """The file with this ending, if there is one."""
        return next((path for path in self.paths if path.suffix == suffix), None)

    @property
    def tex(self) -> Path:
        """The LaTeX file."""
        return self.paths[0].with_suffix(".tex")

    @property
    def html(self) -> Path:
        """The HTML page."""
        return self.paths[0].with_suffix(".html")

    @property
    def pdf(self) -> Path | None:
        """The PDF, where one was asked for and made."""
        return self.of(".pdf")


def write_report(
    expansion: Expansion,
    verdict: Verdict,
    directory: str | Path,
    *,
    name: str,
    command: str,
    pdf: bool = False,
    date: str | None = None,
    everywhere: Verdict | None = None,
) -> ReportFiles:
    """Write the report of a layer into a directory, which is made where it is missing.

    ``everywhere`` is the verdict on the same layer for all sizes, where it was asked for.

    The same arguments give the same bytes: no clock is read, and ``date`` is printed as it is.
    Without a TeX on the machine there is no PDF, and a note that says so.

    Raises:
        SymconvError: a displayed step of the derivation, a picture or a counterexample does not
            hold; or the verdict is about another layer.
        OSError: a file cannot be written.
    """
    document = compose(
        expansion, verdict, name=name, command=command, date=date, everywhere=everywhere
    )
    return write_document(document, directory, name, pdf=pdf)


def write_document(
    document: Document, directory: str | Path, name: str, *, pdf: bool = False
) -> ReportFiles:
    """Write a document in every format, and as PDF where asked, under a name made a file's."""
    folder, stem = Path(directory), file_stem(name)
    folder.mkdir(parents=True, exist_ok=True)
    paths, notes = list[Path](), list[str]()
    for one in formats():
        if one.on_demand and not pdf:
            continue
        path = folder / f"{stem}{one.suffix}"
        try:
            write_file(path, one.write(document))
        except MissingTool as fault:
            notes.append(str(fault))
        else:
            paths.append(path)
    return ReportFiles(tuple(paths), tuple(notes))


def compose(
    expansion: Expansion,
    verdict: Verdict,
    *,
    name: str,
    command: str,
    date: str | None = None,
    everywhere: Verdict | None = None,
) -> Document:
    """The report as a document, not yet in any language."""
    if verdict.claim.input_shape != (expansion.claim().input_shape):
        raise ClaimError(
            f"the verdict is about an input of shape {list(verdict.claim.input_shape)}, the "
            f"expansion about {list(expansion.claim().input_shape)}; report them apart"
        )
    subtitle = prose(
        "symconv report: a strided layer as one of less stride on phases, <verdict>",
        verdict=verdict.verdict,
    )
    return Document(name, subtitle, sections(expansion, verdict, command, everywhere), date)


def sections(
    expansion: Expansion, verdict: Verdict, command: str, everywhere: Verdict | None = None
) -> tuple[Section, ...]:
    """All sections of a report, in their order."""
    return (
        layer_section(expansion),
        expanded_section(expansion),
        theorem_section(expansion),
        derivation_section(expansion),
        operator_section(expansion),
        tables_section(expansion),
        sharing_section(expansion),
        verdict_section(verdict),
        *([] if everywhere is None else [everywhere_section(everywhere)]),
        command_section(command),
    )
