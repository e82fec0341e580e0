"""All formats of reports: the files beside this one that hold a ``FORMAT``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from symconv.report.formats.base import Format


def _found() -> Iterator[Format]:
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        module = import_module(f"symconv.report.formats.{path.stem}")
        if hasattr(module, "FORMAT"):
            yield module.FORMAT


@cache
def formats() -> tuple[Format, ...]:
    """Every format: those that are always written, LaTeX before HTML, and then the others.

    >>> [(one.suffix, one.on_demand) for one in formats()]
    [('.tex', False), ('.html', False), ('.pdf', True)]
    """
    every = sorted(_found(), key=lambda one: one.suffix, reverse=True)
    return tuple(sorted(every, key=lambda one: one.on_demand))
