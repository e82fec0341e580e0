"""A set of sizes as a condition in Python's syntax, whatever the set.

Every Presburger set is a union of conjunctions of linear constraints in the names and in floors of
linear expressions, once isl has eliminated its quantifiers (`compute_divs`).  These are read off
isl's own objects, not off its text, and written without negative factors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import islpy as isl

EVERYWHERE, NOWHERE = "0 == 0", "0 == 1"
"""The conditions without a constraint, and of the empty set."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A constant and whole multiples of atoms: names, floors and remainders, as text."""

    constant: int = 0
    factors: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: Linear, times: int = 1) -> Linear:
        """The sum with a multiple of the other."""
        factors = dict(self.factors)
        for atom, factor in other.factors.items():
            factors[atom] = factors.get(atom, 0) + times * factor
        kept = {atom: factor for atom, factor in factors.items() if factor}
        return Linear(self.constant + times * other.constant, kept)

    def modulo(self, modulus: int) -> Linear:
        """The same up to multiples of the modulus, all numbers from 0 up."""
        factors = {atom: factor % modulus for atom, factor in self.factors.items()}
        kept = {atom: factor for atom, factor in factors.items() if factor}
        return Linear(self.constant % modulus, kept)

    def text(self) -> str:
        """The expression, a positive part first: isl reads no product whose first factor is signed.

        >>> Linear(5, {"N": -2, "M": 1}).text(), Linear(0, {"N": -1}).text()
        ('M + 5 - 2*N', '0 - N')
        """
        more = [_multiple(atom, n) for atom, n in self.factors.items() if n > 0]
        less = [_multiple(atom, -n) for atom, n in self.factors.items() if n < 0]
        more += [str(self.constant)] if self.constant > 0 or not more else []
        if self.constant < 0 and more[0] != str(self.constant):
            less.append(str(-self.constant))
        return " - ".join([" + ".join(more), *less])

    def grouped(self) -> str:
        """The expression as an operand of ``//`` or ``%``."""
        text = self.text()
        return text if text.isidentifier() else f"({text})"


def _multiple(atom: str, factor: int) -> str:
    """So many times an atom; a remainder binds no closer than the product."""
    if factor == 1:
        return atom
    return f"{factor}*({atom})" if re.search(r" % \d+$", atom) else f"{factor}*{atom}"


@dataclass(frozen=True, slots=True)
class Floor:
    """The whole part of a linear expression divided by a positive number."""

    of: Linear
    by: int

    def text(self) -> str:
        """The floor as an atom."""
        return f"({self.of.grouped()} // {self.by})"

    def remainder(self) -> Linear:
        """What the division leaves."""
        return Linear(0, {f"{self.of.modulo(self.by).grouped()} % {self.by}": 1})


def condition(sizes: Any, names: Sequence[str]) -> str:
    """A condition on the names that holds exactly at the sizes of the set.

    >>> condition(isl.Set("[N] -> { : exists k: N = 3k + 1 and k >= 2 }"), ["N"])
    'N % 3 == 1 and N >= 7'
    """
    count = len(names)
    moved = sizes.move_dims(isl.dim_type.set, 0, isl.dim_type.param, 0, count).compute_divs()
    parts = list(dict.fromkeys(_conjunction(part, names) for part in moved.get_basic_sets()))
    if len(parts) > 1:
        parts = [f"({part})" if " and " in part else part for part in parts]
    return " or ".join(parts) or NOWHERE


def _conjunction(part: Any, names: Sequence[str]) -> str:
    constraints = part.get_constraints()
    floors = _floors(constraints[0], names) if constraints else []
    words = dict.fromkeys(_constraint(c, names, floors) for c in constraints)
    told = [text for text in words if text != EVERYWHERE]
    return " and ".join(told) or EVERYWHERE


def _floors(constraint: Any, names: Sequence[str]) -> list[Floor]:
    """The divisions of a basic set, each in terms of the names and of those before it."""
    floors: list[Floor] = []
    for place in range(constraint.dim(isl.dim_type.div)):
        division = constraint.get_div(place)
        by = division.get_denominator_val()
        numbers = _numbers(division, isl.dim_type.in_, len(names), by)
        inner = _numbers(division, isl.dim_type.div, place, by)
        of = Linear(_whole(division.get_constant_val(), by), dict(_named(names, numbers)))
        for floor, number in zip(floors, inner, strict=True):
            of = of.plus(Linear(0, {floor.text(): 1}), number)
        floors.append(Floor(of, by.to_python()))
    return floors


def _numbers(of: Any, kind: Any, count: int, times: Any) -> list[int]:
    return [_whole(of.get_coefficient_val(kind, place), times) for place in range(count)]


def _whole(value: Any, times: Any) -> int:
    text = value.mul(times).to_str()
    if text is None:  # islpy's way to say that isl stopped at its bound
        raise isl.Error("a number of a set could not be read within isl's bound on operations")
    return int(text)


def _named(names: Sequence[str], numbers: Sequence[int]) -> Iterator[tuple[str, int]]:
    yield from ((name, n) for name, n in zip(names, numbers, strict=True) if n)


def _constraint(constraint: Any, names: Sequence[str], floors: Sequence[Floor]) -> str:
    one = isl.Val(1)
    numbers = _numbers(constraint, isl.dim_type.set, len(names), one)
    linear = Linear(_whole(constraint.get_constant_val(), one), dict(_named(names, numbers)))
    inner = _numbers(constraint, isl.dim_type.div, len(floors), one)
    for floor, number in zip(floors, inner, strict=True):
        linear = _with_floor(linear, floor, number) if number else linear
    return _shifted(_compared(linear, "==" if constraint.is_equality() else ">="))


def _with_floor(linear: Linear, floor: Floor, number: int) -> Linear:
    """Add a multiple of a floor; as a remainder where that takes names away."""
    times, odd = divmod(number, floor.by)
    if not odd:
        rest = linear.plus(floor.of, times)
        if len(rest.factors) < len(linear.factors):
            return rest.plus(floor.remainder(), -times)
    return linear.plus(Linear(0, {floor.text(): 1}), number)


def _shifted(words: str) -> str:
    """The same residue class without the sum; nothing of what every remainder keeps.

    >>> _shifted("(N + 2) % 3 == 0"), _shifted("N % 3 <= 2")
    ('N % 3 == 1', '0 == 0')
    """
    bound = re.fullmatch(r"(?:\w+|\([^()]*\)) % (\d+) (>= 0|<= (\d+))", words)
    if bound is not None and int(bound[3] or int(bound[1]) - 1) >= int(bound[1]) - 1:
        return EVERYWHERE
    found = re.fullmatch(r"\((\w+) \+ (\d+)\) % (\d+) == (\d+)", words)
    if found is None:
        return words
    added, modulus, residue = map(int, found.groups()[1:])
    return f"{found[1]} % {modulus} == {(residue - added) % modulus}"


def _compared(linear: Linear, relation: str) -> str:
    """``linear >= 0`` or ``linear == 0``, with positive factors on both sides.

    >>> _compared(Linear(-9, {"N": -1, "M": 2}), ">="), _compared(Linear(-9, {"N": -1}), ">=")
    ('2*M >= N + 9', 'N <= -9')
    """
    more = Linear(0, {atom: n for atom, n in linear.factors.items() if n > 0})
    less = Linear(0, {atom: -n for atom, n in linear.factors.items() if n < 0})
    if not linear.factors:
        true = linear.constant == 0 if relation == "==" else linear.constant >= 0
        return EVERYWHERE if true else NOWHERE
    if not more.factors:
        turned = "<=" if relation == ">=" else relation
        return f"{less.text()} {turned} {linear.constant}"
    if not less.factors:
        return f"{more.text()} {relation} {-linear.constant}"
    more = more.plus(Linear(max(linear.constant, 0)))
    less = less.plus(Linear(max(-linear.constant, 0)))
    return f"{more.text()} {relation} {less.text()}"
