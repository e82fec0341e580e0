"""Points at which claims are evaluated: random values of every tensor, or given ones.

A random value is a keyed hash of the tensor's name and the entry's place, so that nothing is held
but what is read.  Functions of which nothing is known are random functions, with just the property
that is assumed of them: that they keep zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm, prod
from typing import Any, Protocol

import numpy as np

from symconv.evaluation.graph import Array, Grid, Index, Live, places
from symconv.evaluation.hashing import RANDOM, fresh_key, mixed
from symconv.evaluation.numbers import EXACT, Numbers, Overflow

KEEP_ZERO = frozenset(
    {
        "elu",
        "gelu",
        "hardswish",
        "identity",
        "leaky_relu",
        "mish",
        "relu",
        "relu6",
        "selu",
        "silu",
        "tanh",
    }
)
"""Functions with f(0) = 0, by their definitions in PyTorch."""


_LOW = {"elu": -1, "hardsigmoid": 0, "relu": 0, "relu6": 0, "sigmoid": 0, "softplus": 0, "tanh": -1}
_HIGH = {"hardsigmoid": 1, "relu6": 6, "sigmoid": 1, "tanh": 1}
"""Bounds of functions' values, by their definitions in PyTorch."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is assumed of a function: whether it keeps zero, and bounds in units of ``1/den``."""

    keeps_zero: bool
    low: int | None
    high: int | None
    den: int = 1

    def within(self, values: Array) -> Array:
        """Integers between the bounds, made of any: mirrored at one, wrapped between two.

        Raises:
            Overflow: a bound is not exact in float64.
        """
        if any(end is not None and abs(end) >= EXACT for end in (self.low, self.high)):
            raise Overflow("a function's bound is no exact float")
        if self.low is not None and self.high is not None:
            return np.asarray(self.low + values % (self.high - self.low + 1))
        if self.low is not None:
            return np.asarray(self.low + np.abs(values - self.low))
        return values if self.high is None else np.asarray(self.high - np.abs(values - self.high))


def knowledge(function: str) -> Knowledge:
    """What is assumed of the function of this name; a clip has its bounds in its name.

    >>> knowledge("clip(-1/2, inf)")
    Knowledge(keeps_zero=True, low=-1, high=None, den=2)
    """
    if not function.startswith("clip("):
        return Knowledge(function in KEEP_ZERO, _LOW.get(function), _HIGH.get(function))
    ends = [None if "inf" in end else Fraction(end) for end in function[5:-1].split(", ")]
    den = lcm(*(end.denominator for end in ends if end is not None))
    low, high = (None if end is None else int(end * den) for end in ends)
    keeps = (low is None or low <= 0) and (high is None or high >= 0)
    return Knowledge(keeps, low, high, den)


MET = 3
"""First axes that a weight's second one is thinned with: the input's, its own, and one between."""


class Point(Protocol):
    """Values for every tensor and function of a claim."""

    def live(self, name: str, shape: tuple[int, ...]) -> Live:
        """Positions outside which a tensor is zero, for the axes of which that is known."""

    def values(self, name: str, shape: tuple[int, ...], grid: Grid, numbers: Numbers) -> Array:
        """A tensor's values on a grid."""

    def function(self, name: str) -> Callable[[Any], Any] | int:
        """A function, or the key of a random one."""


@dataclass(slots=True)
class RandomPoint:
    """Random values; with limits, only so many positions of an axis are not zero.

    Thinned are the channels and the ``samples`` of the input, and of the weights the first two
    axes, where the channels are, and the taps of each axis behind them.
    """

    channels: int | None = None
    taps: int | None = None
    samples: int | None = None
    keys: dict[str, int] = field(default_factory=dict)
    kept: dict[str, Live] = field(default_factory=dict)
    fractions: tuple[float, ...] = field(init=False)
    sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.fractions = tuple(RANDOM.random() for _ in range(self.channels or 0))

    def live(self, name: str, shape: tuple[int, ...]) -> Live:
        """Random positions of the axes that are thinned; channels that meet are thinned alike."""
        if name not in self.kept:
            self.kept[name] = self._weight(shape) if name else self._input(shape)
        return self.kept[name]

    def _input(self, shape: tuple[int, ...]) -> Live:
        spatial = [_with_ends(n, _some(n, self.samples)) for n in shape[1:]]
        return (self._leading(shape[0]), *spatial)

    def _weight(self, shape: tuple[int, ...]) -> Live:
        channels = [self._leading(n) for n in shape[:1]] + [self._second(n) for n in shape[1:2]]
        return (*channels, *(_some(n, self.taps) for n in shape[2:]))

    def _leading(self, size: int) -> Index | None:
        """Positions of a first axis: the same fractions of each, so that groups meet groups."""
        self.sizes = (size, *self.sizes)[:MET]
        return self._at(size) if self.channels is not None and size > self.channels else None

    def _at(self, size: int) -> Index:
        return np.unique(np.array([int(f * size) for f in self.fractions], dtype=np.int64))

    def _second(self, size: int) -> Index | None:
        """Positions within a group: those that the first axes read so far leave in theirs."""
        if self.channels is None or size <= self.channels:
            return None
        if size in self.sizes:
            return self._at(size)
        met = [self._at(n) % size for n in self.sizes if n % size == 0]
        return np.unique(np.concatenate(met or [self._at(size)]))

    @property
    def thinned(self) -> bool:
        """Whether some axis of some tensor was."""
        return any(axis is not None for live in self.kept.values() for axis in live)

    def values(self, name: str, shape: tuple[int, ...], grid: Grid, numbers: Numbers) -> Array:
        """Random numbers by the entries' places."""
        place = np.arange(numbers.points, dtype=np.uint64) << np.uint64(56)
        for axis, at in enumerate(grid):
            stride = np.uint64(prod(shape[axis + 1 :]) % 2**64)
            place = (
                np.add.outer(place, at.astype(np.uint64) * stride)
                if axis
                else (place[:, None] ^ (at.astype(np.uint64) * stride))
            )
        key = self.keys.setdefault(name, fresh_key())
        found = numbers.drawn(mixed(place.reshape(numbers.points, *map(len, grid)), key))
        for axis, alive in enumerate(self.live(name, shape), 1):
            if alive is not None:
                dead = np.ones(len(grid[axis - 1]), dtype=bool)
                dead[places(grid[axis - 1], alive)] = False
                if dead.any():
                    found[(slice(None),) * axis + (dead,)] = 0
        return found

    def function(self, name: str) -> int:
        """The key of a random function of this name."""
        return self.keys.setdefault(f"function {name}", fresh_key())


def _some(size: int, most: int | None) -> Index | None:
    """Random positions of an axis, no more than so many; None for all."""
    if most is None or size <= most:
        return None
    return np.array(sorted(RANDOM.sample(range(size), most)), dtype=np.int64)


def _with_ends(size: int, kept: Index | None) -> Index | None:
    """The kept positions, and those at both ends, where pads and last windows begin."""
    ends = [0, 1, size - 2, size - 1]
    return None if kept is None else np.union1d(kept, [at for at in ends if 0 <= at < size])


@dataclass(slots=True)
class GivenPoint:
    """Given entries of every tensor, and 0 elsewhere; functions are what their names say."""

    entries: Mapping[str, Mapping[tuple[int, ...], Any]]
    functions: Callable[[str], Callable[[Any], Any]]

    def live(self, name: str, shape: tuple[int, ...]) -> Live:
        """The positions of the given entries."""
        places = list(self.entries.get(name, {}))
        columns = np.array(places, dtype=np.int64).reshape(len(places), len(shape))
        return tuple(np.unique(columns[:, axis]) for axis in range(len(shape)))

    def values(self, name: str, shape: tuple[int, ...], grid: Grid, numbers: Numbers) -> Array:
        """The given entries that lie on the grid."""
        found = numbers.zeros(tuple(map(len, grid)))
        for place, value in self.entries.get(name, {}).items():
            at = [np.searchsorted(axis, p) for axis, p in zip(grid, place, strict=True)]
            inside = zip(at, grid, place, strict=True)
            if all(i < len(axis) and axis[i] == p for i, axis, p in inside):
                found[(0, *map(int, at))] = value
        return found

    def function(self, name: str) -> Callable[[Any], Any]:
        """The function itself."""
        return self.functions(name)
