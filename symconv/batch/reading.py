"""The items of sources: JSON lines, JSON arrays and objects that hold one, single documents."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from symconv.batch.items import Item
from symconv.batch.scanning import MOST_ITEM, PIECE, Scanner, elements, members
from symconv.batch.streams import UNKNOWN, Stream, opened
from symconv.errors import InputError, SymconvError
from symconv.machine.files import MOST_BYTES, STANDARD_INPUT, read_toml

if TYPE_CHECKING:
    from symconv.dialect.config import Size

LINES = (".jsonl", ".ndjson")
"""Suffixes of files that hold a JSON value a line."""

PARTS = ("layers", "claims", "configurations")
"""Keys of the lists that an object may hold."""

BESIDES = {"header", "name", "comment", "source"}
"""Keys that may stand beside a list, and are passed over."""

Watcher = Callable[[Stream], None]


def holds_lines(source: str) -> bool:
    """Whether a source is a file of JSON lines, by its name.

    >>> holds_lines("claims.jsonl.gz"), holds_lines("claims.json")
    (True, False)
    """
    return _suffix(source) in LINES


def _suffix(source: str) -> str:
    return "" if source == STANDARD_INPUT else Path(source.removesuffix(".gz")).suffix.lower()


def check_sources(sources: Sequence[str], size: Size | None = None) -> None:
    """Refuse what cannot be opened, or is no layer, before anything is decided or written.

    A pipe is opened once, when it is read: what was written to it by then would be lost.

    Raises:
        InputError: there is one.
    """
    from symconv.dialect.files import read_layers

    for source in sources:
        if not _is_file(source):
            read_layers(source, size)
        elif not _is_passing(source):
            with opened(source):
                pass


def _is_file(source: str) -> bool:
    return source == STANDARD_INPUT or os.path.lexists(source)


def _is_passing(source: str) -> bool:
    """Whether a source can be read only once: standard input, a pipe, a device."""
    if source == STANDARD_INPUT:
        return True
    try:
        mode = os.stat(source).st_mode
    except OSError:  # a link to nowhere: who opens it says so
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def items_of(sources: Iterable[str], watch: Watcher = lambda _: None) -> Iterator[Item]:
    """All items of all sources, numbered through; none is held once the next one is asked for.

    JSON lines by their suffix, and in standard input where its first line is a whole object; else a
    JSON array, an object that holds one under ``layers``, ``claims`` or ``configurations``, or one
    document.  What is no file is an item by itself: a shorthand, a preset.

    A source that cannot be read on is an item with a fault, and the next source is read.

    Args:
        sources: paths, ``-``, or texts.
        watch: is given each stream that is opened, to see how far it has come.
    """
    index = 0
    for source in sources:
        for item in _of_source(source, watch):
            yield replace(item, index=index)
            index += 1


def _of_source(source: str, watch: Watcher) -> Iterator[Item]:
    if not _is_file(source) and source.lstrip()[:1] not in ("{", "["):
        yield _item(source, json.dumps(source))
        return
    found = False
    try:
        with _opened(source) as stream:
            watch(stream)
            for item in _of_stream(stream, _suffix(source)):
                found = True
                yield item
        if not found:
            yield Item(0, source, b"", f"{stream.where} holds no item")
    except SymconvError as fault:
        yield Item(0, source, b"", str(fault))


def _opened(source: str) -> AbstractContextManager[Stream]:
    """A file, standard input, or a JSON text itself."""
    if _is_file(source):
        return opened(source)
    text = io.BytesIO(source.encode("utf-8", "surrogatepass"))
    return nullcontext(Stream("the text", text, text, UNKNOWN))


def _item(name: str, text: str) -> Item:
    return Item(0, name, text.encode("utf-8", "surrogatepass"))


def _of_stream(stream: Stream, suffix: str) -> Iterator[Item]:
    if suffix in LINES:
        yield from _of_lines(stream, b"")
        return
    first = b"" if suffix else _first_line(stream)
    if _is_whole(first.partition(b"\n")[0]):
        yield from _of_lines(stream, first)
        return
    scanner = Scanner(_after(first, stream.read), stream.where)
    opening = scanner.peek()
    if opening == "[":
        yield from _of_array(scanner, "layers")
        _check_end(scanner, stream.where)
    elif opening == "{":
        yield from _of_object(scanner, stream.where)
        _check_end(scanner, stream.where)
    else:
        yield from _of_text(scanner.rest(MOST_BYTES), stream.where, suffix)


def _first_line(stream: Stream) -> bytes:
    """What is read until the first line is whole; of an array less, as its lines are no items."""
    data = stream.read(PIECE)
    while data[:1] != b"[" and b"\n" not in data and len(data) < MOST_ITEM:
        if not (more := stream.read(PIECE)):
            break
        data += more
    return data


def _is_whole(line: bytes) -> bool:
    """Whether a line is a JSON object by itself, and not one that holds a list of items."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not set(PARTS) & set(found)


def _after(first: bytes, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """A function that reads what was read already before the rest."""
    held = [first]

    def reading(most: int) -> bytes:
        return (held.pop() or read(most)) if held else read(most)

    return reading


def _of_lines(stream: Stream, first: bytes) -> Iterator[Item]:
    for number, line in _lines(stream, first):
        name = f"line {number}"
        if line is None:
            yield Item(0, name, b"", f"{name} of {stream.where} holds more than {_MEGABYTES} MB")
        elif text := line.removeprefix(b"\xef\xbb\xbf").strip():
            yield Item(0, name, text)


_MEGABYTES = MOST_ITEM >> 20


def _lines(stream: Stream, first: bytes) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a stream that are not empty, each with its number; None for one too long.

    Raises:
        InputError: one is so long that nobody wrote it.
    """
    begun, passed, number = b"", 0, 1
    for piece in chain((first,), iter(lambda: stream.read(PIECE), b"")):
        *whole, begun = (begun + piece).split(b"\n")
        if passed and whole:  # the end of what was too long
            yield number, None
            passed, whole[0] = 0, b""
        for place, line in [(place, line) for place, line in enumerate(whole, number) if line]:
            yield place, None if len(line) > MOST_ITEM else line
        number += len(whole)
        if len(begun) > MOST_ITEM:
            passed, begun = passed + len(begun), b""
        if passed > 8 * MOST_ITEM:
            raise InputError(f"{stream.where} holds a line of more than {passed >> 20} MB; cut it")
    yield number, None if passed else begun


def _of_array(scanner: Scanner, part: str) -> Iterator[Item]:
    for place, text in enumerate(elements(scanner)):
        yield _item(f"{part}[{place}]", text)


def _of_object(scanner: Scanner, where: str) -> Iterator[Item]:
    """The items of the lists that an object holds; the object itself where it holds none."""
    single: list[str] = []
    others: list[str] = []
    seen: set[str] = set()
    parts = False
    for key in members(scanner):
        if key in seen:
            raise InputError(f"{where} holds the key {key!r} twice; leave one out")
        seen.add(key)
        if key in PARTS and scanner.peek() == "[":
            parts = True
            _check_beside(others, where)
            yield from _of_array(scanner, key)
        else:
            others.append(key)
            single.append(f"{json.dumps(key)}: {scanner.value()}")
        _check_beside(others if parts else (), where)
    if not parts:
        yield _item(Path(where).name.split(".")[0], f"{{{', '.join(single)}}}")


def _check_beside(keys: Iterable[str], where: str) -> None:
    if other := [key for key in keys if key not in BESIDES]:
        raise InputError(f"{where} holds {other[0]!r} beside a list; leave it out")


def _check_end(scanner: Scanner, where: str) -> None:
    if scanner.peek():
        raise InputError(
            f"{where} goes on after its end; name it .jsonl where it holds an item a line"
        )


def _of_text(text: str, where: str, suffix: str) -> Iterator[Item]:
    """The items of what is not JSON: TOML, a layer in another tool's words, a layer a line."""
    from symconv.dialect.pasted.registry import tool_of

    stem = Path(where).name.split(".")[0]
    if suffix != ".toml" and tool_of(text):
        yield _item(stem, json.dumps(text))
    elif suffix == ".toml" or "=" in text:
        document = json.dumps(read_toml(text, where)).encode()
        yield from _of_object(Scanner(_after(document, lambda _: b""), where), where)
    else:
        lines = (line.strip() for line in text.split("\n"))
        yield from (_item(line, json.dumps(line)) for line in lines if line)
