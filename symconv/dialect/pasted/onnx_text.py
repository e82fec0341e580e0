"""Nodes of ONNX as its library prints them: ``y = Conv <kernel_shape: ints = [3, 3]> (x, w)``.

Both forms are read: that of ``onnx.printer.to_text``, and ``%y = Conv[kernel_shape = [3, 3]](%x)``
of ``onnx.helper.printable_graph``.  Of a whole graph the nodes with windows are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from symconv.dialect.pasted.base import Fault, Pasted, guarded, one_of
from symconv.dialect.pasted.node import ATTRIBUTES, NOUN, WITHOUT, Node, read_node
from symconv.errors import LayerError

MOST_NODES = 5000
"""Nodes of a text: ten times those of the largest network's graph that has windows."""

_LIST = r"\[[^\[\]]*\]"
_NODE = re.compile(
    r"^[ \t]{0,99}(?:\[(?P<name>[^\]\n]{0,999})\][ \t]{0,9})?"
    r"(?P<outputs>[^=\n<(\[]{1,999})=[ \t]{0,9}"
    rf"(?P<kind>{'|'.join((*ATTRIBUTES, *WITHOUT))})[ \t]*"
    rf"(?:<(?P<old>[^<>\n]*)>|\[(?P<new>(?:[^\[\]\n]|{_LIST})*)\])?[ \t]*"
    r"\((?P<inputs>[^()\n]*)\)",
    re.MULTILINE,
)
_ATTRIBUTE = re.compile(
    rf"(?P<name>\w+)\s*(?::\s*\w+)?\s*=\s*(?P<value>{_LIST}|'[^'\n]*'|\"[^\"\n]*\"|[^\s,\[\]]+)"
)


def _attributes(text: str) -> Iterator[tuple[str, Any]]:
    """Attributes by name.

    Raises:
        LayerError: a value is neither a number, nor a text, nor a list of them.
    """
    for found in _ATTRIBUTE.finditer(text):
        try:
            yield found["name"], ast.literal_eval(found["value"])
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise LayerError(f"cannot read {found['name']} = {found['value']!r}") from None


def _names(text: str) -> list[str]:
    return [name.strip().lstrip("%") for name in text.split(",")]


def _read(found: re.Match[str]) -> Pasted:
    outputs = _names(found["outputs"])
    attributes = dict(_attributes(found["old"] or found["new"] or ""))
    name = found["name"] or outputs[0]
    return read_node(Node(name, found["kind"], attributes, {}, _names(found["inputs"]), outputs))


class OnnxText:
    """What ONNX's library prints of a graph, or of a node."""

    noun = NOUN

    def opens(self, text: str) -> bool:
        """Whether a line of it is a node with a window."""
        return bool(_NODE.search(text))

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Never: it is no JSON."""
        return False

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """Read every node with a window."""
        nodes = list(_NODE.finditer(text))
        if len(nodes) > MOST_NODES:
            raise LayerError(f"{NOUN}: {name} holds more than {MOST_NODES} nodes")
        found = [guarded(NOUN, _names(n["outputs"])[0], partial(_read, n)) for n in nodes]
        return one_of(found, f"{name} holds no node with a window")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} is no text of ONNX's library")


DIALECT = OnnxText()
