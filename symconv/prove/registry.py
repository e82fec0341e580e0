"""The engines there are: those that decide any claim, and those that add a proof to a layer's."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.errors import InputError
from symconv.prove.engine import Engine, Question
from symconv.prove.kernel.engine import Kernel
from symconv.prove.sets.engine import Sets
from symconv.prove.squares.engine import Squares
from symconv.prove.sympy.engine import SymPy
from symconv.prove.tables.engine import Tables

DECIDERS: tuple[Engine, ...] = (Tables(), Sets(), Squares())
"""Engines that are asked of every claim that they can decide, the cheapest first."""

SECONDS: tuple[Engine, ...] = (SymPy(), Kernel())
"""Engines whose proof stands beside a decided layer's: they speak of expansions only."""

ENGINES: tuple[Engine, ...] = (*DECIDERS, *SECONDS)


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
    able = [one for one in DECIDERS if one.can(question) is None]
    yield from sorted(able, key=lambda one: one.cost(question))


def trusted(method: str) -> tuple[str, str]:
    """How a method proves, and what must be trusted to believe it."""
    for one in ENGINES:
        if one.name == method:
            return one.how, one.trust
    return _OF_FACTS.get(method, ("See the figures on the right.", "The code of that method."))


_OF_FACTS = {
    "mask": (
        "The square in front of which the mask stands does not commute without it.",
        "As for squares; the refutation without it can be run.",
    ),
}
