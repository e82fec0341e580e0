"""Windows of operators in ONNX's words: pads, ``auto_pad``, ``ceil_mode``, output sizes.

One axis: ``o`` reads ``s*o + d*k - lo`` of the signal with ``u - 1`` holes between its samples.
Source: the ONNX operator specifications of Conv, ConvTranspose, MaxPool and AveragePool.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from symconv.errors import InputError, Unsupported
from symconv.network.disputed import MORE, POOLS, asked_pads, disputed
from symconv.network.model import ModelNode


@dataclass(frozen=True, slots=True)
class Axis:
    """A window on one axis of a signal of ``size`` samples; ``hi`` is the file's own pad."""

    size: int
    kernel: int
    stride: int
    dilation: int
    lo: int
    hi: int
    outputs: int
    holes: int = 1

    @property
    def span(self) -> int:
        """Positions from the first tap to the last."""
        return self.dilation * (self.kernel - 1) + 1

    def key(self) -> Hashable:
        """What tells this window from others; a stride on one output is none."""
        stride = self.stride if self.outputs > 1 else 1
        return self.kernel, stride, self.dilation, self.lo, self.outputs, self.holes, self.hi

    def reach(self, length: int) -> tuple[int, int]:
        """The pads with which a line of this length is what the windows read, and no more."""
        return self.lo, self.stride * (self.outputs - 1) + self.span - self.lo - length

    def silent(self) -> npt.NDArray[np.bool_]:
        """The outputs that read no sample: pads alone, and what stands between samples.

        >>> Axis(3, 2, 1, 1, 1, 1, 8, holes=3).silent().astype(int).tolist()
        [0, 0, 1, 0, 0, 1, 0, 0]
        """
        first = self.stride * np.arange(self.outputs)[:, None] - self.lo
        read = first + self.dilation * np.arange(self.kernel)[None, :]
        is_sample = (read >= 0) & (read % self.holes == 0) & (read // self.holes < self.size)
        found: npt.NDArray[np.bool_] = ~is_sample.any(axis=1)
        return found

    def counts(self, counts_pads: bool) -> npt.NDArray[np.int64]:
        """How many samples each output counts: those of the signal, or of its stated pads too."""
        first = self.stride * np.arange(self.outputs)[:, None] - self.lo
        read = first + self.dilation * np.arange(self.kernel)[None, :]
        least, end = (-self.lo, self.size + self.hi) if counts_pads else (0, self.size)
        found: npt.NDArray[np.int64] = ((read >= least) & (read < end)).sum(axis=1)
        return found


def conv_axes(node: ModelNode, x: Sequence[int], w: Sequence[int]) -> list[Axis]:
    """The windows of a Conv."""
    return _axes(node, x[2:], w[2:], ceil=False)


def pool_axes(node: ModelNode, x: Sequence[int]) -> list[Axis]:
    """The windows of a pooling."""
    return _axes(
        node, x[2:], node.attributes["kernel_shape"], bool(node.attributes.get("ceil_mode", 0))
    )


def _axes(node: ModelNode, sizes: Sequence[int], kernel: Sequence[int], ceil: bool) -> list[Axis]:
    _refuse_disputed(node, kernel)
    rank = len(sizes)
    strides, dilations = (_per_axis(node, key, rank) for key in ("strides", "dilations"))
    pads = _pairs(node.attributes.get("pads") or (0,) * 2 * rank)
    auto = node.attributes.get("auto_pad", "NOTSET")
    found = []
    for n, k, s, d, pad in zip(sizes, kernel, strides, dilations, pads, strict=True):
        span = d * (k - 1) + 1
        lo, hi = pad if auto == "NOTSET" else (0, 0)
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            total = max(0, (-(-n // s) - 1) * s + span - n)
            lo, hi = sorted((total // 2, total - total // 2), reverse=auto == "SAME_LOWER")
        free = n + lo + hi - span
        outputs = free // s + 1
        if ceil and auto == "NOTSET":
            outputs = -(-free // s) + 1
            outputs -= (outputs - 1) * s >= n + lo  # a window may not begin in the high pad
        if outputs < 1:
            fault = Unsupported if node.op in POOLS else InputError
            raise fault(f"node {node.name!r} ({node.op}): a window of {span} has no place in {n}")
        found.append(Axis(n, k, s, d, lo, hi, outputs))
    return found


def _refuse_disputed(node: ModelNode, kernel: Sequence[int]) -> None:
    """Refuse windows that ONNX's text and its runtimes read differently.

    Raises:
        Unsupported: it is such a window.
    """
    if why := disputed(node.op, node.attributes, kernel):
        raise Unsupported(why)


def transpose_axes(node: ModelNode, x: Sequence[int], w: Sequence[int]) -> list[Axis]:
    """The windows of a ConvTranspose, as those of a convolution over a signal with holes.

    Raises:
        Unsupported: readers make two things of them.
    """
    _refuse_disputed(node, w[2:])
    rank = len(x) - 2
    strides, dilations = (_per_axis(node, key, rank) for key in ("strides", "dilations"))
    extra = node.attributes.get("output_padding") or (0,) * rank
    pads = _pairs(node.attributes.get("pads") or (0,) * 2 * rank)
    wanted = node.attributes.get("output_shape") or ()
    auto = node.attributes.get("auto_pad", "NOTSET")
    found = []
    for axis, (n, k, s, d) in enumerate(zip(x[2:], w[2:], strides, dilations, strict=True)):
        span = d * (k - 1) + 1
        whole = s * (n - 1) + extra[axis] + span
        lo, hi = pads[axis] if auto == "NOTSET" else (0, 0)
        if wanted or auto in ("SAME_UPPER", "SAME_LOWER"):
            total = whole - (wanted[-rank:][axis] if wanted else n * s)
            if (shared := asked_pads(total, upper=auto == "SAME_UPPER")) is None:
                raise Unsupported(MORE)
            lo, hi = shared
        outputs = whole - lo - hi
        if outputs < 1:
            raise InputError(f"node {node.name!r} (ConvTranspose): its pads leave no output")
        found.append(Axis(n, k, 1, d, span - 1 - lo, 0, outputs, s))
    return found


def _per_axis(node: ModelNode, key: str, rank: int) -> Sequence[int]:
    return node.attributes.get(key) or (1,) * rank


def _pairs(pads: Sequence[Any]) -> list[tuple[int, int]]:
    """ONNX writes all begins, then all ends."""
    half = len(pads) // 2
    return list(zip(pads[:half], pads[half:], strict=True))
