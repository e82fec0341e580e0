"""What a window reads, as a function of the output's place: the key of a product ``w * x``.

For each channel and tap of a convolution, the term that it reads is a function of the output's
index.  On a separable input this is a vector an axis, and two products of one weight are equal for
all outputs iff their vectors are, up to what is moved from one axis' vector to another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symconv.prove.models.separable import DEAD, LOST, Separable
from symconv.prove.models.terms import Ids


class Vectors:
    """Vectors by number: two with the same number are equal."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def numbers(self, vectors: Ids) -> Ids:
        """A number for each row."""
        rows = np.ascontiguousarray(vectors)
        found = [self._numbers.setdefault(row.tobytes(), len(self._numbers)) for row in rows]
        return np.asarray(found, np.int64)


@dataclass(frozen=True, eq=False)
class Reads:
    """What every channel and tap reads at the outputs that are asked about.

    ``keys`` are ``(C, taps, 1 + D)``: the term read first, and a vector's number an axis; ``dead``
    says which products are zero at all these outputs, ``lost`` which ones meet garbage at some.
    """

    keys: Ids
    lost: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    dead: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Windowed:
    """A separable padded input, and the windows that a convolution moves over it."""

    signal: Separable
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]

    def reads(self, outputs: Sequence[Ids], vectors: Vectors) -> Reads:
        """What is read at these outputs of each axis."""
        channels = len(self.signal.base)
        total = self.signal.base.reshape(-1, *(1,) * len(self.kernel))
        dead = np.zeros((channels, *self.kernel), bool)
        lost = dead.copy()
        numbers = []
        for axis, places in enumerate(outputs):
            shift, number, silent, garbage = self._axis(axis, places, vectors)
            shape = [channels, *(1,) * len(self.kernel)]
            shape[axis + 1] = self.kernel[axis]
            total = total + shift.reshape(shape)
            dead |= silent.reshape(shape)
            lost |= garbage.reshape(shape)
            numbers.append(np.broadcast_to(number.reshape(shape), (channels, *self.kernel)))
        keys = np.stack([np.broadcast_to(total, dead.shape), *numbers], axis=-1)
        flat = (part.reshape(channels, -1) for part in (lost, dead))
        return Reads(keys.reshape(channels, -1, 1 + len(outputs)), *flat)

    def _axis(self, axis: int, places: Ids, vectors: Vectors) -> tuple[Ids, Ids, Ids, Ids]:
        """For each channel and tap: the first live difference, the vector's number; dead; lost."""
        table = self.signal.tables[axis]
        kinds, inverse = np.unique(table, axis=0, return_inverse=True)
        taps = np.arange(self.kernel[axis])
        at = self.stride[axis] * places[None, :] + self.dilation[axis] * taps[:, None]
        seen = kinds[:, at].reshape(-1, len(places))
        live = seen > LOST
        first = np.where(live.any(axis=1), seen[np.arange(len(seen)), live.argmax(axis=1)], 0)
        normal = np.where(live, seen - first[:, None], seen)
        shape = (len(kinds), len(taps))
        silent, garbage = (seen == DEAD).all(axis=1), (seen == LOST).any(axis=1)
        found = first, vectors.numbers(normal), silent, garbage
        shift, number, silent, garbage = (p.reshape(shape)[inverse.ravel()] for p in found)
        return shift, number, silent, garbage
