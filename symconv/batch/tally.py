"""What a batch adds up to, in a few numbers, however many rows there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """How many of each verdict; how many were settled before, and what ended the batch."""

    counts: Counter[str] = field(default_factory=Counter)
    internal: bool = False
    resumed: int = 0
    leftover: int = 0
    """Rows of the file that belong to no item of this input."""
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """All rows of this input."""
        return self.counts.total()

    def add(self, verdict: str, internal: bool) -> None:
        """Count one row."""
        self.counts[verdict] += 1
        self.internal |= internal
