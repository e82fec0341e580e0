"""What a batch is made of: items, the rows that are written of them, the work between the two."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from symconv.errors import InternalError

Row = dict[str, Any]
"""What is written of an item: its ``digest`` and its ``verdict`` at least; plain data."""

Key = bytes
"""What tells the items of an input apart, and finds the row of each in a file of results."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of many, at its place in the input.

    ``payload`` is its JSON text, or plain data where it never was a text.  ``name`` is what it is
    called where it does not name itself.  ``fault`` says why it could not be read.
    """

    index: int
    name: str
    payload: Any
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A row that is ready: its line, with the line's end, and what the summary counts of it.

    ``index`` is that of the item that it answers.
    """

    index: int
    line: bytes
    verdict: str
    internal: bool = False


class Work(Protocol):
    """What is done with each item.  It travels to other processes, so it must be picklable."""

    @property
    def seconds(self) -> float:
        """How long one item may take; the work keeps to it as far as it can."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """What every row says of the options by which it was made; nothing where it is empty."""

    @property
    def own(self) -> Sequence[str]:
        """Modules that it needs and that other machines cannot be expected to have."""

    def prepare(self) -> None:
        """Load what the work needs, before processes are made that share it."""

    def key(self, item: Item) -> Key:
        """What the item's row will be found by, as `key_of` the row."""

    def row(self, item: Item) -> Row:
        """The item's row, whatever comes of it."""

    def lost(self, item: Item, verdict: str, why: str) -> Row:
        """The row of an item whose worker ended in the middle of it."""


def check_answers(lines: Sequence[Done], items: Sequence[Item]) -> None:
    """Refuse lines that are not those of the items, one each and in their order.

    Raises:
        InternalError: a worker has answered something else than it was sent.
    """
    answered, sent = [line.index for line in lines], [item.index for item in items]
    if answered != sent:
        raise InternalError(f"a worker was sent the items {sent}, and answers {answered}")


def key_of(digest: str, index: int | None) -> Key:
    """The key of a row: half of its digest, and its index where it has one.

    A hundred thousand keys are held while a batch is resumed, so they are short.

    >>> key_of("ab" * 32, 7).hex()[-20:]
    'abab0000000000000007'
    """
    tail = b"" if index is None else index.to_bytes(8)
    return bytes.fromhex(digest[:32]) + tail


def digest_of_bytes(data: bytes) -> str:
    """SHA-256 of what could not be read as JSON."""
    return hashlib.sha256(data).hexdigest()


def chunk_of(items: Iterator[Item], most: int, size: int) -> list[Item]:
    """The next items, so that equal neighbours meet: at most so many, and of about that size.

    >>> of = iter([Item(n, "", b"123456") for n in range(5)])
    >>> len(chunk_of(of, 2, 100)), len(chunk_of(of, 9, 12)), len(chunk_of(of, 9, 12))
    (2, 2, 1)
    """
    chunk: list[Item] = []
    held = 0
    while len(chunk) < most and held < size and (item := next(items, None)) is not None:
        chunk.append(item)
        held += len(item.payload) if isinstance(item.payload, bytes) else 0
    return chunk
