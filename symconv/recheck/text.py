"""The rechecker's own reading of a step's values: sizes, pads, slices, patterns, in plain integers.

Every reader refuses what `symconv check` refuses: a bool or a float for an integer, a list of
another length than the axes, an axis that is not there or stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from symconv.errors import ClaimError

Window = tuple[list[list[int | None]], bool]
MODES = ("zeros", "circular", "replicate", "reflect")


def entries(value: Any, rank: int, what: str) -> list[Any]:
    """A list with one entry per axis."""
    if not isinstance(value, list) or len(value) != rank:
        raise ClaimError(f"{what} must have one entry for each of {rank} axes, got {value!r:.80}")
    return value


def integers(value: Any, rank: int, least: int, what: str) -> list[int]:
    """One integer per axis; a single one stands for all."""
    if type(value) is int:
        value = [value] * rank
    found = entries(value, rank, what)
    if not all(type(n) is int and n >= least for n in found):
        raise ClaimError(f"{what} must hold integers of at least {least}, got {value!r:.80}")
    return found


def count(value: Any, what: str) -> int:
    """An integer of at least 1."""
    if type(value) is not int or value < 1:
        raise ClaimError(f"{what} must be an integer of at least 1, got {value!r:.80}")
    return value


MOST_DIGITS = 400
"""Digits of a number, and its power of ten: more than a float has, and no power to work out."""


def _is_written(value: Any) -> bool:
    """Whether a value may be a number of the text: of its kind, and no longer than one is."""
    if type(value) not in (int, float, str):
        return False
    if type(value) is int:
        return bool(abs(value) < 10**MOST_DIGITS)
    power = re.search(r"[eE]([+-]?\d+)$", str(value).strip())
    small = power is None or (len(power[1]) < 5 and abs(int(power[1])) <= MOST_DIGITS)
    return bool(small and len(str(value)) <= MOST_DIGITS)


def number(value: Any) -> Fraction | None:
    """A number of the text, exactly; None for -inf.

    Raises:
        ClaimError: it is not a number, or infinite, or no number at all.
    """
    if value in ("-inf", float("-inf")):
        return None
    try:
        exact = Fraction(str(value)) if _is_written(value) else None
    except (ValueError, ZeroDivisionError):
        exact = None
    if exact is None:
        raise ClaimError(f"expected a finite number, got {value!r:.80}")
    return exact


def finite(value: Any) -> Fraction:
    """A finite number of the text, exactly."""
    exact = number(value)
    if exact is None:
        raise ClaimError("expected a finite number, got '-inf'")
    return exact


def factors(values: Any, size: int) -> list[Fraction]:
    """A finite number for every position of an axis."""
    if not isinstance(values, list) or len(values) != size:
        raise ClaimError(f"an axis of {size} positions needs as many factors, got {values!r:.80}")
    return [finite(value) for value in values]


def axis(value: Any, rank: int) -> int:
    """An axis, counted from the front or from the end."""
    if type(value) is not int or not -rank <= value < rank:
        raise ClaimError(f"axis {value!r:.80} is not one of {rank} axes")
    return value % rank


def distinct_axes(values: Any, rank: int) -> list[int]:
    """Axes, none of them twice."""
    if not isinstance(values, list):
        raise ClaimError(f"axes must be a list, got {values!r:.80}")
    found = [axis(value, rank) for value in values]
    if len(set(found)) < len(found):
        raise ClaimError(f"an axis stands twice in {values!r:.80}")
    return found


def as_slice(part: Any) -> slice:
    """A slice from its three parts, integers or null."""
    if not isinstance(part, list) or len(part) != 3:
        raise ClaimError(f"each slice must be [start, stop, step], got {part!r:.80}")
    if any(type(p) is not int and p is not None for p in part) or part[2] == 0:
        raise ClaimError(f"a slice holds integers or null, and no step of 0, got {part!r:.80}")
    return slice(*part)


def split_bounds(sizes: Any, part: Any, size: int) -> tuple[int, int]:
    """First and end position of the part that a split keeps."""
    borders: Sequence[int]
    if type(sizes) is int and sizes >= 1:
        total = -(-size // sizes)
        borders = range(0, total * sizes + 1, sizes)
    else:
        whole = isinstance(sizes, list) and all(type(n) is int and n >= 1 for n in sizes)
        if not whole or sum(sizes) != size:
            raise ClaimError(
                f"split's sizes must be positive and add up to {size}, got {sizes!r:.80}"
            )
        total = len(sizes)
        borders = [sum(sizes[:i]) for i in range(total + 1)]
    if type(part) is not int or not 0 <= part < total:
        raise ClaimError(f"split's part must be one of 0..{total - 1}, got {part!r:.80}")
    return borders[part], min(borders[part + 1], size)


def strides(step: Mapping[str, Any], rank: int) -> tuple[list[int], list[int]]:
    """Strides and dilations, one per axis."""
    return (
        integers(step["stride"], rank, 1, "stride"),
        integers(step["dilation"], rank, 1, "dilation"),
    )


def pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    """Pads ``[lo, hi]`` of every axis, and nothing but such pairs."""
    found = entries(value, rank, "padding")
    for entry in found:
        if not isinstance(entry, list) or len(entry) != 2 or not all(type(e) is int for e in entry):
            raise ClaimError(f"each entry of padding must be a [lo, hi] pair, got {entry!r:.80}")
    return [(lo, hi) for lo, hi in found]


def pads(
    value: Any,
    sizes: Sequence[int],
    spans: Sequence[int],
    strides: Sequence[int],
    transposed: bool = False,
) -> list[tuple[int, int]]:
    """Padding of every axis as a pair, 'same' worked out."""
    if isinstance(value, str) and value in ("same", "same_lower"):
        totals = [
            span - s if transposed else max((-(-n // s) - 1) * s + span - n, 0)
            for n, span, s in zip(sizes, spans, strides, strict=True)
        ]
        small = [(t // 2, t - t // 2) if t >= 0 else (0, t) for t in totals]
        return small if value == "same" else [(a, b) if a + b < 0 else (b, a) for a, b in small]
    if value == "valid":
        value = 0
    found = [value] * len(sizes) if type(value) is int else entries(value, len(sizes), "padding")
    return pairs([[e, e] if type(e) is int else e for e in found], len(sizes))


Pairs = list[tuple[int, int]]


def pool(
    step: Mapping[str, Any], sizes: Sequence[int]
) -> tuple[list[int], list[int], list[int], Pairs]:
    """Kernel, strides, dilations and pads of a pooling."""
    rank = len(sizes)
    kernel = integers(step["kernel_size"], rank, 1, "kernel_size")
    stride = step["kernel_size"] if step["stride"] is None else step["stride"]
    steps, dilations = strides({"stride": stride, "dilation": step.get("dilation", 1)}, rank)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    return kernel, steps, dilations, pads(step["padding"], sizes, spans, steps)


def pool_outputs(n: int, lo: int, hi: int, span: int, s: int, ceil: bool) -> int:
    """Outputs of a pooling; with ``ceil`` a last window may hang over, if it starts before the end.

    >>> pool_outputs(8, 0, 0, 3, 2, True), pool_outputs(8, 0, 0, 3, 2, False)
    (4, 3)
    """
    room = n + lo + hi - span
    outputs = (room + s - 1 if ceil else room) // s + 1
    return outputs - 1 if ceil and (outputs - 1) * s >= n + lo else outputs


def adaptive(value: Any, sizes: Sequence[int]) -> list[int]:
    """Outputs of an adaptive pooling on each axis; null keeps one as it is."""
    given = (
        [value] * len(sizes) if type(value) is int else entries(value, len(sizes), "output_size")
    )
    return [n if o is None else count(o, "output_size") for o, n in zip(given, sizes, strict=True)]


def adaptive_parts(size: int, outputs: int) -> list[range]:
    """The samples that each output of an adaptive pooling reads, as PyTorch cuts them.

    >>> adaptive_parts(5, 2), adaptive_parts(2, 3)
    ([range(0, 3), range(2, 5)], [range(0, 1), range(0, 2), range(1, 2)])
    """
    ends = [(i + 1) * size for i in range(outputs)]
    return [
        range(i * size // outputs, end // outputs + (end % outputs > 0))
        for i, end in enumerate(ends)
    ]


def known_mode(mode: Any) -> None:
    """Refuse a padding mode that there is not."""
    if mode not in MODES:
        raise ClaimError(f"there is no padding mode {mode!r:.80}")


def check_mode(size: int, lo: int, hi: int, mode: str) -> None:
    """Refuse a pad that its mode cannot fill in one go, as PyTorch does."""
    most = {"reflect": size - 1, "circular": size + min(lo, 0) + min(hi, 0)}.get(mode)
    if most is not None and max(lo, hi) > most:
        raise ClaimError(
            f"mode {mode!r} pads a signal of {size} by at most {most}, got [{lo}, {hi}]"
        )


def check_output_padding(
    padding: Any, extras: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> None:
    """Refuse an output padding that PyTorch refuses, or one beside a padding in words."""
    if isinstance(padding, str) and padding != "valid" and any(extras):
        raise ClaimError(f"padding {padding!r} takes no output_padding")
    for extra, s, d in zip(extras, strides, dilations, strict=True):
        if extra >= max(s, d):
            raise ClaimError(f"output_padding {extra} must be below stride {s} or dilation {d}")


def outside(v: int, size: int, lo: int, hi: int, mode: str) -> int | None:
    """What position ``v`` of a padded signal reads: an input, or None."""
    known_mode(mode)
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
    """The factors of every axis on both sides of a pattern.

    Raises:
        ClaimError: not two sides, or a factor that stands twice or on one side only.

    >>> einops("c (h 2) -> (c 2) h")
    ([['c'], ['h', '2']], [['c', '2'], ['h']])
    """
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ClaimError(f"pattern {pattern!r:.80} must have one '->'")
    left, right = map(_groups, sides)
    names = [sorted(name for group in side for name in group) for side in (left, right)]
    if names[0] != names[1] or len(set(names[0])) < len(names[0]):
        raise ClaimError(f"pattern {pattern!r:.80} must name each factor once on both sides")
    return left, right


def _groups(side: str) -> list[list[str]]:
    if re.sub(r"\([\w\s]*\)|\w+", " ", side).strip():
        raise ClaimError(f"{side.strip()!r:.80} is not a side of a pattern")
    words = re.findall(r"\(([\w\s]*)\)|(\w+)", side)
    groups = [inner.split() if not single else [single] for inner, single in words]
    return [[name for name in group if name != "1"] for group in groups]


def factor_sizes(
    left: list[list[str]], shape: Sequence[int], step: Mapping[str, Any]
) -> dict[str, int]:
    """The size of every factor of a pattern's left side.

    Raises:
        ClaimError: the pattern does not fit the shape, or a size is given for no factor of it.
    """
    given = {key: value for key, value in step.items() if key not in ("op", "pattern")}
    names = [name for group in left for name in group]
    if len(left) != len(shape) or (unknown := set(given) - set(names)):
        unused = sorted(unknown) if len(left) == len(shape) else ""
        raise ClaimError(f"pattern {step['pattern']!r:.80} does not fit {list(shape)} {unused}")
    numbers = {name: int(name) for name in names if name.isdecimal()}
    if any(n < 1 for n in numbers.values()) or any(
        given.get(k, n) != n for k, n in numbers.items()
    ):
        raise ClaimError(f"pattern {step['pattern']!r:.80} has a factor of another size")
    sizes = given | numbers
    for group, size in zip(left, shape, strict=True):
        open_ = [name for name in group if name not in sizes]
        known = prod(sizes[name] for name in group if name in sizes)
        if len(open_) > 1 or size % known or (not open_ and known != size):
            raise ClaimError(f"pattern {step['pattern']!r:.80} does not fit shape {list(shape)}")
        sizes |= dict.fromkeys(open_, size // known)
    return sizes
