"""Index maps: what each position of a new axis reads of the old one.

Pads, crops, slices, flips and zero insertion all read an axis through such a map.  It is
affine in pieces, so that it is written alike for numbers and for named sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symconv.errors import ClaimError, MalformedError
from symconv.layer.window import PADDING_MODES, pad_fits
from symconv.size.expr import Expr, Size, greatest, least
from symconv.size.text import Comparison, Condition


@dataclass(frozen=True, slots=True)
class Piece:
    """``by*old = slope*new + shift`` where ``first <= new < end``; None sets no bound."""

    slope: int = 1
    shift: Size = 0
    by: int = 1
    first: Size | None = None
    end: Size | None = None


@dataclass(frozen=True, slots=True)
class AxisMap:
    """What the positions ``0 <= new < size`` read of ``0 <= old < source``, piece by piece.

    A position that no piece sends into the source reads nothing; ``holes`` says whether there may
    be such ones.  ``domain`` holds what must be true of named sizes.
    """

    source: Size
    size: Size
    pieces: tuple[Piece, ...]
    holes: bool = False
    domain: tuple[Condition, ...] = ()

    @property
    def is_identity(self) -> bool:
        """Whether every position reads itself."""
        return self.size == self.source and self.pieces == _WHOLE


_WHOLE = (Piece(),)


def required(
    left: Size, relation: str, right: Size, message: Callable[[], str]
) -> tuple[Condition, ...]:
    """What must hold of named sizes; of numbers it is checked at once.

    Raises:
        ClaimError: it does not hold of these numbers.
    """
    gap = left - right
    if not isinstance(gap, int):
        return (Comparison(left, relation, right),)
    if Comparison(gap, relation, 0).holds({}):
        return ()
    raise ClaimError(message())


def check_mode(mode: object) -> None:
    """Refuse a padding mode that does not exist.

    Raises:
        MalformedError: there is none of this name.
    """
    if mode not in PADDING_MODES:
        raise MalformedError(f"mode must be one of {', '.join(PADDING_MODES)}, got {mode!r}")


def pad(size: Size, lo: Size, hi: Size, mode: str = "zeros") -> AxisMap:
    """Positions ``-lo .. size+hi-1`` of a signal; negative pads crop.

    >>> pad(3, 1, 1, "reflect").pieces[1:] == (Piece(-1, 1, end=1), Piece(-1, 5, first=4))
    True
    """
    check_mode(mode)
    padded = size + lo + hi
    domain = required(
        padded, ">=", 1, lambda: f"padding [{lo}, {hi}] leaves nothing of an axis of size {size}"
    )
    domain = (*domain, *(r.condition for r in pad_fits(size, lo, hi, mode)))
    if mode == "zeros":
        return AxisMap(size, padded, (Piece(shift=-lo),), _may_exceed(lo, hi), domain)
    return AxisMap(size, padded, _BORDERS[mode](size, lo, hi), domain=domain)


def _may_exceed(lo: Size, hi: Size) -> bool:
    """Whether a pad may be positive at some size."""
    return not all(isinstance(end, int) and end <= 0 for end in (lo, hi))


def _replicated(size: Size, lo: Size, hi: Size) -> tuple[Piece, ...]:
    last = lo + size
    return (
        Piece(shift=-lo),
        Piece(0, 0, end=lo),
        Piece(0, size - 1, first=last),
    )


def _reflected(size: Size, lo: Size, hi: Size) -> tuple[Piece, ...]:
    """The border mirrored without being repeated."""
    return (
        Piece(shift=-lo),
        Piece(-1, lo, end=lo),
        Piece(-1, 2 * (size - 1) + lo, first=lo + size),
    )


def _wrapped(size: Size, lo: Size, hi: Size) -> tuple[Piece, ...]:
    """What a negative pad on the other side has left, in a circle."""
    first, end = greatest(0, -lo), size + least(0, hi)
    return (
        Piece(shift=-lo, first=lo + first, end=lo + end),
        Piece(shift=end - first - lo, end=lo + first),
        Piece(shift=first - end - lo, first=lo + end),
    )


_BORDERS = {"replicate": _replicated, "reflect": _reflected, "circular": _wrapped}


def slice_(size: Size, start: Size | None, stop: Size | None, step: Size | None) -> AxisMap:
    """Python's ``[start:stop:step]``; a negative number counts from the back, a name does not.

    >>> slice_(7, 1, None, 2)
    AxisMap(source=7, size=3, pieces=(Piece(slope=2, shift=1, by=1, first=None, end=None),), \
holes=False, domain=())
    """
    first, length, stride = _range(size, start, stop, step)
    words = f"slice [{start}, {stop}, {step}] leaves nothing of an axis of size {size}"
    domain = required(length, ">=", 1, lambda: words)
    named = [end for end in (start, stop) if end is not None and not isinstance(end, int)]
    front = tuple(Comparison(end, ">=", 0) for end in named)
    return AxisMap(size, length, (Piece(stride, first),), domain=(*domain, *front))


def _range(
    size: Size, start: Size | None, stop: Size | None, step: Size | None
) -> tuple[Size, Size, int]:
    """First position, length and step of a slice."""
    stride = 1 if step is None else step
    if isinstance(stride, Expr):
        raise ClaimError(f"a slice's step must be an integer, got {stride}")
    if stride == 0:
        raise ClaimError("a slice's step must not be 0")
    if not isinstance(size, Expr) and not isinstance(start, Expr) and not isinstance(stop, Expr):
        kept = range(size)[slice(start, stop, stride)]
        return kept.start, len(kept), kept.step
    if stride < 1:
        raise ClaimError(f"for all sizes a slice's step must be a positive integer, got {step!r}")
    first = _end(size, 0 if start is None else start)
    end = size if stop is None else _end(size, stop)
    return first, (end - first + stride - 1) // stride, stride


def _end(size: Size, value: Size) -> Size:
    """An end of a slice, clipped to the axis as Python does; an axis holds one sample at least."""
    if value in (0, 1):
        return value
    if value == -1:
        return size - 1
    if isinstance(value, int) and value < 0:
        value = size + value
    return greatest(0, least(value, size))


def flip(size: Size) -> AxisMap:
    """The axis read from its end."""
    return AxisMap(size, size, (Piece(-1, size - 1),) if size != 1 else _WHOLE)


def dilate(size: Size, factor: int) -> AxisMap:
    """``factor - 1`` fills between neighbours.

    Raises:
        ClaimError: the factor is below 1.

    >>> dilate(3, 2).size
    5
    """
    if factor < 1:
        raise ClaimError(f"dilate needs factors of at least 1, got {factor}")
    return AxisMap(size, factor * (size - 1) + 1, (Piece(by=factor),), factor > 1 and size != 1)


def place(size: Size, first: Size, total: Size) -> AxisMap:
    """The whole axis at positions ``first ..`` of a longer one, and fills elsewhere."""
    return AxisMap(size, total, (Piece(shift=-first),), holes=size != total)


def split_bounds(
    sizes: Any, part: Any, axis: int, size: Size
) -> tuple[Size, Size, tuple[Condition, ...]]:
    """First and end position of the part that a split keeps of an axis of this size.

    Raises:
        ClaimError: the sizes do not add up, or there is no such part.

    >>> split_bounds((2, 3), 1, 0, 5), split_bounds(2, 2, 0, 5)
    ((2, 5, ()), (4, 5, ()))
    """
    if type(sizes) is int and sizes >= 1:
        count = (size + sizes - 1) // sizes
        domain = _has_part(part, count)
        return sizes * part, least(sizes * (part + 1), size), domain
    if not isinstance(sizes, tuple) or not all(type(n) is int and n >= 1 for n in sizes):
        raise _no_split(sizes, axis, size)
    domain = required(sum(sizes), "==", size, lambda: str(_no_split(sizes, axis, size)))
    _has_part(part, len(sizes))
    first = sum(sizes[:part])
    return first, first + sizes[part], domain


def _no_split(sizes: Any, axis: int, size: Size) -> ClaimError:
    return ClaimError(
        f"split's sizes must be positive and add up to {size} on axis {axis}, got {sizes!r}"
    )


def _has_part(part: Any, count: Size) -> tuple[Condition, ...]:
    words = f"split's part must be one of 0..{count - 1}, got {part!r}"
    if type(part) is not int or part < 0:
        raise ClaimError(words)
    return required(count, ">", part, lambda: words)
