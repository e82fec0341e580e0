"""Steps that change values position by position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.functions import clip_name, is_function
from symconv.recheck.ops.base import NEEDED, Op, Shape, Sizes, Sum, Sums, Text, scale_axis, times


class Scale(Op, op="scale", kind="sum", factors=None, factor=None):
    """Every axis times a number for each position, or everything times one."""

    def normal(self, step: Text) -> Text:
        """With its factors, or with its one factor."""
        given = {key: value for key, value in step.items() if value is not None}
        if len(given) != 2:
            raise ClaimError("scale needs factors for each axis, or one factor")
        return given

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As before."""
        if "factor" in step:
            text.finite(step["factor"])
            return shape
        given = text.entries(step["factors"], len(shape), "factors")
        for n, factors in zip(shape, given, strict=True):
            if factors is not None:
                text.factors(factors, n)
        return shape

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Every term times the number."""
        if "factor" in step:
            return times(terms, text.finite(step["factor"]))
        return _scaled(terms, step["factors"])


def _scaled(terms: Sum, every: list[Any]) -> Sum:
    for term in terms:
        for axis, factors in enumerate(every):
            if factors is not None:
                scale_axis(term, axis, [text.number(f) for f in factors])
    return terms


class Mask(Op, op="mask", kind="sum", keep=NEEDED):
    """Some positions of an axis kept, 0 at the others."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As before."""
        for n, keep in zip(shape, text.entries(step["keep"], len(shape), "keep"), strict=True):
            if keep is None:
                continue
            text.factors(keep, n)
            if any(isinstance(entry, str) or entry not in (0, 1) for entry in keep):
                raise ClaimError(f"a mask's entries must be 0 or 1, got {keep!r:.80}")
        return shape

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Times 1 and 0."""
        return _scaled(terms, step["keep"])


class Divide(Op, op="divide", kind="sum", counts=NEEDED):
    """Every axis divided by a count for each position; `symconv.recheck.claims` spells it out."""


class Pointwise(Op, op="pointwise", function=NEEDED):
    """A function of each value."""

    def read(self, step: Mapping[str, Any]) -> Text:
        """The step; its function may also stand under ``name``."""
        given = dict(step)
        if "name" in given and "function" not in given:
            given["function"] = given.pop("name")
        return super().read(given)

    def normal(self, step: Text) -> Text:
        """By the function's name."""
        if not is_function(step["function"]):
            raise ClaimError(f"pointwise needs a function's name, got {step['function']!r:.80}")
        return step

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As before."""
        return shape

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """None: it is no sum of products.

        Raises:
            ClaimError: always; functions are rechecked between squares.
        """
        raise ClaimError(f"the function {step['function']!r} is rechecked between squares alone")


class Clip(Op, op="clip", min=None, max=None):
    """A function that keeps values between two bounds, which its name then holds."""

    def normal(self, step: Text) -> Text:
        """As a function of that name."""
        return {"op": "pointwise", "function": clip_name(step["min"], step["max"])}
