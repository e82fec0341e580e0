"""Who does the work: a protocol, and the simplest executor, this process itself."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
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


def hard_limit(work: Work) -> float:
    """After how many seconds on one item a worker is killed."""
    return PATIENCE * work.seconds + GRACE
