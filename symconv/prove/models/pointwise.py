"""Functions of each entry: unary ones move from block to block, others are looked up by rows.

Commutative operators are read with their operands in order; 0 and 1 are neutral where they are, a
factor 0 gives 0.  What is left is uninterpreted: equal operands give an equal result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from symconv.machine.budget import running
from symconv.prove.models.rows import RowTable
from symconv.prove.models.terms import FIRST_GARBAGE, ONE, ZERO, Ids, Tensor, Terms, broadcast

UNARY = frozenset(
    [
        "Abs",
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Cast",
        "Ceil",
        "Celu",
        "Cos",
        "Cosh",
        "Elu",
        "Erf",
        "Exp",
        "Floor",
        "Gelu",
        "HardSigmoid",
        "HardSwish",
        "IsInf",
        "IsNaN",
        "LeakyRelu",
        "Log",
        "Mish",
        "Neg",
        "Not",
        "Reciprocal",
        "Relu",
        "Round",
        "Selu",
        "Shrink",
        "Sigmoid",
        "Sign",
        "Sin",
        "Sinh",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Swish",
        "Tan",
        "Tanh",
        "ThresholdedRelu",
    ]
)
"""Functions of one entry."""

NARY = frozenset(
    [
        "Add",
        "And",
        "BatchNormalization",
        "Clip",
        "Div",
        "Equal",
        "Greater",
        "GreaterOrEqual",
        "Less",
        "LessOrEqual",
        "Mean",
        "Min",
        "Mod",
        "Mul",
        "Or",
        "PRelu",
        "Pow",
        "Sub",
        "Sum",
        "Where",
        "Xor",
    ]
)
"""Functions of the entries of several tensors at one position; Max is read with the poolings."""

KEEPS_ZERO = frozenset(
    [
        "Abs",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Celu",
        "Ceil",
        "Elu",
        "Erf",
        "Floor",
        "Gelu",
        "HardSwish",
        "LeakyRelu",
        "Mish",
        "Neg",
        "Relu",
        "Round",
        "Selu",
        "Sign",
        "Sin",
        "Sinh",
        "Softsign",
        "Sqrt",
        "Swish",
        "Tan",
        "Tanh",
        "ThresholdedRelu",
    ]
)
"""Functions that leave 0 as it is."""

COMMUTATIVE = frozenset(("Add", "Mul", "Min", "And", "Or", "Xor", "Equal"))

NEUTRAL: dict[str, dict[int, int]] = {
    "Add": {0: ZERO, 1: ZERO},
    "Sub": {1: ZERO},
    "Mul": {0: ONE, 1: ONE},
    "Div": {1: ONE},
}
"""The operands that may be left out, and the number that they then are."""

SIMPLIFIED = (*NEUTRAL, "Where")
"""Operators of which a number among the operands may leave another one."""


@dataclass(frozen=True, eq=False)
class Applied:
    """A function of several operands that was applied, kept so that others meet its terms."""

    key: Hashable
    operands: tuple[Tensor, ...]
    start: int
    shape: tuple[int, ...]
    commutes: bool
    second: bool
    _made: list[RowTable] = field(default_factory=list)

    def table(self) -> RowTable:
        """Its rows of operands."""
        if not self._made:
            self._made.append(RowTable(rows_of([t.ids for t in self.operands], self.commutes)))
        return self._made[0]


def rows_of(operands: Sequence[Ids], commutes: bool) -> Ids:
    """One row of operands an entry of the result."""
    rows = np.stack([one.ravel() for one in broadcast(operands)], axis=1)
    return np.sort(rows, axis=1) if commutes else rows


def apply_unary(terms: Terms, key: tuple[Hashable, ...], keeps_zero: bool, x: Ids) -> Ids:
    """The function on each term: block by block, numbers one by one; of garbage, garbage.

    Two equal terms stay equal, as ``f`` of a block is a block in the same order.
    """
    out = np.empty_like(x)
    lost = x >= FIRST_GARBAGE
    out[lost] = terms.garbage((int(lost.sum()),))
    for number in np.unique(x[x < 0]).tolist():
        kept = keeps_zero and number == ZERO
        out[x == number] = ZERO if kept else terms.start((*key, "number", number), (1,))
    for place in terms.blocks_in(x):
        first, end = terms.span(place)
        inside = (x >= first) & (x < end)
        out[inside] = x[inside] - first + terms.start((*key, "block", first), (end - first,))
    return out


def without_neutral(op: str, operands: Sequence[Tensor], shape: tuple[int, ...]) -> Tensor | None:
    """The operand that the others leave as it is, where they are neutral numbers all over."""
    if len(operands) != 2:
        return None
    for place, neutral in NEUTRAL.get(op, {}).items():
        other, kept = operands[place], operands[1 - place]
        if other.constant and kept.shape == shape and (other.ids == neutral).all():
            return kept
    return None


def simplified(op: str, operands: Sequence[Ids]) -> tuple[Ids, Ids] | None:
    """Where a row has a neutral number or a factor 0: whether it has, and the entry's term."""
    if op == "Where":
        condition, x, y = broadcast(operands)
        chosen = np.where(condition == ONE, x, y)
        return (condition == ONE) | (condition == ZERO), chosen
    if op not in NEUTRAL:
        return None
    a, b = broadcast(operands)
    out = np.full(a.shape, FIRST_GARBAGE, np.int64)
    for place, neutral in NEUTRAL[op].items():
        out = np.where((a, b)[place] == neutral, (b, a)[place], out)
    if op == "Mul":
        out = np.where((a == ZERO) | (b == ZERO), ZERO, out)
    if op == "Div":
        out = np.where((a == ZERO) & (b < 0) & (b != ZERO), ZERO, out)  # by a number, not by 0
    return out != FIRST_GARBAGE, out


class Pointwise:
    """Applies functions to terms, and keeps what was applied."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._applied: dict[Hashable, list[Applied]] = {}

    def unary(self, key: tuple[Hashable, ...], op: str, x: Tensor) -> Tensor:
        """``f(x)``; its key says which function it is."""
        full = (*key, x.number)
        keeps = op in KEEPS_ZERO
        starts = None if x.origins is None else frozenset(self._moved(key, s) for s in x.origins)
        return self.terms.tensor(
            full,
            x.shape,
            lambda: apply_unary(self.terms, key, keeps, x.ids),
            distinct=x.distinct,
            mixed=x.mixed,
            origins=starts,
        )

    def _moved(self, key: tuple[Hashable, ...], start: int) -> int:
        return self.terms.start((*key, "block", start), (self.terms.size_of(start),))

    def nary(self, key: tuple[Hashable, ...], op: str, operands: Sequence[Tensor]) -> Tensor:
        """``f(x, y, ...)`` at each position, operands repeated to the shape of all."""
        shape = np.broadcast_shapes(*(t.shape for t in operands))
        if (kept := without_neutral(op, operands, shape)) is not None:
            return kept
        numbers = [t.number for t in operands]
        commutes = op in COMMUTATIVE
        full = (*key, *(sorted(numbers) if commutes else numbers))
        if (found := self.terms.made(full)) is not None:
            return found
        start = self.terms.start(full, shape)
        applied = Applied(full, tuple(operands), start, shape, commutes, self.terms.second)
        whole = any(t.distinct and t.shape == shape for t in operands)
        plain = whole and not (op in SIMPLIFIED and any(_may_simplify(op, t) for t in operands))
        tensor = self.terms.tensor(
            full,
            shape,
            lambda: self._terms_of(applied, key, op),
            distinct=plain,
            mixed=not plain,
            origins=frozenset([start]) if plain else None,
        )
        self._applied.setdefault(key, []).append(applied)
        return tensor

    def _terms_of(
        self,
        applied: Applied,
        key: Hashable,
        op: str,
    ) -> Ids:
        """The terms of a result: those that an earlier application made, or its own block's."""
        own = self.terms.made(applied.key)
        if own is not None and own.distinct:
            return self.terms.block(applied.key, applied.shape)
        ids = [t.ids for t in applied.operands]
        rows = rows_of(ids, applied.commutes)
        out = self.terms.block(applied.key, applied.shape).ravel().copy()
        open_rows = np.ones(len(rows), bool)
        if (easy := simplified(op, ids)) is not None:
            open_rows = ~easy[0].ravel()
            out = np.where(open_rows, out, easy[1].ravel())
        first = out.copy()
        for other in self._earlier(key, applied):
            running().check_time()
            if not open_rows.any():
                break
            places = other.table().places(rows, open_rows)
            hit = places >= 0
            out[hit] = self._made_by(other).ravel()[places[hit]]
            open_rows &= ~hit
        lost = open_rows & (rows >= FIRST_GARBAGE).any(axis=1)
        out[lost] = self.terms.garbage((int(lost.sum()),))
        return _shared(out, rows, first, open_rows & ~lost).reshape(applied.shape)

    def _made_by(self, applied: Applied) -> Ids:
        tensor = self.terms.made(applied.key)
        return self.terms.block(applied.key, applied.shape) if tensor is None else tensor.ids

    def _earlier(self, key: Hashable, applied: Applied) -> list[Applied]:
        """The first model's applications of the function to terms of the same blocks."""
        if not applied.second:
            return []
        found = []
        mine = self._blocks(applied.operands)
        for other in self._applied.get(key, []):
            if other.second:
                break
            theirs = self._blocks(other.operands)
            pairs = zip(mine, theirs, strict=True)
            if all(a & b for a, b in pairs) if not applied.commutes else _meet(mine, theirs):
                found.append(other)
        return found

    def _blocks(self, operands: tuple[Tensor, ...]) -> list[frozenset[int]]:
        """The blocks of each operand; -1 stands for numbers."""
        return [self.terms.blocks_of(t) or frozenset([-1]) for t in operands]


def _meet(mine: Sequence[frozenset[int]], theirs: Sequence[frozenset[int]]) -> bool:
    return bool(frozenset[int]().union(*mine) & frozenset[int]().union(*theirs))


def _may_simplify(op: str, t: Tensor) -> bool:
    """Whether an operand may hold a neutral number of an operator, or a factor 0."""
    if not t.constant:
        return t.mixed
    return bool(np.isin(t.ids, [ZERO, *NEUTRAL.get(op, {}).values()]).any()) or op == "Where"


def _all_apart(column: Ids) -> bool:
    """Whether no term is in a column twice."""
    if (column[1:] > column[:-1]).all():
        return True
    ordered = np.sort(column)
    return bool((ordered[1:] != ordered[:-1]).all())


def _shared(
    out: Ids, rows: Ids, first: Ids, own: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Ids:
    """Equal rows of a block get one term, that of the first."""
    if not own.any():
        return out
    mine = rows[own]
    if any(_all_apart(mine[:, column]) for column in range(mine.shape[1])):
        return out
    _, at, inverse = np.unique(mine, axis=0, return_index=True, return_inverse=True)
    out[own] = first[own][at][inverse.ravel()]
    return out


Apply = Callable[[tuple[Hashable, ...], str, Sequence[Tensor]], Tensor]
