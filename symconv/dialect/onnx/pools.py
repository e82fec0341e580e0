"""Strided poolings without their stride: maxima on phases, and others thinned out.

Data flow: a strided pooling -> a maximum, axis by axis, over phases of its padded input; of any
other, the same pooling at stride 1, and a slice of its outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symconv.dialect.onnx.emit import TO_END, Emitter, end_without
from symconv.dialect.onnx.strided import Strided
from symconv.errors import Unsupported


def write_pool(proto: Any, node: Strided, emit: Emitter, dtype: str) -> None:
    """Write what stands for a strided pooling.

    Raises:
        Unsupported: it has no form without stride, or not in this opset.
    """
    # A maximum of one value stays one: of no number, runtimes make the least that there is.
    is_plain = set(node.dilation) == {1} != set(node.kernel)
    if node.op == "MaxPool" and is_plain and np.dtype(dtype).kind == "f":
        _write_max_pool(proto, node, emit, dtype)
    else:
        _write_thinned(proto, node, emit, dtype)


def _write_max_pool(proto: Any, node: Strided, emit: Emitter, dtype: str) -> None:
    """Axis by axis: the maximum over the phases of poolings of stride 1.

    Tap ``k`` of the window is sample ``k div E`` of phase ``k mod E``.
    """
    pads = list(node.pads)
    if node.outputs is not None and node.sizes is not None:
        pads = _exact_pads(node)
    signal = emit.padded(proto.input[0], pads, _least(dtype))
    if emit.opset < 10:
        _max_by_depth(proto, node, emit, signal)
        return
    for axis in reversed(range(node.rank)):
        k, e = node.kernel[axis], node.stride[axis]
        parts = []
        for r in range(min(k, e)):
            taps = -(-(k - r) // e)
            last = e * (taps - 1) + r
            part = (
                emit.slice(signal, axis + 2, r, end_without(k - 1 - last), e) if e > 1 else signal
            )
            parts.append(_pooled(proto, node, emit, part, axis, taps))
        signal = parts[0] if len(parts) == 1 else emit.node("Max", parts)
    emit.identity(signal, proto.output[0])


def _exact_pads(node: Strided) -> list[tuple[int, int]]:
    """Pads up to the last sample that a window reads."""
    sizes, outputs = node.sizes or (), node.outputs or ()
    axes = zip(sizes, outputs, node.stride, node.spans, node.pads, strict=True)
    return [(lo, s * (o - 1) + span - n - lo) for n, o, s, span, (lo, _) in axes]


def _pooled(proto: Any, node: Strided, emit: Emitter, x: str, axis: int, taps: int) -> str:
    """The maximum of neighbours on one axis, at stride 1."""
    if taps == 1:
        return x
    return emit.like(
        proto,
        [x],
        emit.name("pooled"),
        kernel_shape=[taps if a == axis else 1 for a in range(node.rank)],
        strides=[1] * node.rank,
        pads=[0] * (2 * node.rank),
        auto_pad=None,
        ceil_mode=None,
        dilations=None,
    )


def _max_by_depth(proto: Any, node: Strided, emit: Emitter, signal: str) -> None:
    """Before opset 10, for images with one stride: pooled at stride 1, and the first phase kept."""
    pooled = emit.like(
        proto,
        [signal],
        emit.name("pooled"),
        strides=[1] * node.rank,
        pads=[0] * (2 * node.rank),
        auto_pad=None,
    )
    _keep_first(pooled, node, emit, proto.output[0])


def _keep_first(x: str, node: Strided, emit: Emitter, output: str) -> None:
    """The first phase of every axis: each ``s``-th sample, of just the outputs that there are."""
    if emit.opset >= 10:
        _keep_by_slices(x, node, emit, output)
        return
    if node.rank != 2 or len(set(node.stride)) > 1 or node.outputs is None:
        raise Unsupported(f"opset {emit.opset} has no Slice with steps; upgrade to 10")
    if node.channels is None:
        raise Unsupported("the number of its channels is not known")
    e = node.stride[0]
    ends = [(o - 1) * e + 1 for o in node.outputs]
    for axis, end in enumerate(ends):
        x = emit.slice(x, axis + 2, 0, end)
    x = emit.pad(x, [(0, 0), (0, 0), (0, e - 1), (0, e - 1)])
    deep = emit.node("SpaceToDepth", [x], blocksize=e)
    emit.slice(deep, 1, 0, node.channels, output=output)


def _keep_by_slices(x: str, node: Strided, emit: Emitter, output: str) -> None:
    strided = [axis for axis, s in enumerate(node.stride) if s > 1]
    for axis in strided:
        s = node.stride[axis]
        end = TO_END if node.outputs is None else s * (node.outputs[axis] - 1) + 1
        name = output if axis == strided[-1] else None
        x = emit.slice(x, axis + 2, 0, end, s, name)


def _write_thinned(proto: Any, node: Strided, emit: Emitter, dtype: str) -> None:
    """A pooling at stride 1, of which every ``s``-th output is kept; each is the one it was.

    An average divides by what it counts, which no form on phases does with fewer nodes.
    """
    x, pads = proto.input[0], list(node.pads)
    changed: dict[str, Any] = {"strides": [1] * node.rank, "auto_pad": None, "ceil_mode": None}
    if node.ceil:
        exact = _exact_pads(node)
        if _counts_pads(proto):
            grown = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
            x = emit.padded(x, grown)
            changed["count_include_pad"] = 0
            pads = [(0, max(0, ends[1] - hi)) for ends, (_, hi) in zip(exact, pads, strict=True)]
        else:
            pads = [(lo, max(hi, ends[1])) for ends, (lo, hi) in zip(exact, pads, strict=True)]
    if any(k <= max(pair) for k, pair in zip(node.kernel, pads, strict=True)):
        x, pads = _padded_in_front(proto, node, x, pads, emit, dtype)
    flat = [lo for lo, _ in pads] + [hi for _, hi in pads]
    pooled = emit.like(proto, [x], emit.name("pooled"), pads=flat, **changed)
    _keep_first(pooled, node, emit, proto.output[0])


def _padded_in_front(
    proto: Any, node: Strided, x: str, pads: Sequence[tuple[int, int]], emit: Emitter, dtype: str
) -> tuple[str, list[tuple[int, int]]]:
    """The input with its pads written out, and no pads: runtimes take none as large as a kernel.

    The last window of a dilated pooling with ``ceil_mode`` may ask for one.

    Raises:
        Unsupported: an average would count them.
    """
    if node.op == "AveragePool" and (node.ceil or not _counts_pads(proto)):
        raise Unsupported(
            f"an average whose window hangs over by {max(map(max, pads))} samples, which runtimes "
            f"take as pads of a kernel of {list(node.kernel)} only if they count"
        )
    fill = _least(dtype) if node.op == "MaxPool" else None
    return emit.padded(x, pads, fill), [(0, 0)] * node.rank


def _least(dtype: str) -> Any:
    """The number that no maximum is below."""
    kind = np.dtype(dtype)
    return np.asarray(-np.inf if kind.kind == "f" else np.iinfo(kind).min, kind)


def _counts_pads(proto: Any) -> bool:
    return any(a.name == "count_include_pad" and a.i for a in proto.attribute)
