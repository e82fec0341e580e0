"""Which later stride causes which copies: the sharing of a chain, in counts and as a graph.

In the stride-free form every parameter of layer ``l`` stands in ``E_{l+1} / u_l`` slots an axis;
``E_{l+1}`` is what the strides of the later layers multiply to (Kong and Lucey 2017, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from symconv.network import NetworkExpansion


@dataclass(frozen=True, slots=True)
class Copies:
    """How often each parameter of a layer stands in its expanded kernel, and by whose strides."""

    layer: str
    count: int
    causes: tuple[tuple[str, int], ...]


def copies(expansion: NetworkExpansion) -> tuple[Copies, ...]:
    """One count a layer; ``causes`` are the later layers of a stride, with its product over axes.

    >>> from symconv.layer import Conv
    >>> from symconv.network import chain
    >>> layers = [Conv(1, 1, 3), Conv(1, 1, 3, 2), Conv(1, 1, 3, 2)]
    >>> net = chain("n", layers, (33,), ["a", "b", "c"])
    >>> [(c.layer, c.count, c.causes) for c in copies(NetworkExpansion(net))][0]
    ('a', 4, (('b', 2), ('c', 2)))
    """
    found = []
    places = list(expansion.expansions)
    for place, e in expansion.expansions.items():
        count = prod(axis.factor_out // axis.window.base_dilation for axis in e.axes)
        causes = tuple(
            (expansion.network.nodes[later].name, stride)
            for later in places
            if later > place and (stride := _stride(expansion, later)) > 1
        )
        found.append(Copies(expansion.network.nodes[place].name, count, causes))
    return tuple(found)


def _stride(expansion: NetworkExpansion, place: int) -> int:
    return prod(axis.window.stride for axis in expansion.expansions[place].axes)


def network_graph(expansion: NetworkExpansion) -> Any:
    """The chain as a directed `networkx.MultiDiGraph`: signals along it, and arcs of causes.

    Nodes are layers and functions (``kind``, ``copies``, ``mask``).  An edge of kind ``"signal"``
    leads from a node to the one that reads it, with the phase factors ``E`` of the signal; one of
    kind ``"copies"`` leads from a strided layer to each earlier layer, with its stride.
    """
    import networkx

    network, graph = expansion.network, networkx.MultiDiGraph(network=expansion.network.name)
    counted = dict(zip(expansion.expansions, copies(expansion), strict=True))
    for place, node in enumerate(network.nodes):
        layer = counted.get(place)
        graph.add_node(
            place,
            name=node.name,
            kind=node.operation.op,
            copies=0 if layer is None else layer.count,
            mask=place in expansion.masks,
        )
        for source in node.inputs:
            if source >= 0:
                graph.add_edge(source, place, kind="signal", factors=network.factors[source])
    for place in counted:
        for later in counted:
            if later > place and _stride(expansion, later) > 1:
                graph.add_edge(later, place, kind="copies", stride=_stride(expansion, later))
    return graph
