"""Einops patterns: axes split into named factors, permuted, and merged again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from symconv.errors import ClaimError
from symconv.relation.maps import required
from symconv.size.expr import Size
from symconv.size.text import Condition

Side = tuple[tuple[str, ...], ...]
_AXIS = re.compile(r"\s*(?:\(([\w\s]*)\)|(\w+))\s*")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A bijection between two shapes: both sides hold the same factors, grouped by axis.

    Within a group the last factor varies fastest (C order), as in einops.
    """

    text: str
    left: Side
    right: Side

    def factor_sizes(self, shape: Sequence[int], given: Mapping[str, int]) -> dict[str, int]:
        """Sizes of all factors for an input shape; at most one factor per axis may be left open.

        Raises:
            ClaimError: the pattern does not fit the shape; the message names the axis.

        >>> read_pattern("c (h a) -> (c a) h").factor_sizes((3, 10), {"a": 2})
        {'a': 2, 'c': 3, 'h': 5}
        """
        sizes, _ = self.factors(shape, given)
        return {name: size for name, size in sizes.items() if isinstance(size, int)}

    def factors(
        self, shape: Sequence[Size], given: Mapping[str, int]
    ) -> tuple[dict[str, Size], list[Condition]]:
        """Sizes of all factors for a shape that may be named, and where its axes split so.

        Raises:
            ClaimError: the pattern does not fit the shape; the message names the axis.
        """
        if len(shape) != len(self.left):
            raise ClaimError(
                f"pattern {self.text!r} has {len(self.left)} axes on its left, "
                f"got shape [{', '.join(map(str, shape))}]"
            )
        unknown = sorted(set(given) - {name for group in self.left for name in group})
        if unknown:
            raise ClaimError(f"pattern {self.text!r} has no factor named {', '.join(unknown)}")
        known = {**given, **{n: int(n) for group in self.left for n in group if n.isdigit()}}
        sizes: dict[str, Size] = dict(known)
        domain: list[Condition] = []
        for axis, size in enumerate(shape):
            solved, where = self._solve_axis(axis, size, known)
            sizes |= solved
            domain += where
        return sizes, domain

    def _solve_axis(
        self, axis: int, size: Size, known: Mapping[str, int]
    ) -> tuple[dict[str, Size], tuple[Condition, ...]]:
        """The size of the factor that an axis leaves open, if it does, and where it exists."""
        group = self.left[axis]
        unsolved = [name for name in group if name not in known]
        rest = prod(known[name] for name in group if name in known)
        if len(unsolved) > 1:
            raise ClaimError(
                f"pattern {self.text!r}, axis {axis}: the sizes of {', '.join(unsolved)} are not "
                "given; give all but one"
            )

        def words() -> str:
            return (
                f"pattern {self.text!r}, axis {axis}: size {size} does not split into "
                f"({' '.join(group)}) with {rest} of them fixed; pad or slice the axis first"
            )

        if not unsolved:
            return {}, required(size, "==", rest, words)
        return {unsolved[0]: size // rest}, required(size % rest, "==", 0, words)


@lru_cache(maxsize=1024)
def read_pattern(text: str) -> Pattern:
    """Parse an einops rearrange pattern such as ``"c (h a) (w b) -> (c a b) h w"``.

    Raises:
        ClaimError: not two sides around one arrow, a factor repeated, or a factor lost.

    Source: Rogozhnikov 2022, *Einops*, section 3.
    """
    sides = text.split("->")
    if len(sides) != 2:
        raise ClaimError(f"pattern {text!r} must have one '->' between its two sides")
    left, right = (_read_side(side, text) for side in sides)
    names = sorted(name for group in left for name in group)
    if names != sorted(name for group in right for name in group):
        raise ClaimError(f"pattern {text!r} must name the same factors on both sides")
    return Pattern(text, left, right)


def _read_side(side: str, text: str) -> Side:
    groups: list[tuple[str, ...]] = []
    at = 0
    while at < len(side):
        match = _AXIS.match(side, at)
        if match is None or match.end() == at:
            if not side[at:].strip():
                break
            raise ClaimError(f"pattern {text!r} cannot be read at {side[at:].strip()!r}")
        groups.append(tuple(match[1].split()) if match[1] is not None else (match[2],))
        at = match.end()
    # A bare 1 is an axis of size one: it has no factor.
    groups = [tuple(name for name in group if name != "1") for group in groups]
    names = [name for group in groups for name in group]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ClaimError(f"pattern {text!r} repeats {', '.join(repeated)} on one side")
    return tuple(groups)
