"""Pipelines in floating point, for many candidates that share most of their steps.

A *node* is the number of a tensor: of the input, of a weight, or of what a step makes of another
node.  Equal steps on equal nodes are one node, whatever the candidate, and it is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.errors import SymconvError
from symconv.repair.convolved import columns_of, output_at, shape_after, weighed
from symconv.repair.edits import RIGHT, Changed, used_by
from symconv.replay.run import filled
from symconv.replay.steps import run_steps

Array = NDArray[Any]

FAULTS = (SymconvError, ValueError, IndexError, ZeroDivisionError, TypeError, OverflowError)
"""What a candidate that makes no sense ends with, from NumPy as from symconv."""

MOST_KEPT = 32 * 2**20
"""Bytes of tensors that are kept: all of a small claim's, and the first ones of a large claim's."""


class FailedBefore(ValueError):
    """Steps that failed on the same tensors before."""


class Different(ValueError):
    """A side that is seen not to be the other one before all of it is computed."""


TOLERANCE = 1e-6
"""Relative: whole numbers are exact, and what is divided is rounded."""


def apart(one: float, other: float) -> bool:
    """Whether two numbers differ by more than rounding; what is not finite says nothing."""
    finite = isfinite(one) and isfinite(other)
    return finite and bool(abs(one - other) > TOLERANCE * (1 + abs(one)))


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

    def right(self, wanted: Array | None = None) -> Array:
        """What the right side gives, unless it is seen beforehand not to be what is wanted.

        Raises:
            Different: it is not.
        """
        return self._side(self.changed.get(RIGHT, self.claim.right), wanted)

    def _side(self, steps: Sequence[st.Step], wanted: Array | None = None) -> Array:
        """What a side gives; the last step is not kept, as no two candidates share it."""
        start, x = self.kept.node(RIGHT), self.tensors[RIGHT]
        before, node = self._run(start, x, steps[:-1])
        if not steps:
            return before.astype(float)
        if wanted is not None and isinstance(last := steps[-1], st.ConvStep):
            self._check_beforehand(last, before, wanted)
        return self._stepped(steps[-1], node, before).astype(float)

    def _check_beforehand(self, step: st.ConvStep, x: Array, wanted: Array) -> None:
        """Look at the shape of a last convolution, and at the output in its middle."""
        w = self._weight(step.weight)
        if w.ndim != x.ndim + 1:
            return
        if shape_after(step, x.shape, w.shape) != wanted.shape:
            raise Different
        if step.padding_mode == "zeros" and step.padding_value == 0 and wanted.size:
            place = tuple(n // 2 for n in wanted.shape[1:])
            with np.errstate(all="ignore"):
                found = output_at(step, x, w, place)
            if step.bias is not None:
                found = found + self._weight(step.bias)
            pairs = zip(wanted[(slice(None), *place)].tolist(), found.tolist(), strict=True)
            if any(apart(one, other) for one, other in pairs):
                raise Different

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
            with np.errstate(all="ignore"):  # infinities may meet
                whole = sum(parts) if isinstance(step, st.Add) else np.concatenate(parts, step.axis)
            return np.asarray(whole)
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
