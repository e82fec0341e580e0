"""The text form of protobuf: ``name: "pads" ints: 3 ints: 3``, nested in braces.

Source: Protocol Buffers, "Text Format Language Specification".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from symconv.errors import LayerError

Message = dict[str, list[Any]]
"""A message: every field with all its values, in the order in which they stand."""

MOST_DEEP = 100
"""Messages inside one another: protobuf's own parsers stop there."""

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<word>[\w.+-]+)|(?P<mark>[{}<>\[\]:,;])"""
)
_CLOSES = {"{": "}", "<": ">"}


def read_protobuf(text: str) -> Message:
    """Read a message.

    Raises:
        LayerError: the text is not one.

    >>> read_protobuf('name: "pads" ints: 3 ints: 4 more { type: INTS }')
    {'name': ['pads'], 'ints': [3, 4], 'more': [{'type': ['INTS']}]}
    """
    tokens = [*_tokens(text), ("end", "")]
    found, place = _message(tokens, 0, "", 0)
    if tokens[place][0] != "end":
        raise _unread(tokens[place][1])
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        if not (found := _TOKEN.match(text, place)):
            raise _unread(text[place : place + 40])
        if found.lastgroup:
            yield found.lastgroup, found[0]
        place = found.end()


def _unread(what: str) -> LayerError:
    return LayerError(f"cannot read the protobuf text at {what!r}" if what else "it is cut off")


def _message(
    tokens: list[tuple[str, str]], place: int, end: str, depth: int
) -> tuple[Message, int]:
    """The fields up to a closing mark or the end, and the place of that."""
    if depth > MOST_DEEP:
        raise LayerError(f"it holds more than {MOST_DEEP} messages inside one another")
    found: Message = {}
    while tokens[place][1] != end:
        kind, word = tokens[place]
        if kind != "word":
            raise _unread(word)
        place += tokens[place + 1][1] == ":"
        values, place = _values(tokens, place + 1, depth)
        found.setdefault(word, []).extend(values)
        place += tokens[place][1] in (",", ";")
    return found, place


def _values(tokens: list[tuple[str, str]], place: int, depth: int) -> tuple[list[Any], int]:
    """The value at a place, or those of a list, and the place behind."""
    if tokens[place][1] != "[":
        value, place = _value(tokens, place, depth)
        return [value], place
    values: list[Any] = []
    place += 1
    while tokens[place][1] != "]":
        value, place = _value(tokens, place, depth)
        values.append(value)
        place += tokens[place][1] == ","
    return values, place + 1


def _value(tokens: list[tuple[str, str]], place: int, depth: int) -> tuple[Any, int]:
    kind, word = tokens[place]
    if word in _CLOSES:
        found, place = _message(tokens, place + 1, _CLOSES[word], depth + 1)
        return found, place + 1
    if kind == "text":
        return _unquoted(word), place + 1
    if kind != "word":
        raise _unread(word)
    return _scalar(word), place + 1


def _unquoted(word: str) -> str:
    try:
        return str(ast.literal_eval(word))
    except (SyntaxError, ValueError):
        raise _unread(word) from None


def _scalar(word: str) -> Any:
    if re.fullmatch(r"[-+]?[0-9]{1,18}", word):
        return int(word)
    try:
        return float(word) if word[0] in "-+.0123456789" else word
    except ValueError:
        raise _unread(word) from None
