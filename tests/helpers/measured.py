"""The memory that a command and all its processes hold together, while it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measured:
    """How a command ended, and the most megabytes that it held, shared pages counted once."""

    status: int
    out: str
    err: str
    megabytes: float


def command(*words: str) -> list[str]:
    """A command line of symconv, run by this Python."""
    return [sys.executable, "-m", "symconv.cli", *words]


def environment() -> dict[str, str]:
    """This project's sources first, wherever the command runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def measured(words: Sequence[str], folder: Path) -> Measured:
    """Run a command and look at its processes ten times a second."""
    out, err = folder / "measured.out", folder / "measured.err"
    peak = 0
    with out.open("w") as to_out, err.open("w") as to_err:
        run = subprocess.Popen(words, cwd=folder, env=environment(), stdout=to_out, stderr=to_err)
        while run.poll() is None:
            peak = max(peak, sum(map(_held, _processes(run.pid))))
            time.sleep(0.1)
    return Measured(run.returncode, out.read_text(), err.read_text(), peak / 1024)


def _processes(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return
    for child in children:
        yield from _processes(int(child))


def _held(pid: int) -> int:
    """Kilobytes of a process, its share of what it shares with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
