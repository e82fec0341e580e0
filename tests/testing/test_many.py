"""Families of very many rows are those of all of them, though a sample alone is held."""

from __future__ import annotations

import hashlib
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from symconv.testing import many
from symconv.testing.families import atoms_of, families
from symconv.testing.many import families_of

Row = dict[str, Any]


def row(configuration: Row, verdict: str, note: str = "no") -> Row:
    text = repr(sorted(configuration.items()))
    key = hashlib.sha256(text.encode()).hexdigest()
    return {"digest": key, "configuration": configuration, "verdict": verdict, "note": note}


def told(rows: list[Row], verdict: str = "refuted") -> list[tuple[str, int, int, Row, str]]:
    found = families_of(lambda: rows, verdict)
    return [(f.words, f.failures, f.passed, dict(f.least), f.message) for f in found]


def test_few_rows_have_the_families_of_all() -> None:
    rng = random.Random(1)
    values: list[Any] = [0, 1, 2, 3, "a", [1]]
    for _ in range(200):
        rows = [
            row({name: rng.choice(values) for name in "abc"}, rng.choice(["refuted", "proved"]))
            for _ in range(rng.randrange(20))
        ]
        rows = list({one["digest"]: one for one in rows}.values())
        failed = [one["configuration"] for one in rows if one["verdict"] == "refuted"]
        passed = [one["configuration"] for one in rows if one["verdict"] == "proved"]
        expected = [(f.words, f.failures, f.passed, f.least) for f in families(failed, passed)]
        assert [found[:4] for found in told(rows)] == expected


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST_SAMPLED", 40)
    monkeypatch.setattr(many, "MOST_JOINING", 20)


@pytest.mark.usefixtures("small")
def test_counts_and_least_members_are_of_all_rows() -> None:
    rows = [
        row({"k": k, "s": s, "n": n}, "refuted" if k % 2 == 0 or s == 3 else "proved", f"{n}")
        for n in range(100)
        for k in range(1, 8)
        for s in (1, 2, 3)
    ]
    random.Random(2).shuffle(rows)
    assert told(rows) == [
        ("k even", 900, 0, {"k": 2, "s": 1, "n": 0}, "0"),
        ("s 3", 400, 0, {"k": 1, "s": 3, "n": 0}, "0"),
    ]


@pytest.mark.usefixtures("small")
def test_the_order_of_rows_does_not_matter() -> None:
    rng = random.Random(3)
    rows = [
        row({"a": n % 9, "b": n}, "refuted" if n % 9 in (2, 5) else "proved") for n in range(2000)
    ]
    first = told(rows)
    for _ in range(3):
        rng.shuffle(rows)
        assert told(rows) == first


@pytest.mark.usefixtures("small")
def test_what_is_rare_among_what_passes_refutes_a_condition() -> None:
    """In the sample every even ``k`` fails; of all, those with ``s`` 7 pass: few, but seen."""
    rows = [
        row({"k": n % 10, "s": 7 if n % 500 == 0 else n % 5, "n": n}, "proved") for n in range(4000)
    ]
    for one in rows:
        config = one["configuration"]
        if config["k"] % 2 == 0 and config["s"] != 7:
            one["verdict"] = "refuted"
    passing = [one["configuration"] for one in rows if one["verdict"] == "proved"]
    for words, failures, passed, least, _ in told(rows):
        assert failures > 0
        assert least["k"] % 2 == 0
        if not words.startswith("no condition"):
            meeting = sum(_meets(words, config) for config in passing)
            assert passed == meeting, "what passes in spite of a condition is counted, not hidden"


def _meets(words: str, config: Row) -> bool:
    atoms = {
        f"{name} {'odd' if value else 'even'}" if kind == "parity" else f"{name} {value}"
        for name, kind, value in atoms_of(config)
    }
    return set(words.split(" and ")) <= atoms


def test_messages_without_end_are_groups_with_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST_MESSAGES", 3)
    letters = [chr(97 + n // 26) + chr(97 + n % 26) for n in range(300)]
    rows = [row({"n": n}, "error", f"fault {text}") for n, text in enumerate(letters)]
    rows += [row({"n": n}, "error", f"usual {n}") for n in range(1000, 1010)]
    found = told(rows, "error")
    assert sum(failures for _, failures, *_ in found) == 310
    assert found[0][4].startswith("usual")


@pytest.mark.once
def test_twenty_thousand_rows_take_seconds_and_little_memory() -> None:
    def rows() -> Iterator[Row]:
        for n in range(20_000):
            config = {"k": n % 13, "s": n % 4, "p": n % 7, "n": n}
            bad = config["k"] % 2 == 0 and config["s"] > 1
            yield {
                "digest": hashlib.sha256(str(n).encode()).hexdigest(),
                "configuration": config,
                "verdict": "refuted" if bad else "proved",
                "note": "no",
            }

    walked: Callable[[], Iterator[Row]] = rows
    start = time.process_time()
    found = families_of(walked, "refuted")
    assert time.process_time() - start < 20
    assert sum(f.failures for f in found) == sum(row["verdict"] == "refuted" for row in rows())
    assert {family.words for family in found} == {"k even and s 2", "k even and s 3"}
    tracemalloc.start()
    families_of(walked, "refuted")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * 2**20
