"""What failing configurations have in common, as far as single attributes say it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Configuration = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Family:
    """Failures that one condition describes: its words, how many, how many others it meets.

    ``exact`` says that nothing that passed meets the condition.
    """

    words: str
    failures: int
    passed: int
    least: Configuration

    @property
    def exact(self) -> bool:
        """Whether the condition separates these failures from everything that passed."""
        return self.passed == 0


def families(failed: Sequence[Configuration], passed: Sequence[Configuration]) -> list[Family]:
    """Group failures by conditions on one or two attributes: a value, or a parity.

    Conditions that nothing passing meets come first, the widest before the others; what none
    describes is one last family of its own.

    >>> bad = [{"k": k, "s": 2} for k in (2, 4)]
    >>> [f.words for f in families(bad, [{"k": 3, "s": 2}, {"k": 5, "s": 2}])]
    ['k even']
    """
    found: list[Family] = []
    left = list(failed)
    while left:
        best = _best(left, passed)
        if best is None:
            return [*found, Family("no condition on one or two attributes separates these",
                                   len(left), len(passed), least(left))]  # fmt: skip
        words, test = best
        members = [c for c in left if _holds(test, c)]
        found.append(Family(words, len(members), 0, least(members)))
        left = [c for c in left if not _holds(test, c)]
    return found


def least(configurations: Sequence[Configuration]) -> Configuration:
    """The smallest: the least sum of its numbers, then its text."""
    return min(configurations, key=lambda c: (_weight(c), json.dumps(c, default=str)))


def _weight(value: Any) -> float:
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_weight, value))
    return abs(value) if isinstance(value, int | float) else 0


Condition = tuple[tuple[str, str, Any], ...]


def _best(
    failed: Sequence[Configuration], passed: Sequence[Configuration]
) -> tuple[str, Condition] | None:
    """The condition that no passing configuration meets and most failing ones do."""
    atoms = list(dict.fromkeys(atom for c in failed for atom in _atoms(c)))
    every = [(atom,) for atom in atoms]
    if found := _widest(every, failed, passed):
        return found
    pairs = [(a, b) for i, a in enumerate(atoms[:60]) for b in atoms[i + 1 : 60] if a[0] != b[0]]
    return _widest(pairs, failed, passed)


def _widest(
    conditions: Sequence[Condition],
    failed: Sequence[Configuration],
    passed: Sequence[Configuration],
) -> tuple[str, Condition] | None:
    exact = [c for c in conditions if not any(_holds(c, other) for other in passed)]
    if not exact:
        return None
    best = max(exact, key=lambda c: sum(_holds(c, other) for other in failed))
    return " and ".join(map(_words, best)), best


def _atoms(configuration: Configuration) -> Iterator[tuple[str, str, Any]]:
    for name, value in configuration.items():
        if type(value) is int:
            yield name, "parity", value % 2
        yield name, "value", json.dumps(value, sort_keys=True, default=str)


def _holds(condition: Condition, configuration: Configuration) -> bool:
    own = set(_atoms(configuration))
    return all(atom in own for atom in condition)


def _words(atom: tuple[str, str, Any]) -> str:
    name, kind, value = atom
    if kind == "parity":
        return f"{name} {'odd' if value else 'even'}"
    return f"{name} {value}"
