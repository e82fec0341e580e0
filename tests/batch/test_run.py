"""Batches: every item has its row, whatever becomes of others, of workers, and of the batch."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from symconv.batch import executor, processes, worker
from symconv.batch.executor import Here
from symconv.batch.items import Item, Row
from symconv.batch.processes import Processes
from symconv.batch.progress import Progress
from symconv.batch.run import run
from symconv.batch.store import Results
from symconv.errors import InputError, InternalError
from tests.helpers.batches import Obeying, lines_of, orders, rows_in, run_orders

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "GRACE", 0.0)


def numbers(many: int) -> list[Any]:
    return [{"n": n} for n in range(many)]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_item_has_one_row(jobs: int, tmp_path: Path) -> None:
    tally, rows = run_orders(numbers(300), Processes(jobs), tmp_path / "out.jsonl")
    assert [row["index"] for row in rows] == list(range(300))
    assert (tally.counts, tally.total, tally.interrupted) == ({"proved": 300}, 300, False)
    pids = {row["pid"] for row in rows}
    assert os.getpid() not in pids
    assert len(pids) <= jobs


def test_a_worker_that_dies_costs_the_item_that_it_had(tmp_path: Path) -> None:
    many = numbers(200)
    many[40], many[41], many[150] = {"kill": 1}, {"exit": 3}, {"kill": 1}
    tally, rows = run_orders(many, Processes(2), tmp_path / "out.jsonl")
    assert tally.counts == {"proved": 197, "undecided": 2, "error": 1}
    assert [row["index"] for row in rows] == list(range(200))
    assert [rows[n]["verdict"] for n in (40, 41, 150)] == ["undecided", "error", "undecided"]
    assert "killed" in rows[40]["why"]
    assert "exit status 3" in rows[41]["why"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("executor", [Here(), Processes(2)])
@pytest.mark.parametrize("how", ["return", "raise"])
def test_a_copy_of_a_worker_answers_nothing(how: str, executor: Any, tmp_path: Path) -> None:
    many = numbers(100)
    for place in range(3, 100, 7):
        many[place] = {"fork": how}
    tally, rows = run_orders(many, executor, tmp_path / "out.jsonl")
    assert tally.counts == {"proved": 100}
    assert [row["index"] for row in rows] == list(range(100))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_worker_that_dies_is_seen_though_its_copy_lives(tmp_path: Path) -> None:
    many = numbers(40)
    many[3] = {"fork": "stay", "exit": 3}
    start = time.monotonic()
    tally, rows = run_orders(many, Processes(2), tmp_path / "out.jsonl")
    assert time.monotonic() - start < 15
    assert tally.counts == {"proved": 39, "error": 1}
    assert "exit status 3" in rows[3]["why"]


def test_the_line_of_another_item_is_not_taken(tmp_path: Path) -> None:
    class Shifted(Obeying):
        def row(self, item: Item) -> Row:
            object.__setattr__(item, "index", item.index + (item.index == 20))
            return super().row(item)

    items, results = orders(numbers(40)), Results(tmp_path / "out.jsonl", {}, resume=False)
    with pytest.raises(InternalError, match=r"sent the items \[20\], and answers \[21\]"):
        run(items, Shifted(), Processes(1), results, Progress(lambda: None, quiet=True))


def test_an_item_that_hangs_is_undecided_and_the_others_go_on(tmp_path: Path) -> None:
    many = numbers(100)
    many[5] = many[60] = {"sleep": 600}
    start = time.monotonic()
    tally, rows = run_orders(many, Processes(2), tmp_path / "out.jsonl", seconds=0.2)
    assert time.monotonic() - start < 30
    assert tally.counts == {"proved": 98, "undecided": 2}
    assert "far beyond its 0.2 s" in rows[5]["why"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_that_was_asked_to_end_is_no_fault_of_its_item(
    number: signal.Signals, tmp_path: Path
) -> None:
    many = numbers(40)
    many[3] = {"signal": int(number), "once": str(tmp_path / "once")}
    tally, rows = run_orders(many, Processes(2), tmp_path / "out.jsonl")
    assert tally.counts == {"proved": 40}
    assert len({row["index"] for row in rows}) == len(rows) == 40


def test_an_item_that_asks_its_worker_to_end_twice_says_so(tmp_path: Path) -> None:
    many = numbers(40)
    many[3] = {"signal": int(signal.SIGTERM), "once": ""}
    tally, rows = run_orders(many, Processes(2), tmp_path / "out.jsonl")
    assert tally.counts == {"proved": 39, "error": 1}
    assert rows[3]["why"] == "its worker process ended by signal 15"


@pytest.mark.parametrize(
    ("passed", "worked", "missed"),
    [(1.0, 0.0, 0.0), (1.9, 0.0, 0.0), (9.0, 0.0, 8.0), (9.0, 7.5, 0)],
)
def test_what_is_missed_is_neither_waited_nor_worked(
    passed: float, worked: float, missed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "monotonic", iter((100.0, 100.0 + passed)).__next__)
    monkeypatch.setattr(executor, "process_time", iter((5.0, 5.0 + worked)).__next__)
    assert executor.Looks().missed(1.0) == missed


STOPPED = """
import json, sys
from pathlib import Path
from symconv.batch import executor
from symconv.batch.processes import Processes
from tests.helpers.batches import run_orders
executor.GRACE = 0.0
run_orders(json.loads(sys.argv[2]), Processes(2), Path(sys.argv[1]), seconds=2.0)
"""


@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="nothing is stopped by a signal")
def test_time_for_which_a_batch_was_stopped_is_not_its_items(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    many = [{"n": 0}, {"spin": 0.7, "within": 6.0}]
    words = [sys.executable, "-c", STOPPED, str(path), json.dumps(many)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, env=env, cwd=ROOT, start_new_session=True) as batch:
        until = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        os.killpg(batch.pid, signal.SIGSTOP)
        time.sleep(8)
        os.killpg(batch.pid, signal.SIGCONT)
        assert batch.wait(timeout=60) == 0
    assert [row["verdict"] for row in rows_in(path)] == ["proved", "proved"]


def test_what_has_grown_is_replaced_between_two_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_GROWN", 20 * 2**20)
    many = [{"grow": 2**20} for _ in range(4 * processes.CHUNK)]
    tally, rows = run_orders(many, Processes(1), tmp_path / "out.jsonl")
    assert tally.counts == {"proved": len(many)}
    assert len({row["pid"] for row in rows}) >= 2  # some of it is memory that the parent had freed


def test_nothing_is_read_far_ahead(tmp_path: Path) -> None:
    path, read = tmp_path / "out.jsonl", []

    def watched() -> Any:
        for n in range(2000):
            read.append(n - len(path.read_bytes().splitlines()) if path.exists() else n)
            yield {"n": n}

    run_orders(watched(), Processes(2), path)
    assert max(read) <= 3 * processes.CHUNK


def test_ctrl_c_leaves_whole_rows_that_are_resumed(tmp_path: Path) -> None:
    path, plain = tmp_path / "out.jsonl", numbers(200)
    plain[100] = plain[3]  # one that comes twice
    stopped = [*plain]
    stopped[120] = {"interrupt": 1}
    tally, rows = run_orders(stopped, Processes(2), path)
    assert tally.interrupted
    assert 0 < len(rows) < 200
    before = {row["index"] for row in rows}
    again, rows = run_orders(plain, Processes(2), path, resume=True)
    assert again.resumed == len(before - {120})
    assert [row["index"] for row in rows if row["digest"] != _of_interrupt(path)] == [*range(200)]


def _of_interrupt(path: Path) -> str:
    """The digest of the item that only the interrupted input held, where it was answered."""
    import hashlib

    return hashlib.sha256(json.dumps({"interrupt": 1}).encode()).hexdigest()


@pytest.mark.parametrize("seed", range(8))
def test_a_file_that_is_cut_anywhere_is_made_whole(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    many = [{"n": rng.randrange(30)} for _ in range(60)]
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    run_orders(many, Here(), whole)
    data = whole.read_bytes()
    cut.write_bytes(data[: rng.randrange(len(data) + 1)])
    tally, _ = run_orders(many, Here(), cut, resume=True)
    assert lines_of(cut) == lines_of(whole)
    assert tally.total == 60
    tally, _ = run_orders(many, Here(), cut, resume=True)
    assert (tally.resumed, tally.leftover) == (60, 0)


def test_without_resume_a_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    run_orders(numbers(9), Here(), path)
    assert len(run_orders(numbers(3), Here(), path)[1]) == 3


def test_rows_of_no_item_are_counted_apart(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    run_orders(numbers(9), Here(), path)
    tally, rows = run_orders([{"n": 0}, {"n": 7}], Here(), path, resume=True)
    assert (tally.total, tally.resumed, tally.leftover) == (2, 1, 8)
    assert len(rows) == 10


@pytest.mark.parametrize(
    "text", ["[1]\n", "not a row\n", '{"verdict": "proved"}\n', '{"verdict": "x", "digest": ""}\n']
)
def test_a_file_of_something_else_is_neither_resumed_nor_touched(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=r"line 1 of .*mine.jsonl is not a result of symconv"):
        run_orders(numbers(2), Here(), path, resume=True)
    assert path.read_text() == text


def test_results_of_other_options_are_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    run_orders(numbers(2), Here(), path)
    with pytest.raises(InputError, match=r"holds results of \{\}, asked is"):
        Results(path, {"all_sizes": True}, resume=True).settled()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
@pytest.mark.parametrize("resume", [False, True])
def test_two_runs_do_not_write_to_one_file(resume: bool, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    run_orders(numbers(9), Here(), path)
    first = Results(path, {}, resume=True)
    first.settled()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another run is writing to"):
        run_orders(numbers(12), Processes(2), path, resume=resume)
    assert path.read_bytes() == before
    first.close()
    assert len(run_orders(numbers(12), Processes(2), path, resume=resume)[1]) == 12


def test_a_result_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    from symconv.batch.settled import settled

    class Silent(Obeying):
        def row(self, item: Item) -> Row:
            return {**super().row(item), "what": object()}

    found = settled(Silent(), Item(0, "x", b"{}"))
    assert found.verdict == "error"
    assert "cannot be written" in json.loads(found.line)["why"]


ENDLESS = """
import itertools, sys
from pathlib import Path
from symconv.batch.processes import Processes
from tests.helpers.batches import run_orders
run_orders(({"n": n, "sleep": 0.001} for n in itertools.count()), Processes(2), Path(sys.argv[1]))
"""


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="workers end with their parent on Linux alone")
def test_a_batch_that_is_killed_leaves_no_worker_behind(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", ENDLESS, str(path)], env=env, cwd=ROOT) as batch:
        until = time.monotonic() + 60
        while not (path.exists() and path.stat().st_size > 20_000):
            assert time.monotonic() < until
            time.sleep(0.02)
        batch.kill()
    data = path.read_bytes()
    path.write_bytes(data[: data.rfind(b"\n") + 1])
    pids = {row["pid"] for row in rows_in(path)}
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.05)
