"""Cuts: where two pipelines are taken apart so that each part is one linear (or max) map.

A part ends after a layer or at a pointwise function.  Cut finely, every layer is a part of its own;
cut coarsely, neighbouring layers of one monoid stay together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Literal

from symconv.claim import steps as st

Granularity = Literal["fine", "coarse"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A part ends before step ``place``; ``function`` is that step where it is a pointwise one."""

    place: int
    function: str | None = None

    @property
    def next(self) -> int:
        """The place at which the next part begins."""
        return self.place + (self.function is not None)


@dataclass(frozen=True, slots=True)
class _Mark:
    place: int
    kind: str
    function: str | None = None


def cuts(steps: Sequence[st.Step], granularity: Granularity) -> tuple[Cut, ...]:
    """Where a pipeline is cut.

    >>> conv, relu = st.ConvStep("w"), st.Pointwise("relu")
    >>> [cut.place for cut in cuts([conv, relu, conv, conv], "fine")]
    [1, 3]
    >>> [cut.place for cut in cuts([conv, relu, conv, conv], "coarse")]
    [1]
    """
    found = []
    marks = _marks(steps)
    for mark, after in pairwise([*marks, None]):
        if mark is None:
            continue
        if mark.function is not None:
            found.append(Cut(mark.place, mark.function))
        elif after is not None and _parted(mark, after, granularity):
            found.append(Cut(_end_of_part(steps, mark, after)))
    return tuple(found)


def _parted(mark: _Mark, after: _Mark, granularity: Granularity) -> bool:
    return after.function is None and (granularity == "fine" or mark.kind != after.kind)


def pulled(steps: Sequence[st.Step]) -> tuple[st.Step, ...]:
    """The pipeline with every function in front of the gathers that it commutes with.

    A gather that fills nothing in only moves values, so a function of each value may come first.

    >>> pulled([st.Flip((1,)), st.Pointwise("relu")])[0]
    Pointwise(function='relu')
    """
    found = list(steps)
    for place in range(len(found)):
        here = place
        while here and isinstance(found[here], st.Pointwise) and found[here - 1].only_moves:
            found[here - 1], found[here] = found[here], found[here - 1]
            here -= 1
    return tuple(found)


def parts(steps: Sequence[st.Step], where: Sequence[Cut]) -> list[tuple[st.Step, ...]]:
    """The pipeline's parts between the cuts, without the pointwise functions."""
    starts = [0, *(cut.next for cut in where)]
    ends = [*(cut.place for cut in where), len(steps)]
    return [tuple(steps[a:b]) for a, b in zip(starts, ends, strict=True)]


def sums(steps: Sequence[st.Step]) -> bool:
    """Whether some step adds or multiplies."""
    return any(step.monoid == "sum" for step in st.flat(steps))


def leading_gathers(steps: Sequence[st.Step]) -> tuple[st.Step, ...]:
    """The steps before the first that computes anything."""
    return tuple(takewhile(lambda step: step.monoid is None and not step.inner, steps))


def needs_cuts(*pipelines: Sequence[st.Step]) -> bool:
    """Whether a pointwise function, or layers of both monoids, stand on one side or the other."""
    every = [step for steps in pipelines for step in st.flat(steps)]
    monoids = {step.monoid for step in every} - {None}
    return len(monoids) > 1 or any(isinstance(step, st.Pointwise) for step in every)


def _marks(steps: Sequence[st.Step]) -> list[_Mark]:
    marks = []
    for place, step in enumerate(steps):
        inner = list(st.flat([step]))
        if isinstance(step, st.Pointwise):
            marks.append(_Mark(place, "function", step.function))
        elif any(s.monoid == "max" for s in inner):
            marks.append(_Mark(place, "max"))
        elif any(s.is_layer for s in inner):
            marks.append(_Mark(place, "sum"))
    return marks


def _end_of_part(steps: Sequence[st.Step], mark: _Mark, after: _Mark) -> int:
    """Right after the layer and its divisors, or after the last sum before a maximum."""
    for place in range(after.place - 1, mark.place, -1):
        step = steps[place]
        if step.divides or (after.kind == "max" and step.monoid == "sum"):
            return place + 1
    return mark.place + 1
