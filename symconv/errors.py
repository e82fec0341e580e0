"""Faults with a name: what was asked, what was found, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_ECHOED = 80
"""Characters of a value that a message repeats: a line of a terminal; more of it tells no more."""

MOST_PATH = 300
"""A path stays whole up to here, so that the command which a message names can be copied."""

MOST_MESSAGE = 2000
"""Characters of a message, whatever is in it: a screenful."""

_QUOTED = r"""(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|(?<!\w)"(?:[^"\\]|\\.)*"(?!\w)"""
_PIECE = re.compile(rf"{_QUOTED}|[\[{{]|\((?=[-\d'\"\[({{])|[^\s'\"\[\](){{}},;]+")
_OPEN_OR_CLOSE = re.compile(rf"{_QUOTED}|[\[\](){{}}]")


def shortened(message: str) -> str:
    """Shorten every value that a message repeats: strings, lists, numbers past 80 characters.

    >>> shortened(f"a size of {'9' * 5000} in [1, 2]").replace("9" * 50, "~")
    'a size of ~9999999999...9999999999 in [1, 2]'
    """
    if len(message) <= MOST_ECHOED:
        return message
    message = _ends(message, 2 * MOST_MESSAGE)  # before its pieces are sought, which takes a while
    return _ends("".join(_pieces(message)), MOST_MESSAGE)


def _pieces(message: str) -> Iterator[str]:
    """The message in pieces: its values shortened, the words between them as they are."""
    end = 0
    while found := _PIECE.search(message, end):
        start, stop = found.span()
        yield message[end:start]
        if stop - start == 1 and found[0] in "[{(":
            stop = _closing(message, start)
        value = message[start:stop]
        yield _ends(value, MOST_PATH if "/" in value and value[0] not in "'\"[{(" else MOST_ECHOED)
        end = stop
    yield message[end:]


def _closing(message: str, start: int) -> int:
    """Where the bracket that opens at ``start`` closes; the message's end where it does not."""
    depth = 0
    for found in _OPEN_OR_CLOSE.finditer(message, start):
        depth += (found[0] in "[{(") - (found[0] in ")}]")
        if not depth:
            return found.end()
    return len(message)


def _ends(text: str, most: int) -> str:
    """Both ends of a text that is too long."""
    return text if len(text) <= most else f"{text[: most * 3 // 4]}...{text[-most // 8 :]}"


class SymconvError(ValueError):
    """Any fault that symconv reports about its input; the message is one line.

    What it repeats of the input is shortened here, so that no message has to think of it.
    """

    def __init__(self, message: object = "", *more: object) -> None:
        super().__init__(shortened(message) if isinstance(message, str) else message, *more)


class LayerError(SymconvError):
    """A layer's attributes, or a layer together with an input size, make no sense."""


class FactorError(SymconvError):
    """Phase factors and a residual stride break ``E_in * u * t == E_out * s``."""


class ClaimError(SymconvError):
    """A claim's text is ill-formed: a shape, a pattern, a name or a step does not fit."""


class ClaimWarning(UserWarning):
    """Something in a claim's text that is well-formed and hardly meant."""


class MalformedError(ClaimError):
    """A claim's text is ill-formed at every size: an axis, an entry or a name that cannot be."""


class FoldError(SymconvError):
    """An expanded kernel is not the image of a strided one; the message names two slots."""


class TooLarge(SymconvError):
    """A table that cannot be factorised outgrew the stated memory bound."""


class InternalError(RuntimeError):
    """A fault of symconv itself, never of its input; no verdict was reached.

    It is no `SymconvError`, so that nothing that steps over bad input steps over it.
    """


class ContradictionError(InternalError):
    """Two ways of settling one claim disagree: there is no verdict, and one of them is wrong."""
