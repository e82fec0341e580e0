"""Claims decided for a page: the verdicts are made here and handed to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symconv.cli.results import Result, failure, of_verdict, refuse_fault, reported, result_of
from symconv.errors import InputError

if TYPE_CHECKING:
    from symconv.dialect.files import Entry
    from symconv.report import Shown


def shown(text: Mapping[str, Any]) -> Shown:
    """A claim's verdict with its source, its comment and its repair."""
    from symconv import api
    from symconv.claim.verdict import Refuted
    from symconv.repair import repair
    from symconv.report import Shown

    verdict = api.check(text)
    found = repair(verdict) if isinstance(verdict, Refuted) else None
    source, comment = (str(text.get(part, "")) for part in ("source", "comment"))
    return Shown(verdict, source, comment, found.sentence() if found else "")


def report_claim(text: Mapping[str, Any], folder: str, command: str, pdf: bool) -> Result:
    """Decide one claim and write its report."""
    from symconv.report import write_claim

    page = shown(text)
    files = write_claim(page, folder, command=command, pdf=pdf)
    return reported(of_verdict(page.verdict), files)


def write_page(entries: Sequence[Entry], folder: str, name: str, command: str) -> list[Result]:
    """Decide all claims, write the page of those that could be, and give a result for each."""
    from symconv.dialect.files import ClaimText
    from symconv.report import write_gallery

    pages: list[Shown] = []

    def work(entry: Entry) -> Result:
        refuse_fault(entry)
        if not isinstance(entry, ClaimText):
            raise InputError(f"{entry.name!r} is a {entry.kind}, not a claim")
        pages.append(shown(entry.text))
        return of_verdict(pages[-1].verdict)

    results = [result_of(entry.name, entry, work) for entry in entries]
    if not pages:
        return [*results, failure(name, "no claim could be decided; no page is written")]
    write_gallery(pages, folder, name=name, command=command)
    return results
