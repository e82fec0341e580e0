"""Hypothesis strategies for layers: every attribute, with an input size that suits it.

A size is drawn after the attributes, just large enough and a little more, so that most draws are
legal; `legal` drops the others.  Needs the extra ``testing``, which is Hypothesis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from symconv.errors import LayerError
from symconv.layer import AvgPool, Conv, ConvTranspose, Layer, MaxPool

MODES = ("zeros", "reflect", "replicate", "circular")
CLASSES: dict[str, type[Layer]] = {
    "conv": Conv,
    "conv_transpose": ConvTranspose,
    "max_pool": MaxPool,
    "avg_pool": AvgPool,
}
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Case:
    """A layer's raw attributes and the input size it meets."""

    op: str
    attributes: Mapping[str, Any]
    size: tuple[int, ...]

    def layer(self) -> Any:
        """The layer; any of the four classes, so of no narrower type."""
        return CLASSES[self.op](**self.attributes)

    @property
    def channels(self) -> int:
        """Input channels."""
        return int(self.attributes.get("channels") or self.attributes["in_channels"])

    def arrays(self, seed: int, batch: int = 2) -> tuple[NDArray[Any], ...]:
        """Small integers for ``x``, the weight and the bias (of no length where there is none)."""
        random = np.random.default_rng(seed)
        layer = self.layer()
        weight = layer.weight_shape(len(self.size)) or (0,)
        bias = layer.out_channels if getattr(layer, "bias", False) else 0
        shapes = ((batch, self.channels, *self.size), weight, (bias,))
        return tuple(random.integers(-9, 10, shape) for shape in shapes)


def pairs(rank: int) -> st.SearchStrategy[Pairs]:
    """One ``(lo, hi)`` pad per axis, each from cropping two samples to adding four."""
    pad = st.one_of(st.integers(0, 4), st.integers(-2, 4))
    symmetric = pad.map(lambda p: (p, p))
    return st.tuples(*[st.one_of(symmetric, st.tuples(pad, pad))] * rank)


def least_size(span: int, pads: tuple[int, int], mode: str) -> int:
    """The least input that leaves an output, survives the crop, and fills the mode's pad."""
    lo, hi = pads
    crop = max(-lo, 0) + max(-hi, 0)
    fill = {"reflect": max(lo, hi) + 1, "circular": max(lo, hi) + crop}.get(mode, 1)
    return max(1, span - lo - hi, crop + 1, fill)


def _spread(draw: st.DrawFn, values: tuple[Any, ...]) -> Any:
    """An attribute as one value per axis, or as one value for all where they are equal."""
    return values[0] if len(set(values)) == 1 and draw(st.booleans()) else values


def _ints(rank: int, low: int, high: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(low, high)] * rank)


def _channels(draw: st.DrawFn) -> dict[str, Any]:
    groups = draw(st.integers(1, 3))
    per_group = st.integers(1, 2)
    return {
        "in_channels": groups * draw(per_group),
        "out_channels": groups * draw(per_group),
        "groups": groups,
        "bias": draw(st.booleans()),
    }


@st.composite
def conv_cases(draw: st.DrawFn, rank: int | None = None, largest_kernel: int = 5) -> Case:
    """A `Conv` of 1 to 3 axes with every attribute, and a size that it accepts."""
    rank = rank or draw(st.integers(1, 3))
    mode = draw(st.sampled_from(MODES))
    kernel = draw(_ints(rank, 1, largest_kernel if rank < 3 else 3))
    stride, dilation = draw(_ints(rank, 1, 4)), draw(_ints(rank, 1, 3))
    named = draw(st.sampled_from([None, None, None, "valid", "same", "same_lower"]))
    pads = ((0, 0),) * rank if named else draw(pairs(rank))
    size = []
    for taps, step, pad in zip(kernel, dilation, pads, strict=True):
        span = step * (taps - 1) + 1
        least = least_size(span, (span // 2, span // 2) if named else pad, mode)
        size.append((span if named == "valid" else least) + draw(st.integers(0, 5)))
    attributes = {
        **_channels(draw),
        "kernel_size": _spread(draw, kernel),
        "stride": _spread(draw, stride),
        "dilation": _spread(draw, dilation),
        "padding": named or pads,
        "padding_mode": mode,
        "padding_value": draw(st.integers(-2, 2)) if mode == "zeros" else 0,
    }
    return Case("conv", attributes, tuple(size))


@st.composite
def conv_transpose_cases(draw: st.DrawFn, rank: int | None = None) -> Case:
    """A `ConvTranspose` of 1 to 3 axes with every attribute, and a size that it accepts."""
    rank = rank or draw(st.integers(1, 3))
    kernel = draw(_ints(rank, 1, 5 if rank < 3 else 3))
    stride, dilation = draw(_ints(rank, 1, 4)), draw(_ints(rank, 1, 3))
    named = draw(st.sampled_from([None, None, None, "valid", "same", "same_lower"]))
    tops = [max(s, d) - 1 for s, d in zip(stride, dilation, strict=True)]
    extra = tuple(0 if named in ("same", "same_lower") else draw(st.integers(0, t)) for t in tops)
    pads = ((0, 0),) * rank if named else draw(pairs(rank))
    size = []
    for taps, s, d, more, (lo, hi) in zip(kernel, stride, dilation, extra, pads, strict=True):
        missing = max(0, lo + hi - more - d * (taps - 1))
        size.append(1 + -(-missing // s) + draw(st.integers(0, 3)))
    attributes = {
        **_channels(draw),
        "kernel_size": _spread(draw, kernel),
        "stride": _spread(draw, stride),
        "dilation": _spread(draw, dilation),
        "padding": named or pads,
        "output_padding": _spread(draw, extra),
    }
    return Case("conv_transpose", attributes, tuple(size))


@st.composite
def pool_cases(draw: st.DrawFn, op: str, rank: int | None = None) -> Case:
    """A `MaxPool` or an `AvgPool` of 1 to 3 axes with every attribute, and a size it accepts."""
    rank = rank or draw(st.integers(1, 3))
    kernel = draw(_ints(rank, 1, 5 if rank < 3 else 3))
    stride = draw(st.one_of(st.none(), _ints(rank, 1, 4)))
    dilation = draw(_ints(rank, 1, 3)) if op == "max_pool" else (1,) * rank
    ceil_mode = draw(st.booleans())
    least = 0 if ceil_mode else -2
    ends = [st.integers(least, taps // 2) for taps in kernel]
    drawn = tuple((draw(end), draw(end)) for end in ends)
    pads = tuple((lo, lo) for lo, _ in drawn) if draw(st.booleans()) else drawn
    size = []
    for taps, step, pad in zip(kernel, dilation, pads, strict=True):
        span = step * (taps - 1) + 1
        size.append(least_size(span, pad, "zeros") + draw(st.integers(0, 5)))
    attributes: dict[str, Any] = {
        "channels": draw(st.integers(1, 3)),
        "kernel_size": kernel,
        "stride": stride,
        "padding": pads,
        "ceil_mode": ceil_mode,
    }
    if op == "max_pool":
        attributes["dilation"] = dilation
    else:
        attributes["count_include_pad"] = draw(st.booleans())
    return Case(op, attributes, tuple(size))


def legal(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    """Only the cases that symconv accepts."""
    return cases.filter(is_legal)


def is_legal(case: Case) -> bool:
    """Whether symconv builds the layer and its windows."""
    try:
        return len(case.layer().windows(case.size)) == len(case.size)
    except LayerError:
        return False


def any_case(rank: int | None = None) -> st.SearchStrategy[Case]:
    """A legal case of any of the four layers."""
    return legal(
        st.one_of(
            conv_cases(rank),
            conv_transpose_cases(rank),
            pool_cases("max_pool", rank),
            pool_cases("avg_pool", rank),
        )
    )
