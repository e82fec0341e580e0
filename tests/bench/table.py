"""The speed table: every line in a process of its own.  ``python -m tests.bench.table [LINE...]``.

`--write README.md` puts the table between its two marks there; with `--quick` samples stand for the
lines that take minutes.  A line that cannot be run says why in its place.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.bench.lines import LINES, Line, line
from tests.bench.measure import Figure, NotMeasured, apart

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- speed -->", "<!-- end of speed -->"
HEAD = "| what | CPU time | and the second voice | memory |\n|---|---:|---:|---:|"


@dataclass(frozen=True)
class Measured:
    """A line with its figure alone, and with the second voice; or why there is none."""

    line: Line
    alone: Figure | None = None
    voiced: Figure | None = None
    why: str = ""


Measure = Callable[[str, bool], Figure]
"""Measures a line by its name, the second voice taken away or not."""


def measured(name: str, measure: Measure) -> Measured:
    """The line of this name, measured as far as it can be."""
    one = line(name)
    try:
        if not one.voice:
            return Measured(one, measure(name, False))
        return Measured(one, measure(name, True), measure(name, False))
    except NotMeasured as fault:
        return Measured(one, why=str(fault))


def table(found: Iterable[Measured]) -> str:
    """The table: a row a line, under a row for each group.

    >>> print(table([Measured(line("python"), Figure(0.0104, 11.6))]))
    | what | CPU time | and the second voice | memory |
    |---|---:|---:|---:|
    | **from the command line** | | | |
    | *python -c pass* | 10 ms | | 12 MB |
    """
    groups = groupby(found, key=lambda one: one.line.group)
    rows = (row for group, of_it in groups for row in _rows(group, of_it))
    return "\n".join([HEAD, *rows])


def _rows(group: str, found: Iterable[Measured]) -> Iterator[str]:
    yield f"| **{group}** | | | |"
    yield from map(row, found)


def row(one: Measured) -> str:
    """A line's row; a peer stands in italics."""
    words = f"*{one.line.words}*" if one.line.peer else one.line.words
    if one.alone is None:
        return f"| {words} | not measured: {one.why.replace('|', '/')} | | |"
    voiced = shown(one.voiced.seconds) if one.voiced else ""
    most = max(f.megabytes for f in (one.alone, one.voiced) if f is not None)
    cells = (words, shown(one.alone.seconds), voiced, f"{most:.0f} MB")
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def shown(seconds: float) -> str:
    """A time in two digits.

    >>> shown(0.00004), shown(0.00123), shown(0.0456), shown(0.789), shown(12.3), shown(123.0)
    ('0.04 ms', '1.2 ms', '46 ms', '0.79 s', '12 s', '123 s')
    """
    if seconds >= 0.5:
        return f"{_two_digits(seconds)} s"
    return f"{_two_digits(seconds * 1000)} ms"


def _two_digits(number: float) -> str:
    places = 2 if number < 1 else 1 if number < 10 else 0
    return f"{number:.{places}f}"


def written(text: str, new: str) -> str:
    """The text with the table between its two marks.

    Raises:
        ValueError: the marks are not there, once and in their order.

    >>> written("a\\n<!-- speed -->\\nold\\n<!-- end of speed -->\\nb", "new")
    'a\\n<!-- speed -->\\nnew\\n<!-- end of speed -->\\nb'
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"the file must hold {BEGIN} and behind it {END}, each once")
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def chosen(words: Sequence[str], quick: bool) -> list[str]:
    """The lines that are asked for, or else all, or all quick ones, in the order of the table.

    Raises:
        ValueError: there is no such line.
    """
    asked = {name for name in words if line(name)}
    other = "long" if quick else "sample"
    return [name for name in LINES if name in asked or (not asked and LINES[name].length != other)]


def in_this_tree(keep: Path) -> Measure:
    """Measures lines of this tree."""
    return lambda name, silent: apart(name, silent, [ROOT], keep)


def main(arguments: Sequence[str]) -> None:
    """Measure the lines, print each as it comes, and write the table where it is asked for."""
    words, options = _options(arguments)
    names = chosen(words, "--quick" in options)
    target = Path(options["--write"]) if "--write" in options else None
    if target is not None:
        written(target.read_text(), "")  # the marks are looked for before the hours
    found = []
    with tempfile.TemporaryDirectory() as keep:
        for name in names:
            found.append(measured(name, in_this_tree(Path(keep))))
            print(f"{name:18} {row(found[-1])}", flush=True)
    print(f"\n{table(found)}")
    if target is not None:
        target.write_text(written(target.read_text(), table(found)))


def _options(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Words, and options with their values.

    Raises:
        ValueError: there is no such option, or a value is missing.
    """
    words, options, rest = [], {}, list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            words.append(word)
        elif word == "--quick":
            options[word] = ""
        elif word == "--write" and rest:
            options[word] = rest.pop(0)
        else:
            raise ValueError(f"expected [LINE...] [--quick] [--write FILE], got {word!r}")
    return words, options


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ValueError as fault:
        raise SystemExit(str(fault)) from None
