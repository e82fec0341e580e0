"""Expansions: a strided layer and its equal of smaller stride on phases, with the maps between.

Data flow: layer, input size, factors -> one `AxisExpansion` per spatial axis -> `Expansion`, which
holds the expanded layer and three maps as steps (input to phases, weight to expanded weight,
expanded output to output).  An expansion states a `Claim`, and knows no prover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.errors import FactorError, FoldError
from symconv.expand.axis import AxisExpansion
from symconv.expand.maps import ORDERS, Maps, Order
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxConv, MaxPool
from symconv.layer.window import Window
from symconv.replay.run import run_steps
from symconv.size.numbers import Number, freeze


@dataclass(frozen=True)
class Expansion:
    """A layer on phases, equal to the original for every input and every weight.

    ``original(w, x) == output_map(layer(weight_map(w), input_map(x)))``: at every output of the
    layer; what the expanded layer computes past the last one `output_map` crops, and it need not
    be zero.  Make one with `symconv.destride`.

    Raises:
        LayerError: the layer has no output at this size.
        FactorError: an axis is not that of the layer at this size, or the order has no such name.
    """

    original: AnyLayer
    input_size: tuple[int, ...]
    axes: tuple[AxisExpansion, ...]
    order: Order = "channel"

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise FactorError(f"order must be 'channel' or 'phase', got {self.order!r}")
        found = tuple(axis.window for axis in self.axes)
        if found != self.windows:
            raise FactorError(
                f"{self.original.op}: an expansion's axes must be the layer's at "
                f"input_size={list(self.input_size)}, {self.windows}, got {found}"
            )

    @property
    def windows(self) -> tuple[Window, ...]:
        """The layer's window on each axis, behind its boundary gather, read from the layer."""
        return inner_windows(self.original, self.input_size)

    @property
    def factor_in(self) -> tuple[int, ...]:
        """Phases of the input per axis, ``E_in``."""
        return tuple(axis.factor_in for axis in self.axes)

    @property
    def factor_out(self) -> tuple[int, ...]:
        """Phases of the output per axis, ``E_out``."""
        return tuple(axis.factor_out for axis in self.axes)

    @property
    def residual_stride(self) -> tuple[int, ...]:
        """Stride of the expanded layer per axis, ``t``."""
        return tuple(axis.stride for axis in self.axes)

    @property
    def output_size(self) -> tuple[int, ...]:
        """Spatial sizes of the original layer's output."""
        return self.original.output_size(self.input_size)

    @property
    def groups(self) -> int:
        """Groups of both layers; a pooling treats every channel as a group."""
        layer = self.original
        return layer.groups if isinstance(layer, Conv | ConvTranspose) else layer.in_channels

    @cached_property
    def layer(self) -> Conv:
        """The expanded layer: `MaxConv` for a max pooling, depthwise `Conv` for an average one."""
        kind = MaxConv if self.original.monoid == "max" else Conv
        return kind(
            self.original.in_channels * prod(self.factor_in),
            self.original.out_channels * prod(self.factor_out),
            kernel_size=tuple(axis.kernel for axis in self.axes),
            stride=self.residual_stride,
            padding=tuple((axis.lo, axis.hi) for axis in self.axes),
            groups=self.groups,
            bias=getattr(self.original, "bias", False),
        )

    @property
    def _maps(self) -> Maps:
        return Maps(self.axes, self.groups, self.order)

    @property
    def input_map(self) -> tuple[st.Step, ...]:
        """Steps from the input to its phases: boundary gather, tail fill, space-to-depth."""
        fill = "-inf" if self.original.monoid == "max" else 0
        return (*_boundary(self.original, self.input_size), *self._maps.input_map(fill))

    @property
    def output_map(self) -> tuple[st.Step, ...]:
        """Steps from the expanded layer's output to the original's."""
        return (*self.output_merge, *self.divisors)

    @property
    def output_merge(self) -> tuple[st.Step, ...]:
        """The output map without the divisors of an average pooling: phases to one signal."""
        return self._maps.output_map()

    @property
    def output_split(self) -> tuple[st.Step, ...]:
        """From a signal of the original's output size to its phases; the tail is zero."""
        return self._maps.output_split()

    @property
    def weight_map(self) -> tuple[st.Step, ...]:
        """Steps from the original weight (a pooling's: ones or its mean) to the expanded one."""
        return self._maps.weight_map(isinstance(self.original, ConvTranspose))

    @property
    def bias_map(self) -> tuple[st.Step, ...]:
        """Steps from the original bias to the expanded one."""
        return self._maps.bias_map()

    @property
    def divisors(self) -> tuple[st.Step, ...]:
        """The scale of an average pooling whose windows count differently many samples."""
        layer = self.original
        if not isinstance(layer, AvgPool) or _mean(layer, self.input_size) is not None:
            return ()
        return (st.Scale((None, *map(freeze, layer.scales(self.input_size)))),)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the original weight; a pooling's is ``(C, 1, *K)``."""
        return weight_shape(self.original, len(self.axes))

    def expand_weight(self, weight: NDArray[Any]) -> NDArray[Any]:
        """The expanded weight, by `weight_map`, in `layer`'s shape; NumPy in, NumPy out.

        >>> from symconv import destride
        >>> e = destride(Conv(1, 1, kernel_size=3, stride=2, padding=1), (8,))
        >>> e.expand_weight(np.array([[[1, 2, 3]]])).tolist()
        [[[0, 2], [1, 3]]]
        """
        array = np.asarray(weight)
        if array.shape != self.weight_shape:
            raise FactorError(
                f"expand_weight: the layer's weight has shape {list(self.weight_shape)}, "
                f"got {list(array.shape)}"
            )
        return run_steps(self.weight_map, array).copy()

    def fold_weight(self, expanded: NDArray[Any]) -> NDArray[Any]:
        """The weight whose image is this expanded weight; the inverse of `expand_weight`.

        Raises:
            FoldError: two slots that must hold one parameter disagree, or a structural zero is not
                zero; the message names the first such slot in C order.

        >>> from symconv import destride
        >>> e = destride(Conv(1, 1, kernel_size=3, stride=2, padding=1), (8,))
        >>> e.fold_weight(np.array([[[0, 2], [1, 3]]])).tolist()
        [[[1, 2, 3]]]
        """
        array = np.asarray(expanded)
        labels = self.parameter_labels()
        if array.shape != labels.shape:
            raise FoldError(f"expected shape {list(labels.shape)}, got {list(array.shape)}")
        weight = np.zeros(prod(self.weight_shape), dtype=array.dtype)
        slots, first = np.unique(labels, return_index=True)
        weight[slots[slots >= 0]] = array.ravel()[first[slots >= 0]]
        folded = weight.reshape(self.weight_shape)
        wrong = np.argwhere(self.expand_weight(folded) != array)
        if len(wrong):
            raise FoldError(self._disagreement(array, labels, tuple(wrong[0].tolist())))
        return folded

    def _disagreement(
        self, array: NDArray[Any], labels: NDArray[Any], slot: tuple[int, ...]
    ) -> str:
        label = int(labels[slot])
        if label < 0:
            return f"slot {list(slot)} holds {array[slot]}, but it is a structural zero"
        first = tuple(int(i) for i in np.argwhere(labels == label)[0])
        parameter = [int(i) for i in np.unravel_index(label, self.weight_shape)]
        return (
            f"slot {list(slot)} holds {array[slot]} and slot {list(first)} holds {array[first]}, "
            f"but both hold the parameter w{parameter}"
        )

    def parameter_labels(self) -> NDArray[np.int64]:
        """The tie map as an array of the expanded weight's shape.

        A slot holds the flat index of its parameter in the original weight, or -1 for a structural
        zero.
        """
        count = prod(self.weight_shape)
        numbered = np.arange(1, count + 1, dtype=np.int64).reshape(self.weight_shape)
        return run_steps(self.weight_map, numbered) - 1

    @property
    def has_boundary_gather(self) -> bool:
        """Whether pads of another mode or value than zero stand in front, as a step of their own.

        They move samples between phases.
        """
        return _needs_gather(self.original)

    def claim(self, name: str = "expansion") -> Claim:
        """The statement that original and expanded layer are the same function."""
        return Claim(
            name,
            self.original.in_channels,
            self.input_size,
            self.weights(),
            (self.original_step(),),
            (*self.input_map, self.expanded_step(), *self.output_map),
        )

    def weights(self, suffix: str = "") -> tuple[tuple[str, Weight], ...]:
        """Weight and bias, ``w`` and ``b`` with a suffix, and their expanded forms."""
        w, b = f"w{suffix}", f"b{suffix}"
        base = Weight(self.weight_shape, fill=_fill(self.original, self.input_size))
        weights = [(w, base), (f"{w}_phases", Weight(source=w, steps=self.weight_map))]
        if self.layer.bias:
            weights.append((b, Weight((self.original.out_channels,))))
            weights.append((f"{b}_phases", Weight(source=b, steps=self.bias_map)))
        return tuple(weights)

    def original_step(self, suffix: str = "") -> st.Step:
        """The original layer as a step, its tensors named as in `weights`."""
        return layer_step(self.original, f"w{suffix}", f"b{suffix}")

    def expanded_step(self, suffix: str = "") -> st.Step:
        """The expanded layer as a step, its tensors named as in `weights`."""
        return layer_step(self.layer, f"w{suffix}_phases", f"b{suffix}_phases")


def inner_window(layer: AnyLayer, window: Window) -> Window:
    """The window behind the boundary gather: its pads read zeros, or there are none."""
    if not _needs_gather(layer):
        return window
    return replace(window, size=window.padded_size, lo=0, hi=0, mode="zeros")


def inner_windows(layer: AnyLayer, input_size: Sequence[int]) -> tuple[Window, ...]:
    """`inner_window` of every axis."""
    return tuple(inner_window(layer, window) for window in layer.windows(input_size))


def _needs_gather(layer: AnyLayer) -> bool:
    return isinstance(layer, Conv) and (layer.padding_mode != "zeros" or layer.padding_value != 0)


def _boundary(layer: AnyLayer, input_size: Sequence[int]) -> tuple[st.Step, ...]:
    """Padding of another mode or value than zero, as a gather of its own."""
    if not isinstance(layer, Conv) or not _needs_gather(layer):
        return ()
    pads = tuple((window.lo, window.hi) for window in layer.windows(input_size))
    return (st.Pad(((0, 0), *pads), layer.padding_mode, layer.padding_value),)


def weight_shape(layer: AnyLayer, rank: int) -> tuple[int, ...]:
    """Shape of a layer's weight, a pooling's read as that of a depthwise convolution."""
    shape = layer.weight_shape(rank)
    return (layer.in_channels, 1, *layer.per_axis("kernel_size", rank)) if shape is None else shape


def _mean(layer: AnyLayer, input_size: Sequence[int]) -> Fraction | None:
    """The one weight of a layer's taps; None where an average pooling's windows differ."""
    if not isinstance(layer, AvgPool):
        return Fraction(1)
    axes = [set(scales) for scales in layer.scales(input_size)]
    return (
        prod((axis.pop() for axis in axes), start=Fraction(1)) if max(map(len, axes)) == 1 else None
    )


def _fill(layer: AnyLayer, input_size: Sequence[int]) -> Number | None:
    if isinstance(layer, Conv | ConvTranspose):
        return None
    mean = _mean(layer, input_size)
    return "1" if mean is None else str(mean)


def layer_step(layer: AnyLayer, weight: str, bias: str) -> st.Step:
    """A layer as a step of a pipeline, its tensors under these names."""
    if isinstance(layer, MaxPool):
        return st.MaxPoolStep(
            layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode
        )
    if isinstance(layer, AvgPool):
        return st.AvgPoolStep(
            layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode, layer.count_include_pad
        )
    if isinstance(layer, ConvTranspose):
        return st.ConvTransposeStep(
            weight, layer.stride, layer.padding, layer.output_padding, layer.dilation,
            layer.groups, bias if layer.bias else None,
        )  # fmt: skip
    if isinstance(layer, MaxConv):
        return st.MaxConvStep(weight, layer.stride, layer.padding, layer.dilation, layer.groups)
    if isinstance(layer, Conv):
        return st.ConvStep(
            weight, layer.stride, layer.padding, layer.dilation, layer.groups,
            bias if layer.bias else None, layer.padding_mode, layer.padding_value,
        )  # fmt: skip
    raise FactorError(f"a layer of op {layer.op!r} cannot be written as a step")
