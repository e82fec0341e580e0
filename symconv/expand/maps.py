"""The maps of an expansion, written as steps: input to phases, weight to expanded weight, and back.

With channel order ``"channel"`` a channel's phases stand side by side, ``(c, r)``; with ``"phase"``
a phase's channels do, ``(r, c)``, within each group of a grouped layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from symconv.claim import steps as st
from symconv.errors import ClaimError
from symconv.expand.axis import AxisExpansion
from symconv.size.expr import Extent
from symconv.size.numbers import Number

Order = Literal["channel", "phase"]
ORDERS: tuple[Order, ...] = ("channel", "phase")

GROUP = "g"
"""The factor of a pattern that counts groups; no other factor's size says how many channels."""


@dataclass(frozen=True, slots=True)
class Maps:
    """Writes the maps for these axes, group count and channel order."""

    axes: tuple[AxisExpansion, ...]
    groups: int
    order: Order

    def _names(self, stem: str) -> str:
        return " ".join(f"{stem}{axis}" for axis in range(len(self.axes)))

    def _paired(self, outer: str, inner: str) -> str:
        return " ".join(f"({outer}{a} {inner}{a})" for a in range(len(self.axes)))

    def _sizes(self, stem: str, values: Sequence[int]) -> tuple[tuple[str, int], ...]:
        return tuple((f"{stem}{axis}", value) for axis, value in enumerate(values))

    def _channels(self, channel: str, phases: str, group: str = "g ") -> str:
        """The merged channel axis of a phase map, in this order."""
        group = group if self.order == "phase" and self.groups > 1 else ""
        inner = f"{channel} {phases}" if self.order == "channel" else f"{phases} {channel}"
        return f"({group}{inner})"

    def _grouped(self, channel: str) -> tuple[str, tuple[tuple[str, int], ...]]:
        """The plain channel axis, split by group where the order needs it."""
        if self.order == "phase" and self.groups > 1:
            return f"(g {channel})", ((GROUP, self.groups),)
        return channel, ()

    def input_map(self, fill: Number, *, named_tails: bool = True) -> tuple[st.Step, ...]:
        """Space-to-depth by ``E_in``, after filling the last coarse block.

        Without ``named_tails`` only that of an axis whose size is a number is filled.
        """
        factors = [axis.factor_in for axis in self.axes]
        if prod(factors) == 1:
            return ()
        tails = [(0, _tail(axis, named_tails)) for axis in self.axes]
        tail = (st.Pad(((0, 0), *tails), value=fill),) if any(map(sum, tails)) else ()
        channel, sizes = self._grouped("c")
        pattern = (
            f"{channel} {self._paired('h', 'r')} -> "
            f"{self._channels('c', self._names('r'))} {self._names('h')}"
        )
        return (*tail, st.Rearrange(pattern, (*sizes, *self._sizes("r", factors))))

    def output_map(self) -> tuple[st.Step, ...]:
        """Depth-to-space by ``E_out``, and a crop of the last coarse block to the output size."""
        factors = [axis.factor_out for axis in self.axes]
        if prod(factors) == 1:
            return ()
        channel, sizes = self._grouped("m")
        pattern = (
            f"{self._channels('m', self._names('p'))} {self._names('h')} -> "
            f"{channel} {self._paired('h', 'p')}"
        )
        whole = st.Rearrange(pattern, (*sizes, *self._sizes("p", factors)))
        if all(a.coarse_output * a.factor_out == a.window.output for a in self.axes):
            return (whole,)
        crop = tuple((0, axis.window.output, 1) for axis in self.axes)
        return (whole, st.Slice(((None, None, None), *crop)))

    def output_split(self) -> tuple[st.Step, ...]:
        """The inverse of `output_map`: zeros after the output, and space-to-depth by ``E_out``."""
        merged = self.output_map()
        if not merged:
            return ()
        whole = merged[0]
        if not isinstance(whole, st.Rearrange):
            raise ClaimError("an output map begins with a rearrangement")
        left, right = whole.pattern.split(" -> ")
        split = st.Rearrange(f"{right} -> {left}", whole.sizes)
        tails = [(0, a.coarse_output * a.factor_out - a.window.output) for a in self.axes]
        return (st.Pad(((0, 0), *tails)), split) if any(map(sum, tails)) else (split,)

    def weight_map(self, transposed: bool) -> tuple[st.Step, ...]:
        """A kernel of layout ``(M, C/groups, *K)`` to the expanded one.

        Each axis is laid out on a line of fine positions ``v``: dilated, padded by
        ``(-lo) mod (u*E_in)`` in front, copied once an output phase with a shift of ``s`` each,
        thinned to multiples of ``u``, and cut into blocks of ``E_in``.
        """
        turned = self._turned() if transposed else ()
        return (*turned, *self._on_the_line(), *self._output_phases(), *self._input_phases())

    def _turned(self) -> tuple[st.Step, ...]:
        """A transposed layer's kernel, mirrored and with its channels in a convolution's places."""
        spatial = tuple(range(2, 2 + len(self.axes)))
        taps = self._names("k")
        if self.groups == 1:
            swap = st.Rearrange(f"c m {taps} -> m c {taps}")
        else:
            swap = st.Rearrange(f"(g c) m {taps} -> (g m) c {taps}", ((GROUP, self.groups),))
        return (st.Flip(spatial), swap)

    def _on_the_line(self) -> tuple[st.Step, ...]:
        dilations = [axis.window.dilation // axis.dilation for axis in self.axes]
        dilated = (st.Dilate((1, 1, *dilations)),) if max(dilations) > 1 else ()
        pads = [_line_pads(axis) for axis in self.axes]
        padded = (st.Pad(((0, 0), (0, 0), *pads)),) if any(map(any, pads)) else ()
        return (*dilated, *padded)

    def _output_phases(self) -> tuple[st.Step, ...]:
        factors = [axis.factor_out for axis in self.axes]
        if prod(factors) == 1:
            return ()
        channel, sizes = self._grouped("m")
        lines = [(0, axis.factor_out * axis.fine_length, 1) for axis in self.axes]
        pattern = (
            f"{channel} c {self._paired('p', 'k')} -> "
            f"{self._channels('m', self._names('p'))} c {self._names('k')}"
        )
        whole = ((None, None, None),) * 2
        cut = [_shift(a) > 0 for a in self.axes]
        crop = (st.Slice((*whole, *lines)),) if any(cut) else ()
        return (
            st.Tile((1, 1, *factors)),
            *crop,
            st.Rearrange(pattern, (*sizes, *self._sizes("p", factors))),
        )

    def _input_phases(self) -> tuple[st.Step, ...]:
        holes = [axis.window.base_dilation for axis in self.axes]
        thinned: tuple[st.Step, ...] = ()
        if max(holes) > 1:
            thinned = (st.Slice(((None, None, None),) * 2 + tuple((0, None, u) for u in holes)),)
        unused = [_unused_blocks(axis) for axis in self.axes]
        cropped = (st.Pad(((0, 0), (0, 0), *unused)),) if any(map(any, unused)) else ()
        factors = [axis.factor_in for axis in self.axes]
        if prod(factors) == 1:
            return (*thinned, *cropped)
        phases = f"c {self._names('r')}" if self.order == "channel" else f"{self._names('r')} c"
        pattern = f"m c {self._paired('q', 'r')} -> m ({phases}) {self._names('q')}"
        return (*thinned, *cropped, st.Rearrange(pattern, self._sizes("r", factors)))

    def bias_map(self) -> tuple[st.Step, ...]:
        """A bias of shape ``(M,)``, repeated for every output phase."""
        copies = prod(axis.factor_out for axis in self.axes)
        if copies == 1:
            return ()
        if self.order == "channel":
            before, after = "m -> m 1", "m e -> (m e)"
            copied = st.Tile((1, copies))
        elif self.groups == 1:
            before, after = "m -> 1 m", "e m -> (e m)"
            copied = st.Tile((copies, 1))
        else:
            before, after = "(g m) -> g 1 m", "g e m -> (g e m)"
            copied = st.Tile((1, copies, 1))
        sizes = ((GROUP, self.groups),) if GROUP in before else ()
        return (st.Rearrange(before, sizes), copied, st.Rearrange(after))


def _shift(axis: AxisExpansion) -> int:
    """Extra zeros of a copy, which shift the next output phase's copy by the stride."""
    return axis.window.stride if axis.factor_out > 1 else 0


def _tail(axis: AxisExpansion, of_names: bool) -> Extent:
    """Samples from the end of the signal to the end of its last coarse block."""
    size = axis.window.size
    return axis.coarse_input * axis.factor_in - size if of_names or isinstance(size, int) else 0


def _line_pads(axis: AxisExpansion) -> tuple[Extent, Extent]:
    if axis.dilation > 1:
        return 0, 0  # the taps as they are
    rest = axis.fine_length + _shift(axis) - axis.window.span
    return axis.front, rest - axis.front


def _unused_blocks(axis: AxisExpansion) -> tuple[int, int]:
    """Crops of blocks in which no tap is live (only base dilation leaves such)."""
    if axis.dilation > 1:
        return 0, 0
    blocks = axis.fine_length // axis.block
    before = axis.first_tap - axis.first_block
    after = blocks - before - axis.kernel
    return -before * axis.factor_in, -after * axis.factor_in
