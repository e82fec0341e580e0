"""From entries to results: read, settled one by one, printed, and an exit status."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from symconv.cli import output
from symconv.cli.results import Result, Work, each, one_line, status, summary
from symconv.errors import SymconvError

if TYPE_CHECKING:
    from symconv.dialect.files import Entry
    from symconv.verdict import Verdict


def read_entries(sources: Sequence[str]) -> list[Entry]:
    """All entries of all sources; a source that cannot be read is a `Fault` among them."""
    from symconv.dialect.files import Fault, read_layers

    entries: list[Entry] = []
    for source in sources:
        try:
            entries += read_layers(source)
        except (SymconvError, UnicodeError) as fault:
            entries.append(Fault(source, one_line(fault)))
    return entries


def run(entries: Sequence[Entry], work: Work, as_json: bool) -> None:
    """Settle all entries, print the results, and exit with their status."""
    start = perf_counter()
    results = output.with_progress(each(entries, work), len(entries), as_json)
    finish(results, perf_counter() - start, as_json)


def certify(
    entries: Sequence[Entry], settle: Callable[[Entry], tuple[Verdict, Result]],
    path: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Settle all entries as `run` does; before the results are printed, write the certificates."""
    start, certificates = perf_counter(), []

    def work(entry: Entry) -> Result:
        verdict, result = settle(entry)
        if path and verdict.verdict == "proved":
            certificates.append(verdict.to_dict())
        return result

    results = output.with_progress(each(entries, work), len(entries), as_json)
    if path:
        _write_certificates(Path(path), certificates)
    finish(results, perf_counter() - start, as_json)


def _write_certificates(path: Path, certificates: list[dict[str, Any]]) -> None:
    """One certificate, or an object with all; without any, the file says that there is none."""
    text = certificates[0] if len(certificates) == 1 else {"certificates": certificates}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


def finish(results: list[Result], seconds: float, as_json: bool) -> None:
    """Print the results and exit with their status."""
    show = output.print_json if as_json else output.print_results
    show(results, summary(results, seconds))
    click.get_current_context().exit(status(results))
