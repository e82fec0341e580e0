"""One line in a fresh process, CPU seconds and peak memory: ``python -m tests.bench.measure stem``.

CPU seconds are those of the process and of the processes that it starts, so that a machine which is
shared does not change them much; `--silent` takes the second voice away.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

from tests.bench.lines import Line, line
from tests.bench.voice import silence


@dataclass(frozen=True)
class Figure:
    """What a line took: CPU seconds a round, and the most megabytes that its process held."""

    seconds: float
    megabytes: float

    def better(self, other: Figure) -> Figure:
        """The least of both."""
        return Figure(min(self.seconds, other.seconds), min(self.megabytes, other.megabytes))


class NotMeasured(Exception):
    """A line could not be run: a peer is not installed, or it came to another verdict."""


def spent() -> float:
    """CPU seconds of this process and of those that it started and that ended."""
    used = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def rounds_of(one: Line) -> list[float]:
    """CPU seconds of each round of a line, in this process."""
    work = one.make()
    for _ in range(one.warm):
        work()
    found = []
    for _ in range(one.rounds):
        one.before()
        start = spent()
        work()
        found.append(spent() - start)
    return found


def here(one: Line) -> Figure:
    """Measure a line in this process."""
    seconds = median(rounds_of(one))
    return Figure(seconds, max(_most_held(), getrusage(RUSAGE_CHILDREN).ru_maxrss) / 1024)


def _most_held() -> int:
    """The kilobytes that this process held at most.

    Linux counts a parent's memory in ``ru_maxrss`` of the processes that it starts, but not here.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return next(found, getrusage(RUSAGE_SELF).ru_maxrss)


def apart(name: str, silent: bool, roots: Sequence[Path], keep: Path) -> Figure:
    """Measure a line in a fresh process of its own, the least of as many as the line asks for.

    Args:
        name: the line's.
        silent: whether the second voice is taken away.
        roots: folders that hold ``tests`` and ``symconv``, in the order of their search.
        keep: a folder for compiled modules; they are compiled once, and not measured.

    Raises:
        NotMeasured: it fails; the message is the last line that it printed.
    """
    figures = [_apart(name, silent, roots, keep) for _ in range(line(name).processes)]
    best = figures[0]
    for figure in figures[1:]:
        best = best.better(figure)
    return best


def _apart(name: str, silent: bool, roots: Sequence[Path], keep: Path) -> Figure:
    words = [sys.executable, "-m", "tests.bench.measure", name, *["--silent"] * silent]
    done = subprocess.run(
        words, capture_output=True, text=True, env=environment(roots, keep), cwd=roots[0]
    )
    if done.returncode:
        last = (done.stderr.strip() or "no word of why").splitlines()[-1]
        raise NotMeasured(f"{name}: {last}")
    return Figure(**json.loads(done.stdout.splitlines()[-1]))


def environment(roots: Sequence[Path], keep: Path) -> dict[str, str]:
    """The environment in which modules are those of the roots, and are compiled once."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join(map(str, roots))
    return {**own, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(keep)}


def main(arguments: Sequence[str]) -> None:
    """Print the figure of one line as JSON."""
    name, *options = arguments
    known: Any = {"--silent"}
    if unknown := set(options) - known:
        raise SystemExit(f"there is no option {', '.join(sorted(unknown))}; there is --silent")
    if options:
        silence()
    print(json.dumps(asdict(here(line(name)))))


if __name__ == "__main__":
    main(sys.argv[1:])
