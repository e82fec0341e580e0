"""Many entries whose results are printed: decided on all cores, and told in their order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symconv.cli.options import within
from symconv.cli.results import Result, each, failure, result_of, undecided
from symconv.machine.budget import Budget

if TYPE_CHECKING:
    from symconv.batch.items import Item, Key, Row
    from symconv.claim.verdict import Verdict
    from symconv.dialect.files import Entry

FEW = 64
"""Up to so many entries this process decides them alone: some tenths of a second."""

Decide = Callable[["Entry"], "tuple[Verdict, Result]"]


def results_of(entries: Sequence[Entry], decide: Decide, seconds: float | None) -> Iterator[Result]:
    """One result an entry, in their order; each is decided within these seconds."""
    work = EntryResults(decide, Budget().seconds if seconds is None else seconds)
    if len(entries) <= FEW:
        return each(entries, work.result)
    from symconv.batch.processes import Processes, cores

    if cores() == 1:
        return each(entries, work.result)
    done = (json.loads(d.line) for d in Processes(cores()).lines(work, _items(entries)))
    return _in_order(done)


def _items(entries: Sequence[Entry]) -> Iterator[Item]:
    from symconv.batch.items import Item

    return (Item(index, entry.name, entry) for index, entry in enumerate(entries))


def _in_order(rows: Iterator[Row]) -> Iterator[Result]:
    """The results of rows; what comes early waits for those before it."""
    early: dict[int, Result] = {}
    wanted = 0
    for row in rows:
        early[row["index"]] = row["result"]
        while wanted in early:
            yield early.pop(wanted)
            wanted += 1


@dataclass(frozen=True, slots=True)
class EntryResults:
    """What a command does with entries that have been read."""

    decide: Decide
    seconds: float
    asked: Mapping[str, Any] = field(default_factory=dict)
    own: tuple[str, ...] = ()

    def result(self, entry: Entry) -> Result:
        """The result of an entry, within its time."""
        return within(self.seconds, self.decide)(entry)[1]

    def prepare(self) -> None:
        """The verbs, and the search for repairs."""
        from symconv import api, repair  # noqa: F401 - loaded to be there when processes are made

    def key(self, item: Item) -> Key:
        """Its place; nothing of this is ever resumed."""
        return item.index.to_bytes(8)

    def row(self, item: Item) -> Row:
        """The result at its place."""
        return self._row(item, result_of(item.name, item.payload, self.result))

    def lost(self, item: Item, verdict: str, why: str) -> Row:
        """What is said of an entry in whose middle its worker ended."""
        lost = undecided(item.name, why) if verdict == "undecided" else failure(item.name, why)
        return self._row(item, lost)

    def _row(self, item: Item, result: Result) -> Row:
        return {"index": item.index, "verdict": result["verdict"], "result": result}
