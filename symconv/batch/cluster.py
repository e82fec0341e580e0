"""Workers on many machines, by Dask distributed; what it loses with a worker is done again.

The scheduler sends every chunk to a worker, and again to another one where that worker is gone.  A
line is written when its chunk has come back, which happens once.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from symconv.batch.executor import hard_limit
from symconv.batch.items import Done, Item, Work, check_answers, chunk_of
from symconv.batch.processes import cores
from symconv.batch.remote import decided, version_here
from symconv.batch.settled import lost
from symconv.errors import InputError, InternalError, MissingTool, SymconvError

if TYPE_CHECKING:
    from distributed import Client, Future

WAIT = 30
"""Seconds to wait for a scheduler, and for its first worker."""

AHEAD = 2
"""Chunks in flight for each thread: one being decided, one on its way."""

FIRST, MOST_CHUNK, CHUNK_BYTES = 16, 512, 2**20
"""Items of the first chunks and at most, and bytes of one."""

CHUNK_SECONDS = 1.0
"""What a chunk is to take: the scheduler and the client spend some milliseconds on each."""

COUNTED = 5.0
"""Seconds for which the number of a cluster's threads is believed: workers come and go."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The workers of a scheduler; without an address, ones that are started on this machine."""

    address: str | None
    jobs: int | None

    def lines(self, work: Work, items: Iterable[Item]) -> Generator[Done, None, None]:
        """One line an item, from wherever.

        Raises:
            MissingTool: Dask distributed is not installed.
            InputError: there is no scheduler at that address, it has no workers, or it goes away;
                or a worker has another version of symconv, or cannot load the work.
        """
        work.prepare()
        packed = _packed(work)
        with ExitStack() as stack:
            client = _client(self, stack)
            flight = _Flight(client, work, packed, iter(items))
            stack.callback(flight.end)
            yield from flight.lines()


def _client(cluster: Cluster, stack: ExitStack) -> Client:
    """A client of the scheduler, closed with the stack."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as fault:
        raise MissingTool(
            "--executor dask needs Dask distributed: pip install 'symconv[dask]'"
        ) from fault
    address: Any = cluster.address
    try:
        if address is None:
            jobs = cluster.jobs or cores()
            with _interrupts_ignored():
                local = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",  # None would ask for port 8787
                    silence_logs=logging.ERROR,
                )
            address = stack.enter_context(local)
        client = stack.enter_context(Client(address, timeout=WAIT))
        client.wait_for_workers(1, timeout=WAIT)
    except (OSError, ValueError) as fault:  # a TimeoutError is an OSError
        raise InputError(f"no scheduler with a worker at {address}: {fault}") from fault
    return client


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Have the processes that are started inside leave Ctrl-C to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what becomes of signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _packed(work: Work) -> bytes:
    """The work as bytes, with the modules that workers cannot be expected to have."""
    try:
        import cloudpickle
    except ImportError as fault:
        raise MissingTool(
            "--executor dask needs Dask distributed: pip install 'symconv[dask]'"
        ) from fault
    for name in work.own:
        cloudpickle.register_pickle_by_value(sys.modules[name])
    try:
        return bytes(cloudpickle.dumps((version_here(), work)))
    except Exception as fault:
        raise InputError(f"the rewriter cannot be sent to other machines: {fault}") from fault


@dataclass(slots=True)
class _Flight:
    """Chunks on their way to workers and back."""

    client: Client
    work: Work
    packed: bytes
    items: Iterator[Item]
    sent: dict[Future, list[Item]] = field(default_factory=dict)
    again: deque[list[Item]] = field(default_factory=deque)
    suspects: deque[Item] = field(default_factory=deque)
    alone: bool = False
    most: int = 1
    counted: float = 0.0
    chunk: int = FIRST

    def lines(self) -> Iterator[Done]:
        """Send ahead, take what has come back, until nothing is left."""
        from distributed import as_completed

        back = as_completed()
        while True:
            while len(self.sent) < self._most() and (chunk := self._next()):
                back.add(self._send(chunk))
            if not self.sent and self.suspects:
                self.alone = True
                back.add(self._send([self.suspects.popleft()]))
            if not self.sent:
                return
            yield from self._taken(next(back))

    def end(self) -> None:
        """Let go of what is still on its way."""
        self.client.cancel(list(self.sent))
        self.sent.clear()

    def _most(self) -> int:
        if monotonic() - self.counted > COUNTED:
            self.counted = monotonic()
            self.most = max(1, AHEAD * sum(self.client.nthreads().values()))
        return self.most

    def _next(self) -> list[Item]:
        if self.again:
            return self.again.popleft()
        return chunk_of(self.items, self.chunk, CHUNK_BYTES)

    def _fit(self, many: int, seconds: float) -> None:
        """Make chunks longer or shorter, as the last one was too quick or too slow."""
        fitting = int(CHUNK_SECONDS * many / max(seconds, 1e-6))
        self.chunk = max(1, min(fitting, 2 * self.chunk, MOST_CHUNK))

    def _send(self, chunk: list[Item]) -> Future:
        future = self.client.submit(decided, self.packed, chunk, hard_limit(self.work), pure=False)
        self.sent[future] = chunk
        return future

    def _taken(self, future: Future) -> Iterator[Done]:
        from distributed import KilledWorker

        chunk = self.sent.pop(future)
        try:
            lines, seconds = future.result()
        except KilledWorker:
            yield from self._killed(chunk)
        except CancelledError as fault:
            raise InputError(f"the cluster has let go of its work: {fault}") from fault
        except (SymconvError, InternalError):
            raise
        except Exception as fault:
            raise InputError(f"a worker cannot do the work: {fault!r}") from fault
        else:
            check_answers(lines, chunk)
            self._fit(len(chunk), seconds)
            yield from lines

    def _killed(self, chunk: list[Item]) -> Iterator[Done]:
        """A chunk whose workers ended one after the other: its items are sent one by one.

        Dask suspects all that waits on a worker that ends.  So an item is lost only if it ends
        workers when nothing else is on its way, which is tried when all others are done.
        """
        if len(chunk) > 1:
            self.again.extend([item] for item in chunk)
            return
        if not self.alone:
            self.suspects.extend(chunk)
            return
        why = (
            f"the workers that it was sent to ended, one after the other; or it went on "
            f"{hard_limit(self.work):.0f} s on each of them"
        )
        yield lost(self.work, chunk[0], "undecided", why)
