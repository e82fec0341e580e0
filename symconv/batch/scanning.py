"""Where the values of a JSON text begin and end, found without holding the text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any

from symconv.errors import InputError

PIECE = 2**16
"""Bytes read at a time: some hundred items, a fraction of a millisecond."""

MOST_ITEM = 8 * 2**20
"""Bytes of one item: a thousand times a claim of the usual size."""

SPACE = " \t\r\n"


def _nothing(_: Any) -> None:
    """Numbers and objects are not looked at here; who reads the item reads them."""


_DECODER = json.JSONDecoder(object_pairs_hook=_nothing, parse_int=_nothing, parse_float=_nothing)


class Scanner:
    """Walk a JSON text from its begin; what is behind is forgotten.

    Values are only delimited: the texts that `value` gives are read, with all that is refused of
    them (a key twice, NaN), by whoever decides the item.
    """

    def __init__(self, read: Callable[[int], bytes], where: str) -> None:
        self._read, self._where = read, where
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False

    def peek(self) -> str:
        """The next character that is not space, which stays; an empty text at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, wanted: str) -> str:
        """The next character, which must be one of these.

        Raises:
            InputError: it is another one, or there is none.
        """
        found = self.peek()
        if not found or found not in wanted:
            shown = repr(found) if found else "its end"
            raise InputError(
                f"{self._where} is not JSON: expected {' or '.join(wanted)}, got {shown}"
            )
        self._at += 1
        return found

    def value(self) -> str:
        """The text of the value that comes next.

        Raises:
            InputError: it is no value, or longer than `MOST_ITEM`.
        """
        self.peek()
        end = self._end()
        while end == len(self._text) and self._more():  # a number may go on
            end = self._end()
        text, self._at = self._text[self._at : end], end
        return text

    def rest(self, most: int) -> str:
        """All that is left.

        Raises:
            InputError: it is longer than so many characters.
        """
        while self._more():
            if len(self._text) - self._at > most:
                raise InputError(
                    f"{self._where} holds more than {most >> 20} MB; split it into several files"
                )
        return self._text[self._at :]

    def _end(self) -> int:
        """Where the value that begins here ends; more is read until it does."""
        while True:
            try:
                return _DECODER.raw_decode(self._text, self._at)[1]
            except RecursionError as fault:
                raise InputError(f"{self._where} is nested too deeply") from fault
            except ValueError as fault:
                self._check_length()
                if not self._more():
                    raise InputError(f"{self._where} is not JSON: {_reason(fault)}") from fault

    def _check_length(self) -> None:
        if len(self._text) - self._at > MOST_ITEM:
            raise InputError(
                f"{self._where} holds an item that is not JSON, or longer than "
                f"{MOST_ITEM >> 20} MB; write one item a line (.jsonl) to have the others read"
            )

    def _more(self) -> bool:
        """Read on, as much again as there is, so that a long item is not tried too often."""
        if self._ended:
            return False
        left = self._text[self._at :]
        data = self._read(max(PIECE, len(left)))
        self._ended = not data
        try:
            self._text, self._at = left + self._decoder.decode(data, self._ended), 0
        except UnicodeDecodeError as fault:
            raise InputError(f"{self._where} is not text in UTF-8: {fault}") from fault
        return not self._ended


def _reason(fault: ValueError) -> str:
    return fault.msg if isinstance(fault, json.JSONDecodeError) else str(fault)


def members(scanner: Scanner) -> Iterator[str]:
    """The keys of the object that begins here; the caller takes each value before the next.

    Raises:
        InputError: it is not an object.
    """
    scanner.take("{")
    if scanner.peek() == "}":
        scanner.take("}")
        return
    while True:
        if scanner.peek() != '"':
            scanner.take('"')
        key: str = json.loads(scanner.value())
        scanner.take(":")
        yield key
        if scanner.take(",}") == "}":
            return


def elements(scanner: Scanner) -> Iterator[str]:
    """The texts of the array that begins here, one after the other.

    Raises:
        InputError: it is not an array, or an element is not JSON.

    >>> import io
    >>> list(elements(Scanner(io.BytesIO(b'[1, {"a": [2]}, "x"]').read, "it")))
    ['1', '{"a": [2]}', '"x"']
    """
    scanner.take("[")
    if scanner.peek() == "]":
        scanner.take("]")
        return
    while True:
        yield scanner.value()
        if scanner.take(",]") == "]":
            return
