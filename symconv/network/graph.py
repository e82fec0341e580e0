"""Networks: a graph of layers, and one phase factor per signal.

Data flow: nodes and an input size, in numbers or in names -> the size of every signal ->
`solve_factors` (least positive integers with ``E_in * u == E_out * s`` on every edge).

A chain is the simplest graph: every node reads the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symconv.claim import steps as st
from symconv.errors import FactorError, LayerError
from symconv.layer import AnyLayer, read_size
from symconv.layer.base import Sizes, entries
from symconv.network.factors import Ratios
from symconv.size.expr import Extent, names_of, size_at

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

    The input's sizes are numbers or expressions in names; those of hidden signals follow.

    Raises:
        LayerError: there is no layer, or a layer does not fit the signal that it reads.

    >>> from symconv.layer import Conv
    >>> net = chain("two", [Conv(3, 8, 3, 2, 1), "relu", Conv(8, 4, 3, 2, 1)], (32, 32))
    >>> net.sizes[2], net.factors[INPUT], net.factors[0]
    ((8, 8), (4, 4), (2, 2))
    >>> [str(n) for n in chain("one", [Conv(3, 8, 3, 2, 1)], ("H", "W")).sizes[0]]
    ['((H + 1) // 2)', '((W + 1) // 2)']
    """

    name: str
    channels: int
    input_size: tuple[Extent, ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not any(not isinstance(node.operation, st.Pointwise) for node in self.nodes):
            raise LayerError(f"network {self.name!r} holds no layer")
        size = read_size(self.input_size, f"network {self.name!r}")
        object.__setattr__(self, "input_size", size)
        _ = self.sizes

    @property
    def names(self) -> tuple[str, ...]:
        """The named sizes."""
        return names_of(*self.input_size)

    def at(self, values: Mapping[str, int]) -> Network:
        """The network where every name has a value.

        Raises:
            LayerError: a layer makes no sense there.
        """
        return replace(self, input_size=tuple(size_at(n, values) for n in self.input_size))

    @cached_property
    def sizes(self) -> dict[int, tuple[Extent, ...]]:
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
        """The phase factors ``E`` of every signal, one per axis."""
        edges = [
            (source, place, self._rates(node.operation, source))
            for place, node in enumerate(self.nodes)
            for source in node.inputs
        ]
        axes = [
            solve_factors((source, place, *rates[axis]) for source, place, rates in edges)
            for axis in range(len(self.input_size))
        ]
        return {
            signal: tuple(axis[signal] for axis in axes) for signal in range(INPUT, len(self.nodes))
        }

    def _rates(self, operation: AnyLayer | st.Pointwise, source: int) -> list[tuple[int, int]]:
        """``(u, s)`` of an edge, one pair per axis."""
        size = self.sizes[source]
        if isinstance(operation, st.Pointwise):
            return [(1, 1)] * len(size)
        return [(window.base_dilation, window.stride) for window in operation.windows(size)]


def solve_factors(edges: Iterable[tuple[int, int, int, int]]) -> dict[int, int]:
    """The least positive integers with ``E[source] * u == E[target] * s`` on every edge.

    An edge is ``(source, target, u, s)``; signals that no edges connect are apart.

    Raises:
        FactorError: no integers solve all edges: two paths have different strides.

    >>> solve_factors([(-1, 0, 1, 2), (0, 1, 1, 3)])
    {-1: 6, 0: 3, 1: 1}
    """
    ratios: Ratios[int] = Ratios()
    for source, target, u, s in edges:
        if not ratios.join(source, target, u, s):
            raise FactorError(
                f"no phase factor fits signal {target}: paths of different strides meet there, one "
                f"of them through signal {source}"
            )
    return dict(sorted(ratios.solved().items()))


def chain(
    name: str,
    operations: Sequence[AnyLayer | str],
    input_size: Sizes,
    names: Sequence[str] | None = None,
) -> Network:
    """A network in which every node reads the one before; a string is a pointwise function."""
    if other := [op for op in operations if not isinstance(op, AnyLayer | str)]:
        raise LayerError(
            f"network {name!r}: expected layers of one window per axis and functions' names, "
            f"got {other[0]!r:.80}"
        )
    made = [st.Pointwise(op) if isinstance(op, str) else op for op in operations]
    labels = names or [f"{name}[{place}]" for place in range(len(made))]
    nodes = tuple(
        Node(label, op, (place - 1,))
        for place, (label, op) in enumerate(zip(labels, made, strict=True))
    )
    first = next((op for op in made if not isinstance(op, st.Pointwise)), None)
    if first is None:
        raise LayerError(f"network {name!r} holds no layer")
    return Network(name, first.in_channels, entries(input_size), nodes)


def thinned(network: Network) -> Network:
    """The network with one channel in every layer: what its first channels do alone."""
    nodes = tuple(replace(node, operation=_thin(node.operation)) for node in network.nodes)
    return replace(network, channels=1, nodes=nodes)


def _thin(operation: AnyLayer | st.Pointwise) -> AnyLayer | st.Pointwise:
    if isinstance(operation, st.Pointwise):
        return operation
    return operation.with_channels(1, 1)
