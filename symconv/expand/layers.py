"""What an expansion reads of its layer: windows, boundary gather, weight; and layers as steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from math import prod
from typing import Any

from symconv.claim import steps as st
from symconv.claim.steps.base import STEPS
from symconv.layer import AnyLayer, AvgPool, Conv
from symconv.layer.base import Sizes
from symconv.layer.window import Window
from symconv.size.expr import names_of
from symconv.size.numbers import Number


def inner_window(layer: AnyLayer, window: Window) -> Window:
    """The window after the boundary gather: its pads read zeros, or there are none."""
    if not needs_gather(layer):
        return window
    return replace(window, size=window.padded_size, lo=0, hi=0, mode="zeros")


def inner_windows(layer: AnyLayer, input_size: Sizes) -> tuple[Window, ...]:
    """`inner_window` of every axis."""
    return tuple(inner_window(layer, window) for window in layer.windows(input_size))


def needs_gather(layer: AnyLayer) -> bool:
    """Whether a layer pads by another mode or value than zero."""
    return isinstance(layer, Conv) and (layer.padding_mode != "zeros" or layer.padding_value != 0)


def boundary(layer: AnyLayer, input_size: Sizes) -> tuple[st.Step, ...]:
    """Padding of another mode or value than zero, as a gather of its own."""
    if not isinstance(layer, Conv) or not needs_gather(layer):
        return ()
    pads = tuple((window.lo, window.hi) for window in layer.windows(input_size))
    return (st.Pad(((0, 0), *pads), layer.padding_mode, layer.padding_value),)


def weight_shape(layer: AnyLayer, rank: int) -> tuple[int, ...]:
    """Shape of a layer's weight, a pooling's read as that of a depthwise convolution."""
    shape = layer.weight_shape(rank)
    return (layer.in_channels, 1, *layer.per_axis("kernel_size", rank)) if shape is None else shape


def mean(layer: AnyLayer, input_size: Sequence[Any]) -> Fraction | None:
    """The one weight of a layer's taps; None where an average pooling's windows differ."""
    if not isinstance(layer, AvgPool):
        return Fraction(1)
    if (divisor := layer.one_divisor(len(input_size))) is not None:
        return Fraction(1, divisor)
    if names_of(*input_size):
        return None
    axes = [set(scales) for scales in layer.scales(input_size)]
    return (
        prod((axis.pop() for axis in axes), start=Fraction(1)) if max(map(len, axes)) == 1 else None
    )


def fill_of(layer: AnyLayer, input_size: Sequence[Any]) -> Number | None:
    """What a pooling's weight is filled with; None where the weight is the layer's own."""
    if layer.has_weight:
        return None
    weight = mean(layer, input_size)
    return "1" if weight is None else str(weight)


def layer_step(layer: AnyLayer, weight: str, bias: str, padding: Any = None) -> st.Step:
    """A layer as a step of a pipeline, its tensors under these names.

    Its attributes are the step's of the same names; ``padding`` stands for its own, where that
    depends on named sizes.
    """
    kind = STEPS[layer.op]
    told = {**vars(layer), "weight": weight, "bias": bias if layer.has_bias else None}
    if padding is not None:
        told["padding"] = padding
    return kind(**{field.name: told[field.name] for field in fields(kind)})
