"""Who does the work: a protocol, and the simplest executor, this process itself."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from time import monotonic, process_time
from typing import Protocol

from symconv.batch.items import Done, Item, Work
from symconv.batch.settled import settled

PATIENCE, GRACE = 3.0, 5.0
"""How often its time an item may take, and how many seconds more, before its worker is killed.

The work ends by itself soon after its time; what goes on so far beyond it hangs, or is in a library
that looks at no clock.  A busy machine is no reason to kill.
"""


class Executor(Protocol):
    """What has the work on items done."""

    def lines(self, work: Work, items: Iterable[Item]) -> Generator[Done, None, None]:
        """One finished line an item, as they come; items are taken as they are needed.

        When it is closed before its end, all work on the rest is ended.
        """


@dataclass(frozen=True, slots=True)
class Here:
    """This process: for what cannot travel to another one.  Nothing can be killed in it."""

    def lines(self, work: Work, items: Iterable[Item]) -> Generator[Done, None, None]:
        """One line after the other."""
        return (settled(work, item) for item in items)


LOOK = 1.0
"""Seconds between two looks at least, and what a busy machine may make of them beyond."""


class Looks:
    """Looks at the clock, which tell when this process was stopped (Ctrl-Z), or held up.

    Its workers were stopped beside it, or were not seen: such time is not theirs.
    """

    def __init__(self) -> None:
        self._last, self._worked = monotonic(), process_time()

    def missed(self, waited: float) -> float:
        """Seconds since the last look in which this process neither waited so long nor worked."""
        now, worked = monotonic(), process_time()
        missed = now - self._last - waited - (worked - self._worked)
        self._last, self._worked = now, worked
        return missed if missed > LOOK else 0.0


def hard_limit(work: Work) -> float:
    """After how many seconds on one item a worker is killed."""
    return PATIENCE * work.seconds + GRACE
