"""Networks: graphs of layers, and their stride-free form on phases."""

from symconv.network.graph import INPUT, Network, NetworkExpansion, Node, chain

__all__ = ["INPUT", "Network", "NetworkExpansion", "Node", "chain"]
