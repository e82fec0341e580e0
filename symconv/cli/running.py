"""From entries to results: read, decided one by one, printed, and an exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from symconv.cli import output
from symconv.cli.options import within
from symconv.cli.parallel import Decide, results_of
from symconv.cli.results import Result, Work, each, one_line, status, summary
from symconv.errors import InputError, LayerError, SymconvError

if TYPE_CHECKING:
    from symconv.batch.items import Item
    from symconv.dialect.config import Size
    from symconv.dialect.files import Entry


LAYERS = ("layer", "chain")


def read_entries(
    sources: Sequence[str], takes: Sequence[str] = LAYERS, size: Size | None = None
) -> list[Entry]:
    """All entries of all sources, of the kinds that the command takes.

    Layers without an input size get the one that is asked for.  A source that cannot be read is a
    `Fault` among them; so is an entry of another kind, and what is said of it is the command that
    takes it.
    """
    from symconv.batch.reading import holds_lines
    from symconv.dialect.files import read_layers
    from symconv.dialect.pasted.base import Fault

    entries: list[Entry] = []
    for source in sources:
        try:
            read = _of_lines if holds_lines(source) and os.path.lexists(source) else read_layers
            entries += _of_kinds(source, read(source, size), takes)
        except (SymconvError, UnicodeError, RecursionError) as fault:
            entries.append(Fault(source, one_line(fault)))
    return entries


def _of_lines(source: str, size: Size | None) -> list[Entry]:
    """The entries of a file of JSON lines, as many as another file may hold.

    Raises:
        LayerError: there are more; their results have to go to a file as well.
    """
    from symconv.batch.reading import items_of
    from symconv.dialect.files import MOST_ITEMS
    from symconv.machine.files import MOST_BYTES

    items, held = [], 0
    for item in items_of([source]):
        items.append(item)
        held += len(item.payload)
        if len(items) > MOST_ITEMS or held > MOST_BYTES:
            raise LayerError(
                f"{source} holds more than {MOST_ITEMS:,} items, or {MOST_BYTES >> 20} MB; write "
                "their results to a file with -o OUT.jsonl"
            )
    return [_of_item(item, size) for item in items]


def _of_item(item: Item, size: Size | None) -> Entry:
    from symconv.dialect.files import read_value
    from symconv.dialect.pasted.base import Fault
    from symconv.machine.files import read_json

    if item.fault:
        return Fault(item.name, item.fault)
    try:
        return read_value(read_json(item.payload.decode(), item.name), item.name, size)
    except (SymconvError, UnicodeError) as fault:
        return Fault(item.name, one_line(fault))


def _of_kinds(source: str, entries: list[Entry], takes: Sequence[str]) -> list[Entry]:
    """The entries, those of another kind as faults; one fault where all of them are."""
    from symconv.dialect.files import redirect
    from symconv.dialect.pasted.base import Fault

    known = {*takes, Fault.kind}
    other = [entry for entry in entries if entry.kind not in known]
    if other and len(other) == len(entries):
        return [Fault(other[0].name, redirect(source, other[0].kind))]
    return [e if e.kind in known else Fault(e.name, _in_part(source, e)) for e in entries]


def _in_part(source: str, entry: Entry) -> str:
    from symconv.dialect.files import redirect

    return f"{entry.name!r} in {redirect(source, entry.kind)}"


def refuse_other_kinds(path: str, texts: Sequence[Any]) -> None:
    """Refuse a file of layers or claims where certificates are expected.

    Raises:
        SymconvError: a text is something else; the message names the command that takes it.
    """
    from symconv.dialect.files import kind_of, redirect

    for text in texts:
        if (kind := kind_of(text)) not in (None, "certificate"):
            raise InputError(redirect(path, str(kind)))


def run(entries: Sequence[Entry], work: Work, as_json: bool) -> None:
    """Decide all entries, print the results, and exit with their status."""
    start = perf_counter()
    results = output.with_progress(each(entries, work), len(entries), as_json)
    finish(results, perf_counter() - start, as_json)


def certify(
    entries: Sequence[Entry], decide: Decide, seconds: float | None, path: str | None, as_json: bool
) -> None:
    """Decide all entries within these seconds each, print the results, and exit with their status.

    Many are decided on all cores; where certificates are wanted, which are written before anything
    is printed, by this process alone.
    """
    start, certificates = perf_counter(), []

    def work(entry: Entry) -> Result:
        verdict, result = within(seconds, decide)(entry)
        if verdict.verdict == "proved":
            certificates.append(verdict.to_dict())
        return result

    found = each(entries, work) if path else results_of(entries, decide, seconds)
    results = output.with_progress(found, len(entries), as_json)
    if path:
        write_certificates(Path(path), certificates)
    finish(results, perf_counter() - start, as_json)


def write_certificates(path: Path, certificates: list[dict[str, Any]]) -> None:
    """One certificate, or an object with all; without any, the file says that there is none."""
    from symconv.machine.files import write_file

    text = certificates[0] if len(certificates) == 1 else {"certificates": certificates}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps(text, indent=1) + "\n")


def finish(results: list[Result], seconds: float, as_json: bool) -> None:
    """Print the results and exit with their status."""
    show = output.print_json if as_json else output.print_results
    show(results, summary(results, seconds))
    click.get_current_context().exit(status(results))
