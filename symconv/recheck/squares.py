"""Claims with functions between their layers: every square of a certificate, settled again.

The certificate says where both pipelines are cut and how the right tensor there holds the left one.
Nothing of that is believed: both tensors' shapes are computed at every cut and the maps must lead
to just these; the squares are written down again from the claim, and each is settled.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, takewhile
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.claims import at, read_claim
from symconv.recheck.cuts import Cut, Steps, functions_first, part, read_cuts
from symconv.recheck.decide import covers, same_function, takes_maxima
from symconv.recheck.denote import Meaning
from symconv.recheck.functions import keeps_zero, least_value
from symconv.recheck.ops import MAXIMA, SUMS, every_step

_LAYERS = {*SUMS, *MAXIMA, "concat"}


def same_by_squares(text: Any, figures: Any) -> tuple[bool, list[int]]:
    """Whether all squares of a claim commute, and the shape of its output.

    Raises:
        ClaimError: the cuts do not fit the claim, or the maps are not what they must be.
    """
    claim = at(read_claim(text), {})
    shapes = tuple(shape_of(claim, side) for side in ("left", "right"))
    if shapes[0] != shapes[1]:
        return False, shapes[0]
    found = read_cuts(claim, figures, shapes[0])
    steps = [functions_first(claim[side]) for side in ("left", "right")]
    if figures["swapped"]:
        steps.reverse()
    squares = _Squares(claim, steps[0], steps[1], found)
    squares.check()
    return all(squares.commutes(n) for n in range(len(found) - 1)), shapes[0]


def shape_of(claim: dict[str, Any], side: str) -> list[int]:
    """The shape of what a side computes, with functions and both monoids among its steps.

    What a sum pads with -inf is refused with the square that it stands in.

    Raises:
        ClaimError: a step does not fit.
    """
    return Meaning(claim, takes_maxima(claim[side])).shape(claim[side])


class _Squares:
    """The squares between the cuts of one claim."""

    def __init__(self, claim: dict[str, Any], left: Steps, right: Steps, cuts: list[Cut]) -> None:
        self.claim, self.left, self.right, self.cuts = claim, left, right, cuts

    def check(self) -> None:
        """Compare the maps at every cut with the tensors' shapes, and let -inf meet no sum.

        Raises:
            ClaimError: a map leads to another shape, or does not undo the other.
        """
        shapes = [[list(self.cuts[0].line)] for _ in range(2)]
        for n, after in enumerate(self.cuts[1:]):
            for side, held in enumerate(shapes):
                held.append(self._part_shape(self._parts(n)[side], held[-1]))
            after.check(shapes[0][-1], shapes[1][-1], self._walk)
        self._refuse_infinity()

    def _part_shape(self, steps: Steps, shape: list[int]) -> list[int]:
        return self._walk(steps, shape, takes_maxima(steps))

    def _walk(self, steps: Steps, shape: list[int], maximum: bool = False) -> list[int]:
        asked = {"channels": shape[0], "size": shape[1:]}
        return Meaning({**self.claim, "input": asked}, maximum).shape(steps)

    def _parts(self, n: int) -> tuple[Steps, Steps]:
        one, two = self.cuts[n], self.cuts[n + 1]
        return (
            part(self.left, "left", (one.left, two.left), one.function),
            part(self.right, "right", (one.right, two.right), one.function),
        )

    def commutes(self, n: int) -> bool:
        """Whether one square commutes, and what its cuts say of zeros and of what is read holds."""
        (left, right), before, after = self._parts(n), self.cuts[n], self.cuts[n + 1]
        kept = [] if takes_maxima([*left, *right]) else before.kept
        live = _live(after)
        return (
            self._same(
                before.line,
                [*kept, *before.inside, *left, *live],
                [*kept, *before.to_right, *right, *after.to_line, *after.inside, *live],
                least_value(before.function),
            )
            and (before.live is None or self._reads_only_live(before, [*left, *live]))
            and (not after.kept or self._tail_is_zero(before, right, after))
        )

    def _same(
        self, line: list[int], left: Steps, right: Steps, least: Fraction | None = None
    ) -> bool:
        """Whether two ways agree on every tensor, or on all whose entries are at least that."""
        asked = {"channels": line[0], "size": line[1:]}
        sides = {**self.claim, "input": asked, "left": left, "right": right}
        return same_function(sides, least)[0]

    def _reads_only_live(self, before: Cut, way: Steps) -> bool:
        shape = self._walk(before.inside, before.line)
        live = before.live or []
        ends = [
            [a, n - 1 - range(a, b, s)[-1]] for (a, b, s), n in zip(live, shape[1:], strict=True)
        ]
        only = [
            *_live(before),
            {"op": "dilate", "dilation": [1, *(s for _, _, s in live)]},
            {"op": "pad", "padding": [[0, 0], *ends]},
        ]
        return self._same(shape, way, [*only, *way])

    def _tail_is_zero(self, before: Cut, right: Steps, after: Cut) -> bool:
        if after.function is not None and not keeps_zero(after.function):
            raise ClaimError(f"nothing is known of {after.function!r} at zero")
        if takes_maxima(right):
            raise ClaimError("the tail of a maximum is not known to be zero")
        way = [*before.kept, *before.to_right, *right, *after.to_line]
        return self._same(before.line, [*way, *after.kept], way)

    def _refuse_infinity(self) -> None:
        """A zero weight times -inf is not a number: no sum may read what a maximum left empty.

        Raises:
            ClaimError: one might.
        """
        emptied: int | None = None
        for n in range(len(self.cuts) - 1):
            parts = self._parts(n)
            sums = any(step["op"] in SUMS for step in every_step([*parts[0], *parts[1]]))
            first = takewhile(lambda step: step["op"] not in _LAYERS, parts[1])
            if emptied is not None and self._finite(emptied, n, [*first]):
                emptied = None
            if emptied is not None and sums:
                raise ClaimError("a sum would meet -inf where a max pooling reads nothing")
            if emptied is None and takes_maxima(parts[1]) and not self._finite(n, n + 1, []):
                emptied = n

    def _finite(self, first: int, end: int, more: Steps) -> bool:
        """Whether the maxima of some parts, with gathers behind them, read something everywhere."""
        cut = self.cuts[first]
        steps = [*cut.to_right, *chain(*(self._parts(n)[1] for n in range(first, end))), *more]
        asked = {"channels": cut.line[0], "size": cut.line[1:]}
        meaning = Meaning({**self.claim, "input": asked}, maximum=True)
        return covers(meaning.pipeline(steps), meaning.shape(steps))


def _live(cut: Cut) -> Steps:
    if cut.live is None:
        return []
    return [{"op": "slice", "slices": [[None, None, None], *cut.live]}]
