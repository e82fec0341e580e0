"""The walk: every reader of claims is asked of every case, and none may say what is wrong.

A reader may leave a case undecided; how often each does is pinned, so that it cannot grow unseen.
What takes long (`is_slow`) is left to ``make catalogue``, which walks the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from zlib import crc32

import pytest

from symconv.claim.verdict import Certificate
from symconv.prove.engine import Finding, Question
from symconv.recheck.claims import read_claim
from symconv.recheck.everywhere import is_plain
from tests.catalogue.cases import CASES, Case
from tests.catalogue.readers import ENGINES, READERS, Reader, by_engine, says

OPEN = {
    "decide": {
        "once: a kernel of negative constants under a maximum, size 4",
        "once: a kernel of negative constants under a maximum, size N",
        "steps: kernels of 17 and 19 ones swapped",
    },
    "recheck": {"once: sizes that no table holds"},
    "z3 at sizes": {
        "once: a kernel of negative constants under a maximum, size 4",
        "steps: a kernel of 19 ones lost beside one of 17",
        "steps: kernels of 17 and 19 ones swapped",
    },
}
"""All that these leave undecided, but for z3, which reads neither functions nor both monoids."""

MOST: dict[str, tuple[int, int]] = {
    "tables": (1, 243),
    "sets": (57, 9),
    "squares": (47, 241),
}
"""How many cases an engine leaves undecided, and how many it cannot be asked, at most."""

MOST_SLOW: dict[str, tuple[int, int]] = {"repair": (75, 213), "z3": (14, 181)}
"""The same of readers that take long."""

LARGE = 19_000
"""Entries of an input from which NumPy's exact objects take seconds."""

HUGE = 1_000_000
"""Entries of an input from which torch and the rechecker do."""

A_MINUTE = {"once: a pad that may be negative without end"}
"""Cases on which z3 spends all the time that it has."""

SAMPLE = 4
"""Of so many cases the nearest repair of one is sought in every run."""


def is_slow(name: str, case: Case) -> bool:
    """Whether a reader's word of a case is left to the long walk."""
    if name == "repair":
        return crc32(case.name.encode()) % SAMPLE > 0
    if name == "z3" and case.name in A_MINUTE:
        return True
    if name == "z3 at sizes":
        return True  # its paths of many channels take seconds
    return case.volume > (LARGE if name == "replay" else HUGE)


def wrong(case: Case, names: list[str], readers: Mapping[str, Reader] = READERS) -> list[str]:
    """What the readers say of a case and should not."""
    words = {name: says(name, case, readers) for name in names}
    return [
        f"{name} says {word!r}, and {case.stated!r} is stated"
        for name, word in words.items()
        if word not in _allowed(name, case)
    ]


def _allowed(name: str, case: Case) -> set[str]:
    return {case.stated, "cannot"} | ({"undecided"} if _is_open(name, case) else set())


def _is_open(name: str, case: Case) -> bool:
    """Whether a reader may leave a case undecided."""
    if name == "z3 at sizes" and not is_plain(read_claim(case.text)):
        return True
    return name not in OPEN or case.name in OPEN[name]


def counted(name: str, readers: Mapping[str, Reader] = READERS) -> tuple[int, int]:
    """How many cases a reader leaves undecided, and how many it cannot be asked."""
    words = [says(name, case, readers) for case in CASES]
    return words.count("undecided"), words.count("cannot")


def is_more(found: tuple[int, int], most: tuple[int, int]) -> bool:
    """Whether a reader says less than it did."""
    return any(one > other for one, other in zip(found, most, strict=True))


EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@EVERY
def test_no_reader_is_wrong(case: Case) -> None:
    assert wrong(case, [name for name in READERS if not is_slow(name, case)]) == []


@pytest.mark.slow
@EVERY
def test_no_slow_reader_is_wrong(case: Case) -> None:
    assert wrong(case, [name for name in READERS if is_slow(name, case)]) == []


@pytest.mark.parametrize("name", MOST)
def test_an_engine_decides_what_it_did(name: str) -> None:
    assert not is_more(counted(name), MOST[name]), counted(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", MOST_SLOW)
def test_a_slow_reader_decides_what_it_did(name: str) -> None:
    assert not is_more(counted(name), MOST_SLOW[name]), counted(name)


def test_the_catalogue_holds_true_and_false_claims_each_named_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 350
    assert set(ENGINES) == {*MOST, *MOST_SLOW} - {"repair"}
    formed = [case for case in CASES if case.stated != "error"]
    assert len({(case.stated, bool(case.claim.names)) for case in formed}) == 4
    assert all(case.source for case in CASES if not case.name.startswith("shared"))
    listed = {name for names in OPEN.values() for name in names}
    assert listed <= {case.name for case in CASES}


class Credulous:
    """An engine that proves whatever it is asked."""

    decides = True
    by_name = False
    also: ClassVar[Mapping[str, tuple[str, str]]] = {}
    name, how, trust = "credulous", "It believes.", "Everything."

    def can(self, question: Question) -> str | None:
        return None

    def cost(self, question: Question) -> float:
        return 0.0

    def decide(self, question: Question) -> Finding:
        return Finding(Certificate(question.claim, (), (), 0.0))


def test_an_engine_that_proves_everything_is_found() -> None:
    readers = {"credulous": lambda case: by_engine(Credulous(), case)}
    found = [case for case in CASES if wrong(case, ["credulous"], readers)]
    assert [case.stated for case in found] == [c.stated for c in CASES if c.stated != "proved"]


def test_an_engine_that_gives_up_is_found() -> None:
    silent: Mapping[str, Reader] = {name: lambda case: "undecided" for name in READERS}
    unable: Mapping[str, Reader] = {name: lambda case: "cannot" for name in READERS}
    for name, most in MOST.items():
        assert is_more(counted(name, silent), most)
        assert is_more(counted(name, unable), most)
    assert sum(bool(wrong(case, ["decide"], silent)) for case in CASES) > len(CASES) - 10


@pytest.mark.parametrize("stated", ["proved", "refuted"])
def test_a_case_that_is_stated_wrongly_is_found_by_all_that_can(stated: str) -> None:
    """Of each kind of reader that speaks of both; repairs and rechecks follow the verdict."""
    case = next(c for c in CASES if c.stated == stated and c.name.startswith("tosa"))
    other = {"proved": "refuted", "refuted": "proved"}[stated]
    names = ["tables", "decide", "evaluation", "dictionaries", "torch", "z3 at sizes"]
    assert len(wrong(replace(case, stated=other), names)) == len(names)


def test_another_least_size_is_found() -> None:
    case = next(c for c in CASES if c.least == {"N": 2} and len(c.claim.names) == 1)
    assert wrong(case, ["sets", "decide", "torch"]) == []
    assert len(wrong(replace(case, least={"N": 3}), ["sets", "decide", "torch"])) == 3
