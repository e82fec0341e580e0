"""Convolutions met by others: the outputs of one as outputs of another, on phases or not.

Data flow: a convolution (its padded input and its kernel as terms) -> for each earlier one on terms
of the same blocks, a guess which output is which -> both as products, a weight and what it is
multiplied with -> compared, one class of outputs after another -> the terms of the outputs.

A guess comes from one product of a row: its weight says which output channel and tap of the other
convolution it is, what it reads says where.  Nothing depends on a guess being right.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from symconv.machine.budget import running
from symconv.prove.models.convolution import Convolution
from symconv.prove.models.guesses import Place, guesses
from symconv.prove.models.terms import FIRST_GARBAGE, ZERO, Ids, Tensor, Terms
from symconv.prove.models.windows import Reads, Vectors, Windowed


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first product that two convolutions do not share.

    ``row`` is the output channel, ``weight`` a term, ``read`` the term that it is multiplied with
    at the first output; ``extra`` says that the later convolution has it and the earlier has not.
    """

    row: int
    output: tuple[int, ...]
    weight: int
    read: int
    extra: bool


class Linear:
    """Applies convolutions to terms, and keeps what was applied."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._first: dict[Hashable, tuple[Tensor, Tensor, Callable[[], Convolution]]] = {}
        self.mismatches: dict[Hashable, Mismatch] = {}

    def lazily(
        self, key: Hashable, x: Tensor, w: Tensor, make: Callable[[], Convolution]
    ) -> Callable[[], Convolution]:
        """Note a convolution, so that later ones meet its outputs; it is made when first asked."""
        once = cache(make)
        if not self.terms.second:
            self._first[key] = x, w, once
        return once

    def outputs(self, one: Convolution) -> Ids:
        """The terms ``(M, *O)`` of a convolution: those of an earlier one that it equals."""
        for other in self._candidates(one):
            running().check_time()
            if (found := self._met(one, other)) is not None:
                self.mismatches.pop(one.key, None)
                return found
        return one.outputs(*_everywhere(one))

    def _candidates(self, one: Convolution) -> Iterator[Convolution]:
        """The first model's convolutions, on terms of the same blocks."""
        if one.key in self._first:
            return
        mine = [self._starts_in(t) for t in (one.x, one.w)]
        for x, w, make in self._first.values():
            theirs = self.terms.blocks_of(x), self.terms.blocks_of(w)
            if mine[0] & theirs[0] and (mine[1] & theirs[1] or not (mine[1] | theirs[1])):
                yield make()

    def _starts_in(self, ids: Ids) -> frozenset[int]:
        return frozenset(self.terms.span(place)[0] for place in self.terms.blocks_in(ids))

    def _met(self, one: Convolution, other: Convolution) -> Ids | None:
        mine, theirs = one.windowed(), other.windowed()
        if mine is None or theirs is None:
            return None
        for places in guesses(one, other):
            found = self._of_guess(one, other, places, (mine, theirs))
            if found is not None:
                return found
        return None

    def _of_guess(
        self,
        one: Convolution,
        other: Convolution,
        places: Sequence[Place | None],
        windows: tuple[Windowed, Windowed],
    ) -> Ids | None:
        """The outputs, where every row is the one of the other convolution that was guessed."""
        shape = (len(one.w), *one.size)
        out = np.full(shape, FIRST_GARBAGE, np.int64)
        classes: dict[Place, list[int]] = {}
        for row, place in enumerate(places):
            if place is not None:
                classes.setdefault(place.without_channel(), []).append(row)
        for place, rows in classes.items():
            channels = np.asarray([_channel(places[row]) for row in rows])
            axes = [
                place.outputs(a, n, m)
                for a, (n, m) in enumerate(zip(one.size, other.size, strict=True))
            ]
            if any(len(mine) == 0 for mine, _ in axes):
                continue
            if not self._equal(one, other, np.asarray(rows), channels, axes, windows):
                return None
            found = other.outputs(channels, [theirs for _, theirs in axes])
            out[np.ix_(np.asarray(rows), *(mine for mine, _ in axes))] = found
        lost = out == FIRST_GARBAGE
        if lost.all():
            return None
        if lost.any():
            own = self.terms.garbage(shape)
            one.hush(own, *_everywhere(one))
            out[lost] = own[lost]
        return out

    def _equal(
        self,
        one: Convolution,
        other: Convolution,
        rows: Ids,
        channels: Ids,
        axes: Sequence[tuple[Ids, Ids]],
        windows: tuple[Windowed, Windowed],
    ) -> bool:
        """Whether these rows have the products of those channels, at these outputs."""
        vectors = Vectors()
        mine = windows[0].reads([m for m, _ in axes], vectors)
        theirs = windows[1].reads([t for _, t in axes], vectors)
        both = np.concatenate(
            [part.keys.reshape(-1, part.keys.shape[-1]) for part in (mine, theirs)]
        )
        _, numbers = np.unique(both, axis=0, return_inverse=True)
        cut = mine.dead.size
        keys = numbers.ravel()[:cut], numbers.ravel()[cut:]
        sides = (one, rows, mine, keys[0]), (other, channels, theirs, keys[1])
        found = [_products(*side) for side in sides]
        if np.array_equal(found[0], found[1]):
            return True
        self._note(one, rows, axes, found, both, numbers.ravel())
        return False

    def _note(
        self,
        one: Convolution,
        rows: Ids,
        axes: Sequence[tuple[Ids, Ids]],
        found: list[Ids],
        keys: Ids,
        numbers: Ids,
    ) -> None:
        """Keep the first product that only one of both has."""
        mine, theirs = found
        both = min(len(mine), len(theirs))
        differ = (mine[:both] != theirs[:both]).any(axis=1)
        at = int(differ.argmax()) if differ.any() else both
        sides = [part[at].tolist() for part in found if at < len(part)]
        row, number, weight = min(sides)
        if number < 0:  # it meets garbage: a mask is missing
            return
        read = int(keys[np.argmax(numbers == number), 0])
        first = tuple(int(m[0]) for m, _ in axes)
        extra = at < len(mine) and mine[at].tolist() == [row, number, weight]
        self.mismatches.setdefault(one.key, Mismatch(int(rows[row]), first, weight, read, extra))


def _everywhere(one: Convolution) -> tuple[Ids, list[Ids]]:
    """All rows of a convolution, and all its outputs an axis."""
    return np.arange(len(one.w)), [np.arange(n) for n in one.size]


def _channel(place: Place | None) -> int:
    return -1 if place is None else place.channel


def _products(one: Convolution, rows: Ids, reads: Reads, keys: Ids) -> Ids:
    """``(row, key, weight)`` of every product of these rows that is not zero, in order.

    One that meets garbage has a key of its own, so that it equals nothing.
    """
    weights = one.w[rows].reshape(len(rows), -1)
    channel = one.channels_read[rows]
    taps = np.tile(np.arange(int(np.prod(one.kernel))), one.w.shape[1])
    apart = np.arange(reads.lost.size).reshape(reads.lost.shape)
    known = np.where(reads.lost, -1 - apart - one.start, keys.reshape(reads.lost.shape))
    key, silent = known[channel, taps], reads.dead[channel, taps]
    row = np.broadcast_to(np.arange(len(rows))[:, None], key.shape)
    used = (weights != ZERO) & ~silent
    found = np.stack([row[used], key[used], weights[used]], axis=1)
    return found[np.lexsort((found[:, 2], found[:, 1], found[:, 0]))]
