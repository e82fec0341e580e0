"""Nodes of ONNX: their attributes as JSON, or as the text form of protobuf.

Taken are ``{"op_type": "Conv", "attributes": {...}}``, the attributes alone, protobuf's own JSON
(``{"opType": "Conv", "attribute": [{"name": "pads", "ints": ["3", ...]}]}``), and protobuf text
(``op_type: "Conv" attribute { name: "pads" ints: 3 ints: 3 }``), of one node or of many.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from symconv.dialect.pasted.base import BESIDE, Fault, Pasted, guarded, one_of
from symconv.dialect.pasted.node import AUTO_PADS, NOUN, Node, read_node
from symconv.dialect.pasted.protobuf import Message, read_protobuf
from symconv.errors import LayerError

_AROUND = {
    *("op_type", "opType", "attributes", "attribute", "name", "domain"),
    *("input", "output", "inputs", "outputs", "doc_string", "docString", "overload", *BESIDE),
}
_TELLING = {"op_type", "opType", "kernel_shape", "auto_pad"}
_IS_TEXT = re.compile(r"""(?m)^[ \t]*(?:attribute|node|graph)\s*\{|\bop_type\s*:\s*["']""")


def _of_object(document: Mapping[str, Any]) -> Node:
    """A node as JSON: its attributes inside, listed as protobuf does, or beside its operator."""
    kind = document.get("op_type", document.get("opType"))
    if kind is not None and not isinstance(kind, str):
        raise LayerError(f"op_type must be a text, got {kind!r}")
    loose = {key: value for key, value in document.items() if key not in _AROUND}
    inside = document.get("attributes", document.get("attribute", {}))
    if isinstance(inside, list):
        inside = dict(map(_listed, inside))
    if not isinstance(inside, Mapping):
        raise LayerError(f"attributes must be an object, got {inside!r}")
    given = {key: document[key] for key in BESIDE if key in document}
    inputs = _names(document.get("inputs", document.get("input")))
    outputs = _names(document.get("outputs", document.get("output")))
    name = str(document.get("name") or "")
    return Node(name, kind, {**loose, **inside}, given, inputs, outputs or ())


def _names(value: Any) -> Any:
    if value is not None and not isinstance(value, list):
        raise LayerError(f"inputs and outputs must be lists of names, got {value!r}")
    return value if value is None else [str(entry) for entry in value]


def _listed(entry: Any) -> tuple[str, Any]:
    """An ``AttributeProto`` in protobuf's JSON, whose integers are texts and texts are base64."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise LayerError(f"an attribute must be an object with a name, got {entry!r}")
    if isinstance(entry.get("ints"), list):
        return entry["name"], [_integer(value) for value in entry["ints"]]
    if "i" in entry:
        return entry["name"], _integer(entry["i"])
    return entry["name"], _plain(entry.get("s"))


def _integer(value: Any) -> Any:
    is_number = isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value)
    return int(value) if is_number else value


def _plain(value: Any) -> Any:
    """A text, decoded where protobuf's JSON has written it in base64."""
    if not isinstance(value, str) or value in (*AUTO_PADS, "NOTSET"):
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def _of_message(message: Message) -> Node:
    """A ``NodeProto``."""
    attributes = {}
    for entry in message.get("attribute", []):
        if not isinstance(entry, dict) or "name" not in entry:
            raise LayerError("an attribute has no name")
        alone = (entry.get("i") or entry.get("s") or [None])[0]
        attributes[str(entry["name"][0])] = entry.get("ints", alone)
    kind, name = (message.get(key, [None])[0] for key in ("op_type", "name"))
    inputs = message.get("input") if "input" in message else None
    return Node(str(name or ""), kind, attributes, {}, inputs, message.get("output", []))


def _nodes(message: Message) -> Iterator[Message]:
    """The nodes of a text: of a model, of a graph, of a list, or the one that it is."""
    parts = [part for key in ("graph", "node") for part in message.get(key, [])]
    if not parts:
        yield message
    for part in parts:
        if isinstance(part, dict):
            yield from _nodes(part) if "node" in part else iter((part,))


class Onnx:
    """Nodes, as JSON or as protobuf text."""

    noun = NOUN

    def opens(self, text: str) -> bool:
        """Whether it has a node's fields."""
        return text.lstrip()[:1] not in "{[" and bool(_IS_TEXT.search(text))

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Whether it has an operator's type, or attributes that only ONNX calls so."""
        return bool(_TELLING & set(document))

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """Read every node of a protobuf text."""
        try:
            nodes = [_of_message(message) for message in _nodes(read_protobuf(text))]
        except LayerError as fault:
            raise fault.within(self.noun) from None
        found = [guarded(self.noun, node.shown, partial(read_node, node)) for node in nodes]
        return one_of(found, f"{name} holds no node")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """Read one node."""
        try:
            node = _of_object(document)
        except LayerError as fault:
            raise fault.within(self.noun) from None
        return one_of([guarded(self.noun, node.shown, partial(read_node, node))], name)


DIALECT = Onnx()
