"""Layers with a weight: convolutions of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.ops.base import (
    NEEDED,
    Op,
    Shape,
    Sizes,
    Sum,
    Sums,
    Text,
    every_step,
    of_kind,
    room,
)
from symconv.recheck.ops.moves import padded
from symconv.recheck.windows import convolved, overlaid, window

_WINDOW = {"weight": NEEDED, "stride": 1, "padding": 0, "dilation": 1}


def _kernel(step: Text, shape: Shape, of: Sizes) -> Shape:
    """The weight's shape: channels out and in, and a size for each axis."""
    weight = of.weight(step["weight"])
    if len(weight) != len(shape) + 1 or len(shape) < 2:
        raise ClaimError(
            f"weight {step['weight']!r} of shape {weight} must have {len(shape) + 1} axes"
        )
    return weight


def _check_bias(name: str | None, channels: int, of: Sizes) -> None:
    if name is not None and of.weight(name) != [channels]:
        raise ClaimError(f"bias {name!r} must have shape [{channels}], got {of.weight(name)}")


def _outputs(step: Text, sizes: Shape, kernel: Shape, mode: str, of: Sizes) -> Shape:
    """Output sizes of a convolution's windows."""
    strides, dilations = text.strides(step, len(sizes))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = text.pads(step["padding"], sizes, spans, strides)
    outs, extents = [], 0
    for n, span, s, (lo, hi) in zip(sizes, spans, strides, pads, strict=True):
        text.check_mode(n, lo, hi, mode)
        extents += max(n + lo + hi, 0)
        outs.append(_fitting(n + lo + hi, span, s))
    of.counted([], extents + sum(o * k for o, k in zip(outs, kernel, strict=True)))
    return outs


def _fitting(padded: int, span: int, stride: int) -> int:
    if padded < span:
        raise ClaimError(f"a window of {span} samples does not fit into {padded}")
    return (padded - span) // stride + 1


def _convolved_shape(step: Text, shape: Shape, mode: str, bias: str | None, of: Sizes) -> Shape:
    out, inner, *kernel = _kernel(step, shape, of)
    groups = text.count(step["groups"], "groups")
    if out % groups or inner * groups != shape[0]:
        raise ClaimError(
            f"weight {step['weight']!r} with {groups} groups reads {inner * groups} channels, "
            f"the data has {shape[0]}; and {out} channels must divide by the groups"
        )
    sizes = _outputs(step, shape[1:], kernel, mode, of)
    _check_bias(bias, out, of)
    return [out, *sizes]


def _correlated(
    step: Text, terms: Sum, windows: Sequence[Any], of: Sums, transposed: bool = False
) -> Sum:
    """Data times weight, added up over channels and taps."""
    weights = [w for w in of.weight(step["weight"]) if w.number]
    groups = step["groups"]
    return [convolved(x, w, windows, groups, transposed) for x in terms for w in weights]


def _convolved_sum(step: Text, terms: Sum, shape: Shape, fill: tuple[str, Any], of: Sums) -> Sum:
    """A convolution of the padded tensor, and its windows' bias."""
    _, _, *kernel = of.shapes.weight(step["weight"])
    strides, dilations = text.strides(step, len(kernel))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = text.pads(step["padding"], shape[1:], spans, strides)
    terms = padded(terms, [(0, 0), *pads], *fill, shape, of)
    extents = [n + lo + hi for n, (lo, hi) in zip(shape[1:], pads, strict=True)]
    figures = zip(extents, kernel, strides, dilations, strict=True)
    windows = [window(n, k, s, d) for n, k, s, d in figures]
    return _biased(step.get("bias"), _correlated(step, terms, windows, of), windows, of)


def _biased(bias: str | None, terms: Sum, windows: Sequence[Any], of: Sums) -> Sum:
    if bias is None:
        return terms
    added = of.weight(bias)
    for term in added:
        term.axes += [[term.new_digit(outputs)] for outputs, _ in windows]
    return terms + added


class Conv(
    Op,
    op="conv",
    kind="sum",
    windowed=True,
    **_WINDOW,
    groups=1,
    bias=None,
    padding_mode="zeros",
    padding_value=0,
):
    """A convolution, padded by a mode, with groups and a bias."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The weight's channels, and the windows that fit."""
        value = text.finite(step["padding_value"])
        text.known_mode(step["padding_mode"])
        if value and step["padding_mode"] != "zeros":
            raise ClaimError("a padding_value needs padding_mode 'zeros'")
        return _convolved_shape(step, shape, step["padding_mode"], step["bias"], of)

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Sample times tap, over channels and taps."""
        fill = step["padding_mode"], step["padding_value"]
        return _convolved_sum(step, terms, shape, fill, of)


class MaxConv(Op, op="max_conv", kind="maximum", **_WINDOW, groups=1):
    """The maximum over the taps that a constant weight does not make zero."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """As of a convolution."""
        _require_constant(step["weight"], of)
        return _convolved_shape(step, shape, "zeros", None, of)

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """As of a convolution, behind pads of -inf."""
        return _convolved_sum(step, terms, shape, ("zeros", "-inf"), of)


def _require_constant(name: str, of: Sizes) -> None:
    """Refuse a weight that is not made of a constant by moves alone.

    Raises:
        ClaimError: it is not.
    """
    weight, seen, gathers = of.weights.get(name, {}), {name}, of_kind("moves", "gathers")
    while "from" in weight:
        if any(step["op"] not in gathers for step in every_step(weight["steps"])):
            raise ClaimError(f"max_conv: weight {name!r} is not rechecked with such steps")
        if weight["from"] in seen:
            raise ClaimError(f"weight {name!r} is defined by itself")
        seen.add(weight["from"])
        weight = of.weights.get(weight["from"], {})
    if not {"fill", "value"} & set(weight):
        raise ClaimError(f"max_conv needs a weight derived from a constant, {name!r} is free")


class ConvTranspose(
    Op,
    op="conv_transpose",
    kind="sum",
    windowed=True,
    **_WINDOW,
    output_padding=0,
    groups=1,
    bias=None,
):
    """The transposed convolution: every sample times the kernel, added up where they meet."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """S (n - 1) + the kernel's extent, less the crops, and what is added behind."""
        lead, inner, *kernel = _kernel(step, shape, of)
        groups = text.count(step["groups"], "groups")
        if lead != shape[0] or lead % groups:
            raise ClaimError(
                f"weight {step['weight']!r} reads {lead} channels in {groups} groups, the data has "
                f"{shape[0]}"
            )
        outs = [room(outputs) for outputs, _ in _scattered(step, shape[1:], kernel)]
        of.counted([], sum(n * k for n, k in zip(shape[1:], kernel, strict=True)))
        _check_bias(step["bias"], inner * groups, of)
        return [inner * groups, *outs]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """Sample i and tap t meet at s i + d t less the crop."""
        _, _, *kernel = of.shapes.weight(step["weight"])
        windows = []
        for (outputs, (s, d, lo)), n, k in zip(
            _scattered(step, shape[1:], kernel), shape[1:], kernel, strict=True
        ):
            at = {(i, t): i * s + d * t - lo for i in range(n) for t in range(k)}
            windows.append((outputs, {key: [(o,)] for key, o in at.items() if 0 <= o < outputs}))
        found = _correlated(step, terms, windows, of, transposed=True)
        return _biased(step["bias"], found, windows, of)


def _scattered(step: Text, sizes: Shape, kernel: Shape) -> list[tuple[int, tuple[int, int, int]]]:
    """For each axis the outputs, and the stride, the dilation and the crop in front."""
    rank = len(sizes)
    strides, dilations = text.strides(step, rank)
    extras = text.integers(step["output_padding"], rank, 0, "output_padding")
    text.check_output_padding(step["padding"], extras, strides, dilations)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    crops = text.pads(step["padding"], sizes, spans, strides, transposed=True)
    figures = zip(sizes, strides, dilations, spans, crops, extras, strict=True)
    return [
        ((n - 1) * s + span - lo - hi + extra, (s, d, lo))
        for n, s, d, span, (lo, hi), extra in figures
    ]


class ConvAsKernel(Op, op="conv_as_kernel", kind="sum", windowed=True, **_WINDOW):
    """The tensor laid over a weight as its kernel, channel by channel."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The weight's channels, and the windows that fit into it."""
        if isinstance(step["padding"], str):
            raise ClaimError(f"conv_as_kernel is not padded by {step['padding']!r:.80}")
        out, inner, *data = _kernel(step, shape, of)
        if inner != shape[0]:
            raise ClaimError(
                f"weight {step['weight']!r} has {inner} channels, the kernel has {shape[0]}"
            )
        return [out, *_outputs(step, data, shape[1:], "zeros", of)]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """The weight's samples, each times what lies over it."""
        (_, _, *data), taps = of.shapes.weight(step["weight"]), shape[1:]
        strides, dilations = text.strides(step, len(taps))
        pads = text.pads(step["padding"], taps, taps, strides)
        figures = list(zip(data, taps, strides, dilations, pads, strict=True))
        weights = [w for w in of.weight(step["weight"]) if w.number]
        return [overlaid(x, w, figures) for x in terms for w in weights]
