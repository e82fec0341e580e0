"""Expansions: a strided layer and its equal of smaller stride on phases, with the maps between.

Data flow: layer, input size, factors -> one `AxisExpansion` per spatial axis -> `Expansion`, which
holds the expanded layer and three maps as steps (input to phases, weight to expanded weight,
expanded output to output).  An expansion states a `Claim`, and knows no prover.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.errors import FactorError, LayerError
from symconv.expand.axis import AxisExpansion
from symconv.expand.folding import fold, labels
from symconv.expand.layers import (
    boundary,
    fill_of,
    inner_windows,
    layer_step,
    mean,
    needs_gather,
    weight_shape,
)
from symconv.expand.maps import ORDERS, Maps, Order
from symconv.expand.sizes import Sized, size_named_by
from symconv.layer import AnyLayer, AvgPool, Conv, MaxConv
from symconv.layer.base import Sizes, read_size, shown
from symconv.layer.requirements import settled_where
from symconv.layer.window import Window
from symconv.size.expr import Extent, Size, named, names_of
from symconv.size.names import axis_names
from symconv.size.numbers import freeze

NAME = "expansion"
"""The name of a claim that is given none."""


@dataclass(frozen=True)
class Expansion(Sized):
    """A layer on phases, equal to the original for every input and every weight.

    ``original(w, x) == output_map(layer(weight_map(w), input_map(x)))``: at every output of the
    layer; what the expanded layer computes past the last one `output_map` crops, and it need not
    be zero.  Sizes are numbers, or expressions in names: then the claim is for all of them, and
    `at` gives the expansion at some.  Make one with `symconv.destride`.

    Raises:
        LayerError: the layer has no output at this size.
        FactorError: an axis is not that of the layer at this size, or the order has no such name.
    """

    original: AnyLayer
    input_size: tuple[Extent, ...]
    axes: tuple[AxisExpansion, ...]
    order: Order = "channel"

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise FactorError(f"order must be 'channel' or 'phase', got {self.order!r}")
        found = tuple(axis.window for axis in self.axes)
        if found != self.windows:
            raise FactorError(
                f"{self.original.op}: an expansion's axes must be the layer's at "
                f"input_size={shown(self.input_size)}, {self.windows}, got {found}"
            )

    def at(self, sizes: Sizes | Mapping[str, Size | str]) -> Expansion:
        """The expansion by the same factors at these sizes: one per axis, or one per name.

        Raises:
            LayerError: the layer has no output there, another rank, or no such name.

        >>> from symconv import destride
        >>> e = destride(Conv(1, 1, 3, stride=2, padding=1))
        >>> e.at((224, 224)).input_size, e.at({"H": 224}).claim().size
        ((224, 224), (224, 'W'))
        """
        if isinstance(sizes, Mapping):
            sizes = size_named_by(sizes, self.input_size)
        size = read_size(sizes, self.original.op)
        windows = inner_windows(self.original, size)
        axes = self._axes_of_rank(len(windows))
        moved = tuple(replace(a, window=w) for a, w in zip(axes, windows, strict=True))
        return replace(self, input_size=size, axes=moved)

    def _axes_of_rank(self, rank: int) -> tuple[AxisExpansion, ...]:
        """As many axes: a layer that leaves its rank open is the same along each of them."""
        alike = len(set(zip(self.factor_in, self.factor_out, self.residual_stride, strict=True)))
        if rank != len(self.axes) and alike > 1:
            raise LayerError(
                f"{self.original.op}: the factors are those of {len(self.axes)} axes, got {rank}"
            )
        return self.axes if rank == len(self.axes) else self.axes[:1] * rank

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
    def output_size(self) -> tuple[Extent, ...]:
        """Spatial sizes of the original layer's output."""
        return self.original.output_size(self.input_size)

    @property
    def coarse_size(self) -> tuple[Extent, ...]:
        """Spatial sizes of the expanded layer's input."""
        return tuple(axis.coarse_input for axis in self.axes)

    @property
    def groups(self) -> int:
        """Groups of both layers; a pooling treats every channel as a group."""
        layer = self.original
        return layer.channel_groups

    @cached_property
    def layer(self) -> Conv:
        """The expanded layer: `MaxConv` for a max pooling, depthwise `Conv` for an average one.

        Raises:
            FactorError: it depends on a named size.
        """
        pads = tuple((axis.lo, self._high_pad(number)) for number, axis in enumerate(self.axes))
        if names_of(*(high for _, high in pads)) or any(a.depends_on_size for a in self._moving):
            raise _depends("layer")
        return self._padded_by(pads)

    def _high_pad(self, axis: int) -> Size:
        """The high pad of an axis, a number where it is the same at all sizes of the layer."""
        high = self.axes[axis].hi
        if isinstance(high, int):
            return high
        window = self.original.windows(self.input_size)[axis]
        return settled_where(high, window.requirements)

    @property
    def _moving(self) -> Iterator[AxisExpansion]:
        """Axes whose low pad depends on a named size."""
        return (axis for axis in self.axes if not isinstance(axis.window.lo, int))

    def _padded_by(self, padding: Any) -> Conv:
        kind = MaxConv if self.original.monoid == "max" else Conv
        return kind(
            self.original.in_channels * prod(self.factor_in),
            self.original.out_channels * prod(self.factor_out),
            kernel_size=tuple(axis.kernel for axis in self.axes),
            stride=self.residual_stride,
            padding=padding,
            dilation=tuple(axis.dilation for axis in self.axes),
            groups=self.groups,
            bias=self.has_bias,
        )

    @property
    def has_bias(self) -> bool:
        """Whether both layers add a bias."""
        return self.original.has_bias

    @property
    def _maps(self) -> Maps:
        return Maps(self.axes, self.groups, self.order)

    @property
    def input_map(self) -> tuple[st.Step, ...]:
        """Steps from the input to its phases: boundary gather, tail fill, space-to-depth.

        With named sizes they are for those that ``E_in`` divides; `to_phases` fills the last
        coarse block at every size.

        Raises:
            FactorError: a boundary gather depends on a named size.
        """
        steps = self._phases(named_tails=False)
        if any(isinstance(s, st.Pad) and _has_names(s.padding) for s in steps):
            raise _depends("input_map")
        return steps

    @property
    def to_phases(self) -> tuple[st.Step, ...]:
        """Steps from the input to its phases, at every size."""
        return self._phases(named_tails=True)

    def _phases(self, *, named_tails: bool) -> tuple[st.Step, ...]:
        fill = "-inf" if self.original.monoid == "max" else 0
        moved = self._maps.input_map(fill, named_tails=named_tails)
        return (*boundary(self.original, self.input_size), *moved)

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
        """Steps from the original weight (a pooling's: ones or its mean) to the expanded one.

        Raises:
            FactorError: they depend on a named size.
        """
        if any(self._moving):
            raise _depends("weight_map")
        return self._to_expanded

    @property
    def _to_expanded(self) -> tuple[st.Step, ...]:
        return self._maps.weight_map(self.original.is_transposed)

    @property
    def bias_map(self) -> tuple[st.Step, ...]:
        """Steps from the original bias to the expanded one."""
        return self._maps.bias_map()

    @property
    def divisors(self) -> tuple[st.Step, ...]:
        """What divides an average pooling whose windows count differently many samples."""
        layer = self.original
        if not isinstance(layer, AvgPool) or mean(layer, self.input_size) is not None:
            return ()
        if self.names:
            counts = layer.counts(self.input_size, named(st.POSITION))
            pairs = zip(counts, self.output_size, strict=True)
            return (st.Divide((None, *((str(n), str(size)) for n, size in pairs))),)
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
        if self._leaves_rank_open(array):
            return self.at(axis_names(array.ndim - 2)).expand_weight(array)
        if array.shape != self.weight_shape:
            raise FactorError(
                f"expand_weight: the layer's weight has shape {list(self.weight_shape)}, "
                f"got {list(array.shape)}"
            )
        from symconv.replay.steps import run_steps

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
        if self._leaves_rank_open(array):
            return self.at(axis_names(array.ndim - 2)).fold_weight(array)
        return fold(self.weight_map, self.weight_shape, array)

    def _leaves_rank_open(self, weight: NDArray[Any]) -> bool:
        """Whether the weight says how many axes there are: neither the layer nor a size does."""
        rank_open = self.original.rank is None and self.input_size == read_size(
            axis_names(len(self.axes)), self.original.op
        )
        return rank_open and weight.ndim > 2 and weight.ndim - 2 != len(self.axes)

    def parameter_labels(self) -> NDArray[np.int64]:
        """The tie map as an array of the expanded weight's shape.

        A slot holds the flat index of its parameter in the original weight, or -1 for a structural
        zero.
        """
        return labels(self.weight_map, self.weight_shape)

    @property
    def has_boundary_gather(self) -> bool:
        """Whether pads of another mode or value than zero stand in front, as a step of their own.

        They move samples between phases.
        """
        return needs_gather(self.original)

    def claim(self, name: str = NAME) -> Claim:
        """The statement that original and expanded layer are the same function."""
        return self._statement if name == NAME else replace(self._statement, name=name)

    @cached_property
    def _statement(self) -> Claim:
        return Claim(
            NAME,
            self.original.in_channels,
            freeze(self.input_size),
            self.weights(),
            (self.original_step(),),
            (*self.to_phases, self.expanded_step(), *self.output_map),
        )

    def weights(self, suffix: str = "") -> tuple[tuple[str, Weight], ...]:
        """Weight and bias, ``w`` and ``b`` with a suffix, and their expanded forms."""
        w, b = f"w{suffix}", f"b{suffix}"
        base = Weight(self.weight_shape, fill=fill_of(self.original, self.input_size))
        weights = [(w, base), (f"{w}_phases", Weight(source=w, steps=self._to_expanded))]
        if self.has_bias:
            weights.append((b, Weight((self.original.out_channels,))))
            weights.append((f"{b}_phases", Weight(source=b, steps=self.bias_map)))
        return tuple(weights)

    def original_step(self, suffix: str = "") -> st.Step:
        """The original layer as a step, its tensors named as in `weights`."""
        return layer_step(self.original, f"w{suffix}", f"b{suffix}")

    def expanded_step(self, suffix: str = "") -> st.Step:
        """The expanded layer as a step, its tensors named as in `weights`."""
        tensors = f"w{suffix}_phases", f"b{suffix}_phases"
        if not self.names:
            return layer_step(self.layer, *tensors)
        return layer_step(self._padded_by(0), *tensors, [(axis.lo, axis.hi) for axis in self.axes])


def _has_names(padding: Any) -> bool:
    return any(isinstance(end, str) for pair in padding for end in pair)


def _depends(what: str) -> FactorError:
    return FactorError(
        f"the expansion's {what} depends on the input size; "
        "name one: destride(layer, input_size) or .at(input_size)"
    )
