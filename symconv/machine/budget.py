"""What one verdict may cost: seconds, and entries of a table, known before anything is allocated.

A budget is handed to the public verbs and holds for all that they call; what would exceed it ends
as `TooLarge` at once, and a search that runs out of time says that it is undecided.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from time import perf_counter

from symconv.errors import TooLarge

BYTES = 50
"""A table's entry: up to six columns of eight bytes, as many again while they are joined."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds on one verdict.

    Two million entries are about 100 MB and a second; a minute is more than any claim needs that
    was ever settled.  isl counts its own operations: this many take it about ten seconds.
    """

    seconds: float = 60.0
    entries: int = 2_000_000
    operations: int = 20_000_000


@dataclass(frozen=True, slots=True)
class Running:
    """A budget being spent, until a time on the clock."""

    budget: Budget
    until: float = inf

    def deadline(self, share: float) -> float:
        """When a part ends that may take this share of the time, or what is left of it."""
        return min(self.until, perf_counter() + share * self.budget.seconds)

    def check_time(self) -> None:
        """Refuse to go on when the time is over.

        Raises:
            TooLarge: it is.
        """
        if perf_counter() > self.until:
            raise TooLarge(f"the budget of {self.budget.seconds:g} s is spent")

    def check_entries(self, entries: int, what: str = "a part of the claim") -> None:
        """Refuse a table before it is built.

        Raises:
            TooLarge: it has more entries than the budget.
        """
        if entries > self.budget.entries:
            raise TooLarge(
                f"{what} needs {_counted(entries)} table entries, about {_size(entries * BYTES)}, "
                f"more than the budget of {_counted(self.budget.entries)}; settle it for all sizes "
                "(--all-sizes), or at a smaller one"
            )


_CURRENT: ContextVar[Running | None] = ContextVar("budget", default=None)


def running() -> Running:
    """The budget that is being spent; one without an end where no verb was called."""
    return _CURRENT.get() or Running(Budget())


@contextmanager
def spending(budget: Budget | None = None) -> Iterator[Running]:
    """Spend a budget; without one, the one that is being spent already, or the default.

    >>> with spending(Budget(entries=10)) as spent:
    ...     spent is running(), running().budget.entries
    (True, 10)
    """
    before = _CURRENT.get()
    if budget is None and before is not None:
        yield before
        return
    found = budget or Budget()
    token = _CURRENT.set(Running(found, perf_counter() + found.seconds))
    try:
        yield running()
    finally:
        _CURRENT.reset(token)


def _counted(number: int) -> str:
    return f"{number:,}" if number < 10**12 else f"about 10^{len(str(number)) - 1}"


def _size(number: int) -> str:
    """Bytes in words.

    >>> _size(24 * 10**9), _size(3 * 10**7)
    ('24 GB', '30 MB')
    """
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if number >= unit:
            return f"{number // unit} {name}" if number < 1000 * unit else f"more than 999 {name}"
    return f"{number} bytes"
