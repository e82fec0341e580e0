"""What a claim's text means, as sums of products of strands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from typing import Any

from symconv.errors import ClaimError, InternalError
from symconv.recheck import text
from symconv.recheck.factors import Product, Row, Strand, Tensor
from symconv.recheck.ops import MAXIMA, OPS, SUMS
from symconv.recheck.ops.base import Shape, Sum
from symconv.recheck.ops.base import Text as Step
from symconv.recheck.shapes import Shapes

INPUT: Tensor = (0, "")


class Meaning:
    """Reads the pipelines of one claim; ``maximum`` reads them in (max, -inf).

    The claim is one that `symconv.recheck.claims` has read, at sizes in numbers.
    """

    def __init__(self, claim: dict[str, Any], maximum: bool) -> None:
        self._weights = claim["weights"]
        self._input = [claim["input"]["channels"], *claim["input"]["size"]]
        self.maximum = maximum
        self.shapes = Shapes(self._weights, maximum, sys.maxsize)

    def shape(self, steps: Sequence[Step]) -> Shape:
        """The shape of what a pipeline computes; its steps and all weights are checked.

        Raises:
            ClaimError: one is ill-formed.
            TooLarge: their tables would outgrow the rechecker's bound.
        """
        shapes = Shapes(self._weights, self.maximum)
        shapes.check_weights()
        return shapes.pipeline(steps, self._input)

    def pipeline(self, steps: Sequence[Step]) -> Sum:
        """The sum that a pipeline computes."""
        terms = [self._named(INPUT, self._input)]
        return self.steps(steps, terms, self._input)[0]

    def steps(self, steps: Sequence[Step], terms: Sum, shape: Shape) -> tuple[Sum, Shape]:
        """The sum after all steps, and its shape.

        Raises:
            ClaimError: one cannot be rechecked there.
            InternalError: the sum has another shape than the walk along the shapes says.
        """
        for step in steps:
            terms = self._step(step, terms, shape)
            shape = self.shapes.after(step, shape)
            if any(term.shape() != shape for term in terms):
                raise InternalError(
                    f"the rechecker reads {step['op']!r} in two shapes, "
                    f"{shape} and {[term.shape() for term in terms]}"
                )
        return terms, shape

    def _named(self, tensor: Tensor, shape: Sequence[int]) -> Product:
        """The tensor itself, used once."""
        result = Product([], {}, [], 1, self.maximum)
        for axis, size in enumerate(shape):
            digit = result.new_digit(size)
            result.axes.append([digit])
            result.strands.append(
                Strand([digit], [(*tensor, 0, axis)], {(v,): {(v,): 1} for v in range(size)})
            )
        if not shape:
            result.strands.append(Strand([], [(*tensor, 0, 0)], {(): {(0,): 1}}))
        return result

    def constant(self, value: Any, shape: Sequence[int]) -> Sum:
        """The same number everywhere; nothing where that is the zero of the sum."""
        exact = text.number(value)
        if exact is None or (exact == 0 and not self.maximum):
            return []
        result = Product([], {}, [], exact, self.maximum)
        result.axes = [[result.new_digit(size)] for size in shape]
        return [result]

    def weight(self, name: str) -> Sum:
        """The sum that a weight is."""
        weight = self._weights[name]
        if "from" in weight:
            source = self.shapes.weight(weight["from"])
            return self.steps(weight["steps"], self.weight(weight["from"]), source)[0]
        if "fill" in weight:
            return self.constant(weight["fill"], weight["shape"])
        if "value" in weight:
            return self._written(weight["value"], weight["shape"])
        return [self._named((1, name), weight["shape"])]

    def _written(self, value: Any, shape: Sequence[int]) -> Sum:
        """A constant with a number for each entry; of maxima only which are not zero is asked."""
        result = Product([], {}, [], 1, self.maximum)
        digits = [result.new_digit(size) for size in shape]
        result.axes = [[digit] for digit in digits]
        entries = {at: text.finite(entry_at(value, at)) for at in product(*map(range, shape))}
        rows: dict[tuple[int, ...], Row] = {
            at: {(): 1 if self.maximum else number} for at, number in entries.items() if number
        }
        result.strands.append(Strand(digits, [], rows))
        return [result] if rows else []

    def _step(self, step: Step, terms: Sum, shape: Shape) -> Sum:
        if step["op"] in (SUMS if self.maximum else MAXIMA):
            raise ClaimError(f"step {step['op']!r} is not rechecked in this monoid")
        return OPS[step["op"]].sum(step, terms, shape, self)


def entry_at(value: Any, index: Sequence[int]) -> Any:
    """The entry of nested lists at an index."""
    for at in index:
        value = value[at]
    return value
