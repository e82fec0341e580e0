"""What a claim's text means, as sums of products of strands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from symconv.errors import ClaimError, InternalError
from symconv.recheck import text
from symconv.recheck.factors import Product, Row, Strand, Tensor
from symconv.recheck.kinds import MAXIMA, SUMS
from symconv.recheck.lattices import keep_within, read_cosets
from symconv.recheck.shapes import Shape, Shapes
from symconv.recheck.windows import (
    Step,
    Sum,
    adapted,
    convolved,
    counted,
    overlaid,
    pooled,
    window,
)

INPUT: Tensor = (0, "")


class Meaning:
    """Reads the pipelines of one claim; ``maximum`` reads them in (max, -inf).

    The claim is one that `symconv.recheck.claims` has read, at sizes in numbers.
    """

    def __init__(self, claim: dict[str, Any], maximum: bool) -> None:
        self._weights = claim["weights"]
        self._input = [claim["input"]["channels"], *claim["input"]["size"]]
        self._maximum = maximum
        self.shapes = Shapes(self._weights, maximum, sys.maxsize)

    def shape(self, steps: Sequence[Step]) -> Shape:
        """The shape of what a pipeline computes; its steps and all weights are checked.

        Raises:
            ClaimError: one is ill-formed.
            TooLarge: their tables would outgrow the rechecker's bound.
        """
        shapes = Shapes(self._weights, self._maximum)
        shapes.check_weights()
        return shapes.pipeline(steps, self._input)

    def pipeline(self, steps: Sequence[Step]) -> Sum:
        """The sum that a pipeline computes."""
        terms = [self._named(INPUT, self._input)]
        return self._steps(steps, terms, self._input)[0]

    def _steps(self, steps: Sequence[Step], terms: Sum, shape: Shape) -> tuple[Sum, Shape]:
        for step in steps:
            terms = self._step(step, terms, shape)
            shape = self.shapes.after(step, shape)
            if any(term.shape() != shape for term in terms):
                raise InternalError(
                    f"the rechecker reads {step['op']!r} in two shapes, "
                    f"{shape} and {[term.shape() for term in terms]}"
                )
        return terms, shape

    def _named(self, tensor: Tensor, shape: Sequence[int]) -> Product:
        """The tensor itself, used once."""
        result = Product([], {}, [], 1, self._maximum)
        for axis, size in enumerate(shape):
            digit = result.new_digit(size)
            result.axes.append([digit])
            result.strands.append(
                Strand([digit], [(*tensor, 0, axis)], {(v,): {(v,): 1} for v in range(size)})
            )
        if not shape:
            result.strands.append(Strand([], [(*tensor, 0, 0)], {(): {(0,): 1}}))
        return result

    def _constant(self, value: Any, shape: Sequence[int]) -> Sum:
        exact = text.number(value)
        if exact is None or (exact == 0 and not self._maximum):
            return []
        result = Product([], {}, [], exact, self._maximum)
        result.axes = [[result.new_digit(size)] for size in shape]
        return [result]

    def _weight(self, name: str) -> Sum:
        weight = self._weights[name]
        if "from" in weight:
            source = self.shapes.weight(weight["from"])
            return self._steps(weight["steps"], self._weight(weight["from"]), source)[0]
        if "fill" in weight:
            return self._constant(weight["fill"], weight["shape"])
        if "value" in weight:
            return self._written(weight["value"], weight["shape"])
        return [self._named((1, name), weight["shape"])]

    def _written(self, value: Any, shape: Sequence[int]) -> Sum:
        """A constant with a number for each entry; of maxima only which are not zero is asked."""
        result = Product([], {}, [], 1, self._maximum)
        digits = [result.new_digit(size) for size in shape]
        result.axes = [[digit] for digit in digits]
        entries = {at: text.finite(entry_at(value, at)) for at in product(*map(range, shape))}
        rows: dict[tuple[int, ...], Row] = {
            at: {(): 1 if self._maximum else number} for at, number in entries.items() if number
        }
        result.strands.append(Strand(digits, [], rows))
        return [result] if rows else []

    def _step(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        if step["op"] in (SUMS if self._maximum else MAXIMA):
            raise ClaimError(f"step {step['op']!r} is not rechecked in this monoid")
        act: Callable[[Step, Sum, Shape], Sum] = getattr(self, f"_do_{step['op']}")
        return act(step, terms, shape)

    def _do_pointwise(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        raise ClaimError(f"the function {step['function']!r} is rechecked between squares alone")

    def _do_rearrange(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        left, right = text.einops(step["pattern"])
        for term in terms:
            sizes = text.factor_sizes(left, shape, step)
            runs: dict[str, list[int]] = {}
            for axis, group in enumerate(left):
                cut = term.groups(axis, [sizes[name] for name in group])
                runs |= dict(zip(group, cut, strict=True))
            term.axes = [[d for name in group for d in runs[name]] for group in right]
        return terms

    def _read(
        self, terms: Sum, maps: Sequence[list[int | None] | None], fill: Any, before: Shape
    ) -> Sum:
        """Every axis read through a list of old positions; None in a list reads the fill."""
        shape = [n if m is None else len(m) for n, m in zip(before, maps, strict=True)]
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

    def _do_pad(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        maps = [
            [text.outside(v, n, lo, hi, step["mode"]) for v in range(-lo, n + hi)]
            for n, (lo, hi) in zip(shape, step["padding"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, shape), step["value"], shape)

    def _do_slice(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        maps: list[list[int | None]] = [
            [*range(n)[slice(*part)]] for n, part in zip(shape, step["slices"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, shape), 0, shape)

    def _do_flip(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        axes = {axis % len(shape) for axis in step["axes"]}
        maps = [list(reversed(range(n))) if a in axes else None for a, n in enumerate(shape)]
        return self._read(terms, maps, 0, shape)  # type: ignore[arg-type]

    def _do_dilate(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        maps: list[list[int | None]] = [
            [v // f if v % f == 0 else None for v in range(f * (n - 1) + 1)]
            for n, f in zip(shape, step["dilation"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, shape), 0, shape)

    def _do_tile(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        maps: list[list[int | None]] = [
            list(range(n)) * r for n, r in zip(shape, step["repeats"], strict=True)
        ]
        return self._read(terms, _skip_identities(maps, shape), 0, shape)

    def _do_repeat(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        axis = text.axis(step["axis"], len(shape))
        maps: list[list[int | None] | None] = [None] * len(shape)
        maps[axis] = [old for old in range(shape[axis]) for _ in range(step["count"])]
        return self._read(terms, maps, 0, shape)

    def _do_split(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        axis = text.axis(step["axis"], len(shape))
        maps: list[list[int | None] | None] = [None] * len(shape)
        maps[axis] = [*range(*text.split_bounds(step["sizes"], step["part"], shape[axis]))]
        return self._read(terms, maps, 0, shape)

    def _do_cosets(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        for term in terms:
            read_cosets(term, step)
        return terms

    def _do_within(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        for term in terms:
            keep_within(term, step)
        return terms

    def _do_transpose(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        for term in terms:
            term.axes = [term.axes[axis] for axis in step["axes"]]
        return terms

    def _do_scale(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        if "factor" in step:
            return _times(terms, text.finite(step["factor"]))
        for term in terms:
            for axis, factors in enumerate(step["factors"]):
                if factors is not None:
                    _scale_axis(term, axis, [text.number(f) for f in factors])
        return terms

    def _do_mask(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        return self._do_scale({"factors": step["keep"]}, terms, shape)

    def _do_add(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        return [term for part, _ in self._branches(step, terms, shape) for term in part]

    def _do_subtract(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        (first, _), *others = self._branches(step, terms, shape)
        return first + _times([term for part, _ in others for term in part], Fraction(-1))

    def _do_concat(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        parts = self._branches(step, terms, shape)
        axis = text.axis(step["axis"], len(parts[0][1]))
        total, first = sum(sizes[axis] for _, sizes in parts), 0
        for part, sizes in parts:
            index = [v - first if first <= v < first + sizes[axis] else None for v in range(total)]
            for term in part:
                _read_axis(term, axis, index)
            first += sizes[axis]
        return [term for part, _ in parts for term in part]

    def _branches(self, step: Step, terms: Sum, shape: Shape) -> list[tuple[Sum, Shape]]:
        """Every branch on a copy of its own, and its shape."""
        return [
            self._steps(branch, [term.copy() for term in terms], shape)
            for branch in step["branches"]
        ]

    def _do_conv(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        _, _, *kernel = self.shapes.weight(step["weight"])
        strides, dilations = text.strides(step, len(kernel))
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        padding = text.pads(step["padding"], shape[1:], spans, strides)
        front = {"mode": step["padding_mode"], "value": step["padding_value"]}
        terms = self._do_pad({**front, "padding": [[0, 0], *padding]}, terms, shape)
        padded = [n + lo + hi for n, (lo, hi) in zip(shape[1:], padding, strict=True)]
        windows = [
            window(n, k, s, d)
            for n, k, s, d in zip(padded, kernel, strides, dilations, strict=True)
        ]
        return self._biased(step, self._correlate(step, terms, windows, False), windows)

    def _do_max_conv(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        bare = {"padding_mode": "zeros", "padding_value": "-inf", "bias": None}
        return self._do_conv({**step, **bare}, terms, shape)

    def _do_conv_transpose(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        _, _, *kernel = self.shapes.weight(step["weight"])
        sizes, rank = shape[1:], len(kernel)
        strides, dilations = text.strides(step, rank)
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        crops = text.pads(step["padding"], sizes, spans, strides, transposed=True)
        extra = text.integers(step["output_padding"], rank, 0, "output_padding")
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
        return self._biased(step, self._correlate(step, terms, windows, True), windows)

    def _do_conv_as_kernel(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        (_, _, *data), taps = self.shapes.weight(step["weight"]), shape[1:]
        strides, dilations = text.strides(step, len(taps))
        padding = text.pads(step["padding"], taps, taps, strides)
        figures = list(zip(data, taps, strides, dilations, padding, strict=True))
        weights = self._weight(step["weight"])
        return [overlaid(x, w, figures) for x in terms for w in weights if w.number]

    def _correlate(self, step: Step, terms: Sum, windows: Sequence[Any], transposed: bool) -> Sum:
        weights = self._weight(step["weight"])
        return [
            convolved(x, w, windows, step["groups"], transposed)
            for x in terms for w in weights if w.number
        ]  # fmt: skip

    def _biased(self, step: Step, terms: Sum, windows: Sequence[Any]) -> Sum:
        if step["bias"] is None:
            return terms
        added = self._weight(step["bias"])
        for term in added:
            term.axes += [[term.new_digit(outputs)] for outputs, _ in windows]
        return terms + added

    def _do_max_pool(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        return pooled(step, terms, shape[1:])[0]

    def _do_avg_pool(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        sums, outputs = pooled(step, terms, shape[1:])
        if step["divisor_override"] is not None:
            return _times(sums, Fraction(1, step["divisor_override"]))
        return _divided(sums, counted(step, shape[1:], outputs))

    def _do_adaptive_max_pool(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        outputs = text.adaptive(step["output_size"], shape[1:])
        return adapted(outputs, terms, shape[1:])[0]

    def _do_adaptive_avg_pool(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        outputs = text.adaptive(step["output_size"], shape[1:])
        return _divided(*adapted(outputs, terms, shape[1:]))


def entry_at(value: Any, index: Sequence[int]) -> Any:
    """The entry of nested lists at an index."""
    for at in index:
        value = value[at]
    return value


def _times(terms: Sum, factor: Fraction) -> Sum:
    """Every term times one number; nothing is left of a sum that is multiplied by zero."""
    for term in terms:
        term.number *= factor
    return terms if factor else []


def _divided(terms: Sum, counts: Sequence[Sequence[int]]) -> Sum:
    """Every spatial axis divided by a count for each position."""
    for axis, row in enumerate(counts, 1):
        for term in terms:
            _scale_axis(term, axis, [Fraction(1, n) for n in row])
    return terms


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
