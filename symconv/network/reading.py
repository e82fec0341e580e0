"""Models read: the rule of every node, and the shape of every tensor, in numbers or in names.

Data flow: a `Model`, shapes and values that are known -> one `Rule` a node, in the model's order ->
`ReadModel`.  Shapes that a file does not state follow from the rules; a node without a rule leaves
those of its outputs unknown, and with them the rules of who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from symconv.network.dimensions import dimensions_of
from symconv.network.model import Array, Model, ModelNode, Port, captured
from symconv.network.rules import Rule, Shape, Site, rule_of, without_rule
from symconv.size.expr import Expr, Extent, named, names_of

CONSTANT = "it reads no input of the model"
"""Why a node that makes a constant carries no phases."""


@dataclass(frozen=True)
class ReadModel:
    """A model, the rule of each node, and the shapes of its tensors.

    >>> from symconv.network.model import Port
    >>> relu = ModelNode("r", "Relu", ("x",), ("y",))
    >>> read = read_model(Model("one", (Port("x", shape=(1, 3, "H", "W")),), ("y",), (relu,)))
    >>> [str(size) for size in read.shapes["y"]], read.rules[0].how
    (['1', '3', 'H', 'W'], 'pointwise')
    """

    model: Model
    rules: tuple[Rule, ...]
    shapes: Mapping[str, Shape | None]
    bodies: Mapping[int, tuple[ReadModel, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The named sizes of the inputs."""
        inputs = [self.shapes.get(port.name) or () for port in self.model.inputs]
        return names_of(*(size for shape in inputs for size in shape))

    @property
    def conditions(self) -> tuple[str, ...]:
        """What must hold of named sizes for the model to make sense."""
        return tuple(dict.fromkeys(text for rule in self.rules for text in rule.conditions))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A name for each node that no other has."""
        seen: dict[str, int] = {}
        found = []
        for node in self.model.nodes:
            name = node.name or next(filter(None, node.outputs), node.op)
            seen[name] = seen.get(name, 0) + 1
            found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
        return tuple(found)


def read_model(
    model: Model,
    shapes: Mapping[str, Shape] | None = None,
    values: Mapping[str, Array] | None = None,
) -> ReadModel:
    """Read the rule of every node.

    Args:
        model: the graph.
        shapes: what is known of its tensors' shapes, beside the ports' own.
        values: numbers that are known, beside the model's constants.

    Raises:
        Unsupported: a node is random.
    """
    known: dict[str, Shape | None] = {p.name: port_shape(p) for p in model.inputs}
    return _read(model, known | dict(shapes or {}), shapes or {}, values or {})


def _read(
    model: Model,
    known: dict[str, Shape | None],
    stated: Mapping[str, Shape],
    values: Mapping[str, Array],
) -> ReadModel:
    """Read a graph around which these shapes and numbers are known."""
    model = without_unread(model)
    numbers = {**values, **model.constants}
    known |= {name: array.shape for name, array in numbers.items()}
    dims: dict[str, tuple[Extent, ...]] = {}
    fed = {port.name for port in model.inputs} | model.outer
    rules, bodies = [], {}
    for place, node in enumerate(model.nodes):
        site = _site(node, known, numbers, dims, stated)
        is_fed = any(name in fed for name in (*node.inputs, *captured(node)))
        rules.append(rule := rule_of(site) if is_fed else without_rule(site, CONSTANT))
        fed.update(node.outputs if is_fed else ())
        known |= dict(zip(node.outputs, rule.shapes, strict=False))
        dims |= dimensions_of(node, known, numbers, dims)
        if node.bodies:
            bodies[place] = tuple(_read_bodies(node, known, stated, numbers))
    return ReadModel(model, tuple(rules), known, bodies)


def without_unread(model: Model) -> Model:
    """The graph without further outputs of its nodes that nobody reads, such as a pooling's places.

    >>> pool = ModelNode("p", "MaxPool", ("x",), ("y", "places"))
    >>> without_unread(Model("one", (Port("x"),), ("y",), (pool,))).nodes[0].outputs
    ('y',)
    """
    read = {*model.readers, *model.outputs}
    nodes = tuple(replace(node, outputs=_read_of(node, read)) for node in model.nodes)
    return replace(model, nodes=nodes)


def _read_of(node: ModelNode, read: Collection[str]) -> tuple[str, ...]:
    """A node's outputs up to the last one that is read; the first one stays in any case."""
    last = max((n for n, name in enumerate(node.outputs) if name in read), default=0)
    return node.outputs[: last + 1]


def _site(
    node: ModelNode,
    known: Mapping[str, Shape | None],
    numbers: Mapping[str, Array],
    dims: Mapping[str, tuple[Extent, ...]],
    stated: Mapping[str, Shape],
) -> Site:
    return Site(
        node,
        tuple(known.get(name) if name else None for name in node.inputs),
        tuple(numbers.get(name) if name else None for name in node.inputs),
        tuple(stated.get(name) for name in node.outputs),
        dims,
    )


def _read_bodies(
    node: ModelNode,
    known: Mapping[str, Shape | None],
    stated: Mapping[str, Shape],
    numbers: Mapping[str, Array],
) -> Iterator[ReadModel]:
    """The graphs inside a node; they see the shapes and numbers around it.

    What a body's own inputs are is known only in numbers: their names are not those of the model.
    A loop's states have the shapes that they say where every turn keeps them.
    """
    for body in node.bodies.values():
        own = {port.name: _body_shape(port) for port in body.inputs}
        if own and node.op != "Loop":
            own, stated = dict.fromkeys(own), {}
        outside = {name: value for name, value in numbers.items() if name not in own}
        read = _read(body, {**known, **own}, stated, outside)
        while lost := [name for name in _not_kept(node, body, known, read) if own[name]]:
            own |= dict.fromkeys(lost)
            read = _read(body, {**known, **own}, {}, outside)
        yield read


def _not_kept(
    node: ModelNode, body: Model, known: Mapping[str, Shape | None], read: ReadModel
) -> Iterator[str]:
    """The states of a loop that enter or leave a turn with another shape than the body says."""
    for port, enters, leaves in zip(
        body.inputs[2:], node.inputs[2:], body.outputs[1:], strict=False
    ):
        if not read.shapes.get(port.name) == known.get(enters) == read.shapes.get(leaves):
            yield port.name


def _body_shape(port: Port) -> Shape | None:
    shape = port.shape
    if shape is None or not all(isinstance(size, int) for size in shape):
        return None
    return tuple(size for size in shape if isinstance(size, int))


def port_shape(port: Port) -> Shape | None:
    """A port's shape; a dimension of which nothing is said gets a name of its own.

    >>> [str(size) for size in port_shape(Port("x", shape=(None, 3, "H"))) or ()]
    ['x_0', '3', 'H']
    """
    if port.shape is None:
        return None
    return tuple(
        size if isinstance(size, int) else _named(size or f"{port.name}_{axis}")
        for axis, size in enumerate(port.shape)
    )


def _named(text: str) -> Expr:
    """A size of this name, with what no name may hold left out."""
    plain = re.sub(r"\W", "_", text, flags=re.ASCII)
    return named(plain if re.match(r"[A-Za-z]", plain) else f"n{plain}")
