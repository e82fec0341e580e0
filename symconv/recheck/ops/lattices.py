"""Steps about the points of a lattice."""

from __future__ import annotations

from symconv.recheck.lattices import keep_within, read_cosets, shape_of_cosets, shape_within, work
from symconv.recheck.ops.base import NEEDED, Op, Shape, Sizes, Sum, Sums, Text


class Cosets(
    Op, op="cosets", kind="sum", matrix=NEEDED, representatives=NEEDED, start=NEEDED, size=NEEDED
):
    """Coset signals of the last axes."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """A channel for each representative, and the box."""
        found = shape_of_cosets(step, shape)
        of.counted([], work(step))
        return found

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """The points that each representative reaches."""
        for term in terms:
            read_cosets(term, step)
        return terms


class Within(Op, op="within", kind="sum", matrix=NEEDED, start=NEEDED, size=NEEDED):
    """The points of a lattice's box kept, 0 at the others."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As before."""
        return shape_within(step, shape)

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """What lies in the box."""
        for term in terms:
            keep_within(term, step)
        return terms
