"""Matrix strides removed: a convolution on the cosets of a lattice.

Every position is ``v = A q + r`` for one representative ``r`` of ``Z^D / A Z^D`` and one ``q``.  On
the coset signals ``X[(c, r), q] = x[c, A q + r]`` the layer is stride-free: tap ``k``, which reads
``A o + v`` with ``v = d k - lo = A q + r``, becomes tap ``q`` of coset ``r``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.errors import FactorError
from symconv.expand.cosets import Cosets, Slot
from symconv.expand.folding import fold, labels
from symconv.expand.layers import boundary, inner_windows, layer_step
from symconv.expand.sizes import Sized, size_named_by
from symconv.layer import Conv
from symconv.layer.base import Sizes, read_size
from symconv.layer.lattice import LatticeConv
from symconv.layer.matrix import Point, bounding_box
from symconv.layer.window import Window
from symconv.size.expr import Extent, Size, number
from symconv.size.names import axis_names
from symconv.size.numbers import freeze

Array = NDArray[Any]


@dataclass(frozen=True)
class LatticeExpansion(Sized):
    """A layer of matrix stride, and its equal of stride 1 on the signals of its cosets.

    At every position of the box of outputs both are the same, for every input and every weight.
    Sizes are numbers, or expressions in names: then the claim is for all of them, and `at` gives
    the expansion at some.  Make one with `symconv.destride`.

    Raises:
        LayerError: the layer has no output at this size, or another rank.
    """

    original: LatticeConv
    input_size: tuple[Extent, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_size", read_size(self.input_size, self.original.op))
        _ = self.original.dense_size(self.input_size)

    def at(self, sizes: Sizes | Mapping[str, Size | str]) -> LatticeExpansion:
        """The expansion at these sizes: one per axis, or one per name.

        >>> expand_lattice(LatticeConv(1, 1, 1, ((1, 1), (1, -1)))).at((4, 4)).output_size
        (4, 3)
        """
        if isinstance(sizes, Mapping):
            sizes = size_named_by(sizes, self.input_size)
        return replace(self, input_size=read_size(sizes, self.original.op))

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The stride-1 layer's window on each axis, behind its boundary gather."""
        return inner_windows(self.original.dense, self.input_size)

    @property
    def output_size(self) -> tuple[Extent, ...]:
        """Spatial sizes of the box of outputs."""
        return self.original.output_size(self.input_size)

    @cached_property
    def cosets(self) -> Cosets:
        """The cosets that the layer's stride has."""
        return Cosets(self.original.stride)

    @cached_property
    def shifts_of_taps(self) -> tuple[Point, ...]:
        """For every tap, in C order, what it reads seen from ``A o``: ``d k - lo``."""
        lows = [number(window.lo) for window in self.windows]
        dilated = zip(*self.original.taps(), strict=True)
        axes = zip(dilated, self.original.dense.per_axis("dilation", len(lows)), lows, strict=True)
        return tuple(zip(*([d * k - lo for k in taps] for taps, d, lo in axes), strict=True))

    @cached_property
    def ties(self) -> tuple[Slot, ...]:
        """For every tap, in C order, at which coset and shift it stands.

        >>> expand_lattice(LatticeConv(1, 1, (1, 3), ((1, 1), (1, -1)))).ties
        ((0, (0, 0)), (1, (1, -1)), (0, (1, -1)))
        """
        return tuple(map(self.cosets.split, self.shifts_of_taps))

    @cached_property
    def shifts(self) -> tuple[Point, ...]:
        """All shifts at which a tap stands, in order."""
        return tuple(sorted({q for _, q in self.ties}))

    @cached_property
    def first_tap(self) -> Point:
        """The least shift on each axis: tap 0 of the expanded kernel."""
        return tuple(map(min, zip(*self.shifts, strict=True)))

    @cached_property
    def kernel_size(self) -> Point:
        """Taps of the expanded kernel on each axis, from the least shift to the greatest."""
        axes = zip(*self.shifts, strict=True)
        return tuple(max(axis) - min(axis) + 1 for axis in axes)

    @property
    def layer(self) -> Conv:
        """The expanded layer: a convolution of stride 1, without pads, on the coset signals."""
        layer = self.original
        return Conv(
            layer.in_channels * len(self.cosets.representatives),
            layer.out_channels,
            self.kernel_size,
            groups=layer.groups,
            bias=layer.bias,
        )

    @property
    def input_map(self) -> tuple[st.Step, ...]:
        """Steps from the input to its coset signals: boundary gather, and cosets."""
        start = [o + q for (o, _), q in zip(self._box, self.first_tap, strict=True)]
        read = self._cosets(self.cosets.representatives, start, self.coarse_size)
        return (*boundary(self.original.dense, self.input_size), read)

    @property
    def coarse_size(self) -> tuple[Extent, ...]:
        """Spatial sizes of the coset signals: what the expanded kernel reads from all outputs."""
        pairs = zip(self._box, self.kernel_size, strict=True)
        return tuple(count + taps - 1 for (_, count), taps in pairs)

    @property
    def bias_map(self) -> tuple[st.Step, ...]:
        """The bias is the same."""
        return ()

    @property
    def weight_map(self) -> tuple[st.Step, ...]:
        """Steps from the original weight to the expanded one: zeros between taps, and cosets.

        The kernel's first tap reads ``-lo``, so that its representatives lie ``lo`` further.
        """
        dilation = self.original.dense.per_axis("dilation", self.original.rank)
        spread = (st.Dilate((1, 1, *dilation)),) if max(dilation) > 1 else ()
        lows = [number(window.lo) for window in self.windows]
        points = tuple(
            tuple(r + lo for r, lo in zip(point, lows, strict=True))
            for point in self.cosets.representatives
        )
        return (*spread, self._cosets(points, self.first_tap, self.kernel_size))

    @property
    def output_map(self) -> tuple[st.Step, ...]:
        """The step that leaves zero where the box of outputs holds none."""
        first = [o for o, _ in self._box]
        size = [window.output for window in self.windows]
        return (st.Within(self.original.stride, freeze(tuple(first)), freeze(tuple(size))),)

    @cached_property
    def _box(self) -> list[tuple[Size, Size]]:
        return bounding_box(self.original.stride, [window.output for window in self.windows])

    def _cosets(self, points: tuple[Point, ...], start: Any, size: Any) -> st.Step:
        """The step that reads these cosets of the stride's lattice."""
        return st.ReadCosets(
            self.original.stride, freeze(tuple(start)), freeze(tuple(size)), representatives=points
        )

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the original weight."""
        return self.original.weight_shape()

    def expand_weight(self, weight: Array) -> Array:
        """The expanded weight, by `weight_map`, in `layer`'s shape.

        Raises:
            FactorError: the weight has another shape than the layer's.
        """
        if weight.shape != self.weight_shape:
            raise FactorError(
                f"expand_weight: the layer's weight has shape {list(self.weight_shape)}, "
                f"got {list(weight.shape)}"
            )
        from symconv.replay.steps import run_steps

        return run_steps(self.weight_map, weight).copy()

    def fold_weight(self, expanded: Array) -> Array:
        """The weight whose image this is.

        Raises:
            FoldError: a slot that no tap reaches is not zero.
        """
        return fold(self.weight_map, self.weight_shape, expanded)

    def parameter_labels(self) -> Array:
        """The tie map as an array of the expanded weight's shape; -1 for a structural zero."""
        return labels(self.weight_map, self.weight_shape)

    def claim(self, name: str = "expansion") -> Claim:
        """The statement that original and expanded layer are the same function."""
        layer = self.original
        weights = [
            ("w", Weight(self.weight_shape)),
            ("w_cosets", Weight(source="w", steps=self.weight_map)),
            *([("b", Weight((layer.out_channels,)))] if layer.bias else []),
        ]
        right = (*self.input_map, layer_step(self.layer, "w_cosets", "b"), *self.output_map)
        size = freeze(self.input_size)
        return Claim(name, layer.in_channels, size, tuple(weights), self.left, right)

    @property
    def left(self) -> tuple[st.Step, ...]:
        """The layer as steps: the convolution of stride 1, and its outputs on the lattice."""
        first, count = zip(*self._box, strict=True)
        sampled = self._cosets(((0,) * self.original.rank,), first, count)
        return (layer_step(self.original.dense, "w", "b"), sampled)


def expand_lattice(layer: LatticeConv, input_size: Sizes | None = None) -> LatticeExpansion:
    """Expand a layer over the cosets of its stride; without a size, for all sizes by name."""
    size = axis_names(layer.rank) if input_size is None else input_size
    return LatticeExpansion(layer, read_size(size, layer.op))
