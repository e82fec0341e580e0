"""A proved model as a graph for other tools: nodes, tensors between them, causes of sharing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from symconv.network.model import captured
from symconv.network.phases import Border
from symconv.network.results import GraphProof, ModelProof, NodeProof
from symconv.sharing.causes import sharers

Factors = tuple[int, ...]


def model_graph(proof: ModelProof) -> Any:
    """The model as a directed `networkx.MultiDiGraph`.

    Nodes are those of all graphs by their names, with ``op``, ``status``, ``factor_in``,
    ``factor_out``, ``mask`` and ``why``; inputs and outputs have the status ``"end"``.  An edge of
    kind ``"tensor"`` leads from a node to one that reads it, with the factors ``made`` and ``read``
    and whether a ``border`` stands between; one of kind ``"copies"`` from a strided node to each
    earlier layer whose copies it multiplies, with its ``stride``.
    """
    import networkx

    graph = networkx.MultiDiGraph(model=proof.verdict.name)
    for one in proof.graphs:
        for node in one.nodes:
            graph.add_node(_key(one, node.label), **_attributes(one, node))
        ends = [f"input {port.name}" for port in one.phased.read.model.ports_read]
        ends += [f"output {name}" for name in one.phased.read.model.outputs]
        for end in ends:
            graph.add_node(_key(one, end), name=end, graph=one.name, op="", status="end")
        for source, target, attributes in _tensors(one):
            graph.add_edge(_key(one, source), _key(one, target), kind="tensor", **attributes)
        for cause in sharers(one):
            for name in cause.shares:
                pair = _key(one, cause.name), _key(one, name)
                graph.add_edge(*pair, kind="copies", stride=cause.stride)
    return graph


def _key(graph: GraphProof, label: str) -> str:
    """A name that no node of another graph has."""
    return f"{graph.name}: {label}"


def _attributes(graph: GraphProof, node: NodeProof) -> dict[str, Any]:
    one = node.phased
    return {
        "name": node.label,
        "graph": graph.name,
        "op": one.node.op,
        "status": node.status,
        "strided": one.rule.is_strided,
        "factor_in": next((f for f in one.reads if f), ()),
        "factor_out": next(iter(one.makes), ()),
        "mask": "" if node.mask is None else node.mask.sentence(),
        "why": node.why,
    }


def _tensors(graph: GraphProof) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each tensor that goes from a node or an input to a node or an output, and its factors."""
    model, factors = graph.phased.read.model, graph.phased.made
    made_by = {port.name: f"input {port.name}" for port in model.inputs}
    made_by |= {name: one.label for one in graph.phased.nodes for name in one.node.outputs}
    wholes = ((n, f"output {n}", factors.get(n, ())) for n in model.outputs)
    outputs = ((n, reader, made, (1,) * len(made)) for n, reader, made in wholes)
    for tensor, reader, made, read in (*tensors_read(graph), *outputs):
        if tensor in made_by:
            attributes = {"tensor": tensor, "made": made, "read": read, "border": made != read}
            yield made_by[tensor], reader, attributes


def tensors_read(graph: GraphProof) -> Iterator[tuple[str, str, Factors, Factors]]:
    """Each tensor, the label of a node that reads it, the factors it has and those it is read with.

    A body reads what is around it whole.
    """
    made = graph.phased.made
    for one in graph.phased.nodes:
        for name, read in zip(one.node.inputs, one.reads, strict=True):
            if name:
                yield name, one.label, made.get(name, ()), read
        for name in captured(one.node):
            whole = (1,) * len(made.get(name, ()))
            yield name, one.label, made.get(name, ()), whole


def border_words(border: Border | tuple[Factors, Factors]) -> str:
    """What happens at a border: phases are split, merged, or split otherwise."""
    made, read = (border.made, border.read) if isinstance(border, Border) else border
    if max(made, default=1) == 1:
        return "split"
    return "merge" if max(read, default=1) == 1 else "merge, split"
