"""The shapes along a claim's pipelines, and whether its steps fit, before anything is made.

The pipelines are walked in numbers alone.  So a side that is zero everywhere has a shape as any
other, and a claim that is too large is known as such before a row of it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from symconv.errors import ClaimError, TooLarge
from symconv.recheck import text
from symconv.recheck.factors import MOST_ENTRIES
from symconv.recheck.ops import MAXIMA, OPS

Step = dict[str, Any]
Shape = list[int]
_NOT_IN_WEIGHTS = {"pointwise", *MAXIMA}


class Shapes:
    """The shapes of one claim's pipelines and weights, and what their tables will hold."""

    def __init__(
        self, weights: Mapping[str, Any], maximum: bool = False, most: int = MOST_ENTRIES
    ) -> None:
        self.weights, self.maximum, self._most = weights, maximum, most
        self._known: dict[str, Shape] = {}
        self._entries = 0

    def check_weights(self) -> None:
        """Refuse a weight that is ill-formed, whether it is used or not.

        Raises:
            ClaimError: a source that is not there, a circle, a step that does not fit.
        """
        for name in self.weights:
            self.weight(name)

    def weight(self, name: str, seen: tuple[str, ...] = ()) -> Shape:
        """The shape of a weight.

        Raises:
            ClaimError: it is not defined, or ill-formed.
        """
        if name not in self._known:
            self._known[name] = self._read_weight(name, seen)
        return self._known[name]

    def _read_weight(self, name: str, seen: tuple[str, ...]) -> Shape:
        if name not in self.weights:
            raise ClaimError(f"there is no weight {name!r}")
        if name in seen:
            raise ClaimError(f"weight {name!r} is defined by itself")
        weight = self.weights[name]
        if "from" not in weight:
            text.finite(weight.get("fill", 0))
            written = prod(weight["shape"]) if "value" in weight else 0
            return self.counted(list(weight["shape"]), written)
        shape = self.weight(weight["from"], (*seen, name))
        inner = _OfWeight(self, (*seen, name))
        for step in weight["steps"]:
            shape = inner.after(step, shape)
        return shape

    def pipeline(self, steps: Sequence[Step], shape: Shape) -> Shape:
        """The shape after all steps."""
        self._entries = 0
        shape = self.counted(list(shape))
        for place, step in enumerate(steps):
            try:
                shape = self.after(step, shape)
            except TooLarge:
                raise
            except ClaimError as fault:
                raise ClaimError(f"step {place} ({step['op']}) on shape {shape}: {fault}") from None
        return shape

    def after(self, step: Step, shape: Shape) -> Shape:
        """The shape after one step.

        Raises:
            ClaimError: the step does not fit the shape, or PyTorch would refuse it.
            TooLarge: its tables would not fit into the rechecker's bound.
        """
        return self.counted(OPS[step["op"]].shape(step, shape, self))

    def pipeline_after(self, steps: Sequence[Step], shape: Shape) -> Shape:
        """The shape after the steps of a branch."""
        for step in steps:
            shape = self.after(step, shape)
        return shape

    def counted(self, shape: Shape, entries: int = 0) -> Shape:
        """The shape, once its rows are known to fit."""
        self._entries += entries + sum(shape)
        if self._entries > self._most:
            raise TooLarge(
                f"rechecking would write at least {self._entries} rows, and stops at "
                f"{self._most}; certify the claim at a smaller size"
            )
        return shape


class _OfWeight(Shapes):
    """The steps that make a weight: no function and no maximum stands among them."""

    def __init__(self, claim: Shapes, seen: tuple[str, ...]) -> None:
        super().__init__(claim.weights)
        self._claim, self._seen = claim, seen

    def weight(self, name: str, seen: tuple[str, ...] = ()) -> Shape:
        return self._claim.weight(name, (*self._seen, *seen))

    def counted(self, shape: Shape, entries: int = 0) -> Shape:
        return self._claim.counted(shape, entries)

    def after(self, step: Step, shape: Shape) -> Shape:
        if step["op"] in _NOT_IN_WEIGHTS:
            raise ClaimError(f"a weight made by {step['op']} is not rechecked")
        return super().after(step, shape)
