"""What a claim's text means, as sums of products of strands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.strands import Product, Strand
from symconv.recheck.windows import Step, Sum, convolved, overlaid, pooled, sizes_of, window

_SUMS = {"conv", "conv_transpose", "conv_as_kernel", "avg_pool", "scale", "mask", "add"}
_MAXIMA = {"max_pool", "max_conv"}


class Meaning:
    """Reads the pipelines of one claim; ``maximum`` reads them in (max, -inf)."""

    def __init__(self, claim: dict[str, Any], maximum: bool) -> None:
        self._weights = claim.get("weights", {})
        self._shape = [claim["input"]["channels"], *claim["input"]["size"]]
        self._maximum = maximum

    def pipeline(self, steps: Sequence[Step]) -> Sum:
        """The sum that a pipeline computes."""
        terms = [self._named("x", self._shape, {})]
        uses: dict[str, int] = {}
        for step in steps:
            terms = self._step(step, terms, uses)
        return terms

    def _named(self, name: str, shape: Sequence[int], uses: dict[str, int]) -> Product:
        """The tensor itself; its n-th use in a pipeline has names of its own."""
        uses[name] = uses.get(name, 0) + 1
        label = f"{name}@{uses[name]}"
        result = Product([], {}, [], 1, self._maximum)
        for axis, size in enumerate(shape):
            digit = result.new_digit(size)
            result.axes.append([digit])
            result.strands.append(
                Strand([digit], [f"{label}.{axis}"], {(v,): {(v,): 1} for v in range(size)})
            )
        return result

    def _constant(self, value: Any, shape: Sequence[int]) -> Sum:
        exact = text.number(value)
        if exact is None or (exact == 0 and not self._maximum):
            return []
        result = Product([], {}, [], exact, self._maximum)
        result.axes = [[result.new_digit(size)] for size in shape]
        return [result]

    def _weight(self, name: str, uses: dict[str, int], seen: tuple[str, ...] = ()) -> Sum:
        if name not in self._weights or name in seen:
            raise ClaimError(f"weight {name!r} is not defined")
        weight = self._weights[name]
        if "from" in weight:
            terms = self._weight(weight["from"], uses, (*seen, name))
            for step in weight["steps"]:
                terms = self._step(step, terms, uses)
            return terms
        if "fill" in weight:
            return self._constant(weight["fill"], weight["shape"])
        return [self._named(name, weight["shape"], uses)]

    def _step(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        name = f"_do_{step.get('op')}"
        if not hasattr(self, name):
            raise ClaimError(f"step {step.get('op')!r} is not known to the rechecker")
        if step["op"] in (_SUMS if self._maximum else _MAXIMA):
            raise ClaimError(f"step {step['op']!r} is not rechecked in this monoid")
        act: Callable[[Step, Sum, dict[str, int]], Sum] = getattr(self, name)
        return act(step, terms, uses)

    def _do_rearrange(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        left, right = text.einops(step["pattern"])
        for term in terms:
            sizes = _factor_sizes(left, term.shape(), step)
            runs: dict[str, list[int]] = {}
            for axis, group in enumerate(left):
                cut = term.groups(axis, [sizes[name] for name in group])
                runs |= dict(zip(group, cut, strict=True))
            term.axes = [[d for name in group for d in runs[name]] for group in right]
        return terms

    def _read(self, terms: Sum, maps: Sequence[list[int | None] | None], fill: Any) -> Sum:
        """Every axis read through a list of old positions; None in a list reads the fill."""
        if not terms and text.number(fill) not in (None, 0):
            raise ClaimError("a fill around an empty sum is not rechecked")
        shape = [n if m is None else len(m) for n, m in zip(sizes_of(terms), maps, strict=True)]
        for term in terms:
            for axis, index in enumerate(maps):
                if index is not None:
                    _read_axis(term, axis, index)
        holes = [(a, m) for a, m in enumerate(maps) if m is not None and None in m]
        return terms + (self._filled(fill, shape, holes) if holes else [])

    def _filled(
        self, fill: Any, shape: Sequence[int], holes: list[tuple[int, list[int | None]]]
    ) -> Sum:
        whole = self._constant(fill, shape)
        if self._maximum:
            parts = [(base.copy(), [hole], True) for base in whole for hole in holes]
        else:
            parts = [(base.copy(), holes, False) for base in whole]
        for part, chosen, outside in parts:
            part.number = part.number if self._maximum else -part.number
            for axis, index in chosen:
                kept = {v for v, old in enumerate(index) if (old is None) == outside}
                digit = part.flat(axis)
                part.reindex([digit], [digit], lambda v, kept=kept: [v] if v[0] in kept else [])  # type: ignore[misc]
        added = [part for part, _, _ in parts]
        return added if self._maximum else whole + added

    def _do_pad(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        mode = step.get("mode", "zeros")
        maps = [
            [text.outside(v, n, lo, hi, mode) for v in range(-lo, n + hi)]
            for n, (lo, hi) in zip(sizes_of(terms), step["padding"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, sizes_of(terms)), step.get("value", 0))

    def _do_slice(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        shape = sizes_of(terms)
        maps: list[list[int | None]] = [
            [*range(n)][slice(*part)] for n, part in zip(shape, step["slices"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, shape), 0)

    def _do_flip(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        shape = sizes_of(terms)
        axes = {axis % len(shape) for axis in step["axes"]}
        maps = [list(reversed(range(n))) if a in axes else None for a, n in enumerate(shape)]
        return self._read(terms, maps, 0)  # type: ignore[arg-type]

    def _do_dilate(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        maps: list[list[int | None]] = [
            [v // f if v % f == 0 else None for v in range(f * (n - 1) + 1)]
            for n, f in zip(sizes_of(terms), step["dilation"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, sizes_of(terms)), 0)

    def _do_tile(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        shape = sizes_of(terms)
        maps: list[list[int | None]] = [
            list(range(n)) * r for n, r in zip(shape, step["repeats"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, shape), 0)

    def _do_split(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        shape, sizes = sizes_of(terms), step["sizes"]
        axis = step.get("axis", 0) % len(shape)
        if isinstance(sizes, list):
            borders = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        else:
            borders = [*range(0, shape[axis], sizes), shape[axis]]
        if borders[-1] != shape[axis]:
            raise ClaimError(f"split's sizes {sizes} do not add up to {shape[axis]}")
        first, end = borders[step["part"]], borders[step["part"] + 1]
        maps: list[list[int | None] | None] = [None] * len(shape)
        maps[axis] = list(range(first, end))
        return self._read(terms, maps, 0)

    def _do_transpose(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        for term in terms:
            term.axes = [term.axes[axis] for axis in step["axes"]]
        return terms

    def _do_scale(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        for term in terms:
            for axis, factors in enumerate(step["factors"]):
                if factors is not None:
                    _scale_axis(term, axis, [text.number(f) for f in factors])
        return terms

    def _do_mask(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        return self._do_scale({"factors": step["keep"]}, terms, uses)

    def _do_add(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        parts = self._branches(step, terms, uses)
        if len({tuple(sizes_of(part)) for part in parts}) != 1:
            raise ClaimError("the branches of an add differ in shape")
        return [term for part in parts for term in part]

    def _do_concat(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        parts = self._branches(step, terms, uses)
        axis = step.get("axis", 0) % len(sizes_of(parts[0]))
        total, first = sum(sizes_of(part)[axis] for part in parts), 0
        for part in parts:
            size = sizes_of(part)[axis]
            index = [v - first if first <= v < first + size else None for v in range(total)]
            for term in part:
                _read_axis(term, axis, index)
            first += size
        joined = [term for part in parts for term in part]
        if len({tuple(term.shape()) for term in joined}) != 1:
            raise ClaimError("the branches of a concat differ beside its axis")
        return joined

    def _branches(self, step: Step, terms: Sum, uses: dict[str, int]) -> list[Sum]:
        """Every branch on a copy of its own; a tensor's uses are counted along each."""
        parts, counted = [], [dict(uses) for _ in step["branches"]]
        for branch, seen in zip(step["branches"], counted, strict=True):
            part = [term.copy() for term in terms]
            for inner in branch:
                part = self._step(inner, part, seen)
            parts.append(part)
        for name in {name for seen in counted for name in seen}:
            uses[name] = max(seen.get(name, 0) for seen in counted)
        return parts

    def _do_conv(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        _, _, *kernel = _weight_shape(self._weights, step["weight"])
        sizes, rank = sizes_of(terms)[1:], len(kernel)
        strides, dilations = (text.per_axis(step.get(n, 1), rank) for n in ("stride", "dilation"))
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        padding = text.pads(step.get("padding", 0), sizes, spans, strides)
        front = {"mode": step.get("padding_mode", "zeros"), "value": step.get("padding_value", 0)}
        terms = self._do_pad({**front, "padding": [[0, 0], *padding]}, terms, uses)
        windows = [
            window(n, k, s, d, False)
            for n, k, s, d in zip(sizes_of(terms)[1:], kernel, strides, dilations, strict=True)
        ]
        terms = self._correlate(step, terms, windows, uses, transposed=False)
        return self._biased(step, terms, uses)

    def _do_max_conv(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        return self._do_conv({**step, "padding_value": "-inf"}, terms, uses)

    def _do_conv_transpose(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        _, _, *kernel = _weight_shape(self._weights, step["weight"])
        sizes, rank = sizes_of(terms)[1:], len(kernel)
        strides, dilations = (text.per_axis(step.get(n, 1), rank) for n in ("stride", "dilation"))
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        crops = text.pads(step.get("padding", 0), sizes, spans, strides, transposed=True)
        extra = text.per_axis(step.get("output_padding", 0), rank)
        windows = []
        for n, k, s, d, span, (lo, hi), more in zip(
            sizes, kernel, strides, dilations, spans, crops, extra, strict=True
        ):
            outputs = (n - 1) * s + span - lo - hi + more
            hits = {
                (i, t): [(i * s + d * t - lo,)]
                for i in range(n) for t in range(k) if 0 <= i * s + d * t - lo < outputs
            }  # fmt: skip
            windows.append((outputs, hits))
        return self._biased(step, self._correlate(step, terms, windows, uses, True), uses)

    def _do_conv_as_kernel(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        if isinstance(step.get("padding", 0), str):
            raise ClaimError(f"conv_as_kernel is not padded by {step['padding']!r}")
        (_, _, *data), taps = _weight_shape(self._weights, step["weight"]), sizes_of(terms)[1:]
        rank = len(taps)
        strides, dilations = (text.per_axis(step.get(n, 1), rank) for n in ("stride", "dilation"))
        padding = text.pads(step.get("padding", 0), taps, taps, strides)
        figures = list(zip(data, taps, strides, dilations, padding, strict=True))
        weights = self._weight(step["weight"], uses)
        return [overlaid(x, w, figures) for x in terms for w in weights if w.number]

    def _correlate(self, step: Step, terms: Sum, windows: Sequence[Any], uses: dict[str, int],
                   transposed: bool) -> Sum:  # fmt: skip
        weights = self._weight(step["weight"], uses)
        groups = step.get("groups", 1)
        return [
            convolved(x, w, windows, groups, transposed) for x in terms for w in weights if w.number
        ]

    def _biased(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        if step.get("bias") is None:
            return terms
        shape = sizes_of(terms)
        added = self._weight(step["bias"], uses)
        for term in added:
            term.axes += [[term.new_digit(size)] for size in shape[1:]]
        return terms + added

    def _do_max_pool(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        return pooled(step, terms)[0]

    def _do_avg_pool(self, step: Step, terms: Sum, uses: dict[str, int]) -> Sum:
        averaged, padding, starts, kernel = pooled(step, terms)
        inside = not step.get("count_include_pad", True)
        for axis, ((size, lo, hi), first, k) in enumerate(
            zip(padding, starts, kernel, strict=True)
        ):
            begin, end = (max(-lo, 0), size + min(hi, 0)) if inside else (-lo, size + hi)
            counts = [sum(begin <= v < end for v in range(o, o + k)) for o in first]
            for term in averaged:
                _scale_axis(term, axis + 1, [Fraction(1, n) for n in counts])
        return averaged


def _factor_sizes(left: list[list[str]], shape: Sequence[int], step: Step) -> dict[str, int]:
    sizes = {key: value for key, value in step.items() if key not in ("op", "pattern")}
    for group, size in zip(left, shape, strict=True):
        unknown = [name for name in group if name not in sizes]
        known = prod(sizes[name] for name in group if name in sizes)
        if len(unknown) > 1 or size % known or (not unknown and known != size):
            raise ClaimError(f"pattern {step['pattern']!r} does not fit shape {list(shape)}")
        sizes |= dict.fromkeys(unknown, size // known)
    return sizes


def _skip_identities(
    maps: list[list[int | None]], shape: Sequence[int]
) -> list[list[int | None] | None]:
    return [None if m == list(range(n)) else m for m, n in zip(maps, shape, strict=True)]


def _read_axis(term: Product, axis: int, index: list[int | None]) -> None:
    readers: dict[int, list[tuple[int]]] = {}
    for new, old in enumerate(index):
        if old is not None:
            readers.setdefault(old, []).append((new,))
    digit, fresh = term.flat(axis), term.new_digit(len(index))
    term.reindex([digit], [fresh], lambda v: readers.get(v[0], []))
    term.axes[axis] = [fresh]


def _scale_axis(term: Product, axis: int, factors: Sequence[Fraction | None]) -> None:
    if len(factors) != term.shape()[axis] or None in factors:
        raise ClaimError(f"axis {axis} needs {term.shape()[axis]} finite factors")
    digit = term.flat(axis)
    strand = term.strand([digit])
    at = strand.digits.index(digit)
    strand.rows = {
        key: {name: n * (factors[key[at]] or 0) for name, n in row.items()}
        for key, row in strand.rows.items()
        if factors[key[at]]
    }


def _weight_shape(weights: dict[str, Any], name: str) -> list[int]:
    """Shape of a weight, by reading its definition with no tensor in it."""
    seen = Meaning({"weights": weights, "input": {"channels": 1, "size": []}}, maximum=False)
    return sizes_of(seen._weight(name, {}))
