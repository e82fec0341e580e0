"""How far a long piece of work has come, told to whoever listens.

What works says where it is with `reached`; a command that shows it listens with `heard_by`.  Where
nobody listens nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
"""What is told: what is being worked on, how many parts are done, and of how many."""

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


def reached(what: str, done: int = 0, total: int = 0) -> None:
    """Say what is being worked on, and how many of its parts are done; a total of 0 is unknown.

    >>> said = []
    >>> with heard_by(lambda *words: said.append(words)):
    ...     reached("nodes", 1, 2)
    >>> reached("unheard"), said
    (None, [('nodes', 1, 2)])
    """
    listener = _LISTENER.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Listen to what is said inside."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)
