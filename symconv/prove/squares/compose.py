"""Claims with pointwise functions or both monoids, settled part by part: squares composed.

Both pipelines are cut at the same functions and layers.  Between two cuts each side is one linear
(or max) map, and one claim says that the square commutes: for every tensor on the right's line,
whatever its tail holds, the left part of its inside is the inside of its right part.  A function of
each value commutes with the maps between the sides.  So the whole claim follows, for every
function, from plain claims of one monoid each.

What is known of a tail is used where it is needed: positions that can hold nothing but zero, as a
claim of its own says, stay zero under a function that keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod
from time import perf_counter
from typing import Any

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.sides import INPUT, pipeline_monoid, read_part
from symconv.claim.verdict import Certificate, Counterexample, Fact, Refuted, Undecided, Verdict
from symconv.errors import TooLarge
from symconv.layer.pointwise import named
from symconv.machine.budget import running
from symconv.prove.cuts import Cut, Granularity, cuts, leading_gathers, parts, pulled, sums
from symconv.prove.engine import Hint, no_hint
from symconv.prove.squares.asked import (
    live_claim,
    shape_after,
    square_claim,
    square_holds,
    zeros_claim,
)
from symconv.prove.squares.hidden import Hidden, Ranges, candidates, in_channel_order, whole
from symconv.prove.squares.support import everywhere_finite, possible, read_ranges
from symconv.relation.reading import UnsupportedStep

SHARE = 1 / 6
"""The search for hidden phases ends after this share of the time: others follow where it fails."""

ABOUT = "the sides agree part by part, for every value of what lies beyond a hidden tensor's end"


@dataclass(frozen=True, slots=True)
class Stuck:
    """The first part whose square does not commute: its place in both pipelines, and why."""

    part: int
    place: int
    reason: str


def decide_in_squares(claim: Claim, hint: Hint = no_hint) -> Verdict:
    """Prove a claim by squares, or refute it by its shapes; Undecided where no square is found.

    ``hint`` spares the search for what hidden tensors have in common; it is proved like the rest.

    Raises:
        ClaimError: a step does not fit; the message names the claim, the side and the step.
    """
    start = perf_counter()
    reasons = []
    moved = _pulled(claim)
    for swapped, granularity in _attempts(moved):
        turned = replace(moved, left=moved.right, right=moved.left) if swapped else moved
        found = _attempt(turned, granularity, no_hint if swapped else hint)
        if isinstance(found, Counterexample):
            shapes = (found.left_shape, found.right_shape)[:: -1 if swapped else 1]
            found = Counterexample(left_shape=shapes[0], right_shape=shapes[1])
            return Refuted(claim, found, perf_counter() - start, ("shapes",))
        if isinstance(found, Composed):
            return _certificate(claim, found, swapped, perf_counter() - start)
        reasons.append(found.reason)
    return Undecided(claim, reasons[0], perf_counter() - start)


def _attempts(claim: Claim) -> list[tuple[bool, Granularity]]:
    return [
        (swapped, granularity) for swapped in (False, True) for granularity in _granularities(claim)
    ]


def _attempt(
    claim: Claim, granularity: Granularity, hint: Hint
) -> Composed | Stuck | Counterexample:
    try:
        return _composed(claim, granularity, hint)
    except (TooLarge, UnsupportedStep) as fault:
        return Stuck(0, 0, str(fault))


def _pulled(claim: Claim) -> Claim:
    return replace(claim, left=pulled(claim.left), right=pulled(claim.right))


def _granularities(claim: Claim) -> list[Granularity]:
    """Both granularities, or one where they cut alike."""
    both = [
        cuts(side, granularity)
        for granularity in ("fine", "coarse")
        for side in (claim.left, claim.right)
    ]
    return ["fine"] if both[:2] == both[2:] else ["fine", "coarse"]


def _certificate(claim: Claim, found: Composed, swapped: bool, seconds: float) -> Certificate:
    figures = {
        "swapped": swapped,
        "squares": len(found.squares),
        "cuts": [square.to_dict() for square in found.squares[:-1]],
    }
    fact = Fact("squares", ABOUT, figures)
    return Certificate(claim, (fact,), found.shape, seconds)


@dataclass(frozen=True, slots=True)
class Square:
    """A proved part: where it ends on both sides, and what the hidden tensors there share."""

    left: Cut
    right: Cut
    hidden: Hidden

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a certificate."""
        return {
            "left": self.left.place,
            "right": self.right.place,
            "function": self.left.function,
            **self.hidden.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Composed:
    """All squares of a claim, and the shape of its output."""

    squares: tuple[Square, ...]
    shape: tuple[int, ...]


def first_stuck(claim: Claim, hint: Hint) -> Stuck | None:
    """Where a claim, cut finely, cannot be composed; None where it can."""
    found = _composed(_pulled(claim), "fine", hint)
    return found if isinstance(found, Stuck) else None


def _composed(
    claim: Claim, granularity: Granularity, hint: Hint
) -> Composed | Stuck | Counterexample:
    where = cuts(claim.left, granularity), cuts(claim.right, granularity)
    shapes = [_shapes(claim, side, cut) for side, cut in zip(("left", "right"), where, strict=True)]
    if shapes[0][-1] != shapes[1][-1]:
        return Counterexample(left_shape=shapes[0][-1], right_shape=shapes[1][-1])
    functions = [[cut.function for cut in side if cut.function] for side in where]
    if functions[0] != functions[1]:
        return Stuck(0, 0, f"the sides apply other functions: {functions[0]} and {functions[1]}")
    if [cut.function for cut in where[0]] != [cut.function for cut in where[1]]:
        return Stuck(0, 0, "the two sides' layers do not stand between the same functions")
    plain = _Composition(claim, where, (shapes[0], shapes[1]), hint).run()
    if isinstance(plain, Composed):
        return plain
    live = _live_ranges(claim, where[0], shapes[0])
    if live is None:
        return plain
    return _Composition(claim, where, (shapes[0], shapes[1]), hint, live).run()


def _live_ranges(
    claim: Claim, where: tuple[Cut, ...], shapes: Sequence[tuple[int, ...]]
) -> list[Ranges | None] | None:
    """What later parts read of each hidden tensor; None where that is all of every one."""
    found: list[Ranges | None] = [None]
    pipelines = parts(claim.left, where)
    for part in range(len(pipelines) - 1, 0, -1):
        running().check_time()
        after = replace(whole(shapes[part]), live=found[0])
        steps = (*pipelines[part], *after.to_live())
        try:
            form = read_part(claim, "left", steps, shapes[part - 1], pipeline_monoid(steps))
        except (TooLarge, UnsupportedStep):
            return None
        read = read_ranges(form, INPUT)
        every = tuple((0, n, 1) for n in shapes[part - 1][1:])
        found.insert(0, None if read in (None, every) else read)
    return found if any(found) else None


def _shapes(claim: Claim, side: str, where: tuple[Cut, ...]) -> list[tuple[int, ...]]:
    """Shapes at the ends of a side's parts, read in order so that a fault names its step."""
    steps, shape, found = claim.side(side), claim.input_shape, []
    places = [0, *(cut.next for cut in where)]
    for part, first in zip(parts(steps, where), places, strict=True):
        shape = shape_after(claim, side, part, shape, first)
        found.append(shape)
    return found


@dataclass(slots=True)
class _Composition:
    """Composes one square after another, from the input on.

    ``finite`` says that no -inf can stand in the right tensor before a part; where it can, the
    maximum of part ``emptied`` has left a place without anything to read, and only maxima follow.
    """

    claim: Claim
    where: tuple[tuple[Cut, ...], tuple[Cut, ...]]
    shapes: tuple[list[tuple[int, ...]], list[tuple[int, ...]]]
    hint: Hint
    live: list[Ranges | None] | None = None
    hidden: list[Hidden] = field(default_factory=list)
    finite: bool = True
    emptied: int = -1
    until: float = field(default_factory=lambda: running().deadline(SHARE))
    lefts: list[tuple[st.Step, ...]] = field(init=False)
    rights: list[tuple[st.Step, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.lefts = parts(self.claim.left, self.where[0])
        self.rights = parts(self.claim.right, self.where[1])

    def run(self) -> Composed | Stuck:
        self.hidden = [whole(self.claim.input_shape)]
        count = len(self.shapes[0])
        for part in range(count):
            running().check_time()
            try:
                self._refuse_infinity(part)
                after = self._advance(part, last=part == count - 1)
                self._note_infinity(part)
            except (TooLarge, UnsupportedStep) as fault:
                return self._stuck(part, str(fault))
            if after is None:
                return self._stuck(part, "no phases of the right tensor hold the left one")
            self.hidden.append(after)
        end = Cut(len(self.claim.left)), Cut(len(self.claim.right))
        ends = zip((*self.where[0], end[0]), (*self.where[1], end[1]), self.hidden[1:], strict=True)
        return Composed(tuple(Square(*item) for item in ends), self.shapes[0][-1])

    def _refuse_infinity(self, part: int) -> None:
        """Zero times -inf is not a number: a sum must not meet what a maximum left empty."""
        self.finite = self.finite or self._masked(part)
        if not self.finite and any(map(sums, self._pair(part))):
            raise UnsupportedStep(
                "a sum would meet -inf where a max pooling reads nothing; mask that first"
            )

    def _masked(self, part: int) -> bool:
        """Whether the gathers that begin this part leave nothing of what a maximum left empty."""
        return self._finite(self.emptied, part, leading_gathers(self.rights[part]))

    def _finite(self, first: int, end: int, more: tuple[st.Step, ...] = ()) -> bool:
        """Whether maxima from one part to another, with gathers behind them, are -inf nowhere."""
        right = self.rights[first:end]
        steps = (*self.hidden[first].to_right(), *(step for part in right for step in part), *more)
        shape = self.hidden[first].line_shape
        return everywhere_finite(read_part(self.claim, "right", steps, shape, "max"))

    def _note_infinity(self, part: int) -> None:
        right = self.rights[part]
        if self.finite and pipeline_monoid(right) == "max" and not self._finite(part, part + 1):
            self.finite, self.emptied = False, part

    def _stuck(self, part: int, why: str) -> Stuck:
        words = [", ".join(step.op for step in side) or "nothing" for side in self._pair(part)]
        reason = f"part {part} (left {words[0]}; right {words[1]}) is not settled: {why}"
        return Stuck(part, 0 if part == 0 else self.where[1][part - 1].next, reason)

    def _pair(self, part: int) -> tuple[tuple[st.Step, ...], tuple[st.Step, ...]]:
        """A part of the left side, and of the right one."""
        return self.lefts[part], self.rights[part]

    def _advance(self, part: int, last: bool) -> Hidden | None:
        """What the hidden tensors after this part have in common, tried without and with zeros."""
        found = self._match(part, last)
        if found is None and self._learn_zeros(part):
            found = self._match(part, last)
        return found

    def _match(self, part: int, last: bool) -> Hidden | None:
        left, right = (shapes[part] for shapes in self.shapes)
        every = [whole(left)] if last else self._candidates(part, left, right)
        for after in every:
            if self.live is not None:
                after = replace(after, live=self.live[part])
            if self._commutes(part, after):
                return after if self._reads_only_live(part, after) else None
            if perf_counter() > self.until:
                raise TooLarge("no phases were found within their share of the time")
        return None

    def _candidates(
        self, part: int, left: tuple[int, ...], right: tuple[int, ...]
    ) -> Iterable[Hidden]:
        factors = self.hint(self.where[1][part].place)
        if factors is not None and prod(factors) * left[0] == right[0]:
            return [in_channel_order(left, right, factors)]
        return candidates(left, right, self._groups(part))

    def _groups(self, part: int) -> Iterator[int]:
        for steps in self._pair(part):
            yield from (getattr(step, "groups", 1) for step in steps)

    def _commutes(self, part: int, after: Hidden) -> bool:
        claim = square_claim(self.claim, self.hidden[part], *self._pair(part), after)
        return square_holds(claim, self._low(part))

    def _low(self, part: int) -> Fraction | None:
        """What no entry of the tensor before a part is below, where a function says so."""
        function = self.where[0][part - 1].function if part else None
        return None if function is None else named(function).low

    def _reads_only_live(self, part: int, after: Hidden) -> bool:
        """Whether the left part reads nothing outside the live range before it."""
        if self.hidden[part].live is None:
            return True
        return square_holds(live_claim(self.claim, self.hidden[part], self.lefts[part], after))

    def _learn_zeros(self, part: int) -> bool:
        """Find where the line before this part can hold nothing but zero, and prove it."""
        if part == 0 or self.hidden[part].keep is not None or not self.hidden[part].has_tail:
            return False
        self._learn_zeros(part - 1)
        function = self.where[0][part - 1].function
        if function is not None and not named(function).keeps_zero:
            return False
        right = self.rights[part - 1]
        if pipeline_monoid(right) == "max":
            return False
        after = self._with_zeros(part, right)
        if after is None:
            return False
        self.hidden[part] = after
        return True

    def _with_zeros(self, part: int, right: tuple[st.Step, ...]) -> Hidden | None:
        before, after = self.hidden[part - 1], self.hidden[part]
        claim = zeros_claim(self.claim, before, right, after)
        form = read_part(claim, "right", claim.right, claim.input_shape, "sum")
        after = replace(after, keep=possible(form))
        if all(all(axis) for axis in after.keep or () if axis is not None):
            return None
        return after if square_holds(zeros_claim(self.claim, before, right, after)) else None
