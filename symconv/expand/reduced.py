"""Stand-ins: a layer of the same geometry, small enough to write out its matrix.

The kernel, stride, pads, dilation, factors and residues of the sizes stay; sizes shrink by whole
periods ``E_in * t`` of the expanded layer's pads, and channels to one per group.  That period is a
multiple of the stride, so a 'same' padding stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from symconv.errors import SymconvError, TooLarge
from symconv.expand.destride import destride
from symconv.expand.expansion import Expansion
from symconv.layer import AnyLayer
from symconv.size.expr import number

BLOCKS = 3
"""Coarse outputs an axis that a stand-in keeps: a first, an inner and a last one."""


def stand_in(expansion: Expansion) -> Expansion:
    """The expansion of the least layer of the same geometry.

    >>> from symconv import Conv
    >>> e = destride(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224))
    >>> stand_in(e).input_size, stand_in(e).layer.padding == e.layer.padding
    ((6, 6), True)
    """
    layer = _few_channels(expansion.original)
    sizes = [_least_size(expansion, axis) for axis in range(len(expansion.axes))]
    return _expanded_alike(layer, sizes, expansion)


def matrix_entries(expansion: Expansion) -> int:
    """Non-zeros, at most, of the layer's matrix: outputs times taps times channels of a group."""
    rank = len(expansion.axes)
    kernel = expansion.original.per_axis("kernel_size", rank)
    channels = prod(expansion.weight_shape[:2])
    return int(channels * prod(expansion.output_size) * prod(kernel))


MOST_SLOTS = 40_000
"""Slots of an expanded kernel that is written out as symbols: as many as a stand-in's non-zeros."""


def check_slots(expansion: Expansion) -> None:
    """Refuse an expanded kernel that is too large to be written out, zeros and all.

    Raises:
        TooLarge: large factors make it so, however small the layer is.
    """
    pairs = prod(expansion.weight_shape[:2]) or expansion.original.in_channels
    slots = pairs * prod(a.factor_in * a.factor_out * a.kernel for a in expansion.axes)
    if slots > MOST_SLOTS:
        raise TooLarge(
            f"an expanded kernel of {slots} slots is too large to write out "
            f"(at most {MOST_SLOTS}); choose smaller factors"
        )


def _few_channels(layer: AnyLayer) -> AnyLayer:
    return layer.with_channels(min(layer.channel_groups, 2) if layer.has_weight else 1, 1)


def _least_size(expansion: Expansion, axis: int) -> int:
    """The least size of the same residue with enough coarse outputs, or the size itself."""
    size = number(expansion.input_size[axis])
    period = expansion.axes[axis].factor_in * expansion.axes[axis].stride
    layer = _few_channels(expansion.original)
    for small in range(size % period or period, size, period):
        sizes = list(expansion.input_size)
        sizes[axis] = small
        try:
            reduced = _expanded_alike(layer, sizes, expansion).axes[axis]
        except SymconvError:
            continue
        if reduced.coarse_output >= BLOCKS and _alike(reduced, expansion.axes[axis]):
            return small
    return size


def _alike(a: object, b: object) -> bool:
    return all(getattr(a, name) == getattr(b, name) for name in ("kernel", "lo", "hi"))


def _expanded_alike(layer: AnyLayer, sizes: Sequence[int], expansion: Expansion) -> Expansion:
    return destride(
        layer,
        sizes,
        factor=expansion.factor_in,
        factor_out=expansion.factor_out,
        residual_stride=expansion.residual_stride,
        order=expansion.order,
    )
