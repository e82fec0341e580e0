"""Command lines run in a shell, each with the seconds of CPU and the memory that it took.

Run as a program of its own, which stays small: what a process took counts from its parent's size.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SYMCONV = shlex.join([sys.executable, "-m", "symconv.cli"])
PATIENCE = 90.0
"""Seconds by the clock until a command is killed; the machine may be busy."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str
    seconds: float
    megabytes: float


def run_lines(lines: Mapping[str, str], folder: Path) -> dict[str, Ended]:
    """Run shell command lines in a folder, two at a time."""
    program = [sys.executable, str(Path(__file__)), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        program,
        input=json.dumps(dict(lines)),
        capture_output=True,
        text=True,
        env=environment,
        timeout=PATIENCE * (len(lines) + 2),
        check=True,
    )
    return {name: Ended(**found) for name, found in json.loads(done.stdout).items()}


def _ended(line: str, folder: str) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            ["/bin/sh", "-c", line], cwd=folder, stdout=out, stderr=err, stdin=subprocess.DEVNULL
        )
        usage, status = _waited(process.pid)
        texts = [_whole(file) for file in (out, err)]
    megabytes = usage.ru_maxrss / (2**10 if sys.platform == "linux" else 2**20)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": texts[0],
        "err": texts[1],
        "seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": megabytes,
    }


def _whole(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode(errors="replace"))


def _waited(pid: int) -> tuple[Any, int]:
    end = time.monotonic() + PATIENCE
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return usage, status
        if time.monotonic() > end:
            os.kill(pid, 9)
        time.sleep(0.01)


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        asked = json.load(sys.stdin)
        found = pool.map(lambda line: _ended(line, sys.argv[1]), asked.values())
        json.dump(dict(zip(asked, found, strict=True)), sys.stdout)
