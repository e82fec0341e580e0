"""Sweeps: verdicts against torch, families of failures, many processes, stopped and resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from symconv.testing import Sweep, families, sweep
from tests.rewriters import grid, pads_behind
from tests.torch_claims import agree


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
