"""symconv's own objects: layers, expansions and networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symconv.dialect.subject import Resolved, Subject
from symconv.errors import InputError
from symconv.expand import Expansion, destride
from symconv.expand.lattice import LatticeExpansion
from symconv.layer import AnyLayer, LatticeConv
from symconv.layer.base import Sizes, entries
from symconv.network import Network
from symconv.size.expr import Expr


class Own:
    """What is an object of symconv already."""

    noun = "a layer, an expansion, a network"

    def takes(self, given: object) -> bool:
        """Whether it is one."""
        return isinstance(given, Resolved | AnyLayer | LatticeConv)

    def read(self, given: Any, input_size: Sizes | None) -> Subject:
        """The expansion of a layer, or the object itself at another size."""
        if isinstance(given, Expansion | LatticeExpansion):
            return Subject(_moved(given, input_size))
        if isinstance(given, Network):
            return Subject(resized(given, input_size))
        return Subject(destride(given, input_size))


def _moved(
    expansion: Expansion | LatticeExpansion, input_size: Sizes | None
) -> Expansion | LatticeExpansion:
    """The expansion at another size: any where its own are names, names where they are numbers."""
    if input_size is None or list(entries(input_size)) == list(expansion.input_size):
        return expansion
    if expansion.names or _has_names(input_size):
        return expansion.at(input_size)
    raise InputError(_other("the expansion", expansion.input_size, input_size))


def resized(network: Network, input_size: Sizes | None) -> Network:
    """The network at another size, as an expansion would be."""
    if input_size is None or list(entries(input_size)) == list(network.input_size):
        return network
    if network.names or _has_names(input_size):
        return replace(network, input_size=entries(input_size))
    raise InputError(_other(f"the network {network.name!r}", network.input_size, input_size))


def _has_names(size: Sizes) -> bool:
    return any(isinstance(n, str | Expr) for n in entries(size))


def _other(what: str, own: Any, asked: Any) -> str:
    return (
        f"{what} is for input_size={list(own)}, got {list(entries(asked))}; make one of that size"
    )


DIALECT = Own()
