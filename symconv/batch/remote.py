"""What runs on the workers of a cluster: a chunk decided, within its time, by the right version."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from time import monotonic

from symconv.batch.executor import LOOK, Looks
from symconv.batch.items import Done, Item, Work
from symconv.batch.settled import settled_apart
from symconv.errors import InputError


def version_here() -> str:
    """The version of symconv that is installed here."""
    try:
        return version("symconv")
    except PackageNotFoundError:
        return "unknown"


_ONE_AT_A_TIME = threading.Lock()
"""isl's context, which holds its operations' count, is one a process."""


def decided(packed: bytes, chunk: list[Item], limit: float) -> tuple[list[Done], float]:
    """Do the work on a chunk, on a worker; its process ends where one item goes on too long.

    Returns:
        The lines, and the seconds that they took.

    Raises:
        InputError: the worker has another version of symconv, or cannot load the work.
    """
    work = _unpacked(packed)
    with _ONE_AT_A_TIME, _Watch(limit) as watch:
        start, lines = monotonic(), []
        for item in chunk:
            watch.start()
            lines.append(settled_apart(work, item))
        return lines, monotonic() - start


@lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> Work:
    import cloudpickle

    try:
        theirs, work = cloudpickle.loads(packed)
    except Exception as fault:
        raise InputError(f"a worker cannot load the work: {fault!r}; install it there") from fault
    if theirs != version_here():
        raise InputError(f"a worker has symconv {version_here()}, and the work comes from {theirs}")
    found: Work = work
    return found


class _Watch:
    """A thread that ends this process where one item takes too long; a nanny starts another one."""

    def __init__(self, limit: float) -> None:
        self._limit, self._missed = limit, 0.0
        self._until = monotonic() + limit
        self._over = threading.Event()

    def start(self) -> None:
        """Count from now."""
        self._until = self._now() + self._limit

    def __enter__(self) -> _Watch:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _now(self) -> float:
        """The time that this process has had; that for which it was stopped is left out."""
        return monotonic() - self._missed

    def _watch(self) -> None:
        looks = Looks()
        while not self._over.wait(patience := min(LOOK, max(0.0, self._until - self._now()))):
            self._missed += looks.missed(patience)
            if self._now() > self._until:
                os._exit(1)
