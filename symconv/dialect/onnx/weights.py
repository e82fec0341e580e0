"""Steps of a weight's map as nodes: a kernel is expanded in the graph, and held once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.dialect.onnx.emit import TO_END, Emitter
from symconv.errors import Unsupported
from symconv.size.numbers import read_finite

Shape = tuple[int, ...]


def write_steps(
    name: str, shape: Sequence[int], steps: Sequence[st.Step], emit: Emitter
) -> tuple[str, Shape]:
    """Write what the steps make of a tensor of this shape; its name, and the new shape.

    Raises:
        Unsupported: a step has no nodes.
    """
    found = name, tuple(shape)
    for step in steps:
        found = _written_step(step, *found, emit)
    return found


def _written_step(step: st.Step, x: str, shape: Shape, emit: Emitter) -> tuple[str, Shape]:
    if isinstance(step, st.Pad) and step.mode == "zeros" and read_finite(step.value) == 0:
        return _pad(step, x, shape, emit)
    if isinstance(step, st.Tile):
        repeats = emit.constant("repeats", step.repeats)
        made = tuple(n * r for n, r in zip(shape, step.repeats, strict=True))
        return emit.node("Tile", [x, repeats]), made
    if isinstance(step, st.Slice):
        return _slices(step.slices, x, shape, emit)
    if isinstance(step, st.Flip):
        for axis in step.axes:
            x = emit.slice(x, axis, -1, -TO_END, -1)
        return x, shape
    if isinstance(step, st.Transpose):
        return emit.transpose(x, step.axes), tuple(shape[axis] for axis in step.axes)
    if isinstance(step, st.Rearrange):
        return _rearranged(step, x, shape, emit)
    raise Unsupported(f"the step {step.op} of a weight's map has no nodes")


def _pad(step: st.Pad, x: str, shape: Shape, emit: Emitter) -> tuple[str, Shape]:
    grown = [(max(lo, 0), max(hi, 0)) for lo, hi in step.padding]
    x = emit.pad(x, grown)
    sizes = [n + lo + hi for n, (lo, hi) in zip(shape, grown, strict=True)]
    cuts = [
        (max(-lo, 0), size - max(-hi, 0), 1)
        for size, (lo, hi) in zip(sizes, step.padding, strict=True)
    ]
    return _slices(cuts, x, tuple(sizes), emit)


def _slices(
    slices: Sequence[tuple[int | None, int | None, int | None]], x: str, shape: Shape, emit: Emitter
) -> tuple[str, Shape]:
    sizes = list(shape)
    for axis, (first, end, every) in enumerate(slices):
        taken = range(sizes[axis])[slice(first, end, every)]
        if len(taken) != sizes[axis]:
            x = emit.slice(x, axis, taken.start, taken.stop, taken.step)
            sizes[axis] = len(taken)
    return x, tuple(sizes)


def _rearranged(step: st.Rearrange, x: str, shape: Shape, emit: Emitter) -> tuple[str, Shape]:
    pattern = read_pattern(step.pattern)
    sizes = pattern.factor_sizes(shape, dict(step.sizes))
    before = [name for group in pattern.left for name in group]
    after = [name for group in pattern.right for name in group]
    if len(before) != len(shape):
        x = emit.reshape(x, [sizes[name] for name in before])
    if before != after:
        x = emit.transpose(x, [before.index(name) for name in after])
    made = tuple(prod(sizes[name] for name in group) for group in pattern.right)
    if len(after) != len(made):
        x = emit.reshape(x, made)
    return x, made
