"""One worker process: it is sent chunks of items and sends back a line each."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any

from symconv.batch.items import Done, Item, Work, check_answers
from symconv.batch.settled import settled_apart

FORKS = sys.platform == "linux"
"""Whether workers are forks of their parent: there they share what it has loaded."""

MOST_GROWN = 96 * 2**20
"""Bytes that a worker may grow by until it is replaced, between two chunks, by a fresh one.

Whatever the caches of a long run hold goes with it; a fresh one starts in a few milliseconds."""


@dataclass(slots=True)
class Worker:
    """A process as its parent sees it: what it was sent and has not answered, and since when."""

    process: BaseProcess
    connection: Connection
    items: deque[Item] = field(default_factory=deque)
    since: float = 0.0
    grown: bool = False
    disturbed: bool = False
    """Whether it was stopped with its parent since it was sent its items: its budget ran on."""

    def send(self, chunk: Sequence[Item]) -> None:
        """Hand over the next chunk; only what is idle reads, so that neither waits for the other.

        Raises:
            OSError: the process has ended.
        """
        self.connection.send(list(chunk))
        self.items.extend(chunk)
        self.since, self.disturbed = monotonic(), False

    def excuse(self, seconds: float) -> None:
        """Leave out of its time what its parent has missed."""
        self.since = min(monotonic(), self.since + seconds)
        self.disturbed = True

    def receive(self) -> tuple[Item, Done]:
        """The first item that waits for a line, and its line.

        Raises:
            EOFError: the process has ended.
            OSError: the same.
            InternalError: it is the line of another item.
        """
        done: Done
        done, self.grown = self.connection.recv()
        item = self.items.popleft()
        check_answers([done], [item])
        self.since = monotonic()
        return item, done

    def end(self) -> int | None:
        """Kill the process, whatever it does, and give its exit status."""
        self.connection.close()
        self.process.kill()
        self.process.join()
        return self.process.exitcode

    def status(self) -> int | None:
        """The exit status of a process that has closed its connection."""
        self.process.join(1.0)
        return self.process.exitcode if self.process.exitcode is not None else self.end()


def started(work: Work, beside: Sequence[Worker]) -> Worker:
    """Start a worker beside others."""
    ours, theirs = multiprocessing.Pipe()
    inherited = [ours, *(other.connection for other in beside)] if FORKS else []
    process = _process((theirs, inherited, work, os.getpid()))
    process.start()
    theirs.close()
    return Worker(process, ours)


def _process(arguments: tuple[Any, ...]) -> BaseProcess:
    if FORKS:
        return get_context("fork").Process(target=_serve, args=arguments, daemon=True)
    return get_context("spawn").Process(target=_serve, args=arguments, daemon=True)


def _serve(
    connection: Connection, inherited: Sequence[Connection], work: Work, parent: int
) -> None:
    """Answer chunks until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    for other in inherited:  # else a sibling would hold open what the parent has closed
        other.close()
    _end_with(parent)
    _offer_to_be_killed()
    gc.freeze()  # what the parent loaded stays shared
    start = _resident()
    with suppress(EOFError, OSError):
        while True:
            for item in connection.recv():
                connection.send((settled_apart(work, item), _resident() - start > MOST_GROWN))


def _end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, where it offers that."""
    if sys.platform == "linux":
        import ctypes

        set_signal_of_parent_s_death = 1
        ctypes.CDLL(None).prctl(set_signal_of_parent_s_death, int(signal.SIGKILL))
    if os.getppid() != parent and sys.platform != "win32":
        os._exit(1)


def _offer_to_be_killed() -> None:
    """Have the kernel, when memory runs out, end this process before others: before its parent."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("800")


def _resident() -> int:
    """Bytes of memory that this process holds, as far as the system tells."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
