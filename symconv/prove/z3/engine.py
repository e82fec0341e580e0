"""The engine of z3: paths from outputs back to inputs, for all sizes; asked by its name only.

It is the reading by which certificates for all sizes are rechecked, and shares no line with the
other engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from symconv.claim import Claim
from symconv.claim.sides import read_sides
from symconv.claim.steps import flat
from symconv.claim.verdict import Certificate, Counterexample, Fact, Refuted, Undecided
from symconv.errors import ClaimError, TooLarge, Unsupported
from symconv.layer.base import shown
from symconv.machine.budget import running
from symconv.prove.engine import Engine, Finding, Question
from symconv.prove.z3.domain import conditions_of, joined
from symconv.relation.reading import UnsupportedStep

if TYPE_CHECKING:
    from symconv.recheck.allsizes import Sense

ABOUT = "no size at which the factors of some product add up to different numbers"

COST = 1_000.0
"""Milliseconds: taps and channels are written out, so that it grows with them (measured)."""

FURTHER = 2
"""Sizes beyond the least at which the second voice looks: other residues, more room."""


class Z3(Engine):
    """Paths from an output back to inputs and weights; z3 seeks sizes at which they differ."""

    name = "z3"
    how = "Paths from an output back to inputs and weights, whose products z3 counts."
    trust = (
        "z3, and symconv's reading of the steps as paths; its recheck by z3 is the same reading."
    )
    by_name = True

    def can(self, question: Question) -> str | None:
        """Sizes must be named, and z3 installed; functions and both monoids it leaves to others."""
        from symconv.recheck.everywhere import has_solver

        if not has_solver():
            return "z3 is not installed: pip install 'symconv[z3]'"
        if not question.for_all_sizes:
            return "z3 is asked of claims for all sizes; name a size"
        return (
            "z3 is not asked of claims that functions cut into parts" if question.in_parts else None
        )

    def cost(self, question: Question) -> float:
        """A second, about: more than any other engine."""
        return COST

    def decide(self, question: Question) -> Finding:
        """Ask z3 for sizes at which the sides differ, and for the least of them."""
        from symconv.recheck.claims import read_claim

        claim, start = question.claim, perf_counter()
        try:
            return _decided(_Asked(claim, read_claim(claim.to_dict()), start))
        except (Unsupported, UnsupportedStep, TooLarge) as fault:
            return Finding(Undecided(claim, str(fault), perf_counter() - start, "all"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim, its text, and when z3 was first asked."""

    claim: Claim
    text: dict[str, Any]
    start: float

    def seconds(self) -> float:
        """How long z3 has been at it."""
        return perf_counter() - self.start

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TooLarge: none are.
        """
        left = running().deadline(1.0) - perf_counter()
        if left <= 0:
            raise TooLarge("the time for this verdict is over")
        return left

    def undecided(self, reason: str) -> Finding:
        """Why there is no verdict."""
        return Finding(Undecided(self.claim, reason, self.seconds(), "all"))


def _decided(asked: _Asked) -> Finding:
    from symconv.recheck.allsizes import NO_SIZE, decide

    sides = read_sides(asked.claim)  # what is ill-formed is said as every engine says it
    found = decide(asked.text, asked.left())
    if found.answer == "holds":
        return _proved(asked, conditions_of(asked.claim, sides), shown(sides[0].shape))
    if found.answer == "fails":
        return _refuted(asked, found.sizes)
    if found.reason == NO_SIZE:
        raise ClaimError(f"claim {asked.claim.name!r}: {found.reason}; it would say nothing")
    return asked.undecided(found.reason)


def _proved(asked: _Asked, conditions: list[str], shape: list[Any]) -> Finding:
    """The certificate, once z3 agrees where the claim makes sense and how large its output is."""
    conditions = _needed(asked, conditions, shape)
    sense = _sense(asked, conditions, shape)
    if why := sense.fault or sense.unknown:
        return asked.undecided(why)
    claim = asked.claim
    fact = Fact("z3", ABOUT, {"sizes": list(claim.names), "domain": joined(conditions)})
    steps = range(1, FURTHER + 1)
    further = [{name: n + more for name, n in sense.least.items()} for more in steps]
    at = (sense.least, *filter(sense.at, further))
    return Finding(Certificate(claim, (fact,), tuple(shape), asked.seconds(), sizes="all"), at)


def _needed(asked: _Asked, conditions: list[str], shape: list[Any]) -> list[str]:
    """The conditions without those that follow from the others, as far as z3 sees that."""
    for one in list(conditions):
        fewer = [other for other in conditions if other != one]
        sense = _sense(asked, fewer, shape)
        if not (sense.fault or sense.unknown):
            conditions = fewer
    return conditions


def _sense(asked: _Asked, conditions: list[str], shape: list[Any]) -> Sense:
    from symconv.recheck.allsizes import makes_sense

    return makes_sense(asked.text, joined(conditions), shape, asked.left())


def _refuted(asked: _Asked, sizes: Mapping[str, int]) -> Finding:
    """The refutation at the first failing sizes, in the order of their names."""
    claim = asked.claim
    if any(step.monoid == "max" for step in flat((*claim.left, *claim.right))):
        where = ", ".join(f"{name} = {n}" for name, n in sizes.items())
        return asked.undecided(f"at {where} z3 finds maxima of other entries, which may be equal")
    least = dict(sizes)
    for number, name in enumerate(claim.names):
        before = [f"{other} == {least[other]}" for other in claim.names[:number]]
        least = _least(asked, before, name, least)
    counterexample = Counterexample(size=tuple(least.items()))
    return Finding(Refuted(claim, counterexample, asked.seconds(), ("z3",), "all"), ())


def _least(asked: _Asked, before: list[str], name: str, known: dict[str, int]) -> dict[str, int]:
    """Failing sizes with the least value of one name, where those before it are given.

    Raises:
        Unsupported: z3 does not know whether there is a smaller one.
    """
    from symconv.recheck.allsizes import NO_SIZE, decide

    while True:
        where = [*asked.text.get("where", ()), *before, f"{name} < {known[name]}"]
        found = decide({**asked.text, "where": where}, asked.left())
        if found.answer == "fails":
            known = found.sizes
        elif found.answer == "holds" or found.reason == NO_SIZE:
            return known
        else:
            raise Unsupported(
                f"it fails, at sizes of which z3 cannot say the least: {found.reason}"
            )


ENGINE = Z3()
