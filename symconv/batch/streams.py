"""Bytes of a source as they come: files, standard input, unpacked within bounds where gzip."""

from __future__ import annotations

import gzip
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from symconv.errors import InputError
from symconv.machine.files import STANDARD_INPUT

MOST_UNPACKED = 16 * 2**30
"""Bytes that a gzip file may unpack to: ten million items, and a minute of unpacking."""

FREE, MOST_RATIO = 2**28, 300
"""Bytes beyond which a gzip file may unpack to so many times its size alone.

Claims unpack to ten or fifty times; only what is one character, or one line, reaches a thousand."""

UNKNOWN = 0
"""The size of what has no end that is known: a pipe."""


class Positioned(Protocol):
    """A file that says where it is."""

    def tell(self) -> int:
        """How many bytes have been read."""


class Bytes(Protocol):
    """A file of bytes, packed or not."""

    def read1(self, size: int = -1, /) -> bytes:
        """What is there, at most so much; nothing at the end."""


class Stream:
    """A source's bytes, by the piece, never all of them.

    Every fault of reading is one line that names the source.
    """

    def __init__(
        self, where: str, packed: Positioned, bytes_: Bytes, size: int, is_packed: bool = False
    ) -> None:
        self.where, self.size = where, size
        self._packed, self._bytes, self._is_packed = packed, bytes_, is_packed
        self._unpacked = 0

    def fraction(self) -> float | None:
        """How much of the file has been read, from 0 to 1; None of what has no size."""
        if self.size == UNKNOWN:
            return None
        return min(1.0, self._packed.tell() / self.size)

    def read(self, most: int) -> bytes:
        """The next bytes, as many as there are and at most so many; none at the end.

        Raises:
            InputError: it cannot be read, or unpacks to too much.
        """
        with self._told():
            return self._counted(self._bytes.read1(most))

    def _counted(self, data: bytes) -> bytes:
        self._unpacked += len(data)
        if self._is_packed and self._unpacked > FREE:
            most = min(MOST_UNPACKED, max(FREE, MOST_RATIO * self._packed.tell()))
            if self._unpacked > most:
                raise InputError(
                    f"{self.where} unpacks to more than {most >> 20} MB, {MOST_RATIO} times its "
                    f"size or {MOST_UNPACKED >> 30} GB; unpack it before"
                )
        return data

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error) as fault:
            raise InputError(f"{self.where} cannot be read: {_reason(fault)}") from fault


def _reason(fault: Exception) -> str:
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)


@contextmanager
def opened(source: str) -> Iterator[Stream]:
    """Open a file, unpacked where its name ends in ``.gz``, or standard input (``-``).

    Raises:
        InputError: it cannot be opened.
    """
    if source == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("standard input is closed; give a file, or write to it")
        buffer: Any = sys.stdin.buffer
        yield Stream("standard input", buffer, buffer, UNKNOWN)
        return
    try:
        file = open(source, "rb")  # noqa: SIM115 - closed below, whoever fails in between
    except OSError as fault:
        raise InputError(f"{source} cannot be read: {_reason(fault)}") from fault
    with file:
        status = os.fstat(file.fileno())
        size = status.st_size if stat.S_ISREG(status.st_mode) else UNKNOWN
        if source.endswith(".gz"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield Stream(source, file, unpacked, size, is_packed=True)
        else:
            yield Stream(source, file, file, size)
