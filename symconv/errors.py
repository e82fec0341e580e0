"""Faults with a name: what was asked, what was found, what to do.

There are three kinds, and tools that are missing.  `InputError`: the input makes no sense, and its
message says what would.  `Unsupported`: it makes sense, and symconv cannot settle or do it.
`InternalError`: symconv itself is wrong; only this kind asks to be reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Self

MOST_ECHOED = 80
"""Characters of a value that a message repeats: a line of a terminal; more of it tells no more."""

MOST_PATH = 300
"""A path stays whole up to here, so that the command which a message names can be copied."""

MOST_MESSAGE = 2000
"""Characters of a message, whatever is in it: a screenful."""

_QUOTED = r"""(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|(?<!\w)"(?:[^"\\]|\\.)*"(?!\w)"""
_PIECE = re.compile(rf"{_QUOTED}|[\[{{]|\((?=[-\d'\"\[({{])|[^\s'\"\[\](){{}},;]+")
_OPEN_OR_CLOSE = re.compile(rf"{_QUOTED}|[\[\](){{}}]")


def named_fault(fault: BaseException) -> str:
    """What a fault of somebody else's code is, with its kind; its kind where it cannot say more.

    >>> named_fault(KeyError("k"))
    "KeyError('k')"
    """
    try:
        return repr(fault)
    except BaseException as another:  # noqa: BLE001 - theirs as well, and no reason to stop
        return f"{type(fault).__name__}, whose text cannot be had: {type(another).__name__}"


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


class SymconvError(Exception):
    """Any fault but symconv's own; the message is one line.

    What it repeats of the input is shortened here, so that no message has to think of it.
    """

    def __init__(self, message: object = "", *more: object) -> None:
        super().__init__(shortened(message) if isinstance(message, str) else message, *more)

    def within(self, where: str) -> Self:
        """Say where it happened, in front of what: the same fault, with its cause and its trace.

        >>> str(LayerError("stride must be at least 1").within("axis 0"))
        'axis 0: stride must be at least 1'
        """
        message, *more = self.args
        self.args = (shortened(f"{where}: {message}"), *more)
        return self


class InputError(SymconvError, ValueError):
    """The input makes no sense; the message shows what was found and says what would."""


class LayerError(InputError):
    """A layer's attributes, or a layer together with an input size, make no sense."""


class FactorError(InputError):
    """Phase factors and a residual stride break ``E_in * u * t == E_out * s``."""


class ClaimError(InputError):
    """A claim's text is ill-formed: a shape, a pattern, a name or a step does not fit."""


class MalformedError(ClaimError):
    """A claim's text is ill-formed at every size: an axis, an entry or a name that cannot be."""


class FoldError(InputError):
    """An expanded kernel is not the image of a strided one; the message names two slots."""


class ClaimWarning(UserWarning):
    """Something in a claim's text that is well-formed and hardly meant."""


class Unsupported(SymconvError):
    """What is asked makes sense, and symconv cannot do it; the message says how far it goes."""


class TooLarge(Unsupported):
    """A table that cannot be factorised outgrew the stated memory bound, or a time was over."""


class MissingTool(SymconvError):
    """A library or a program that this needs is not installed; the message says how to get it."""


class InternalError(RuntimeError):
    """A fault of symconv itself, never of its input; no verdict was reached.

    It is not a `SymconvError`, so that nothing that steps over bad input steps over it.

    >>> print(InternalError("two tables disagree"))
    two tables disagree: a fault of symconv, please report it
    """

    def __init__(self, message: str = "", *, evidence: object = None) -> None:
        super().__init__(message)
        self.evidence = evidence
        """A file that shows it, where there is one."""

    def __str__(self) -> str:
        more = "" if self.evidence is None else f" with {self.evidence}"
        return f"{super().__str__()}: a fault of symconv, please report it{more}"


class ContradictionError(InternalError):
    """Two ways of settling one claim disagree: there is no verdict, and one of them is wrong."""
