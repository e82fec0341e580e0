"""What is read must not be what is written: files are compared, however they are called."""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable, Iterable, Iterator

from symconv.errors import InputError

STANDARD = "-"
_INPUT, _OUTPUT = 0, 1


def check_apart(read: Iterable[str], target: str | None, *others: str | None) -> None:
    """Refuse to write to a file that is read, or that is written to already.

    Symbolic and hard links are seen through, and so is what the shell has put in place of standard
    input and output.  Pipes and terminals may be both.

    Args:
        read: paths, texts, or ``-`` for standard input.
        target: where results go, ``-`` for standard output; None where nowhere.
        others: more paths that are written, None where they are not.

    Raises:
        InputError: a file is two of them.
    """
    taken = {_identity(_INPUT if name == STANDARD else name): "is read" for name in read}
    for name, file in _written(target, others):
        if file is not None and file in taken:
            raise InputError(f"{name} {taken[file]}; give another file to write to")
        taken[file] = "is written to already"


def _written(target: str | None, others: Iterable[str | None]) -> Iterator[tuple[str, Hashable]]:
    """What each output is called, and which file it is."""
    if target == STANDARD:
        yield "the file behind standard output", _identity(_OUTPUT)
    elif target is not None:
        yield target, _to_be(target)
    yield from ((path, _to_be(path)) for path in others if path is not None)


def _to_be(path: str) -> Hashable:
    """Which file a path will be, if it is not there yet."""
    return _identity(path) if os.path.exists(path) else os.path.realpath(path)


def _identity(file: str | int) -> Hashable:
    """What tells a regular file from all others; None of what is not one, or not there."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):  # a text is not a path, and may be too long to ask for
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
