"""isl in a process of its own, which can be stopped: isl's own bound does not count all it does."""

from __future__ import annotations

import os
import pickle
import select
import signal
from collections.abc import Callable
from typing import Any, TypeVar

from symconv.errors import TooLarge

T = TypeVar("T")


def apart(work: Callable[[], T], seconds: float) -> T:
    """The result of some work, which must be plain data; ended after this many seconds.

    Where there is no fork, the work is done in this process, and nothing ends it.

    Raises:
        TooLarge: the time is over.
    """
    if not hasattr(os, "fork"):
        return work()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _answer(work, write)
    os.close(write)
    try:
        result: T = _result(read, seconds)
        return result
    finally:
        os.close(read)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _answer(work: Callable[[], Any], write: int) -> None:
    """Work, send what came of it, and end without any of the parent's clean-up."""
    try:
        answer: tuple[bool, Any] = True, work()
    except BaseException as fault:  # noqa: BLE001 - whatever it is, the parent raises it
        answer = False, fault
    try:
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)


def _result(read: int, seconds: float) -> Any:
    from time import perf_counter

    until, parts = perf_counter() + seconds, []
    while True:
        ready, _, _ = select.select([read], [], [], max(0.0, until - perf_counter()))
        if not ready:
            raise TooLarge(f"isl was stopped after {round(seconds, 2):g} s")
        part = os.read(read, 1 << 16)
        if not part:
            break
        parts.append(part)
    if not parts:
        raise TooLarge("isl's process ended without an answer; it may have run out of memory")
    done, answer = pickle.loads(b"".join(parts))  # noqa: S301 - written by our own child
    if not done:
        raise answer
    return answer
