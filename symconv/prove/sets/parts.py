"""Claims with functions between their layers, for all sizes: cut into parts, each a plain claim.

Both pipelines are cut at their functions.  At each cut the right tensor must be a gather ``G`` of
the left one, such as a space-to-depth, ``r = G(h)``, at every size of the domain.  A function of
each value commutes with a gather that fills nothing in, or zeros where it keeps zero, so that the
next part starts from ``h`` on the left and from ``G(h)`` on the right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.sides import INPUT, pipeline_monoid, weights_of
from symconv.errors import SymconvError
from symconv.layer.pointwise import named
from symconv.prove.cuts import Cut, Granularity, cuts, parts, pulled, sums
from symconv.prove.sets import compare
from symconv.prove.sets.blocks import Sizes, refuse_vacuous
from symconv.prove.sets.legal import legal_conditions
from symconv.prove.sets.lowering import domain, side
from symconv.relation.form import Form, Shape, bounded_below, tensor_form
from symconv.relation.reading import Reading, UnsupportedStep, read_pipeline
from symconv.relation.term import Monoid

Steps = tuple[st.Step, ...]
_MOVES = (st.Rearrange, st.Transpose, st.Flip, st.Repeat)


@dataclass(frozen=True, slots=True)
class Whole:
    """The sizes at which a claim makes sense, how many parts it has, and its output's shape."""

    legal: Any
    parts: int
    shape: Shape


def compose_parts(claim: Claim) -> Whole:
    """Prove a claim part by part, for all sizes.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.
        UnsupportedStep: no gather was found at some cut, or -inf could meet a sum.
    """
    granularities: tuple[Granularity, ...] = ("fine", "coarse")
    fault: UnsupportedStep | None = None
    for swapped in (False, True):
        turned = replace(claim, left=claim.right, right=claim.left) if swapped else claim
        for granularity in granularities:
            try:
                return _Parts(turned, granularity).whole()
            except UnsupportedStep as found:
                fault = fault or found
    raise fault or UnsupportedStep("nothing to compose")


class _Parts:
    """Both pipelines of a claim in parts."""

    def __init__(self, claim: Claim, granularity: Granularity) -> None:
        self.claim, self.sizes = claim, Sizes(claim.names)
        sides = pulled(claim.left), pulled(claim.right)
        self.where = cuts(sides[0], granularity), cuts(sides[1], granularity)
        if [c.function for c in self.where[0]] != [c.function for c in self.where[1]]:
            raise UnsupportedStep("the two sides' layers do not stand between the same functions")
        self.parts = [parts(side, cut) for side, cut in zip(sides, self.where, strict=True)]
        self.moves = tuple(_moves(step for side in sides for step in side))

    def whole(self) -> Whole:
        lefts, legal = self._shapes()
        refuse_vacuous(legal, f"claim {self.claim.name!r}")
        gather: Steps = ()
        finite = True
        for number in range(len(lefts)):
            pair = self.parts[0][number], self.parts[1][number]
            if not finite and any(map(sums, pair)):
                raise UnsupportedStep("a sum would meet -inf where a max pooling may read nothing")
            finite = finite and all(map(_leaves_nothing_empty, pair))
            shape = self.claim.shape if number == 0 else lefts[number - 1]
            gather = self._advance(number, shape, gather, legal)
        return Whole(legal, len(lefts), lefts[-1])

    def _shapes(self) -> tuple[list[Shape], Any]:
        """The left tensor's shape after each part, and where both sides make sense."""
        legal = legal_conditions(self.claim)
        shapes: list[Shape] = []
        for number in (1, 0):
            shape, shapes = self.claim.shape, []
            for steps in self.parts[number]:
                form = self._read(steps, shape, pipeline_monoid(steps))
                legal += domain(form)
                shape = form.shape
                shapes.append(shape)
        return shapes, self.sizes.set(legal)

    def _read(self, steps: Sequence[st.Step], shape: Shape, monoid: Monoid) -> Form:
        form = tensor_form(INPUT, shape, monoid)
        return read_pipeline(form, steps, Reading(monoid, weights_of(self.claim)))

    def _advance(self, number: int, shape: Shape, gather: Steps, legal: Any) -> Steps:
        """The gather that holds after a part, given the one before it."""
        left, right = self.parts[0][number], self.parts[1][number]
        monoid = pipeline_monoid((*left, *right))
        end = self._read((*gather, *right), shape, monoid)
        last = number == len(self.where[0])
        for after in [()] if last else self._candidates(self.where[0][number], gather):
            try:
                begin = self._read((*left, *after), shape, monoid)
            except UnsupportedStep:
                raise
            except SymconvError:
                continue
            if not legal.is_subset(self.sizes.set(domain(begin, end))):
                continue
            one, other = (side(bounded_below(form, self._low(number))) for form in (begin, end))
            if compare.failing(one, other, legal, self.sizes).is_empty():
                return after
        raise UnsupportedStep(
            f"part {number} (left {_words(left)}; right {_words(right)}) is not settled for all "
            "sizes: the right tensor after it is no gather of the left one that was found"
        )

    def _low(self, number: int) -> Fraction | None:
        """What no entry of the tensor before a part is below, where a function says so."""
        function = self.where[0][number - 1].function if number else None
        return None if function is None else named(function).low

    def _candidates(self, cut: Cut, gather: Steps) -> Iterator[Steps]:
        """Gathers that the function at a cut commutes with, the one before it among them."""
        keeps = cut.function is None or named(cut.function).keeps_zero
        every = [(), gather, *((step,) for step in self.moves)]
        for steps in dict.fromkeys(every):
            if keeps or all(isinstance(step, _MOVES) for step in steps):
                yield steps


def _moves(steps: Any) -> Iterator[st.Step]:
    """The gathers of the pipelines, and the inverses of rearrangements, each once."""
    seen: list[st.Step] = []
    for step in steps:
        found: list[st.Step] = []
        if isinstance(step, st.Rearrange):
            left, arrow, right = step.pattern.partition("->")
            found = [step, st.Rearrange(f"{right.strip()} {arrow} {left.strip()}", step.sizes)]
        elif isinstance(step, (*_MOVES, st.Dilate)) or _pads_zeros(step):
            found = [step]
        for one in found:
            if one not in seen:
                seen.append(one)
                yield one


def _pads_zeros(step: st.Step) -> bool:
    return isinstance(step, st.Pad) and step.mode == "zeros" and step.value in (0, "0")


def _leaves_nothing_empty(steps: Sequence[st.Step]) -> bool:
    """Whether every maximum reads a sample at least."""
    return not any(step.may_read_nothing for step in st.flat(steps))


def _words(steps: Sequence[st.Step]) -> str:
    return ", ".join(step.op for step in steps) or "nothing"
