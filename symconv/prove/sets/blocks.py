"""A term's coefficient, block by block of connected positions, as sets of integers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, reduce
from itertools import count
from typing import Any

import islpy as isl

from symconv.errors import ClaimError, TooLarge
from symconv.machine.caches import cached
from symconv.prove.sets.formulas import Divisor, Factor, Index, Summand
from symconv.prove.sets.renaming import written_shortly


class Counted(TooLarge):
    """A coefficient is a count of hidden indices, not 0 or 1; sets alone do not decide that."""


def refuse_vacuous(legal: Any, name: str) -> None:
    """Refuse a statement about no size at all.

    Raises:
        ClaimError: the set of sizes is empty.
    """
    if legal.is_empty():
        raise ClaimError(
            f"{name}: no size satisfies its conditions and makes both sides meaningful; it would "
            "say nothing"
        )


MOST_LETTERS = 2_000
"""Longer texts are not remembered, so that what is takes a few megabytes at most."""


@cached(most=2048)
def _set(text: str) -> Any:
    """The set that a text describes; isl's objects never change, so that it may be shared."""
    return isl.Set(text)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The named sizes, and isl's way of writing sets of them."""

    names: tuple[str, ...]

    def set(self, conditions: Sequence[str]) -> Any:
        """The sizes at which all conditions hold."""
        formula = " and ".join(f"({c})" for c in conditions) or "1 = 1"
        text = f"[{', '.join(self.names)}] -> {{ : {formula} }}"
        return _set(text) if len(text) <= MOST_LETTERS else isl.Set(text)

    def map(self, kept: Sequence[str], hidden: Sequence[str], formula: str) -> Any:
        """A relation from kept indices to hidden ones."""
        params = ", ".join(self.names)
        return isl.Map(
            f"[{params}] -> {{ [{', '.join(kept)}] -> [{', '.join(hidden)}] : {formula} }}"
        )

    def support(self, kept: Sequence[str], formula: str, *, counted: bool = False) -> Any:
        """The kept indices for which hidden ones exist, of each one at most.

        Raises:
            Counted: there are several; where they need not be counted, that is not asked.
        """
        relation = self.map(kept, _hidden(formula), formula)
        if not counted and not relation.is_single_valued():
            raise Counted("a coefficient counts hidden indices, and sets alone do not decide that")
        return relation.domain()


def _connections(term: Summand) -> dict[Index, int]:
    """The number of the component of every leg; tables connect, and so does a shared leg."""
    number: dict[Index, int] = {}
    groups: dict[int, list[Index]] = {}
    unused = count()
    for legs in (*(table.legs for table in term.relations), *((leg,) for leg in term.out)):
        here = {number[leg] for leg in legs if leg in number}
        fresh = next(unused)
        members = [leg for old in here for leg in groups.pop(old)]
        members += [leg for leg in legs if leg not in number]
        groups[fresh] = members
        number |= dict.fromkeys(members, fresh)
    return number


def connected(terms: Sequence[Summand]) -> list[tuple[int, ...]]:
    """Positions that some term connects."""
    positions = range(len(terms[0].out))
    block = list(positions)
    for term in terms:
        number = _connections(term)
        by_component: dict[int, list[int]] = defaultdict(list)
        for position, leg in enumerate(term.out):
            by_component[number[leg]].append(position)
        for members in by_component.values():
            merged = {block[p] for p in members}
            block = [min(merged) if b in merged else b for b in block]
    return [tuple(p for p in positions if block[p] == b) for b in sorted(set(block))]


@dataclass
class BlockSets:
    """A term's coefficient, block by block: where there is one, and which values it takes."""

    term: Summand
    blocks: Sequence[Sequence[int]]
    maximum: bool
    sizes: Sizes
    legal: Any
    found: dict[int, Any] = field(default_factory=dict)

    @cached_property
    def number(self) -> dict[Index, int]:
        """The component of every leg."""
        return _connections(self.term)

    @cached_property
    def supports(self) -> list[Any]:
        """The places of each block at which the term has a coefficient."""
        return [self.support_of(number) for number in range(len(self.blocks))]

    def support_of(self, number: int) -> Any:
        """The places of one block at which the term has a coefficient."""
        if number not in self.found:
            self.found[number] = self.support(self.blocks[number])
        return self.found[number]

    def formula(self, block: Sequence[int], *more: str) -> str:
        """When the term has a coefficient at a place of a block; its legs are hidden.

        Legs are renamed (`written_shortly`), so that equal formulas are equal texts.
        """
        out = [self.term.out[p] for p in block]
        roots = {self.number[leg] for leg in out}
        tables = [t for t in self.term.tables if self.number[t.legs[0]] in roots]
        legs = dict.fromkeys(out) | {leg: None for table in tables for leg in table.legs}
        legs |= {leg: None for factor in self._factors(block) for leg in factor.legs}
        legs |= {divisor.leg: None for divisor in self._divisors(block)}
        return written_shortly(tables, legs, dict(zip(block, out, strict=True)), more)

    def support(self, block: Sequence[int], *more: str) -> Any:
        """The places of a block at which the term has a coefficient (and these formulas hold).

        With further formulas it is a part of the support, whose hidden indices are known to be one.
        """
        names = [f"_p{p}" for p in block]
        return self._projected(names, self.formula(block, *more), checked=bool(more))

    def values(self, number: int) -> list[tuple[Fraction, Any]]:
        """The values of the factors on a block, and the places where each is taken."""
        block, support = self.blocks[number], self.support_of(number)
        found = [(Fraction(1), support)]
        for factor in self._factors(block):
            pieces = [(value, self.support(block, where)) for value, where in factor.pieces]
            everywhere = reduce(lambda a, b: a.union(b), (place for _, place in pieces))
            if not support.intersect_params(self.legal).is_subset(everywhere):
                raise Counted("a divisor is no positive number of the expected range somewhere")
            found = [(a * b, x.intersect(y)) for a, x in found for b, y in pieces]
            found = [(value, place) for value, place in found if not place.is_empty()]
        return found

    def counted(self, number: int) -> str:
        """When the term has a coefficient at a place of a block that it divides by ``_v``.

        Raises:
            TooLarge: it divides twice there, and the product is not linear.
        """
        divisors = self._divisors(self.blocks[number])
        if len(divisors) > 1:
            raise TooLarge("a product of two divisors of many values is not read for all sizes")
        count = divisors[0].count if divisors else "_v = 1"
        return self.formula(self.blocks[number], count)

    def counts(self, number: int) -> Any:
        """What the term divides by, as a relation from the places of a block."""
        formula = self.counted(number)
        hidden = _hidden(formula)
        places = [f"_p{p}" for p in self.blocks[number]]
        relation = self.sizes.map(places, ["_v", *hidden], formula)
        return relation.project_out(isl.dim_type.out, 1, len(hidden))

    def whole(self) -> Any:
        """The product of all blocks, with positions in the order of the blocks."""
        if not self.supports:
            return self.loose
        return reduce(lambda a, b: a.flat_product(b), self.supports).intersect_params(self.loose)

    def somewhere(self) -> Any:
        """The sizes at which the term has a coefficient at all."""
        return reduce(lambda a, b: a.intersect(b.params()), self.supports, self.loose)

    def _factors(self, block: Sequence[int]) -> list[Factor]:
        roots = {self.number[self.term.out[p]] for p in block}
        return [f for f in self.term.factors if self.number[f.legs[0]] in roots]

    def _divisors(self, block: Sequence[int]) -> list[Divisor]:
        roots = {self.number[self.term.out[p]] for p in block}
        return [d for d in self.term.divisors if self.number[d.leg] in roots]

    @cached_property
    def loose(self) -> Any:
        """Sizes at which the tables that reach no position hold; they must not count."""
        reached = {self.number[leg] for leg in self.term.out}
        dividing = [f.legs[0] for f in self.term.factors] + [d.leg for d in self.term.divisors]
        if any(self.number[leg] not in reached for leg in dividing):
            raise Counted("a divisor depends on an index that is summed away")
        tables = [t for t in self.term.tables if self.number[t.legs[0]] not in reached]
        if not tables:
            return self.sizes.set(())
        legs = {leg: None for table in tables for leg in table.legs}
        return self._projected([], written_shortly(tables, legs, {}, ())).params()

    def _projected(self, kept: list[str], formula: str, *, checked: bool = False) -> Any:
        """The places for which hidden indices exist; one at most, unless that is known already."""
        return self.sizes.support(kept, formula, counted=checked or self.maximum)


def _hidden(formula: str) -> list[str]:
    """The indices of a renamed formula that stand on no axis."""
    return sorted(set(re.findall(r"\b_e\d+\b", formula)))
