"""Progress of work on models: on standard error, only where that is a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from symconv.machine.progress import heard_by, reached
from tests.helpers.model_files import model_file
from tests.helpers.requirements import require

require("onnx")

ROOT = Path(__file__).parents[2]
UNET = "networks/unet_transposed_2d.onnx"


def on_terminal(*words: str) -> tuple[str, str]:
    """Standard output, and what a terminal got on standard error."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "symconv.cli", *words],
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm"},
        text=True,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux tells so that the other end is closed.
            break
        if not part:
            break
        seen += part
    os.close(ours)
    out, _ = run.communicate(timeout=120)
    assert run.returncode == 0, (out, seen)
    return out, seen.decode()


@pytest.mark.once
def test_a_terminal_is_told() -> None:
    out, told = on_terminal("prove", model_file(UNET))
    assert "proved" in out
    assert "reading" in told
    assert "reading" not in out


@pytest.mark.once
def test_json_and_pipes_are_told_nothing(tmp_path: Path) -> None:
    assert on_terminal("prove", model_file(UNET), "--json")[1] == ""
    words = [sys.executable, "-m", "symconv.cli", "draw", model_file(UNET), "-o", "m.svg"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, capture_output=True, cwd=tmp_path, env=env, timeout=120, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_works_says_where_it_is() -> None:
    from symconv.models.prove import prove_model

    said: list[tuple[str, int, int]] = []
    with heard_by(lambda *words: said.append(words)):
        proof = prove_model(model_file(UNET))
    assert said[-1][1:] == (len(list(proof.nodes)) - 1, len(list(proof.nodes)))
    assert all(words.startswith("proving ") for words, *_ in said)
    reached("nobody hears this")
