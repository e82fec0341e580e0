"""Relations as formulas in isl's syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import groupby, pairwise, product
from math import prod
from typing import Any

from symconv.errors import ClaimError, InternalError, TooLarge
from symconv.prove.sets.formulas import Divisor, Factor, Formula, Index, Side, Summand, Text
from symconv.prove.sets.text import formula_of, greatest_value, size_to_isl
from symconv.relation.digits import numbers
from symconv.relation.form import Form, Throughout
from symconv.relation.indices import (
    POSITION,
    Axis,
    Entries,
    Fuse,
    Gather,
    Lattice,
    Leg,
    Portions,
    Row,
    Same,
    Share,
    Shares,
    Slide,
    Split,
    Where,
    volume,
)
from symconv.relation.maps import AxisMap, Piece
from symconv.relation.term import Term
from symconv.size.expr import Size, named, size_at
from symconv.size.text import Condition

MOST_TERMS = 256
"""Each is a formula of its own, and one step may double their number."""

MOST_VALUES = 64
"""Different factors of an axis: each is a piece that is looked at alone."""

MOST_ENTRIES = 256
"""Entries of a constant tensor, or outputs of an adaptive pooling: each is a part of a formula."""

MOST_STEP = 2**31
"""Strides and dilations are smaller, as in every framework; evaluation holds them in 64 bits."""


def side(form: Form) -> Side:
    """A form as formulas.

    Raises:
        ClaimError: an axis is not linear in its digits.
        TooLarge: there are too many terms, or too many factors on an axis.
    """
    if len(form.terms) > MOST_TERMS:
        raise TooLarge(f"a sum has {len(form.terms)} terms, at most {MOST_TERMS}")
    shape = tuple(map(text, form.shape))
    return Side(shape, tuple(map(summand, form.terms)), form.monoid == "max")


def text(size: Size) -> Text:
    """A size in isl's syntax, a number as itself."""
    return size if isinstance(size, int) else size_to_isl(size)


def domain(*forms: Form) -> list[str]:
    """What must hold of the sizes for forms to make sense, each condition once."""
    return list(dict.fromkeys(_condition(c) for form in forms for c in form.domain))


def _condition(condition: Condition | Throughout) -> str:
    if not isinstance(condition, Throughout):
        return formula_of(condition)
    inside, broken = f"0 <= {POSITION} < {text(condition.size)}", formula_of(condition.condition)
    return f"not exists ({POSITION} : {inside} and not ({broken}))"


def summand(term: Term) -> Summand:
    """A term as a product of formulas, every axis one index.

    Raises:
        ClaimError: an axis is not linear in its digits.
        TooLarge: there are too many factors on an axis.
    """
    tensors = sorted(term.tensors, key=lambda tensor: tensor.name)
    framed, out = _one_index(term.with_tensors(tuple(tensors)).framed())
    written = _Written()
    for relation in framed.relations:
        _LOWER[type(relation)](relation, written)
    return Summand(
        tuple(tensor.name for tensor in tensors),
        tuple(map(written.of, out)),
        tuple(written.tables),
        Fraction(term.scalar),
        tuple(written.factors),
        tuple(written.divisors),
    )


def _one_index(term: Term) -> tuple[Term, list[Leg]]:
    """One index per axis; axes of the same digits have the same one."""
    whole: dict[Axis, Leg] = {}
    for axis in term.out:
        if axis not in whole:
            term, whole[axis] = term.fuse(axis)
    return term, [whole[axis] for axis in term.out]


class _Written:
    """What has been written of one term; its indices are named in the order of their appearance."""

    def __init__(self) -> None:
        self.tables: list[Formula] = []
        self.factors: list[Factor] = []
        self.divisors: list[Divisor] = []
        self._known: dict[Leg, Index] = {}

    def of(self, leg: Leg) -> Index:
        """The index that stands for a leg."""
        found = self._known.get(leg)
        if found is None:
            found = self._known[leg] = Index(text(leg.size), f"_i{len(self._known)}")
        return found

    def add(self, formula: str, legs: Iterable[Leg]) -> None:
        """Write a formula about these legs."""
        self.tables.append(Formula(tuple(map(self.of, legs)), formula))


def _split_formula(r: Split, to: _Written) -> None:
    whole, high, low = map(to.of, r.legs)
    to.add(f"{whole.name} = {low.size}*{high.name} + {low.name}", r.legs)


def _fuse_formula(r: Fuse, to: _Written) -> None:
    """The number that digits write; those in front of one of named size are written out."""
    sizes = [leg.size for leg in r.digits]
    first = next((n for n, size in enumerate(sizes) if not isinstance(size, int)), 0)
    slow, fast, whole = r.digits[:first], r.digits[first:], to.of(r.whole).name
    behind = _linear(fast, to)
    block = volume(leg.size for leg in fast)
    parts = []
    for number, values in enumerate(product(*map(_values, slow))):
        at = [f"{to.of(leg).name} = {n}" for leg, n in zip(slow, values, strict=True)]
        front = f"{text(block * number)} + " if number else ""
        parts.append(" and ".join([*at, f"{whole} = {front}{behind}"]))
    to.add(_either(_few(parts)), r.legs)


def _linear(digits: Axis, to: _Written) -> str:
    """The number that digits write of which the first alone may have a named size."""
    sizes = numbers([leg.size for leg in digits[1:]])
    return " + ".join(f"{prod(sizes[n:])}*{to.of(leg).name}" for n, leg in enumerate(digits))


def _values(leg: Leg) -> range:
    (size,) = numbers([leg.size])
    if size > MOST_ENTRIES:
        raise TooLarge(f"{size} samples in front of an axis of named size are not read")
    return range(size)


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)


def _same_formula(r: Same, to: _Written) -> None:
    to.add(f"{to.of(r.gone).name} = {to.of(r.kept).name}", r.legs)


def _gather_formula(r: Gather, to: _Written) -> None:
    to.add(_reads_formula(r.index, to.of(r.new).name, to.of(r.old).name), r.legs)


def _reads_formula(index: AxisMap, new: str, old: str) -> str:
    """Where a new position reads an old one."""
    pieces = [_piece_formula(piece, new, old) for piece in index.pieces]
    return _either(pieces)


def _piece_formula(piece: Piece, new: str, old: str) -> str:
    position = f"{text(piece.shift)}"
    if piece.slope:
        steps = new if piece.slope == 1 else f"{piece.slope}*{new}"
        position = steps if piece.shift == 0 else f"{steps} + {position}"
    reads = old if piece.by == 1 else f"{piece.by}*{old}"
    parts = [f"{reads} = {position}"]
    parts += [] if piece.first is None else [f"{new} >= {text(piece.first)}"]
    parts += [] if piece.end is None else [f"{new} < {text(piece.end)}"]
    return " and ".join(parts)


def _where_formula(r: Where, to: _Written) -> None:
    reads, size = _reads_formula(r.index, to.of(r.leg).name, "_old"), text(r.index.source)
    found = f"exists (_old : ({reads}) and 0 <= _old < {size})"
    to.add(found if r.inside else f"not ({found})", r.legs)


def _slide_formula(r: Slide, to: _Written) -> None:
    w, (out, tap, read) = r.window, map(to.of, r.legs)
    if max(w.stride, w.dilation, w.base_dilation) >= MOST_STEP:
        raise ClaimError(f"stride and dilation must hold integers from 1 to {MOST_STEP - 1}")
    if w.mode != "zeros":
        raise InternalError(f"a window of mode {w.mode!r} was not padded first")
    k = f"({text(w.kernel - 1)} - {tap.name})" if w.reversal else tap.name
    position = f"{w.stride}*{out.name} + {w.dilation}*{k} - ({text(w.lo)})"
    to.add(f"{w.base_dilation}*{read.name} = {position}", r.legs)


def _portions_formula(r: Portions, to: _Written) -> None:
    out, read = to.of(r.out).name, to.of(r.read).name
    parts = [
        f"({out} = {i} and {text(first)} <= {read} < {text(end)})"
        for i, (first, end) in enumerate(r.ends)
    ]
    to.add(" or ".join(_few(parts)), r.legs)


def _few(parts: list[str]) -> list[str]:
    """The parts of a formula, one for each position.

    Raises:
        TooLarge: there are too many.
    """
    if len(parts) > MOST_ENTRIES:
        raise TooLarge(f"a formula of more than {MOST_ENTRIES} parts is not read for all sizes")
    return parts


def _shares(r: Shares, to: _Written) -> None:
    leg = to.of(r.leg)
    parts = [f"({leg.name} = {i} and _v = {text(count)})" for i, count in enumerate(r.counts)]
    to.divisors.append(Divisor(leg, " or ".join(_few(parts))))


def _lattice_formula(r: Lattice, to: _Written) -> None:
    if len(r.offsets) > MOST_VALUES:
        raise TooLarge(f"more than {MOST_VALUES} cosets are not read for all sizes")
    coset, steps = to.of(r.coset).name, _progression(r.offsets)
    if steps is not None:
        to.add(
            _points(r, [f" + {n}*{coset}" if n else "" for n in steps], r.offsets[0], to), r.legs
        )
        return
    alone = [""] * len(r.old)
    parts = (f"{coset} = {n} and {_points(r, alone, o, to)}" for n, o in enumerate(r.offsets))
    to.add(" or ".join(f"({part})" for part in parts), r.legs)


def _progression(offsets: Sequence[Sequence[Size]]) -> list[int] | None:
    """By how much one coset lies beyond the one before, where that is the same for all of them.

    One equation in the coset's number is decided in half the time of one case for each coset.
    """
    gaps = [[b - a for a, b in zip(one, next_, strict=True)] for one, next_ in pairwise(offsets)]
    first = gaps[0] if gaps else [0] * len(offsets[0])
    steps = [n for n in first if isinstance(n, int)]
    return steps if len(steps) == len(first) and all(gap == first for gap in gaps) else None


def _points(r: Lattice, more: Sequence[str], offset: Sequence[Size], to: _Written) -> str:
    """What the points of a coset read: an equation for each axis."""
    equations = []
    for leg, row, shift, step in zip(r.old, r.matrix, offset, more, strict=True):
        steps = [f"{a}*{to.of(new).name}" for a, new in zip(row, r.new, strict=True) if a]
        equations.append(f"{to.of(leg).name} = {' + '.join(steps)}{step} + ({text(shift)})")
    return " and ".join(equations)


def _row_formula(r: Row, to: _Written) -> None:
    leg, different = to.of(r.leg), set(r.values) - {0}
    if len(different) > MOST_VALUES:
        raise TooLarge(f"more than {MOST_VALUES} different factors on one axis are not read")
    if 0 in r.values:
        live = _runs([int(value != 0) for value in r.values], leg.name)
        to.add(live.get(1, "1 = 0"), r.legs)
    if not different <= {1}:
        pieces = [(Fraction(v), where) for v, where in _runs(r.values, leg.name).items() if v]
        to.factors.append(Factor((leg,), tuple(pieces)))


def _share(r: Share, to: _Written) -> None:
    leg = to.of(r.leg)
    every = {name: named(name) for name in r.count.names} | {POSITION: named(leg.name)}
    count = str(text(size_at(r.count, every)))
    most = r.most or greatest_value(r.count, POSITION, r.leg.size)
    if most is None or most > MOST_VALUES:
        to.divisors.append(Divisor(leg, f"_v = {count}"))
        return
    pieces = ((Fraction(1, n), f"{count} = {n}") for n in range(1, most + 1))
    to.factors.append(Factor((leg,), tuple(pieces)))


def _entries_formula(r: Entries, to: _Written) -> None:
    names = [to.of(leg).name for leg in r.legs]
    at: dict[int, list[str]] = {}
    for place, value in zip(r.places, r.values, strict=True):
        here = " and ".join(f"{name} = {n}" for name, n in zip(names, place, strict=True))
        at.setdefault(value, []).append(f"({here or '0 = 0'})")
    _few([part for parts in at.values() for part in parts])
    where = {value: " or ".join(parts) for value, parts in at.items()}
    to.add(" or ".join(where.values()) or "1 = 0", r.legs)
    if not set(where) <= {1}:
        pieces = tuple((Fraction(value), parts) for value, parts in where.items())
        to.factors.append(Factor(tuple(map(to.of, r.legs)), pieces))


def _runs(row: Sequence[int], name: str) -> dict[int, str]:
    """Where each value of a row stands, as a formula in runs of positions."""
    runs: dict[int, list[str]] = {}
    first = 0
    for value, members in groupby(row):
        count = len(list(members))
        runs.setdefault(value, []).append(f"{first} <= {name} < {first + count}")
        first += count
    return {value: " or ".join(f"({part})" for part in parts) for value, parts in runs.items()}


_LOWER: dict[type, Callable[[Any, _Written], None]] = {
    Split: _split_formula,
    Fuse: _fuse_formula,
    Same: _same_formula,
    Gather: _gather_formula,
    Where: _where_formula,
    Slide: _slide_formula,
    Portions: _portions_formula,
    Lattice: _lattice_formula,
    Row: _row_formula,
    Entries: _entries_formula,
    Share: _share,
    Shares: _shares,
}
