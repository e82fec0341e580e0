"""Sizes and conditions in isl's syntax."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, singledispatch

import islpy as isl

from symconv.errors import ClaimError
from symconv.size.expr import Atom, Expr, Extreme, Floor, Size, names_of
from symconv.size.text import (
    Comparison,
    Condition,
    Every,
    Not,
    SizeText,
    Some,
    parse,
    read_condition,
)

_WORDS = {
    *("and", "card", "ceil", "ceild", "exists", "false", "floor", "floord", "implies", "infinity"),
    *("infty", "max", "min", "mod", "nan", "not", "or", "rat", "true"),
}
_RELATIONS = {"==": "="}


def check_names(names: Iterable[str]) -> None:
    """Refuse names that formulas need for themselves: isl's words, and a leading underscore.

    Raises:
        ClaimError: a name is one of them.

    >>> check_names(["N", "pad_lo"])
    """
    for name in names:
        if name.startswith("_") or name.lower() in _WORDS or not name.isascii():
            raise ClaimError(
                f"a size cannot be named {name!r} in a claim for all sizes; use ASCII letters, "
                "digits and underscores, not first, and none of isl's words such as 'mod'"
            )


@lru_cache(maxsize=4096)
def to_isl(text: SizeText) -> str:
    """A number or an expression in isl's syntax.

    >>> to_isl("(N + 1) // 2"), to_isl("N * -2"), to_isl("N % 2")
    ('floor((N + 1)/2)', '(-2*N)', '(N - 2*floor((N)/2))')
    """
    return size_to_isl(parse(text))


def size_to_isl(size: Size) -> str:
    """A size in isl's syntax, which takes a factor as a bare number in front."""
    if isinstance(size, int):
        return str(size)
    (atom, coefficient), *more = size.terms
    if coefficient == 1 and not more and not size.number:
        return _atom(atom)
    return f"({_bare(size)})"


def _bare(size: Expr) -> str:
    parts = "".join(_signed(_atom(atom), c) for atom, c in size.terms)
    number = f"{_sign(size.number)}{abs(size.number)}" if size.number else ""
    text = f"{parts}{number}".removeprefix(" + ")
    return f"-{text[3:]}" if text.startswith(" - ") else text


def condition_to_isl(text: SizeText) -> str:
    """A condition in isl's syntax.

    Raises:
        ClaimError: it is a number.

    >>> condition_to_isl("N >= 3")
    'N >= 3'
    """
    return formula_of(read_condition(text))


def _sign(number: int) -> str:
    return " - " if number < 0 else " + "


def _signed(text: str, coefficient: int) -> str:
    count = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
    return f"{_sign(coefficient)}{count}{text}"


def _atom(atom: Atom) -> str:
    if isinstance(atom, Floor):
        return f"floor(({_bare(atom.of)})/{atom.by})"
    if isinstance(atom, Extreme):
        return f"{atom.word}({size_to_isl(atom.of[0])}, {size_to_isl(atom.of[1])})"
    return atom


@singledispatch
def formula_of(condition: Condition) -> str:
    """A condition in isl's syntax."""
    raise ClaimError(f"{condition!r} is not a condition")


@formula_of.register
def _(condition: Comparison) -> str:
    relation = _RELATIONS.get(condition.relation, condition.relation)
    return f"{size_to_isl(condition.left)} {relation} {size_to_isl(condition.right)}"


@formula_of.register
def _(condition: Every) -> str:
    return f"({' and '.join(f'({formula_of(part)})' for part in condition.parts)})"


@formula_of.register
def _(condition: Some) -> str:
    return f"({' or '.join(f'({formula_of(part)})' for part in condition.parts)})"


@formula_of.register
def _(condition: Not) -> str:
    return f"(not ({formula_of(condition.of)}))"


def greatest_value(count: Expr, position: str, size: Size) -> int | None:
    """The greatest value of an expression over ``0 <= position < size`` at all sizes.

    >>> from symconv.size.text import parse
    >>> greatest_value(parse("min(p + 2, N) - max(p - 1, 0)"), "p", parse("N"))
    3
    >>> greatest_value(parse("p"), "p", parse("N")) is None
    True
    """
    names = [name for name in names_of(count, size) if name != position]
    values = isl.Set(
        f"[{', '.join(names)}] -> {{ [_value] : exists ({position} : "
        f"_value = {size_to_isl(count)} and 0 <= {position} < {size_to_isl(size)}) }}"
    )
    most = values.project_out(isl.dim_type.param, 0, len(names)).dim_max_val(0)
    return int(most.to_python()) if most.is_int() else None
