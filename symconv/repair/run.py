"""One side of a claim in floating point, for many candidates that share their first steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.errors import SymconvError
from symconv.layer import Conv
from symconv.repair.edits import used_by
from symconv.replay.convolutions import numbers, padded
from symconv.replay.run import filled
from symconv.replay.steps import run_steps
from symconv.size.numbers import read_number

Array = NDArray[Any]
Key = tuple[Any, ...]

FAULTS = (SymconvError, ValueError, IndexError, ZeroDivisionError, TypeError, OverflowError)
"""What a candidate that makes no sense ends with, from NumPy as from symconv."""


@dataclass(slots=True)
class Run:
    """A claim's sides on some tensors; what is known of a pipeline's start is not run again."""

    claim: Claim
    tensors: Mapping[str, Array]
    known: Mapping[Key, Array] = field(default_factory=dict)
    found: dict[Key, Array] = field(default_factory=dict)

    def side(self, side: str) -> Array:
        """What a side gives."""
        return self._run((), self.tensors[""], self.claim.side(side)).astype(float)

    def _weight(self, name: str) -> Array:
        weight = self.claim.weight(name)
        if weight.source is not None:
            return self._run(self._key(name)[:2], self._weight(weight.source), weight.steps)
        if weight.fill is None:
            return self.tensors[name]
        return filled(weight).astype(float)

    def _run(self, start: Key, array: Array, steps: Sequence[st.Step]) -> Array:
        prefix, keys = start, []
        for step in steps:
            prefix = (*prefix, step, *(self._key(name) for name in used_by(step)))
            keys.append(prefix)
        done = next((n for n in range(len(steps), 0, -1) if keys[n - 1] in self.known), 0)
        array = self.known[keys[done - 1]] if done else array
        for step, before, key in zip(
            steps[done:], [start, *keys][done:], keys[done:], strict=False
        ):
            array = self._stepped(step, before, array)
            self.found[key] = array
        return array

    def _stepped(self, step: st.Step, before: Key, x: Array) -> Array:
        """One step; its branches are run like pipelines, from the key of what came before."""
        if isinstance(step, st.Add | st.Concat):
            parts = [self._run((*before, "branch"), x, branch) for branch in step.branches]
            joined = sum(parts) if isinstance(step, st.Add) else np.concatenate(parts, step.axis)
            return np.asarray(joined)
        with np.errstate(all="ignore"):
            if isinstance(step, st.ConvStep) and x.dtype == float:
                w = self._weight(step.weight)
                if w.dtype == float and w.ndim == x.ndim + 1:
                    bias = None if step.bias is None else self._weight(step.bias)
                    return convolved(step, x, w, bias)
            return run_steps([step], x, self._weight)

    def _key(self, name: str) -> Key:
        """A weight by its source and its steps, so that an edited one is another."""
        weight = self.claim.weight(name)
        if weight.source is None:
            return (name,)
        inner = [self._key(other) for step in weight.steps for other in used_by(step)]
        return (name, self._key(weight.source), weight.steps, *inner)


def convolved(step: st.ConvStep, x: Array, w: Array, bias: Array | None) -> Array:
    """A convolution as one product of matrices per group, which spares a call per tap."""
    rank, groups = x.ndim - 1, step.groups
    layer = Conv(
        w.shape[1] * groups, len(w), w.shape[2:], step.stride, step.padding, step.dilation, groups
    )
    pads, strides, dilations = numbers(layer, x)
    x = _padded(x, [(0, 0), *pads], step)
    spans = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
    windows = sliding_window_view(x, spans, tuple(range(1, rank + 1)))
    read = windows[(slice(None), *(slice(None, None, n) for n in (*strides, *dilations)))]
    out = read.shape[1 : rank + 1]
    # Channel, taps, positions; then the channels of each group with the taps in one axis.
    order = (0, *range(rank + 1, 2 * rank + 1), *range(1, rank + 1))
    columns = read.transpose(order).reshape(groups, w.shape[1] * prod(w.shape[2:]), prod(out))
    y = np.matmul(w.reshape(groups, len(w) // groups, -1), columns).reshape(len(w), *out)
    return np.asarray(y if bias is None else y + bias.reshape(-1, *[1] * rank))


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
