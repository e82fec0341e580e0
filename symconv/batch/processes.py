"""Workers on this machine: as many as there are cores, replaced where they die or hang."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from time import monotonic, sleep
from typing import Any

from symconv.batch.executor import LOOK, Looks, hard_limit
from symconv.batch.items import Done, Item, Work, chunk_of
from symconv.batch.settled import lost
from symconv.batch.worker import Worker, started
from symconv.errors import InternalError

CHUNK, CHUNK_BYTES = 32, 2**18
"""Items, and bytes of them, that a worker is sent at a time: some ten milliseconds of work."""

ASKED_TO_END = {signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)}
"""Signals that somebody sends who stops a batch, a session or a machine."""

MOST_STILLBORN = 5
"""Workers that may end one after the other before they have answered anything."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Processes:
    """So many worker processes on this machine."""

    jobs: int

    def lines(self, work: Work, items: Iterable[Item]) -> Generator[Done, None, None]:
        """One line an item; the item in whose middle a worker ends is lost, the next ones go on."""
        work.prepare()
        crew = _Crew(work, self.jobs, hard_limit(work), iter(items))
        try:
            yield from crew.lines()
        finally:
            crew.end()


@dataclass(slots=True)
class _Crew:
    """The workers of one run, and the items that they have not been sent."""

    work: Work
    jobs: int
    limit: float
    items: Iterator[Item]
    workers: list[Worker] = field(default_factory=list)
    again: deque[list[Item]] = field(default_factory=deque)
    stillborn: int = 0
    looks: Looks = field(default_factory=Looks)
    second: set[int] = field(default_factory=set)
    """The items that are decided a second time, by their index."""

    def lines(self) -> Iterator[Done]:
        """Send, wait, receive, until nothing is left."""
        while self._busy():
            connections: dict[Any, Worker] = {w.connection: w for w in self.workers}
            patience = self._patience()
            ready = wait(connections, patience)
            self._excuse(self.looks.missed(patience))
            for worker in [w for w in self._late() if w.connection not in ready]:
                yield from self._overdue(worker)
            for worker in self._dead() if not ready else ():
                yield from self._ended(worker, worker.status())
            for one in ready:
                yield from self._answer(connections[one])

    def end(self) -> None:
        """End all workers at once."""
        for worker in self.workers:
            worker.end()
        self.workers.clear()

    def _busy(self) -> bool:
        """Send whoever is idle a chunk; false where all are idle and no chunk is left."""
        while chunk := self._next_chunk():
            worker = self._idle()
            if worker is None:
                self.again.append(chunk)
                return True
            self._send(worker, chunk)
        return any(worker.items for worker in self.workers)

    def _next_chunk(self) -> list[Item]:
        if len([w for w in self.workers if w.items]) == self.jobs:
            return []  # nothing is read before somebody can work on it
        return self.again.popleft() if self.again else chunk_of(self.items, CHUNK, CHUNK_BYTES)

    def _idle(self) -> Worker | None:
        for worker in [w for w in self.workers if not w.items]:
            if not worker.grown:
                return worker
            self._dismiss(worker)
        if len(self.workers) < self.jobs:
            self.workers.append(started(self.work, self.workers))
            return self.workers[-1]
        return None

    def _send(self, worker: Worker, chunk: list[Item]) -> None:
        """Send a chunk; where the worker has ended meanwhile, the chunk is sent to another one.

        Raises:
            InternalError: one worker after the other ends before it has answered anything.
        """
        try:
            worker.send(chunk)
        except OSError:
            self._dismiss(worker)
            self.again.append(chunk)
            self.stillborn += 1
            if self.stillborn > MOST_STILLBORN:
                raise InternalError("worker processes end as soon as they start") from None

    def _dismiss(self, worker: Worker) -> int | None:
        self.workers.remove(worker)
        return worker.end()

    def _patience(self) -> float:
        left = [self._left(worker) for worker in self.workers if worker.items]
        return max(0.0, min([LOOK, *left]))

    def _left(self, worker: Worker) -> float:
        return worker.since + self.limit - monotonic()

    def _late(self) -> list[Worker]:
        return [w for w in self.workers if w.items and self._left(w) < 0]

    def _dead(self) -> list[Worker]:
        """Workers that have ended, and whose connection a copy of them still holds open."""
        return [w for w in self.workers if not (w.process.is_alive() or w.connection.poll())]

    def _excuse(self, missed: float) -> None:
        if missed:
            for worker in self.workers:
                worker.excuse(missed)

    def _answer(self, worker: Worker) -> Iterator[Done]:
        try:
            item, done = worker.receive()
        except (EOFError, OSError):
            yield from self._ended(worker, worker.status())
            return
        self.stillborn = 0
        if not (worker.disturbed and done.verdict == "undecided" and self._once_more(item)):
            yield done

    def _once_more(self, item: Item) -> bool:
        """Have an item decided again by another worker; false where that has been done."""
        if item.index in self.second:
            return False
        self.second.add(item.index)
        self.again.append([item])
        return True

    def _ended(self, worker: Worker, status: int | None) -> Iterator[Done]:
        """A worker that has ended by itself, or was ended by somebody else.

        Who asks all processes to end asks this one too, in a moment; that is no fault of an item.
        """
        item = self._taken_from(worker)
        if -(status or 0) in ASKED_TO_END:
            sleep(LOOK)
            if item is None or self._once_more(item):
                return
        if status == -signal.SIGKILL:
            why = "its worker process was killed, by somebody or for want of memory"
            yield from self._lost(item, "undecided", why)
        else:
            yield from self._lost(item, "error", f"its worker process ended {_words(status)}")

    def _overdue(self, worker: Worker) -> Iterator[Done]:
        why = (
            f"it went on {self.limit:.0f} s, far beyond its {self.work.seconds:g} s, "
            "and its worker process was killed"
        )
        yield from self._lost(self._taken_from(worker), "undecided", why)

    def _taken_from(self, worker: Worker) -> Item | None:
        """End a worker: the item that it was deciding; what waited behind it is sent again."""
        self._dismiss(worker)
        if not worker.items:
            return None
        item, *rest = worker.items
        if rest:
            self.again.append(rest)
        return item

    def _lost(self, item: Item | None, verdict: str, why: str) -> Iterator[Done]:
        if item is not None:
            yield lost(self.work, item, verdict, why)


def _words(status: int | None) -> str:
    if status is not None and status < 0:
        return f"by signal {-status}"
    return f"with exit status {status}"
