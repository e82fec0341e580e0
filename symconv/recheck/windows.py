"""Windows on products of strands: convolutions and poolings, summed over taps and channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.factors import Product, nested_sizes

Sum = list[Product]
Step = dict[str, Any]


def window(n: int, k: int, s: int, d: int) -> tuple[int, Any]:
    """Output count, and the outputs that each (input, tap) is added to."""
    outputs = (n - d * (k - 1) - 1) // s + 1
    return outputs, {(o * s + d * t, t): [(o,)] for o in range(outputs) for t in range(k)}


def convolved(
    x: Product, w: Product, windows: Sequence[Any], groups: int, transposed: bool
) -> Product:
    """The product of data and weight, added up over channels and taps."""
    x, w = x.copy(), w.after(x)
    rank = len(windows)
    number = x.number if x.maximum else x.number * w.number
    term = Product(x.axes + w.axes, x.sizes | w.sizes, x.strands + w.strands, number, x.maximum)
    data_group, data_inner = term.groups(0, (groups, term.shape()[0] // groups))
    lead = 1 + rank
    kernel_group, kernel_inner = term.groups(lead, (groups, term.shape()[lead] // groups))
    term.axes = [
        data_group,
        data_inner,
        kernel_group,
        kernel_inner,
        *term.axes[1:lead],
        *term.axes[lead + 1 :],
    ]
    # Axes now: g, c, g', lead, spatial..., second, taps...
    second = 4 + rank
    summed, kept = (3, second) if transposed else (second, 3)
    _match(term, 1, summed)
    _match_groups(term)
    for axis, (outputs, hits) in enumerate(windows):
        read, tap = term.flat(4 + axis), term.flat(second + 1 + axis)
        out = term.new_digit(outputs)
        term.couple(read, tap, hits, [out])
        term.axes[4 + axis], term.axes[second + 1 + axis] = [out], []
    term.axes = [term.axes[0] + term.axes[kept], *term.axes[4 : 4 + rank]]
    return term


def overlaid(x: Product, w: Product, figures: Sequence[Any]) -> Product:
    """The weight's samples, each times the sample of ``x`` that an output lays over it, added up.

    ``figures`` are the weight's size, the size of ``x``, stride, dilation and pads of each axis.
    """
    x, w = x.copy(), w.after(x)
    term = Product(w.axes + x.axes, w.sizes | x.sizes, w.strands + x.strands, x.number * w.number)
    kernel = 2 + len(figures)
    # Axes now: m, c, spatial..., c', taps...
    _match(term, 1, kernel)
    outs = []
    for axis, (k, n, s, d, (lo, hi)) in enumerate(figures):
        outputs = (k + lo + hi - d * (n - 1) - 1) // s + 1
        if outputs < 1:
            raise ClaimError(f"a kernel of {n} samples does not fit into {k + lo + hi}")
        laid: dict[tuple[int, int], list[tuple[int]]] = {}
        for o in range(outputs):
            for j in range(n):
                if 0 <= (at := s * o + d * j - lo) < k:
                    laid.setdefault((at, j), []).append((o,))
        out = term.new_digit(outputs)
        term.couple(term.flat(2 + axis), term.flat(kernel + 1 + axis), laid, [out])
        outs.append([out])
    term.axes = [term.axes[0], *outs]
    return term


def _aligned(term: Product, first: int, second: int) -> list[tuple[int, int]]:
    """Digits of two axes in pairs of equal sizes."""
    while True:
        a, b = ([term.sizes[d] for d in term.axes[axis]] for axis in (first, second))
        if a == b:
            return list(zip(term.axes[first], term.axes[second], strict=True))
        if prod(a) != prod(b):
            raise ClaimError(f"a weight for {prod(b)} channels meets data of {prod(a)}")
        sizes = nested_sizes([a, b])
        for axis in (first, second):
            if sizes is None:
                term.flat(axis)
            else:
                term.groups(axis, sizes)


def _match(term: Product, first: int, second: int) -> None:
    for a, b in _aligned(term, first, second):
        term.contract(a, b)
    term.axes[first], term.axes[second] = [], []


def _match_groups(term: Product) -> None:
    """Equal group digits of data and kernel; one copy stays on the first axis."""
    kept = []
    for a, b in _aligned(term, 0, 2):
        fresh = term.new_digit(term.sizes[a])
        term.couple(a, b, {(v, v): [(v,)] for v in range(term.sizes[a])}, [fresh])
        kept.append(fresh)
    term.axes[0], term.axes[2] = kept, []


def pooled(step: Step, terms: Sum, sizes: Sequence[int]) -> tuple[Sum, list[int]]:
    """Every window added up (or its maximum), and how many there are on each axis."""
    counts = []
    kernel, strides, dilations, padding = text.pool(step, sizes)
    for axis, (n, k, s, d, (lo, hi)) in enumerate(
        zip(sizes, kernel, strides, dilations, padding, strict=True)
    ):
        span = d * (k - 1) + 1
        outputs = text.pool_outputs(n, lo, hi, span, s, step["ceil_mode"])
        first = [o * s - lo for o in range(outputs)]
        readers: dict[int, list[tuple[int]]] = {}
        for o, start in enumerate(first):
            for t in range(k):
                readers.setdefault(start + d * t, []).append((o,))
        for term in terms:
            digit, fresh = term.flat(axis + 1), term.new_digit(len(first))
            term.reindex([digit], [fresh], partial(_readers_of, readers))
            term.axes[axis + 1] = [fresh]
        counts.append(outputs)
    return terms, counts


def counted(step: Step, sizes: Sequence[int], outputs: Sequence[int]) -> list[list[int]]:
    """By how many samples an average divides, for each window on each axis.

    These are the taps ``t`` of a window with ``begin <= first + d*t < end``.
    """
    kernel, strides, dilations, padding = text.pool(step, sizes)
    inside = not step["count_include_pad"]
    found = []
    for n, k, s, d, (lo, hi), o in zip(
        sizes, kernel, strides, dilations, padding, outputs, strict=True
    ):
        begin, end = (max(-lo, 0), n + min(hi, 0)) if inside else (-lo, n + hi)
        firsts = range(-lo, o * s - lo, s)
        found.append([_taps_before(end - f, k, d) - _taps_before(begin - f, k, d) for f in firsts])
    return found


def _taps_before(reach: int, kernel: int, dilation: int) -> int:
    """How many taps of a window lie less than so far behind its first."""
    return min(max(-(-reach // dilation), 0), kernel)


def _readers_of(
    readers: Mapping[int, list[tuple[int]]], value: tuple[int, ...]
) -> list[tuple[int]]:
    """The outputs that read one position."""
    return readers.get(value[0], [])


def adapted(
    outputs: Sequence[int], terms: Sum, sizes: Sequence[int]
) -> tuple[Sum, list[list[int]]]:
    """Every window of an adaptive pooling added up, and how many samples each of them reads."""
    counts = []
    for axis, (n, o) in enumerate(zip(sizes, outputs, strict=True), 1):
        parts = text.adaptive_parts(n, o)
        readers: dict[int, list[tuple[int]]] = {}
        for i, part in enumerate(parts):
            for at in part:
                readers.setdefault(at, []).append((i,))
        for term in terms:
            digit, fresh = term.flat(axis), term.new_digit(o)
            term.reindex([digit], [fresh], partial(_readers_of, readers))
            term.axes[axis] = [fresh]
        counts.append([len(part) for part in parts])
    return terms, counts
