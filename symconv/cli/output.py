"""What a command prints: one JSON object, or lines and tables for a person."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from symconv.cli.results import Result
from symconv.errors import shortened

MANY = 20
"""Above this many results only theorems and what is not proved get a line of their own."""

OWN_LINE = {"statement", "model"}
"""What marks a theorem, or the verdict on a whole model."""

_COLOURS = {"proved": "green", "refuted": "red", "undecided": "yellow", "error": "red"}


def print_json(results: list[Result], summary: dict[str, Any], **more: Any) -> None:
    """The one JSON object on standard output."""
    _say(json.dumps({"results": results, **more, "summary": summary}, allow_nan=False))


@contextmanager
def prints_to_error(wanted: bool) -> Iterator[None]:
    """Have what somebody else's code prints inside, here or in new processes, on standard error.

    Standard output is for one JSON object alone.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(_OUTPUT)
    os.dup2(_ERROR, _OUTPUT)  # for what does not ask Python: libraries, and new processes
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()  # what was printed to a stream that was kept from before
        os.dup2(kept, _OUTPUT)
        os.close(kept)


_OUTPUT, _ERROR = 1, 2


def _say(line: str, err: bool = False) -> None:
    """Print a line; a fault names standard output, as a file's fault names the file."""
    try:
        click.echo(line, err=err)
    except BrokenPipeError:
        raise
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, "standard output") from fault


def print_fault(message: str, name: str = "") -> None:
    """One line on standard error: what went wrong, and with what."""
    name = shortened(name)
    about = f"{name}: " if name and name not in message else ""
    click.echo(f"symconv: {plain(about + message)}", err=True)


def print_results(results: list[Result], summary: dict[str, Any]) -> None:
    """A line a result on standard output; errors on standard error."""
    for result in results:
        if result.get("verdict") != "proved" or len(results) <= MANY or OWN_LINE & set(result):
            print_result(result)
    if len(results) > 1:
        counted = ", ".join(
            f"{n} {word}" for word, n in summary.items() if n and word not in _FIGURES
        )
        _say(f"{summary['total']} in {summary['seconds']} s: {counted}")


_FIGURES = {"total", "seconds"}


def print_result(result: Result, err: bool = False) -> None:
    """One result's line, and what is said below it; an error on standard error."""
    if result.get("verdict") == "error":
        print_fault(result["error"], result["name"])
    else:
        _say(_line(result), err)


def _line(result: Result) -> str:
    verdict = result.get("verdict", "done")
    word = click.style(verdict, fg=_COLOURS.get(verdict), bold=True)
    return "  ".join(
        part for part in (word, plain(shortened(result["name"])), *_details(result)) if part
    )


def _details(result: Result) -> Iterator[str]:
    if result.get("method"):
        yield "by " + " and ".join(result["method"])
    if result.get("sizes") == "all":
        domain = result.get("domain", "all sizes")
        yield "for all sizes" if domain == "all sizes" else f"for all sizes ({domain})"
    if "output_size" in result:
        yield "output " + "x".join(map(str, result["output_size"]))
    if "seconds" in result:
        yield f"{1000 * result['seconds']:.1f} ms"
    yield from (f"\n        {line}" for line in _remarks(result))


TOLD_LIMITS = ("no ", "the kernel's")
"""How the limits begin that stand below a result: what was not asked, what the kernel left open."""


def _told(fact: Result) -> str:
    """A fact that is not a table's; the kernel's seconds are not in those of the result's line."""
    seconds = f" ({fact['figures']['seconds']:.1f} s)" if fact["method"] == "kernel" else ""
    return f"{fact['method']}{seconds}: {fact['about']}"


def _remarks(result: Result) -> Iterator[str]:
    """What is said below a result's line."""
    facts = result.get("facts", ())
    told = [fact for fact in facts if fact["method"] in {"sympy", "kernel"}]
    yield from map(_told, told)
    yield from (text for text in result.get("limits", ()) if text.startswith(TOLD_LIMITS))
    if "audit" in result:
        yield "kernel: {relation}: {because}".format(**result["kernel"])
    yield from (result[key] for key in ("sentence", "reason", "note") if key in result)
    yield from (f"warning: {plain(text)}" for text in result.get("warnings", ()))
    yield from (f"false: {n['name']}: {n['words']}" for n in result.get("neighbours", ()))
    if result.get("repair"):
        yield result["repair"]["sentence"]
    yield from result.get("files", ())


def plain(text: str) -> str:
    """Text without control characters, which a terminal might obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def rounded(count: int) -> str:
    """A large count in a few digits: 118 M for 118,013,952.

    >>> rounded(118_013_952), rounded(999)
    ('118 M', '999')
    """
    for unit, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {letter}"
    return str(count)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table: drawn by rich on a terminal, tab-separated elsewhere."""
    if sys.stdout is None or not sys.stdout.isatty():
        for row in (columns, *rows):
            _say("\t".join(map(plain, row)))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(plain(title)), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, column in enumerate(columns):
        table.add_column(Text(column), justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(highlight=False).print(table)


def print_lines(lines: Iterable[str], err: bool = False) -> None:
    """Lines of text, as they are."""
    for line in lines:
        _say(line, err)


def with_progress(results: Iterable[Result], total: int, quiet: bool) -> list[Result]:
    """Collect results; how far it is stands on standard error, where that is a terminal."""
    from symconv.batch.progress import Progress
    from symconv.batch.tally import Tally

    tally, found = Tally(), []
    # No bar of rich, whose thread would be there when processes are forked.
    progress = Progress(lambda: tally.total / total, quiet or total <= MANY)
    for result in results:
        found.append(result)
        tally.add(result.get("verdict", "done"), internal=False)
        progress.tell(tally)
    progress.end()
    return found


@contextmanager
def told_progress(quiet: bool) -> Iterator[None]:
    """Show how far the work inside has come, on standard error where that is a terminal."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    from symconv.machine.progress import heard_by

    with Console(stderr=True).status("reading") as status:

        def show(what: str, done: int, total: int) -> None:
            words = escape(plain(shortened(what)))
            status.update(f"{words} ({done} of {total})" if total else words)

        with heard_by(show):
            yield


def print_counts(results: list[Result]) -> None:
    """The table of sizes, parameters and multiply-adds, a layer a row."""
    columns = (
        "layer",
        "input",
        "output",
        "E_in",
        "E_out",
        "parameters",
        "slots",
        "multiply-adds",
        "expanded",
    )
    rows = []
    for result in (result for result in results if "counts" in result):
        sizes = [
            "x".join(map(str, result[key]))
            for key in ("input_size", "output_size", "factor_in", "factor_out")
        ]
        figures = result["counts"]
        rows.append(
            (
                result["name"],
                *sizes,
                f"{figures['parameters']:,}",
                f"{figures['slots']:,}",
                rounded(figures["strided_multiply_adds"]),
                rounded(figures["dense_multiply_adds"]),
            )
        )
    if rows:
        print_table("Before and after expansion", columns, rows)
