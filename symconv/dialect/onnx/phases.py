"""Phases of a signal on its channel axis, written into a graph: taken apart and put together."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from symconv.dialect.onnx.emit import TO_END, Emitter


def interleaved(
    x: str, channels: int, lengths: Sequence[int] | None, factors: Sequence[int], emit: Emitter
) -> str:
    """Write phases ``(N, (m r), *L)`` put together to a signal ``(N, m, *(L E))``.

    Raises:
        Unsupported: lengths are free, and the opset has no slices with steps.
    """
    if len(factors) == 2 and len(set(factors)) == 1 and emit.opset >= 11:
        return emit.node("DepthToSpace", [x], blocksize=factors[0], mode="CRD")
    if len(factors) == 1:
        cut = emit.reshape(x, [0, channels, factors[0], -1])
        return emit.reshape(emit.transpose(cut, [0, 1, 3, 2]), [0, 0, -1])
    if lengths is None:
        return _interleaved_freely(x, factors, emit)
    sizes = list(lengths)
    for axis in reversed(range(len(factors))):
        e, rest = factors[axis], channels * prod(factors[:axis])
        if e > 1:  # ((rest) r) before n after -> (rest) before (n r) after, by rank 4 alone
            apart = [-1, e, prod(sizes[: axis + 1]), prod(sizes[axis + 1 :])]
            merged = emit.transpose(emit.reshape(x, apart), [0, 2, 1, 3])
            sizes[axis] *= e
            x = emit.reshape(merged, [-1, rest, *sizes])
    return x


def _interleaved_freely(x: str, factors: Sequence[int], emit: Emitter) -> str:
    """The same at lengths that are free, an axis at a time: as a new last axis, and into it."""
    rank = 2 + len(factors)
    for axis in reversed(range(2, rank)):
        if (e := factors[axis - 2]) == 1:
            continue
        last = [n for n in range(rank) if n != axis] + [axis]
        parts = [emit.slice(x, 1, r, TO_END, e) for r in range(e)]
        if axis + 1 < rank:
            parts = [emit.transpose(part, last) for part in parts]
        side_by_side = emit.concat([emit.reshape(part, [0] * rank + [1]) for part in parts], rank)
        x = emit.reshape(side_by_side, [0] * (rank - 1) + [-1])
        if axis + 1 < rank:
            x = emit.transpose(x, [last.index(n) for n in range(rank)])
    return x


def strided_slices(x: str, factors: Sequence[int], emit: Emitter) -> str:
    """Write the phases of a signal, whose sizes they divide, on the channel axis, ``(r c)``."""
    for axis in reversed(range(len(factors))):
        if (e := factors[axis]) > 1:
            x = emit.concat([emit.slice(x, axis + 2, r, TO_END, e) for r in range(e)], 1)
    return x
