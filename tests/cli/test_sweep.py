"""``symconv sweep``: a user's own rewriter from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.helpers.batches import lines_of, rows_in
from tests.helpers.measured import command, environment
from tests.helpers.requirements import require
from tests.helpers.rewriters import grid

pytestmark = pytest.mark.once

MINE = """
import os, signal, sys, time
from symconv.errors import InputError
from tests.helpers.rewriters import pads_behind

class Nested:
    @staticmethod
    def rewrite(config):
        return rewrite(config)

def rewrite(config):
    what = config.get("what")
    if what == "sleep":
        time.sleep(1000)
    if what == "exit":
        sys.exit("enough")
    if what == "die":
        os._exit(7)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "nonsense":
        return {"left": object()}
    if what in FAULTS:
        raise FAULTS[what]()
    if what == "decline":
        return None
    return pads_behind(config)

class Silent(Exception):
    def __init__(self):
        self.held = open(os.devnull)

    def __repr__(self):
        raise ValueError("no words")

class Mute(InputError):
    def __str__(self):
        raise GeneratorExit

class Own(BaseException):
    pass

FAULTS = {"silent": Silent, "mute": Mute, "own": Own, "keys": KeyboardInterrupt,
          "close": GeneratorExit, "no memory": MemoryError}
number = 3
"""
HOSTILE = [
    {"what": what, "name": "\x1b[2J]]><x>&\n::error::%0A"}
    for what in ("sleep", "exit", "die", "kill", "nonsense", "decline")
]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "my_rewriter.py").write_text(MINE)
    (tmp_path / "broken_rewriter.py").write_text("import no_such_module_at_all")
    (tmp_path / "wrong_rewriter.py").write_text("int.nothing")
    write(tmp_path / "configs.jsonl", grid(120))
    return tmp_path


def write(path: Path, configs: list[Any]) -> None:
    path.write_text("".join(f"{json.dumps(config)}\n" for config in configs))


def sweep(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("sweep", *words),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_families_are_told_with_their_least_members(mine: Path) -> None:
    done = sweep(mine, "my_rewriter:rewrite", "configs.jsonl", "-o", "out.jsonl")
    assert done.returncode == 1
    assert "refuted: 30 with s even and p odd" in done.stdout
    assert '  least: {"k": 1, "s": 2, "p": 1, "n": 16}' in done.stdout
    assert "120 in " in done.stdout
    rows = rows_in(mine / "out.jsonl")
    assert len(rows) == 120
    assert rows[0]["asked"] == {"command": "sweep", "rewriter": "my_rewriter:rewrite"}
    assert done.stderr == ""


def test_without_a_file_it_sweeps_all_the_same(mine: Path) -> None:
    before = sorted(mine.iterdir())
    done = sweep(mine, "my_rewriter:Nested.rewrite", "configs.jsonl", "--json", "--jobs", "1")
    printed = json.loads(done.stdout)
    assert printed["summary"]["total"] == 120
    assert printed["families"][0]["words"] == "s even and p odd"
    assert printed["families"][0]["failures"] == 30
    assert "output" not in printed
    assert sorted(p for p in mine.iterdir() if p.name != "__pycache__") == before


def test_whatever_a_rewriter_does_the_others_are_decided(mine: Path) -> None:
    configs = grid(100)
    for place, config in enumerate(HOSTILE):
        configs.insert(10 * place, config)  # type: ignore[arg-type]
    write(mine / "hostile.jsonl", configs)
    start = time.monotonic()
    words = ("my_rewriter:rewrite", "hostile.jsonl", "-o", "out.jsonl", "--seconds", "0.2")
    done = sweep(mine, *words, "--junit", "junit.xml", "--github")
    assert time.monotonic() - start < 100
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    rows = rows_in(mine / "out.jsonl")
    assert len(rows) == 106
    said = {
        row["configuration"]["what"]: (row["verdict"], row["note"])
        for row in rows
        if "what" in row["configuration"]
    }
    verdicts = {what: verdict for what, (verdict, _) in said.items()}
    assert verdicts == {
        "sleep": "undecided",
        "exit": "error",
        "die": "error",
        "kill": "undecided",
        "nonsense": "error",
        "decline": "declined",
    }
    assert "enough" in said["exit"][1]
    assert "exit status 7" in said["die"][1]
    suite = ET.parse(mine / "junit.xml").getroot()[0]  # noqa: S314 - our own file
    assert suite.attrib["tests"] == str(len(suite)) == "106"
    assert suite.attrib["errors"] == "5"
    notes = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert any("s even and p odd" in line for line in notes)
    assert all(line.startswith("::error title=my_rewriter%3Arewrite ") for line in notes)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("--junit", "configs.jsonl"), "configs.jsonl"),
        (("--junit", "./my_rewriter.py"), "./my_rewriter.py"),
        (("--junit", "kept.jsonl", "-o", "kept.jsonl"), "kept.jsonl"),
        (("--junit", "./new.jsonl", "-o", "new.jsonl"), "./new.jsonl"),
        (("-o", "my_rewriter.py"), "my_rewriter.py"),
    ],
)
def test_what_is_read_or_kept_is_not_written_to(
    words: tuple[str, ...], name: str, mine: Path
) -> None:
    (mine / "kept.jsonl").write_text("kept")
    before = {path.name: path.read_bytes() for path in mine.iterdir() if path.is_file()}
    done = sweep(mine, "my_rewriter:rewrite", "configs.jsonl", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"symconv: {name} is ")
    assert done.stderr.endswith("; give another file to write to\n")
    after = {path.name: path.read_bytes() for path in mine.iterdir() if path.is_file()}
    assert after == before


def test_of_rows_that_come_twice_only_those_of_no_item_are_left_out(mine: Path) -> None:
    configs = grid(60)
    write(mine / "twice.jsonl", [*configs, *configs])
    write(mine / "once.jsonl", configs)
    words = ("-o", "out.jsonl", "--junit", "junit.xml")
    sweep(mine, "my_rewriter:rewrite", "twice.jsonl", "-o", "out.jsonl")
    done = sweep(mine, "my_rewriter:rewrite", "once.jsonl", *words, "--resume", "--json")
    printed = json.loads(done.stdout)
    assert (printed["summary"]["total"], printed["summary"]["resumed"]) == (60, 60)
    assert sum(one["failures"] for one in printed["families"]) == printed["summary"]["refuted"] > 0
    suite = ET.parse(mine / "junit.xml").getroot()[0]  # noqa: S314 - our own file
    assert suite.attrib["tests"] == str(len(suite)) == "60"


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_whatever_a_rewriter_raises_is_the_row_of_its_configuration(
    executor: str, mine: Path
) -> None:
    if executor == "dask":
        require("distributed")
    configs: list[Any] = grid(60)
    whats = ("silent", "mute", "own", "keys", "close", "no memory")
    for place, what in enumerate(whats):
        configs.insert(7 * place, {"what": what})
    write(mine / "raising.jsonl", configs)
    words = ("my_rewriter:rewrite", "raising.jsonl", "-o", "out.jsonl", "--executor", executor)
    done = sweep(mine, *words, "--jobs", "1")
    assert (done.returncode, done.stderr) == (1, "")
    notes = {
        row["configuration"].get("what"): (row["verdict"], row["note"])
        for row in rows_in(mine / "out.jsonl")
    }
    del notes[None]
    assert notes == {
        "silent": ("error", "Silent, whose text cannot be had: ValueError"),
        "mute": ("error", "Mute('')"),
        "own": ("error", "Own()"),
        "keys": ("error", "KeyboardInterrupt()"),
        "close": ("error", "GeneratorExit()"),
        "no memory": ("undecided", "it needs too much memory"),
    }
    assert len(rows_in(mine / "out.jsonl")) == 66


LOUD = """
import os, sys
from tests.helpers.rewriters import pads_behind
out = sys.stdout
print("imported", flush=True)

def rewrite(config):
    print("called")
    print("kept", file=out)
    os.write(1, b"raw\\n")
    return pads_behind(config)
"""


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_what_a_rewriter_prints_is_not_in_the_one_object(executor: str, mine: Path) -> None:
    if executor == "dask":
        require("distributed")
    (mine / "loud.py").write_text(LOUD)
    words = ("--json", "--jobs", "1", "-o", "out.jsonl", "--executor", executor)
    done = sweep(mine, "loud:rewrite", "configs.jsonl", *words)
    assert json.loads(done.stdout)["summary"]["total"] == 120
    assert "imported" in done.stderr
    assert "raw" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_sweep_without_a_file_cannot_be_resumed(mine: Path) -> None:
    (mine / "stopping.py").write_text(STOPPING)
    assert "goes on" not in sweep(mine, "stopping:stop", "configs.jsonl").stderr
    done = sweep(mine, "stopping:stop", "configs.jsonl", "-o", "out.jsonl")
    assert done.returncode == 130
    assert "interrupted; the same command with --resume goes on" in done.stderr


STOPPING = """
import os, signal, time

def stop(config):
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(60)
"""


def test_annotations_stay_out_of_the_one_object(mine: Path) -> None:
    done = sweep(mine, "my_rewriter:rewrite", "configs.jsonl", "--json", "--github")
    assert json.loads(done.stdout)["summary"]["refuted"] > 0
    assert done.stderr.startswith("::error title=")


def test_killed_and_resumed_it_has_the_rows_of_an_undisturbed_sweep(mine: Path) -> None:
    write(mine / "many.jsonl", [*grid(600), *grid(30)])
    sweep(mine, "my_rewriter:rewrite", "many.jsonl", "-o", "whole.jsonl")
    words = ["my_rewriter:rewrite", "many.jsonl", "-o", "out.jsonl", "--resume"]
    path = mine / "out.jsonl"
    batch = subprocess.Popen(command("sweep", *words), cwd=mine, env=environment())
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > 10_000):
        assert time.monotonic() < until
        time.sleep(0.01)
    batch.send_signal(signal.SIGKILL)
    batch.wait(timeout=60)
    done = sweep(mine, *words)
    assert "of them before" in done.stdout
    assert lines_of(path) == lines_of(mine / "whole.jsonl")
    assert sum(lines_of(path).values()) == 630


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("my_rewriter", "configs.jsonl"), "expected MODULE:FUNCTION"),
        ((":f", "configs.jsonl"), "expected MODULE:FUNCTION"),
        (("no_such:f", "configs.jsonl"), "module 'no_such' cannot be imported"),
        (("broken_rewriter:f", "configs.jsonl"), "no_such_module_at_all"),
        (("wrong_rewriter:f", "configs.jsonl"), "module 'wrong_rewriter' cannot be imported"),
        (("my_rewriter:nothing", "configs.jsonl"), "module 'my_rewriter' has no 'nothing'"),
        (("my_rewriter:number", "configs.jsonl"), "is no function"),
        (("my_rewriter:rewrite", "nothing.jsonl"), "no file of configurations"),
        (("my_rewriter:rewrite", "configs.jsonl", ".", "-o", "o.jsonl"), "Is a directory"),
        (("my_rewriter:rewrite", "configs.jsonl", "--resume"), "--resume goes with -o"),
        (("my_rewriter:rewrite", "configs.jsonl", "-o", "-"), "-o - is not for sweep"),
        (("my_rewriter:rewrite", "configs.jsonl", "-o", "configs.jsonl"), "is read"),
        (("my_rewriter:rewrite", "configs.jsonl", "--executor", "mpi"), "not one of"),
    ],
)
def test_bad_input_is_one_line(words: tuple[str, ...], said: str, mine: Path) -> None:
    done = sweep(mine, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_configurations_that_are_none_are_errors(mine: Path) -> None:
    (mine / "odd.jsonl").write_text('[1]\n{"k": 1,\n7\n{"k": 3, "s": 1, "p": 0, "n": 9}\n')
    done = sweep(mine, "my_rewriter:rewrite", "odd.jsonl", "-o", "out.jsonl")
    assert done.returncode == 2
    verdicts = [row["verdict"] for row in rows_in(mine / "out.jsonl")]
    assert verdicts == ["error", "error", "error", "proved"]
    assert "a configuration must be an object" in done.stdout
