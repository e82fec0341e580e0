"""``symconv sweep``: a user's own rewriter over very many configurations."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symconv.cli import output
from symconv.cli.apart import check_apart
from symconv.cli.batches import Batch, batch_options, finish_batch, run_batch
from symconv.cli.options import json_option, seconds_option
from symconv.errors import InputError, named_fault
from symconv.machine.budget import Budget

if TYPE_CHECKING:
    from symconv.batch.items import Row
    from symconv.batch.tally import Tally
    from symconv.testing.configurations import SweepWork
    from symconv.testing.families import Family

MOST_TOLD = 40
"""Families that are printed, three lines each; --json has them all."""


@click.command("sweep")
@click.argument("rewriter", metavar="MODULE:FUNCTION")
@click.argument("sources", metavar="CONFIGS", nargs=-1, required=True)
@click.option("--junit", type=click.Path(dir_okay=False), help="Write JUnit XML, for CI, here.")
@click.option("--github", is_flag=True, help="Print annotations for GitHub's pages.")
@seconds_option
@batch_options
@json_option
def sweep_command(
    rewriter: str,
    sources: Sequence[str],
    junit: str | None,
    github: bool,
    seconds: float | None,
    batch: Batch,
    as_json: bool,
) -> None:
    """Decide what your own rewriter claims of each configuration, and group its failures.

    MODULE is imported from the working folder too.  FUNCTION takes a configuration (an object of
    CONFIGS, a file of JSON lines or a JSON array) and gives a claim, or None where it declines.
    """
    from symconv.testing.configurations import SweepWork, own_modules

    with output.prints_to_error(as_json):
        function = imported(rewriter)
    budget = Budget().seconds if seconds is None else seconds
    work = SweepWork(function, budget, rewriter, own_modules(os.getcwd()))
    check_apart([*sources, *_files_of(work)], batch.target, junit)
    _check_files(sources)
    with _target(batch, sources) as kept:
        _sweep(work, sources, kept, batch, (junit, github, as_json))


def _sweep(
    work: SweepWork,
    sources: Sequence[str],
    kept: Batch,
    batch: Batch,
    asked: tuple[str | None, bool, bool],
) -> None:
    """Run the sweep into a file that is kept, and tell what is in it."""
    from symconv.testing.github import annotation_lines
    from symconv.testing.junit import write_junit
    from symconv.testing.sweep import told

    junit, github, as_json = asked
    with output.prints_to_error(as_json):
        tally, rows = run_batch(sources, work, kept, as_json, [])
    if junit:
        write_junit(junit, work.name, rows(), tally.counts, tally.seconds)
    found = list(_families(rows, tally))
    if github:
        output.print_lines(annotation_lines(found, work.name), as_json)
    if not as_json:
        output.print_lines(output.plain(line) for one in found[:MOST_TOLD] for line in told(*one))
        if len(found) > MOST_TOLD:
            output.print_lines([f"... and {len(found) - MOST_TOLD} families more"])
    finish_batch(tally, batch, as_json, [], {"families": [_of_family(*one) for one in found]})


def _families(rows: Callable[[], Iterator[Row]], tally: Tally) -> Iterator[tuple[str, Family]]:
    from symconv.testing.many import families_of

    for verdict in ("refuted", "error"):
        if tally.counts[verdict]:
            yield from ((verdict, family) for family in families_of(rows, verdict))


def _of_family(verdict: str, family: Family) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "words": family.words,
        "failures": family.failures,
        "passed": family.passed,
        "least": dict(family.least),
        "message": family.message,
    }


@contextmanager
def _target(batch: Batch, sources: Sequence[str]) -> Iterator[Batch]:
    """The batch with a file for its results: the families are read from it at the end."""
    if batch.target == "-":
        raise InputError("-o - is not for sweep, which reads its results again; give a file")
    if batch.target is not None:
        batch.streams(sources)
        yield batch
        return
    if batch.resume:
        raise InputError("--resume goes with -o OUT.jsonl; give both")
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="symconv-") as folder:
        kept = replace(batch, target=str(Path(folder, "results.jsonl")))
        kept.streams(sources)
        yield kept


def _files_of(work: SweepWork) -> Iterator[str]:
    """The files of the rewriter's module, and of those beside it."""
    for name in (work.name.partition(":")[0], *work.own):
        yield str(vars(sys.modules[name]).get("__file__") or "")


def _check_files(sources: Sequence[str]) -> None:
    """Refuse what is no file, or cannot be opened, before anything is decided or written."""
    from symconv.batch.reading import check_sources

    check_sources([source for source in sources if os.path.lexists(source)])
    for source in sources:
        if source != "-" and not os.path.lexists(source) and source.lstrip()[:1] not in ("{", "["):
            raise InputError(f"no file of configurations of the name {source!r}")


def imported(name: str) -> Callable[[Any], Any]:
    """The function that ``module:function`` names; the working folder is searched first.

    Raises:
        InputError: there is no such module or function, or the module cannot be imported.

    >>> imported("json:loads")("[1]")
    [1]
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise InputError(f"expected MODULE:FUNCTION, such as mine:rewrite, got {name!r}")
    if (folder := os.getcwd()) not in sys.path:
        sys.path.insert(0, folder)
    try:
        inside = import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        why = named_fault(fault)
        raise InputError(f"module {module!r} cannot be imported: {why}") from fault
    try:
        found = reduce(getattr, attribute.split("."), inside)
    except AttributeError as fault:
        raise InputError(f"module {module!r} has no {attribute!r}") from fault
    if not callable(found):
        raise InputError(f"{name} is no function, but {found!r}")
    return found


COMMANDS = (sweep_command,)
