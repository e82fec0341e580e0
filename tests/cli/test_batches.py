"""``prove`` and ``check`` over very many items: streamed, resumed, and never stopped by one."""

from __future__ import annotations

import gzip
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
from click.testing import CliRunner, Result

from symconv.cli import main
from tests.helpers.batches import lines_of, rows_in
from tests.helpers.measured import command, environment, measured
from tests.helpers.rewriters import grid, pads_behind

LAYER = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "stride": 2}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin, catch_exceptions=False)


def claims(many: int, seed: int = 0) -> list[dict[str, Any]]:
    """Claims of one axis, some of them false, some of them twice."""
    made = (pads_behind(config) for config in grid(many))
    found = [claim for claim in made if claim is not None]
    rng = random.Random(seed)
    return [*found, *rng.choices(found, k=many - len(found) + many // 20)]


def write_lines(path: Path, items: list[Any]) -> str:
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items))
    return str(path)


def test_a_row_says_what_json_says(tmp_path: Path) -> None:
    given = [{"name": f"line {n}", **claim} for n, claim in enumerate(claims(40), 1)]
    source = write_lines(tmp_path / "claims.jsonl", given)
    target = tmp_path / "out.jsonl"
    write_lines(tmp_path / "unnamed.jsonl", claims(40))
    done = run("check", str(tmp_path / "unnamed.jsonl"), "-o", str(target), "--no-repair")
    assert done.exit_code == 1
    assert f"results in {target}" in done.stdout
    printed = json.loads(run("check", source, "--no-repair", "--json").stdout)["results"]
    rows = sorted(rows_in(target), key=lambda row: row["index"])
    assert len(rows) == len(printed)
    for number, (row, result) in enumerate(zip(rows, printed, strict=True)):
        del result["seconds"]
        assert row.pop("index") == number
        assert len(row.pop("digest")) == 64
        assert row.pop("asked") == {"command": "check", "repair": False}
        assert row == result


@pytest.mark.parametrize("form", ["lines.jsonl", "array.json", "object.json", "packed.json.gz"])
def test_every_form_of_input_has_the_same_rows(form: str, tmp_path: Path) -> None:
    layers = [{**LAYER, "name": f"l{n}", "input_size": [n]} for n in range(5, 25)]
    whole = json.dumps(layers if form == "array.json" else {"layers": layers})
    text = "\n".join(map(json.dumps, layers)) if form == "lines.jsonl" else whole
    data = text.encode()
    (tmp_path / form).write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    target = tmp_path / "out.jsonl"
    done = run("prove", str(tmp_path / form), "-o", str(target), "--json", "--jobs", "2")
    assert done.exit_code == 0
    printed = json.loads(done.stdout)
    assert printed["results"] == []
    assert printed["output"] == str(target)
    assert printed["summary"]["proved"] == 20
    rows = sorted(rows_in(target), key=lambda row: row["index"])
    assert [row["name"] for row in rows] == [f"l{n}" for n in range(5, 25)]
    for row, layer in zip(rows, layers, strict=True):
        assert row["expansion"]["claim"]["name"] == layer["name"]
        assert row["expansion"]["claim"]["input"]["size"] == layer["input_size"]


def test_bad_items_are_errors_among_the_others(tmp_path: Path) -> None:
    lines = [
        json.dumps({**LAYER, "input_size": [9]}),
        '{"op": "conv", ',
        '{"op": "conv", "op": "conv"}',
        json.dumps({**LAYER, "input_size": [9], "stride": -1}),
        '{"name": NaN}',
        '"resnet50-stem"',
        '{"left": [], "right": []}',
        "9" * 5000,
        json.dumps({"layers": [LAYER, LAYER]}),
        json.dumps({**LAYER, "input_size": [9], "name": "\x1b[2J\u202e\ud800"}),
        json.dumps({"network": [{**LAYER, "input_size": [9]}, {"op": "relu"}]}),
    ]
    path, target = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    path.write_bytes("\n".join(lines).encode() + b'\n{"name": "\xff"}')
    done = run("prove", str(path), "-o", str(target))
    assert done.exit_code == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    rows = sorted(rows_in(target), key=lambda row: row["index"])
    proved = [n for n, row in enumerate(rows) if row["verdict"] == "proved"]
    assert proved == [0, 5, 9, 10]
    faults = {n: row["error"] for n, row in enumerate(rows) if row["verdict"] == "error"}
    assert sorted({*faults, *proved}) == list(range(12))
    for place, words in {
        1: "line 2 is not JSON",
        2: "the key 'op' twice",
        3: "stride",
        4: "NaN",
        6: "symconv check",
        7: "digits",
        8: "holds 2 entries",
        11: "utf-8",
    }.items():
        assert words in faults[place]


def test_lines_without_a_file_for_results_are_printed_as_ever(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "x.jsonl", [{**LAYER, "input_size": [n]} for n in (9, 10)])
    done = run("prove", source)
    assert done.exit_code == 0
    assert done.stdout.count("proved") == 3
    assert "line 2" in done.stdout


@pytest.mark.once
def test_what_is_printed_of_many_is_in_their_order(tmp_path: Path) -> None:
    many = [{**LAYER, "input_size": [n], "name": f"n{n}"} for n in range(3, 150)]
    many[50], many[90] = {"op": "conv"}, {**LAYER, "input_size": [9], "stride": 0}
    source = tmp_path / "layers.json"
    source.write_text(json.dumps({"layers": many}))
    done = run("prove", str(source), "--json")
    assert done.exit_code == 2
    results = json.loads(done.stdout)["results"]
    names = [layer.get("name", f"layers[{place}]") for place, layer in enumerate(many)]
    assert [result["name"] for result in results] == names
    assert [n for n, one in enumerate(results) if one["verdict"] != "proved"] == [50, 90]
    run("prove", str(source), "--certificate", str(tmp_path / "c.json"))
    certificates = json.loads((tmp_path / "c.json").read_text())["certificates"]
    assert len(certificates) == len(many) - 2


def test_standard_input_and_output(tmp_path: Path) -> None:
    text = "".join(f"{json.dumps({**LAYER, 'input_size': [n]})}\n" for n in range(5, 9))
    done = subprocess.run(
        command("prove", "-", "-o", "-", "--jobs", "1"),
        input=text,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 0
    assert [json.loads(line)["index"] for line in done.stdout.splitlines()] == [0, 1, 2, 3]
    assert "4 proved" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.jsonl"])
def test_a_named_pipe_is_opened_once(name: str, tmp_path: Path) -> None:
    text = "".join(f"{json.dumps({**LAYER, 'input_size': [n]})}\n" for n in range(5, 9))
    os.mkfifo(tmp_path / name)
    words = command("prove", name, "-o", "out.jsonl", "--jobs", "1")
    with subprocess.Popen(words, cwd=tmp_path, env=environment()) as batch:
        try:
            with (tmp_path / name).open("w") as pipe:
                pipe.write(text)
            assert batch.wait(timeout=30) == 0
        finally:
            batch.kill()
    assert [row["index"] for row in rows_in(tmp_path / "out.jsonl")] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-", "-o", "-"), "the file behind standard output is read"),
        (("x.jsonl", "-o", "-"), "the file behind standard output is read"),
        (("-", "-o", "x.jsonl"), "x.jsonl is read"),
        (("other.jsonl", "hard.jsonl", "-o", "soft.jsonl", "--resume"), "soft.jsonl is read"),
        (("x.jsonl", "--certificate", "hard.jsonl"), "hard.jsonl is read"),
    ],
)
def test_what_is_read_is_not_written_to(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "other.jsonl", [])
    source = Path(write_lines(tmp_path / "x.jsonl", [{**LAYER, "input_size": [9]}]))
    (tmp_path / "hard.jsonl").hardlink_to(source)
    (tmp_path / "soft.jsonl").symlink_to(source)
    before = source.read_bytes()
    with source.open() as read, source.open("a") as written:
        done = subprocess.run(
            command("prove", *words),
            stdin=read,
            stdout=written,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment(),
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == f"symconv: {said}; give another file to write to\n"
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--resume",), "--resume goes with -o OUT.jsonl"),
        (("--jobs", "2"), "--jobs goes with -o"),
        (("-o", "{source}"), "is read; give another file"),
        (("-o", "{folder}"), "Is a directory"),
        (("-o", "{folder}/out.jsonl", "--scheduler", "tcp://x:1"), "is for --executor dask"),
        (
            ("-o", "{folder}/o", "--executor", "dask", "--scheduler", "tcp://x:1", "--jobs", "2"),
            "--jobs is for workers on this machine",
        ),
        (("-o", "{folder}/out.jsonl", "--certificate", "c.json"), "--certificate is for results"),
        (("-o", "{folder}/out.jsonl", "no-such-preset"), "no file and no preset"),
        (("-o", "{folder}/out.jsonl", "{folder}"), "cannot be read: Is a directory"),
        (("-o", "{source}", "--resume", "resnet50-stem"), "is read"),
        (("-o", "-", "--resume"), "- is no file that could be resumed"),
        (("-o", "/dev/null", "--resume"), "/dev/null is no file that could be resumed"),
        (("-o", "{other}", "--resume"), "is not a result of symconv"),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "x.jsonl", [{**LAYER, "input_size": [9]}])
    other = write_lines(tmp_path / "other.jsonl", [{"mine": 1}])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    given = [w.format(source=source, folder=tmp_path, other=other) for w in words]
    done = run("prove", source, *given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_results_of_other_options_are_not_mixed(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "x.jsonl", claims(3))
    target = str(tmp_path / "out.jsonl")
    run("check", source, "-o", target)
    done = run("check", source, "-o", target, "--resume", "--all-sizes")
    assert done.exit_code == 2
    assert 'holds results of {"command": "check"}' in done.stderr


def test_a_false_result_of_before_is_still_in_the_status(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "x.jsonl", claims(40))
    target = tmp_path / "out.jsonl"
    assert run("check", source, "-o", str(target), "--no-repair").exit_code == 1
    before = target.read_bytes()
    done = run("check", source, "-o", str(target), "--no-repair", "--resume")
    assert done.exit_code == 1
    assert "42 of them before" in done.stdout
    assert target.read_bytes() == before


def test_equal_items_of_other_names_keep_their_names(tmp_path: Path) -> None:
    layer = {**LAYER, "input_size": [9]}
    named = [{**layer, "name": name} for name in ("a", "tables", "conv", "b", "a")]
    source = write_lines(tmp_path / "x.jsonl", [*named, layer, layer])
    target = tmp_path / "out.jsonl"
    run("prove", source, "-o", str(target), "--jobs", "1")
    names = ["a", "tables", "conv", "b", "a", "line 6", "line 7"]
    for row, name in zip(rows_in(target), names, strict=True):
        text = json.dumps({**layer, "name": name})
        (alone,) = json.loads(run("prove", text, "--json", "--no-symbolic").stdout)["results"]
        del alone["seconds"]
        assert {key: row[key] for key in alone} == alone


def started(source: str, target: Path) -> subprocess.Popen[bytes]:
    """A batch that has written something."""
    words = command("check", source, "-o", str(target), "--no-repair", "--jobs", "2", "--resume")
    before = target.stat().st_size if target.exists() else 0
    batch = subprocess.Popen(
        words, cwd=target.parent, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until = time.monotonic() + 60
    while batch.poll() is None and (not target.exists() or target.stat().st_size <= before):
        assert time.monotonic() < until
        time.sleep(0.01)
    return batch


@pytest.mark.once
def test_killed_again_and_again_the_file_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "claims.jsonl", claims(250))
    whole, target = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    run("check", source, "-o", str(whole), "--no-repair")
    rng = random.Random(5)
    for how in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGTERM):
        batch = started(source, target)
        time.sleep(rng.random() / 5)
        batch.send_signal(how)
        _, told = batch.communicate(timeout=60)
        if how == signal.SIGINT and batch.returncode != 1:
            assert batch.returncode == 130
            assert b"interrupted; the same command with --resume goes on" in told
            rows_in(target)
        if how == signal.SIGKILL:  # as if it had been killed in the middle of a line
            data = target.read_bytes()
            target.write_bytes(data[: len(data) - rng.randrange(300)])
    batch = started(source, target)
    batch.communicate(timeout=120)
    assert batch.returncode == 1
    assert lines_of(target) == lines_of(whole)


def of_one_conv(size: int, kernel: int, wrong: bool) -> dict[str, Any]:
    """A small claim, distinct for each size and kernel: a convolution, its pads written apart."""
    lo = kernel // 2
    return {
        "input": {"channels": 1, "size": [size]},
        "weights": {"w": {"shape": [1, 1, kernel]}},
        "left": [{"op": "conv", "weight": "w", "padding": lo}],
        "right": [
            {"op": "pad", "padding": [[0, 0], [lo, lo - wrong]]},
            {"op": "conv", "weight": "w", "padding": [[0, int(wrong)]]},
        ],
    }


def bounded(many: int, folder: Path) -> None:
    """Check so many claims, in a JSON array, and hold their memory against the bound."""
    source = folder / "claims.json"
    with source.open("w") as file:
        file.write('{"claims": [')
        for number in range(many):
            claim = of_one_conv(40 + number // 30, 1 + number % 30, number % 7 == 0)
            file.write(("," if number else "") + json.dumps(claim))
        file.write("]}")
    done = measured(command("check", str(source), "-o", "out.jsonl", "--no-repair"), folder)
    assert done.status in (0, 1), done.err
    assert sum(1 for _ in (folder / "out.jsonl").open()) == many
    assert done.megabytes < 300


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what processes hold")
def test_two_thousand_claims_take_less_than_300_megabytes(tmp_path: Path) -> None:
    bounded(2_000, tmp_path)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what processes hold")
def test_a_hundred_thousand_claims_take_less_than_300_megabytes(tmp_path: Path) -> None:
    bounded(100_000, tmp_path)


@pytest.mark.once
def test_a_terminal_is_told_how_far_it_is(tmp_path: Path) -> None:
    import pty

    source = write_lines(tmp_path / "claims.jsonl", claims(300))
    ours, theirs = pty.openpty()
    words = command("check", source, "-o", "out.jsonl", "--no-repair")
    with subprocess.Popen(words, cwd=tmp_path, env=environment(), stdout=-3, stderr=theirs):
        os.close(theirs)
        seen = b""
        while part := _read(ours):
            seen += part
    os.close(ours)
    assert b" settled" in seen
    assert b"/s, " in seen
    assert b" left" in seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux tells so that the other end is closed
        return b""
