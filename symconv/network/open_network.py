"""A chain and its stride-free form at every size of its input.

Data flow: a `Network`, names for its sizes -> the size of every hidden signal as an expression in
them -> one `OpenLayer` a layer.  Its claim is the whole chain's, with every pad and crop an
expression; its squares are claims of one layer each, in the size of the signal that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.expand import OpenExpansion
from symconv.expand.open_layer import OpenLayer, cropped, whole
from symconv.network.graph import INPUT, Network

Sizes = tuple[str, ...]


@dataclass(frozen=True)
class OpenNetwork:
    """A chain at every size; ``masks`` are the nodes with a mask in front.

    The network's own input size only says how many axes it has.

    >>> from symconv.layer import Conv
    >>> from symconv.network import chain
    >>> net = chain("two", [Conv(1, 1, 3, 2, 1), "relu", Conv(1, 1, 3, 2, 1)], (32,))
    >>> claim = OpenNetwork(net, ("N",)).claim()
    >>> claim.names, claim.at({"N": 8}).right[2].padding
    (('N',), ((1, 0),))
    """

    network: Network
    names: Sizes
    masks: frozenset[int] = frozenset()
    where: tuple[str, ...] = ()

    def with_masks(self, masks: Iterable[int]) -> OpenNetwork:
        """The same with masks in front of these nodes as well."""
        return replace(self, masks=self.masks | frozenset(masks))

    @property
    def inner(self) -> Sizes:
        """Names for the sizes of the signal that a square reads."""
        return tuple(f"_n{axis}" for axis in range(len(self.names)))

    @cached_property
    def sizes(self) -> dict[int, Sizes]:
        """Spatial sizes of every signal."""
        found = {INPUT: self.names}
        for place, node in enumerate(self.network.nodes):
            read = found[node.inputs[0]]
            layer = self._layer(place, read)
            found[place] = read if layer is None else layer.output_size
        return found

    @cached_property
    def layers(self) -> dict[int, OpenLayer]:
        """The layers with their expansions, by their nodes."""
        every = (
            (place, self._layer(place, self.sizes[node.inputs[0]]))
            for place, node in enumerate(self.network.nodes)
        )
        return {place: layer for place, layer in every if layer is not None}

    def _layer(self, place: int, sizes: Sizes) -> OpenLayer | None:
        node, factors = self.network.nodes[place], self.network.factors
        if isinstance(node.operation, st.Pointwise):
            return None
        opened = OpenExpansion(node.operation, factors[node.inputs[0]], factors[place])
        return OpenLayer(opened, sizes)

    def suffix(self, place: int) -> str:
        """What is appended to the names of a layer's tensors: its number among the layers."""
        return str(1 + list(self.layers).index(place))

    def claim(self) -> Claim:
        """The statement that both networks are the same function at every size."""
        weights = (w for p, layer in self.layers.items() for w in layer.weights(self.suffix(p)))
        network = self.network
        return Claim(
            network.name, network.channels, self.names, tuple(weights), self._left, self._right,
            self.where,
        )  # fmt: skip

    @property
    def _left(self) -> tuple[st.Step, ...]:
        return tuple(
            node.operation
            if isinstance(node.operation, st.Pointwise)
            else self.layers[place].original_step(self.suffix(place))
            for place, node in enumerate(self.network.nodes)
        )

    @property
    def _right(self) -> tuple[st.Step, ...]:
        steps: list[st.Step] = []
        last: OpenLayer | None = None
        for place, node in enumerate(self.network.nodes):
            if isinstance(node.operation, st.Pointwise):
                steps.append(node.operation)
                continue
            layer = self.layers[place]
            if last is None:
                steps += layer.input_map
            elif layer.boundary or place in self.masks:
                steps += [*last.merge, *last.crop, *layer.input_map]
            steps.append(layer.expanded_step(self.suffix(place)))
            if layer.divisors:
                steps += [*layer.merge, *layer.crop, *layer.divisors, *layer.to_phases]
            last = layer
        return (*steps, *last.merge, *last.crop) if last is not None else ()

    def square(self, place: int) -> Claim:
        """The statement that one layer's square commutes, whatever stands in its input's tail.

        The input is a line, ``E_in * ceil(n / E_in)`` samples an axis, of which the strided layer
        reads the first ``n``.
        """
        names = self.inner
        layer = self._layer(place, names)
        if layer is None:
            raise TypeError(f"node {place} is no layer")
        first, crop = self.network.nodes[place].inputs[0] == INPUT, cropped(names)
        given: tuple[st.Step, ...] = () if first else crop
        split = layer.split
        if first or layer.boundary or place in self.masks:
            split = (*given, *layer.input_map)
        return Claim(
            f"{self.network.name}: the square of {self.network.nodes[place].name}",
            layer.original.in_channels,
            names if first else self.line(layer, names),
            layer.weights(),
            (*given, layer.original_step()),
            (*split, layer.expanded_step(), *layer.merge, *layer.crop, *layer.divisors),
        )

    def line(self, layer: OpenLayer, sizes: Sizes) -> Sizes:
        """A layer's input with its tail."""
        pairs = zip(sizes, layer.usual.factor_in, strict=True)
        return tuple(whole(size, factor) for size, factor in pairs)
