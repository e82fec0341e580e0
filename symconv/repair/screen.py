"""Candidates tried on random numbers: what differs there is no repair, and needs no proof.

Numbers are small whole ones, so that floating point is exact on them wherever the claim does not
divide.  A claim with named sizes is tried at several; a large one at a smaller size of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import lcm, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv import steps as st
from symconv.claim import Claim
from symconv.errors import SymconvError
from symconv.plain import read_number
from symconv.repair.edits import used_by
from symconv.replay import run_steps
from symconv.verdict import Refuted

Array = NDArray[Any]
Key = tuple[Any, ...]

RANGES = ((-9, 9), (-9, -1))
"""Entries of the first and the second try: what a maximum over a pad of zeros hides shows where all
entries are negative."""

MOST_WORK = 3_000_000
"""Multiply-adds of one evaluation, about 2 ms; a claim of more is tried at a smaller size."""

SIZES_TRIED = 3
"""At how many sizes a claim with named sizes is tried."""

MOST_SMALLER = 12
"""How many smaller sizes are looked at."""

_TOLERANCE = 1e-6
_FAULTS = (SymconvError, ValueError, IndexError, ZeroDivisionError, TypeError, OverflowError)
"""What a candidate that makes no sense ends with, from NumPy as from symconv."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Points at which both sides are compared, and the sizes that they are at."""

    points: tuple[_Point, ...]

    @classmethod
    def of(cls, refuted: Refuted) -> Screen:
        """The points for the repairs of a refuted claim."""
        sizes = _sizes(refuted) if refuted.claim.names else [{}]
        points = [point for at in sizes for point in _points(refuted.claim, at)]
        return cls(tuple(points))

    def passes(self, claim: Claim) -> bool:
        """Whether no point tells the two sides apart."""
        return all(point.passes(claim) for point in self.points)


@dataclass(frozen=True, slots=True)
class _Point:
    """A claim's sizes, its random input and weights, and what the left side gives."""

    sizes: Mapping[str, int]
    size: tuple[int, ...]
    tensors: Mapping[str, Array]
    left: Array
    known: Mapping[Key, Array]

    def passes(self, claim: Claim) -> bool:
        try:
            right = _Run(_at(claim, self.sizes, self.size), self.tensors, self.known).side("right")
        except _FAULTS:
            return False
        return _alike(self.left, right)


def _at(claim: Claim, sizes: Mapping[str, int], size: tuple[int, ...]) -> Claim:
    return replace(claim.at(sizes) if claim.names else claim, size=size)


def _alike(left: Array, right: Array) -> bool:
    """Whether two arrays agree, but for rounding; what is no number says nothing."""
    if left.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        apart = np.abs(left - right) > _TOLERANCE * (1 + np.abs(left))
        apart |= np.isinf(left) != np.isinf(right)
    return not bool((apart & ~np.isnan(left) & ~np.isnan(right)).any())


@dataclass(slots=True)
class _Run:
    """One side of a claim in floating point; what is known of a pipeline's start is not run again."""

    claim: Claim
    tensors: Mapping[str, Array]
    known: Mapping[Key, Array] = field(default_factory=dict)
    found: dict[Key, Array] = field(default_factory=dict)

    def side(self, side: str) -> Array:
        return self._run((), self.tensors[""], getattr(self.claim, side)).astype(float)

    def _weight(self, name: str) -> Array:
        weight = self.claim.weight(name)
        if weight.source is not None:
            return self._run(self._key(name), self._weight(weight.source), weight.steps)
        if weight.fill is None:
            return self.tensors[name]
        return np.full(weight.shape or (), float(read_number(weight.fill) or 0))

    def _run(self, start: Key, array: Array, steps: Sequence[st.Step]) -> Array:
        prefix, done, keys = start, 0, []
        for step in steps:
            prefix = (*prefix, step, *(self._key(name) for name in used_by(step)))
            keys.append(prefix)
        for place in range(len(steps), 0, -1):
            if keys[place - 1] in self.known:
                array, done = self.known[keys[place - 1]], place
                break
        for step, key in zip(steps[done:], keys[done:], strict=True):
            with np.errstate(all="ignore"):
                array = run_steps([step], array, self._weight)
            self.found[key] = array
        return array

    def _key(self, name: str) -> Key:
        """A weight by its source and its steps, so that an edited one is another."""
        weight = self.claim.weight(name)
        if weight.source is None:
            return (name,)
        inner = [self._key(other) for step in weight.steps for other in used_by(step)]
        return (name, self._key(weight.source), weight.steps, *inner)


def _points(claim: Claim, sizes: Mapping[str, int]) -> Iterator[_Point]:
    """Two points at one size, if it is not too large or the claim has a smaller one of its kind."""
    at = claim.at(sizes) if claim.names else claim
    size = at.size if _work(at) <= MOST_WORK else _smaller(at)
    if size is None:
        return
    for seed, bounds in enumerate(RANGES):
        small = replace(at, size=size)
        run = _Run(small, _tensors(small, bounds, seed))
        try:
            left = run.side("left")
        except _FAULTS:
            return
        yield _Point(sizes, size, run.tensors, left, _known(small, run.tensors))


def _known(claim: Claim, tensors: Mapping[str, Array]) -> Mapping[Key, Array]:
    run = _Run(claim, tensors)
    try:
        run.side("right")
    except _FAULTS:
        pass  # its first steps may have run all the same
    return run.found


def _tensors(claim: Claim, bounds: tuple[int, int], seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    low, high = bounds
    free = {n: w.shape or () for n, w in claim.weights if w.source is None and w.fill is None}
    return {
        name: rng.integers(low if not name else -9, high + 1 if not name else 10, shape).astype(
            float
        )
        for name, shape in {"": claim.input_shape, **free}.items()
    }


def _work(claim: Claim) -> int:
    """A rough count of the multiply-adds of one side."""
    steps = list(st.flat((*claim.left, *claim.right)))
    largest = max((prod(w.shape or ()) for _, w in claim.weights), default=1)
    layers = sum(isinstance(step, st.ConvStep | st.ConvTransposeStep) for step in steps)
    windows = max((_kernel(step) for step in steps), default=1) ** len(claim.size)
    return prod(claim.size) * (claim.channels * windows + max(largest, 1) * layers)


def _kernel(step: st.Step) -> int:
    return max(_numbers(getattr(step, "kernel_size", 1)), default=1)


def _numbers(value: Any) -> list[int]:
    return [n for n in (value if isinstance(value, tuple) else (value,)) if isinstance(n, int)]


def _smaller(claim: Claim) -> tuple[int, ...] | None:
    """The least size of this kind at which the claim still fails: equal modulo all its factors."""
    period = min(_period(claim), min(claim.size))
    axes = [range(n % period or period, n, period) for n in claim.size]
    for step in range(min(MOST_SMALLER, max(map(len, axes)))):
        size = tuple(axis[min(step, len(axis) - 1)] if len(axis) else n
                     for axis, n in zip(axes, claim.size, strict=True))  # fmt: skip
        small = replace(claim, size=size)
        if _work(small) > MOST_WORK:
            return None
        if _fails(small):
            return size
    return None


def _fails(claim: Claim) -> bool:
    run = _Run(claim, _tensors(claim, RANGES[0], 0))
    try:
        return not _alike(run.side("left"), run.side("right"))
    except _FAULTS:
        return False


def _period(claim: Claim) -> int:
    """The least common multiple of the factors by which positions are divided."""
    numbers = [1]
    for step in st.flat((*claim.left, *claim.right)):
        for name in ("stride", "dilation", "kernel_size"):
            given = getattr(step, name, 1)
            numbers += _numbers(given) if name != "kernel_size" or step.op.endswith("pool") else []
        numbers += [size for _, size in getattr(step, "sizes", ()) or ()] if isinstance(
            step, st.Rearrange) else []  # fmt: skip
    return lcm(*(n for n in numbers if n >= 1))


def _sizes(refuted: Refuted) -> Iterator[Mapping[str, int]]:
    """The least size that fails, and a few larger ones of the claim's domain."""
    claim, least = refuted.claim, dict(refuted.counterexample.size)
    found = 0
    for more in sorted(product(range(4), repeat=len(least)), key=lambda m: (sum(m), m)):
        sizes = {name: n + d for (name, n), d in zip(least.items(), more, strict=True)}
        try:
            at = claim.at(sizes)
            _Run(at, _tensors(at, RANGES[0], 0)).side("left")
        except _FAULTS:
            continue
        yield sizes
        found += 1
        if found == SIZES_TRIED:
            return
