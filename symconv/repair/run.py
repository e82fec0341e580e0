"""One side of a claim in floating point, for many candidates that share their first steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from symconv import steps as st
from symconv.claim import Claim
from symconv.errors import SymconvError
from symconv.layer import Conv
from symconv.plain import read_number
from symconv.repair.edits import used_by
from symconv.replay import Weights, run_steps
from symconv.replay_convs import numbers, padded

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
        return self._run((), self.tensors[""], getattr(self.claim, side)).astype(float)

    def _weight(self, name: str) -> Array:
        weight = self.claim.weight(name)
        if weight.source is not None:
            return self._run(self._key(name)[:2], self._weight(weight.source), weight.steps)
        if weight.fill is None:
            return self.tensors[name]
        return np.full(weight.shape or (), float(read_number(weight.fill) or 0))

    def _run(self, start: Key, array: Array, steps: Sequence[st.Step]) -> Array:
        prefix, keys = start, []
        for step in steps:
            prefix = (*prefix, step, *(self._key(name) for name in used_by(step)))
            keys.append(prefix)
        done = next((n for n in range(len(steps), 0, -1) if keys[n - 1] in self.known), 0)
        array = self.known[keys[done - 1]] if done else array
        for step, key in zip(steps[done:], keys[done:], strict=True):
            with np.errstate(all="ignore"):
                array = _stepped(step, array, self._weight)
            self.found[key] = array
        return array

    def _key(self, name: str) -> Key:
        """A weight by its source and its steps, so that an edited one is another."""
        weight = self.claim.weight(name)
        if weight.source is None:
            return (name,)
        inner = [self._key(other) for step in weight.steps for other in used_by(step)]
        return (name, self._key(weight.source), weight.steps, *inner)


def _stepped(step: st.Step, x: Array, weights: Weights) -> Array:
    """One step; a plain convolution as one product of matrices, which spares a call per tap."""
    if isinstance(step, st.ConvStep) and step.groups == 1 and x.dtype == float:
        w = weights(step.weight)
        if w.dtype == float and w.ndim == x.ndim + 1 and w.shape[1] == len(x):
            return _convolved(step, x, w, None if step.bias is None else weights(step.bias))
    return run_steps([step], x, weights)


def _convolved(step: st.ConvStep, x: Array, w: Array, bias: Array | None) -> Array:
    rank = x.ndim - 1
    layer = Conv(len(x), len(w), w.shape[2:], step.stride, step.padding, step.dilation)
    pads, strides, dilations = numbers(layer, x)
    value = read_number(step.padding_value)
    fill = float("-inf") if value is None else float(value)
    x = padded(x, [(0, 0), *pads], step.padding_mode, fill)
    spans = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
    windows = sliding_window_view(x, spans, tuple(range(1, rank + 1)))
    index = (slice(None), *(slice(None, None, n) for n in (*strides, *dilations)))
    read = tuple(range(rank + 1, 2 * rank + 1))
    y = np.tensordot(w, windows[index], ((1, *range(2, rank + 2)), (0, *read)))
    return y if bias is None else y + bias.reshape(-1, *[1] * rank)
