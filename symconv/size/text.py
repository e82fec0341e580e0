"""Size expressions and conditions as people write them: ``"(N + 1) // 2"``, ``"H % 2 == 0"``.

Python's syntax: names, integers, ``+ - *``, ``//`` and ``%`` by positive integers, ``min`` and
``max``; and for conditions comparisons with ``and``, ``or`` and ``not``.  Division is Python's
floor.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce, singledispatch
from typing import Any

from symconv.errors import ClaimError
from symconv.size.expr import Size, greatest, least, named, size_at

SizeText = int | str
"""A number, or the text of an expression, as claims hold them."""

WORDS = {"same", "same_lower", "valid", "zeros", "reflect", "replicate", "circular"}
"""Words of steps that stand where a size expression may."""

_ARITHMETIC: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_RELATIONS: dict[type[ast.AST], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_HOLDS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left relation right``; the relation is one of Python's six."""

    left: Size
    relation: str
    right: Size

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether it is true at these sizes."""
        return _HOLDS[self.relation](size_at(self.left, values), size_at(self.right, values))


@dataclass(frozen=True, slots=True)
class Every:
    """All of these conditions."""

    parts: tuple[Condition, ...]

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether it is true at these sizes."""
        return all(part.holds(values) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these conditions."""

    parts: tuple[Condition, ...]

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether it is true at these sizes."""
        return any(part.holds(values) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    of: Condition

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether it is true at these sizes."""
        return not self.of.holds(values)


Condition = Comparison | Every | Some | Not


@lru_cache(maxsize=4096)
def names_in(text: SizeText) -> tuple[str, ...]:
    """The named sizes of an expression or a condition, in their order.

    >>> names_in("(H + W) // 2"), names_in(3)
    (('H', 'W'), ())
    """
    if isinstance(text, int):
        return ()
    nodes = [n for n in ast.walk(_parsed(text)) if isinstance(n, ast.Name)]
    found = sorted(nodes, key=lambda n: n.col_offset)
    return tuple(dict.fromkeys(n.id for n in found if n.id not in ("min", "max")))


def is_expression(value: object) -> bool:
    """Whether a value of a claim is an expression in named sizes, and not one of a step's words."""
    return isinstance(value, str) and value not in WORDS


@lru_cache(maxsize=4096)
def parse(text: SizeText) -> Size:
    """The size that a number or an expression means.

    Raises:
        ClaimError: the text is not a size expression, or multiplies two names.

    >>> parse("(N + 4) // 2 - 2") == parse("N // 2"), parse("2 * 3")
    (True, 6)
    """
    if isinstance(text, int):
        return text
    size: Size = _value(_numeric(text), {name: named(name) for name in names_in(text)})
    return size


def evaluate(text: SizeText, values: Mapping[str, int]) -> int:
    """The number that an expression (or 0 or 1 that a condition) has at these sizes.

    Raises:
        ClaimError: a name has no value, or the text is not an expression.

    >>> evaluate("(N + 1) // 2", {"N": 7}), evaluate("N % 2 == 0", {"N": 7})
    (4, 0)
    """
    if isinstance(text, int):
        return text
    tree = _parsed(text)
    return int(_truth(tree, values) if _is_condition(tree) else _value(tree, values))


@lru_cache(maxsize=4096)
def read_condition(text: SizeText) -> Condition:
    """The condition that a text means.

    Raises:
        ClaimError: it is a number, or not a condition at all.

    >>> read_condition("N % 2 == 0 and N >= 3").holds({"N": 4})
    True
    """
    if isinstance(text, int) or not _is_condition(tree := _parsed(text)):
        raise ClaimError(f"{text!r} is not a condition; write for example 'N % 2 == 0' or 'N >= 3'")
    return _condition(tree, {name: named(name) for name in names_in(text)})


def _numeric(text: str) -> ast.expr:
    tree = _parsed(text)
    if _is_condition(tree):
        raise ClaimError(f"{text!r} is a condition where a size is expected")
    return tree


def _is_condition(node: ast.expr) -> bool:
    """Whether an expression is true or false.

    Raises:
        ClaimError: numbers and conditions are mixed in it.
    """
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    inner = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
    inner = inner[1:] if isinstance(node, ast.Call) else inner
    kinds = {_is_condition(n) for n in inner}
    if kinds and kinds != {negated or isinstance(node, ast.BoolOp)}:
        raise ClaimError(f"{ast.unparse(node)!r} mixes numbers and conditions")
    return negated or isinstance(node, ast.BoolOp | ast.Compare)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ast.expr:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as fault:
        raise ClaimError(
            f"{text!r} is not a size expression; write for example '(N + 1) // 2'"
        ) from fault
    for node in ast.walk(tree):
        if not _is_allowed(node):
            raise ClaimError(
                f"{text!r} is not a size expression: it may hold names, integers, + - *, // and % "
                "by positive integers, min, max, and comparisons in a condition"
            )
    _is_condition(tree)
    return tree


_ALLOWED = (
    *(ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.USub, ast.Not),
    *(ast.BoolOp, ast.And, ast.Or, ast.Compare, *_ARITHMETIC, *_RELATIONS),
)


def _is_allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in ("min", "max")
        return known and not node.keywords and len(node.args) >= 2
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv | ast.Mod):
        by = node.right.value if isinstance(node.right, ast.Constant) else None
        return type(by) is int and by > 0
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    return isinstance(node, _ALLOWED)


@singledispatch
def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The size that an expression has where names have these: numbers, or sizes."""
    raise ClaimError(f"{ast.unparse(node)!r} is not a size expression")


@_value.register
def _(node: ast.Constant, values: Mapping[str, Any]) -> Any:
    return node.value


@_value.register
def _(node: ast.Name, values: Mapping[str, Any]) -> Any:
    if node.id not in values:
        raise ClaimError(f"the size {node.id!r} has no value; given are {', '.join(values)}")
    return values[node.id]


@_value.register
def _(node: ast.BinOp, values: Mapping[str, Any]) -> Any:
    return _ARITHMETIC[type(node.op)](_value(node.left, values), _value(node.right, values))


@_value.register
def _(node: ast.UnaryOp, values: Mapping[str, Any]) -> Any:
    return -_value(node.operand, values)


@_value.register
def _(node: ast.Call, values: Mapping[str, Any]) -> Any:
    pick = least if ast.unparse(node.func) == "min" else greatest
    return reduce(pick, (_value(part, values) for part in node.args))


def _truth(node: ast.expr, values: Mapping[str, int]) -> bool:
    """Whether a condition holds; sides that multiply two names have a value too."""
    return _condition(node, values).holds({})


@singledispatch
def _condition(node: ast.expr, values: Mapping[str, Any]) -> Condition:
    raise ClaimError(f"{ast.unparse(node)!r} is not a condition")


@_condition.register
def _(node: ast.UnaryOp, values: Mapping[str, Any]) -> Condition:
    return Not(_condition(node.operand, values))


@_condition.register
def _(node: ast.BoolOp, values: Mapping[str, Any]) -> Condition:
    parts = tuple(_condition(part, values) for part in node.values)
    return Every(parts) if isinstance(node.op, ast.And) else Some(parts)


@_condition.register
def _(node: ast.Compare, values: Mapping[str, Any]) -> Condition:
    parts = tuple(
        Comparison(_value(a, values), _RELATIONS[type(op)], _value(b, values))
        for a, op, b in _pairs(node)
    )
    return parts[0] if len(parts) == 1 else Every(parts)


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    sides = [node.left, *node.comparators]
    yield from zip(sides[:-1], node.ops, sides[1:], strict=True)
