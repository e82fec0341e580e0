"""Files in and out: bounded before they are read, whole or not there when they are written."""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import re
import shutil
import stat
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from symconv.errors import LayerError

STANDARD_INPUT = "-"

MOST_BYTES = 64 * 2**20
"""Bytes of one file, unpacked: the 12,134 layers of the zoo take 3 MB, their certificates 22."""

MOST_TOML = 2**20
"""Characters of a TOML file: Python's reader takes a second for each million."""

MOST_MEMORY = 320 * 2**20
"""Bytes that a text and its values may take, so that a command stays below 500 MB."""

VALUE = 72
"""Bytes of a value in Python, about: the reference to it, and an empty list or a number."""

MOST_DIGITS = 400
"""Digits of a number: the largest double has 309, and no product of ten meets Python's 4,300."""

WAIT = 1.0
"""Seconds to wait for somebody to open the other end of a named pipe."""

_LONG_NUMBER = re.compile(rf"[0-9]{{{MOST_DIGITS + 1},}}")


def read_text(source: str) -> str:
    """Read a text file, unpacked where it is gzip, or standard input where the source is ``-``.

    UTF-8 or, by its byte order mark or its zeros, UTF-16 and UTF-32; a mark is left out.

    Raises:
        LayerError: the file cannot be read, is not text, or is larger than `MOST_BYTES`.
    """
    if source == STANDARD_INPUT:
        return _decoded(_standard_input(), "standard input")
    try:
        data = _bytes_of(source)
        if source.endswith(".gz"):
            from gzip import GzipFile

            data = GzipFile(fileobj=io.BytesIO(data)).read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as fault:
        reason = (fault.strerror if isinstance(fault, OSError) else None) or fault
        raise LayerError(f"{source} cannot be read: {reason}") from fault
    return _decoded(data, source)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise LayerError("standard input is closed; give a file, or write to it")
    if isinstance(sys.stdin, io.StringIO):
        return sys.stdin.read(MOST_BYTES + 1).encode()
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def _bytes_of(path: str) -> bytes:
    """At most one byte more than is allowed; of a pipe, once somebody writes to it."""
    # Without O_NONBLOCK the mere opening of a named pipe waits for a writer, for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb", buffering=0) as file:
        first = _first_of_pipe(descriptor) if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else b""
        if hasattr(os, "set_blocking"):
            os.set_blocking(descriptor, True)
        return first + io.BufferedReader(file).read(MOST_BYTES + 1 - len(first))


def _first_of_pipe(descriptor: int) -> bytes:
    """The first byte of a pipe, where it has come; none where there is a writer to wait for.

    Raises:
        OSError: nobody has opened the other end.
    """
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            if first := os.read(descriptor, 1):
                return first
        except BlockingIOError:  # there is a writer, and it has not written yet
            return b""
        time.sleep(0.01)
    raise OSError(errno.EPIPE, "nobody writes to this pipe")


def _decoded(data: bytes, where: str) -> str:
    if len(data) > MOST_BYTES:
        raise LayerError(
            f"{where} holds more than {MOST_BYTES >> 20} MB; split it into several files"
        )
    try:
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as fault:
        if where == "standard input":
            raise LayerError(f"the input is not text in UTF-8: {fault}") from fault
        raise LayerError(f"{where} is not text; layers come as JSON or TOML") from fault


def read_json(text: str, where: str) -> Any:
    """Read a JSON text; ``where`` is what messages call it.

    Raises:
        LayerError: it is not JSON, holds a key twice in one object, NaN, or a number of too many
            digits; is nested too deeply; or its values would take more than `MOST_MEMORY`.
    """
    return _read(json_loads, text, "JSON", where)


def read_toml(text: str, where: str) -> Any:
    """Read a TOML text, as `read_json` does.

    Raises:
        LayerError: as `read_json`; or it is longer than `MOST_TOML`.
    """
    if len(text) > MOST_TOML:
        raise LayerError(f"{where} holds more than {MOST_TOML >> 20} MB of TOML; write it as JSON")
    from tomllib import loads

    return _read(loads, text, "TOML", where)


def _read(loads: Callable[[str], Any], text: str, form: str, where: str) -> Any:
    _check_memory(text, where)
    if number := _LONG_NUMBER.search(text):
        raise LayerError(
            f"{where} is not {form}: Exceeds the limit of {MOST_DIGITS} digits: {number[0]!r}"
        )
    try:
        with _without_collector():
            return loads(text)
    except RecursionError as fault:
        raise LayerError(f"{where} is nested too deeply") from fault
    except ValueError as fault:
        raise LayerError(f"{where} is not {form}: {fault}") from fault


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, values that are all alive."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _check_memory(text: str, where: str) -> None:
    """Refuse a text whose values would fill the memory; marks between values are counted."""
    marks = sum(text.count(mark) for mark in ",:[{")
    if (size := 3 * sys.getsizeof(text) + VALUE * marks) > MOST_MEMORY:
        raise LayerError(
            f"{where} would take about {size >> 20} MB, {MOST_MEMORY >> 20} MB are allowed; "
            "split it into several files"
        )


def json_loads(text: str) -> Any:
    """Read JSON in which no object holds the same key twice and no number is NaN."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, many in Counter(key for key, _ in pairs).items() if many > 1)
        raise ValueError(f"an object holds the key {twice!r} twice")
    return found


def _constant(name: str) -> float:
    """``-Infinity``, which Python writes for the identity of a maximum; no other such word."""
    if name == "-Infinity":
        return float("-inf")
    raise ValueError(f"{name} is not a number of JSON")


def write_file(path: str | Path, content: str | bytes) -> None:
    """Write a file whole or not at all: beside its place first, and renamed when it is on disk.

    What is not a regular file (``/dev/stdout``, a pipe) is written where it is.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    data = content.encode() if isinstance(content, str) else content
    target = Path(os.path.realpath(path))  # the file behind a link; the link stays
    try:
        _write(target, data)
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(path)) from fault


def _write(target: Path, data: bytes) -> None:
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    from secrets import token_hex  # OpenSSL takes a while to load

    beside = target.with_name(f".symconv-{token_hex(8)}")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
