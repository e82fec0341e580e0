"""A cluster of Dask: the same rows as processes make, with workers that die in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symconv.batch.cluster import Cluster
from symconv.batch.executor import Here
from symconv.errors import InputError, MissingTool
from tests.helpers.batches import lines_of, run_orders
from tests.helpers.measured import command, environment
from tests.helpers.requirements import require

dask, distributed = require("dask"), require("distributed")
pytestmark = pytest.mark.once

MINE = """
from helper_of_mine import doubled

def rewrite(config):
    if config["n"] % 50 == 13:
        return None
    steps = [{"op": "flip", "axes": [1]}] * doubled(config["n"] % 7 != 0)
    return {"input": {"channels": 1, "size": [config["n"] + 2]}, "left": steps, "right": []}
"""
HELPER = """
import time

def doubled(twice):
    time.sleep(0.002)
    return 2 if twice else 1
"""


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A scheduler on this machine, and two worker processes with nannies."""
    folder = tmp_path_factory.mktemp("dask")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            local_directory=str(folder),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        yield client


def address(client: Any) -> str:
    return str(client.scheduler.address)


def test_nothing_is_lost_and_nothing_twice_where_a_worker_is_killed(
    two_workers: Any, tmp_path: Path
) -> None:
    (tmp_path / "mine_to_send.py").write_text(MINE)
    (tmp_path / "helper_of_mine.py").write_text(HELPER)
    (tmp_path / "x.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(2000)))
    whole, target = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    words = ["sweep", "mine_to_send:rewrite", "x.jsonl", "-o"]
    one = subprocess.run(
        command(*words, str(whole)), cwd=tmp_path, env=environment(), timeout=300, check=False
    )
    remote = ["--executor", "dask", "--scheduler", address(two_workers)]
    with subprocess.Popen(
        command(*words, str(target), *remote), cwd=tmp_path, env=environment()
    ) as batch:
        until = time.monotonic() + 120
        while not (target.exists() and target.read_bytes().count(b"\n") > 200):
            assert time.monotonic() < until
            time.sleep(0.02)
        pid = min(two_workers.run(os.getpid).values())
        os.kill(pid, signal.SIGKILL)
        status = batch.wait(timeout=300)
    assert (status, one.returncode) == (1, 1)
    assert sum(lines_of(target).values()) == 2000
    assert lines_of(target) == lines_of(whole)
    assert pid not in two_workers.run(os.getpid).values()


def test_an_item_that_ends_its_workers_is_undecided(two_workers: Any, tmp_path: Path) -> None:
    many: list[Any] = [{"n": n} for n in range(12)]
    many[5] = {"exit": 1}
    cluster = Cluster(address(two_workers), None)
    tally, rows = run_orders(many, cluster, tmp_path / "out.jsonl")
    assert tally.counts == {"proved": 11, "undecided": 1}
    assert [row["index"] for row in rows] == list(range(12))
    assert "ended, one after the other" in rows[5]["why"]


def test_a_batch_on_a_cluster_is_resumed(two_workers: Any, tmp_path: Path) -> None:
    cluster, path = Cluster(address(two_workers), None), tmp_path / "out.jsonl"
    run_orders([{"n": n} for n in range(40)], Here(), path)
    tally, rows = run_orders([{"n": n} for n in range(99)], cluster, path, resume=True)
    assert (tally.total, tally.resumed, len(rows)) == (99, 40, 99)


def test_a_cluster_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symconv.batch.cluster.WAIT", 0.3)
    for where in ("tcp://127.0.0.1:9", "nowhere"):
        with pytest.raises(InputError, match=f"no scheduler with a worker at {where}"):
            run_orders([{"n": 1}], Cluster(where, None), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_without_dask_the_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingTool, match=r"pip install 'symconv\[dask\]'"):
        run_orders([{"n": 1}], Cluster(None, 1), tmp_path / "out.jsonl")


def test_workers_of_another_version_are_refused(
    two_workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symconv.batch.cluster.version_here", lambda: "0.0.7")
    with pytest.raises(
        InputError, match=r"a worker has symconv .*, and the work comes from 0\.0\.7"
    ):
        run_orders([{"n": 1}], Cluster(address(two_workers), None), tmp_path / "out.jsonl")
