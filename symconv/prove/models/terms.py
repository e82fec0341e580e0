"""Terms: what stands in each entry of a tensor, as a number that equal terms share.

A model is run on terms in place of numbers.  An input's entries are unknowns, a free weight's
likewise; what moves data moves terms; an operator makes new ones.  Two entries with one term are
equal for every input and every value of the free weights.

A *block* is the terms of one tensor, consecutive in row-major order.  Numbers are negative terms.
*Garbage* is a term that nothing else shares: an entry about which nothing is known.  A tensor's
terms are computed only when somebody asks: where two models apply the same operator to the same
tensors, the tensor's own number tells that the result is the same.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from symconv.errors import TooLarge

Ids = npt.NDArray[np.int64]
Shape = tuple[int, ...]

Number = int | float | Fraction | complex | str
"""What a file holds: a number, or a text."""

ZERO, ONE, LEAST = -1, -2, -3
"""The terms of 0, of 1, and of -inf."""

FIRST_GARBAGE = 2**62

MOST_ENTRIES = 2**26
"""Entries of a tensor whose terms are looked at: 512 MB; the largest seen at 224x224 has 2**20."""


class Tensor:
    """A tensor of terms; ``number`` is equal for tensors that are known to be equal.

    ``constant`` says that it holds numbers alone, ``distinct`` that no term is in it twice.
    ``mixed`` says that some entries may be numbers.
    ``origins`` are the first terms of the blocks that its terms may be of; None: not yet known.
    """

    def __init__(
        self,
        number: int,
        shape: Shape,
        make: Callable[[], Ids],
        *,
        constant: bool = False,
        distinct: bool = False,
        mixed: bool = False,
        origins: frozenset[int] | None = None,
    ) -> None:
        self.number, self.shape, self.constant = number, shape, constant
        self.mixed = mixed or constant
        self.distinct, self.origins = distinct, origins
        self._make = make

    @cached_property
    def ids(self) -> Ids:
        """The terms, one per entry."""
        if prod(self.shape) > MOST_ENTRIES:
            raise TooLarge(
                f"a tensor of shape {list(self.shape)} has more than {MOST_ENTRIES} entries"
            )
        return self._make().reshape(self.shape)

    @cached_property
    def digest(self) -> bytes:
        """A digest of the terms and the shape."""
        data = np.ascontiguousarray(self.ids)
        return hashlib.blake2b(repr(self.shape).encode() + data.tobytes(), digest_size=16).digest()


class Terms:
    """All terms of both models.

    ``second`` says that the second one is being run, whose terms are sought among the first's.
    """

    def __init__(self) -> None:
        self.second, self.of_first = False, 0
        self._known: frozenset[int] = frozenset()
        self._tensors: dict[Hashable, Tensor] = {}
        self._blocks: dict[Hashable, int] = {}
        self._starts: list[int] = []
        self._keys: list[Hashable] = []
        self._next, self._garbage = 0, FIRST_GARBAGE
        self._numbers: dict[Number, int] = {}
        self._values: list[Number] = []
        for value in (0, 1, float("-inf")):
            self.number(value)

    def number(self, value: Number) -> int:
        """The term of a number, or of a text, which stands for itself as well."""
        exact = value if isinstance(value, str | complex) else _exact(value)
        if exact not in self._numbers:
            self._values.append(exact)
            self._numbers[exact] = -len(self._values)
        return self._numbers[exact]

    def value(self, term: int) -> Number:
        """The number that a negative term is."""
        return self._values[-term - 1]

    def numbers(self, array: npt.NDArray[Any]) -> Ids:
        """The terms of an array of numbers."""
        flat = np.asarray(array).ravel()
        values, inverse = np.unique(flat, return_inverse=True)
        kind = flat.dtype.kind
        found = np.asarray([self.number(_as_python(v, kind)) for v in values], np.int64)
        terms = found[inverse]
        if kind == "f":  # -0.0 is 0, but not under a division
            terms = np.where((flat == 0) & np.signbit(flat), self.number("-0"), terms)
        return terms.reshape(np.shape(array))

    def start(self, key: Hashable, shape: Shape) -> int:
        """The first term of the block of this key."""
        if key not in self._blocks:
            self._blocks[key] = self._next
            self._starts.append(self._next)
            self._keys.append(key)
            self._next += max(1, prod(shape))
        return self._blocks[key]

    def block(self, key: Hashable, shape: Shape) -> Ids:
        """The terms of the block of this key, in order."""
        start = self.start(key, shape)
        return np.arange(start, start + prod(shape), dtype=np.int64).reshape(shape)

    def garbage(self, shape: Shape) -> Ids:
        """Terms that nothing else shares."""
        first = self._garbage
        self._garbage += prod(shape)
        return np.arange(first, self._garbage, dtype=np.int64).reshape(shape)

    def blocks_in(self, ids: Ids) -> list[int]:
        """The places, among all blocks, of those that the terms are of; numbers are of none."""
        known = ids[(ids >= 0) & (ids < FIRST_GARBAGE)]
        found: list[int] = []
        while known.size:
            place = bisect_right(self._starts, int(known.min())) - 1
            found.append(place)
            known = known[known >= self._end(place)]
        return found

    def _end(self, place: int) -> int:
        return self._starts[place + 1] if place + 1 < len(self._starts) else self._next

    def key(self, place: int) -> Hashable:
        """The key of a block, by its place."""
        return self._keys[place]

    def span(self, place: int) -> tuple[int, int]:
        """The first term of a block, and the one after its last."""
        return self._starts[place], self._end(place)

    def tensor(
        self,
        key: Hashable,
        shape: Shape,
        make: Callable[[], Ids],
        *,
        constant: bool = False,
        distinct: bool = False,
        mixed: bool = False,
        origins: frozenset[int] | None = None,
    ) -> Tensor:
        """The tensor of this key: what it is made of, and how.

        What is said of its blocks holds in the first model: the second's terms may be others'.
        """
        if key not in self._tensors:
            if self.second:
                distinct, origins = False, None
            self._tensors[key] = Tensor(
                len(self._tensors),
                shape,
                make,
                constant=constant,
                distinct=distinct,
                mixed=mixed or self.second,
                origins=frozenset() if constant else origins,
            )
        return self._tensors[key]

    def moved(
        self,
        key: Hashable,
        source: Tensor,
        shape: Shape,
        make: Callable[[], Ids],
        *,
        repeats: bool = False,
    ) -> Tensor:
        """A tensor of another one's terms at other places; with ``repeats`` some stand twice."""
        return self.tensor(
            key,
            shape,
            make,
            constant=source.constant,
            distinct=source.distinct and not repeats,
            mixed=source.mixed,
            origins=source.origins,
        )

    def blocks_of(self, tensor: Tensor) -> frozenset[int]:
        """The first terms of the blocks that a tensor's terms may be of."""
        if tensor.origins is None:
            places = self.blocks_in(tensor.ids)
            tensor.origins = frozenset(self._starts[place] for place in places)
        return tensor.origins

    def start_of(self, term: int) -> int:
        """The first term of the block that a term is of; -1 for a number."""
        return self._starts[bisect_right(self._starts, term) - 1] if term >= 0 else -1

    def size_of(self, start: int) -> int:
        """The number of terms of the block that begins here."""
        place = bisect_right(self._starts, start) - 1
        return self._end(place) - start

    def fresh(self, key: Hashable, shape: Shape) -> Tensor:
        """A tensor of unknowns, or of a function that nothing is known of: a block."""
        start = frozenset([self.start(key, shape)])
        return self.tensor(key, shape, lambda: self.block(key, shape), distinct=True, origins=start)

    def made(self, key: Hashable) -> Tensor | None:
        """The tensor of this key, if there is one already."""
        return self._tensors.get(key)

    def alias(self, key: Hashable, tensor: Tensor) -> Tensor:
        """Note that what this key would make is a tensor that there is already."""
        return self._tensors.setdefault(key, tensor)

    def canonical(self, tensor: Tensor) -> Tensor:
        """The first model's tensor that one of the second is, term by term; else itself.

        What is made of it is then known by its number, without a look at its terms.
        """
        if not self.second or tensor.constant or tensor.number < self.of_first or not tensor.shape:
            return tensor
        flat = tensor.ids.ravel()
        first = int(flat[0]) if flat.size else -1
        place = bisect_right(self._starts, first) - 1
        if not 0 <= first < FIRST_GARBAGE or self.span(place) != (first, first + flat.size):
            return tensor
        known = self._tensors.get(self._keys[place])
        if known is None or known.shape != tensor.shape:
            return tensor
        in_order = flat[-1] == first + flat.size - 1 and bool((np.diff(flat) == 1).all())
        return known if in_order and known.number < self.of_first else tensor

    def begin_second(self) -> None:
        """From here on the second model is run."""
        self.second, self.of_first = True, len(self._tensors)
        self._known = frozenset[int]().union(
            *(t.origins for t in self._tensors.values() if t.origins is not None)
        )

    def is_of_first(self, tensor: Tensor) -> bool:
        """Whether every term is one that the first model made, or a number."""
        if tensor.number < self.of_first or tensor.constant:
            return True
        if (tensor.ids >= FIRST_GARBAGE).any():
            return False
        return self.blocks_of(tensor) <= self._known or self._is_made(tensor)

    def has_of_first(self, tensor: Tensor) -> bool:
        """Whether some term is one that the first model made: the rest may be a tail's garbage."""
        if tensor.number < self.of_first or tensor.constant:
            return True
        return any(self._of_known(self._keys[place]) for place in self.blocks_in(tensor.ids))

    def _is_made(self, tensor: Tensor) -> bool:
        """Whether the blocks are functions of the first model's, block by block."""
        keys = (self._keys[place] for place in self.blocks_in(tensor.ids))
        return all(self._of_known(key) for key in keys)

    def _of_known(self, key: Hashable) -> bool:
        if self._blocks[key] in self._known:
            return True
        tensor = self._tensors.get(key)
        return tensor is not None and tensor.number < self.of_first

    def constant(self, array: npt.NDArray[Any]) -> Tensor:
        """A tensor of numbers."""
        array = np.asarray(array)
        key = ("numbers", array.shape, str(array.dtype), array.tobytes())
        return self.tensor(key, array.shape, lambda: self.numbers(array), constant=True)


def _exact(value: float | Fraction) -> Fraction | float:
    return Fraction(value) if np.isfinite(float(value)) else float(value)


def _as_python(value: Any, kind: str) -> Number:
    """An entry of an array of this kind as Python's own; bfloat16 and the like have kind ``V``."""
    if kind in "biu":
        return int(value)
    if kind in "US":
        return str(value)
    return complex(value) if kind == "c" else float(value)


def broadcast(tensors: Sequence[Ids]) -> list[Ids]:
    """The terms of operands, each repeated to the shape that all have together."""
    return [np.asarray(one) for one in np.broadcast_arrays(*tensors)]
