"""Steps that move values, in NumPy."""

from __future__ import annotations

from math import prod

import numpy as np

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.claim.steps import moves
from symconv.replay.convolutions import Array, padded
from symconv.replay.literals import NUMPY_MODES, literal, options
from symconv.replay.steps.base import Weights, Writer, exact, expression, run


@run.register
def _(step: st.Rearrange, x: Array, weights: Weights) -> Array:
    pattern = read_pattern(step.pattern)
    sizes = pattern.factor_sizes(x.shape, dict(step.sizes))
    before = [name for group in pattern.left for name in group]
    after = [name for group in pattern.right for name in group]
    split = x.reshape([sizes[name] for name in before])
    merged = [prod(sizes[name] for name in group) for group in pattern.right]
    return split.transpose([before.index(name) for name in after]).reshape(merged)


@expression.register
def _(step: st.Rearrange, to: Writer, x: str) -> str:
    pattern = read_pattern(step.pattern)
    sizes = dict(step.sizes)
    before = [name for group in pattern.left for name in group]
    order = [before.index(name) for group in pattern.right for name in group]
    factors = [
        [int(name) if name.isdigit() else sizes.get(name) for name in group]
        for group in pattern.left
    ]
    groups = [len(group) for group in pattern.right]
    return f"{to.call('rearrange')}({x}, {factors}, {order}, {groups})  # {step.pattern}"


@run.register
def _(step: st.Pad, x: Array, weights: Weights) -> Array:
    return padded(x, step.padding, step.mode, exact(step.value))


@expression.register
def _(step: st.Pad, to: Writer, x: str) -> str:
    told = options(value=(literal(step.value), "0"), mode=(NUMPY_MODES[step.mode], "constant"))
    return f"{to.call('pad')}({x}, {list(step.padding)}{told})"


@run.register
def _(step: st.Slice, x: Array, weights: Weights) -> Array:
    return x[tuple(slice(*part) for part in step.slices)]


@expression.register
def _(step: st.Slice, to: Writer, x: str) -> str:
    return f"{x}[{', '.join(map(_part, step.slices))}]"


def _part(part: tuple[int | None, int | None, int | None]) -> str:
    start, stop, by = ("" if number is None else str(number) for number in part)
    return f"{start}:{stop}:{by}" if by else f"{start}:{stop}"


@run.register
def _(step: st.Split, x: Array, weights: Weights) -> Array:
    sizes = step.sizes
    if isinstance(sizes, int):
        return x.take(
            range(sizes * step.part, min(sizes * (step.part + 1), x.shape[step.axis])), step.axis
        )
    return np.split(x, np.cumsum(sizes)[:-1], step.axis)[step.part]


@expression.register
def _(step: st.Split, to: Writer, x: str) -> str:
    if isinstance(step.sizes, int):
        first, end = step.sizes * step.part, step.sizes * (step.part + 1)
    else:
        first, end = sum(step.sizes[: step.part]), sum(step.sizes[: step.part + 1])
    before = ":, " * step.axis if step.axis >= 0 else "..., "
    after = ", :" * (-1 - step.axis) if step.axis < 0 else ""
    return f"{x}[{before}{first}:{end}{after}]"


@run.register
def _(step: st.Flip, x: Array, weights: Weights) -> Array:
    return np.flip(x, step.axes)


@expression.register
def _(step: st.Flip, to: Writer, x: str) -> str:
    return f"np.flip({x}, {step.axes})"


@run.register
def _(step: st.Dilate, x: Array, weights: Weights) -> Array:
    spread = np.zeros(
        [f * (n - 1) + 1 for n, f in zip(x.shape, step.dilation, strict=True)], x.dtype
    )
    spread[tuple(slice(None, None, factor) for factor in step.dilation)] = x
    return spread


@expression.register
def _(step: st.Dilate, to: Writer, x: str) -> str:
    return f"{to.call('dilate')}({x}, {step.dilation})"


@run.register
def _(step: st.Tile, x: Array, weights: Weights) -> Array:
    return np.tile(x, step.repeats)


@expression.register
def _(step: st.Tile, to: Writer, x: str) -> str:
    return f"np.tile({x}, {step.repeats})"


@run.register
def _(step: st.Repeat, x: Array, weights: Weights) -> Array:
    return np.repeat(x, step.count, step.axis)


@expression.register
def _(step: st.Repeat, to: Writer, x: str) -> str:
    return f"np.repeat({x}, {step.count}, {step.axis})"


@run.register
def _(step: moves.Roll, x: Array, weights: Weights) -> Array:
    return np.roll(x, step.shift, step.axis)


@expression.register
def _(step: moves.Roll, to: Writer, x: str) -> str:
    return f"np.roll({x}, {step.shift}, {step.axis})"


@run.register
def _(step: st.Transpose, x: Array, weights: Weights) -> Array:
    return x.transpose(step.axes)


@expression.register
def _(step: st.Transpose, to: Writer, x: str) -> str:
    return f"{x}.transpose({step.axes})"
