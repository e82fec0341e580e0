"""A network on phases: one expanded layer a node, and masks where a tail would be read.

Data flow: a `Network` -> one `Expansion` a layer, with the factors of the signals around it ->
`NetworkExpansion`, whose claim says that the strided network and the stride-free one on phases are
the same function.  Hidden signals stay on phases.  What stands in the tail of a hidden signal is
not zero; a layer that would read it gets a mask (THEORY, "The tail").  The square of one layer is a
claim of its own, in the size of the signal that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.expand import AxisExpansion, Expansion, destride
from symconv.network.graph import INPUT, Factors, Network
from symconv.size.expr import Extent
from symconv.size.numbers import freeze

LAYERS = (st.ConvStep, st.ConvTransposeStep, st.MaxConvStep, st.MaxPoolStep, st.AvgPoolStep)
"""Steps that a layer is written as."""


@dataclass(frozen=True)
class NetworkExpansion:
    """A chain, and its stride-free equal on phases; ``masks`` are the nodes with a mask in front.

    The mask crops the hidden signal to its size and fills the tail again, with zeros or, before a
    maximum, with -inf.  Where sizes are named, ``where`` are conditions on them.

    >>> from symconv.layer import Conv
    >>> from symconv.network import chain
    >>> layers = [Conv(1, 1, 3, 2, 1), "relu", Conv(1, 1, 3, 2, 1)]
    >>> claim = NetworkExpansion(chain("two", layers, ("N",))).claim()
    >>> claim.names, claim.at({"N": 8}).right[2].padding
    (('N',), ((1, 0),))
    """

    network: Network
    masks: frozenset[int] = frozenset()
    where: tuple[str, ...] = ()

    @cached_property
    def expansions(self) -> dict[int, Expansion]:
        """One expansion a layer, with the factors of the signals around it."""
        factors = self.network.factors
        return {
            place: destride(
                node.operation,
                self.network.sizes[node.inputs[0]],
                factor=factors[node.inputs[0]],
                factor_out=factors[place],
            )
            for place, node in enumerate(self.network.nodes)
            if not isinstance(node.operation, st.Pointwise)
        }

    def with_masks(self, masks: Iterable[int]) -> NetworkExpansion:
        """The same with masks in front of these nodes as well."""
        return replace(self, masks=self.masks | frozenset(masks))

    def suffix(self, place: int) -> str:
        """What is appended to the names of a layer's tensors: its number among the layers."""
        return str(self._numbers[place])

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """The number of each layer among the layers."""
        return {place: number for number, place in enumerate(self.expansions, 1)}

    @property
    def left(self) -> tuple[st.Step, ...]:
        """The strided network as steps."""
        return tuple(
            node.operation
            if isinstance(node.operation, st.Pointwise)
            else self.expansions[place].original_step(self.suffix(place))
            for place, node in enumerate(self.network.nodes)
        )

    @cached_property
    def node_steps(self) -> list[tuple[st.Step, ...]]:
        """The stride-free network, node by node; the last one's phases are merged."""
        found: list[tuple[st.Step, ...]] = []
        last: Expansion | None = None
        for place, node in enumerate(self.network.nodes):
            if isinstance(node.operation, st.Pointwise):
                found.append((node.operation,))
                continue
            found.append(self._layer_steps(place, last))
            last = self.expansions[place]
        if last is not None:
            found[-1] = (*found[-1], *last.output_merge)
        return found

    def _layer_steps(self, place: int, last: Expansion | None) -> tuple[st.Step, ...]:
        """Input map, expanded layer, and an average pooling's divisors, from phases to phases."""
        e = self.expansions[place]
        before: tuple[st.Step, ...] = ()
        if last is None:
            before = e.to_phases
        elif e.has_boundary_gather or place in self.masks:
            before = (*last.output_merge, *e.to_phases)
        after = (*e.output_merge, *e.divisors, *e.output_split) if e.divisors else ()
        return (*before, e.expanded_step(self.suffix(place)), *after)

    @property
    def weights(self) -> tuple[tuple[str, Weight], ...]:
        """Weights of all layers, and their expanded forms as steps."""
        return tuple(
            weight
            for place, e in self.expansions.items()
            for weight in e.weights(self.suffix(place))
        )

    def claim(self) -> Claim:
        """The statement that both networks are the same function."""
        return Claim(
            self.network.name,
            self.network.channels,
            freeze(self.network.input_size),
            self.weights,
            self.left,
            tuple(step for steps in self.node_steps for step in steps),
            self.where,
        )

    @property
    def inner(self) -> tuple[str, ...]:
        """Names for the sizes of the signal that a square reads."""
        return tuple(f"_n{axis}" for axis in range(len(self.network.input_size)))

    def square(self, place: int) -> Claim:
        """The statement that one layer's square commutes, whatever stands in its input's tail.

        It is for all sizes of the signal ``n`` that the layer reads: of the input, a line of
        ``E_in * ceil(n / E_in)`` samples an axis, the strided layer reads the first ``n``.
        """
        e, node = self.expansions[place].at(self.inner), self.network.nodes[place]
        first = node.inputs[0] == INPUT
        given = () if first else (first_samples(e.input_size),)
        split: tuple[st.Step, ...] = tuple(
            step for step in e.to_phases if isinstance(step, st.Rearrange)
        )
        if first or e.has_boundary_gather or place in self.masks:
            split = (*given, *e.to_phases)
        return Claim(
            f"{self.network.name}: the square of {node.name}",
            e.original.in_channels,
            freeze(e.input_size if first else whole_line(e.input_size, e.factor_in)),
            e.weights(),
            (*given, e.original_step()),
            (*split, e.expanded_step(), *e.output_map),
        )

    def lines_claim(self) -> Claim:
        """The statement that the network on phases is the strided one on longer lines.

        A line is a signal with its tail behind it, ``E * ceil(N / E)`` samples an axis.
        """
        return replace(self.claim(), left=self.lines)

    @property
    def lines(self) -> tuple[st.Step, ...]:
        """The stride-free network as one of strided layers that compute their tails too."""
        steps: list[st.Step] = []
        last: Expansion | None = None
        for place, node in enumerate(self.network.nodes):
            if isinstance(node.operation, st.Pointwise):
                steps.append(node.operation)
                continue
            e = self.expansions[place]
            if last is not None and (e.has_boundary_gather or place in self.masks):
                steps += _cropped(last)
            if last is None or e.has_boundary_gather or place in self.masks:
                steps += _without_phases(e.to_phases)
            steps.append(layer_on_lines(e, self.suffix(place)))
            if e.divisors:
                steps += [*_cropped(e), *e.divisors, *_without_phases(e.output_split)]
            last = e
        return (*steps, *_cropped(last)) if last is not None else ()

    def node_at(self, place: int) -> int | None:
        """The first node whose own layer stands at this place of the claim's right side or behind.

        What follows a layer, such as an average's divisors and the way back to phases, is read by
        the next one.
        """
        seen = 0
        for node, steps in enumerate(self.node_steps):
            places = (seen + n for n, step in enumerate(steps) if isinstance(step, LAYERS))
            if node in self.expansions and any(at >= place for at in places):
                return node
            seen += len(steps)
        return None

    def factors_at(self, place: int) -> Factors | None:
        """Phase factors of the tensor before this place of the claim's right side."""
        seen, factors = 0, self.network.factors
        for node, steps in enumerate(self.node_steps):
            seen += len(steps)
            if seen >= place:
                return factors[node]
        return None

    def empty_window_tails(self) -> frozenset[int]:
        """Layers that sum over a max pooling's output whose tail may be -inf; they get a mask.

        A structural zero times -inf is not a number, so that it must not meet one.
        """
        found, last = [], None
        for place, e in self.expansions.items():
            empty = last is not None and last.original.monoid == "max" and has_empty_window(last)
            if empty and e.original.monoid == "sum":
                found.append(place)
            last = e
        return frozenset(found)


def _without_phases(steps: Iterable[st.Step]) -> tuple[st.Step, ...]:
    return tuple(step for step in steps if not isinstance(step, st.Rearrange))


def _cropped(e: Expansion) -> tuple[st.Step, ...]:
    """From the line of a layer's output to the output, where it is shorter."""
    line = tuple(axis.coarse_output * axis.factor_out for axis in e.axes)
    if line == e.output_size:
        return ()
    return (first_samples(e.output_size),)


def first_samples(size: Sequence[Extent]) -> st.Slice:
    """The first samples of every axis."""
    return st.Slice(((None, None, None), *((0, n, 1) for n in size)))


def whole_line(size: Sequence[Extent], factors: Factors) -> tuple[Extent, ...]:
    """The size with its tail, ``E * ceil(n / E)`` an axis."""
    return tuple(-(-n // factor) * factor for n, factor in zip(size, factors, strict=True))


def layer_on_lines(e: Expansion, suffix: str) -> st.Step:
    """The original layer from its input's whole line to its output's, as a step."""
    layer, pads = e.original, tuple(map(_line_pads, e.axes))
    rank = len(pads)
    weight, bias = f"w{suffix}", f"b{suffix}" if e.has_bias else None
    strides = layer.per_axis("stride", rank)
    if layer.is_transposed:
        crops = tuple(
            (a.window.span - 1 - lo, a.window.span - 1 - hi)
            for a, (lo, hi) in zip(e.axes, pads, strict=True)
        )
        return st.ConvTransposeStep(
            weight, strides, crops, 0, layer.per_axis("dilation", rank), layer.channel_groups, bias
        )
    dilations = tuple(axis.window.dilation for axis in e.axes)
    if layer.monoid == "max":
        return st.MaxConvStep(weight, strides, pads, dilations, e.groups)
    return st.ConvStep(weight, strides, pads, dilations, e.groups, bias)


def _line_pads(axis: AxisExpansion) -> tuple[Extent, Extent]:
    """Pads with which a window reads a whole line and fills a whole line."""
    window = axis.window
    outputs, inputs = axis.coarse_output * axis.factor_out, axis.coarse_input * axis.factor_in
    read = window.base_dilation * (inputs - 1) + 1
    return window.lo, window.stride * (outputs - 1) + window.span - window.lo - read


def has_empty_window(e: Expansion) -> bool:
    """Whether some output beyond the end reads no sample of the signal, so that it may be -inf."""
    for axis in e.axes:
        window = axis.window
        tail = np.arange(window.output, axis.coarse_output * axis.factor_out)[:, None]
        reads = window.position(tail, np.arange(window.kernel)[None, :])
        if ((reads < 0) | (reads >= window.size)).all(axis=1).any():
            return True
    return False
