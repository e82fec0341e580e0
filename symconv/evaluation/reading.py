"""Pipelines as graphs of nodes: what each step of a claim computes, read from its attributes.

The layers are read in `symconv.evaluation.layers`.

Nothing here is the provers': no table, no form, no layer's own arithmetic.  A step that does not
fit its tensor is a `Misfit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch
from math import lcm
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.steps import moves
from symconv.evaluation import text
from symconv.evaluation.graph import Array, Grid, Index, Node, Plan, check_size
from symconv.evaluation.lattices import coset_signals, kept_within
from symconv.evaluation.moves import (
    AxisMap,
    World,
    added,
    gathered,
    joined,
    multiplied,
    rearranged,
    scaled,
    transposed,
)
from symconv.evaluation.points import Point, knowledge
from symconv.evaluation.text import require

INPUT = ""
"""The name of the input among the tensors of a point; no weight has it."""


@dataclass(slots=True)
class Reader:
    """Reads the pipelines of one claim in one world, at one point."""

    world: World
    claim: Claim
    point: Point
    _weights: dict[str, Node] = field(default_factory=dict)

    def side(self, side: str) -> Node:
        """The tensor that one side computes."""
        start = self.tensor(INPUT, (self.claim.channels, *self.claim.size))
        return self.pipeline(start, self.claim.side(side))

    def pipeline(self, x: Node, steps: Sequence[st.Step]) -> Node:
        """The tensor after all steps."""
        for step in steps:
            x = read(step, x, self)
        return x

    def weight(self, name: str) -> Node:
        """A named tensor of the claim, read once."""
        if name not in self._weights:
            weight = self.claim.weight(name)
            if weight.source is not None:
                found = self.pipeline(self.weight(weight.source), weight.steps)
            elif isinstance(weight.fill, tuple):
                found = self.written(weight.fill)
            elif weight.fill is not None:
                found = self.constant(text.finite(weight.fill), weight.shape or ())
            else:
                found = self.tensor(name, weight.shape or ())
            self._weights[name] = found
        return self._weights[name]

    def tensor(self, name: str, shape: Sequence[Any]) -> Node:
        """A free tensor: its values are the point's."""
        sizes = tuple(int(n) for n in shape)
        check_size(sizes)
        numbers, live = self.world.numbers, self.point.live(name, sizes)

        def plan(grid: Grid) -> Plan:
            return Plan((), lambda _: self.point.values(name, sizes, grid, numbers))

        ends = zip(sizes, live, strict=True)
        marks = tuple((0, n - 1) if alive is None else _ends(alive) for n, alive in ends)
        return self.world.graph.node(sizes, (), plan, degree=1, live=live, marks=marks)

    def constant(self, value: Fraction, shape: Sequence[Any]) -> Node:
        """The same number everywhere."""
        numbers = self.world.numbers

        def plan(grid: Grid) -> Plan:
            def run(_: Sequence[Array]) -> Array:
                column = numbers.whole([value.numerator]).reshape(-1, *[1] * len(grid))
                return np.broadcast_to(column, (len(column), *map(len, grid)))

            return Plan((), run)

        return self.world.graph.node(tuple(int(n) for n in shape), (), plan, den=value.denominator)

    def written(self, values: Any) -> Node:
        """A constant tensor with a number for each entry."""
        exact = np.frompyfunc(text.finite, 1, 1)(np.array(values, dtype=object))
        den = lcm(*(number.denominator for number in exact.ravel()))
        whole = np.frompyfunc(lambda number: int(number * den), 1, 1)(exact)
        numbers = self.world.numbers

        def plan(grid: Grid) -> Plan:
            part = whole[np.ix_(*grid)]

            def run(_: Sequence[Array]) -> Array:
                return numbers.whole(part.ravel().tolist()).reshape(-1, *part.shape)

            return Plan((), run)

        return self.world.graph.node(whole.shape, (), plan, den=den)


def _ends(live: Index) -> tuple[int, ...]:
    """The outermost positions at which not all is zero: others may show nothing."""
    return tuple(dict.fromkeys(int(at) for at in (*live[:1], *live[-1:])))


@singledispatch
def read(step: st.Step, x: Node, reader: Reader) -> Node:
    """The tensor after one step."""
    raise text.Misfit(f"step {step.op!r} is not evaluated")


def _axis(axis: Any, x: Node) -> int:
    rank = len(x.shape)
    require(type(axis) is int and -rank <= axis < rank, f"there is no axis {axis!r} of {rank}")
    return int(axis % rank)


def _maps(
    x: Node, values: Any, changed: Callable[[int, Any], AxisMap | None]
) -> dict[int, AxisMap]:
    """One map for each axis that a step changes."""
    entries = zip(x.shape, text.per_axis(values, len(x.shape)), strict=True)
    found = {axis: changed(size, value) for axis, (size, value) in enumerate(entries)}
    return {axis: m for axis, m in found.items() if m is not None}


@read.register
def _(step: st.Rearrange, x: Node, reader: Reader) -> Node:
    left, right = text.pattern(step.pattern)
    sizes = text.factors(left, x.shape, dict(step.sizes))
    return rearranged(reader.world, x, left, right, sizes)


@read.register
def _(step: st.Pad, x: Node, reader: Reader) -> Node:
    return padded(x, step.padding, step.mode, text.number(step.value), reader)


def padded(x: Node, padding: Any, mode: str, fill: Fraction | None, reader: Reader) -> Node:
    """The tensor behind pads and crops; None fills with the identity of the maximum."""

    def one(size: int, pair: tuple[int, int]) -> AxisMap | None:
        lo, hi = pair
        require(size + lo + hi >= 1, f"padding {lo, hi} leaves nothing of {size} samples")
        if (lo, hi) == (0, 0):
            return None
        return AxisMap(
            size + lo + hi,
            lambda o: text.bordered(o - lo, size, lo, hi, mode),
            holes=mode == "zeros" and max(lo, hi) > 0,
        )

    return gathered(reader.world, x, _maps(x, padding, one), fill)


@read.register
def _(step: st.Slice, x: Node, reader: Reader) -> Node:
    def one(size: int, part: Any) -> AxisMap | None:
        kept = range(size)[slice(*part)]
        require(len(kept), f"slice {part} leaves nothing of {size} samples")
        return AxisMap(len(kept), lambda o: kept.start + kept.step * o)

    return gathered(reader.world, x, _maps(x, step.slices, one))


@read.register
def _(step: st.Flip, x: Node, reader: Reader) -> Node:
    axes = [_axis(axis, x) for axis in step.axes]
    require(len(set(axes)) == len(axes), f"flip names an axis twice: {step.axes}")
    maps = {a: AxisMap(n, _mirror(n)) for a, n in enumerate(x.shape) if a in axes}
    return gathered(reader.world, x, maps)


def _mirror(size: int) -> Callable[[Index], Index]:
    return lambda o: size - 1 - o


@read.register
def _(step: st.Dilate, x: Node, reader: Reader) -> Node:
    def one(size: int, factor: int) -> AxisMap:
        require(factor >= 1, f"a dilation of {factor}")
        return AxisMap(factor * (size - 1) + 1, _spread(factor), holes=factor > 1)

    return gathered(reader.world, x, _maps(x, step.dilation, one))


def _spread(factor: int) -> Callable[[Index], Index]:
    return lambda o: np.where(o % factor == 0, o // factor, -1)


@read.register
def _(step: st.Tile, x: Node, reader: Reader) -> Node:
    def one(size: int, repeats: int) -> AxisMap:
        require(repeats >= 1, f"{repeats} repeats")
        return AxisMap(size * repeats, lambda o: o % size)

    return gathered(reader.world, x, _maps(x, step.repeats, one))


@read.register
def _(step: st.Repeat, x: Node, reader: Reader) -> Node:
    axis, count = _axis(step.axis, x), step.count
    return gathered(reader.world, x, {axis: AxisMap(x.shape[axis] * count, lambda o: o // count)})


@read.register
def _(step: moves.Roll, x: Node, reader: Reader) -> Node:
    axis, shift = _axis(step.axis, x), step.shift
    size = x.shape[axis]
    require(abs(shift) <= size, f"a roll by {shift} goes beyond an axis of {size}")
    return gathered(reader.world, x, {axis: AxisMap(size, lambda o: (o - shift) % size)})


@read.register
def _(step: st.Split, x: Node, reader: Reader) -> Node:
    axis = _axis(step.axis, x)
    size, lengths = x.shape[axis], step.sizes
    if isinstance(lengths, int):
        lengths = tuple(min(lengths, size - a) for a in range(0, size, lengths))
    require(sum(lengths) == size, f"parts {lengths} do not add up to {size}")
    first = sum(lengths[: step.part])
    return gathered(reader.world, x, {axis: AxisMap(lengths[step.part], lambda o: o + first)})


@read.register
def _(step: st.Transpose, x: Node, reader: Reader) -> Node:
    order = [_axis(axis, x) for axis in step.axes]
    require(sorted(order) == list(range(len(x.shape))), f"{step.axes} is no permutation")
    return transposed(reader.world, x, order)


@read.register
def _(step: st.ReadCosets, x: Node, reader: Reader) -> Node:
    require(len(x.shape) > len(step.matrix), f"{len(x.shape)} axes have no lattice of this rank")
    require(min(step.size) >= 1, f"a box of {step.size} holds nothing")
    return coset_signals(reader.world, x, step.matrix, step.representatives, step.start, step.size)


@read.register
def _(step: st.Within, x: Node, reader: Reader) -> Node:
    require(len(x.shape) >= len(step.matrix), f"{len(x.shape)} axes have no lattice of this rank")
    require(min(step.size) >= 1, f"a box of {step.size} holds nothing")
    return kept_within(reader.world, x, step.matrix, step.start, step.size)


@read.register
def _(step: st.Scale, x: Node, reader: Reader) -> Node:
    return _scaled(x, step.factors, reader)


@read.register
def _(step: st.ScaleAll, x: Node, reader: Reader) -> Node:
    return multiplied(reader.world, x, text.finite(step.factor))


@read.register
def _(step: st.Mask, x: Node, reader: Reader) -> Node:
    return _scaled(x, step.keep, reader)


def _scaled(x: Node, every: Any, reader: Reader) -> Node:
    for axis, factors in enumerate(text.per_axis(every, len(x.shape))):
        if factors is not None:
            require(len(factors) == x.shape[axis], f"{len(factors)} factors on {x.shape[axis]}")
            x = scaled(reader.world, x, axis, [text.finite(f) for f in factors])
    return x


@read.register
def _(step: st.Add, x: Node, reader: Reader) -> Node:
    return added(reader.world, _alike(step, x, reader))


@read.register
def _(step: st.Subtract, x: Node, reader: Reader) -> Node:
    first, *others = _alike(step, x, reader)
    negated = [multiplied(reader.world, other, Fraction(-1)) for other in others]
    return added(reader.world, [first, *negated])


def _alike(step: st.Branching, x: Node, reader: Reader) -> list[Node]:
    """The branches, all of one shape."""
    parts = [reader.pipeline(x, branch) for branch in step.branches]
    require(len({part.shape for part in parts}) == 1, "branches of several shapes are added")
    return parts


@read.register
def _(step: st.Concat, x: Node, reader: Reader) -> Node:
    parts = [reader.pipeline(x, branch) for branch in step.branches]
    axis = _axis(step.axis, parts[0])
    rests = {part.shape[:axis] + part.shape[axis + 1 :] for part in parts}
    require(len(rests) == 1, "branches differ beside the axis on which they are joined")
    return joined(reader.world, parts, axis)


@read.register
def _(step: st.Pointwise, x: Node, reader: Reader) -> Node:
    function, numbers = reader.point.function(step.function), reader.world.numbers
    known = knowledge(step.function)

    def plan(grid: Grid) -> Plan:
        return Plan((grid,), lambda v: numbers.image(function, v[0], x.den, known))

    live = x.live if known.keeps_zero else (None,) * len(x.shape)
    return reader.world.graph.node(
        x.shape, [x], plan, den=known.den, degree=x.degree + 1, live=live, marks=x.marks
    )
