"""Sizes, indices and attributes of steps as z3's terms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import z3

from symconv.errors import ClaimError


class NotRead(ClaimError):
    """A claim, or a part of one, that this encoding does not express: nothing is known of it."""


def parsed(text: str) -> ast.expr:
    """The tree of a size or a condition, in Python's words or in those of isl.

    >>> ast.unparse(parsed("(2 + floor((-1 + 3N)/4)) mod 2"))
    '(2 + (-1 + 3 * N) // 4) % 2'
    """
    try:
        return ast.parse(_python(text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise NotRead(f"{text[:80]!r} is not a size or a condition") from None


def _python(text: str) -> str:
    """Isl's ``floor((a)/b)``, ``2N`` and ``mod`` as Python writes them."""
    text = re.sub(r"(?<![\w.])(\d+)(?=[A-Za-z_(])(?!\s*mod\b)", r"\1*", text)
    text = re.sub(r"\bmod\b", "%", text)
    while (start := text.find("floor(")) >= 0:
        end = _closing(text, start + len("floor("))
        inner, _, divisor = text[start + len("floor(") : end].rpartition("/")
        text = f"{text[:start]}(({inner})//{divisor}){text[end + 1 :]}"
    return text


def _closing(text: str, at: int) -> int:
    """The place of the parenthesis that closes the one before ``at``."""
    depth = 1
    for place in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise NotRead(f"{text[:80]!r} has a parenthesis that nothing closes")


def names_in(text: str) -> list[str]:
    """The names of sizes in a text."""
    nodes = [node for node in ast.walk(parsed(text)) if isinstance(node, ast.Name)]
    return [node.id for node in nodes if node.id not in ("min", "max")]


def expression(node: Any, names: Mapping[str, Any]) -> Any:
    """A size expression as z3's; division by a positive literal is the floor in both."""
    match node:
        case ast.Constant(value=value) if type(value) is int:
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -expression(inner, names)
        case ast.BinOp(left=a, op=op, right=b):
            return _arithmetic(type(op).__name__, expression(a, names), expression(b, names))
        case ast.Call(func=ast.Name(id="min" | "max" as word), args=parts) if len(parts) > 1:
            pick = least if word == "min" else most
            return reduce(pick, [expression(part, names) for part in parts])
    raise NotRead(f"{ast.unparse(node)!r} is not a size")


def _arithmetic(kind: str, a: Any, b: Any) -> Any:
    if kind in ("FloorDiv", "Mod"):
        if type(b) is not int or b < 1:
            raise NotRead("a size divides by positive integers only")
        return div(a, b) if kind == "FloorDiv" else a % b
    if kind not in ("Add", "Sub", "Mult"):
        raise NotRead(f"a size is not written with {kind}")
    return {"Add": lambda: a + b, "Sub": lambda: a - b, "Mult": lambda: a * b}[kind]()


def condition(node: Any, names: Mapping[str, Any]) -> Any:
    """A condition as z3's."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            join = z3.And if isinstance(op, ast.And) else z3.Or
            return join(*(as_bool(condition(part, names)) for part in parts))
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return z3.Not(as_bool(condition(inner, names)))
        case ast.Compare(left=first, ops=ops, comparators=rest):
            sides = [expression(part, names) for part in (first, *rest)]
            pairs = zip(sides, ops, sides[1:], strict=False)
            return z3.And(*(as_bool(compare(a, type(op).__name__, b)) for a, op, b in pairs))
    raise NotRead(f"{ast.unparse(node)!r} is not a condition")


def compare(a: Any, kind: str, b: Any) -> Any:
    """A comparison, by the name of its operator in Python's syntax tree."""
    found = {
        "Lt": lambda: a < b,
        "LtE": lambda: a <= b,
        "Gt": lambda: a > b,
        "GtE": lambda: a >= b,
        "Eq": lambda: a == b,
        "NotEq": lambda: a != b,
    }
    if kind not in found:
        raise NotRead(f"sizes are not compared by {kind}")
    return found[kind]()


def as_bool(value: Any) -> Any:
    """A truth value of Python as z3's."""
    return z3.BoolVal(value) if isinstance(value, bool) else value


def least(a: Any, b: Any) -> Any:
    """The lesser of two sizes."""
    return min(a, b) if _plain(a, b) else z3.If(a <= b, a, b)


def most(a: Any, b: Any) -> Any:
    """The greater of two sizes."""
    return max(a, b) if _plain(a, b) else z3.If(a >= b, a, b)


def _plain(*values: Any) -> bool:
    return all(isinstance(value, int) for value in values)


def div(value: Any, by: Any) -> Any:
    """The floor of a quotient by a number that is at least 1."""
    if _plain(value, by):
        return value // by
    if isinstance(by, int):
        return value / by if by > 1 else value
    return (z3.IntVal(value) if isinstance(value, int) else value) / by


def rest(value: Any, by: Any) -> Any:
    """What division by a number of at least 1 leaves."""
    if isinstance(by, int) and by == 1:
        return 0
    return (z3.IntVal(value) if isinstance(value, int) and not _plain(by) else value) % by


def times(sizes: Sequence[Any]) -> Any:
    """The product of sizes."""
    return reduce(lambda a, b: a * b, sizes, 1)


def number(group: list[str], digits: Mapping[str, Any], sizes: Mapping[str, Any]) -> Any:
    """The index that the digits of a group of factors make."""
    return reduce(lambda found, name: found * sizes[name] + digits[name], group, 0)


def choose(test: Any, one: Any, other: Any) -> Any:
    """One term where a test holds, another where it does not."""
    if isinstance(test, bool):
        return one if test else other
    return z3.If(test, one, other)


def reflect(v: Any, n: Any, lo: Any, hi: Any) -> Any:
    """Mirrored at the first and the last sample, neither of them repeated."""
    return choose(v < 0, -v, choose(v >= n, 2 * (n - 1) - v, v))


def replicate(v: Any, n: Any, lo: Any, hi: Any) -> Any:
    """The border, repeated."""
    return choose(v < 0, 0, choose(v >= n, n - 1, v))


def circular(v: Any, n: Any, lo: Any, hi: Any) -> Any:
    """Wrapped round what a negative pad on the other side has left."""
    first, last = most(0, -lo), n - 1 + least(0, hi)
    length = last - first + 1
    return choose(v < first, v + length, choose(v > last, v - length, v))


WRAP = {"reflect": reflect, "replicate": replicate, "circular": circular}


def slice_ends(part: Sequence[Any], n: Any) -> tuple[Any, Any, Any]:
    """First position, step and length of a slice, as Python reads its three parts."""
    start, stop, by = part
    by = 1 if by is None else by
    if type(by) is not int or by == 0:
        raise NotRead(f"a slice's step is read in numbers only, got {by!r:.80}")
    low, high = (0, n) if by > 0 else (-1, n - 1)
    first = (low if by > 0 else high) if start is None else _clipped(start, n, low, high)
    end = (high if by > 0 else low) if stop is None else _clipped(stop, n, low, high)
    room = end - first if by > 0 else first - end
    return first, by, div(room + abs(by) - 1, abs(by))


def _clipped(value: Any, n: Any, low: Any, high: Any) -> Any:
    """A position, counted from the end where it is negative, and kept inside the axis."""
    return least(most(choose(value < 0, value + n, value), low), high)


def each(value: Any, rank: int) -> list[Any]:
    """One value per axis."""
    found = list(value) if isinstance(value, list | tuple) else [value] * rank
    if len(found) != rank:
        raise NotRead(f"expected {rank} values, got {value!r:.80}")
    return found


def pairs(padding: Any, rank: int) -> list[Any]:
    """Pads as pairs."""
    return [list(e) if isinstance(e, list | tuple) else [e, e] for e in each(padding, rank)]


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
        yield div(reach, d), at, (rest(reach, d) == 0, reach >= 0, div(reach, d) < n), ()


def positions(out: Any, taps: Any, strides: Any, dilations: Any, pads: Any) -> list[Any]:
    """Where the taps of an output lie on the signal."""
    axes = zip(out, taps, strides, dilations, pads, strict=True)
    return [s * o + d * k - lo for o, k, s, d, (lo, _) in axes]


def same(name: str, n: Any, span: Any, stride: int) -> list[Any]:
    """TensorFlow's pads: outputs for every stride samples, the odd pad at the end."""
    total = most((div(n + stride - 1, stride) - 1) * stride + span - n, 0)
    small, large = div(total, 2), div(total + 1, 2)
    return [small, large] if name == "same" else [large, small]


def same_crop(name: str, span: int, stride: int) -> list[int]:
    """The crops with which a transposed convolution leaves stride outputs for every sample."""
    total = span - stride
    if total < 0:
        return [0, total]
    small, large = total // 2, total - total // 2
    return [small, large] if name == "same" else [large, small]


def window_count(
    out: Any, kernel: int, stride: int, dilation: int, pads: list[Any], size: Any, *, include: bool
) -> Any:
    """What an average divides by: positions of a window on the signal, or on it and its pads."""
    lo, hi = pads
    first, end = (-lo, size + hi) if include else (most(-lo, 0), size + least(hi, 0))
    at = [stride * out + dilation * k - lo for k in range(kernel)]
    return z3.Sum(*(z3.If(z3.And(as_bool(v >= first), as_bool(v < end)), 1, 0) for v in at))
