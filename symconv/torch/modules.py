"""Layers of stride 1 on phases, as modules of PyTorch; imported where PyTorch is.

Data flow: input -> its phases as channels -> a layer of stride 1 whose kernel is gathered from the
strided layer's own parameter -> phases of the output, merged.  Each size of an input is expanded
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symconv.expand import AxisExpansion, destride
from symconv.expand.layers import needs_gather
from symconv.layer import AnyLayer, AvgPool, Conv
from symconv.torch.places import slots_of_taps, tap_of_slot

CONVOLUTIONS: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
MODES = {"reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class Phased(nn.Module):
    """A strided layer of PyTorch as one of stride 1; its parameters keep their names."""

    def __init__(self, layer: AnyLayer, rank: int) -> None:
        super().__init__()
        self.layer, self.rank = layer, rank
        self.expanded: dict[tuple[int, ...], tuple[AxisExpansion, ...]] = {}

    def axes(self, x: Tensor) -> tuple[AxisExpansion, ...]:
        """The expansion of each axis at the size of what is read."""
        size = tuple(x.shape[-self.rank :])
        if size not in self.expanded:
            self.expanded[size] = destride(self.layer, size).axes
        return self.expanded[size]

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to ``(B, C, *N)``, or to ``(C, *N)`` without a batch."""
        if x.dim() == self.rank + 1:
            return self.apply_to(x.unsqueeze(0)).squeeze(0)
        return self.apply_to(x)

    def apply_to(self, x: Tensor) -> Tensor:
        """Apply the layer to ``(B, C, *N)``."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The strided layer that it stands for."""
        return f"stride=1, for {self.layer}"


class PhasedConv(Phased):
    """A convolution or a transposed one, with the strided layer's weight and bias."""

    def __init__(self, layer: AnyLayer, rank: int, weight: nn.Parameter, bias: Any) -> None:
        super().__init__(layer, rank)
        self.weight = weight
        self.register_parameter("bias", bias)

    def apply_to(self, x: Tensor) -> Tensor:
        """Apply the convolution to ``(B, C, *N)``."""
        layer, axes = self.layer, self.axes(x)
        read = phases(_gathered(layer, x, self.rank), axes, 0.0)
        kernel = expanded_kernel(_by_outputs(layer, self.weight), axes)
        y = stride_free(read.flatten(1, 1 + self.rank), kernel, axes, _groups(layer))
        y = merged(y, axes)
        return y if self.bias is None else y + self.bias.reshape(-1, *[1] * self.rank)


class PhasedMaxPool(Phased):
    """A max pooling; of equal values the first tap's is the maximum, as in PyTorch's own."""

    def apply_to(self, x: Tensor) -> Tensor:
        """Apply the pooling to ``(B, C, *N)``."""
        axes = self.axes(x)
        return torch.stack(taps(phases(x, axes, -torch.inf), axes)).max(dim=0).values


class PhasedAvgPool(Phased):
    """An average pooling: sums of the taps, times one over what each window counts."""

    def apply_to(self, x: Tensor) -> Tensor:
        """Apply the pooling to ``(B, C, *N)``."""
        axes, layer = self.axes(x), self.layer
        if not isinstance(layer, AvgPool):
            raise TypeError("an average pooling is made of an AvgPool")
        y = torch.stack(taps(phases(x, axes, 0.0), axes)).sum(dim=0)
        for axis, factors in enumerate(layer.scales(tuple(x.shape[2:]))):
            scale = torch.tensor([float(f) for f in factors], dtype=x.dtype, device=x.device)
            y = y * scale.reshape(-1, *[1] * (self.rank - 1 - axis))
        return y


def phases(x: Tensor, axes: Sequence[AxisExpansion], fill: float) -> Tensor:
    """Split ``(B, C, *N)`` into ``(B, C, *E_in, *N')``, padded or cropped for the expanded layer.

    ``fill`` stands beyond the ends.
    """
    tails = [(0, a.factor_in * int(a.coarse_input) - int(a.window.size)) for a in axes]
    blocks = [n for a in axes for n in (int(a.coarse_input), a.factor_in)]
    split = _padded(x, tails, fill).reshape(*x.shape[:2], *blocks)
    rank = len(axes)
    inner = [3 + 2 * axis for axis in range(rank)] + [2 + 2 * axis for axis in range(rank)]
    return _padded(split.permute(0, 1, *inner), [(a.lo, int(a.hi)) for a in axes], fill)


def _padded(x: Tensor, pads: Sequence[tuple[int, int]], fill: float, mode: str = "") -> Tensor:
    """The last axes padded, or cropped by negative pads."""
    ends = [end for pair in reversed(pads) for end in pair]
    if mode:
        return F.pad(x, ends, mode=mode)
    return F.pad(x, ends, value=fill) if any(ends) else x


def _gathered(layer: AnyLayer, x: Tensor, rank: int) -> Tensor:
    """The input behind its boundary gather, where padding is of another mode than zeros."""
    if not (isinstance(layer, Conv) and needs_gather(layer)):
        return x
    pads = [tuple(pair) for pair in layer.per_axis("padding", rank)]
    return _padded(x, [(int(lo), int(hi)) for lo, hi in pads], 0.0, MODES[layer.padding_mode])


def _groups(layer: AnyLayer) -> int:
    return layer.channel_groups


def _by_outputs(layer: AnyLayer, weight: Tensor) -> Tensor:
    """The weight as ``(M, C/groups, *K)``; a transposed layer's is ``(C, M/groups, *K)``."""
    if not layer.is_transposed:
        return weight
    grouped = weight.unflatten(0, (_groups(layer), -1))
    return grouped.transpose(1, 2).flatten(0, 1)


def expanded_kernel(weight: Tensor, axes: Sequence[AxisExpansion]) -> Tensor:
    """Gather the kernel on phases, ``(M*E_out, C*E_in, *K')``, from one of ``(M, C, *K)``.

    Slots that no tap reaches hold zero.
    """
    kernel = F.pad(weight, [0, 1] * len(axes))
    sizes: list[int] = []
    for number, axis in enumerate(axes):
        index = torch.as_tensor(tap_of_slot(axis), device=weight.device)
        kernel = kernel.index_select(2 + number, index.reshape(-1))
        sizes += index.shape
    outs, ins, qs = ([2 + 3 * n + part for n in range(len(axes))] for part in range(3))
    slots = kernel.reshape(*weight.shape[:2], *sizes).permute(0, *outs, 1, *ins, *qs)
    outputs = weight.shape[0] * prod(axis.factor_out for axis in axes)
    inputs = weight.shape[1] * prod(axis.factor_in for axis in axes)
    return slots.reshape(outputs, inputs, *(axis.kernel for axis in axes))


def stride_free(read: Tensor, kernel: Tensor, axes: Sequence[AxisExpansion], groups: int) -> Tensor:
    """Convolve phases ``(B, C*E_in, *N')`` by the kernel on phases; only a dilation is left."""
    dilation = tuple(axis.dilation for axis in axes)
    return CONVOLUTIONS[len(axes)](read, kernel, dilation=dilation, groups=groups)


def merged(y: Tensor, axes: Sequence[AxisExpansion]) -> Tensor:
    """Merge the phases of ``(B, M*E_out, *O')`` to ``(B, M, *O)``."""
    rank, factors = len(axes), [axis.factor_out for axis in axes]
    split = y.unflatten(1, (y.shape[1] // prod(factors), *factors))
    pairs = [place for axis in range(rank) for place in (2 + rank + axis, 2 + axis)]
    fine = [f * int(a.coarse_output) for f, a in zip(factors, axes, strict=True)]
    whole = split.permute(0, 1, *pairs).reshape(*split.shape[:2], *fine)
    return whole[(..., *(slice(int(axis.window.output)) for axis in axes))]


def taps(read: Tensor, axes: Sequence[AxisExpansion]) -> list[Tensor]:
    """What each tap reads of the phases ``(B, C, *E_in, *N')``, a tensor ``(B, C, *O)`` a tap."""
    found = []
    for slots in slots_of_taps(axes):
        places = [(q * axis.dilation, axis) for (_, q), axis in zip(slots, axes, strict=True)]
        ends = [slice(at, at + int(axis.coarse_output)) for at, axis in places]
        found.append(read[(slice(None), slice(None), *(r for r, _ in slots), *ends)])
    return found
