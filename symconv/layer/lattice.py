"""Convolutions whose stride is an integer matrix: outputs on a lattice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import ClassVar, Literal

from symconv.errors import InputError, LayerError, Unsupported
from symconv.layer.base import Ints, Layer, Sizes, read_numbers, read_size, shown
from symconv.layer.conv import Conv
from symconv.layer.matrix import Matrix, Point, bounding_box, read_matrix, times
from symconv.layer.padding import Padding
from symconv.layer.window import PaddingMode
from symconv.size.expr import Expr, Extent, Size, number
from symconv.size.numbers import leaves


@dataclass(frozen=True)
class LatticeConv:
    """A convolution of stride ``A``, a square integer matrix of non-zero determinant.

    It is the convolution of stride 1 (`dense`), read on a lattice.  Output ``o`` is any integer
    point with ``A o`` inside the box ``[0, P)`` of that one's outputs, where
    ``P = N + lo + hi - d*(K-1)``:

        y[m, o] = bias[m] + sum_{c,k} w[m, c, k] * x[c, A o + d k - lo].

    An array of outputs is the box around all these points, `box`; where it holds none it is zero.

    Raises:
        LayerError: the matrix is not square, not of integers, or singular; or an attribute is one
            that `Conv` would refuse.

    Source: Viscito and Allebach 1991, *The analysis and design of multidimensional FIR perfect
    reconstruction filter banks*, section II.

    >>> quincunx = LatticeConv(1, 1, 3, stride=((1, 1), (1, -1)), padding=1)
    >>> len(quincunx.outputs((4, 4))), quincunx.output_size((4, 4))
    (8, (4, 3))
    """

    in_channels: int
    out_channels: int
    kernel_size: Ints
    stride: Matrix
    padding: Padding = 0
    dilation: Ints = 1
    groups: int = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"
    padding_value: float = 0

    op: ClassVar[str] = "conv"
    monoid: ClassVar[Literal["sum", "max"]] = "sum"
    unsaid: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "stride", read_matrix(self.stride))
        dense, rank = self.dense, len(self.stride)
        if dense.rank not in (None, rank):
            raise LayerError(f"conv: the stride has {rank} axes, the other attributes {dense.rank}")
        for name in ("in_channels", "out_channels", "groups"):
            object.__setattr__(self, name, getattr(dense, name))
        if any(isinstance(n, Expr) for n in (*leaves(dense.kernel_size), *leaves(dense.padding))):
            raise LayerError("conv: beside a matrix stride, kernel_size and padding are numbers")
        for name in ("kernel_size", "dilation"):
            object.__setattr__(self, name, dense.per_axis(name, rank))
        if not isinstance(dense.padding, str):
            object.__setattr__(self, "padding", dense.per_axis("padding", rank))

    @cached_property
    def dense(self) -> Conv:
        """The same convolution at every position: its stride is 1."""
        return Conv(
            self.in_channels,
            self.out_channels,
            self.kernel_size,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
            padding_mode=self.padding_mode,
            padding_value=self.padding_value,
        )

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.stride)

    def weight_shape(self, rank: int | None = None) -> tuple[int, ...]:
        """``(out_channels, in_channels/groups, *kernel_size)``."""
        return self.dense.weight_shape(self.rank)

    def dense_size(self, input_size: Sizes) -> tuple[Extent, ...]:
        """``P``: how many outputs an axis the convolution of stride 1 has.

        Raises:
            LayerError: the size has another rank, is not positive, or leaves no output.
        """
        size = read_size(input_size, self.op)
        if len(size) != self.rank:
            raise LayerError(f"conv: the stride has {self.rank} axes, input_size={shown(size)}")
        return self.dense.output_size(size)

    def box(self, input_size: Sizes) -> list[tuple[Size, Size]]:
        """The first output and the number of outputs on each axis of the box around all of them."""
        return bounding_box(self.stride, self.dense_size(input_size))

    def output_size(self, input_size: Sizes) -> tuple[Extent, ...]:
        """Spatial sizes of the array of outputs."""
        return tuple(count for _, count in self.box(input_size))

    def outputs(self, input_size: Sizes) -> list[Point]:
        """All ``o`` with ``A o`` inside the box of the stride-1 outputs, in lexicographic order."""
        size = read_numbers(input_size, self.op)
        inside = self.dense_size(size)
        box = [(number(first), number(count)) for first, count in self.box(size)]
        ranges = [range(first, first + count) for first, count in box]
        return [o for o in product(*ranges) if _inside(times(self.stride, o), inside)]

    def refused_by(self, what: str) -> Unsupported:
        """The fault of what takes no matrix stride."""
        return Unsupported(f"{what} takes no matrix stride, got {[list(r) for r in self.stride]}")

    def taps(self) -> list[Point]:
        """All taps ``k`` in C order."""
        return list(product(*map(range, self.weight_shape()[2:])))


def require_layer(value: object, verb: str) -> None:
    """Refuse what is not a layer, and say which verbs take more.

    Raises:
        InputError: it is not one.
    """
    if not isinstance(value, Layer | LatticeConv):
        raise InputError(
            f"{verb} takes a layer, such as symconv.Conv(3, 64, 7, 2, 3), got "
            f"{type(value).__name__} {value!r:.60}; symconv.prove and symconv.report take names, "
            "files and torch.nn modules as well"
        )


def refuse_matrix_stride(layer: object, what: str) -> None:
    """Refuse what is not a layer, and a layer whose stride is a matrix.

    Raises:
        InputError: it is not a layer.
        Unsupported: its stride is a matrix.
    """
    require_layer(layer, what)
    if isinstance(layer, LatticeConv):
        raise layer.refused_by(what)


def _inside(point: Point, size: tuple[Extent, ...]) -> bool:
    return all(0 <= v < n for v, n in zip(point, size, strict=True))
