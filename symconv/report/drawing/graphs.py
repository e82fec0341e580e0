"""Tie graphs as files: GraphML, and the node-link JSON of networkx and d3."""

from __future__ import annotations

import json
from typing import Any

from symconv.report.escape import escape_html


def graphml(graph: Any) -> str:
    """The graph as GraphML; an index is written as its numbers with commas between."""
    import networkx

    plain = networkx.DiGraph(**_plain(graph.graph))
    for node, attributes in graph.nodes(data=True):
        plain.add_node(node, **_plain(attributes))
    for source, target, attributes in graph.edges(data=True):
        plain.add_edge(source, target, **_plain(attributes))
    return "\n".join(networkx.generate_graphml(plain)) + "\n"


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: _scalar(value) for key, value in attributes.items()}


def _scalar(value: Any) -> Any:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return _xml_text(value) if isinstance(value, str) else value


def _xml_text(text: str) -> str:
    """Text that XML can hold; the writer itself escapes its markup."""
    import html

    return html.unescape(escape_html(text))


def node_link(graph: Any) -> str:
    """The graph as JSON: ``nodes`` have an ``id``, ``links`` a ``source`` and a ``target``."""
    data = {
        "directed": True,
        "multigraph": False,
        "graph": graph.graph,
        "nodes": [{"id": node, **attributes} for node, attributes in graph.nodes(data=True)],
        "links": [
            {"source": source, "target": target, **attributes}
            for source, target, attributes in graph.edges(data=True)
        ],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
