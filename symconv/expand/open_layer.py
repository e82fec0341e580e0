"""A layer and its expansion at every size, as steps.

What depends on the size (the fill of the tail, the expanded layer's high pad, the crop of the
output, and under 'same' where the kernel lies in its first block) is written as expressions in the
names of the sizes; the rest is the same at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symconv.claim import Weight
from symconv.claim import steps as st
from symconv.expand.axis import AxisExpansion
from symconv.expand.destride import OpenExpansion
from symconv.expand.expansion import Expansion
from symconv.expand.maps import Maps
from symconv.expand.open_axis import OpenAxis, added, blocks
from symconv.layer import AnyLayer, AvgPool, ConvTranspose, MaxPool
from symconv.layer.padding import SAME
from symconv.size.text import SizeText as Size

WHOLE = (None, None, None)


@dataclass(frozen=True)
class OpenLayer:
    """The steps of a layer and of its expansion for an input whose sizes are expressions.

    >>> from symconv.expand import destride
    >>> from symconv.layer import Conv
    >>> layer = OpenLayer(destride(Conv(1, 1, 3, 2, 1)), ("N",))
    >>> layer.output_size, layer.expanded_step().padding
    (('((N - 1) // 2 + 1)',), ((1, '((N - 1) // 2 + 1) - ((N + 1) // 2)'),))
    """

    opened: OpenExpansion
    sizes: tuple[str, ...]

    @property
    def original(self) -> AnyLayer:
        """The layer as it was given."""
        return self.opened.original

    @cached_property
    def usual(self) -> Expansion:
        """The expansion at some size; without the overhang of ``ceil_mode``."""
        layer, rank = self.original, len(self.sizes)
        plain = replace(layer, ceil_mode=False) if isinstance(layer, MaxPool | AvgPool) else layer
        plain = replace(plain, kernel_size=plain.per_axis("kernel_size", rank))
        return replace(self.opened, original=plain).usual(rank)

    @property
    def _gathers(self) -> bool:
        return self.usual.has_boundary_gather

    @cached_property
    def _pads(self) -> tuple[tuple[Size, Size], ...]:
        """The original layer's pads, expressions where a name depends on the size."""
        layer, rank = self.original, len(self.sizes)
        windows = self.usual.original.windows(self.usual.input_size)
        names = layer.per_axis("padding", rank)
        return tuple(
            same_pads(name, size, w.span, w.stride)
            if name in SAME and w.stride > 1 and not isinstance(layer, ConvTranspose)
            else (w.lo, w.hi)
            for name, size, w in zip(names, self.sizes, windows, strict=True)
        )

    @cached_property
    def axes(self) -> tuple[OpenAxis, ...]:
        """One axis on phases each, at every size."""
        return tuple(map(self._axis, range(len(self.sizes))))

    def _axis(self, number: int) -> OpenAxis:
        axis, (low, high), size = self.usual.axes[number], self._pads[number], self.sizes[number]
        given = (axis.window, axis.factor_in, axis.factor_out, axis.stride)
        ceil = bool(getattr(self.original, "ceil_mode", False))
        count = "" if isinstance(low, int) else blocks(size, axis.window.stride)
        if self._gathers:
            padded = f"({added(size, low, high)})" if (low, high) != (0, 0) else size
            return OpenAxis(*given, padded, count=count)
        residues = () if isinstance(low, int) else self._residues(number)
        return OpenAxis(*given, size, low, high, ceil, residues, count)

    def _residues(self, number: int) -> tuple[AxisExpansion, ...]:
        """The axis at one size of every residue modulo the stride, on which 'same' depends."""
        usual = self.usual.input_size
        found = []
        for more in range(self.usual.axes[number].window.stride):
            size = (*usual[:number], usual[number] + more, *usual[number + 1 :])
            found.append(self.opened.at(size).axes[number])
        return tuple(found)

    @property
    def output_size(self) -> tuple[str, ...]:
        """Spatial sizes of the output."""
        return tuple(axis.outputs for axis in self.axes)

    @property
    def line(self) -> tuple[str, ...]:
        """The output with its tail, ``E_out * ceil(O / E_out)``."""
        return tuple(whole(axis.outputs, axis.factor_out) for axis in self.axes)

    def weights(self, suffix: str = "") -> tuple[tuple[str, Weight], ...]:
        """Weight and bias, and their expanded forms."""
        name, usual = f"w{suffix}_phases", self.usual
        maps = Maps(self.axes, usual.groups, usual.order)
        made = Weight(
            source=f"w{suffix}", steps=maps.weight_map(isinstance(self.original, ConvTranspose))
        )
        base = replace(usual.weights(suffix)[0][1], fill=1) if self.divisors else None
        return tuple(
            (n, made if n == name else base if base is not None and n == f"w{suffix}" else w)
            for n, w in usual.weights(suffix)
        )

    def original_step(self, suffix: str = "") -> st.Step:
        """The original layer."""
        step = self.usual.original_step(suffix)
        ceil = getattr(self.original, "ceil_mode", False)
        return replace(step, ceil_mode=True) if ceil else step  # type: ignore[call-arg]

    @property
    def divisors(self) -> tuple[st.Step, ...]:
        """Of an average whose windows count differently many samples: the step that divides."""
        layer = self.original
        if not isinstance(layer, AvgPool) or _divides_alike(layer):
            return ()
        counts = [(axis.counted(layer.count_include_pad), axis.outputs) for axis in self.axes]
        return (st.Divide((None, *counts)),)

    @property
    def input_map(self) -> tuple[st.Step, ...]:
        """Boundary gather, tail fill, space-to-depth."""
        tails = tuple((0, _tail(axis)) for axis in self.axes)
        fill = "-inf" if self.original.monoid == "max" else 0
        pad = (st.Pad(((0, 0), *tails), value=fill),) if any(t for _, t in tails) else ()
        return (*self.boundary, *pad, *self.split)

    @property
    def boundary(self) -> tuple[st.Step, ...]:
        """Padding of another mode or value, as a gather of its own."""
        if not self._gathers:
            return ()
        (front,) = self.usual.input_map[:1]
        return (replace(front, padding=((0, 0), *self._pads)),)  # type: ignore[call-arg]

    @property
    def split(self) -> tuple[st.Step, ...]:
        """Space-to-depth."""
        return tuple(step for step in self.usual.input_map if isinstance(step, st.Rearrange))

    def expanded_step(self, suffix: str = "") -> st.Step:
        """The expanded layer."""
        pads = tuple((axis.lo, axis.high_pad) for axis in self.axes)
        return replace(self.usual.expanded_step(suffix), padding=pads)  # type: ignore[call-arg]

    @property
    def merge(self) -> tuple[st.Step, ...]:
        """Depth-to-space, without a crop of the tail."""
        return tuple(step for step in self.usual.output_merge if isinstance(step, st.Rearrange))

    @property
    def to_phases(self) -> tuple[st.Step, ...]:
        """From the output back to its phases, with zeros in the tail."""
        split = tuple(s for s in self.usual.output_split if isinstance(s, st.Rearrange))
        pairs = zip(self.output_size, self.line, strict=True)
        tails = tuple((0, f"{line} - {n}" if line != n else 0) for n, line in pairs)
        return (st.Pad(((0, 0), *tails)), *split) if split else ()

    @property
    def crop(self) -> tuple[st.Step, ...]:
        """From the output's line to the output."""
        return cropped(self.output_size) if self.merge else ()


def _divides_alike(layer: AvgPool) -> bool:
    """Whether every window counts the same number of samples at every size."""
    return not layer.ceil_mode and (layer.count_include_pad or layer.padding == 0)


def _tail(axis: OpenAxis) -> Size:
    e = axis.factor_in
    return 0 if e == 1 else f"{whole(axis.line, e)} - {axis.line}"


def whole(size: str, factor: int) -> str:
    """The size with its tail, ``factor * ceil(size / factor)``.

    >>> whole("N", 2), whole("N", 1)
    ('2*((N + 1) // 2)', 'N')
    """
    return size if factor == 1 else f"{factor}*{blocks(size, factor)}"


def cropped(size: Sequence[str]) -> tuple[st.Step, ...]:
    """The first samples of every axis."""
    return (st.Slice((WHOLE, *((0, n, 1) for n in size))),)


def same_pads(name: str, size: str, span: int, stride: int) -> tuple[str, str]:
    """'SAME' on one axis of a forward layer, as expressions in its size.

    >>> same_pads("same", "N", span=3, stride=2)[0]
    '(max(2*((N + 1) // 2 - 1) + 3 - N, 0) // 2)'
    """
    total = f"max({stride}*(({size} + {stride - 1}) // {stride} - 1) + {span} - {size}, 0)"
    small, large = f"({total} // 2)", f"(({total} + 1) // 2)"
    return (small, large) if name == "same" else (large, small)
