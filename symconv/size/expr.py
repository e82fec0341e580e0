"""Sizes: integers, and expressions in named sizes that compute like integers.

An expression is a sum of atoms with integer coefficients, and a number.  An atom is a name, a floor
``x // d``, or the greater or lesser of two sizes.  Python's operators work on numbers and
expressions alike, so that a formula is written once: ``(n - k) // s + 1`` is a number where ``n``
is one.  The sum is kept in a normal form: what cancels is gone, and a result without a name is an
``int``.  Equal expressions are equal at all sizes; the converse does not always hold.

Division is Python's floor: ``x // d`` is the greatest integer not above ``x / d``.

>>> n = named("N")
>>> (n - 1) // 2 - (n + 1) // 2, str((n + 4) // 2 * 2), n - n
(-1, '2*(N // 2) + 4', 0)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import lcm
from typing import Any, TypeVar, Union

from symconv.errors import ClaimError, TooLarge

Size = Union[int, "Expr"]
Atom = Union[str, "Floor", "Extreme"]
S = TypeVar("S", int, Size)
"""One type throughout a formula: numbers give a number, sizes a size."""

Extent = Any
"""A size of something that was made from numbers or from names: a number where all are numbers.

Which of the two it is depends on how the thing was made, which no type says; who needs a number
of what may be named asks `number`."""

MOST_RESIDUES = 4096
"""Residues of the names that are looked at one by one, some microseconds each: strides of real
layers are below 64."""


@dataclass(frozen=True, slots=True)
class Floor:
    """``of // by``, where ``by`` divides neither a coefficient nor the number of ``of``."""

    of: Expr
    by: int

    def __str__(self) -> str:
        return f"{_factor(self.of)} // {self.by}"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The greater (``max``) or the lesser (``min``) of two sizes whose difference has a name."""

    word: str
    of: tuple[Size, Size]

    def __str__(self) -> str:
        return f"{self.word}({self.of[0]}, {self.of[1]})"


@dataclass(frozen=True, slots=True, eq=True)
class Expr:
    """``number + sum of coefficient * atom``; made by `named` and by arithmetic."""

    terms: tuple[tuple[Atom, int], ...]
    number: int = 0

    def __add__(self, other: Size) -> Size:
        if isinstance(other, int):
            return Expr(self.terms, self.number + other)
        if not isinstance(other, Expr):
            return NotImplemented
        merged = dict(self.terms)
        for atom, coefficient in other.terms:
            merged[atom] = merged.get(atom, 0) + coefficient
        return _sum(merged, self.number + other.number)

    __radd__ = __add__

    def __mul__(self, by: Size) -> Size:
        if isinstance(by, Expr):
            both = f"{_factor(self)} * {_factor(by)}"
            raise ClaimError(f"{both!r} multiplies two sizes; only one factor may be named")
        if not isinstance(by, int):
            return NotImplemented
        return _sum({atom: by * c for atom, c in self.terms}, by * self.number)

    __rmul__ = __mul__

    def __neg__(self) -> Size:
        return self * -1

    def __pos__(self) -> Size:
        return self

    def __sub__(self, other: Size) -> Size:
        return self + -other

    def __rsub__(self, other: int) -> Size:
        return -self + other

    def __floordiv__(self, by: int) -> Size:
        if not isinstance(by, int) or by < 1:
            return NotImplemented
        if by == 1:
            return self
        return _nested(self, by) or _divided(self, by)

    def __mod__(self, by: int) -> Size:
        return self - (self // by) * by

    def __str__(self) -> str:
        text = "".join(_signed(atom, c) for atom, c in self.terms).removeprefix(" + ")
        text = f"-{text[3:]}" if text.startswith(" - ") else text
        return text if not self.number else f"{text}{_sign(self.number)}{abs(self.number)}"

    def __repr__(self) -> str:
        return f"Expr({str(self)!r})"

    def at(self, values: Mapping[str, Any]) -> Any:
        """The value where every name has one: integers give an integer, expressions a size.

        >>> (named("N") // 2).at({"N": 7}), str((named("N") // 2).at({"N": 2 * named("M") + 1}))
        (3, 'M')
        """
        return self.number + sum(c * _atom_at(atom, values) for atom, c in self.terms)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order in which they appear."""
        return tuple(dict.fromkeys(_names(self)))


def named(name: str) -> Expr:
    """The size of this name."""
    return Expr(((name, 1),))


def greatest(a: S, b: S) -> S:
    """``max(a, b)``, as one of them where it is the same one at all sizes.

    >>> n = named("N")
    >>> str(greatest(n, n - 1)), str(greatest(n, 3)), greatest(2, 3)
    ('N', 'max(N, 3)', 3)
    """
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else _extreme("max", a, b)


def least(a: S, b: S) -> S:
    """``min(a, b)``, likewise."""
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else _extreme("min", a, b)


def number(size: Size) -> int:
    """A size that is a number.

    Raises:
        ClaimError: it has a name.

    >>> number(3)
    3
    """
    if isinstance(size, int):
        return size
    raise ClaimError(f"the size {size} is named where a number is needed; give {_listed(size)} one")


def size_at(size: Size, values: Mapping[str, Any]) -> Any:
    """A size where every name has a value; a number is itself."""
    return size.at(values) if isinstance(size, Expr) else size


def names_of(*sizes: Size) -> tuple[str, ...]:
    """The names in these sizes, each once, in the order in which they appear."""
    found = (name for size in sizes if isinstance(size, Expr) for name in size.names)
    return tuple(dict.fromkeys(found))


def values_of(size: Size) -> tuple[int, ...]:
    """All values of a size that depends on the residues of its names alone, in order.

    With ``N = P*q + r``, where every divisor divides ``P``, the floors come apart exactly; what is
    left of ``q`` says that the size grows with ``N``.

    Raises:
        ClaimError: the size grows with a name.
        TooLarge: its period has more than `MOST_RESIDUES` residues.

    >>> values_of(named("N") % 3), values_of(5)
    ((0, 1, 2), (5,))
    """
    found = set()
    for names in residues(size):
        value = size_at(size, names)
        if not isinstance(value, int):
            raise ClaimError(f"{size} grows with {', '.join(names)}")
        found.add(value)
    return tuple(sorted(found))


def residues(*sizes: Size) -> Iterator[dict[str, Size]]:
    """What the names are along each residue: ``P*q + r``, where every divisor divides ``P``.

    There ``0 < r <= P`` and ``q >= 0``, a name's own name standing for it.

    Raises:
        TooLarge: the period has more than `MOST_RESIDUES` residues.

    >>> [str(names["N"]) for names in residues(named("N") // 2)]
    ['2*N + 1', '2*N + 2']
    """
    names, period = names_of(*sizes), lcm(*map(_period, sizes))
    if period ** len(names) > MOST_RESIDUES:
        shown = ", ".join(str(size) for size in sizes if isinstance(size, Expr))
        raise TooLarge(
            f"{shown} repeats after {period} sizes, at most {MOST_RESIDUES} are looked at"
        )
    for places in product(range(1, period + 1), repeat=len(names)):
        yield {name: period * named(name) + r for name, r in zip(names, places, strict=True)}


def _listed(size: Expr) -> str:
    return ", ".join(size.names)


def _extreme(word: str, a: Size, b: Size) -> Size:
    gap = a - b
    if isinstance(gap, int):
        return a if (gap >= 0) == (word == "max") else b
    return Expr(((Extreme(word, (a, b)), 1),))


def _sum(terms: Mapping[Atom, int], number: int) -> Size:
    kept = sorted(((a, c) for a, c in terms.items() if c), key=lambda term: _order(term[0]))
    return Expr(tuple(kept), number) if kept else number


def _order(atom: Atom) -> tuple[bool, str]:
    return not isinstance(atom, str), str(atom)


def _nested(size: Expr, by: int) -> Size | None:
    """``(x // a + n) // by`` as ``(x + a*n) // (a*by)``."""
    (atom, coefficient), *more = size.terms
    if more or coefficient != 1 or not isinstance(atom, Floor):
        return None
    return (atom.of + atom.by * size.number) // (atom.by * by)


def _divided(size: Expr, by: int) -> Size:
    """Multiples of the divisor come out of the floor; what stays in starts with a plus."""
    whole = _sum({atom: c // by for atom, c in size.terms if not c % by}, size.number // by)
    rest = [(atom, c) for atom, c in size.terms if c % by]
    if not rest:
        return whole
    if rest[0][1] < 0:
        # The floor of a negated quotient is the negated ceiling.
        return whole - (_sum({a: -c for a, c in rest}, by - 1 - size.number % by) // by)
    inside = Expr(tuple(rest), size.number % by)
    return whole + Expr(((Floor(inside, by), 1),))


def _atom_at(atom: Atom, values: Mapping[str, Any]) -> Any:
    if isinstance(atom, str):
        return values[atom]
    if isinstance(atom, Floor):
        return atom.of.at(values) // atom.by
    pick = greatest if atom.word == "max" else least
    return pick(*(size_at(size, values) for size in atom.of))


def _names(size: Size) -> Iterator[str]:
    for atom, _ in size.terms if isinstance(size, Expr) else ():
        if isinstance(atom, str):
            yield atom
        else:
            for inner in _inside(atom):
                yield from _names(inner)


def _inside(atom: Floor | Extreme) -> tuple[Size, ...]:
    return (atom.of,) if isinstance(atom, Floor) else atom.of


def _period(size: Size) -> int:
    """A number that every divisor in a size divides, the ones inside others multiplied."""
    found = 1
    for atom, _ in size.terms if isinstance(size, Expr) else ():
        if not isinstance(atom, str):
            inner = lcm(*map(_period, _inside(atom)))
            found = lcm(found, inner * atom.by if isinstance(atom, Floor) else inner)
    return found


def _sign(number: int) -> str:
    return " - " if number < 0 else " + "


def _signed(atom: Atom, coefficient: int) -> str:
    text = f"({atom})" if isinstance(atom, Floor) else str(atom)
    count = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
    return f"{_sign(coefficient)}{count}{text}"


def _factor(size: Expr) -> str:
    """The text of a size as an operand: in brackets unless it is one atom."""
    plain = not size.number and len(size.terms) == 1 and size.terms[0][1] == 1
    return str(size) if plain else f"({size})"
