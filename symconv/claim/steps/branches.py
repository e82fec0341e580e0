"""Steps that join branches, the pipelines that they run on one tensor; and how steps are read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.entries import check_entries
from symconv.claim.steps.base import Step
from symconv.claim.steps.layers import ConvStep, ConvTransposeStep, KernelConvStep, MaxConvStep
from symconv.claim.steps.moves import (
    Dilate,
    Flip,
    Pad,
    Rearrange,
    Repeat,
    Slice,
    Split,
    Tile,
    Transpose,
)
from symconv.claim.steps.pools import (
    AdaptiveAvgPoolStep,
    AdaptiveMaxPoolStep,
    AvgPoolStep,
    MaxPoolStep,
)
from symconv.claim.steps.values import Clip, Divide, Mask, Pointwise, Scale
from symconv.errors import ClaimError
from symconv.layer.pointwise import POINTWISE


@dataclass(frozen=True)
class Branching(Step):
    """A step that runs several pipelines on the same tensor; use one of its subclasses."""

    branches: tuple[tuple[Step, ...], ...]

    @property
    def inner(self) -> tuple[tuple[Step, ...], ...]:
        """The branches."""
        return self.branches

    def to_dict(self) -> dict[str, Any]:
        """The step's JSON form, its branches written out."""
        written = [[step.to_dict() for step in branch] for branch in self.branches]
        return {**super().to_dict(), "branches": written}

    def rank_after(self, rank: int) -> int | None:
        """As many axes as the first branch has."""
        return rank_after(self.branches[0], rank)

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the branches as pipelines, and the rest as usual."""
        branches = attributes.get("branches")
        if not isinstance(branches, list | tuple) or not branches:
            raise ClaimError(f"{cls.op} needs branches, a list of pipelines, got {branches!r}")
        check_entries(cls.op, {"branches": branches})
        read = tuple(read_steps(branch, rank) for branch in branches)
        return super().from_attributes({**attributes, "branches": read}, rank)


@dataclass(frozen=True)
class Add(Branching):
    """The sum of the branches."""

    op: ClassVar[str] = "add"


@dataclass(frozen=True)
class Subtract(Branching):
    """The first branch less all others: ``y = b[0] - b[1] - ...``, of two branches or more.

    Raises:
        ClaimError: there are fewer than two branches.
    """

    op: ClassVar[str] = "subtract"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.branches) < 2:
            raise ClaimError(f"subtract needs two branches or more, got {len(self.branches)}")


@dataclass(frozen=True)
class Concat(Branching):
    """The branches side by side along an axis, in their order."""

    axis: int = 0
    op: ClassVar[str] = "concat"


STEPS: dict[str, type[Step]] = {
    step.op: step
    for step in (
        Rearrange, Pad, Slice, Flip, Dilate, Tile, Repeat, Transpose, ConvStep, ConvTransposeStep,
        KernelConvStep, MaxConvStep, MaxPoolStep, AvgPoolStep, AdaptiveMaxPoolStep,
        AdaptiveAvgPoolStep, Scale, Divide, Mask, Split, Pointwise, Clip, Add, Subtract, Concat,
    )
}  # fmt: skip


def read_step(text: Mapping[str, Any], rank: int | None = None) -> Step:
    """Read one step from its JSON form; ``rank`` axes are before it, where that is known.

    Raises:
        ClaimError: no such step, an unknown attribute, or one that is missing.

    >>> read_step({"op": "flip", "axes": [1]})
    Flip(axes=(1,))
    """
    if not isinstance(text, Mapping) or not isinstance(text.get("op"), str):
        raise ClaimError(f"a step must be an object with an 'op', got {text!r}")
    if text["op"] in POINTWISE and set(text) == {"op"}:
        return Pointwise(text["op"])
    step = STEPS.get(text["op"])
    if step is None:
        near = difflib.get_close_matches(text["op"], STEPS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(STEPS))}"
        raise ClaimError(f"there is no step {text['op']!r}; {hint}")
    return step.from_attributes({key: value for key, value in text.items() if key != "op"}, rank)


def read_steps(texts: Iterable[Mapping[str, Any]], rank: int | None = None) -> tuple[Step, ...]:
    """Read a pipeline; a fault names the step's place, counted from 0.

    >>> read_steps([{"op": "pad", "axis": -1, "padding": [1, 0]}], rank=2)
    (Pad(padding=((0, 0), (1, 0)), mode='zeros', value=0),)
    """
    steps: list[Step] = []
    for place, text in enumerate(texts):
        try:
            steps.append(read_step(text, rank))
        except ClaimError as fault:
            raise ClaimError(f"step {place}: {fault}") from None
        rank = rank_after(steps[-1:], rank)
    return tuple(steps)


def rank_after(steps: Iterable[Step], rank: int | None) -> int | None:
    """How many axes there are behind a pipeline, before it ``rank``; None where nobody knows."""
    for step in steps:
        rank = None if rank is None else step.rank_after(rank)
    return rank
