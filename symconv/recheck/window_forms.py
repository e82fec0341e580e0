"""What a window does along each axis, in one form, so that two of them can be compared.

A *form* is a dictionary: ``operator``, and what tells one from another.  Windows that slide have
an entry an axis of their kernel, stride, dilation, pads in front and outputs; what only moves
samples says of each output which sample it is.  Where there is one output no stride is taken, and
one tap has no dilation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from symconv.recheck import text
from symconv.recheck.claims import at, read_claim
from symconv.recheck.facts import CertificateError
from symconv.recheck.node_squares import NodeSquare
from symconv.recheck.windows import counted

Text = Mapping[str, Any]
Form = dict[str, Any]
Pairs = Sequence[tuple[int, int]]
Row = tuple[int | None, ...]


class Axis(NamedTuple):
    """Windows along one axis; ``extra`` outputs stand behind those of a transposed convolution."""

    size: int
    kernel: int
    stride: int
    dilation: int
    pads: tuple[int, int]
    extra: int = 0

    @property
    def span(self) -> int:
        """How many samples a window reaches over."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def outputs(self) -> int:
        """How many windows there are."""
        return (self.size + sum(self.pads) - self.span) // self.stride + 1

    @property
    def spread(self) -> int:
        """How many outputs a transposed convolution has."""
        return (self.size - 1) * self.stride + self.span + self.extra - sum(self.pads)


def form_of_square(square: NodeSquare) -> Form:
    """The form of the left side of a square's claim, at the node's sizes."""
    claim = square.claim
    left = claim["left"][1 if square.crops else 0 :]
    free = {name: one for name, one in claim["weights"].items() if "from" not in one}
    alone = read_claim({**claim, "weights": free, "left": left, "right": [], "where": []})
    here = at(alone, square.names)
    return _form(here["left"], here["weights"], square.shape[1], list(square.size))


def _form(steps: Sequence[Text], weights: Text, channels: int, size: list[int]) -> Form:
    ops = [step["op"] for step in steps]
    if ops == ["pad", "conv_transpose"]:
        return {"operator": "linear", "taps": _spread(steps[0], steps[1], weights, channels, size)}
    if len(set(ops)) != 1 or (len(ops) > 1 and ops[0] != "repeat"):
        raise CertificateError(f"a square's left side does {', '.join(ops)}")
    step = steps[0]
    match step["op"]:
        case "conv" | "conv_transpose":
            return _convolution(step, weights, size)
        case "max_pool" | "avg_pool":
            return pooling(step, size)
        case "rearrange":
            return {"operator": "blocks", "order": order(step, (channels, *size))}
    return moved(*_samples(steps, size))


def _convolution(step: Text, weights: Text, size: Sequence[int]) -> Form:
    weight = _free(step["weight"], weights)
    if step.get("padding_mode", "zeros") != "zeros" or step.get("padding_value", 0) != 0:
        raise CertificateError("a square's convolution pads with other values than zeros")
    strides, dilations = text.strides(step, len(size))
    spans = [d * (k - 1) + 1 for k, d in zip(weight[2:], dilations, strict=True)]
    turned = step["op"] == "conv_transpose"
    pads = text.pads(step["padding"], size, spans, strides, turned)
    extra = step["output_padding"] if turned else 0
    more = text.integers(extra, len(size), 0, "output_padding")
    axes = [*map(Axis, size, weight[2:], strides, dilations, pads, more)]
    return convolution(step["op"], weight, step["groups"], axes, bias=step["bias"] is not None)


def _free(name: str, weights: Text) -> list[int]:
    """The shape of a weight of which nothing else is said.

    Raises:
        CertificateError: its values are given.
    """
    if set(weights[name]) != {"shape"}:
        raise CertificateError(f"a square is about one weight {name!r} alone, not about every one")
    return list(weights[name]["shape"])


def convolution(
    op: str, weight: Sequence[int], groups: int, axes: Sequence[Axis], *, bias: bool
) -> Form:
    """The form of a convolution, or of a transposed one."""
    outs = [axis.outputs if op == "conv" else axis.spread for axis in axes]
    counted_steps = outs if op == "conv" else [axis.size for axis in axes]
    return {
        "operator": op,
        "weight": list(weight),
        "groups": groups,
        "bias": bias,
        **_sliding(axes, outs, counted_steps),
    }


def _sliding(axes: Sequence[Axis], outs: Sequence[int], steps: Sequence[int]) -> Form:
    """What windows have an entry an axis of; those that take one step have no stride."""
    return {
        "kernel": [axis.kernel for axis in axes],
        "stride": [axis.stride if n > 1 else 1 for axis, n in zip(axes, steps, strict=True)],
        "dilation": [axis.dilation if axis.kernel > 1 else 1 for axis in axes],
        "padding in front": [axis.pads[0] for axis in axes],
        "outputs": list(outs),
    }


def pooling(step: Text, size: Sequence[int]) -> Form:
    """The form of a pooling's step."""
    axes = [*map(Axis, size, *text.pool(step, size))]
    outs = [
        text.pool_outputs(axis.size, *axis.pads, axis.span, axis.stride, step["ceil_mode"])
        for axis in axes
    ]
    form = {"operator": step["op"], **_sliding(axes, outs, outs)}
    if step["op"] == "avg_pool":
        if step["divisor_override"] is not None:
            raise CertificateError("a square's mean divides by another number than its count")
        form["divisors"] = counted(dict(step), size, outs)
    return form


def moved(rows: Sequence[Row], fill: Fraction) -> Form:
    """The form of what moves samples: for each output of an axis the sample, or None."""
    filled = any(None in row for row in rows)
    return {"operator": "samples", "samples": [*rows], "fill": fill if filled else None}


def _samples(steps: Sequence[Text], size: Sequence[int]) -> tuple[list[Row], Fraction]:
    """Which sample each output is, of a pad, a slice or repetitions."""
    rows: list[Row] = [tuple(range(n)) for n in size]
    step = steps[0]
    if step["op"] == "pad":
        ends = text.pairs(step["padding"], len(size) + 1)
        if ends[0] != (0, 0):
            raise CertificateError("a square pads channels")
        return [*padded(size, ends[1:], step["mode"])], text.finite(step["value"])
    if step["op"] == "slice":
        whole, *parts = map(text.as_slice, step["slices"])
        if whole != slice(None, None, None) or len(parts) != len(size):
            raise CertificateError("a square takes a part of the channels")
        return [row[part] for row, part in zip(rows, parts, strict=True)], Fraction(0)
    for step in steps:
        axis = text.axis(step["axis"], len(size) + 1) - 1
        if axis < 0:
            raise CertificateError("a square repeats channels")
        rows[axis] = tuple(n for n in rows[axis] for _ in range(step["count"]))
    return rows, Fraction(0)


def padded(size: Sequence[int], ends: Pairs, mode: str) -> Iterator[Row]:
    """Which sample stands at each place of a padded axis."""
    for n, (lo, hi) in zip(size, ends, strict=True):
        yield tuple(text.outside(v, n, lo, hi, mode) for v in range(-lo, n + hi))


def order(step: Text, shape: Sequence[int]) -> list[list[tuple[int, int, int]]]:
    """The factors of each axis behind a rearrangement: where in front each stood, and its size."""
    left, right = text.einops(step["pattern"])
    sizes = text.factor_sizes(left, shape, step)
    groups = [[name for name in group if sizes[name] > 1] for group in left]
    places = {n: (a, p, sizes[n]) for a, group in enumerate(groups) for p, n in enumerate(group)}
    return [[places[name] for name in group if name in places] for group in right]


Taps = list[list[tuple[int, int]]]


def _spread(
    pad: Text, step: Text, weights: Text, channels: int, size: Sequence[int]
) -> list[tuple[int, Taps]]:
    """For each axis the taps, and for each output which tap is laid over which sample."""
    ends = text.pairs(pad["padding"], len(size) + 1)
    weight = _free(step["weight"], weights)
    if pad["mode"] != "replicate" or ends[0] != (0, 0) or step["bias"] is not None:
        raise CertificateError("a square does not interpolate between samples and their ends")
    if weight[:2] != [channels, 1] or step["groups"] != channels:
        raise CertificateError("a square interpolates between channels")
    wide = [n + lo + hi for n, (lo, hi) in zip(size, ends[1:], strict=True)]
    form = _convolution(step, weights, wide)
    parts = (form[key] for key in ("kernel", "stride", "dilation", "padding in front", "outputs"))
    axes = zip(*parts, strict=True)
    rows = padded(size, ends[1:], "replicate")
    return [(axis[0], _taps(row, *axis)) for row, axis in zip(rows, axes, strict=True)]


def _taps(row: Row, kernel: int, stride: int, dilation: int, lo: int, outs: int) -> Taps:
    found: Taps = [[] for _ in range(outs)]
    for place, sample in enumerate(row):
        for tap in range(kernel):
            out = stride * place + dilation * tap - lo
            if sample is not None and 0 <= out < outs:
                found[out].append((tap, sample))
    return found


def interpolates(taps: Sequence[tuple[int, Taps]], weights: Sequence[Any]) -> bool:
    """Whether some kernel makes, on each axis, of each sample as much as these weights say.

    Kernels of several axes are products; the square holds for every kernel.
    """
    pairs = zip(taps, weights, strict=True)
    return all(len(a[1]) == len(b) and _has_kernel(*a, b) for a, b in pairs)


ROUNDING = 1e-9
"""How far the least squares may be off: weights are small fractions, their errors 1e-15."""


def _has_kernel(kernel: int, taps: Taps, weights: Sequence[Mapping[int, Fraction]]) -> bool:
    """Whether linear equations, one for each output and sample, have a solution."""
    import numpy as np

    rows, values = [], []
    for laid, shares in zip(taps, weights, strict=True):
        for sample in {sample for _, sample in laid} | set(shares):
            rows.append([laid.count((tap, sample)) for tap in range(kernel)])
            values.append(float(shares.get(sample, 0)))
    matrix, wanted = np.array(rows, float), np.array(values)
    found = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    return bool(np.abs(matrix @ found - wanted).max(initial=0.0) < ROUNDING)
