"""Models: graphs of operators as a file holds them, before any of them is understood.

Data flow: a file -> its dialect's reader -> `Model`, in which every tensor has a name, an operator
is named as ONNX names it (in the form of opset 18: axes, pads and sizes are inputs), and what the
file holds as numbers is a constant.  Nothing here knows what an operator means.

A *port* is an input of a model; its dimensions may be numbers, names, or unknown.  A *body* is a
graph inside a node, such as a branch of ``If``; it reads the tensors around it by their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy.typing as npt

from symconv.errors import InputError

Array = npt.NDArray[Any]
Dimension = int | str | None
"""A dimension of a port: a number, a name for all sizes, or None where the file says nothing."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input of a model: its name, element type (NumPy's name) and dimensions."""

    name: str
    dtype: str = "float32"
    shape: tuple[Dimension, ...] | None = None


@dataclass(frozen=True)
class ModelNode:
    """An operator, the tensors that it reads and writes, and the graphs inside it.

    An input that is left out is the empty name, as in ONNX.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    bodies: Mapping[str, Model] = field(default_factory=dict)
    domain: str = ""


@dataclass(frozen=True)
class Model:
    """A graph of operators: nodes in an order in which each reads earlier tensors.

    Raises:
        InputError: a node reads a tensor that nothing before it makes, or makes one twice.

    >>> relu = ModelNode("r", "Relu", ("x",), ("y",))
    >>> Model("one", (Port("x", shape=(1, 3, "H", "W")),), ("y",), (relu,)).names
    ('H', 'W')
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    nodes: tuple[ModelNode, ...]
    constants: Mapping[str, Array] = field(default_factory=dict)
    outer: frozenset[str] = frozenset()
    """Of a body: the tensors around it that it may read."""

    def __post_init__(self) -> None:
        known = {port.name for port in self.inputs} | set(self.constants) | self.outer
        for node in self.nodes:
            if missing := [name for name in node.inputs if name and name not in known]:
                raise InputError(
                    f"model {self.name!r}: node {node.name!r} ({node.op}) reads {missing[0]!r}, "
                    "which nothing before it makes"
                )
            if twice := [name for name in node.outputs if name and name in known - self.outer]:
                raise InputError(
                    f"model {self.name!r}: node {node.name!r} ({node.op}) makes {twice[0]!r}, "
                    "which there is already"
                )
            known.update(name for name in node.outputs if name)
        if missing := [name for name in self.outputs if name not in known]:
            raise InputError(f"model {self.name!r}: nothing makes the output {missing[0]!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """The named dimensions of the inputs."""
        dimensions = [d for port in self.inputs for d in port.shape or ()]
        return tuple(dict.fromkeys(d for d in dimensions if isinstance(d, str)))

    @property
    def ports_read(self) -> tuple[Port, ...]:
        """The inputs that some node reads, or that are outputs as they are."""
        read = {*self.readers, *self.outputs}
        return tuple(port for port in self.inputs if port.name in read)

    @cached_property
    def makers(self) -> dict[str, ModelNode]:
        """The node that makes each tensor."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    @cached_property
    def readers(self) -> dict[str, list[ModelNode]]:
        """The nodes that read each tensor, those whose bodies do included."""
        found: dict[str, list[ModelNode]] = {}
        for node in self.nodes:
            for name in dict.fromkeys((*filter(None, node.inputs), *captured(node))):
                found.setdefault(name, []).append(node)
        return found

    def walk(self) -> Iterator[tuple[Model, ModelNode]]:
        """Every node with the graph that holds it, those inside bodies before their own node."""
        for node in self.nodes:
            for body in node.bodies.values():
                yield from body.walk()
            yield self, node


def captured(node: ModelNode) -> tuple[str, ...]:
    """The tensors around a node that its bodies read."""
    found: dict[str, None] = {}
    for body in node.bodies.values():
        own = {port.name for port in body.inputs} | set(body.constants)
        for inner in body.nodes:
            found.update(
                dict.fromkeys(n for n in (*inner.inputs, *captured(inner)) if n not in own)
            )
            own.update(inner.outputs)
        found.update(dict.fromkeys(name for name in body.outputs if name not in own))
    return tuple(name for name in found if name)
