"""Sizes, indices and attributes of steps as z3's terms.  Nothing of symconv is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import z3


def expression(node: Any, names: Mapping[str, Any]) -> Any:
    """A size expression as z3's; division by a positive literal is the floor in both."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp):
        return -expression(node.operand, names)
    if isinstance(node, ast.Compare):
        sides = [expression(n, names) for n in (node.left, *node.comparators)]
        word = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!="}
        parts = zip(sides, node.ops, sides[1:], strict=False)
        return z3.And(*(compare(a, word[type(op).__name__], b) for a, op, b in parts))
    a, b = expression(node.left, names), expression(node.right, names)
    kind = type(node.op).__name__
    if kind == "FloorDiv":
        return div(a, b)
    return {"Add": lambda: a + b, "Sub": lambda: a - b, "Mult": lambda: a * b,
            "Mod": lambda: a % b}[kind]()  # fmt: skip


def compare(a: Any, word: str, b: Any) -> Any:
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[word]


def div(value: Any, by: int) -> Any:
    """The floor of a quotient by a positive number."""
    return value // by if isinstance(value, int) else value / by if by > 1 else value


def times(sizes: list[Any]) -> Any:
    result: Any = 1
    for size in sizes:
        result = result * size
    return result


def number(group: list[str], digits: Mapping[str, Any], sizes: Mapping[str, Any]) -> Any:
    result: Any = 0
    for name in group:
        result = result * sizes[name] + digits[name] if group.index(name) else digits[name]
    return result


def reflect(v: Any, n: Any) -> Any:
    return z3.If(v < 0, -v, z3.If(v >= n, 2 * (n - 1) - v, v))


wrap = {
    "reflect": reflect,
    "replicate": lambda v, n: z3.If(v < 0, 0, z3.If(v >= n, n - 1, v)),
    "circular": lambda v, n: z3.If(v < 0, v + n, z3.If(v >= n, v - n, v)),
}


def clip(value: Any, n: Any) -> Any:
    if isinstance(value, int) and isinstance(n, int):
        return max(0, min(value, n))
    return z3.If(value < 0, 0, z3.If(value > n, n, value))


def each(value: Any, rank: int) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * rank


def pairs(padding: Any, rank: int) -> list[Any]:
    return [list(e) if isinstance(e, list | tuple) else [e, e] for e in each(padding, rank)]


def tap_ranges(kernel: list[Any], first: int) -> tuple[list[Any], list[Any]]:
    """Unknown taps, one for each axis that has a named number of them, and all taps an axis."""
    unknown = {a: z3.Int(f"tap{first + a}") for a, n in enumerate(kernel) if not isinstance(n, int)}
    ranges = [(unknown[a],) if a in unknown else range(n) for a, n in enumerate(kernel)]
    return list(unknown.values()), ranges


def overlays(
    o: Any, n: Any, k: Any, s: int, d: int, pad: Any, unknown: Any
) -> Iterator[tuple[Any, ...]]:
    """Which samples of a kernel of size n and of its data of size k an output lays together.

    As kernel's index, data's index, when, and unknowns; written out along an axis in numbers.
    """
    if isinstance(n, int) or not isinstance(k, int):
        for j in range(n) if isinstance(n, int) else (unknown,):
            at = s * o + d * j - pad[0]
            yield j, at, (j >= 0, j < n, at >= 0, at < k), () if isinstance(j, int) else (j,)
        return
    for at in range(k):
        reach = at + pad[0] - s * o
        yield div(reach, d), at, (reach % d == 0, reach >= 0, div(reach, d) < n), ()


def positions(out: Any, taps: Any, strides: Any, dilations: Any, pads: Any) -> list[Any]:
    axes = zip(out, taps, strides, dilations, pads, strict=True)
    return [s * o + d * k - lo for o, k, s, d, (lo, _) in axes]


def same(name: str, n: Any, span: int, stride: int) -> list[Any]:
    blocks = (n + stride - 1) / stride
    total = (blocks - 1) * stride + span - n
    total = z3.If(total < 0, 0, total)
    small, large = total / 2, (total + 1) / 2
    return [small, large] if name == "same" else [large, small]


def window_count(
    out: Any, kernel: int, stride: int, pads: list[Any], size: Any, *, include: bool
) -> Any:
    """What an average divides by: positions of a window on the signal, or on it and its pads."""
    at = [stride * out + k - pads[0] for k in range(kernel)]
    if include:
        return z3.Sum(*(z3.If(v < size + pads[1], 1, 0) for v in at))
    return z3.Sum(*(z3.If(z3.And(v >= 0, v < size), 1, 0) for v in at))
