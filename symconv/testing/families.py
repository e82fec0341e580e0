"""What failing configurations have in common, as far as single attributes say it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from itertools import combinations
from typing import Any

Configuration = Mapping[str, Any]
Atom = tuple[str, str, Any]
"""A condition on one attribute: its name, ``value`` or ``parity``, and which."""

MOST_PAIRED = 60
"""Atoms that are paired with one another: 1,770 pairs, some milliseconds."""


@dataclass(frozen=True, slots=True)
class Family:
    """Failures that one condition describes: its words, how many, how many others it meets.

    ``exact`` says that nothing that passed meets the condition.  ``message`` is what the least
    member's error says; errors of one family differ in numbers alone.
    """

    words: str
    failures: int
    passed: int
    least: Configuration
    message: str = ""

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
    found = []
    for condition, rows in parts(failed, passed):
        members = _members(rows, failed)
        others = 0 if condition else len(passed)
        found.append(Family(in_words(condition), len(members), others, least(members)))
    return found


def parts(
    failed: Sequence[Configuration],
    passed: Sequence[Configuration],
    without: Collection[str] = (),
) -> Iterator[Part]:
    """The condition of each family, and which failures it takes; an empty one takes the rest.

    ``without`` are attributes whose values are no conditions, as they are names of single rows.
    """
    rows = _Rows(failed, passed, without)
    yield from rows.singles()
    yield from rows.pairs()
    if rows.left:
        yield (), rows.left


Condition = tuple[Atom, ...]
Part = tuple[Condition, int]
"""A condition, and the failures that it takes: one bit a row."""


class _Rows:
    """Which rows meet each atom, a bit a row; ``left`` are the failures not yet described."""

    def __init__(
        self,
        failed: Sequence[Configuration],
        passed: Sequence[Configuration],
        without: Collection[str],
    ) -> None:
        self._atoms = [list(atoms_of(c, without)) for c in failed]
        self._failed = _bits(self._atoms)
        self._passed = _bits(atoms_of(c, without) for c in passed)
        self.left = (1 << len(failed)) - 1

    def singles(self) -> Iterator[Part]:
        """Atoms that nothing passing meets, the widest of what is left first.

        Rows only leave: what an atom meets shrinks and its first row moves back, so that an atom
        whose key is still its own when it comes up is the best of all.
        """
        heap = [self._key(atom) for atom in self._failed if not self._passed.get(atom)]
        heapify(heap)
        while heap:
            key = self._key(heap[0][-1])
            if not key[0]:
                heappop(heap)
            elif key != heap[0]:
                heapreplace(heap, key)
            else:
                heappop(heap)
                yield self._take((key[-1],))

    def pairs(self) -> Iterator[Part]:
        """Pairs of atoms that nothing passing meets, the widest of what is left first."""
        while pair := self._widest_pair():
            yield self._take(pair)

    def _widest_pair(self) -> Condition:
        """The first of the pairs that most of what is left meets, and nothing passing; or none."""
        best: Condition = ()
        most = 0  # a pair that no failure meets describes nothing
        here = [(a, self._failed[a] & self.left, self._passed.get(a, 0)) for a in self._first()]
        sized = [(*columns, columns[1].bit_count()) for columns in here]
        for (a, in_a, past_a, n_a), (b, in_b, past_b, n_b) in combinations(sized, 2):
            if min(n_a, n_b) > most and a[0] != b[0] and not past_a & past_b:
                met = (in_a & in_b).bit_count()
                if met > most:
                    best, most = (a, b), met
        return best

    def _first(self) -> list[Atom]:
        """The first atoms of what is left, in the order of rows and attributes."""
        found: dict[Atom, None] = {}
        for row in _places(self.left):
            found.update(dict.fromkeys(self._atoms[row]))
            if len(found) >= MOST_PAIRED:
                break
        return list(found)[:MOST_PAIRED]

    def _key(self, atom: Atom) -> tuple[int, int, int, Atom]:
        """How many of what is left an atom meets, negative; its first row, and its place there."""
        rows = self._failed[atom] & self.left
        first = max(0, (rows & -rows).bit_length() - 1)  # the lowest bit that is set
        return -rows.bit_count(), first, self._atoms[first].index(atom) if rows else 0, atom

    def _take(self, condition: Condition) -> Part:
        rows = self.left
        for atom in condition:
            rows &= self._failed[atom]
        self.left &= ~rows
        return condition, rows


def _bits(rows: Iterable[Iterable[Atom]]) -> dict[Atom, int]:
    """For each atom the rows that meet it, a bit a row; atoms in the order of the rows."""
    met: dict[Atom, list[int]] = {}
    for place, atoms in enumerate(rows):
        for atom in atoms:
            met.setdefault(atom, []).append(place)
    return {atom: _as_bits(places) for atom, places in met.items()}


def _as_bits(places: Sequence[int]) -> int:
    bits = bytearray(places[-1] // 8 + 1)
    for place in places:
        bits[place // 8] |= 1 << place % 8
    return int.from_bytes(bits, "little")


def _places(bits: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    for byte, value in enumerate(bits.to_bytes(-(-bits.bit_length() // 8), "little")):
        yield from (8 * byte + place for place in range(8) if value >> place & 1)


def _members(rows: int, failed: Sequence[Configuration]) -> list[Configuration]:
    return [failed[place] for place in _places(rows)]


def least(configurations: Iterable[Configuration]) -> Configuration:
    """The smallest: the least sum of its numbers, then its text."""
    return min(configurations, key=magnitude)


def magnitude(configuration: Configuration) -> tuple[float, str]:
    """What configurations are compared by."""
    return _weight(configuration), json.dumps(configuration, default=str)


def _weight(value: Any) -> float:
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_weight, value))
    return abs(value) if isinstance(value, int | float) else 0


def atoms_of(configuration: Configuration, without: Collection[str] = ()) -> Iterator[Atom]:
    """Every condition on one attribute that a configuration meets; of some a parity alone."""
    for name, value in configuration.items():
        if type(value) is int:
            yield name, "parity", value % 2
        if name not in without:
            yield name, "value", json.dumps(value, sort_keys=True, default=str)


def in_words(condition: Condition) -> str:
    """A condition as it is told.

    >>> in_words((("k", "parity", 0), ("s", "value", "2")))
    'k even and s 2'
    """
    if not condition:
        return "no condition on one or two attributes separates these"
    return " and ".join(map(_words, condition))


def _words(atom: Atom) -> str:
    name, kind, value = atom
    if kind == "parity":
        return f"{name} {'odd' if value else 'even'}"
    return f"{name} {value}"
