"""Poolings, by the rules of PyTorch or of ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symconv.errors import ClaimError
from symconv.recheck import text
from symconv.recheck.ops.base import NEEDED, Op, Shape, Sizes, Sum, Sums, Text, scale_axis, times
from symconv.recheck.windows import adapted, counted, pooled

_WINDOW = {
    "kernel_size": NEEDED,
    "stride": None,
    "padding": 0,
    "dilation": 1,
    "ceil_mode": False,
    "legality": "torch",
}


def _pooled_shape(step: Text, shape: Shape, of: Sizes) -> Shape:
    kernel, strides, dilations, padding = text.pool(step, shape[1:])
    outs = []
    for n, k, s, d, (lo, hi) in zip(shape[1:], kernel, strides, dilations, padding, strict=True):
        span = d * (k - 1) + 1
        narrow = step["legality"] == "torch" and not isinstance(step["padding"], str)
        if narrow and max(lo, hi) > k // 2:
            raise ClaimError(f"a pooling pads at most half of its kernel {k}, got {[lo, hi]}")
        found = text.pool_outputs(n, lo, hi, span, s, step["ceil_mode"])
        if step["ceil_mode"] and (found - 1) * s >= n + lo:
            raise ClaimError(f"more than one window starts behind {n} samples, in a pad of {hi}")
        if found < 1 or (hi < 0 and (found - 1) * s + span > n + lo + hi):
            raise ClaimError(f"a window of {span} samples does not fit into {n + lo + hi}")
        outs.append(found)
    of.counted([], sum(o * k for o, k in zip(outs, kernel, strict=True)))
    return [shape[0], *outs]


def _divided(terms: Sum, counts: Sequence[Sequence[int]]) -> Sum:
    """Every spatial axis divided by a count for each position."""
    for axis, row in enumerate(counts, 1):
        for term in terms:
            scale_axis(term, axis, [Fraction(1, n) for n in row])
    return terms


def _check_legality(step: Text) -> None:
    if step["legality"] not in ("torch", "onnx"):
        raise ClaimError(f"legality must be 'torch' or 'onnx', got {step['legality']!r:.80}")


class MaxPool(Op, op="max_pool", kind="maximum", **_WINDOW):
    """The maximum of every window."""

    def normal(self, step: Text) -> Text:
        """By one of the two legalities."""
        _check_legality(step)
        return step

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The windows that there are."""
        return _pooled_shape(step, shape, of)

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """All that each window reads."""
        return pooled(step, terms, shape[1:])[0]


class AvgPool(
    Op,
    op="avg_pool",
    kind="sum",
    windowed=True,
    **_WINDOW,
    count_include_pad=True,
    divisor_override=None,
):
    """The mean of every window."""

    def normal(self, step: Text) -> Text:
        """Without what PyTorch's poolings do not have, unless ONNX's are asked for."""
        _check_legality(step)
        plain = step["dilation"] == 1 and step["divisor_override"] is None
        if step["legality"] == "torch" and not plain:
            raise ClaimError("PyTorch's avg_pool has no dilation and no divisor_override")
        return step

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The windows that there are, each of which must count some sample."""
        kernel = text.integers(step["kernel_size"], len(shape) - 1, 1, "kernel_size")
        if step["legality"] == "onnx":
            return self._wide(step, shape, of)
        if len(kernel) == 3 and any(n < k for n, k in zip(shape[1:], kernel, strict=True)):
            raise ClaimError("PyTorch's avg_pool3d takes no input smaller than its kernel")
        return _pooled_shape(step, shape, of)

    def _wide(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """By ONNX's rules: some window may count nothing, and has no mean then."""
        found = _pooled_shape(step, shape, of)
        if step["divisor_override"] is not None:
            text.count(step["divisor_override"], "divisor_override")
        elif any(n < 1 for axis in counted(step, shape[1:], found[1:]) for n in axis):
            raise ClaimError("an average has a window that counts no sample")
        return found

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """What each window adds up, divided by what it counts."""
        sums, outputs = pooled(step, terms, shape[1:])
        if step["divisor_override"] is not None:
            return times(sums, Fraction(1, step["divisor_override"]))
        return _divided(sums, counted(step, shape[1:], outputs))


class AdaptiveMaxPool(Op, op="adaptive_max_pool", kind="maximum", output_size=NEEDED):
    """The maximum of every part of an axis."""

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The parts that are asked for."""
        outputs = text.adaptive(step["output_size"], shape[1:])
        return [shape[0], *of.counted(outputs, sum(shape[1:]))]

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """All that each part holds."""
        outputs = text.adaptive(step["output_size"], shape[1:])
        return adapted(outputs, terms, shape[1:])[0]


class AdaptiveAvgPool(AdaptiveMaxPool, op="adaptive_avg_pool", kind="sum", windowed=True):
    """The mean of every part of an axis."""

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """What each part adds up, divided by its length."""
        outputs = text.adaptive(step["output_size"], shape[1:])
        return _divided(*adapted(outputs, terms, shape[1:]))
