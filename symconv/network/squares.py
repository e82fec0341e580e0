"""The square of a window: a claim that it does the same on phases, whatever the tails hold.

A tensor that comes from another node on phases is a line of ``E * ceil(n / E)`` samples on each
axis, of which the signal is the first ``n``; what stands behind them is arbitrary.  The left side
takes the first ``n`` and does what the node does; the right side does it on phases, and what it
leaves of the outputs is compared.  One that comes from a border, or has a mask in front, is filled
by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.expand import Expansion, destride
from symconv.expand.layers import layer_step
from symconv.layer import AnyLayer
from symconv.network.expansion import first_samples, has_empty_window, whole_line
from symconv.network.phases import PhasedModel, PhasedNode, tails
from symconv.network.rules import Shape, Window
from symconv.network.rules.windows import is_free
from symconv.size.numbers import freeze

Factors = tuple[int, ...]
NAME = "square"
"""Squares are shared by nodes of one geometry, and named after none."""


@dataclass(frozen=True)
class Square:
    """A window, the factors around it, and whether its input's tail is filled.

    ``fresh`` is that of a border in front; ``masked`` that a mask stands there.
    """

    window: Window
    factor_in: Factors
    factor_out: Factors
    residual: Factors
    fresh: bool = False
    masked: bool = False

    def at(self, size: Shape) -> Square:
        """The square at another size of the signal that the window reads."""
        layer, left = self.window.layer, self.window.left
        if self.window.at is not None:
            layer, left = self.window.at(size)
        return replace(self, window=replace(self.window, size=size, layer=layer, left=left))

    @property
    def expansion(self) -> Expansion | None:
        """The layer on phases; None of what permutes channels."""
        window = self.window
        if window.layer is None:
            return None
        size = _padded(window)
        return destride(
            freed(window.layer, size, self.factor_in),
            size,
            factor=self.factor_in,
            factor_out=self.factor_out,
            residual_stride=self.residual,
        )

    def claim(self) -> Claim:
        """The statement that the square commutes."""
        expansion = self.expansion
        return self._of_blocks() if expansion is None else self._of_layer(expansion)

    def _of_layer(self, e: Expansion) -> Claim:
        given = self._given()
        split: tuple[st.Step, ...] = tuple(
            step for step in e.to_phases if isinstance(step, st.Rearrange)
        )
        window, weights, front = self.window, e.weights(), _front(self.window)
        if self.fresh or self.masked or front or e.has_boundary_gather:
            split = (*given, *front, *e.to_phases)
        if window.left:
            weights = ((weights[0][0], Weight(e.weight_shape, fill="1")), *weights[1:])
        left = window.left or (*front, layer_step(_layer_of(window), "w", "b"))
        right = (*split, e.expanded_step(), *e.output_map)
        return self._claim((*given, *left), right, weights)

    def _of_blocks(self) -> Claim:
        """Depth to space, or back, as a permutation of channels on phases."""
        given, window = self._given(), self.window
        outer = self.factor_out if not window.to_space else self.factor_in
        crop = first_samples(_blocked_size(window))
        fill = (*given, _filled(window.size, self.factor_in)) if self.fresh else ()
        return self._claim((*given, *window.left), (*fill, *_block_patterns(window, outer), crop))

    def _given(self) -> tuple[st.Step, ...]:
        return () if self.fresh else (first_samples(self.window.size),)

    def _claim(
        self,
        left: Sequence[st.Step],
        right: Sequence[st.Step],
        weights: tuple[tuple[str, Weight], ...] = (),
    ) -> Claim:
        size = self.window.size if self.fresh else whole_line(self.window.size, self.factor_in)
        return Claim(NAME, self.window.channels, freeze(size), weights, tuple(left), tuple(right))

    @property
    def leaves_infinity(self) -> bool:
        """Whether the tail of a maximum may hold ``-inf``, where a window reads no sample."""
        e = self.expansion
        if e is None or e.original.monoid != "max":
            return False
        return has_empty_window(e)

    @property
    def reads_nothing(self) -> bool:
        """Whether a maximum reads no sample at a proper output, which is ``-inf`` then."""
        layer = self.window.layer
        if layer is None or layer.monoid != "max" or self.window.left:
            return False
        tables = [window.table() for window in layer.windows(self.window.size)]
        return any(bool((table < 0).all(axis=1).any()) for table in tables)


def _front(window: Window) -> tuple[st.Step, ...]:
    """The pads in front of a layer that repeat the signal's ends."""
    return (st.Pad(((0, 0), *window.front), "replicate"),) if window.front else ()


def _padded(window: Window) -> Shape:
    """The sizes that the layer itself reads."""
    ends = window.front or ((0, 0),) * len(window.size)
    return tuple(n + lo + hi for n, (lo, hi) in zip(window.size, ends, strict=True))


def _layer_of(window: Window) -> AnyLayer:
    if window.layer is None:
        raise TypeError("a window of channels has no layer")
    return window.layer


def freed(layer: AnyLayer, size: Shape, factors: Factors) -> AnyLayer:
    """The layer with the factor for its stride on axes with one output, and pads that just do."""
    windows = layer.windows(size)
    free = [is_free(layer, window) for window in windows]
    if not any(free):
        return layer
    strides, pads = list(layer.per_axis("stride", len(size))), []
    for axis, (window, one) in enumerate(zip(windows, free, strict=True)):
        if one:
            strides[axis] = factors[axis]
        pads.append((window.lo, window.span - window.size - window.lo if one else window.hi))
    words = layer.per_axis("padding", len(size))
    kept = [pad if one else word for pad, one, word in zip(pads, free, words, strict=True)]
    padding = tuple(pads if any(isinstance(word, str) for word in words) else kept)
    return replace(layer, stride=tuple(strides), padding=padding)


def _filled(size: Shape, factors: Factors) -> st.Pad:
    line = whole_line(size, factors)
    return st.Pad(((0, 0), *((0, end - n) for n, end in zip(size, line, strict=True))))


def _blocked_size(window: Window) -> Shape:
    if window.to_space:
        return tuple(n * window.block for n in window.size)
    return tuple(n // window.block for n in window.size)


def _block_patterns(window: Window, outer: Factors) -> tuple[st.Step, ...]:
    """Line to phases, the permutation of channels, and phases to line.

    ``outer`` are the factors on the side of the channels, ``block`` times as many on the other.
    """
    (step,) = window.left
    pattern = str(step.to_dict()["pattern"])
    blocks = (("i", window.block), ("j", window.block))
    fine = tuple(factor * window.block for factor in outer)
    groups = (("r0", outer[0]), ("r1", outer[1]))
    deep = _deep(pattern if window.to_space else " -> ".join(pattern.split(" -> ")[::-1]))
    if window.to_space:
        permuted = st.Rearrange(f"({deep} r0 r1) h w -> (c r0 i r1 j) h w", (*blocks, *groups))
        return (*_split(outer), permuted, *_merge(fine))
    permuted = st.Rearrange(f"(c r0 i r1 j) h w -> ({deep} r0 r1) h w", (*blocks, *groups))
    return (*_split(fine), permuted, *_merge(outer))


def _split(factors: Factors) -> tuple[st.Step, ...]:
    """From the line of an image to its phases, as `symconv.expand` writes it."""
    sizes = (("r0", factors[0]), ("r1", factors[1]))
    split = st.Rearrange("c (h0 r0) (h1 r1) -> (c r0 r1) h0 h1", sizes)
    return (split,) if prod(factors) > 1 else ()


def _merge(factors: Factors) -> tuple[st.Step, ...]:
    """From phases to their line, likewise."""
    sizes = (("p0", factors[0]), ("p1", factors[1]))
    merge = st.Rearrange("(m p0 p1) h0 h1 -> m (h0 p0) (h1 p1)", sizes)
    return (merge,) if prod(factors) > 1 else ()


def _deep(pattern: str) -> str:
    """The order of a block's channels, such as ``i j c``."""
    return pattern.partition(")")[0].lstrip("(")


def square_of(phased: PhasedModel, one: PhasedNode) -> Square:
    """The square of a window, with no mask in front."""
    window = one.rule.window
    if window is None:
        raise TypeError("a node without a window has no square")
    first = len(one.reads[0]) - len(window.size)
    fresh = not tails_left(phased, one, 0)
    factors = one.reads[0][first:], one.makes[0][first:]
    return Square(window, *factors, one.residual or (1,) * len(window.size), fresh)


def tails_left(phased: PhasedModel, one: PhasedNode, slot: int) -> tuple[int, ...]:
    """The axes on which what a node reads may have a tail that another node left there."""
    name = one.node.inputs[slot]
    shape = phased.read.shapes.get(name)
    if shape is None or one.reads[slot] != phased.made.get(name):
        return ()
    return tails(shape, one.reads[slot])
