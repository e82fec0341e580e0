"""Candidates tried on random numbers: what differs there is not a repair, and needs no proof.

Numbers are small whole ones, so that floating point is exact on them wherever the claim does not
divide.  A claim with named sizes is tried at several; a large one at a smaller size of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import lcm, prod
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.claim import step_at
from symconv.claim.verdict import Refuted
from symconv.repair.edits import RIGHT, Changed
from symconv.repair.run import FAULTS, TOLERANCE, Array, Kept, Run

RANGES = ((-9, 9), (-9, -1))
"""Entries of the first and the second try: what a maximum over a pad of zeros hides shows where all
entries are negative."""

MOST_WORK = 3_000_000
"""Multiply-adds of one evaluation, about 2 ms; a claim of more is tried at a smaller size."""

SIZES_TRIED = 3
"""At how many sizes a claim with named sizes is tried."""

MOST_SMALLER = 12
"""How many smaller sizes are looked at."""


class Screen:
    """Points at which both sides are compared; a point is made when a candidate gets so far."""

    def __init__(self, refuted: Refuted) -> None:
        sizes = _sizes(refuted) if refuted.claim.names else iter([{}])
        self._more = (point for at in sizes for point in _points(refuted.claim, at))
        self._points: list[_Point] = []

    def passes(self, changed: Changed) -> bool:
        """Whether no point tells the two sides apart where these pipelines are changed."""
        return all(point.passes(changed) for point in self._every())

    def _every(self) -> Iterator[_Point]:
        yield from self._points
        for point in self._more:
            self._points.append(point)
            yield point


@dataclass(frozen=True, slots=True)
class _Point:
    """A claim at some sizes, its random input and weights, and what the left side gives."""

    claim: Claim
    sizes: Mapping[str, int]
    tensors: Mapping[str, Array]
    left: Array
    kept: Kept
    steps: dict[int, tuple[st.Step, st.Step]] = field(default_factory=dict)
    """Steps of candidates at the sizes, by the step's ``id``, which stays its own as it is held."""

    def passes(self, changed: Changed) -> bool:
        """Whether the right side of a candidate gives what the left side gives."""
        try:
            at = {name: tuple(map(self._at, steps)) for name, steps in changed.items()}
            right = Run(self.claim, self.tensors, self.kept, at).right(self.left)
        except FAULTS:
            return False
        return _alike(self.left, right)

    def _at(self, step: st.Step) -> st.Step:
        if not self.sizes:
            return step
        found = self.steps.get(id(step))
        if found is None:
            found = self.steps[id(step)] = (step, step_at(step, self.sizes))
        return found[1]


def _alike(left: Array, right: Array) -> bool:
    """Whether two arrays agree, but for rounding; what is not a number says nothing."""
    if left.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        apart = np.abs(left - right) > TOLERANCE * (1 + np.abs(left))
        apart |= np.isinf(left) != np.isinf(right)
    return not bool((apart & ~np.isnan(left) & ~np.isnan(right)).any())


def _points(claim: Claim, sizes: Mapping[str, int]) -> Iterator[_Point]:
    """Two points at one size, if it is not too large or the claim has a smaller one of its kind."""
    at = claim.at(sizes) if claim.names else claim
    size = at.size if _work(at) <= MOST_WORK else _smaller(at)
    if size is None:
        return
    for seed, bounds in enumerate(RANGES):
        small = replace(at, size=size)
        run = Run(small, _tensors(small, bounds, seed), Kept())
        try:
            left = run.left()
        except FAULTS:
            return
        yield _Point(small, sizes, run.tensors, left, run.kept)


def _tensors(claim: Claim, bounds: tuple[int, int], seed: int) -> dict[str, Array]:
    """An input with entries within the bounds, and free weights."""
    rng = np.random.default_rng(seed)
    free = {n: w.shape or () for n, w in claim.weights if w.source is None and w.fill is None}
    tensors = {name: rng.integers(-9, 10, shape).astype(float) for name, shape in free.items()}
    low, high = bounds
    return {RIGHT: rng.integers(low, high + 1, claim.input_shape).astype(float), **tensors}


def _work(claim: Claim) -> int:
    """A rough count of the multiply-adds of one side."""
    steps = list(st.flat((*claim.left, *claim.right)))
    largest = max((prod(w.shape or ()) for _, w in claim.weights), default=1)
    layers = sum(isinstance(step, st.ConvStep | st.ConvTransposeStep) for step in steps)
    windows = prod([max(map(_kernel, steps), default=1)] * len(claim.size))
    return prod(claim.input_shape[1:]) * (claim.channels * windows + max(largest, 1) * layers)


def _kernel(step: st.Step) -> int:
    return max(_numbers(getattr(step, "kernel_size", 1)), default=1)


def _numbers(value: Any) -> list[int]:
    return [n for n in (value if isinstance(value, tuple) else (value,)) if isinstance(n, int)]


def _smaller(claim: Claim) -> tuple[int, ...] | None:
    """The least size of this kind at which the claim still fails: equal modulo all its factors."""
    period = min(_period(claim), *claim.size)
    axes = [range(n % period or period, n, period) for n in claim.size]
    for step in range(min(MOST_SMALLER, max(map(len, axes)))):
        size = tuple(
            axis[min(step, len(axis) - 1)] if len(axis) else n
            for axis, n in zip(axes, claim.size, strict=True)
        )
        small = replace(claim, size=size)
        if _work(small) > MOST_WORK:
            return None
        if _fails(small):
            return size
    return None


def _fails(claim: Claim) -> bool:
    run = Run(claim, _tensors(claim, RANGES[0], 0), Kept())
    try:
        return not _alike(run.left(), run.right())
    except FAULTS:
        return False


def _period(claim: Claim) -> int:
    """The least common multiple of the factors by which positions are divided."""
    numbers = [1]
    for step in st.flat((*claim.left, *claim.right)):
        for name in ("stride", "dilation", "kernel_size"):
            given = getattr(step, name, 1)
            numbers += _numbers(given) if name != "kernel_size" or step.op.endswith("pool") else []
        numbers += (
            [size for _, size in getattr(step, "sizes", ()) or ()]
            if isinstance(step, st.Rearrange)
            else []
        )
    return lcm(*(n for n in numbers if n >= 1))


def _sizes(refuted: Refuted) -> Iterator[Mapping[str, int]]:
    """The least size that fails, and a few larger ones of the claim's domain."""
    claim, least = refuted.claim, dict(refuted.counterexample.size)
    found = 0
    for more in sorted(product(range(4), repeat=len(least)), key=lambda m: (sum(m), m)):
        sizes = {name: n + d for (name, n), d in zip(least.items(), more, strict=True)}
        try:
            at = claim.at(sizes)
            Run(at, _tensors(at, RANGES[0], 0), Kept()).left()
        except FAULTS:
            continue
        yield sizes
        found += 1
        if found == SIZES_TRIED:
            return
