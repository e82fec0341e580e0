"""How a path goes back through a pooling: one path for each tap of a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import z3

from symconv.recheck.allsizes.layers import layer_pads, need_few, need_numbers, outputs
from symconv.recheck.allsizes.moves import holds, refuse_maximum
from symconv.recheck.allsizes.paths import Path
from symconv.recheck.allsizes.reading import Back, Reader, Rule, Shape, Text
from symconv.recheck.allsizes.terms import (
    NotRead,
    as_bool,
    div,
    each,
    least,
    positions,
    rest,
    window_count,
)


def max_pool(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The maximum of each window."""
    return _pooled(reader, step, shape)


def _pooled(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    kernel, strides, dilations, pads = _pool(reader, step, shape)
    out = outputs(reader, shape[1:], kernel, strides, dilations, pads, step.get("ceil_mode", False))
    for n, k, s, d, (lo, hi), o in zip(
        shape[1:], kernel, strides, dilations, pads, out, strict=True
    ):
        narrow = step.get("legality", "torch") == "torch"
        if narrow and not isinstance(step.get("padding", 0), str):
            reader.require(lo <= k // 2, hi <= k // 2)
        if step.get("ceil_mode", False):  # of several that start behind, one alone is left out
            reader.require((o - 1) * s < n + lo)
        fits = (o - 1) * s + d * (k - 1) + 1 <= n + lo + hi
        reader.require(z3.Or(as_bool(hi >= 0), as_bool(fits)))

    def back(path: Path) -> Iterator[Path]:
        for taps in product(*map(range, kernel)):
            at = positions(path.index[1:], taps, strides, dilations, pads)
            live = [v for x, n in zip(at, shape[1:], strict=True) for v in (x >= 0, x < n)]
            yield replace(path, index=(path.index[0], *at)).under(*live)

    return [shape[0], *out], back


def _pool(reader: Reader, step: Text, shape: Shape) -> tuple[Any, Any, Any, Any]:
    """Kernel, strides, dilations and pads of a pooling."""
    rank = len(shape) - 1
    kernel = each(step["kernel_size"], rank)
    strides = kernel if step.get("stride") is None else each(step["stride"], rank)
    dilations = each(step.get("dilation", 1), rank)
    need_numbers(*kernel, *strides, *dilations)
    need_few(*kernel, *kernel)  # an average has a path for each count of each tap
    given = {**step, "stride": strides, "dilation": dilations}
    return kernel, strides, dilations, layer_pads(reader, given, shape[1:], kernel)


def avg_pool(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The mean of each window: one path for each number of counted samples on an axis."""
    refuse_maximum(reader, step)
    out, inner = _pooled(reader, step, shape)
    if (divisor := step.get("divisor_override")) is not None:
        return out, lambda path: inner(path.scaled(Fraction(1, divisor)))
    kernel, strides, dilations, pads = _pool(reader, step, shape)
    include = step.get("count_include_pad", True)
    if step.get("legality", "torch") == "onnx" and not include:
        for axis in zip(shape[1:], kernel, strides, dilations, pads, out[1:], strict=True):
            reader.require(*_counts_something(*axis))
    elif len(kernel) == 3 and step.get("legality", "torch") == "torch":
        reader.require(*(n >= k for n, k in zip(shape[1:], kernel, strict=True)))

    def back(path: Path) -> Iterator[Path]:
        axes = list(zip(path.index[1:], kernel, strides, dilations, pads, shape[1:], strict=True))
        counts = [window_count(*axis, include=include) for axis in axes]
        for choice in product(*(range(1, k + 1) for k in kernel)):
            here = path.under(*(n == c for n, c in zip(counts, choice, strict=True)))
            yield from (p.scaled(Fraction(1, prod(choice))) for p in inner(here) if not p.dead)

    return out, back


def _counts_something(
    n: Any, k: int, s: int, d: int, pads: tuple[Any, Any], out: Any
) -> Iterator[Any]:
    """Where each window has a tap inside the input: the last, and those that start before it."""
    lo, end = pads[0], n + least(pads[1], 0)
    span = d * (k - 1) + 1
    yield (out - 1) * s - lo < end
    yield lo < span
    need_few(span)
    for low in [lo] if isinstance(lo, int) else range(span):
        for o in range(-(-max(low, 0) // s)):
            inside = [o * s + d * t - low < end for t in range(k) if o * s + d * t >= low]
            yield z3.Or(as_bool(lo != low), as_bool(out <= o), *map(as_bool, inside))


def adaptive_max_pool(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The maximum of each window of an adaptive pooling."""
    return _adapted(reader, step, shape)


def adaptive_avg_pool(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    """The mean of each window of an adaptive pooling."""
    refuse_maximum(reader, step)
    return _adapted(reader, step, shape)


Met = tuple[Any, tuple[Any, ...], tuple[Any, ...], Any]
"""What an output meets on one axis: a position, when, an unknown, and of how many it is one."""


def _adapted(reader: Reader, step: Text, shape: Shape) -> tuple[Shape, Back]:
    given = list(zip(shape[1:], each(step["output_size"], len(shape) - 1), strict=True))
    sizes = [n if asked is None else asked for n, asked in given]
    _need_whole_windows(reader, step, given)
    mean = step["op"] == "adaptive_avg_pool"

    def back(path: Path) -> Iterator[Path]:
        axes = zip(path.index[1:], given, strict=True)
        for met in product(*(list(_met(i, *axis, reader.unknown())) for i, axis in axes)):
            at, guards, taps, counts = zip(*met, strict=True)
            there = replace(path, index=(path.index[0], *at), taps=(*path.taps, *sum(taps, ())))
            yield (_shared(there, counts) if mean else there).under(*sum(guards, ()))

    return [shape[0], *sizes], back


def _need_whole_windows(reader: Reader, step: Text, given: list[tuple[Any, Any]]) -> None:
    """Refuse named sizes that the outputs are not known to divide, and too many paths.

    Raises:
        NotRead: there are such.
    """
    for n, asked in given:
        if asked is None or isinstance(n, int):
            continue
        if not holds(reader, rest(n, asked) == 0):
            raise NotRead(
                f"{step['op']} of a named size is read for all sizes where {asked} outputs "
                f"divide it; say so by a condition in where"
            )
    need_few(*(o if not isinstance(n, int) else n + o for n, o in given if o is not None))


def _met(i: Any, n: Any, outputs: int | None, unknown: Any) -> Iterator[Met]:
    """The samples that output ``i`` reads: written out, or an unknown one of a named number."""
    if outputs is None:
        yield i, (), (), 1
        return
    for c in range(outputs):
        if isinstance(n, int):
            part = range(c * n // outputs, -(-(c + 1) * n // outputs))
            yield from ((at, (i == c,), (), len(part)) for at in part)
        else:
            length = div(n, outputs)
            inside = (i == c, unknown >= 0, unknown < length)
            yield c * length + unknown, inside, (unknown,), length


def _shared(path: Path, counts: tuple[Any, ...]) -> Path:
    """A path of a mean of so many samples on each axis."""
    numbers = prod(n for n in counts if isinstance(n, int))
    names = tuple(n for n in counts if not isinstance(n, int))
    return replace(path.scaled(Fraction(1, numbers)), over=(*path.over, *names))


POOLS: dict[str, Rule] = {
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "adaptive_max_pool": adaptive_max_pool,
    "adaptive_avg_pool": adaptive_avg_pool,
}
"""How each pooling is read."""
