"""Settle what a rewriter claims over many configurations, on all cores; stop and resume at will."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from symconv.claim import digest, read_claim
from symconv.claim.verdict import Refuted, Undecided
from symconv.errors import SymconvError
from symconv.prove.decide import decide
from symconv.testing.families import Family, families

Configuration = Mapping[str, Any]
Rewriter = Callable[[Any], Mapping[str, Any] | None]
"""From a configuration to the claim that its lowering makes, or None where it declines."""
Row = dict[str, Any]

VERDICTS = ("proved", "refuted", "undecided", "declined", "error")
CHUNK = 32


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
        rows = [row for row in self.rows if row["verdict"] == verdict]
        proved = [row["configuration"] for row in self.rows if row["verdict"] == "proved"]
        groups = _by_message(rows) if verdict == "error" else [rows]
        return [family for group in groups for family in _families(group, proved)]

    def summary(self) -> str:
        """Counts, and every family of failures with its least member and what it shows."""
        counted = ", ".join(f"{many} {verdict}" for verdict, many in self.counts.items())
        stopped = "; interrupted" if self.interrupted else ""
        lines = [f"{len(self.rows)} configurations in {self.seconds:.1f} s: {counted}{stopped}"]
        for verdict in ("refuted", "error"):
            for family in self.families(verdict):
                lines.append(f"{verdict}: {family.failures} with {family.words}")
                lines.append(f"  least: {json.dumps(family.least)}")
                lines.append(f"  {family.message}")
        return "\n".join(lines)


def _by_message(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each message, numbers in it aside; the message of most rows first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(re.sub(r"\d+", "#", str(row["note"])), []).append(row)
    return sorted(groups.values(), key=len, reverse=True)


def _families(rows: Sequence[Row], proved: Sequence[Configuration]) -> Iterator[Family]:
    """The families of these rows, each with what its least member's row says."""
    configurations = [row["configuration"] for row in rows]
    notes = {id(c): str(row["note"]) for c, row in zip(configurations, rows, strict=True)}
    for family in families(configurations, proved):
        yield replace(family, message=notes[id(family.least)])


def sweep(
    rewriter: Rewriter,
    configurations: Iterable[Configuration],
    *,
    jobs: int | None = None,
    results: str | Path | None = None,
    resume: bool = True,
) -> Sweep:
    """Call a rewriter on every configuration and settle what it claims.

    Args:
        rewriter: makes a claim (its JSON form) of a configuration, or None where it declines; what
            it raises becomes an ``error`` row.
        configurations: plain data, each an object of named values.
        jobs: processes; by default one a core.  A rewriter that cannot be pickled runs in one.
        results: a JSON-lines file to which every row is written as it comes.
        resume: leave out configurations that the file already holds.

    Ctrl-C stops it: what was settled is in the file and in the `Sweep` that is returned.

    >>> def crop(config):
    ...     return {"input": {"channels": 1, "size": [config["n"]]}, "right": [],
    ...             "left": [{"op": "flip", "axes": [1]}]}
    >>> print(sweep(crop, [{"n": 1}, {"n": 2}], jobs=1).counts)
    {'proved': 1, 'refuted': 1}
    """
    start = perf_counter()
    wanted = {digest(c): dict(c) for c in configurations}
    path = Path(results) if results is not None else None
    rows = _read(path, wanted) if path is not None and resume else []
    done = {row["digest"] for row in rows}
    todo = [c for key, c in wanted.items() if key not in done]
    interrupted = False
    with _opened(path, resume) as file, _progress(len(todo)) as advance:
        try:
            for row in _decided_rows(rewriter, todo, jobs):
                rows.append(row)
                file.write(json.dumps(row) + "\n")
                advance()
        except KeyboardInterrupt:
            interrupted = True
    return Sweep(tuple(rows), perf_counter() - start, interrupted)


def _read(path: Path, wanted: Mapping[str, Any]) -> list[Row]:
    """Rows of an earlier run; a last line that was cut off is left out."""
    if not path.exists():
        return []
    rows: dict[str, Row] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("digest") in wanted:
            rows[row["digest"]] = row
    return list(rows.values())


@contextmanager
def _opened(path: Path | None, resume: bool) -> Iterator[TextIO]:
    if path is None:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            yield nowhere
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = resume and _is_cut_off(path)
    with path.open("a" if resume else "w", encoding="utf-8") as file:
        if cut:
            file.write("\n")
        yield file


def _is_cut_off(path: Path) -> bool:
    """Whether a file's last line has no end."""
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error, where that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda: None
        return
    shown = 0

    def advance() -> None:
        nonlocal shown
        shown += 1
        if shown % CHUNK == 0 or shown == total:
            sys.stderr.write(f"\rsettled {shown} of {total}")
            sys.stderr.flush()

    yield advance
    sys.stderr.write("\n")


def _decided_rows(rewriter: Rewriter, todo: list[Any], jobs: int | None) -> Iterator[Row]:
    work = partial(decide_one, rewriter)
    many = jobs or os.cpu_count() or 1
    if many > 1 and len(todo) > CHUNK and _picklable(rewriter):
        with multiprocessing.Pool(many, initializer=_quiet) as pool:
            yield from pool.imap_unordered(work, todo, chunksize=CHUNK)
        return
    yield from map(work, todo)


def _quiet() -> None:
    """Leave Ctrl-C to the parent."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _picklable(rewriter: Rewriter) -> bool:
    try:
        pickle.dumps(rewriter)
    except Exception as fault:  # noqa: BLE001 - whatever pickle says, one process will do
        line = f"symconv: the rewriter cannot be sent to other processes, one is used: {fault}"
        sys.stderr.write(line + "\n")
        return False
    return True


def decide_one(rewriter: Rewriter, configuration: Configuration) -> Row:
    """One row: the configuration, its digest, the verdict and a note."""
    row: Row = {"digest": digest(configuration), "configuration": configuration}
    try:
        claimed = rewriter(configuration)
        if claimed is None:
            return {**row, "verdict": "declined", "note": ""}
        verdict = decide(read_claim(claimed))
    except SymconvError as fault:
        return {**row, "verdict": "error", "note": str(fault)}
    except Exception as fault:  # noqa: BLE001 - a fault of the user's function is a result
        return {**row, "verdict": "error", "note": repr(fault)}
    note = ""
    if isinstance(verdict, Refuted):
        note = verdict.counterexample.sentence()
    elif isinstance(verdict, Undecided):
        note = verdict.reason
    return {**row, "verdict": verdict.verdict, "note": note}
