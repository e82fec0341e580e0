"""Sizes as expressions in names: the rechecker's own reading of their text, in Python's syntax.

Names, integers, ``+ - *``, ``//`` and ``%`` by positive integers, ``min`` and ``max``; conditions
compare such numbers, with ``and``, ``or`` and ``not``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from symconv.errors import ClaimError

WORDS = {"same", "same_lower", "valid", "zeros", "reflect", "replicate", "circular"}
"""Words of steps, which are not names of sizes."""

LONGEST = 2000
"""Characters of one expression; the program writes a few dozen."""

_NUMBERS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def parse(text: str) -> ast.expr:
    """Parse a number's or a condition's text.

    Raises:
        ClaimError: it holds anything else than this module's words, or mixes the two kinds.

    >>> ast.unparse(parse("(N+1)//2"))
    '(N + 1) // 2'
    """
    if len(text) > LONGEST:
        raise ClaimError(f"{text[:80]!r}... is longer than {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _is_condition(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        why = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise ClaimError(f"{text[:80]!r} is not a size or a condition: {why}") from fault
    return tree


def is_condition(text: str) -> bool:
    """Whether a text is true or false and not a number."""
    return _is_condition(parse(text))


def _is_condition(node: ast.expr) -> bool:
    """Whether a tree is true or false; ValueError where it is neither that nor a number."""
    match node:
        case ast.BoolOp(values=parts):
            return _need(parts, True)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _need([inner], True)
        case ast.Compare(left=first, ops=ops, comparators=rest) if _known(ops):
            return _need([first, *rest], False)
    if not _is_number(node):
        raise ValueError(f"{ast.unparse(node)!r} stands in it")
    return False


def _is_number(node: ast.expr) -> bool:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _need([inner], False)
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _NUMBERS:
            if isinstance(op, ast.FloorDiv | ast.Mod) and not _positive(b):
                raise ValueError("divide by positive integers only")
            return _need([a, b], False)
        case ast.Call(func=ast.Name(id="min" | "max"), args=parts, keywords=[]) if len(parts) > 1:
            return _need(parts, False)
        case ast.Constant(value=value):
            return type(value) is int
    return isinstance(node, ast.Name)


def _known(ops: list[ast.cmpop]) -> bool:
    return all(type(op) in _ORDERS for op in ops)


def _need(parts: list[ast.expr], kind: bool) -> bool:
    """True, where all parts are conditions (or none is)."""
    if any(_is_condition(part) != kind for part in parts):
        raise ValueError("it mixes numbers and conditions")
    return True


def _positive(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0


def names_of(value: Any) -> list[str]:
    """The names in a number or a text, each once, in their order; none in a step's word.

    >>> names_of("min(H, W) // 2"), names_of(3), names_of("same")
    (['H', 'W'], [], [])
    """
    if not isinstance(value, str) or value in WORDS:
        return []
    nodes = [node for node in ast.walk(parse(value)) if isinstance(node, ast.Name)]
    ordered = sorted(nodes, key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(n.id for n in ordered if n.id not in ("min", "max")))


def value_of(value: Any, sizes: Mapping[str, int]) -> int:
    """The number (or truth) of a text at these sizes; a number stays itself.

    Raises:
        ClaimError: a name has no size.

    >>> value_of("(N + 1) // 2", {"N": 7}), value_of("N % 2 == 0", {"N": 7})
    (4, 0)
    """
    if not isinstance(value, str):
        return int(value)
    return int(_value(parse(value), sizes))


def _value(node: Any, sizes: Mapping[str, int]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            if name not in sizes:
                raise ClaimError(f"the size {name!r} has no value")
            return sizes[name]
        case ast.UnaryOp(op=op, operand=inner):
            found = _value(inner, sizes)
            return -found if isinstance(op, ast.USub) else not found
        case ast.BinOp(left=a, op=op, right=b):
            return _NUMBERS[type(op)](_value(a, sizes), _value(b, sizes))
    return _of_many(node, sizes)


def _of_many(node: Any, sizes: Mapping[str, int]) -> Any:
    """The value of what has any number of parts."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            join = all if isinstance(op, ast.And) else any
            return join([_value(part, sizes) for part in parts])
        case ast.Compare(left=first, ops=ops, comparators=rest):
            found = [_value(part, sizes) for part in (first, *rest)]
            pairs = zip(found, ops, found[1:], strict=False)
            return all(_ORDERS[type(op)](a, b) for a, op, b in pairs)
        case ast.Call(func=ast.Name(id=name), args=parts):
            found = [_value(part, sizes) for part in parts]
            return min(found) if name == "min" else max(found)
    raise ClaimError(f"{ast.unparse(node)!r} is not a size")
