"""What the attributes of steps say, in plain integers: pads, patterns, windows, index maps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from symconv.errors import TooLarge
from symconv.evaluation.graph import Index

MOST_COUNTED = 10_000_000
"""Samples of all windows of an average: 80 MB to count them."""


class Misfit(ValueError):
    """A step that does not fit its tensor, as far as an evaluation can see."""


def require(holds: object, message: str) -> None:
    """Refuse what does not fit.

    Raises:
        Misfit: it does not hold.
    """
    if not holds:
        raise Misfit(message)


def number(value: Any) -> Fraction | None:
    """A number of a claim, exactly; None for ``-inf``."""
    return None if value in ("-inf", float("-inf")) else Fraction(str(value))


def finite(value: Any) -> Fraction:
    """A number of a claim that is finite.

    Raises:
        Misfit: it is not.
    """
    found = number(value)
    require(found is not None, f"{value!r} is not finite")
    return found if found is not None else Fraction(0)


def per_axis(value: Any, rank: int) -> tuple[Any, ...]:
    """One value for each axis; a single one stands for all."""
    values = value if isinstance(value, tuple) else (value,) * rank
    require(len(values) == rank, f"{value!r} has not one value for each of {rank} axes")
    return values


def pads(
    value: Any, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int]
) -> list[tuple[int, int]]:
    """The pads of a layer that slides forward, ``(lo, hi)`` for each axis."""
    if value in ("same", "same_lower"):
        found = []
        for size, span, stride in zip(sizes, spans, strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + span - size, 0)
            small, large = total // 2, -(-total // 2)
            found.append((small, large) if value == "same" else (large, small))
        return found
    entries = per_axis(0 if value == "valid" else value, len(sizes))
    return [e if isinstance(e, tuple) else (e, e) for e in entries]


def crops(value: Any, spans: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """What a transposed layer takes off its full output, ``(lo, hi)`` for each axis."""
    if value not in ("same", "same_lower"):
        return pads(value, spans, spans, strides)
    found = []
    for span, stride in zip(spans, strides, strict=True):
        total = span - stride
        small, large = (total // 2, -(-total // 2)) if total > 0 else (0, 0)
        pair = (small, large) if value == "same" else (large, small)
        found.append(pair if total >= 0 else (0, total))
    return found


MOST_LISTED = 65_536
"""Taps times outputs of an axis whose holes are listed: a millisecond."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A window's axis: output ``o`` and tap ``k`` meet at ``(s*o + d*k - lo) / u`` in the signal.

    A transposed layer has ``s = 1`` and ``u`` its stride, and counts its taps from the far end.
    """

    size: int
    taps: int
    outputs: int
    stride: int
    dilation: int
    lo: int
    spread: int = 1
    reversed: bool = False

    def table(self, outputs: Index) -> Index:
        """Position of every tap and output, ``(K, O)``; -1 outside."""
        k = np.arange(self.taps, dtype=np.int64)[:, None]
        k = self.taps - 1 - k if self.reversed else k
        at = self.stride * outputs + self.dilation * k - self.lo
        inside = (at >= 0) & (at <= self.spread * (self.size - 1))
        if self.spread == 1:
            return np.where(inside, at, -1)
        return np.where(inside & (at % self.spread == 0), at // self.spread, -1)

    @property
    def live(self) -> Index | None:
        """The outputs that read a sample, where a transposed kernel leaves holes between them."""
        if self.spread == 1 or self.outputs * self.taps > MOST_LISTED:
            return None
        reading = (self.table(np.arange(self.outputs, dtype=np.int64)) >= 0).any(0)
        return None if reading.all() else np.flatnonzero(reading)

    def readers(self, position: int) -> tuple[int, ...]:
        """Outputs around the first and the last that read a position of the signal."""
        last = (position * self.spread + self.lo) // self.stride
        first = -(
            (self.dilation * (self.taps - 1) - position * self.spread - self.lo) // self.stride
        )
        return first - 1, first, last, last + 1


def forward(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    padding: Sequence[tuple[int, int]],
) -> list[Axis]:
    """The axes of a layer that slides forward."""
    found = []
    for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, padding, strict=True):
        outputs = (n + lo + hi - d * (k - 1) - 1) // s + 1
        require(outputs >= 1, f"a kernel of {k} does not fit into {n} samples padded {lo, hi}")
        found.append(Axis(n, k, outputs, s, d, lo))
    return found


def pooling(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    padding: Sequence[tuple[int, int]],
    *,
    ceil: bool,
) -> list[Axis]:
    """The axes of a pooling, whose last window may hang over the end."""
    found = []
    for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, padding, strict=True):
        room = n + lo + hi - d * (k - 1) - 1
        outputs = (-(-room // s) if ceil else room // s) + 1
        outputs -= ceil and (outputs - 1) * s >= n + lo
        several = ceil and (outputs - 1) * s >= n + lo
        require(not several, f"several windows start behind {n} samples, in a pad of {hi}")
        require(outputs >= 1, f"a kernel of {k} does not fit into {n} samples padded {lo, hi}")
        # A crop hides the samples behind it.
        seen = n + min(hi, 0)
        found.append(Axis(seen, k, outputs, s, d, lo))
    return found


@dataclass(frozen=True, slots=True)
class AdaptiveAxis:
    """An adaptive pooling's axis: output ``o`` of ``O`` reads ``floor(o*N/O) .. ceil((o+1)*N/O)``.

    With as many outputs as samples every output reads its own.
    """

    size: int
    outputs: int

    def _first(self, o: Any) -> Any:
        return o * self.size // self.outputs

    def _end(self, o: Any) -> Any:
        return -(-(o + 1) * self.size // self.outputs)

    def table(self, outputs: Index) -> Index:
        """Position of every tap and output, ``(K, O)``; -1 behind a window's end."""
        first, end = self._first(outputs), self._end(outputs)
        at = first + np.arange(int((end - first).max(initial=1)), dtype=np.int64)[:, None]
        return np.where(at < end, at, -1)

    def readers(self, position: int) -> tuple[int, ...]:
        """Outputs around the first and the last that read a position of the signal."""
        first = position * self.outputs // self.size
        last = -(-(position + 1) * self.outputs // self.size) - 1
        return first - 1, first, last, last + 1

    def counts(self) -> list[int]:
        """How many samples each output reads."""
        return [self._end(o) - self._first(o) for o in range(self.outputs)]


def counts(axis: Axis, size: int, pair: tuple[int, int], *, with_pads: bool) -> list[int]:
    """How many samples each window of an average counts."""
    if axis.outputs * axis.taps > MOST_COUNTED:
        raise TooLarge(
            f"the samples of {axis.outputs} windows of {axis.taps} are too many to count"
        )
    lo, hi = pair
    first, end = (-lo, size + hi) if with_pads else (max(-lo, 0), size + min(hi, 0))
    taps = np.arange(axis.taps) * axis.dilation
    at = np.add.outer(np.arange(axis.outputs) * axis.stride - lo, taps)
    found: list[int] = ((at >= first) & (at < end)).sum(1).tolist()
    require(min(found) >= 1, "an average has a window that counts no sample")
    return found


def bordered(v: Index, size: int, lo: int, hi: int, mode: str) -> Index:
    """The sample that each position ``-lo <= v < size + hi`` of a padded signal shows; -1: none."""
    if mode == "replicate":
        return np.minimum(np.maximum(v, 0), size - 1)
    if mode == "circular":
        first, last = max(-lo, 0), size - 1 + min(hi, 0)
        period = last - first + 1
        require(max(lo, hi) <= period, f"a circular pad {lo, hi} is wider than {period} samples")
        v = np.where(v < first, v + period, v)
        return np.where(v > last, v - period, v)
    if mode == "reflect":
        require(max(lo, hi) < size, f"a reflection {lo, hi} is wider than {size} samples")
        v = np.where(v < 0, -v, v)
        return np.where(v > size - 1, 2 * (size - 1) - v, v)
    require(mode == "zeros", f"there is no padding mode {mode!r}")
    return np.where((v < 0) | (v >= size), -1, v)


def pattern(text: str) -> tuple[list[list[str]], list[list[str]]]:
    """The factors of every axis on both sides of an einops pattern; a bare 1 is none."""
    left, arrow, right = text.partition("->")
    require(arrow, f"pattern {text!r} has no arrow")
    return _side(left), _side(right)


def _side(text: str) -> list[list[str]]:
    words = re.findall(r"\(([^()]*)\)|([^\s()]+)", text)
    groups = [[single] if single else inner.split() for inner, single in words]
    return [[name for name in group if name != "1"] for group in groups]


def factors(
    left: Sequence[Sequence[str]], shape: Sequence[int], given: dict[str, int]
) -> dict[str, int]:
    """The size of every factor of a pattern's left side at this shape."""
    require(len(left) == len(shape), f"a pattern of {len(left)} axes meets shape {list(shape)}")
    sizes = given | {n: int(n) for group in left for n in group if n.isdigit()}
    for group, size in zip(left, shape, strict=True):
        free = [name for name in group if name not in sizes]
        known = prod(sizes[name] for name in group if name in sizes)
        fits = (len(free) == 1 and size % known == 0) or (not free and size == known)
        require(fits, f"an axis of {size} does not split into ({' '.join(group)})")
        sizes |= dict.fromkeys(free, size // known)
    return sizes
