"""Steps that join pipelines."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.ops.base import NEEDED, Op, Shape, Sizes, Sum, Sums, Text, read_axis, times


def sizes_of(step: Text, shape: Shape, of: Sizes) -> list[Shape]:
    """The shape of every branch."""
    return [of.pipeline_after(branch, shape) for branch in step["branches"]]


def sums_of(step: Text, terms: Sum, shape: Shape, of: Sums) -> list[tuple[Sum, Shape]]:
    """Every branch on a copy of its own, and its shape."""
    return [of.steps(b, [term.copy() for term in terms], shape) for b in step["branches"]]


class Branching(Op):
    """Several pipelines on the same tensor."""

    least: ClassVar[int] = 1

    def normal(self, step: Text) -> Text:
        """With branches enough."""
        if len(step["branches"]) < self.least:
            raise ClaimError(f"{step['op']} needs branches, got {step['branches']!r:.80}")
        return step


class Add(Branching, op="add", kind="sum", branches=NEEDED):
    """The sum of the branches."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The one shape that all of them have."""
        shapes = sizes_of(step, shape, of)
        if any(other != shapes[0] for other in shapes):
            raise ClaimError(f"the branches must have one shape, got {shapes}")
        return shapes[0]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """All terms of all branches."""
        return [term for part, _ in sums_of(step, terms, shape, of) for term in part]


class Subtract(Add, op="subtract"):
    """The first branch less the others."""

    least = 2

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """The others' terms times -1."""
        (first, _), *others = sums_of(step, terms, shape, of)
        return first + times([term for part, _ in others for term in part], Fraction(-1))


class Concat(Branching, op="concat", kind="gathers", branches=NEEDED, axis=0):
    """The branches one after the other on an axis."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """Their lengths on that axis, added up."""
        shapes = sizes_of(step, shape, of)
        axis = text.axis(step["axis"], len(shapes[0]))
        rests = [other[:axis] + other[axis + 1 :] for other in shapes]
        if any(rest != rests[0] for rest in rests):
            raise ClaimError(f"the branches must differ on axis {axis} only, got {shapes}")
        total = sum(other[axis] for other in shapes)
        return [*shapes[0][:axis], total, *shapes[0][axis + 1 :]]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Each branch's terms at its own place."""
        parts = sums_of(step, terms, shape, of)
        axis = text.axis(step["axis"], len(parts[0][1]))
        total, first = sum(sizes[axis] for _, sizes in parts), 0
        for part, sizes in parts:
            index = [v - first if first <= v < first + sizes[axis] else None for v in range(total)]
            for term in part:
                read_axis(term, axis, index)
            first += sizes[axis]
        return [term for part, _ in parts for term in part]
