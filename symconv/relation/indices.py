"""Indices, and the relations between them of which a product is made."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from symconv.errors import ClaimError
from symconv.layer.window import Window
from symconv.relation.maps import AxisMap
from symconv.size.expr import Expr, Size


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One index, ``0 <= leg < size``; two legs are the same only if they are the same object."""

    size: Size


Axis = tuple[Leg, ...]
"""The digits of an axis, most significant first."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """``whole = high*low.size + low``; the digits stand for ``whole`` from now on."""

    whole: Leg
    high: Leg
    low: Leg

    @property
    def legs(self) -> Axis:
        """The whole and its digits."""
        return (self.whole, self.high, self.low)

    @property
    def law(self) -> Hashable:
        """Nothing beside which indices they are."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Fuse:
    """``whole`` is the number that these digits write; on axes either may stand."""

    whole: Leg
    digits: Axis

    @property
    def legs(self) -> Axis:
        """The whole and its digits."""
        return (self.whole, *self.digits)

    @property
    def law(self) -> Hashable:
        """Nothing beside which indices they are."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """``gone = kept``, where ``kept`` stands for both from now on."""

    gone: Leg
    kept: Leg

    @property
    def legs(self) -> Axis:
        """Both."""
        return (self.gone, self.kept)

    @property
    def law(self) -> Hashable:
        """Nothing beside which indices they are."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Gather:
    """A new position and the old one that an index map reads there."""

    new: Leg
    old: Leg
    index: AxisMap

    @property
    def legs(self) -> Axis:
        """Both positions."""
        return (self.new, self.old)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.index


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """The positions at which an index map reads something (``inside``), or nothing."""

    leg: Leg
    index: AxisMap
    inside: bool

    @property
    def legs(self) -> Axis:
        """The position."""
        return (self.leg,)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.index, self.inside


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """An output, a tap and the input that a window reads there."""

    out: Leg
    tap: Leg
    read: Leg
    window: Window

    @property
    def legs(self) -> Axis:
        """Output, tap, input."""
        return (self.out, self.tap, self.read)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.window


@dataclass(frozen=True, slots=True, eq=False)
class Portions:
    """An output ``i`` and the inputs ``first <= read < end`` of the ``i``-th pair of ends."""

    out: Leg
    read: Leg
    ends: tuple[tuple[Size, Size], ...]

    @property
    def legs(self) -> Axis:
        """Output and input."""
        return (self.out, self.read)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.ends


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """``old = A new + offsets[coset]``: positions of several axes at once."""

    new: Axis
    coset: Leg
    old: Axis
    matrix: tuple[tuple[int, ...], ...]
    offsets: tuple[tuple[Size, ...], ...]

    @property
    def legs(self) -> Axis:
        """The new position, the coset's number, the old position."""
        return (*self.new, self.coset, *self.old)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.matrix, self.offsets


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """An integer factor for each position of an index of numeric size."""

    leg: Leg
    values: tuple[int, ...]

    @property
    def legs(self) -> Axis:
        """The position."""
        return (self.leg,)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.values


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """An integer at each of some places of several indices of numeric size, and 0 elsewhere.

    ``places[n]`` holds a value of each leg, and no place is listed twice.
    """

    legs: Axis
    places: tuple[tuple[int, ...], ...]
    values: tuple[int, ...]

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.places, self.values


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """The factor ``1/count`` at each position, the count an expression in `POSITION`.

    ``most`` is a number that no count exceeds, where one is known.
    """

    leg: Leg
    count: Expr
    most: int | None = None

    @property
    def legs(self) -> Axis:
        """The position."""
        return (self.leg,)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.count, self.most


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """The factor ``1/counts[i]`` at each position ``i`` of an index of numeric size."""

    leg: Leg
    counts: tuple[Size, ...]

    @property
    def legs(self) -> Axis:
        """The position."""
        return (self.leg,)

    @property
    def law(self) -> Hashable:
        """What it says of them."""
        return self.counts


POSITION = "_position"
"""The name of the position in the counts of `Share`; no size of a claim may be named so."""

Relation = (
    Split
    | Fuse
    | Same
    | Gather
    | Where
    | Slide
    | Portions
    | Lattice
    | Row
    | Entries
    | Share
    | Shares
)


def volume(sizes: Iterable[Size]) -> Size:
    """The product of sizes, of which one at most is named.

    Raises:
        ClaimError: two are.
    """
    number, named = 1, []
    for size in sizes:
        if isinstance(size, int):
            number *= size
        else:
            named.append(size)
    if len(named) > 1:
        every = " * ".join(map(str, named))
        raise ClaimError(f"an axis of {every} samples is not linear in them")
    return named[0] * number if named else number
