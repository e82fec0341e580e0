"""JSON objects, files, shorthands and presets' names, each holding one layer or one chain."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from symconv.dialect.chain import Chain, read_chain
from symconv.dialect.config import Config, read_layer
from symconv.dialect.files import Entry, kind_of, read_layers, redirect
from symconv.dialect.own import resized
from symconv.dialect.pasted.base import Asked, Fault
from symconv.dialect.pasted.registry import read_pasted, tool_of
from symconv.dialect.subject import Subject
from symconv.errors import InputError
from symconv.expand import destride
from symconv.layer.base import Sizes, entries
from symconv.size.names import axis_names


class Sources:
    """What FORMATS describes: as an object, or where it is written."""

    noun = (
        "a preset's name, a shorthand such as 'conv i3x224x224 o64 k7 s2 p3', a layer's JSON "
        "object, a printed layer of another tool, a file's path"
    )

    def takes(self, given: object) -> bool:
        """Whether it is a text, a path, or an object of texts."""
        return isinstance(given, Mapping | str | PathLike)

    def read(self, given: Any, input_size: Sizes | None) -> Subject:
        """The one layer or chain that it holds."""
        if isinstance(given, Mapping):
            return _of_entry(_read_mapping(given, input_size), input_size)
        return _of_entry(_only(read_layers(given, named=True), str(given)), input_size)


def _read_mapping(text: Mapping[str, Any], input_size: Sizes | None) -> Entry:
    kind = kind_of(text)
    if kind is None and tool_of(text):
        (found,) = read_pasted(text, "the object")
        return found if isinstance(found, Fault) else found.at(Asked(named=True))
    if "network" in text:
        return read_chain(text["network"], str(text.get("name", "network")))
    if kind != "layer" or "layers" in text:
        if kind in ("claim", "certificate"):
            raise InputError(redirect("the object", kind))
        raise InputError(f"expected an object with 'op', or one with 'network', got {dict(text)!r}")
    if "input_size" in text:
        return read_layer(text)
    rank = len(entries(input_size)) if input_size is not None else _rank(text)
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
        return Subject(resized(network, input_size))
    raise InputError(redirect(entry.name, entry.kind))


DIALECT = Sources()
