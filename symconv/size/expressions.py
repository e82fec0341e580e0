"""Size expressions: integers that depend on named sizes, such as ``"(N + 1) // 2"``.

Python's syntax: names, integers, ``+ - *``, ``//`` and ``%`` by positive integers, ``min`` and
``max``; and for conditions comparisons with ``and``, ``or`` and ``not``.  Division is Python's
floor.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, singledispatch

from symconv.errors import ClaimError

Size = int | str
"""A number, or an expression in named sizes."""

_BINARY: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_COMPARE: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=", ast.NotEq: "!=",
}  # fmt: skip
_RESERVED = {"same", "same_lower", "valid", "zeros", "reflect", "replicate", "circular"}


_ISL = {
    "and", "card", "ceil", "ceild", "exists", "false", "floor", "floord", "implies", "infinity",
    "infty", "max", "min", "mod", "nan", "not", "or", "rat", "true",
}  # fmt: skip


def check_names(names: Iterable[str]) -> None:
    """Refuse names that formulas need for themselves: isl's words, and a leading underscore.

    Raises:
        ClaimError: a name is one of them.

    >>> check_names(["N", "pad_lo"])
    """
    for name in names:
        if name.startswith("_") or name.lower() in _ISL or not name.isascii():
            raise ClaimError(
                f"a size cannot be named {name!r} in a claim for all sizes; use ASCII letters, "
                "digits and underscores, not first, and none of isl's words such as 'mod'"
            )


@lru_cache(maxsize=4096)
def names_in(text: Size) -> tuple[str, ...]:
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
    return isinstance(value, str) and value not in _RESERVED


def evaluate(text: Size, values: Mapping[str, int]) -> int:
    """The number that an expression (or 0 or 1 that a condition) has at these sizes.

    Raises:
        ClaimError: a name has no value, or the text is no expression.

    >>> evaluate("(N + 1) // 2", {"N": 7}), evaluate("N % 2 == 0", {"N": 7})
    (4, 0)
    """
    return text if isinstance(text, int) else int(_value(_parsed(text), values))


@lru_cache(maxsize=4096)
def to_isl(text: Size) -> str:
    """The expression or condition in isl's syntax, which takes a factor as a bare number in front.

    >>> to_isl("(N + 1) // 2"), to_isl("N % 2 == 0 and N >= 3")
    ('floor(((N + 1))/2)', '((((N) mod 2) = 0) and (N >= 3))')
    >>> to_isl("N * -2 <= -(2 * 3)")
    '(-2*N) <= -6'
    """
    return str(text) if isinstance(text, int) else _to_isl(_parsed(text))


def condition_to_isl(text: Size) -> str:
    """A condition in isl's syntax.

    Raises:
        ClaimError: it is a number.

    >>> condition_to_isl("N >= 3")
    'N >= 3'
    """
    check_condition(text)
    return to_isl(text)


def check_condition(text: Size) -> None:
    """Refuse what is a number where a condition is wanted.

    Raises:
        ClaimError: it is no condition.
    """
    if isinstance(text, int) or not _is_condition(_parsed(text)):
        raise ClaimError(f"{text!r} is no condition; write such as 'N % 2 == 0' or 'N >= 3'")


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
    except (SyntaxError, ValueError, RecursionError):
        raise ClaimError(f"{text!r} is no size expression; write such as '(N + 1) // 2'") from None
    _check(tree, text)
    _is_condition(tree)
    return tree


def _check(tree: ast.expr, text: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            fine = isinstance(node.func, ast.Name) and node.func.id in ("min", "max")
            fine = fine and not node.keywords and len(node.args) >= 2
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv | ast.Mod):
            fine = isinstance(node.right, ast.Constant) and type(node.right.value) is int
            fine = fine and node.right.value > 0  # type: ignore[attr-defined]
        elif isinstance(node, ast.Constant):
            fine = type(node.value) is int
        else:
            fine = isinstance(node, _ALLOWED)
        if not fine:
            raise ClaimError(
                f"{text!r} is no size expression: it may hold names, integers, + - *, // and % by "
                "positive integers, min, max, and comparisons in a condition"
            )


_ALLOWED = (
    ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.USub, ast.Not, ast.BoolOp, ast.And, ast.Or,
    ast.Compare, ast.FloorDiv, ast.Mod, *_BINARY, *_COMPARE,
)  # fmt: skip


@singledispatch
def _value(node: ast.expr, values: Mapping[str, int]) -> int:
    raise ClaimError(f"{ast.unparse(node)!r} is no size expression")


@_value.register
def _(node: ast.Constant, values: Mapping[str, int]) -> int:
    return int(node.value)  # type: ignore[arg-type]


@_value.register
def _(node: ast.Name, values: Mapping[str, int]) -> int:
    if node.id not in values:
        raise ClaimError(f"the size {node.id!r} has no value; given are {', '.join(values)}")
    return values[node.id]


@_value.register
def _(node: ast.BinOp, values: Mapping[str, int]) -> int:
    return _ARITHMETIC[type(node.op)](_value(node.left, values), _value(node.right, values))


@_value.register
def _(node: ast.UnaryOp, values: Mapping[str, int]) -> int:
    inner = _value(node.operand, values)
    return -inner if isinstance(node.op, ast.USub) else int(not inner)


@_value.register
def _(node: ast.BoolOp, values: Mapping[str, int]) -> int:
    parts = [_value(part, values) for part in node.values]
    return int(all(parts) if isinstance(node.op, ast.And) else any(parts))


@_value.register
def _(node: ast.Compare, values: Mapping[str, int]) -> int:
    return int(all(_HOLDS[type(op)](_value(a, values), _value(b, values))
                   for a, op, b in _pairs(node)))  # fmt: skip


@_value.register
def _(node: ast.Call, values: Mapping[str, int]) -> int:
    pick = min if ast.unparse(node.func) == "min" else max
    return pick(_value(part, values) for part in node.args)


_ARITHMETIC: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_HOLDS: dict[type[ast.AST], Callable[[int, int], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    sides = [node.left, *node.comparators]
    yield from zip(sides[:-1], node.ops, sides[1:], strict=True)


def _to_isl(node: ast.expr) -> str:
    """A part without names is one number, with its sign."""
    constant = not _is_condition(node) and not _names(node)
    return str(_value(node, {})) if constant else _isl(node)


def _names(node: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and n.id not in ("min", "max") for n in ast.walk(node))


@singledispatch
def _isl(node: ast.expr) -> str:
    raise ClaimError(f"{ast.unparse(node)!r} is no size expression")


@_isl.register
def _(node: ast.Name) -> str:
    return node.id


@_isl.register
def _(node: ast.UnaryOp) -> str:
    inner = _to_isl(node.operand)
    return f"(-({inner}))" if isinstance(node.op, ast.USub) else f"(not ({inner}))"


@_isl.register
def _(node: ast.BoolOp) -> str:
    word = " and " if isinstance(node.op, ast.And) else " or "
    return f"({word.join(f'({_to_isl(part)})' for part in node.values)})"


@_isl.register
def _(node: ast.Compare) -> str:
    return " and ".join(
        f"{_to_isl(a)} {_COMPARE[type(op)]} {_to_isl(b)}" for a, op, b in _pairs(node)
    )


@_isl.register
def _(node: ast.Call) -> str:
    result = _to_isl(node.args[0])
    for argument in node.args[1:]:
        result = f"{ast.unparse(node.func)}({result}, {_to_isl(argument)})"
    return result


@_isl.register
def _(node: ast.BinOp) -> str:
    left, right = _to_isl(node.left), _to_isl(node.right)
    if isinstance(node.op, ast.FloorDiv):
        return f"floor(({left})/{right})"
    if isinstance(node.op, ast.Mod):
        return f"(({left}) mod {right})"
    if isinstance(node.op, ast.Mult):
        return _product(node, left, right)
    return f"({left} {_BINARY[type(node.op)]} {right})"


def _product(node: ast.BinOp, left: str, right: str) -> str:
    if _names(node.left) and _names(node.right):
        raise ClaimError(
            f"{ast.unparse(node)!r} multiplies two sizes; only one factor may be named"
        )
    number, other = (right, left) if _names(node.left) else (left, right)
    return f"({number}*{other})"
