"""Claims with named sizes, settled for all of them at once by Presburger sets (isl).

isl decides formulas of linear integer arithmetic exactly (Verdoolaege 2010, *isl: an integer set
library*).  Strides, dilations and factors are numbers, and sizes are parameters, so that "the two
sides have the same coefficients" is such a formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import islpy as isl

from symconv.claim import Claim
from symconv.claim.sides import read_sides
from symconv.claim.verdict import Certificate, Fact, Undecided
from symconv.errors import TooLarge
from symconv.layer.base import shown
from symconv.machine.budget import running
from symconv.machine.caches import cached
from symconv.prove.cuts import needs_cuts
from symconv.prove.sets import compare
from symconv.prove.sets.apart import apart
from symconv.prove.sets.blocks import MOST_LETTERS, Sizes, refuse_vacuous
from symconv.prove.sets.formulas import Side
from symconv.prove.sets.legal import legal_conditions
from symconv.prove.sets.lowering import domain, side
from symconv.prove.sets.parts import compose_parts
from symconv.prove.sets.samples import At, samples
from symconv.prove.sets.text import check_names
from symconv.prove.sets.words import describe, least
from symconv.relation.reading import UnsupportedStep

__all__ = ["Fails", "Holds", "SizeSets", "bounded", "decide_by_sets", "size_sets"]

SHARE = 1 / 4
"""One claim's share of the time: a chain has many squares, a claim with functions many parts."""

LONG = 2_000
"""Formulas of fewer characters are decided in this process: none of them ever took seconds."""


@dataclass(frozen=True, slots=True)
class Fails:
    """Where a claim fails: the conditions on the sizes, and the least sizes among them."""

    fails_on: str
    holds_on: str
    domain: str
    least: dict[str, int]
    seconds: float
    holds_at: tuple[dict[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Holds:
    """The certificate of a claim for all sizes, not yet confirmed, and sizes to look at."""

    certificate: Certificate
    at: tuple[dict[str, int], ...]

    @property
    def domain(self) -> str:
        """The sizes at which the claim makes sense, in words."""
        return str(self.certificate.facts[0].figures["domain"])


def decide_by_sets(claim: Claim) -> Holds | Fails | Undecided:
    """Prove a claim for all its named sizes, or say at which it fails; other code has yet to agree.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.

    >>> from symconv.claim import read_claim
    >>> text = {"input": {"channels": 1, "size": ["N"]}, "weights": {"w": {"shape": [1, 1, 3]}},
    ...         "left": [{"op": "conv", "weight": "w", "stride": 2, "padding": "same"}],
    ...         "right": [{"op": "conv", "weight": "w", "stride": 2, "padding": 1}]}
    >>> found = decide_by_sets(read_claim(text))
    >>> found.holds_on, found.least
    ('N % 2 == 1', {'N': 2})
    """
    start = perf_counter()
    check_names(claim.names)
    try:
        with bounded():
            return _decided(claim, start)
    except (UnsupportedStep, TooLarge) as fault:
        return Undecided(claim, str(fault), perf_counter() - start, "all")


class bounded:
    """A bound on isl's operations; beyond it, and where isl fails, a claim is `TooLarge`."""

    def __enter__(self) -> None:
        self.context = isl.DEFAULT_CONTEXT
        self.context.reset_operations()
        self.context.set_max_operations(running().budget.operations)

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        self.context.set_max_operations(0)
        if isinstance(fault, isl.Error | OverflowError):
            raise TooLarge(f"isl gave up: {' '.join(str(fault).split())[:200]}") from fault


@dataclass(frozen=True, slots=True)
class SizeSets:
    """The sizes at which a claim makes sense, and those of them at which it fails."""

    legal: Any
    failing: Any
    shape: tuple[Any, ...]
    conditions: tuple[str, ...] = ()
    """What ``legal`` says, as it was written."""


def size_sets(claim: Claim) -> SizeSets:
    """Decide a claim at every value of its names.

    Raises:
        ClaimError: the claim is ill-formed, or no size satisfies its conditions.
        UnsupportedStep, TooLarge: it is not decided.
    """
    left, right = read_sides(claim)
    sizes = Sizes(claim.names)
    conditions = (*domain(left, right), *legal_conditions(claim))
    legal = sizes.set(conditions)
    refuse_vacuous(legal, f"claim {claim.name!r}")
    failing = _failing(side(left), side(right), legal, sizes)
    return SizeSets(legal, failing, left.shape, conditions)


def _failing(left: Side, right: Side, legal: Any, sizes: Sizes) -> Any:
    """The sizes at which the forms differ; long formulas are decided where they can be stopped."""

    def work() -> str:
        with bounded():
            return str(compare.failing(left, right, legal, sizes))

    length = sum(len(table.formula) for f in (left, right) for t in f.terms for table in t.tables)
    if length < LONG:
        return compare.failing(left, right, legal, sizes)
    return isl.Set(apart(work, _seconds()))


def _seconds() -> float:
    """How long isl may take for one claim."""
    return running().deadline(SHARE) - perf_counter()


def _decided(claim: Claim, start: float) -> Holds | Fails:
    if needs_cuts(claim.left, claim.right):
        return _in_parts(claim, start)
    sets, names = size_sets(claim), claim.names
    legal, failing = sets.legal, sets.failing
    domain, at = domain_told(names, sets.conditions, _input_names(claim))
    if failing.is_empty():
        figures: dict[str, Any] = {"sizes": list(names), "domain": domain}
        about = "both sides have the same coefficients at every size of the domain"
        shape = tuple(shown(sets.shape))
        seconds = perf_counter() - start
        facts = (Fact("sets", about, figures),)
        return Holds(Certificate(claim, facts, shape, seconds, sizes="all"), at)
    holds = legal.subtract(failing)
    return Fails(
        describe(failing, legal, names),
        describe(holds, legal, names),
        domain,
        least(failing, names),
        perf_counter() - start,
        samples(holds, names),
    )


def domain_told(
    names: tuple[str, ...], conditions: tuple[str, ...], among: tuple[str, ...]
) -> tuple[str, tuple[At, ...]]:
    """The sizes of these conditions in words, where names of ``among`` are positive, and samples.

    Both follow from the texts alone, which claims of one domain share.
    """
    tell = _told_before if sum(map(len, conditions)) <= MOST_LETTERS else _told_now
    return tell(names, conditions, among)


def _told_now(
    names: tuple[str, ...], conditions: tuple[str, ...], among: tuple[str, ...]
) -> tuple[str, tuple[At, ...]]:
    sizes = Sizes(names)
    legal = sizes.set(conditions)
    everywhere = sizes.set([f"{name} >= 1" for name in among])
    return describe(legal, everywhere, names), samples(legal, names)


_told_before = cached(most=512)(_told_now)


def _in_parts(claim: Claim, start: float) -> Holds:
    """A claim with functions, or with layers of both monoids, part by part."""

    def work() -> tuple[str, int, tuple[Any, ...]]:
        with bounded():
            found = compose_parts(claim)
            return str(found.legal), found.parts, found.shape

    text, parts, shape = apart(work, _seconds())
    legal = isl.Set(text)
    everywhere = Sizes(claim.names).set([f"{name} >= 1" for name in _input_names(claim)])
    figures: dict[str, Any] = {
        "sizes": list(claim.names),
        "domain": describe(legal, everywhere, claim.names),
        "parts": parts,
    }
    about = "the sides agree part by part at every size of the domain"
    shape = tuple(shown(shape))
    seconds = perf_counter() - start
    certificate = Certificate(claim, (Fact("sets", about, figures),), shape, seconds, sizes="all")
    return Holds(certificate, samples(legal, claim.names))


def _input_names(claim: Claim) -> tuple[str, ...]:
    return tuple(name for name in claim.names if name in claim.size)
