"""Two commits side by side: ``python -m tests.bench.compare OLD NEW [LINE...]``.

Both trees are checked out into a temporary folder, and each line is run in them in turn, by the
lines of this tree.  What got slower than `--factor` says, beyond what the tree's own rounds differ
by, is named, and the exit status is 1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from tests.bench.lines import LINES, line
from tests.bench.measure import NotMeasured, apart
from tests.bench.table import ROOT, shown

FACTOR = 1.2
"""How much slower a line may get before it is named."""

ROUNDS = 3
"""Rounds of each tree: fewer do not tell noise from change."""

LEAST = 0.0003
"""Seconds by which a line must get slower to be named: the clock of the CPU time ticks in them."""


@dataclass(frozen=True)
class Asked:
    """Two commits, the lines to run in both, how often, and what counts as slower."""

    old: str
    new: str
    lines: tuple[str, ...]
    rounds: int = ROUNDS
    factor: float = FACTOR


@dataclass
class Pair:
    """A line's CPU seconds in both trees, round by round; or why it has none."""

    name: str
    old: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    why: str = ""
    failed: bool = False
    """Whether it ran in the old tree and does not in the new one: nothing is slower than that."""

    @property
    def ratio(self) -> float:
        """The least of the new tree's rounds by the least of the old one's."""
        return min(self.new) / max(min(self.old), 1e-9)

    @property
    def noise(self) -> float:
        """By what factor rounds of one tree differ: the larger of the two trees' medians by least.

        The slowest round says more of the machine's other work than of a tree.
        """
        return max(sorted(found)[len(found) // 2] / max(min(found), 1e-9) for found in self._both())

    def _both(self) -> tuple[list[float], list[float]]:
        return self.old, self.new

    def slower(self, factor: float) -> bool:
        """Whether the new tree is slower by more than the factor and the noise."""
        if self.why:
            return self.failed
        more = min(self.new) - min(self.old)
        return more > LEAST and self.ratio > factor * self.noise


Run = Callable[[str, str], float]
"""Runs a line in the old tree or the new one: CPU seconds."""


def compared(names: Sequence[str], rounds: int, run: Run) -> Iterator[Pair]:
    """Each line in both trees in turn, so that what else the machine does meets both alike."""
    for name in names:
        pair = Pair(name)
        try:
            for number in range(rounds):
                order = ("old", "new") if number % 2 == 0 else ("new", "old")
                for tree in order:
                    (pair.old if tree == "old" else pair.new).append(run(name, tree))
        except NotMeasured as fault:
            pair.why, pair.failed = str(fault), len(pair.new) < len(pair.old)
        yield pair


def told(pair: Pair, factor: float) -> str:
    """A line of the comparison.

    >>> told(Pair("stem", [0.1, 0.101], [0.2, 0.2]), 1.2)
    'stem               100 ms ->   200 ms  x2.00  noise x1.01  SLOWER'
    """
    if pair.why:
        return f"{pair.name:18} not compared: {pair.why}"
    old, new = shown(min(pair.old)), shown(min(pair.new))
    mark = "  SLOWER" if pair.slower(factor) else ""
    return f"{pair.name:18} {old} -> {new:>8}  x{pair.ratio:.2f}  noise x{pair.noise:.2f}{mark}"


@contextmanager
def trees(old: str, new: str) -> Iterator[dict[str, list[Path]]]:
    """Where both trees lie, and in front of each the tests of this one.

    Raises:
        ValueError: git knows no such commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own"
        own.mkdir()
        (own / "tests").symlink_to(ROOT / "tests")
        roots = {}
        try:
            for name, commit in (("old", old), ("new", new)):
                _git("worktree", "add", "--detach", f"{folder}/{name}", commit)
                roots[name] = [own, Path(folder) / name]
            yield roots
        finally:
            for name in ("old", "new"):
                _git("worktree", "remove", "--force", f"{folder}/{name}", check=False)


def _git(*words: str, check: bool = True) -> None:
    git = shutil.which("git")
    if git is None:
        raise ValueError("git is not installed; it checks out both trees")
    done = subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True)
    if check and done.returncode:
        raise ValueError(f"git {' '.join(words[:2])}: {done.stderr.strip().splitlines()[-1]}")


def compare(asked: Asked) -> list[Pair]:
    """Run the lines in both trees, print each as it comes, and return them all."""
    found = []
    with trees(asked.old, asked.new) as roots, tempfile.TemporaryDirectory() as keep:

        def run(name: str, tree: str) -> float:
            return apart(name, line(name).voice, roots[tree], Path(keep) / tree).seconds

        for pair in compared(asked.lines, asked.rounds, run):
            print(told(pair, asked.factor), flush=True)
            found.append(pair)
    return found


def read_arguments(arguments: Sequence[str]) -> Asked:
    """What is asked for; without lines the short ones and samples of the long ones, but no peers.

    Raises:
        ValueError: an argument makes no sense.
    """
    words, numbers = [], {"--rounds": float(ROUNDS), "--factor": FACTOR}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in numbers and rest:
            numbers[word] = float(rest.pop(0))
        elif word.startswith("-"):
            raise ValueError(f"expected OLD NEW [LINE...] [--rounds N] [--factor X], got {word!r}")
        else:
            words.append(word)
    if len(words) < 2:
        raise ValueError(f"expected two commits, OLD NEW, got {len(words)}")
    for name in words[2:]:
        line(name)
    names = words[2:] or [n for n, one in LINES.items() if not one.peer and one.length != "long"]
    if not all(1 <= number < inf for number in numbers.values()):  # NaN is neither
        raise ValueError("--rounds and --factor must be numbers of at least 1")
    rounds = int(numbers["--rounds"])
    return Asked(words[0], words[1], tuple(names), rounds, numbers["--factor"])


def main(arguments: Sequence[str]) -> int:
    """Compare, and name what got slower; the status is 1 where something did."""
    asked = read_arguments(arguments)
    slow = [pair.name for pair in compare(asked) if pair.slower(asked.factor)]
    print(f"slower: {', '.join(slow)}" if slow else "nothing got slower")
    return int(bool(slow))


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except ValueError as fault:
        print(fault, file=sys.stderr)
        raise SystemExit(2) from None
