"""The rechecker's own reading of a claim's text: sizes, pads, patterns, in plain integers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symconv.errors import ClaimError

Window = tuple[list[list[int | None]], bool]


def per_axis(value: Any, rank: int) -> list[Any]:
    """One value an axis; a single one stands for all."""
    values = list(value) if isinstance(value, list) else [value] * rank
    if len(values) != rank:
        raise ClaimError(f"expected {rank} values, one per axis, got {value!r}")
    return values


def number(value: Any) -> Fraction | None:
    """A number of the text, exactly; None for -inf."""
    return None if str(value) == "-inf" else Fraction(str(value))


def pads(value: Any, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int],
         transposed: bool = False) -> list[tuple[int, int]]:  # fmt: skip
    """Padding of every axis as a pair, 'same' worked out."""
    if value == "valid":
        value = 0
    if value in ("same", "same_lower"):
        totals = [
            span - s if transposed else max((-(-n // s) - 1) * s + span - n, 0)
            for n, span, s in zip(sizes, spans, strides, strict=True)
        ]
        small = [(t // 2, t - t // 2) if t >= 0 else (0, t) for t in totals]
        return small if value == "same" else [(a, b) if a + b < 0 else (b, a) for a, b in small]
    entries = per_axis(value, len(sizes))
    return [(e[0], e[1]) if isinstance(e, list) else (e, e) for e in entries]


def outside(v: int, size: int, lo: int, hi: int, mode: str) -> int | None:
    """What position ``v`` of a padded signal reads: an input, or None."""
    if mode not in ("zeros", "circular", "replicate", "reflect"):
        raise ClaimError(f"there is no padding mode {mode!r}")
    if mode == "circular":
        first, last = max(0, -lo), size - 1 - max(0, -hi)
        while v < first:
            v += last - first + 1
        while v > last:
            v -= last - first + 1
    elif mode == "replicate":
        v = max(0, min(size - 1, v))
    elif mode == "reflect":
        v = -v if v < 0 else v
        v = 2 * (size - 1) - v if v >= size else v
    return v if 0 <= v < size else None


def einops(pattern: str) -> tuple[list[list[str]], list[list[str]]]:
    """The factors of every axis on both sides of a pattern."""
    left, _, right = pattern.partition("->")
    return _groups(left), _groups(right)


def _groups(side: str) -> list[list[str]]:
    words = re.findall(r"\(([^()]*)\)|([^\s()]+)", side)
    groups = [inner.split() if not single else [single] for inner, single in words]
    return [[name for name in group if name != "1"] for group in groups]
