"""Tensors as nodes that are computed only where somebody reads them.

Data flow: a node is asked for a *grid*, sorted positions on every axis; its plan says which grids
it reads of its parents and how it computes from them.  Demands are gathered from the outputs back
to the inputs, each node's in one grid, and the values are then computed once, from the inputs on:
so the cost is that of what the asked outputs read, whatever the sizes, and linear in the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.errors import TooLarge
from symconv.evaluation.hashing import RANDOM

Array = NDArray[Any]
Index = NDArray[np.int64]
Grid = tuple[Index, ...]
Live = tuple[Index | None, ...]
Marks = tuple[tuple[int, ...], ...]
Run = Callable[[Sequence[Array]], Array]


MOST_VALUES = 2**60
"""Of a tensor: so that no sum of two of its positions is beyond 64 bits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a node reads of its parents for a grid, and how it computes its values from that."""

    reads: tuple[Grid, ...]
    run: Run


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A tensor of this shape, its values numerators over ``den``.

    ``live`` gives, where it is known, the positions of an axis outside which all values are zero;
    ``marks`` are positions of each axis where something changes: ends, seams, borders of blocks.
    ``degree`` bounds the values' degree as polynomials in the entries of the input and weights.
    """

    number: int
    shape: tuple[int, ...]
    parents: tuple[Node, ...]
    plan: Callable[[Grid], Plan]
    den: int
    degree: int
    live: Live
    marks: Marks


def check_size(shape: Sequence[int]) -> None:
    """Refuse a tensor whose positions are beyond 64 bits.

    Raises:
        TooLarge: it is one.
    """
    if prod(shape) >= MOST_VALUES:
        raise TooLarge(f"a tensor of shape {tuple(shape)} has more than 2^60 values")


@dataclass(slots=True)
class Graph:
    """Nodes in the order in which they were made: parents first."""

    count: int = 0
    holes: bool = False
    """Whether some layer leaves outputs that read nothing between those that do."""

    def node(
        self,
        shape: Sequence[int],
        parents: Sequence[Node],
        plan: Callable[[Grid], Plan],
        *,
        den: int = 1,
        degree: int = 0,
        live: Live | None = None,
        marks: Marks | None = None,
    ) -> Node:
        """A node of its own number; without marks, the ends of each axis are marked.

        Raises:
            TooLarge: positions of an axis, or a stride over it, are beyond 64 bits.
        """
        check_size(shape)
        self.count += 1
        ends = tuple((0, n - 1) for n in shape) if marks is None else marks
        alive = (None,) * len(shape) if live is None else live
        return Node(self.count, tuple(shape), tuple(parents), plan, den, degree, alive, ends)

    def after(
        self,
        x: Node,
        shape: Sequence[int],
        plan: Callable[[Grid], Plan],
        live: Live,
        marks: Marks,
        den: int | None = None,
    ) -> Node:
        """A node of one parent, with its degree, and its denominator unless another is given.

        Raises:
            TooLarge: as `node` does.
        """
        den = x.den if den is None else den
        return self.node(shape, [x], plan, den=den, degree=x.degree, live=live, marks=marks)


@dataclass(slots=True)
class Budget:
    """How many values may be looked at; beyond it an evaluation stops before anything is made."""

    most: int
    used: int = field(default=0)

    def fresh(self) -> Budget:
        """The same budget, not yet spent."""
        self.used = 0
        return self

    def spend(self, *lengths: int) -> None:
        """Count an array of these lengths.

        Raises:
            TooLarge: the budget is spent.
        """
        self.used += prod(lengths)
        if self.used > self.most:
            raise TooLarge(f"an evaluation would look at more than {self.most} values")

    def positions(self, size: int) -> Index:
        """All positions of an axis, counted.

        Raises:
            TooLarge: the budget is spent.
        """
        self.spend(size)
        return np.arange(size, dtype=np.int64)


def evaluate(asked: Sequence[tuple[Node, Grid]], budget: Budget) -> list[Array]:
    """The values of nodes on grids, shape ``(points, *lengths)``.

    Raises:
        TooLarge: they read more than the budget holds.
    """
    wanted: dict[int, tuple[Node, Grid]] = {}
    for node, grid in asked:
        _want(wanted, node, grid)
    plans: list[tuple[Node, Grid, Plan]] = []
    while wanted:
        node, grid = wanted.pop(max(wanted))
        budget.spend(*map(len, grid))
        plan = node.plan(grid)
        plans.append((node, grid, plan))
        for parent, read in zip(node.parents, plan.reads, strict=True):
            _want(wanted, parent, read)
    return _computed(plans[::-1], asked)


def _want(wanted: dict[int, tuple[Node, Grid]], node: Node, grid: Grid) -> None:
    """Add a grid to what is wanted of a node; one that is empty reads nothing."""
    if not all(map(len, grid)):
        return
    before = wanted.get(node.number)
    if before is not None:
        grid = tuple(
            a if a is b else distinct(np.concatenate((a, b)))
            for a, b in zip(before[1], grid, strict=True)
        )
    wanted[node.number] = node, grid


def _computed(
    plans: Sequence[tuple[Node, Grid, Plan]], asked: Sequence[tuple[Node, Grid]]
) -> list[Array]:
    known: dict[int, tuple[Grid, Array]] = {}
    last = {parent.number: n for n, (node, _, _) in enumerate(plans) for parent in node.parents}
    last |= {node.number: len(plans) for node, _ in asked}
    for n, (node, grid, plan) in enumerate(plans):
        reads = zip(node.parents, plan.reads, strict=True)
        values = plan.run([_taken(known, parent, read) for parent, read in reads])
        known[node.number] = grid, values
        for parent in node.parents:
            if last[parent.number] == n:
                known.pop(parent.number, None)
    return [_taken(known, node, grid) for node, grid in asked]


def _taken(known: dict[int, tuple[Grid, Array]], node: Node, grid: Grid) -> Array:
    """The values of a node on a part of the grid on which they are known."""
    if not all(map(len, grid)):
        return np.zeros((1, *map(len, grid)))
    whole, values = known[node.number]
    for axis, (have, want) in enumerate(zip(whole, grid, strict=True), 1):
        if have is not want and len(have) != len(want):
            values = values.take(np.searchsorted(have, want), axis)
    return values


def few(marks: Sequence[int], size: int, most: int) -> tuple[int, ...]:
    """At most this many of the marks inside an axis, the ends and a spread of the others.

    >>> few([-1, 0, 3, 4, 9, 20], 10, 3)
    (0, 3, 9)
    """
    inside = sorted({m for m in marks if 0 <= m < size})
    if len(inside) <= most:
        return tuple(inside)
    # Those next to the ends first, where pads, crops and tails show; of the others any.
    order = [inside[i // 2] if i % 2 == 0 else inside[-1 - i // 2] for i in range(len(inside))]
    outer = max(min(most, 3), most // 2)
    return tuple(sorted([*order[:outer], *RANDOM.sample(order[outer:], most - outer)]))


FEW = 64
"""So many positions are sorted faster by Python than by NumPy (measured)."""


COUNTED = 65_536
"""Below it, positions are counted rather than hashed and sorted: ten times as fast (measured)."""


def distinct(values: Index) -> Index:
    """The positions among these, each once, in their order."""
    if values.size > FEW:
        counted = values.min() >= 0 and values.max() < COUNTED
        return np.flatnonzero(np.bincount(values.ravel())) if counted else np.unique(values)
    return np.array(sorted({*values.ravel().tolist()}), dtype=np.int64)


def places(values: Index, chosen: Index | Sequence[int]) -> Index:
    """Where the values are among the chosen ones."""
    if values.size > FEW:
        return np.flatnonzero(np.isin(values, chosen))
    kept = {*(chosen.tolist() if isinstance(chosen, np.ndarray) else chosen)}
    return np.array([at for at, v in enumerate(values.tolist()) if v in kept], dtype=np.int64)


def union(first: Index | None, second: Index | None) -> Index | None:
    """Both sets of positions, or None where one of them is not known."""
    if first is None or second is None:
        return None
    return distinct(np.concatenate((first, second)))


def outer_sum(parts: Sequence[Index]) -> Index:
    """All sums of one number of each part, in C order."""
    return reduce(lambda a, b: np.add.outer(a, b).ravel(), parts, np.zeros(1, dtype=np.int64))
