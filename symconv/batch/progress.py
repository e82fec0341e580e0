"""How far a batch has come, how fast, and how long it will take: one line on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

from symconv.batch.tally import Tally

EVERY = 0.5
"""Seconds between two lines."""

Fraction = Callable[[], float | None]
"""How much of the input has been read, from 0 to 1; None where nobody knows."""


class Progress:
    """A line on standard error that is written over; nothing where that is not a terminal."""

    def __init__(self, fraction: Fraction, quiet: bool = False) -> None:
        self._fraction, self._start = fraction, monotonic()
        shows = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._next = self._start + EVERY if shows else float("inf")
        self._shown = 0

    def tell(self, tally: Tally) -> None:
        """Say how far it is, if it is time."""
        now = monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        self._show(in_words(tally, now - self._start, self._fraction()))

    def end(self) -> None:
        """Leave a clean line."""
        if self._shown:
            self._show("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _show(self, words: str) -> None:
        sys.stderr.write(f"\r{words:<{self._shown}}")
        sys.stderr.flush()
        self._shown = len(words)


def in_words(tally: Tally, seconds: float, fraction: float | None) -> str:
    """The line: how many, how many a second, and the time that is left.

    >>> from collections import Counter
    >>> in_words(Tally(Counter(proved=4000, refuted=1000)), 50.0, 0.25)
    '5,000 settled (1,000 refuted), 100/s, 25 %, 2 min left'
    """
    fresh = tally.total - tally.resumed
    said = [f"{tally.total:,} settled{_faults(tally)}", f"{fresh / max(seconds, 1e-9):,.0f}/s"]
    if fraction:
        left = seconds * (1 - fraction) / fraction
        said += [f"{100 * fraction:.0f} %", f"{_span(left)} left"]
    return ", ".join(said)


def _faults(tally: Tally) -> str:
    found = [f"{n:,} {word}" for word, n in tally.counts.items() if n and word != "proved"]
    return f" ({', '.join(found)})" if found else ""


def _span(seconds: float) -> str:
    """A span of time in one unit.

    >>> _span(40.4), _span(150), _span(9000)
    ('40 s', '2 min', '2 h')
    """
    for length, unit in ((7200, "h"), (100, "min")):
        if seconds >= length:
            return f"{seconds / (3600 if unit == 'h' else 60):.0f} {unit}"
    return f"{seconds:.0f} s"
