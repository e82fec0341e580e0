"""Settle what a rewriter claims over many configurations, on all cores; stop and resume at will."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from symconv.batch.executor import Executor, Here
from symconv.batch.items import Done, Item
from symconv.batch.processes import CHUNK, Processes, cores
from symconv.batch.progress import Progress
from symconv.batch.run import run
from symconv.batch.store import VERDICTS, Results, rows_of
from symconv.claim import digest
from symconv.machine.budget import Budget
from symconv.testing.configurations import Configuration, Rewriter, SweepWork
from symconv.testing.families import Family
from symconv.testing.many import families_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sweep:
    """All results of a sweep; ``rows`` are what the results file holds, a configuration a row."""

    rows: tuple[Row, ...]
    seconds: float
    interrupted: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How many of each verdict."""
        counted = Counter(row["verdict"] for row in self.rows)
        return {verdict: counted[verdict] for verdict in VERDICTS if counted[verdict]}

    def families(self, verdict: str = "refuted") -> list[Family]:
        """What the configurations of this verdict have in common, against those proved.

        Errors are grouped by their message first, the most frequent before the others; messages
        that differ in numbers alone are one.
        """
        return families_of(lambda: self.rows, verdict)

    def summary(self) -> str:
        """Counts, and every family of failures with its least member and what it shows."""
        counted = ", ".join(f"{many} {verdict}" for verdict, many in self.counts.items())
        stopped = "; interrupted" if self.interrupted else ""
        lines = [f"{len(self.rows)} configurations in {self.seconds:.1f} s: {counted}{stopped}"]
        for verdict in ("refuted", "error"):
            for family in self.families(verdict):
                lines += told(verdict, family)
        return "\n".join(lines)


def told(verdict: str, family: Family) -> Iterator[str]:
    """The lines that tell of a family."""
    others = f" ({family.passed} others pass)" if family.passed else ""
    yield f"{verdict}: {family.failures} with {family.words}{others}"
    yield f"  least: {json.dumps(family.least)}"
    yield f"  {family.message}"


def sweep(
    rewriter: Rewriter,
    configurations: Iterable[Configuration],
    *,
    jobs: int | None = None,
    results: str | Path | None = None,
    resume: bool = True,
    seconds: float | None = None,
) -> Sweep:
    """Call a rewriter on every configuration and settle what it claims.

    Args:
        rewriter: makes a claim (its JSON form) of a configuration, or None where it declines; what
            it raises becomes an ``error`` row.
        configurations: plain data, each an object of named values.
        jobs: processes; by default one a core.  A rewriter that cannot be pickled runs in one.
        results: a JSON-lines file to which every row is written as it comes.
        resume: leave out configurations that the file already holds.
        seconds: how long one configuration may take, 60 by default; what takes longer is undecided,
            and a process that goes on far beyond is killed and replaced.

    Ctrl-C stops it: what was settled is in the file and in the `Sweep` that is returned.

    Raises:
        InputError: the file to be resumed is not one of results.

    >>> def crop(config):
    ...     return {"input": {"channels": 1, "size": [config["n"]]}, "right": [],
    ...             "left": [{"op": "flip", "axes": [1]}]}
    >>> print(sweep(crop, [{"n": 1}, {"n": 2}], jobs=1).counts)
    {'proved': 1, 'refuted': 1}
    """
    wanted = {digest(c): dict(c) for c in configurations}
    work = SweepWork(rewriter, Budget().seconds if seconds is None else seconds)
    path = os.devnull if results is None else str(results)
    fresh: list[Row] = []

    def see(done: Done) -> None:
        if results is None:
            fresh.append(json.loads(done.line))

    taken = _Counted(wanted.values())
    progress = Progress(partial(taken.fraction, len(wanted)))
    executor = _executor(rewriter, len(wanted), jobs)
    tally, _ = run(taken, work, executor, Results(path, {}, resume), progress, see)
    rows = fresh if results is None else rows_of(path)
    found = [
        {**row, "configuration": wanted[row["digest"]]} for row in rows if row["digest"] in wanted
    ]
    return Sweep(tuple(found), tally.seconds, tally.interrupted)


class _Counted:
    """Configurations as items, and how many of them were taken."""

    def __init__(self, configurations: Iterable[Configuration]) -> None:
        self._configurations = configurations
        self._taken = 0

    def __iter__(self) -> Iterator[Item]:
        for index, configuration in enumerate(self._configurations):
            self._taken = index + 1
            yield Item(index, f"configuration {index}", configuration)

    def fraction(self, total: int) -> float:
        """How much of all was taken."""
        return self._taken / max(total, 1)


def _executor(rewriter: Rewriter, many: int, jobs: int | None) -> Executor:
    jobs = jobs or cores()
    if jobs > 1 and many > CHUNK and _picklable(rewriter):
        return Processes(jobs)
    return Here()


def _picklable(rewriter: Rewriter) -> bool:
    try:
        pickle.dumps(rewriter)
    except Exception as fault:  # noqa: BLE001 - whatever pickle says, one process will do
        line = f"symconv: the rewriter cannot be sent to other processes, one is used: {fault}"
        sys.stderr.write(line + "\n")
        return False
    return True
