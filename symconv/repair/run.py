"""One side of a claim in floating point, for many candidates that share their first steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
Sizes = tuple[int, ...]
Pairs = list[tuple[int, int]]

FAULTS = (SymconvError, ValueError, IndexError, ZeroDivisionError, TypeError, OverflowError)
"""What a candidate that makes no sense ends with, from NumPy as from symconv."""


MOST_KEPT = 32 * 2**20
"""Bytes of tensors that are kept: all of a small claim's, and the first ones of a large claim's."""


@dataclass(slots=True)
class Kept:
    """What steps gave on some tensors, by their key; None where they failed, as they will again."""

    found: dict[Key, Array | None] = field(default_factory=dict)
    left: int = MOST_KEPT

    def keep(self, key: Key, array: Array | None) -> None:
        """Keep what a step gave, as far as there is room."""
        size = 0 if array is None else array.nbytes
        if size <= self.left:
            self.left -= size
            self.found[key] = array


class FailedBefore(ValueError):
    """Steps that failed on the same tensors before."""


@dataclass(slots=True)
class Run:
    """A claim's sides on some tensors; the start of a pipeline that was run is not run again."""

    claim: Claim
    tensors: Mapping[str, Array]
    kept: Kept

    def side(self, side: str) -> Array:
        """What a side gives; the last step is not kept, as no candidate shares it."""
        steps, start = self.claim.side(side), self.tensors[""]
        before, key = self._run((), start, steps[:-1])
        return (self._stepped(steps[-1], key, before) if steps else before).astype(float)

    def _weight(self, name: str) -> Array:
        weight = self.claim.weight(name)
        if weight.source is not None:
            source = self._weight(weight.source)
            return self._run(self._key(name)[:2], source, weight.steps)[0]
        if weight.fill is None:
            return self.tensors[name]
        return filled(weight).astype(float)

    def _run(self, start: Key, array: Array, steps: Sequence[st.Step]) -> tuple[Array, Key]:
        """What steps give, and their key.

        Raises:
            FailedBefore: they were tried before, and failed.
        """
        keys = [start]
        for step in steps:
            keys.append((*keys[-1], step, *(self._key(name) for name in used_by(step))))
        done = next((n for n in range(len(steps), 0, -1) if keys[n] in self.kept.found), 0)
        array = self._known(keys[done]) if done else array
        for step, before, key in zip(steps[done:], keys[done:], keys[done + 1 :], strict=False):
            array = self._tried(step, before, key, array)
        return array, keys[-1]

    def _known(self, key: Key) -> Array:
        found = self.kept.found[key]
        if found is None:
            raise FailedBefore
        return found

    def _tried(self, step: st.Step, before: Key, key: Key, x: Array) -> Array:
        """One step, whose outcome is kept."""
        try:
            found = self._stepped(step, before, x)
        except FAULTS:
            self.kept.keep(key, None)
            raise
        self.kept.keep(key, found)
        return found

    def _stepped(self, step: st.Step, before: Key, x: Array) -> Array:
        """One step; its branches are run like pipelines, from the key of what came before."""
        if isinstance(step, st.Add | st.Concat):
            parts = [self._run((*before, "branch"), x, branch)[0] for branch in step.branches]
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
    pads, strides, dilations = _geometry(step, x.shape, w.shape)
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
