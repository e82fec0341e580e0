"""Very many layers or claims: streamed in and out, on all cores or a cluster, and resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

import click

from symconv.cli import output
from symconv.cli.apart import check_apart
from symconv.cli.faults import INTERRUPTED
from symconv.cli.results import BAD_INPUT, CONTRADICTION, PROVED, REFUTED, UNDECIDED, Result
from symconv.errors import InputError
from symconv.machine.budget import Budget

if TYPE_CHECKING:
    from symconv.batch.executor import Executor
    from symconv.batch.items import Done, Row, Work
    from symconv.batch.streams import Stream
    from symconv.batch.tally import Tally
    from symconv.cli.deciding import Deciding
    from symconv.dialect.config import Size

    Rows = Callable[[], Iterator[Row]]

FIRST = 20
"""So many results that are not proved are printed at the end; the file holds them all."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How a batch is to be run, as the command line says it."""

    target: str | None
    resume: bool
    jobs: int | None
    executor: str
    scheduler: str | None

    def streams(self, sources: Sequence[str]) -> bool:
        """Whether results go to a file as they come.

        Raises:
            InputError: they do not, and an option is for that alone; or they go to an input.
        """
        if self.target is None and self.given:
            names = ", ".join(f"--{name}" for name in self.given)
            raise InputError(f"{names} goes with -o OUT.jsonl; give both")
        check_apart(sources, self.target)
        if self.resume and _is_no_file(str(self.target)):
            raise InputError(f"{self.target} is no file that could be resumed; leave out --resume")
        if self.scheduler and self.executor != "dask":
            raise InputError("--scheduler is for --executor dask; leave it out, or ask for both")
        if self.scheduler and self.jobs:
            raise InputError(
                "--jobs is for workers on this machine, not for --scheduler; leave it out"
            )
        return self.target is not None

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given, by their names."""
        options = {
            "output": self.target,
            "resume": self.resume or None,
            "jobs": self.jobs,
            "executor": None if self.executor == "processes" else self.executor,
            "scheduler": self.scheduler,
        }
        return {name: value for name, value in options.items() if value is not None}

    def workers(self) -> Executor:
        """Who does the work."""
        if self.executor == "dask":
            from symconv.batch.cluster import Cluster

            return Cluster(self.scheduler, self.jobs)
        from symconv.batch.processes import Processes, cores

        return Processes(self.jobs or cores())


def _is_no_file(target: str) -> bool:
    return target == "-" or (os.path.exists(target) and not os.path.isfile(target))


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a batch, handed to the command as one ``batch``."""

    @wraps(command)  # click keeps a command's options among its attributes
    def gathered(*args: Any, **options: Any) -> Any:
        names = ("target", "resume", "jobs", "executor", "scheduler")
        batch = Batch(*(options.pop(name) for name in names))
        return command(*args, batch=batch, **options)

    wrapped: Callable[..., Any] = gathered
    for option in _OPTIONS:
        wrapped = option(wrapped)
    return wrapped


_OPTIONS = (
    click.option("--scheduler", metavar="ADDRESS", help="Where Dask's scheduler listens."),
    click.option(
        "--executor",
        type=click.Choice(["processes", "dask"]),
        default="processes",
        show_default=True,
        help="With -o: worker processes here, or a cluster of Dask (pip install 'symconv[dask]').",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1, max=1024),
        help="With -o: how many processes; one a core by default.",
    ),
    click.option("--resume", is_flag=True, help="With -o: go on where an earlier run ended."),
    click.option(
        "-o",
        "--output",
        "target",
        metavar="OUT.jsonl",
        help="Write a result a line as they come, for any number of items; - is standard output.",
    ),
)


def decide_batch(
    sources: Sequence[str],
    deciding: Deciding,
    batch: Batch,
    seconds: float | None,
    size: Size | None,
    as_json: bool,
) -> NoReturn:
    """Decide all items of all sources, and exit with the status that they add up to."""
    from symconv.batch.reading import check_sources
    from symconv.cli.entries import EntryWork

    work = EntryWork(deciding, Budget().seconds if seconds is None else seconds, size)
    check_sources(sources, size)
    notable: list[Result] = []
    tally, _ = run_batch(sources, work, batch, as_json, notable)
    finish_batch(tally, batch, as_json, notable)


def run_batch(
    sources: Sequence[str], work: Work, batch: Batch, as_json: bool, notable: list[Result]
) -> tuple[Tally, Rows]:
    """Run a batch; the first results that are not proved are kept to be printed.

    Returns:
        What it adds up to, and a function that reads the rows of this input from the file.
    """
    from symconv.batch.progress import Progress
    from symconv.batch.reading import items_of
    from symconv.batch.run import run
    from symconv.batch.store import Results, rows_of_input

    target, reached = str(batch.target), _Reached(sources)

    def see(done: Done) -> None:
        if len(notable) < FIRST and done.verdict not in ("proved", "declined"):
            notable.append(json.loads(done.line))

    tally, leftover = run(
        items_of(sources, reached.watch),
        work,
        batch.workers(),
        Results(target, work.asked, batch.resume),
        Progress(reached.fraction, as_json),
        see,
    )
    return tally, lambda: rows_of_input(target, None if tally.interrupted else leftover)


class _Reached:
    """How much of all sources has been read."""

    def __init__(self, sources: Sequence[str]) -> None:
        sizes = [os.path.getsize(s) if os.path.isfile(s) else 0 for s in sources]
        self._total = sum(sizes) if all(sizes) else 0
        self._before = 0
        self._stream: Stream | None = None

    def watch(self, stream: Stream) -> None:
        """Look at the next stream."""
        self._before += self._stream.size if self._stream is not None else 0
        self._stream = stream

    def fraction(self) -> float | None:
        """From 0 to 1; None where a source has no size."""
        if not self._total or self._stream is None:
            return None
        of_this = (self._stream.fraction() or 0.0) * self._stream.size
        return (self._before + of_this) / self._total


def finish_batch(
    tally: Tally,
    batch: Batch,
    as_json: bool,
    notable: Sequence[Result],
    more: dict[str, Any] | None = None,
) -> NoReturn:
    """Print what a batch adds up to, and exit with its status."""
    if as_json:
        kept = {} if batch.target is None else {"output": batch.target}
        output.print_json([], _counted(tally), **kept, **(more or {}))
    else:
        _print(tally, batch, notable)
    if tally.interrupted:
        click.echo(f"symconv: interrupted{_advice(batch)}", err=True)
    click.get_current_context().exit(INTERRUPTED if tally.interrupted else status_of(tally))


def _print(tally: Tally, batch: Batch, notable: Sequence[Result]) -> None:
    to_error = batch.target == "-"
    where = f"; results in {batch.target}" if batch.target else ""
    for result in notable:
        output.print_result(result, to_error)
    unproved = sum(n for verdict, n in tally.counts.items() if verdict != "proved")
    if len(notable) < unproved - tally.counts["declined"] and notable:
        output.print_lines([f"... and more in {batch.target}"], to_error)
    if tally.leftover:
        line = f"{batch.target} holds {tally.leftover} results of items that the input does not"
        click.echo(f"symconv: {line}; they are not counted", err=True)
    counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(tally.counts.items()))
    resumed = f", {tally.resumed} of them before" if tally.resumed else ""
    line = f"{tally.total} in {tally.seconds:.1f} s: {counted or 'nothing'}{resumed}"
    output.print_lines([line + where], to_error)


def _advice(batch: Batch) -> str:
    return (
        ""
        if batch.target is None or _is_no_file(batch.target)
        else "; the same command with --resume goes on"
    )


def _counted(tally: Tally) -> dict[str, Any]:
    empty = dict.fromkeys(("proved", "refuted", "undecided", "error"), 0)
    resumed = {"resumed": tally.resumed} if tally.resumed else {}
    seconds = round(tally.seconds, 3)
    return {"total": tally.total, **empty, **tally.counts, **resumed, "seconds": seconds}


def status_of(tally: Tally) -> int:
    """The exit status of a batch: a contradiction first, a refutation, bad input, undecided."""
    if tally.internal:
        return CONTRADICTION
    order = (("refuted", REFUTED), ("error", BAD_INPUT), ("undecided", UNDECIDED))
    return next((code for verdict, code in order if tally.counts[verdict]), PROVED)
