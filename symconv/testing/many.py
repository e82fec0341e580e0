"""Families of very many rows, which are walked and never held.

What failures have in common is sought in a sample of them, beside a sample of what passed; then all
rows are walked, to count who meets each condition and to find the least.  Where something passes
that should not, or fails unforeseen, some of it joins the sample, and all is done again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from symconv.testing.families import (
    Atom,
    Condition,
    Configuration,
    Family,
    atoms_of,
    in_words,
    magnitude,
    parts,
)

Row = Mapping[str, Any]
Rows = Callable[[], Iterable[Row]]
"""The rows, from the first one again at every call."""

MOST_SAMPLED = 3_000
"""Rows of a sample: half a second to find the families of as many failures."""

MOST_JOINING = 500
"""Rows that join a sample after a walk."""

FEW = 30
"""Up to so many failures a value may belong to one alone, and be told."""

WALKS = 3
"""How often all rows are walked with better conditions; a hundred thousand take some seconds."""

MOST_MESSAGES = 30
"""Messages that are told apart; the rows of all others are one group."""


@dataclass(slots=True)
class Sample:
    """So many rows at most, those of the smallest digests: the same ones in whatever order."""

    most: int
    rows: dict[str, Configuration] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take a row, if there is room or a row of a larger digest to give up."""
        self.rows[row["digest"]] = configuration_of(row)
        if len(self.rows) > 2 * self.most:
            self._cut()

    def join(self, others: Sample) -> bool:
        """Take rows of another sample, beyond the most; whether there were new ones."""
        others.settle()
        new = others.rows.keys() - self.rows.keys()
        self.rows.update((digest, others.rows[digest]) for digest in sorted(new))
        self.most += len(new)
        return bool(new)

    def settle(self) -> list[Configuration]:
        """The rows of the sample."""
        if len(self.rows) > self.most:
            self._cut()
        return list(self.rows.values())

    def _cut(self) -> None:
        self.rows = dict(sorted(self.rows.items())[: self.most])


def configuration_of(row: Row) -> Configuration:
    """A row's configuration; an empty one where it had none that could be read."""
    found = row.get("configuration")
    return found if isinstance(found, Mapping) else {}


def families_of(rows: Rows, verdict: str) -> list[Family]:
    """What the rows of a verdict have in common, against those proved.

    Errors are grouped by their message first, the most frequent before the others; messages
    that differ in numbers alone are one.

    >>> of = [{"digest": str(n), "verdict": "refuted" if n % 2 else "proved", "note": "no",
    ...        "configuration": {"n": n}} for n in range(10_000)]
    >>> [(f.words, f.failures, f.least) for f in families_of(lambda: of, "refuted")]
    [('n odd', 5000, {'n': 1})]
    """
    groups = _groups(rows, verdict)
    passed = Sample(MOST_SAMPLED)
    for row in rows():
        if row["verdict"] == "proved":
            passed.add(row)
        elif row["verdict"] == verdict:
            groups.of(row).sample.add(row)
    for walk in range(WALKS):
        for group in groups:
            group.seek(passed.settle())
        if not _walk(rows, verdict, groups, passed) or walk == WALKS - 1:
            break
    return [family for group in groups for family in group.families()]


class _Groups:
    """The groups of rows of one verdict, by their messages; the last one takes all others."""

    def __init__(self, messages: Sequence[str], message: Callable[[Row], str]) -> None:
        self._message = message
        self._groups = {text: _Group() for text in messages}
        self._others = _Group()

    def of(self, row: Row) -> _Group:
        """The group of a row."""
        return self._groups.get(self._message(row), self._others)

    def __iter__(self) -> Iterator[_Group]:
        return iter((*self._groups.values(), self._others))


def _groups(rows: Rows, verdict: str) -> _Groups:
    message = pattern_of if verdict == "error" else _alike
    counts = _counted(message(row) for row in rows() if row["verdict"] == verdict)
    most = sorted(counts, key=lambda text: counts[text], reverse=True)
    return _Groups(most[:MOST_MESSAGES], message)


def pattern_of(row: Row) -> str:
    """A row's message without its numbers."""
    return re.sub(r"\d+", "#", str(row["note"]))


def _alike(_: Row) -> str:
    return ""


def _counted(texts: Iterator[str]) -> dict[str, int]:
    """How often each text comes; of very many different ones the later are not counted."""
    counts: dict[str, int] = {}
    for text in texts:
        if text in counts or len(counts) < MOST_SAMPLED:
            counts[text] = counts.get(text, 0) + 1
    return counts


def _walk(rows: Rows, verdict: str, groups: _Groups, passed: Sample) -> bool:
    """Hold all rows against the conditions; whether some joined the samples."""
    joining = Sample(MOST_JOINING)
    for row in rows():
        if row["verdict"] == verdict:
            groups.of(row).take(row)
        elif row["verdict"] == "proved":
            atoms = list(atoms_of(configuration_of(row)))
            met = [group.meets(atoms) for group in groups]
            if any(met):
                joining.add(row)
    joined = [group.join() for group in groups]
    return passed.join(joining) or any(joined)


@dataclass(slots=True)
class _Taken:
    """What a walk found of one condition: who meets it, and the least failure that does."""

    failures: int = 0
    passed: int = 0
    least: Configuration = field(default_factory=dict)
    size: tuple[float, str] = (inf, "")
    message: str = ""

    def take(self, row: Row) -> None:
        """Count a failure."""
        configuration = configuration_of(row)
        size = magnitude(configuration)
        self.failures += 1
        if size < self.size:
            self.least, self.size, self.message = configuration, size, str(row["note"])


def _naming(failed: Sequence[Configuration]) -> set[str]:
    """Attributes that are different in most of many failures: they name rows, and group none."""
    values: dict[str, set[str]] = {}
    for configuration in failed:
        for name, kind, value in atoms_of(configuration):
            if kind == "value":
                values.setdefault(name, set()).add(value)
    many = len(failed) >= FEW
    return {name for name, different in values.items() if many and 2 * len(different) > len(failed)}


class _Group:
    """Failures that are told apart from what passed: a sample of them, and conditions."""

    def __init__(self) -> None:
        self.sample = Sample(MOST_SAMPLED)
        self._unforeseen = Sample(MOST_JOINING)
        self._taken: dict[Condition, _Taken] = {}
        self._first: dict[Atom, list[tuple[int, Condition]]] = {}
        self._passed = 0

    def seek(self, passed: Sequence[Configuration]) -> None:
        """Find the conditions that tell the sample apart, and forget what was counted before."""
        failed = self.sample.settle()
        found = parts(failed, passed, _naming(failed))
        conditions = [condition for condition, _ in found if condition]
        self._taken = {condition: _Taken() for condition in (*conditions, ())}
        self._first, self._passed = {}, 0
        for place, condition in enumerate(conditions):
            self._first.setdefault(condition[0], []).append((place, condition))

    def take(self, row: Row) -> None:
        """Count a failure, at the first condition that it meets."""
        met = self._met(list(atoms_of(configuration_of(row))))
        condition: Condition = min(met)[1] if met else ()
        self._taken[condition].take(row)
        if not condition:
            self._unforeseen.add(row)

    def meets(self, atoms: Sequence[Atom]) -> bool:
        """Count what passed; whether it meets a condition, which it should not."""
        met = self._met(atoms)
        self._passed += 1
        for _, condition in met:
            self._taken[condition].passed += 1
        return bool(met)

    def _met(self, atoms: Sequence[Atom]) -> list[tuple[int, Condition]]:
        found = (at for atom in atoms for at in self._first.get(atom, ()))
        return [at for at in found if all(atom in atoms for atom in at[1])]

    def join(self) -> bool:
        """Have failures that no condition foresaw join the sample; whether there were any."""
        unforeseen, self._unforeseen = self._unforeseen, Sample(MOST_JOINING)
        return self.sample.join(unforeseen)

    def families(self) -> Iterator[Family]:
        """The families, as they were counted last."""
        for condition, taken in self._taken.items():
            if taken.failures:
                passed = taken.passed if condition else self._passed
                words = in_words(condition)
                yield Family(words, taken.failures, passed, taken.least, taken.message)
