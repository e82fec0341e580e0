"""Networks: a graph of layers, one phase factor a signal, one expanded layer a node.

Data flow: nodes and an input size -> `solve_factors` (least positive integers with
``E_in * u == E_out * s`` on every edge) -> one `Expansion` a layer -> `NetworkExpansion`, whose
claim says that the strided network and the stride-free one on phases are the same function.  Hidden
signals stay on phases.  What stands in the tail of a hidden signal is not zero; a layer that would
read it gets a mask (THEORY, "The tail").

A chain is the simplest graph: every node reads the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

import numpy as np

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.errors import FactorError, LayerError
from symconv.expand import AxisExpansion, Expansion, destride
from symconv.layer import AnyLayer, Conv, ConvTranspose

LAYERS = (st.ConvStep, st.ConvTransposeStep, st.MaxConvStep, st.MaxPoolStep, st.AvgPoolStep)
"""Steps that a layer is written as."""

INPUT = -1
"""The network's input, as a signal; signal ``n`` is the output of node ``n``."""

Factors = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A layer or a pointwise function, and the signals that it reads."""

    name: str
    operation: AnyLayer | st.Pointwise
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """Nodes in an order in which each reads earlier signals; the last one is the output.

    Raises:
        LayerError: there is no layer, or a layer does not fit the signal that it reads.

    >>> from symconv.layer import Conv
    >>> net = chain("two", [Conv(3, 8, 3, 2, 1), "relu", Conv(8, 4, 3, 2, 1)], (32, 32))
    >>> net.sizes[2], net.factors[INPUT], net.factors[0]
    ((8, 8), (4, 4), (2, 2))
    """

    name: str
    channels: int
    input_size: tuple[int, ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not any(not isinstance(node.operation, st.Pointwise) for node in self.nodes):
            raise LayerError(f"network {self.name!r} holds no layer")
        _ = self.sizes

    @cached_property
    def sizes(self) -> dict[int, tuple[int, ...]]:
        """Spatial sizes of every signal."""
        sizes, channels = {INPUT: self.input_size}, {INPUT: self.channels}
        for place, node in enumerate(self.nodes):
            (source,) = node.inputs
            sizes[place], channels[place] = sizes[source], channels[source]
            if not isinstance(node.operation, st.Pointwise):
                self._check_channels(node, channels[source])
                channels[place] = node.operation.out_channels
                sizes[place] = node.operation.output_size(sizes[source])
        return sizes

    def _check_channels(self, node: Node, found: int) -> None:
        wanted = getattr(node.operation, "in_channels", found)
        if wanted != found:
            raise LayerError(
                f"layer {node.name!r} of network {self.name!r} reads {wanted} channels, "
                f"its input has {found}"
            )

    @cached_property
    def factors(self) -> dict[int, Factors]:
        """The phase factors ``E`` of every signal, one an axis."""
        return {
            signal: tuple(axis[signal] for axis in map(self._solved, range(len(self.input_size))))
            for signal in range(INPUT, len(self.nodes))
        }

    def _solved(self, axis: int) -> dict[int, int]:
        return solve_factors(
            (source, place, *self._rates(node.operation, source, axis))
            for place, node in enumerate(self.nodes)
            for source in node.inputs
        )

    def _rates(self, operation: AnyLayer | st.Pointwise, source: int, axis: int) -> tuple[int, int]:
        """``(u, s)`` of an edge."""
        if isinstance(operation, st.Pointwise):
            return 1, 1
        window = operation.windows(self.sizes[source])[axis]
        return window.base_dilation, window.stride


def solve_factors(edges: Iterable[tuple[int, int, int, int]]) -> dict[int, int]:
    """The least positive integers with ``E[source] * u == E[target] * s`` on every edge.

    An edge is ``(source, target, u, s)``; the graph must be connected.

    Raises:
        FactorError: no integers solve all edges: two paths have different strides.

    >>> solve_factors([(-1, 0, 1, 2), (0, 1, 1, 3)])
    {-1: 6, 0: 3, 1: 1}
    """
    listed = list(edges)
    found = {listed[0][0]: Fraction(1)}
    for _ in listed:
        for source, target, u, s in listed:
            if source in found:
                _agree(found, target, found[source] * u / s)
            elif target in found:
                _agree(found, source, found[target] * s / u)
    scale = lcm(*(value.denominator for value in found.values()))
    whole = {signal: int(value * scale) for signal, value in sorted(found.items())}
    common = gcd(*whole.values())
    return {signal: value // common for signal, value in whole.items()}


def _agree(found: dict[int, Fraction], signal: int, value: Fraction) -> None:
    if found.setdefault(signal, value) != value:
        raise FactorError(
            f"no phase factor fits signal {signal}: paths of different strides meet there"
        )


def chain(
    name: str, operations: Sequence[AnyLayer | str], input_size: Sequence[int],
    names: Sequence[str] | None = None,
) -> Network:  # fmt: skip
    """A network in which every node reads the one before; a string is a pointwise function."""
    made = [st.Pointwise(op) if isinstance(op, str) else op for op in operations]
    labels = names or [f"{name}[{place}]" for place in range(len(made))]
    nodes = tuple(Node(label, op, (place - 1,)) for place, (label, op) in enumerate(
        zip(labels, made, strict=True)))  # fmt: skip
    first = next((op for op in made if not isinstance(op, st.Pointwise)), None)
    if first is None:
        raise LayerError(f"network {name!r} holds no layer")
    return Network(name, first.in_channels, tuple(input_size), nodes)


@dataclass(frozen=True)
class NetworkExpansion:
    """A chain, and its stride-free equal on phases; ``masks`` are the nodes with a mask in front.

    The mask crops the hidden signal to its size and fills the tail anew, with zeros or, before a
    maximum, with -inf.
    """

    network: Network
    masks: frozenset[int] = frozenset()

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
        return str(1 + list(self.expansions).index(place))

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
            before = e.input_map
        elif e.has_boundary_gather or place in self.masks:
            before = (*last.output_merge, *e.input_map)
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
            self.network.input_size,
            self.weights,
            self.left,
            tuple(step for steps in self.node_steps for step in steps),
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
                steps += _without_phases(e.input_map)
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

    def hollow_tails(self) -> frozenset[int]:
        """Layers that sum over a max pooling's output whose tail may be -inf; they get a mask.

        A structural zero times -inf is no number, so that it must not meet one.
        """
        found, last = [], None
        for place, e in self.expansions.items():
            hollow = last is not None and last.original.monoid == "max" and _hollow(last)
            if hollow and e.original.monoid == "sum":
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
    return (st.Slice(((None, None, None), *((0, n, 1) for n in e.output_size))),)


def layer_on_lines(e: Expansion, suffix: str) -> st.Step:
    """The original layer from its input's whole line to its output's, as a step."""
    layer, pads = e.original, tuple(map(_line_pads, e.axes))
    rank = len(pads)
    weight, bias = f"w{suffix}", f"b{suffix}" if e.layer.bias else None
    strides = layer.per_axis("stride", rank)
    if isinstance(layer, ConvTranspose):
        crops = tuple((a.window.span - 1 - lo, a.window.span - 1 - hi)
                      for a, (lo, hi) in zip(e.axes, pads, strict=True))  # fmt: skip
        return st.ConvTransposeStep(
            weight, strides, crops, 0, layer.per_axis("dilation", rank), layer.groups, bias
        )
    dilations = tuple(axis.window.dilation for axis in e.axes)
    if layer.monoid == "max":
        return st.MaxConvStep(weight, strides, pads, dilations, e.groups)
    return st.ConvStep(weight, strides, pads, dilations, e.groups, bias)


def _line_pads(axis: AxisExpansion) -> tuple[int, int]:
    """Pads with which a window reads a whole line and fills a whole line."""
    window = axis.window
    outputs, inputs = axis.coarse_output * axis.factor_out, axis.coarse_input * axis.factor_in
    read = window.base_dilation * (inputs - 1) + 1
    return window.lo, window.stride * (outputs - 1) + window.span - window.lo - read


def _hollow(e: Expansion) -> bool:
    """Whether some output beyond the end reads no sample of the signal, so that it may be -inf."""
    for axis in e.axes:
        window = axis.window
        tail = np.arange(window.output, axis.coarse_output * axis.factor_out)[:, None]
        reads = window.position(tail, np.arange(window.kernel)[None, :])
        if ((reads < 0) | (reads >= window.size)).all(axis=1).any():
            return True
    return False


def thinned(network: Network) -> Network:
    """The network with one channel in every layer: what its first channels do alone."""
    nodes = tuple(replace(node, operation=_thin(node.operation)) for node in network.nodes)
    return replace(network, channels=1, nodes=nodes)


def _thin(operation: AnyLayer | st.Pointwise) -> AnyLayer | st.Pointwise:
    if isinstance(operation, st.Pointwise):
        return operation
    if isinstance(operation, Conv | ConvTranspose):
        return replace(operation, in_channels=1, out_channels=1, groups=1)
    return replace(operation, channels=1)
