"""Files that are no models: one clear line each, status 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symconv.cli.commands import main
from tests.models.mutilated import GOOD, mutilated

pytestmark = pytest.mark.once

LARGE = ("pads beyond all bounds",)
"""Changed files that are models still: too large to be run, but not to be converted."""

VALID = (*LARGE, "an input too small")
"""Changed files that are models still; of the last the pooling fits nowhere, and runs."""

COMMANDS = {
    "prove": ["prove", "bad.onnx"],
    "check": ["check", "good.onnx", "bad.onnx"],
    "check the other way": ["check", "bad.onnx", "good.onnx"],
    "convert": ["convert", "bad.onnx", "-o", "out.onnx"],
}

INTERNAL = "please report it"
"""What is said of a fault of symconv itself."""


def ended(words: list[str]) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_ends_in_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.onnx").write_bytes(GOOD)
    faults = []
    files = {name: data for name, data in mutilated().items() if name not in VALID}
    for name, data in files.items():
        Path("bad.onnx").write_bytes(data)
        found = ended(COMMANDS[command])
        (*more, said) = found.stderr.strip().splitlines() or [""]
        if found.exit_code != 2 or more or not said or INTERNAL in said or "Traceback" in said:
            faults.append((name, found.exit_code, found.stderr))
        if sorted(path.name for path in tmp_path.iterdir()) != ["bad.onnx", "good.onnx"]:
            faults.append((name, 0, "something is written"))
            Path("out.onnx").unlink(missing_ok=True)
    assert faults == []
    assert len(files) >= 100


def test_the_file_that_they_were_made_of_is_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("good.onnx", "bad.onnx"):
        Path(name).write_bytes(GOOD)
    for words in COMMANDS.values():
        assert ended(words).exit_code == 0


@pytest.mark.parametrize("command", ["prove", "convert"])
def test_a_pooling_that_fits_nowhere_is_no_fault(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.onnx").write_bytes(mutilated()["an input too small"])
    assert ended(COMMANDS[command]).exit_code == 0


@pytest.mark.parametrize("name", LARGE)
def test_a_model_too_large_to_run_is_no_fault(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.onnx").write_bytes(GOOD)
    Path("bad.onnx").write_bytes(mutilated()[name])
    assert ended(COMMANDS["check"]).exit_code == 3
    assert ended(COMMANDS["convert"]).exit_code == 0
