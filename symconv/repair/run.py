"""Pipelines in floating point, for many candidates that share most of their steps.

A *node* is the number of a tensor: of the input, of a weight, or of what a step makes of another
node.  Equal steps on equal nodes are one node, whatever the candidate, and it is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.errors import SymconvError
from symconv.layer import Conv
from symconv.repair.edits import RIGHT, Changed, used_by
from symconv.replay.convolutions import numbers, padded
from symconv.replay.run import filled
from symconv.replay.steps import run_steps
from symconv.size.numbers import read_number

Array = NDArray[Any]
Sizes = tuple[int, ...]
Pairs = list[tuple[int, int]]

FAULTS = (SymconvError, ValueError, IndexError, ZeroDivisionError, TypeError, OverflowError)
"""What a candidate that makes no sense ends with, from NumPy as from symconv."""

MOST_KEPT = 32 * 2**20
"""Bytes of tensors that are kept: all of a small claim's, and the first ones of a large claim's."""


class FailedBefore(ValueError):
    """Steps that failed on the same tensors before."""


class OtherShape(ValueError):
    """A side whose shape is not the other one's; what it holds need not be computed."""


class Token(NamedTuple):
    """A step's number, which equal steps share, and the weights that it names."""

    step: st.Step
    number: int
    uses: tuple[str, ...]


@dataclass(slots=True)
class Kept:
    """What is known of nodes: their numbers, and their tensors as far as there is room."""

    tensors: dict[int, Array | None] = field(default_factory=dict)
    """By the node; None where its step failed, as it would again."""

    left: int = MOST_KEPT
    _nodes: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _numbers: dict[st.Step, int] = field(default_factory=dict)
    _tokens: dict[int, Token] = field(default_factory=dict)
    """By the step's ``id``, which stays its own as the token holds the step."""

    def node(self, *parts: Any) -> int:
        """The number of what is made of these parts."""
        return self._nodes.setdefault(parts, len(self._nodes))

    def token(self, step: st.Step) -> Token:
        """The step's token; steps are mostly the same objects, and then need no comparison."""
        found = self._tokens.get(id(step))
        if found is None:
            number = self._numbers.setdefault(step, len(self._numbers))
            found = self._tokens[id(step)] = Token(step, number, used_by(step))
        return found

    def keep(self, node: int, array: Array | None) -> None:
        """Keep a tensor as far as there is room."""
        size = 0 if array is None else array.nbytes
        if size <= self.left:
            self.left -= size
            self.tensors[node] = array

    def known(self, node: int) -> Array:
        """The tensor of a node that is known.

        Raises:
            FailedBefore: its step failed.
        """
        found = self.tensors[node]
        if found is None:
            raise FailedBefore
        return found

    def made(self, node: int, make: Callable[[], Array]) -> Array:
        """The tensor of a node, made where it is not known; what fails is kept as well.

        Raises:
            FailedBefore: it was tried before, and failed.
        """
        if node in self.tensors:
            return self.known(node)
        try:
            found = make()
        except FAULTS:
            self.keep(node, None)
            raise
        self.keep(node, found)
        return found


@dataclass(slots=True)
class Run:
    """A claim on some tensors, with other pipelines in place of those that a candidate changes."""

    claim: Claim
    tensors: Mapping[str, Array]
    kept: Kept
    changed: Changed = field(default_factory=dict)
    _weights: dict[str, int] = field(default_factory=dict)

    def left(self) -> Array:
        """What the left side gives; no candidate changes it."""
        return self._side(self.claim.left)

    def right(self, wanted: Sizes | None = None) -> Array:
        """What the right side gives, unless it is seen beforehand to have another shape.

        Raises:
            OtherShape: it has.
        """
        return self._side(self.changed.get(RIGHT, self.claim.right), wanted)

    def _side(self, steps: Sequence[st.Step], wanted: Sizes | None = None) -> Array:
        """What a side gives; the last step is not kept, as no two candidates share it."""
        start, x = self.kept.node(RIGHT), self.tensors[RIGHT]
        before, node = self._run(start, x, steps[:-1])
        if not steps:
            return before.astype(float)
        if wanted is not None and isinstance(last := steps[-1], st.ConvStep):
            self._check_shape(last, before, wanted)
        return self._stepped(steps[-1], node, before).astype(float)

    def _check_shape(self, step: st.ConvStep, x: Array, wanted: Sizes) -> None:
        w = self._weight(step.weight)
        if w.ndim == x.ndim + 1 and shape_after(step, x.shape, w.shape) != wanted:
            raise OtherShape

    def _run(self, start: int, array: Array, steps: Sequence[st.Step]) -> tuple[Array, int]:
        """What steps give of a node's tensor, and its node.

        Raises:
            FailedBefore: they were tried before, and failed.
        """
        nodes = self._nodes(start, steps)
        done = next((n for n in range(len(steps), 0, -1) if nodes[n] in self.kept.tensors), 0)
        array = self.kept.known(nodes[done]) if done else array
        for step, before, node in zip(steps[done:], nodes[done:], nodes[done + 1 :], strict=False):
            array = self.kept.made(node, partial(self._stepped, step, before, array))
        return array, nodes[-1]

    def _nodes(self, start: int, steps: Sequence[st.Step]) -> list[int]:
        nodes = [start]
        for step in steps:
            token = self.kept.token(step)
            used = map(self._weight_node, token.uses)
            nodes.append(self.kept.node(nodes[-1], token.number, *used))
        return nodes

    def _weight_node(self, name: str) -> int:
        if name not in self._weights:
            weight = self.claim.weight(name)
            if weight.source is None:
                self._weights[name] = self.kept.node("weight", name)
            else:
                steps = self.changed.get(name, weight.steps)
                self._weights[name] = self._nodes(self._weight_node(weight.source), steps)[-1]
        return self._weights[name]

    def _weight(self, name: str) -> Array:
        node, weight = self._weight_node(name), self.claim.weight(name)
        if node in self.kept.tensors:
            return self.kept.known(node)
        if weight.source is not None:
            source = self._weight(weight.source)
            steps = self.changed.get(name, weight.steps)
            return self._run(self._weight_node(weight.source), source, steps)[0]
        return self.tensors[name] if weight.fill is None else filled(weight).astype(float)

    def _stepped(self, step: st.Step, before: int, x: Array) -> Array:
        """One step on the tensor of a node; its branches are pipelines on the same tensor."""
        if isinstance(step, st.Add | st.Concat):
            parts = [self._run(before, x, branch)[0] for branch in step.branches]
            joined = sum(parts) if isinstance(step, st.Add) else np.concatenate(parts, step.axis)
            return np.asarray(joined)
        with np.errstate(all="ignore"):
            if isinstance(step, st.ConvStep) and x.dtype == float:
                w = self._weight(step.weight)
                if w.dtype == float and w.ndim == x.ndim + 1:
                    return self._convolved(step, before, x, w)
            return run_steps([step], x, self._weight)

    def _convolved(self, step: st.ConvStep, before: int, x: Array, w: Array) -> Array:
        """A convolution; what it reads of its input is kept for kernels of the same shape."""
        node = self.kept.node("columns", before, self.kept.token(step).number, *w.shape)
        y = weighed(self.kept.made(node, partial(columns_of, step, x, w.shape)), w)
        if step.bias is None:
            return y
        return y + self._weight(step.bias).reshape(-1, *[1] * (x.ndim - 1))


def columns_of(step: st.ConvStep, x: Array, kernel: Sizes) -> Array:
    """What each output of a convolution reads: group, channel and tap, then the output's place."""
    rank, groups = x.ndim - 1, step.groups
    pads, strides, dilations = _geometry(step, x.shape, kernel)
    x = _padded(x, [(0, 0), *pads], step)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel[2:], dilations, strict=True)]
    windows = sliding_window_view(x, spans, tuple(range(1, rank + 1)))
    read = windows[(slice(None), *(slice(None, None, n) for n in (*strides, *dilations)))]
    out = read.shape[1 : rank + 1]
    # Channel, taps, positions; then the channels of each group with the taps in one axis.
    order = (0, *range(rank + 1, 2 * rank + 1), *range(1, rank + 1))
    return read.transpose(order).reshape(groups, kernel[1] * prod(kernel[2:]), *out)


def weighed(columns: Array, w: Array) -> Array:
    """A convolution as one product of matrices per group, which spares a call per tap."""
    groups, reads, *out = columns.shape
    flat = columns.reshape(groups, reads, prod(out))
    y = np.matmul(w.reshape(groups, len(w) // groups, -1), flat)
    return np.asarray(y.reshape(len(w), *out))


@lru_cache(maxsize=4096)
def shape_after(step: st.ConvStep, read: Sizes, kernel: Sizes) -> Sizes:
    """The shape of what a convolution gives of a tensor and a kernel of these shapes."""
    pads, strides, dilations = _geometry(step, read, kernel)
    axes = zip(read[1:], pads, kernel[2:], strides, dilations, strict=True)
    sizes = ((n + lo + hi - d * (k - 1) - 1) // s + 1 for n, (lo, hi), k, s, d in axes)
    return (kernel[0], *sizes)


@lru_cache(maxsize=4096)
def _geometry(step: st.ConvStep, read: Sizes, kernel: Sizes) -> tuple[Pairs, Sizes, Sizes]:
    """Pads, strides and dilations of a convolution that reads this shape by this kernel's."""
    layer = Conv(
        kernel[1] * step.groups,
        kernel[0],
        kernel[2:],
        step.stride,
        step.padding,
        step.dilation,
        step.groups,
    )
    return numbers(layer, read)


def _padded(x: Array, pads: Sequence[tuple[int, int]], step: st.ConvStep) -> Array:
    """The padded input; for pads of one number without `numpy.pad`, which is slow on small ones."""
    if step.padding_mode != "zeros":
        return padded(x, pads, step.padding_mode, 0)
    value = read_number(step.padding_value)
    fill = float("-inf") if value is None else float(value)
    grown = np.full([n + lo + hi for n, (lo, hi) in zip(x.shape, pads, strict=True)], fill)
    ends = list(zip(x.shape, pads, strict=True))
    to = tuple(slice(max(lo, 0), n + lo + min(hi, 0)) for n, (lo, hi) in ends)
    of = tuple(slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in ends)
    grown[to] = x[of]
    return grown
