"""Sweeps: verdicts against torch, families of failures, many processes, stopped and resumed."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.errors import InputError
from symconv.testing import Family, Sweep, families, sweep
from symconv.testing.families import MOST_PAIRED
from tests.helpers.rewriters import grid, pads_behind
from tests.helpers.torch_claims import agree


def test_every_verdict_is_torchs() -> None:
    rows = sweep(pads_behind, grid(240), jobs=1).rows
    assert {row["verdict"] for row in rows} == {"proved", "refuted"}
    for row in rows:
        claimed = pads_behind(row["configuration"])
        assert claimed is not None
        assert agree(claimed) == (row["verdict"] == "proved"), row


def test_many_processes_say_the_same() -> None:
    one, two = (sweep(pads_behind, grid(200), jobs=jobs) for jobs in (1, 2))
    assert one.counts == two.counts
    assert {r["digest"]: r["verdict"] for r in one.rows} == {
        r["digest"]: r["verdict"] for r in two.rows
    }


def test_failures_are_grouped_and_the_least_is_named() -> None:
    wanted = [{"k": k, "s": 2, "p": p, "n": n} for k in (3, 5) for p in (0, 1, 2) for n in (8, 9)]
    found = sweep(pads_behind, wanted, jobs=1)
    (family,) = found.families()
    assert family.words == "p odd"
    assert family.least == {"k": 3, "s": 2, "p": 1, "n": 8}
    assert "4 with p odd" in found.summary()
    assert "left has" in found.summary()


def test_what_declines_and_what_raises() -> None:
    wanted = [{"k": 13, "s": 2, "p": 0, "n": 20}, {"k": 9, "s": 1, "p": 0, "n": 4}]
    found = sweep(pads_behind, wanted, jobs=1)
    assert found.counts == {"declined": 1, "error": 1}
    assert "no kernel of 13" in found.summary()


def test_a_claim_may_hold_what_json_does_not() -> None:
    def scaled(config: Any) -> Any:
        steps = [{"op": "scale", "factor": Fraction(1, config["by"])}]
        right = [{"op": "scale", "factor": "1/3"}]
        return {"input": {"channels": 1, "size": [config["n"]]}, "left": steps, "right": right}

    wanted = [{"n": 4, "by": 3}, {"n": 5, "by": 2}]
    assert sweep(scaled, wanted, jobs=1).counts == {"proved": 1, "refuted": 1}


def test_what_a_claim_may_not_hold_is_said_by_its_reader() -> None:
    def sized(_: Any) -> Any:
        return {"input": {"channels": 1, "size": [np.int64(4)]}, "left": [], "right": []}

    (row,) = sweep(sized, [{"n": 4}], jobs=1).rows
    assert "must be integers of at least 1" in row["note"]


def test_a_sweep_resumes_after_a_cut(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    sweep(pads_behind, grid(20), jobs=1, results=path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:10]) + "\n" + lines[10][:25])
    calls: list[Any] = []

    def counted(config: Any) -> Any:
        calls.append(config)
        return pads_behind(config)

    again = sweep(counted, grid(20), jobs=1, results=path)
    assert len(calls) == 10
    assert len(again.rows) == 20
    assert (
        len({json.loads(r)["digest"] for r in path.read_text().splitlines() if r[-1] == "}"}) == 20
    )


def test_a_file_of_something_else_is_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"k": 3}\n')
    with pytest.raises(InputError, match=r"line 1 of .* is not a result of symconv"):
        sweep(pads_behind, grid(3), jobs=1, results=path)
    assert path.read_text() == '{"k": 3}\n'


def sleeps_at_times(config: Any) -> Any:
    if config["p"] == 3 and config["k"] == 2:
        time.sleep(600)
    return pads_behind(config)


def test_one_that_goes_on_for_ever_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symconv.batch.executor.GRACE", 0.5)
    found = sweep(sleeps_at_times, grid(80), jobs=2, seconds=0.5)
    slow = [row for row in found.rows if row["verdict"] == "undecided"]
    assert [(row["configuration"]["k"], row["configuration"]["p"]) for row in slow] == [(2, 3)] * 4
    assert "far beyond its 0.5 s" in slow[0]["note"]
    assert len(found.rows) == 80


def test_ctrl_c_keeps_what_was_settled(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"

    def stopped(config: Any) -> Any:
        if config["p"] == 3:
            raise KeyboardInterrupt
        return pads_behind(config)

    found = sweep(stopped, grid(20), jobs=1, results=path)
    assert found.interrupted
    assert len(found.rows) == len(path.read_text().splitlines()) == 3
    assert "interrupted" in found.summary()


def test_a_rewriter_that_cannot_travel_runs_in_one_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = sweep(lambda config: {**(pads_behind(config) or {})}, grid(40), jobs=2)
    assert isinstance(found, Sweep)
    assert len(found.rows) == 40
    assert "one is used" in capsys.readouterr().err


def test_what_no_attribute_separates_is_said() -> None:
    (family,) = families([{"a": 1}], [{"a": 1}])
    assert family.words.startswith("no condition")
    assert not family.exact


Row = dict[str, Any]
Atom = tuple[str, str]


def atoms(row: Row) -> Iterator[Atom]:
    """Conditions that a row meets, in their order, as the words for them."""
    for name, value in row.items():
        if type(value) is int:
            yield name, f"{name} {'odd' if value % 2 else 'even'}"
        yield name, f"{name} {json.dumps(value)}"


def by_trying(failed: list[Row], passed: list[Row]) -> list[tuple[str, list[Row]]]:
    """The families by trying every condition on every row, again for each family."""
    found: list[tuple[str, list[Row]]] = []
    left = failed
    while left:
        every = list(dict.fromkeys(atom for row in left for atom in atoms(row)))
        singles: list[tuple[Atom, ...]] = [(atom,) for atom in every]
        pairs = [p for p in combinations(every[:MOST_PAIRED], 2) if p[0][0] != p[1][0]]
        for conditions in (singles, list[tuple[Atom, ...]](pairs)):
            exact = [c for c in conditions if not any(set(c) <= set(atoms(row)) for row in passed)]
            met = [sum(set(c) <= set(atoms(row)) for row in left) for c in exact]
            if any(met):
                best = exact[met.index(max(met))]
                break
        else:
            return [*found, ("no condition", left)]
        found.append(
            (
                " and ".join(words for _, words in best),
                [row for row in left if set(best) <= set(atoms(row))],
            )
        )
        left = [row for row in left if not set(best) <= set(atoms(row))]
    return found


def random_rows(rng: random.Random, most: int) -> list[Row]:
    values: list[Any] = [0, 1, 2, 3, "a", "b", [1, 2], True]
    return [
        {name: rng.choice(values) for name in "abcd"[: rng.randint(0, 4)]}
        for _ in range(rng.randint(0, most))
    ]


def test_families_are_those_found_by_trying() -> None:
    rng = random.Random(3)
    for _ in range(400):
        failed, passed = random_rows(rng, 12), random_rows(rng, 9)
        found = families(failed, passed)
        expected = by_trying(failed, passed)
        assert len(found) == len(expected)
        for family, (words, rows) in zip(found, expected, strict=True):
            assert family.words.startswith(words)
            assert (family.failures, family.least in rows) == (len(rows), True)
            assert family.exact == (not words.startswith("no condition") or not passed)


@pytest.mark.parametrize(
    ("failed", "passed", "words"),
    [
        ([], [], []),
        ([], [{"a": 1}], []),
        ([{}], [], ["no"]),
        ([{}], [{}], ["no"]),
        ([{"a": 1}], [], ["a odd"]),
        ([{}, {"a": 1}], [{}], ["a odd", "no"]),
        # Every pair of conditions that nothing passing meets is met by no failure either.
        ([{"a": 1, "b": 1}, {"a": 2, "b": 2}], [{"a": 1, "b": 1}, {"a": 2, "b": 2}], ["no"]),
    ],
)
def test_families_where_there_is_nothing_to_say(
    failed: list[Row], passed: list[Row], words: list[str]
) -> None:
    found = families(failed, passed)
    assert len(found) == len(words)
    assert all(f.words.startswith(word) for f, word in zip(found, words, strict=True))


@pytest.mark.once
@pytest.mark.parametrize("most", [9, 10**6])
def test_families_of_ten_thousand_rows_take_seconds(most: int) -> None:
    rng = random.Random(1)
    rows = [{name: rng.randint(0, most) for name in "abcdef"} for _ in range(10_000)]
    start = time.process_time()
    found = families(rows[::2], rows[1::2])
    assert time.process_time() - start < 20
    assert sum(family.failures for family in found) == 5_000


def of_kernel(config: Row) -> Row:
    if config["k"] > 6:
        raise ValueError(f"no kernel of {config['k']}")
    if config["n"] % 2:
        raise KeyError("odd")
    return {"input": {"channels": 1, "size": [config["n"]]}, "left": [], "right": []}


def test_errors_are_grouped_by_their_message() -> None:
    found = sweep(of_kernel, [{"k": k, "n": n} for k in range(1, 10) for n in (4, 5, 6)], jobs=1)
    errors = found.families("error")
    assert [(e.words, e.failures, e.message) for e in errors] == [
        ("k 7", 3, "ValueError('no kernel of 7')"),
        ("k 8", 3, "ValueError('no kernel of 8')"),
        ("k 9", 3, "ValueError('no kernel of 9')"),
        ("n odd", 6, "KeyError('odd')"),
    ]
    assert isinstance(errors[0], Family)
    assert "error: 6 with n odd" in found.summary()
    assert "KeyError('odd')" in found.summary()


def test_many_may_write_to_the_null_device() -> None:
    """One sweep within another, both of which write to it."""
    ran = []

    def meanwhile(config: Any) -> Any:
        sweep(of_kernel, [config], jobs=1, results=os.devnull)
        ran.append(config)
        return of_kernel(config)

    configurations = [{"k": 1, "n": 4}, {"k": 2, "n": 4}]  # the file is open from the second on
    sweep(meanwhile, configurations, jobs=1, results=os.devnull)
    assert ran == configurations
