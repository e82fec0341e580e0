"""Claims for all sizes by another decision procedure: z3 on paths from outputs back to inputs.

Nothing of symconv is used.  A side is a list of paths: an output index, taken back through the
steps one by one, reads one input index and one weight index under a condition.  Taps and channels
are written out, sizes and output indices stay unknowns, and z3 is asked for a path of one side that
no path of the other matches.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import z3

Text = Mapping[str, Any]


@dataclass(frozen=True)
class Path:
    """An index so far, the conditions on it, the weights read, and a constant factor.

    ``taps`` are the unknowns that stand for taps of which there are a named number.
    """

    index: tuple[Any, ...]
    guards: tuple[Any, ...] = ()
    weights: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    factor: Fraction = Fraction(1)
    constant: bool = False
    taps: tuple[Any, ...] = ()

    def along(self, taps: tuple[Any, ...]) -> Path:
        return replace(self, taps=(*self.taps, *(k for k in taps if not isinstance(k, int))))

    def under(self, *guards: Any) -> Path:
        return replace(self, guards=(*self.guards, *guards))


@dataclass
class Reader:
    """Reads one claim; ``legal`` collects where its steps make sense."""

    claim: Text
    names: dict[str, Any] = field(default_factory=dict)
    legal: list[Any] = field(default_factory=list)

    def size(self, value: Any) -> Any:
        """A number or an expression as z3's."""
        if isinstance(value, int):
            return value
        for name in re.findall(r"[A-Za-z_]\w*", value):
            if name not in ("min", "max", "and", "or", "not"):
                self.names.setdefault(name, z3.Int(name))
        return _expression(ast.parse(value, mode="eval").body, self.names)

    def side(self, side: str) -> tuple[list[Any], list[Path]]:
        text = self.claim["input"]
        shape = [text["channels"], *map(self.size, text["size"])]
        self.legal += [n >= 1 for n in shape[1:]]
        out, back = self.pipeline(self.claim[side], shape)
        start = tuple(z3.Int(f"o{axis}") for axis in range(len(out)))
        inside = [c for o, n in zip(start, out, strict=True) for c in (o >= 0, o < n)]
        return out, list(back(Path(start, tuple(inside))))

    def pipeline(self, steps: list[Text], shape: list[Any]) -> tuple[list[Any], Any]:
        backs = []
        for step in steps:
            shape, back = getattr(self, f"do_{step['op']}")(step, shape)
            backs.append(back)

        def through(path: Path) -> Iterator[Path]:
            paths = [path]
            for back in reversed(backs):
                paths = [q for p in paths for q in ([p] if p.constant else back(p))]
            return iter(paths)

        return shape, through

    def weight(self, name: str) -> tuple[list[Any], Any]:
        """Shape of a weight, and how a path that reads an entry of it goes on."""
        text = self.claim["weights"][name]
        if "from" not in text:
            shape = [self.size(n) for n in text["shape"]]
            self.legal += [n >= 1 for n in shape]

            def read(path: Path, index: tuple[Any, ...]) -> Iterator[Path]:
                if "fill" in text:
                    yield replace(path, factor=path.factor * Fraction(str(text["fill"])))
                else:
                    yield replace(path, weights=(*path.weights, (name, index)))

            return shape, read
        source, read_source = self.weight(text["from"])
        shape, back = self.pipeline(text["steps"], source)

        def derived(path: Path, index: tuple[Any, ...]) -> Iterator[Path]:
            for inner in back(Path(index)):
                yield from read_source(path.under(*inner.guards), inner.index)

        return shape, derived

    def do_rearrange(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        left, right = ([g.strip("()").split() for g in re.findall(r"\([^)]*\)|[^\s()]+", side)]
                       for side in step["pattern"].split("->"))  # fmt: skip
        left, right = ([[n for n in g if n != "1"] for g in s] for s in (left, right))
        sizes: dict[str, Any] = {k: v for k, v in step.items() if k not in ("op", "pattern")}
        for n, group in zip(shape, left, strict=True):
            known = prod(sizes[name] for name in group if name in sizes)
            self.legal.append(n % known == 0)
            sizes |= {name: _div(n, known)
                      for name in group if name not in sizes}  # fmt: skip
        out = [_product([sizes[name] for name in group]) for group in right]

        def back(path: Path) -> Iterator[Path]:
            digits: dict[str, Any] = {}
            for value, group in zip(path.index, right, strict=True):
                for place, name in enumerate(group):
                    low = prod(sizes[n] for n in group[place + 1 :])
                    part = _div(value, low)
                    digits[name] = part % sizes[name] if place else part
            yield replace(path, index=tuple(_number(group, digits, sizes) for group in left))

        return out, back

    def do_pad(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        pads = [[self.size(end) for end in pair] for pair in step["padding"]]
        out = [n + lo + hi for n, (lo, hi) in zip(shape, pads, strict=True)]
        self.legal += [n >= 1 for n in out]
        mode, value = step.get("mode", "zeros"), str(step.get("value", 0))
        fill = Fraction(0 if value == "-inf" else value)
        if mode == "reflect":
            self.legal += [e <= n - 1 for n, pair in zip(shape, pads, strict=True) for e in pair]

        def back(path: Path) -> Iterator[Path]:
            moved = [i - lo for i, (lo, _) in zip(path.index, pads, strict=True)]
            if mode != "zeros":
                yield replace(path, index=tuple(map(_wrap[mode], moved, shape)))
                return
            inside = [c for v, n in zip(moved, shape, strict=True) for c in (v >= 0, v < n)]
            yield replace(path, index=tuple(moved)).under(*inside)
            if fill != 0:
                yield replace(path.under(z3.Not(z3.And(*inside))), index=(), constant=True,
                              factor=path.factor * fill)  # fmt: skip

        return out, back

    def do_slice(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        out, starts = [], []
        for n, (start, stop, by) in zip(shape, step["slices"], strict=True):
            a = _clip(0 if start is None else self.size(start), n)
            b = n if stop is None else _clip(self.size(stop), n)
            room = b - a + (by or 1) - 1
            out.append(_div(room, by or 1))
            starts.append((a, by or 1))
        self.legal += [n >= 1 for n in out]

        def back(path: Path) -> Iterator[Path]:
            index = [a + by * i for i, (a, by) in zip(path.index, starts, strict=True)]
            yield replace(path, index=tuple(index))

        return out, back

    def do_flip(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        def back(path: Path) -> Iterator[Path]:
            index = [n - 1 - i if a in step["axes"] else i
                     for a, (i, n) in enumerate(zip(path.index, shape, strict=True))]  # fmt: skip
            yield replace(path, index=tuple(index))

        return shape, back

    def do_dilate(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        factors = step["dilation"]
        out = [f * (n - 1) + 1 for f, n in zip(factors, shape, strict=True)]

        def back(path: Path) -> Iterator[Path]:
            pairs = list(zip(path.index, factors, strict=True))
            index = tuple(_div(i, f) for i, f in pairs)
            yield replace(path, index=index).under(*(i % f == 0 for i, f in pairs if f > 1))

        return out, back

    def do_tile(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        out = [n * r for n, r in zip(shape, step["repeats"], strict=True)]

        def back(path: Path) -> Iterator[Path]:
            parts = zip(path.index, shape, step["repeats"], strict=True)
            yield replace(path, index=tuple(i % n if r > 1 else i for i, n, r in parts))

        return out, back

    def do_concat(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        parts = [self.pipeline(branch, shape) for branch in step["branches"]]
        axis, firsts, total = step.get("axis", 0), [], 0
        for part, _ in parts:
            firsts.append(total)
            total = total + part[axis]
        out = [*parts[0][0][:axis], total, *parts[0][0][axis + 1 :]]

        def back(path: Path) -> Iterator[Path]:
            for first, (part, inner) in zip(firsts, parts, strict=True):
                at = path.index[axis] - first
                index = (*path.index[:axis], at, *path.index[axis + 1 :])
                yield from inner(replace(path, index=index).under(at >= 0, at < part[axis]))

        return out, back

    def do_conv(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        if step.get("padding_mode", "zeros") != "zeros" or step.get("padding_value", 0):
            pads = [[0, 0], *_pairs(step["padding"], len(shape) - 1)]
            front = {"padding": pads, "mode": step.get("padding_mode", "zeros"),
                     "value": step.get("padding_value", 0)}  # fmt: skip
            padded, before = self.do_pad(front, shape)
            bare = {k: v for k, v in step.items() if not k.startswith("padding")}
            out, after = self.do_conv(bare, padded)
            return out, lambda path: (q for p in after(path) for q in before(p))
        (m, inner, *kernel), read = self.weight(step["weight"])
        groups, rank = step.get("groups", 1), len(shape) - 1
        strides, dilations = (_each(step.get(k, 1), rank) for k in ("stride", "dilation"))
        pads = self.pads(step.get("padding", 0), shape[1:], kernel, strides, dilations)
        out = self.outputs(shape[1:], kernel, strides, dilations, pads)

        def back(path: Path) -> Iterator[Path]:
            group = _div(path.index[0], m // groups) if groups > 1 else 0
            for c, taps in product(range(inner), product(*map(_taps, kernel))):
                at = _positions(path.index[1:], taps, strides, dilations, pads)
                live = [v for x, n in zip(at, shape[1:], strict=True) for v in (x >= 0, x < n)]
                live += [v for k, n in zip(taps, kernel, strict=True) for v in (k >= 0, k < n)]
                there = replace(path, index=(group * inner + c, *at)).under(*live).along(taps)
                yield from read(there, (path.index[0], c, *taps))

        return [m, *out], back

    def do_conv_as_kernel(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        (m, inner, *data), read = self.weight(step["weight"])
        rank = len(shape) - 1
        strides, dilations = (_each(step.get(k, 1), rank) for k in ("stride", "dilation"))
        pads = [[self.size(e) for e in pair] for pair in _pairs(step.get("padding", 0), rank)]
        out = self.outputs(data, shape[1:], strides, dilations, pads)

        def back(path: Path) -> Iterator[Path]:
            axes = zip(path.index[1:], shape[1:], data, strides, dilations, pads, strict=True)
            for c, met in product(
                range(inner), product(*(list(_overlays(*axis)) for axis in axes))
            ):
                laid, at, guards, taps = zip(*met, strict=True)
                there = replace(path, index=(c, *laid)).under(*sum(guards, ()))
                yield from read(there.along(sum(taps, ())), (path.index[0], c, *at))

        return [m, *out], back

    def do_conv_transpose(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        (lead, inner, *kernel), read = self.weight(step["weight"])
        rank, groups = len(shape) - 1, step.get("groups", 1)
        strides, dilations, extras = (
            _each(step.get(k, d), rank)
            for k, d in (("stride", 1), ("dilation", 1), ("output_padding", 0))
        )
        pads = _pairs(step.get("padding", 0), rank)
        out = [
            (n - 1) * s + d * (k - 1) + 1 - lo - hi + e
            for n, s, d, k, e, (lo, hi) in zip(
                shape[1:], strides, dilations, kernel, extras, pads, strict=True)
        ]  # fmt: skip
        self.legal += [n >= 1 for n in out]

        def back(path: Path) -> Iterator[Path]:
            group = _div(path.index[0], inner) if groups > 1 else 0
            for c, taps in product(range(lead // groups), product(*map(range, kernel))):
                v = [o + lo - d * k for o, k, d, (lo, _) in zip(
                    path.index[1:], taps, dilations, pads, strict=True)]  # fmt: skip
                at = [_div(x, s) for x, s in zip(v, strides, strict=True)]
                live = [x % s == 0 for x, s in zip(v, strides, strict=True) if s > 1]
                live += [c for x, n in zip(at, shape[1:], strict=True) for c in (x >= 0, x < n)]
                lead_index = group * (lead // groups) + c
                there = replace(path, index=(lead_index, *at)).under(*live)
                yield from read(there, (lead_index, path.index[0] % inner, *taps))

        return [inner * groups, *out], back

    def do_max_pool(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        rank = len(shape) - 1
        kernel = _each(step["kernel_size"], rank)
        strides = kernel if step.get("stride") is None else _each(step["stride"], rank)
        dilations = _each(step.get("dilation", 1), rank)
        pads = self.pads(step.get("padding", 0), shape[1:], kernel, strides, dilations)
        out = self.outputs(shape[1:], kernel, strides, dilations, pads)

        def back(path: Path) -> Iterator[Path]:
            for taps in product(*map(range, kernel)):
                at = _positions(path.index[1:], taps, strides, dilations, pads)
                live = [v for x, n in zip(at, shape[1:], strict=True) for v in (x >= 0, x < n)]
                yield replace(path, index=(path.index[0], *at)).under(*live)

        return [shape[0], *out], back

    def do_max_conv(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        return self.do_conv(step, shape)

    def do_avg_pool(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        out, inner = self.do_max_pool(step, shape)
        share = Fraction(1, prod(_each(step["kernel_size"], len(shape) - 1)))
        return out, lambda path: (replace(p, factor=p.factor * share) for p in inner(path))

    def pads(self, padding: Any, sizes: Any, kernel: Any, strides: Any, dilations: Any) -> Any:
        if padding in ("same", "same_lower"):
            return [
                _same(padding, n, d * (k - 1) + 1, s)
                for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
            ]
        return [[self.size(e) for e in pair] for pair in _pairs(padding, len(sizes))]

    def outputs(self, sizes: Any, kernel: Any, strides: Any, dilations: Any, pads: Any) -> Any:
        out = []
        for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, pads, strict=True):
            room = n + lo + hi - d * (k - 1) - 1
            out.append(_div(room, s) + 1)
        self.legal += [n >= 1 for n in out]
        return out


def _expression(node: Any, names: Mapping[str, Any]) -> Any:
    """A size expression as z3's; division by a positive literal is the floor in both."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp):
        return -_expression(node.operand, names)
    if isinstance(node, ast.Compare):
        sides = [_expression(n, names) for n in (node.left, *node.comparators)]
        word = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!="}
        parts = zip(sides, node.ops, sides[1:], strict=False)
        return z3.And(*(_compare(a, word[type(op).__name__], b) for a, op, b in parts))
    a, b = _expression(node.left, names), _expression(node.right, names)
    kind = type(node.op).__name__
    if kind == "FloorDiv":
        return _div(a, b)
    return {"Add": lambda: a + b, "Sub": lambda: a - b, "Mult": lambda: a * b,
            "Mod": lambda: a % b}[kind]()  # fmt: skip


def _compare(a: Any, word: str, b: Any) -> Any:
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[word]


def _div(value: Any, by: int) -> Any:
    """The floor of a quotient by a positive number."""
    return value // by if isinstance(value, int) else value / by if by > 1 else value


def _product(sizes: list[Any]) -> Any:
    result: Any = 1
    for size in sizes:
        result = result * size
    return result


def _number(group: list[str], digits: Mapping[str, Any], sizes: Mapping[str, Any]) -> Any:
    result: Any = 0
    for name in group:
        result = result * sizes[name] + digits[name] if group.index(name) else digits[name]
    return result


def _reflect(v: Any, n: Any) -> Any:
    return z3.If(v < 0, -v, z3.If(v >= n, 2 * (n - 1) - v, v))


_wrap = {
    "reflect": _reflect,
    "replicate": lambda v, n: z3.If(v < 0, 0, z3.If(v >= n, n - 1, v)),
    "circular": lambda v, n: z3.If(v < 0, v + n, z3.If(v >= n, v - n, v)),
}


def _clip(value: Any, n: Any) -> Any:
    if isinstance(value, int) and isinstance(n, int):
        return max(0, min(value, n))
    return z3.If(value < 0, 0, z3.If(value > n, n, value))


def _each(value: Any, rank: int) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * rank


def _pairs(padding: Any, rank: int) -> list[Any]:
    return [list(e) if isinstance(e, list | tuple) else [e, e] for e in _each(padding, rank)]


def _taps(size: Any) -> Any:
    """All taps of an axis; one unknown of its own where their number is named."""
    return range(size) if isinstance(size, int) else (z3.FreshInt("tap"),)


def _overlays(o: Any, n: Any, k: Any, s: int, d: int, pad: Any) -> Iterator[tuple[Any, ...]]:
    """Which samples of a kernel of size n and of its data of size k an output lays together.

    As kernel's index, data's index, when, and unknowns; written out along an axis in numbers.
    """
    if isinstance(n, int) or not isinstance(k, int):
        for j in _taps(n):
            at = s * o + d * j - pad[0]
            yield j, at, (j >= 0, j < n, at >= 0, at < k), () if isinstance(j, int) else (j,)
        return
    for at in range(k):
        reach = at + pad[0] - s * o
        j = _div(reach, d)
        yield j, at, (reach % d == 0, j >= 0, j < n), ()


def _positions(out: Any, taps: Any, strides: Any, dilations: Any, pads: Any) -> list[Any]:
    axes = zip(out, taps, strides, dilations, pads, strict=True)
    return [s * o + d * k - lo for o, k, s, d, (lo, _) in axes]


def _same(name: str, n: Any, span: int, stride: int) -> list[Any]:
    blocks = (n + stride - 1) / stride
    total = (blocks - 1) * stride + span - n
    total = z3.If(total < 0, 0, total)
    small, large = total / 2, (total + 1) / 2
    return [small, large] if name == "same" else [large, small]


def counterexample(claim: Text) -> dict[str, int] | None:
    """Sizes at which the claim fails, by z3; None where it holds for all that are legal."""
    reader = Reader(claim)
    where = [reader.size(condition) for condition in claim.get("where", ())]
    (a_shape, a), (b_shape, b) = reader.side("left"), reader.side("right")
    base = [*reader.legal, *where]
    shapes = z3.Or(*(m != n for m, n in zip(a_shape, b_shape, strict=True)), False)
    queries = [shapes, *(_unmatched(p, b) for p in a), *(_unmatched(p, a) for p in b)]
    for query in queries:
        solver = z3.Solver()
        solver.set("timeout", 60_000)
        solver.add(*(c for c in base if not isinstance(c, bool)), query)
        found = solver.check()
        if found == z3.unknown:
            raise RuntimeError("z3 does not know")
        if found == z3.sat:
            model = solver.model()
            return {n: model.eval(v, True).as_long() for n, v in reader.names.items()}
    return None


def _unmatched(path: Path, others: list[Path]) -> Any:
    """The path is live, and no path of the other side reads the same with the same factor."""
    matches = [
        z3.Exists(list(other.taps), m) if other.taps else m
        for other in others if (m := _match(path, other)) is not None
    ]  # fmt: skip
    return z3.And(*map(_bool, path.guards), z3.Not(z3.Or(*matches, False)))


def _match(path: Path, other: Path) -> Any:
    names = [[name for name, _ in p.weights] for p in (path, other)]
    if names[0] != names[1] or (path.factor, path.constant) != (other.factor, other.constant):
        return None
    pairs = list(zip(path.index, other.index, strict=True))
    for (_, ours), (_, theirs) in zip(path.weights, other.weights, strict=True):
        pairs += zip(ours, theirs, strict=True)
    return z3.And(*map(_bool, other.guards), *(_bool(a == b) for a, b in pairs))


def _bool(value: Any) -> Any:
    return z3.BoolVal(value) if isinstance(value, bool) else value
