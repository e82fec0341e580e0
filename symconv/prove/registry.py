"""The engines there are: those that decide any claim, and those that add a proof to a layer's.

An engine is a folder beside this file with a module ``engine`` that holds its ``ENGINE``; to add
one is to add its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from symconv.errors import InputError
from symconv.machine.plugins import held
from symconv.prove.engine import Engine, Question


def _rank(one: Engine) -> tuple[bool, bool]:
    return one.by_name, not one.decides


ENGINES: tuple[Engine, ...] = tuple(
    sorted(held("symconv.prove", Path(__file__).parent, "*/engine.py", "ENGINE"), key=_rank)
)
"""All of them: those that decide, those that add a proof, and those asked by their names only."""

DECIDERS: tuple[Engine, ...] = tuple(one for one in ENGINES if one.decides)
"""Engines that are asked of every claim that they can decide, the cheapest first."""


def engine_named(name: str) -> Engine:
    """The decider of this name.

    Raises:
        InputError: there is none.

    >>> engine_named("sets").trust
    "symconv's reading of the steps as formulas, and isl."
    """
    for one in DECIDERS:
        if one.name == name:
            return one
    raise InputError(
        f"there is no engine {name!r}; there are {', '.join(one.name for one in DECIDERS)}"
    )


def cheapest_first(question: Question) -> Iterator[Engine]:
    """The deciders that can answer, by what they are expected to cost."""
    able = [one for one in DECIDERS if not one.by_name and one.can(question) is None]
    yield from sorted(able, key=lambda one: one.cost(question))


def trusted(method: str) -> tuple[str, str]:
    """How a method proves, and what must be trusted to believe it.

    >>> trusted("mask")[0]
    'The square in front of which the mask stands does not commute without it.'
    """
    for one in ENGINES:
        known = {one.name: (one.how, one.trust), **one.also}
        if method in known:
            return known[method]
    return "See the figures on the right.", "The code of that method."
