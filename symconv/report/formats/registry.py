"""All formats of reports: the files beside this one that hold a ``FORMAT``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from symconv.machine.plugins import held
from symconv.report.formats.base import Format


@cache
def formats() -> tuple[Format, ...]:
    """Every format: those that are always written, LaTeX before HTML, and then the others.

    >>> [(one.suffix, one.on_demand) for one in formats()]
    [('.tex', False), ('.html', False), ('.pdf', True)]
    """
    found: Iterator[Format] = held(
        "symconv.report.formats", Path(__file__).parent, "[!_]*.py", "FORMAT"
    )
    every = sorted(found, key=lambda one: one.suffix, reverse=True)
    return tuple(sorted(every, key=lambda one: one.on_demand))
