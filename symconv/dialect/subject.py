"""What the verbs take: all that stands for a layer or a chain, as an expansion or a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from symconv.claim import Claim
from symconv.dialect.chain import Chain, read_chain
from symconv.dialect.config import Config, read_layer
from symconv.dialect.files import Entry, Fault, kind_of, read_layers, redirect
from symconv.dialect.torch import is_module, read_module
from symconv.errors import InputError
from symconv.expand import Expansion, destride
from symconv.expand.lattice import LatticeExpansion
from symconv.layer import AnyLayer, LatticeConv
from symconv.layer.base import Sizes, entries
from symconv.network import Network, chain
from symconv.size.expr import Expr
from symconv.size.names import axis_names

Resolved = Expansion | Network | LatticeExpansion
Own = Resolved | AnyLayer | LatticeConv

TAKEN = (
    "a layer, an expansion, a network, a preset's name, a shorthand such as "
    "'conv i3x224x224 o64 k7 s2 p3', a layer's JSON object, a file's path, or a torch.nn module"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A layer with its expansion, or a network; and the name that it came with, if any."""

    of: Resolved
    name: str | None = None


def read_subject(given: Any, input_size: Sizes | None = None) -> Subject:
    """Read what a verb was given, at an input size where it has none of its own.

    Names in the size stand for all sizes, and so does no size at all.

    Raises:
        InputError: it is nothing that stands for a layer or a network; or its size is another.

    >>> read_subject("conv i3x224x224 o64 k7 s2 p3").of.output_size
    (112, 112)
    """
    if isinstance(given, Own):
        return _of_own(given, input_size)
    if is_module(given):
        return _of_module(given, input_size)
    if isinstance(given, Mapping):
        return _of_entry(_read_mapping(given, input_size), input_size)
    if isinstance(given, str | PathLike):
        return _of_entry(_only(read_layers(given), str(given)), input_size)
    hint = "; check a claim with symconv.check" if isinstance(given, Claim) else ""
    raise InputError(f"expected {TAKEN}, got {type(given).__name__} {given!r:.60}{hint}")


def _of_own(given: Own, input_size: Sizes | None) -> Subject:
    if isinstance(given, Expansion | LatticeExpansion):
        return Subject(_moved(given, input_size))
    if isinstance(given, Network):
        return Subject(_resized(given, input_size))
    return Subject(destride(given, input_size))


def _of_module(module: Any, input_size: Sizes | None) -> Subject:
    found = read_module(module)
    if isinstance(found, AnyLayer):
        return Subject(destride(found, input_size), type(module).__name__)
    if input_size is None:
        raise InputError(
            "a torch.nn.Sequential needs an input size, such as (224, 224) or ('H', 'W')"
        )
    return Subject(chain(type(module).__name__, found, input_size))


def _read_mapping(text: Mapping[str, Any], input_size: Sizes | None) -> Entry:
    kind = kind_of(text)
    if "network" in text:
        return read_chain(text["network"], str(text.get("name", "network")))
    if kind != "layer" or "layers" in text:
        if kind in ("claim", "certificate"):
            raise InputError(redirect("the object", kind))
        raise InputError(f"expected an object with 'op', or one with 'network', got {dict(text)!r}")
    if "input_size" in text:
        return read_layer(text)
    rank = len(tuple(input_size)) if input_size is not None else _rank(text)
    return read_layer({**text, "input_size": list(axis_names(rank))})


def _rank(text: Mapping[str, Any]) -> int:
    """The number of axes that a layer's object says, two where every attribute is one number."""
    lists = [value for key, value in text.items() if isinstance(value, list | tuple)]
    return max(map(len, lists), default=2)


def _only(entries: list[Entry], source: str) -> Entry:
    if len(entries) != 1:
        raise InputError(
            f"{source!r} holds {len(entries)} entries; name one of them, or read all with "
            "symconv.dialect.read_layers"
        )
    return entries[0]


def _of_entry(entry: Entry, input_size: Sizes | None) -> Subject:
    if isinstance(entry, Fault):
        raise InputError(entry.message)
    if isinstance(entry, Config):
        size = entry.input_size if input_size is None else input_size
        return Subject(destride(entry.layer, size), entry.name)
    if isinstance(entry, Chain):
        network = entry.named_network() if entry.named else entry.network()
        return Subject(_resized(network, input_size))
    raise InputError(redirect(entry.name, entry.kind))


def _moved(
    expansion: Expansion | LatticeExpansion, input_size: Sizes | None
) -> Expansion | LatticeExpansion:
    """The expansion at another size: any where its own are names, names where they are numbers."""
    if input_size is None or list(entries(input_size)) == list(expansion.input_size):
        return expansion
    if expansion.names or _has_names(input_size):
        return expansion.at(input_size)
    raise InputError(_other("the expansion", expansion.input_size, input_size))


def _resized(network: Network, input_size: Sizes | None) -> Network:
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
