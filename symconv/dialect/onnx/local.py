"""Each strided node alone as phases and a node of stride 1: the local form, with ``E_out = 1``.

Data flow: a strided node -> its input, padded and cut into phases by strided slices -> the node of
stride 1 on phases -> for a transposed convolution, phases put together again.  Kernels are expanded
in the graph by Pad, Reshape and Transpose, or written out.

A phase ``r`` is ``x[E*i + r]``.  Tap ``k`` of a window at ``E*o`` reads phase ``k mod E`` at
``o + k div E``, so that ``K`` taps become ``ceil(K/E)`` on each of ``min(K, E)`` phases.
Source: Kong and Lucey 2017, section 3.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from symconv.dialect.onnx.emit import Emitter, end_without
from symconv.dialect.onnx.phases import interleaved
from symconv.dialect.onnx.pools import write_pool
from symconv.dialect.onnx.strided import Strided
from symconv.errors import Unsupported
from symconv.network.disputed import MORE, asked_pads


def write_local(proto: Any, node: Strided, emit: Emitter, dtype: str) -> None:
    """Write what stands for a strided node.

    Raises:
        Unsupported: it has no form without stride, or not in this opset or at free sizes.
    """
    if any(proto.output[1:]):
        raise Unsupported("its second output holds indices")
    if node.op == "Conv":
        _write_conv(proto, node, emit)
    elif node.op == "ConvTranspose":
        _write_transposed(proto, node, emit)
    else:
        write_pool(proto, node, emit, dtype)


def _write_conv(proto: Any, node: Strided, emit: Emitter) -> None:
    x, w, *bias = proto.input
    taps = tuple(-(-span // e) for span, e in zip(node.spans, node.stride, strict=True))
    phases = tuple(map(min, node.spans, node.stride))
    stacked = _stacked(x, node, emit, taps, phases)
    if node.groups > 1 and prod(phases) > 1:
        if node.channels is None:
            raise Unsupported("the number of its channels is not known")
        many = prod(phases)
        order = [r * node.channels + c for c in range(node.channels) for r in range(many)]
        stacked = emit.take(stacked, 1, order)
    kernel = _expanded(w, node, emit, taps, phases, last=node.groups > 1)
    emit.like(
        proto,
        [stacked, kernel, *bias],
        proto.output[0],
        strides=[1] * node.rank,
        dilations=[1] * node.rank,
        kernel_shape=list(taps),
        pads=[0] * (2 * node.rank),
        auto_pad=None,
    )


def _stacked(
    x: str, node: Strided, emit: Emitter, taps: tuple[int, ...], phases: tuple[int, ...]
) -> str:
    """The phases of the padded input one after another on the channel axis, ``(r c)``."""
    if emit.opset < 10:
        return _by_space_to_depth(x, node, emit, taps, phases)
    spare = [
        e * (t - 1) + r - span
        for t, r, e, span in zip(taps, phases, node.stride, node.spans, strict=True)
    ]
    pads = [(lo, hi + more) for (lo, hi), more in zip(node.pads, spare, strict=True)]
    signal = emit.padded(x, pads)
    for axis in reversed(range(node.rank)):
        e, many = node.stride[axis], phases[axis]
        if e > 1:
            span = node.spans[axis] + spare[axis]
            # The last block may be short: the end leaves out what no window reaches, so that every
            # phase has floor((N + lo + hi - K) / E) + ceil(K / E) samples.
            last = [e * (taps[axis] - 1) + r for r in range(many)]
            parts = [
                emit.slice(signal, axis + 2, r, end_without(span - 1 - k), e)
                for r, k in zip(range(many), last, strict=True)
            ]
            signal = emit.concat(parts, 1)
    return signal


def _by_space_to_depth(
    x: str, node: Strided, emit: Emitter, taps: tuple[int, ...], phases: tuple[int, ...]
) -> str:
    """The same before opset 10, whose slices have no steps: for images with one stride."""
    if node.rank != 2 or len(set(node.stride)) > 1 or node.outputs is None or node.sizes is None:
        raise Unsupported(f"opset {emit.opset} has no Slice with steps; upgrade to 10")
    e = node.stride[0]
    ends = [
        e * (o + t - 1) - n - lo
        for o, t, n, (lo, _) in zip(node.outputs, taps, node.sizes, node.pads, strict=True)
    ]
    pads = [(lo, hi) for (lo, _), hi in zip(node.pads, ends, strict=True)]
    deep = emit.node("SpaceToDepth", [emit.padded(x, pads)], blocksize=e)
    if phases == node.stride:
        return deep
    if node.channels is None:
        raise Unsupported("the number of its channels is not known")
    used = [a * e + b for a, b in product(*map(range, phases))]
    ends_at = [(r * node.channels, (r + 1) * node.channels) for r in used]
    return emit.concat([emit.slice(deep, 1, first, end) for first, end in ends_at], 1)


def _expanded(
    w: str,
    node: Strided,
    emit: Emitter,
    taps: tuple[int, ...],
    phases: tuple[int, ...],
    *,
    last: bool,
) -> str:
    """The kernel ``(M, C, *K)`` as ``(M, (r c), *K')``; with ``last``, ``(c r)``."""
    if prod(phases) == 1 and taps == node.kernel:
        return w
    w = _undilated(w, node, emit)
    rest = [(0, t * r - span) for t, r, span in zip(taps, phases, node.spans, strict=True)]
    w = emit.pad(w, [(0, 0), (0, 0), *rest])
    if prod(phases) == 1:
        return w
    cut = [n for pair in zip(taps, phases, strict=True) for n in pair]
    w = emit.reshape(w, [0, 0, *cut])
    outer = [2 + 2 * axis for axis in range(node.rank)]
    inner = [3 + 2 * axis for axis in range(node.rank)]
    w = emit.transpose(w, [0, 1, *inner, *outer] if last else [0, *inner, 1, *outer])
    many = prod(phases)
    return emit.reshape(w, [0, _inputs_of(node) * many, *taps])


def _inputs_of(node: Strided) -> int:
    if node.channels is None:
        raise Unsupported("the number of its channels is not known")
    return node.channels // node.groups


def _undilated(w: str, node: Strided, emit: Emitter) -> str:
    """A dilated kernel with its zeros written out."""
    for axis, d in enumerate(node.dilation):
        if d > 1 and node.kernel[axis] > 1:
            k = node.kernel[axis]
            before = [0] * (2 + axis)
            others = list(node.kernel[axis + 1 :])
            w = emit.reshape(w, [*before, k, 1, *others])
            w = emit.pad(w, [(0, 0)] * (3 + axis) + [(0, d - 1)] + [(0, 0)] * len(others))
            w = emit.reshape(w, [*before, k * d, *others])
            w = emit.slice(w, axis + 2, 0, node.spans[axis])
    return w


def _write_transposed(proto: Any, node: Strided, emit: Emitter) -> None:
    """A transposed convolution of stride 1 onto phases, which are then put together.

    Sample ``i`` adds tap ``k`` to output ``E*i + k``: tap ``k div E`` to phase ``k mod E``.
    """
    x, w, *bias = proto.input
    extra = next((list(a.ints) for a in proto.attribute if a.name == "output_padding"), None)
    cuts = _cuts(proto, node, extra or [0] * node.rank)
    taps = tuple(
        -(-max(span, span - end) // e)
        for span, (_, end), e in zip(node.spans, cuts, node.stride, strict=True)
    )
    kernel = _onto_phases(w, node, emit, taps)
    phases = emit.like(
        proto,
        [x, kernel],
        emit.name("phases"),
        strides=[1] * node.rank,
        dilations=[1] * node.rank,
        kernel_shape=list(taps),
        pads=[0] * (2 * node.rank),
        auto_pad=None,
        output_padding=None,
        output_shape=None,
    )
    y = _interleaved(phases, node, emit, taps)
    for axis, ((lo, end), span, e) in enumerate(zip(cuts, node.spans, node.stride, strict=True)):
        left_out = e * taps[axis] - span + end
        if lo or left_out:
            y = emit.slice(y, axis + 2, lo, end_without(left_out))
    if bias and bias[0]:
        shape = [1, -1, *(1,) * node.rank]
        emit.node("Add", [y, emit.reshape(bias[0], shape)], proto.output[0])
    else:
        emit.identity(y, proto.output[0])


def _cuts(proto: Any, node: Strided, extra: list[int]) -> list[tuple[int, int]]:
    """What is cut off the full output at both ends; an output padding is cut less.

    Raises:
        Unsupported: more is asked for than there is, which readers add in two places.
    """
    if node.sizes is not None and node.outputs is not None:
        found = []
        auto = next((a.s.decode() for a in proto.attribute if a.name == "auto_pad"), "NOTSET")
        wanted = any(a.name == "output_shape" for a in proto.attribute)
        axes = zip(node.sizes, node.outputs, node.stride, node.spans, node.pads, extra, strict=True)
        for n, o, e, span, (lo, _), more in axes:
            total = e * (n - 1) + span + more - o
            if wanted or auto.startswith("SAME"):
                if (pads := asked_pads(total, upper=auto == "SAME_UPPER")) is None:
                    raise Unsupported(MORE)
                lo = pads[0]
            found.append((lo, e * (n - 1) + span - o - lo))
        return found
    return [(lo, hi - more) for (lo, hi), more in zip(node.pads, extra, strict=True)]


def _onto_phases(w: str, node: Strided, emit: Emitter, taps: tuple[int, ...]) -> str:
    """The kernel ``(C, M, *K)`` as ``(C, (m r), *K')``."""
    w = _undilated(w, node, emit)
    rest = [(0, t * e - span) for t, e, span in zip(taps, node.stride, node.spans, strict=True)]
    w = emit.pad(w, [(0, 0), (0, 0), *rest])
    w = emit.reshape(w, [0, 0, *(n for pair in zip(taps, node.stride, strict=True) for n in pair)])
    outer = [2 + 2 * axis for axis in range(node.rank)]
    inner = [3 + 2 * axis for axis in range(node.rank)]
    w = emit.transpose(w, [0, 1, *inner, *outer])
    return emit.reshape(w, [0, -1, *taps])


def _interleaved(x: str, node: Strided, emit: Emitter, taps: tuple[int, ...]) -> str:
    """Phases ``(m r)`` put together to a signal."""
    if node.channels is None:
        raise Unsupported("the number of its channels is not known")
    lengths = None
    if node.sizes is not None:
        lengths = [n + t - 1 for n, t in zip(node.sizes, taps, strict=True)]
    return interleaved(x, node.channels, lengths, node.stride, emit)
