"""Networks: graphs of layers, and their stride-free form on phases."""

from symconv.network.expansion import NetworkExpansion
from symconv.network.graph import INPUT, Network, Node, chain

__all__ = ["INPUT", "Network", "NetworkExpansion", "Node", "chain"]
