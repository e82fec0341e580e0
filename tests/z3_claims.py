"""Claims for all sizes by another decision procedure: z3 on paths from outputs back to inputs.

Nothing of symconv is used.  A side is a list of paths: an output index, taken back through the
steps one by one, reads one input index and one weight index under a condition.  Taps and channels
are written out, sizes and output indices stay unknowns, and z3 is asked for a path of one side that
no path of the other matches.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import z3

from tests.z3_paths import Path, elsewhere, require_distinct, unmatched
from tests.z3_terms import (
    clip,
    div,
    each,
    expression,
    number,
    overlays,
    pairs,
    positions,
    same,
    tap_ranges,
    times,
    window_count,
    wrap,
)

Text = Mapping[str, Any]


@dataclass
class Reader:
    """Reads one claim; ``legal`` collects where its steps make sense."""

    claim: Text
    names: dict[str, Any] = field(default_factory=dict)
    legal: list[Any] = field(default_factory=list)

    @property
    def maximum(self) -> bool:
        """Whether the claim is about maxima, where a constant 0 is a value like any other."""
        return '"max_' in json.dumps([self.claim["left"], self.claim["right"]])

    def size(self, value: Any) -> Any:
        """A number or an expression as z3's."""
        if isinstance(value, int):
            return value
        for name in re.findall(r"[A-Za-z_]\w*", value):
            if name not in ("min", "max", "and", "or", "not"):
                self.names.setdefault(name, z3.Int(name))
        return expression(ast.parse(value, mode="eval").body, self.names)

    def side(self, side: str) -> tuple[list[Any], list[Path]]:
        text = self.claim["input"]
        shape = [text["channels"], *map(self.size, text["size"])]
        self.legal += [n >= 1 for n in shape[1:]]
        out, back = self.pipeline(self.claim[side], shape)
        start = tuple(z3.Int(f"o{axis}") for axis in range(len(out)))
        inside = [c for o, n in zip(start, out, strict=True) for c in (o >= 0, o < n)]
        return out, [path for path in back(Path(start, tuple(inside))) if not path.dead]

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
                if inner.constant and inner.factor == 0:
                    continue
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
            sizes |= {name: div(n, known)
                      for name in group if name not in sizes}  # fmt: skip
        out = [times([sizes[name] for name in group]) for group in right]

        def back(path: Path) -> Iterator[Path]:
            digits: dict[str, Any] = {}
            for value, group in zip(path.index, right, strict=True):
                for place, name in enumerate(group):
                    low = prod(sizes[n] for n in group[place + 1 :])
                    part = div(value, low)
                    digits[name] = part % sizes[name] if place else part
            yield replace(path, index=tuple(number(group, digits, sizes) for group in left))

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
                yield replace(path, index=tuple(map(wrap[mode], moved, shape)))
                return
            inside = [c for v, n in zip(moved, shape, strict=True) for c in (v >= 0, v < n)]
            yield replace(path, index=tuple(moved)).under(*inside)
            if fill != 0 or (self.maximum and value != "-inf"):
                yield replace(path.under(z3.Not(z3.And(*inside))), index=(), constant=True,
                              factor=path.factor * fill)  # fmt: skip

        return out, back

    def do_slice(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        out, starts = [], []
        for n, (start, stop, by) in zip(shape, step["slices"], strict=True):
            a = clip(0 if start is None else self.size(start), n)
            b = n if stop is None else clip(self.size(stop), n)
            room = b - a + (by or 1) - 1
            out.append(div(room, by or 1))
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
            index = tuple(div(i, f) for i, f in pairs)
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

    def do_add(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        parts = [self.pipeline(branch, shape) for branch in step["branches"]]
        self.legal += [m == n for other, _ in parts[1:]
                       for m, n in zip(parts[0][0], other, strict=True)]  # fmt: skip
        return parts[0][0], lambda path: (p for _, inner in parts for p in inner(path))

    def do_conv(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        if step.get("padding_mode", "zeros") != "zeros" or step.get("padding_value", 0):
            pads = [[0, 0], *pairs(step["padding"], len(shape) - 1)]
            front = {"padding": pads, "mode": step.get("padding_mode", "zeros"),
                     "value": step.get("padding_value", 0)}  # fmt: skip
            padded, before = self.do_pad(front, shape)
            bare = {k: v for k, v in step.items() if not k.startswith("padding")}
            out, after = self.do_conv(bare, padded)
            return out, lambda path: (
                q for p in after(path) for q in ([p] if p.constant else before(p))
            )
        (m, inner, *kernel), read = self.weight(step["weight"])
        groups, rank = step.get("groups", 1), len(shape) - 1
        strides, dilations = (each(step.get(k, 1), rank) for k in ("stride", "dilation"))
        pads = self.pads(step.get("padding", 0), shape[1:], kernel, strides, dilations)
        out = self.outputs(shape[1:], kernel, strides, dilations, pads)

        def back(path: Path) -> Iterator[Path]:
            group = div(path.index[0], m // groups) if groups > 1 else 0
            unknown, ranges = tap_ranges(kernel, len(path.taps))
            for c, taps in product(range(inner), product(*ranges)):
                at = positions(path.index[1:], taps, strides, dilations, pads)
                live = [v for x, n in zip(at, shape[1:], strict=True) for v in (x >= 0, x < n)]
                live += [v for k, n in zip(taps, kernel, strict=True) for v in (k >= 0, k < n)]
                there = replace(path, index=(group * inner + c, *at),
                                taps=(*path.taps, *unknown)).under(*live)  # fmt: skip
                yield from read(there, (path.index[0], c, *taps))

        return [m, *out], self.biased(step, back)

    def biased(self, step: Text, back: Any) -> Any:
        """The paths of a layer, and one that ends at its bias."""
        if step.get("bias") is None:
            return back
        _, read = self.weight(step["bias"])

        def through(path: Path) -> Iterator[Path]:
            yield from back(path)
            for there in read(path, (path.index[0],)):
                yield replace(there, index=(), constant=True)

        return through

    def do_conv_as_kernel(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        (m, inner, *data), read = self.weight(step["weight"])
        rank = len(shape) - 1
        strides, dilations = (each(step.get(k, 1), rank) for k in ("stride", "dilation"))
        pads = [[self.size(e) for e in pair] for pair in pairs(step.get("padding", 0), rank)]
        out = self.outputs(data, shape[1:], strides, dilations, pads)

        def back(path: Path) -> Iterator[Path]:
            unknown, _ = tap_ranges([f"{n}" for n in shape[1:]], len(path.taps))
            axes = zip(path.index[1:], shape[1:], data, strides, dilations, pads, unknown,
                       strict=True)  # fmt: skip
            met_by_axis = [list(overlays(*axis)) for axis in axes]
            for c, met in product(range(inner), product(*met_by_axis)):
                laid, at, guards, taps = zip(*met, strict=True)
                there = replace(path, index=(c, *laid), taps=(*path.taps, *sum(taps, ())))
                yield from read(there.under(*sum(guards, ())), (path.index[0], c, *at))

        return [m, *out], back

    def do_conv_transpose(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        (lead, inner, *kernel), read = self.weight(step["weight"])
        rank, groups = len(shape) - 1, step.get("groups", 1)
        strides, dilations, extras = (
            each(step.get(k, d), rank)
            for k, d in (("stride", 1), ("dilation", 1), ("output_padding", 0))
        )
        pads = pairs(step.get("padding", 0), rank)
        out = [
            (n - 1) * s + d * (k - 1) + 1 - lo - hi + e
            for n, s, d, k, e, (lo, hi) in zip(
                shape[1:], strides, dilations, kernel, extras, pads, strict=True)
        ]  # fmt: skip
        self.legal += [n >= 1 for n in out]

        def back(path: Path) -> Iterator[Path]:
            group = div(path.index[0], inner) if groups > 1 else 0
            for c, taps in product(range(lead // groups), product(*map(range, kernel))):
                v = [o + lo - d * k for o, k, d, (lo, _) in zip(
                    path.index[1:], taps, dilations, pads, strict=True)]  # fmt: skip
                at = [div(x, s) for x, s in zip(v, strides, strict=True)]
                live = [x % s == 0 for x, s in zip(v, strides, strict=True) if s > 1]
                live += [c for x, n in zip(at, shape[1:], strict=True) for c in (x >= 0, x < n)]
                lead_index = group * (lead // groups) + c
                there = replace(path, index=(lead_index, *at)).under(*live)
                yield from read(there, (lead_index, path.index[0] % inner, *taps))

        return [inner * groups, *out], self.biased(step, back)

    def do_max_pool(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        rank = len(shape) - 1
        kernel = each(step["kernel_size"], rank)
        strides = kernel if step.get("stride") is None else each(step["stride"], rank)
        dilations = each(step.get("dilation", 1), rank)
        pads = self.pads(step.get("padding", 0), shape[1:], kernel, strides, dilations)
        ceil = step.get("ceil_mode", False)
        out = self.outputs(shape[1:], kernel, strides, dilations, pads, ceil)

        def back(path: Path) -> Iterator[Path]:
            for taps in product(*map(range, kernel)):
                at = positions(path.index[1:], taps, strides, dilations, pads)
                live = [v for x, n in zip(at, shape[1:], strict=True) for v in (x >= 0, x < n)]
                yield replace(path, index=(path.index[0], *at)).under(*live)

        return [shape[0], *out], back

    def do_max_conv(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        return self.do_conv(step, shape)

    def do_avg_pool(self, step: Text, shape: list[Any]) -> tuple[list[Any], Any]:
        out, inner = self.do_max_pool(step, shape)
        rank, include = len(shape) - 1, step.get("count_include_pad", True)
        kernel = each(step["kernel_size"], rank)
        strides = kernel if step.get("stride") is None else each(step["stride"], rank)
        pads = pairs(step.get("padding", 0), rank)

        def back(path: Path) -> Iterator[Path]:
            """One path for each number of counted samples an axis."""
            axes = list(zip(path.index[1:], kernel, strides, pads, shape[1:], strict=True))
            counts = [window_count(*axis, include=include) for axis in axes]
            for choice in product(*(range(1, k + 1) for k in kernel)):
                share = Fraction(1, prod(choice))
                here = path.under(*(n == c for n, c in zip(counts, choice, strict=True)))
                yield from (replace(p, factor=p.factor * share) for p in inner(here) if not p.dead)

        return out, back

    def pads(self, padding: Any, sizes: Any, kernel: Any, strides: Any, dilations: Any) -> Any:
        if padding in ("same", "same_lower"):
            return [
                same(padding, n, d * (k - 1) + 1, s)
                for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
            ]
        return [[self.size(e) for e in pair] for pair in pairs(padding, len(sizes))]

    def outputs(
        self, sizes: Any, kernel: Any, strides: Any, dilations: Any, pads: Any, ceil: bool = False
    ) -> Any:
        out = []
        for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, pads, strict=True):
            room = n + lo + hi - d * (k - 1) - 1
            fitting = div(room + (s - 1) * ceil, s) + 1
            starts_behind = (fitting - 1) * s >= n + lo
            out.append(z3.If(starts_behind, fitting - 1, fitting) if ceil else fitting)
        self.legal += [n >= 1 for n in out]
        return out


def counterexample(claim: Text) -> dict[str, int] | None:
    """Sizes at which the claim fails, by z3; None where it holds for all that are legal."""
    reader = Reader(claim)
    where = [reader.size(condition) for condition in claim.get("where", ())]
    (a_shape, a), (b_shape, b) = reader.side("left"), reader.side("right")
    base = [*reader.legal, *where]
    if not reader.maximum:
        require_distinct(a, base)
        require_distinct(b, base)
    queries = [z3.Or(*(m != n for m, n in zip(a_shape, b_shape, strict=True)), False)]
    for paths, others in ((a, list(map(elsewhere, b))), (b, list(map(elsewhere, a)))):
        queries += [unmatched(path, others) for path in paths]
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
