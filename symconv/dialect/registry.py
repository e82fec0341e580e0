"""The dialects: files beside this one that hold a ``DIALECT``; to add one is to add its file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from symconv.claim import Claim
from symconv.dialect.subject import Dialect, Subject
from symconv.errors import InputError
from symconv.layer.base import Sizes
from symconv.machine.plugins import held


@cache
def dialects() -> tuple[Dialect, ...]:
    """All dialects, in the order of their files' names."""
    return tuple(held("symconv.dialect", Path(__file__).parent, "[!_]*.py", "DIALECT"))


def read_subject(given: Any, input_size: Sizes | None = None) -> Subject:
    """Read what a verb was given, at an input size where it has none of its own.

    Names in the size stand for all sizes, and so does no size at all.

    Raises:
        InputError: it is nothing that stands for a layer or a network; or its size is another.

    >>> read_subject("conv i3x224x224 o64 k7 s2 p3").of.output_size
    (112, 112)
    """
    for dialect in dialects():
        if dialect.takes(given):
            return dialect.read(given, input_size)
    *others, last = (dialect.noun for dialect in dialects())
    hint = "; check a claim with symconv.check" if isinstance(given, Claim) else ""
    found = f"{type(given).__name__} {given!r:.60}"
    raise InputError(f"expected {', '.join(others)}, or {last}, got {found}{hint}")
