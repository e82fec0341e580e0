"""Whatever goes wrong: one line, no traceback, a status that is no verdict."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from symconv import api
from symconv.cli import main
from symconv.cli.results import each, status, summary
from symconv.errors import SymconvError, TooLarge

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
ZOO = str(ROOT / "tests" / "data" / "zoo.json.gz")
STEM = "conv i3x20x20 o4 k7 s2 p3"
LAYER = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "input_size": [9]}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def refused(*arguments: str) -> str:
    """The one line of a command line that ends with status 2, said in both ways."""
    plain, as_json = run(*arguments), run(*arguments, "--json")
    assert (plain.exit_code, plain.stdout, as_json.exit_code, as_json.stderr) == (2, "", 2, "")
    (line,) = plain.stderr.splitlines()
    (result,) = json.loads(as_json.stdout)["results"]
    assert result["verdict"] == "error"
    assert line.endswith(result["error"])
    return line


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "symconv.cli", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prove"], "Missing argument 'LAYERS'; see "),
        (["nosuch"], "No such command 'nosuch'"),
        (["--bogus"], "No such option"),
        (["prove", STEM, "--factor", "0"], "expected positive integers such as 2 or 2x3, got '0'"),
        (["crosscheck", STEM, "--backend", "cupy"], "'cupy' is not one of"),
        (["draw", STEM, "vgg-pool", "-o", "x.svg"], "draw takes one layer, got 2"),
        (["prove", STEM, "--certificate", "/dev/null/x.json"], "/dev/null"),
        (["report", STEM, "-o", "/dev/null/x"], "/dev/null/x: Not a directory"),
        (["draw", STEM, "-o", "/nonexistent/x.svg"], "/nonexistent/x.svg: No such file"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], message: str) -> None:
    assert message in refused(*arguments)


def test_without_arguments_it_prints_the_help() -> None:
    assert run().stdout == run("--help").stdout
    assert "Prove that strided convolutions" in run().stdout


HOSTILE = {
    "binary.json": b"\xff\xfe\x00",
    "empty.json": b"",
    "half.json": b'{"op": "conv"',
    "nan.json": json.dumps({**LAYER, "in_channels": float("nan")}).encode(),
    "infinite.json": json.dumps({**LAYER, "stride": float("inf")}).encode(),
    "half.toml": b"x = [",
    "deep.json": b"[" * 100_000 + b"]" * 100_000,
    "twice.json": b'{"op": "conv", "op": "conv"}',
    "number.json": b"7",
    "null.json": b"null",
    "nothing.json": b'{"layers": []}',
    "gzip.json.gz": b"not gzip",
}


@pytest.mark.parametrize("command", ["prove", "check", "recheck", "show", "expand", "crosscheck"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, command: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    assert "a fault of symconv itself" not in refused(command, str(path))


@pytest.mark.parametrize("command", ["prove", "check", "recheck"])
def test_a_directory_and_a_missing_file_are_refused(command: str, tmp_path: Path) -> None:
    refused(command, str(tmp_path))
    refused(command, str(tmp_path / "missing.json"))


def test_bytes_that_are_no_text_on_standard_input() -> None:
    strict = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8:strict"}
    environment = {**os.environ, **strict, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "symconv.cli", "prove", "-", "vgg-pool"]
    found = subprocess.run(
        command, env=environment, input=b"\xff{", capture_output=True, timeout=60
    )
    assert found.returncode == 2
    assert found.stderr.startswith(b"symconv: the input is not text in UTF-8")
    assert found.stderr.count(b"\n") == 1
    assert found.stdout.startswith(b"proved  vgg-pool")


def test_status_and_summary_by_the_worst_verdict() -> None:
    def results(*verdicts: str) -> list[dict[str, Any]]:
        return [{"name": "x", "verdict": verdict} for verdict in verdicts]

    assert status([{"name": "drawn"}]) == status(results("proved")) == 0
    assert status(results("proved", "undecided")) == 3
    assert status(results("undecided", "error", "proved")) == 2
    assert status(results("undecided", "error", "refuted")) == 1
    assert summary(results("proved", "error"), 0.5) == {
        "total": 2,
        "proved": 1,
        "refuted": 0,
        "undecided": 0,
        "error": 1,
        "seconds": 0.5,
    }


@pytest.mark.parametrize(
    ("fault", "verdict", "message"),
    [
        (SymconvError("one\nline"), "error", "one line"),
        (MemoryError(), "undecided", "more memory than there is"),
        (TooLarge("a table of 10 is too large"), "undecided", "a table of 10"),
        (RecursionError(), "error", "nested too deeply"),
        (OSError(2, "No such file", "here"), "error", "here: No such file"),
        (KeyError("k"), "error", "a fault of symconv itself, please report it: KeyError('k')"),
    ],
)
def test_a_fault_of_one_item_stops_no_other(fault: Exception, verdict: str, message: str) -> None:
    class Entry:
        name = "item"

    def work(entry: Any) -> dict[str, Any]:
        if entry is first:
            raise fault
        return {"name": entry.name, "verdict": "proved"}

    first: Any = Entry()
    entries: list[Any] = [first, Entry()]
    bad, good = each(entries, work)
    assert (bad["verdict"], good["verdict"]) == (verdict, "proved")
    assert message in f"{bad.get('error')} {bad.get('reason')}"


def test_what_does_not_fit_in_memory_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def starve(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(api, "prove", starve)
    found = run("prove", STEM)
    assert found.exit_code == 3
    assert found.stdout.startswith("undecided")


def test_no_name_breaks_the_json(tmp_path: Path) -> None:
    names = ["\ud800", "\x00\x1b[2J", "\u2028", "\U0001f600", "[red]x[/]", 'a"b\\']
    path = tmp_path / "layers.json"
    path.write_text(json.dumps({"layers": [{**LAYER, "name": name} for name in names]}))
    process = start("prove", str(path), "--json")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert [result["name"] for result in json.loads(out)["results"]] == names
    shown = start("prove", str(path)).communicate(timeout=60)
    assert shown[1] == b""
    assert b"\x1b" not in shown[0]


def test_a_reader_that_goes_away_ends_it_in_silence() -> None:
    process = start("presets")
    if process.stdout is None or process.stderr is None:
        raise OSError("no pipes")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141


def test_an_interrupt_is_no_verdict() -> None:
    process = start("prove", ZOO)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.split() == [b"symconv:", b"interrupted"]


def on_a_terminal(*arguments: str, **more: str) -> bytes:
    """What a command writes to standard output when that is a terminal."""
    import pty

    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100", **more}
    command = [sys.executable, "-m", "symconv.cli", *arguments]
    process = subprocess.Popen(
        command, env=environment, stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # Linux reports the end of a terminal so
        pass
    os.close(ours)
    process.wait(timeout=60)
    return written


def test_colour_on_a_terminal_only_and_not_where_it_is_unwanted() -> None:
    assert b"\x1b[32m" in on_a_terminal("prove", STEM)
    assert b"\x1b" not in on_a_terminal("prove", STEM, NO_COLOR="1")
    assert b"\x1b" not in start("prove", STEM).communicate(timeout=60)[0]


def test_a_table_on_a_terminal_shows_markup_as_text(tmp_path: Path) -> None:
    path = tmp_path / "layer.json"
    path.write_text(json.dumps({**LAYER, "name": "[red]x[/red]"}))
    shown = on_a_terminal("show", str(path), NO_COLOR="1")
    assert b"[red]x[/red]" in shown
    assert "─".encode() in shown


def test_two_layers_of_one_name_have_two_reports(tmp_path: Path) -> None:
    path = tmp_path / "layers.json"
    layers = [{**LAYER, "name": "same"}, {**LAYER, "name": "same", "stride": 2}]
    path.write_text(json.dumps({"layers": layers}))
    found = run("report", str(path), "-o", str(tmp_path / "out"), "--json")
    files = [file for r in json.loads(found.stdout)["results"] for file in r["files"]]
    assert found.exit_code == 0
    assert len(set(files)) == 4
    assert all(Path(file).is_file() for file in files)


def test_a_report_names_the_command_that_reproduces_it(tmp_path: Path) -> None:
    options = ["--factor", "7x7", "--residual-stride", "2", "--order", "phase"]
    run("report", "conv i3x28x28 o4 k7 s14", "-o", str(tmp_path), *options)
    (page,) = tmp_path.glob("*.html")
    text = re.sub(r"\s+", " ", page.read_text())
    for option in ("--factor 7x7", "--residual-stride 2x2", "--order phase"):
        assert option.replace("2x2", "2") in text or option in text
