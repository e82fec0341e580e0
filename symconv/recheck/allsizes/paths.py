"""Paths from an output back to the input and the weights that it reads, and what they add up to.

A side of a claim is a sum (or a maximum) over its paths: each reads one product of the input and
weights where its guards hold, times a factor.  Two paths may read the same product; then their
factors are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, groupby, permutations
from math import lcm
from typing import Any

import z3

from symconv.recheck.allsizes.terms import NotRead, as_bool, times

Weight = tuple[str, tuple[Any, ...]]
Key = tuple[Any, ...]
MOST_ORDERS = 24
"""Orders of one repeated weight that are compared: four uses of it."""


@dataclass(frozen=True)
class Path:
    """An index so far, the conditions on it, the weights read, a constant factor, unknown taps.

    Beside the factor there are sizes in ``over`` by which the product is divided.
    """

    index: tuple[Any, ...]
    guards: tuple[Any, ...] = ()
    weights: tuple[Weight, ...] = ()
    factor: Fraction = Fraction(1)
    constant: bool = False
    taps: tuple[Any, ...] = ()
    over: tuple[Any, ...] = ()

    def under(self, *guards: Any) -> Path:
        """The path where these conditions hold as well."""
        kept = tuple(guard for guard in guards if guard is not True)
        return replace(self, guards=(*self.guards, *kept))

    def scaled(self, factor: Fraction) -> Path:
        """The path with another factor on it."""
        return replace(self, factor=self.factor * factor)

    @property
    def dead(self) -> bool:
        """Whether a condition is false in numbers already."""
        return any(guard is False for guard in self.guards)

    @property
    def names(self) -> tuple[str, ...]:
        """The weights that it reads, in an order of their own: products commute."""
        return tuple(sorted(name for name, _ in self.weights))

    @property
    def live(self) -> Any:
        """Where all its conditions hold."""
        return z3.And(*map(as_bool, self.guards))

    def by_name(self) -> list[list[tuple[Any, ...]]]:
        """The indices at which it reads each weight."""
        ordered = sorted(self.weights, key=lambda weight: weight[0])
        return [[at for _, at in uses] for _, uses in groupby(ordered, key=lambda w: w[0])]

    def key(self) -> Key:
        """What of its product is known in numbers: two paths with other keys read other ones.

        A position that is not in numbers is None; of a weight that is read twice none is used.
        """
        single = [uses[0] for uses in self.by_name() if len(uses) == 1]
        known = [*self.index, *chain.from_iterable(single)]
        return (self.constant, self.names, tuple(v if isinstance(v, int) else None for v in known))


def buckets(paths: Sequence[Path]) -> dict[Key, list[int]]:
    """The places of paths that may read the same product, by what they have in numbers.

    Numbers are compared only at positions at which all paths of a kind have them.
    """
    keys = [path.key() for path in paths]
    shared: dict[Key, list[bool]] = {}
    for constant, names, values in keys:
        known = shared.setdefault((constant, names), [True] * len(values))
        shared[constant, names] = [a and v is not None for a, v in zip(known, values, strict=True)]
    found: dict[Key, list[int]] = {}
    for place, (constant, names, values) in enumerate(keys):
        mask = shared[constant, names]
        kept = tuple(v for v, known in zip(values, mask, strict=True) if known)
        found.setdefault((constant, names, kept), []).append(place)
    return found


def reads_same(path: Path, other: Path) -> Any:
    """Where both read the same product; None where they never do."""
    pairs = _equal(path.index, other.index)
    if pairs is None:
        return None
    every = [pairs]
    for ours, theirs in zip(path.by_name(), other.by_name(), strict=True):
        found = [_equal(chain(*ours), chain(*order)) for order in _orders(theirs)]
        some = [terms for terms in found if terms is not None]
        if not some:
            return None
        every.append(some[0] if len(some) == 1 else [z3.Or(*(z3.And(*terms) for terms in some))])
    return z3.And(*chain(*every))


def _orders(uses: list[tuple[Any, ...]]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    if len(uses) > 4:
        raise NotRead(f"a product of {len(uses)} times one weight is too long to be compared")
    return permutations(uses)


def _equal(first: Iterable[Any], second: Iterable[Any]) -> list[Any] | None:
    """The conditions for two indices to be equal; None where numbers differ."""
    terms = []
    for a, b in zip(first, second, strict=True):
        same = a == b
        if same is False:
            return None
        if same is not True:
            terms.append(same)
    return terms


def found_in(path: Path, other: Path) -> Any:
    """Where the other path is live and reads the same product with the same factor; or None."""
    if path.factor != other.factor or (same := reads_same(path, other)) is None:
        return None
    return z3.And(other.live, same, as_bool(times(path.over) == times(other.over)))


def unmatched(path: Path, others: list[Path]) -> Any:
    """The path is live, and no path of the others reads the same with the same factor."""
    matches = [m for other in others if (m := found_in(path, other)) is not None]
    theirs = list({str(tap): tap for other in others for tap in other.taps}.values())
    found = z3.Or(*matches, False)
    return z3.And(path.live, z3.Not(z3.Exists(theirs, found) if theirs else found))


def twice(paths: list[Path], tick: Callable[[], object]) -> Any:
    """Where two paths, or one at two values of its taps, are live and read the same product.

    There are many pairs; ``tick`` is called for each path and may end it.
    """
    found = []
    for n, path in enumerate(paths):
        tick()
        for m in range(n, len(paths)):
            other = elsewhere(paths[m])
            moved = z3.Or(*(a != b for a, b in zip(path.taps, other.taps, strict=False)), False)
            same = reads_same(path, other) if n < m or path.taps else None
            if same is not None:
                found.append(z3.And(path.live, other.live, same, moved if n == m else True))
    return z3.Or(*found, False)


def sums_differ(path: Path, left: list[Path], right: list[Path]) -> Any:
    """The path is live, and the factors of its product add up to other numbers on both sides."""
    scale = lcm(*(p.factor.denominator for p in (*left, *right)))
    totals = []
    for side in (left, right):
        terms = []
        for other in side:
            same = reads_same(path, other)
            if same is not None:
                share = int(other.factor * scale)
                terms.append(z3.If(z3.And(other.live, same), share, 0))
        totals.append(z3.Sum(*terms, z3.IntVal(0)))
    return z3.And(path.live, totals[0] != totals[1])


def visible(paths: list[Path], least: Fraction) -> list[Path]:
    """The paths of a maximum over entries that are at least that.

    A constant no greater than that shows only where no entry is read.
    """
    reads = [elsewhere(path) for path in paths if not path.constant]
    taps = list({str(tap): tap for path in reads for tap in path.taps}.values())
    some = z3.Or(*(path.live for path in reads), False)
    covered = z3.Exists(taps, some) if taps else some
    return [
        path.under(z3.Not(covered)) if path.constant and path.factor <= least else path
        for path in paths
    ]


def elsewhere(path: Path) -> Path:
    """The path with other unknowns for its taps."""
    taps = [(tap, z3.Int(f"other {tap}")) for tap in path.taps]
    if not taps:
        return path

    def moved(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(z3.substitute(v, *taps) if z3.is_expr(v) else v for v in values)

    weights = tuple((name, moved(index)) for name, index in path.weights)
    return replace(
        path,
        index=moved(path.index),
        guards=moved(path.guards),
        weights=weights,
        taps=tuple(new for _, new in taps),
    )


def combined(outer: Path, inner: Path) -> Path:
    """What an outer path reads through an inner one, which begins where the outer one ends."""
    return Path(
        inner.index,
        (*outer.guards, *inner.guards),
        (*outer.weights, *inner.weights),
        outer.factor * inner.factor,
        outer.constant,
        (*outer.taps, *inner.taps),
        (*outer.over, *inner.over),
    )
