"""The file of results: whole lines, appended as they come, read again where a batch is resumed."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from symconv.batch.items import Key, Row, key_of
from symconv.errors import InputError
from symconv.machine.files import STANDARD_INPUT

VERDICTS = ("proved", "refuted", "undecided", "declined", "error")
_DIGEST = re.compile(r"[0-9a-f]{64}")
STANDARD_OUTPUT = STANDARD_INPUT
"""``-``, where results may go as well."""


class Settled:
    """The rows that a file holds already, by their keys: how many of each, and their verdict."""

    def __init__(self) -> None:
        self._rows: dict[Key, tuple[int, str, bool]] = {}

    def add(self, row: Row) -> None:
        """Note one row more."""
        key = key_of_row(row)
        many = self._rows[key][0] if key in self._rows else 0
        self._rows[key] = many + 1, str(row["verdict"]), bool(row.get("internal"))

    def take(self, key: Key) -> tuple[str, bool] | None:
        """Strike one row of this key out and give its verdict; None where there is none."""
        many, verdict, internal = self._rows.get(key, (0, "", False))
        if many > 1:
            self._rows[key] = many - 1, verdict, internal
        elif many:
            del self._rows[key]
        return (verdict, internal) if many else None

    def copy(self) -> Settled:
        """The same rows, to be struck out of without a change to these."""
        other = Settled()
        other._rows = dict(self._rows)
        return other

    def __len__(self) -> int:
        return sum(many for many, *_ in self._rows.values())


def key_of_row(row: Row) -> Key:
    """The key of a row that was written."""
    return key_of(row["digest"], row.get("index"))


class Results:
    """A file to which rows are appended, one a line, in whole lines or not at all.

    A line that an earlier run was killed in the middle of is cut off when the file is resumed.
    """

    def __init__(self, path: str | Path, asked: Mapping[str, Any], resume: bool) -> None:
        self._path, self._asked = str(path), dict(asked)
        self._resume = resume and self._path != STANDARD_OUTPUT
        self._file: FileIO | None = None

    def settled(self) -> Settled:
        """What an earlier run has left, where it is resumed; half a line at its end is cut off.

        Raises:
            InputError: the file is not of results, or of results of other options.
        """
        found = Settled()
        if self._resume and os.path.isfile(self._path):
            self._opened()  # and locked, before it is changed
            _cut_last_line(self._path)
            for row in rows_of(self._path):
                self._check_asked(row)
                found.add(row)
        return found

    def _check_asked(self, row: Row) -> None:
        if (asked := row.get("asked", {})) != self._asked:
            raise InputError(
                f"{self._path} holds results of {json.dumps(asked)}, asked is "
                f"{json.dumps(self._asked)}; give another file, or leave out --resume"
            )

    def write(self, line: bytes) -> None:
        """Append a line; the file is opened, and what it held before is lost, with the first one.

        Raises:
            OSError: it cannot be written; what was written of the line is cut off again.
        """
        file = self._opened()
        start, written = os.fstat(file.fileno()).st_size, 0
        try:
            while written < len(line):
                written += file.write(line[written:])
        except OSError as fault:
            with suppress(OSError):
                file.truncate(start)
            raise OSError(fault.errno, fault.strerror, self._path) from fault

    def _opened(self) -> FileIO:
        if self._file is None:
            self._file = _open(self._path, "ab" if self._resume else "wb")
        return self._file

    def open(self) -> None:
        """Have a file, be it empty: the batch has run and there was nothing to write."""
        self._opened()

    def close(self) -> None:
        """Have everything on disk that was written."""
        if self._file is not None:
            with suppress(OSError):  # a pipe or a terminal has no disk
                os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def _open(path: str, mode: str) -> FileIO:
    if path == STANDARD_OUTPUT:
        return open(os.dup(1), "wb", buffering=0)
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    if os.path.isdir(path):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by `Results.close`
    _lock(file, path)
    if mode == "wb" and os.path.isfile(path):
        file.truncate(0)
    return file


def _lock(file: FileIO, path: str) -> None:
    """Keep other runs from writing to the same file, where the system has such locks.

    What is not a regular file, such as the null device, may be written to by many.

    Raises:
        InputError: another one is writing to it.
    """
    if sys.platform == "win32" or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        file.close()
        raise InputError(f"another run is writing to {path}; wait for its end") from fault
    except OSError:  # a pipe, or a file system without locks
        return


def _cut_last_line(path: str) -> None:
    """Cut off what stands behind the last line's end."""
    with open(path, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        last = _start_of_last_line(file, end)
        if last < end:
            file.truncate(last)


def _start_of_last_line(file: BinaryIO, end: int) -> int:
    """Where the last line begins that has no end; the file's end where there is none."""
    piece = 2**16
    place = end
    while place > 0:
        start = max(0, place - piece)
        file.seek(start)
        found = file.read(place - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        place = start
    return 0


def rows_of(path: str | Path) -> Iterator[Row]:
    """The rows of a file of results, one after the other; a last line without its end is none.

    Raises:
        InputError: a line is not a row.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield _row(line, f"line {number} of {path}")


def rows_of_input(path: str | Path, leftover: Settled | None) -> Iterator[Row]:
    """The rows of a file but those that belong to no item of the input.

    Of equal rows only as many are left out as belong to none, the first ones.
    """
    left_out = Settled() if leftover is None else leftover.copy()
    for row in rows_of(path):
        if left_out.take(key_of_row(row)) is None:
            yield row


def _row(line: bytes, where: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not _is_row(row):
        raise InputError(f"{where} is not a result of symconv; give another file to write to")
    return dict(row)


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.get("verdict") in VERDICTS
        and isinstance(row.get("digest"), str)
        and _DIGEST.fullmatch(row["digest"]) is not None
        and isinstance(row.get("index", 0), int)
    )
