"""The opening of a model's file: its first bytes, and the members of an archive.

Files are untrusted: nothing is unpickled, and what is unpacked is bounded before it is read.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from symconv.errors import InputError
from symconv.machine.files import MOST_BYTES, read_json
from symconv.network.model import Model

HEAD = 4096
"""Bytes by which a format is known; every magic number stands in the first eight."""

MOST_MEMBERS = 200_000
"""Members of an archive: an exported program has one file a weight."""

MOST_WEIGHT = 2**31
"""Bytes of all weights of a file, as of an ONNX file."""

ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a file begins, and what it holds where it is a zip archive."""

    path: Path
    head: bytes
    members: tuple[str, ...] = ()

    def has(self, ending: str) -> bool:
        """Whether an archive has a member whose path ends so."""
        return any(name == ending or name.endswith(f"/{ending}") for name in self.members)


class ModelFormat(Protocol):
    """A reader of one format of model files."""

    noun: str
    """What it reads, with its article."""

    def is_mine(self, opening: Opening) -> bool:
        """Whether a file is of the format."""

    def read(self, path: Path) -> Model:
        """Read a file of the format.

        Raises:
            InputError: it is malformed.
            Unsupported: it holds what is not read.
        """


def opening_of(path: str | Path) -> Opening:
    """Read how a file begins.

    Raises:
        InputError: it cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror or fault}") from fault
    if not head.startswith(ZIP):
        return Opening(path, head)
    with archive(path) as found:
        return Opening(path, head, tuple(found.namelist()))


def archive(path: Path) -> zipfile.ZipFile:
    """Open a zip archive.

    Raises:
        InputError: it is none, or has too many members.
    """
    try:
        found = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, EOFError) as fault:
        raise InputError(f"{path} is not a whole zip archive: {fault}") from fault
    if len(found.infolist()) > MOST_MEMBERS:
        raise InputError(f"{path} holds {len(found.infolist())} members, at most {MOST_MEMBERS}")
    return found


def member(found: zipfile.ZipFile, name: str, most: int = MOST_BYTES) -> bytes:
    """Unpack one member of an archive, of a bounded number of bytes.

    Raises:
        InputError: it is not there, is damaged, or holds more.
    """
    where = f"{found.filename}: {name!r}"
    try:
        with found.open(name) as file:
            data = file.read(most + 1)
    except KeyError:
        raise InputError(f"{where} is missing") from None
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as fault:
        raise InputError(f"{where} cannot be unpacked: {fault}") from fault
    except (EOFError, ValueError) as fault:
        raise InputError(f"{where} is cut off") from fault
    if len(data) > most:
        raise InputError(f"{where} unpacks to more than {most >> 20} MB")
    return data


def json_member(found: zipfile.ZipFile, name: str) -> Any:
    """Read one member of an archive as JSON.

    Raises:
        InputError: as `member`; or it is no JSON.
    """
    data, where = member(found, name), f"{found.filename}: {name!r}"
    try:
        return read_json(data.decode(json.detect_encoding(data)), where)
    except UnicodeDecodeError as fault:
        raise InputError(f"{where} is not text: {fault}") from fault
