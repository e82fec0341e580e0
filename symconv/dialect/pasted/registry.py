"""The tools whose layers can be pasted: files beside this one that hold a ``DIALECT``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from symconv.dialect.pasted.base import Fault, Pasted, Tool
from symconv.errors import LayerError
from symconv.machine.plugins import held

MOST_TEXT = 2**20
"""Characters of a pasted text: a module of a thousand convolutions takes 400,000."""


@cache
def tools() -> tuple[Tool, ...]:
    """All tools, in the order of their files' names."""
    return tuple(held("symconv.dialect.pasted", Path(__file__).parent, "[!_]*.py", "DIALECT"))


def tool_of(given: str | Mapping[str, Any]) -> Tool | None:
    """The tool in whose words a text or an object is written, if any.

    >>> tool_of("Conv2d(3, 64, kernel_size=(7, 7))").noun, tool_of("conv i3x8 o4 k3")
    ('a printed torch module', None)
    """
    if isinstance(given, str):
        opening = given[:MOST_TEXT]
        return next((tool for tool in tools() if tool.opens(opening)), None)
    return next((tool for tool in tools() if "op" not in given and tool.takes(given)), None)


def read_pasted(given: str | Mapping[str, Any], name: str) -> list[Pasted | Fault]:
    """Read every layer of a text or an object that `tool_of` knows.

    Raises:
        LayerError: it holds none, or one bad one alone; or it is too long.
        Unsupported: symconv has no such layer.
    """
    tool = tool_of(given)
    if tool is None:
        raise LayerError(f"{name} is written in no tool's words that symconv knows")
    if not isinstance(given, str):
        return tool.read_object(given, name)
    if len(given) > MOST_TEXT:
        raise LayerError(
            f"{tool.noun}: {name} holds more than {MOST_TEXT >> 20} MB; paste a part of it"
        )
    return tool.read_text(given, name)
