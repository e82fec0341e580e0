"""Certificates of models: every square settled again, and the way they are pasted looked at.

Of named sizes the squares are settled for all, and the pasting is looked at for `LOOKED_AT` sizes
of the domain: that factors agree does not depend on sizes, what has a tail does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from symconv.recheck.certificate import digest_of
from symconv.recheck.everywhere import Answer
from symconv.recheck.expressions import value_of
from symconv.recheck.facts import CertificateError
from symconv.recheck.families import PARTIAL
from symconv.recheck.model_files import check_file
from symconv.recheck.pasting import Pasting

MODEL_FORMAT = "symconv-model-certificate/1"
_PARTS = {
    *("format", "verdict", "sizes", "model", "region", "names", "domain", "where", "method"),
    *("graphs", "squares", "limits", "digest"),
}
_OF_GRAPH = {"name", "inputs", "given", "outputs", "tensors", "nodes"}
_OF_NODE = {
    *("name", "op", "inputs", "outputs", "captures", "reads", "how", "links", "status", "partial"),
}

LOOKED_AT = 120
"""Sizes at which a pasting of named sizes is looked at; a model of 400 nodes takes 5 ms each."""

MOST_TRIED = 4096
GREATEST = 256
"""Values that a name is given: all residues of strides up to it."""

Text = Mapping[str, Any]


def is_model(certificate: Any) -> bool:
    """Whether a certificate is that of a model."""
    return isinstance(certificate, Mapping) and certificate.get("format") == MODEL_FORMAT


def settle_model(
    certificate: Text, settle: Callable[[Any], Answer], file: str | Path | None = None
) -> Answer:
    """The verdict on a model's certificate, and why; ``settle`` settles one of its squares.

    With its file, what the certificate states of the nodes is held against what the file holds.

    Raises:
        CertificateError: a part is missing or was changed, or nodes are pasted that do not fit.
    """
    _check_parts(certificate)
    for number, square in enumerate(certificate["squares"]):
        verdict, reason = settle(square)
        if verdict != "proved":
            return verdict, f"square {number}: {reason}"
    looked = 0
    for sizes in _sizes(certificate):
        looked += 1
        for graph in certificate["graphs"]:
            Pasting(graph, sizes, certificate["squares"]).check()
    if not looked:
        return "undecided", "no sizes of its domain were found to look at"
    found = None if file is None else check_file(certificate, file)
    return "proved", "; ".join(_said(certificate, looked, found))


def _check_parts(certificate: Text) -> None:
    if set(certificate) != _PARTS or certificate["verdict"] != "proved":
        raise CertificateError(f"a model's certificate has the parts {', '.join(sorted(_PARTS))}")
    body = {key: value for key, value in certificate.items() if key != "digest"}
    if digest_of(body) != certificate["digest"]:
        raise CertificateError("the certificate was changed: its digest is not that of its text")
    if certificate["sizes"] != ("all" if certificate["names"] else "these"):
        raise CertificateError("it is for all sizes, and names none; or the other way round")
    _check_graphs(certificate)


def _check_graphs(certificate: Text) -> None:
    names = [graph["name"] for graph in certificate["graphs"]]
    if not names or len(set(names)) != len(names):
        raise CertificateError("its graphs need names of their own")
    for graph in certificate["graphs"]:
        if set(graph) != _OF_GRAPH:
            raise CertificateError(f"a graph has the parts {', '.join(sorted(_OF_GRAPH))}")
        for node in graph["nodes"]:
            if set(node) - {"square", "fresh", "mask"} != _OF_NODE:
                raise CertificateError(f"a node has the parts {', '.join(sorted(_OF_NODE))}")


def _sizes(certificate: Text) -> Iterator[dict[str, int]]:
    """Sizes of the domain: in numbers the one there is, else those along lines through them."""
    names = certificate["names"]
    if not names:
        yield {}
        return
    conditions = [certificate["domain"], *certificate["where"]]
    conditions = [text for text in conditions if text != "all sizes"]
    yield from islice(filter(_within(conditions), _tried(names)), LOOKED_AT)


def _within(conditions: list[str]) -> Callable[[dict[str, int]], bool]:
    def holds(sizes: dict[str, int]) -> bool:
        return all(value_of(text, sizes) for text in conditions)

    return holds


def _tried(names: list[str]) -> Iterator[dict[str, int]]:
    """Values of the names, each name running through all values at a pace of its own."""
    for n in range(MOST_TRIED):
        paces = ((2 * place + 1) * n + n // GREATEST * place for place in range(len(names)))
        yield {name: 1 + pace % GREATEST for name, pace in zip(names, paces, strict=True)}


def _said(certificate: Text, looked: int, found: str | None) -> Iterator[str]:
    nodes = [node for graph in certificate["graphs"] for node in graph["nodes"]]
    counted = Counter(node["status"] for node in nodes)
    kinds = ", ".join(f"{count} {status}" for status, count in counted.items())
    squares = len(certificate["squares"])
    yield f"{squares} squares settled again, and {len(nodes)} nodes looked at ({kinds})"
    if certificate["names"]:
        yield f"at {looked} sizes of the domain"
    defined = [n["name"] for n in nodes if n["op"] in PARTIAL and not n["partial"]]
    more = f", that {defined[0]!r} and its like are defined everywhere" if defined else ""
    if found is not None:
        yield f"{found}; not checked: its shapes and links{more}"
        return
    yield (
        f"not checked: that the file of the digest {certificate['model']['sha256']} holds these "
        f"nodes with these shapes and links{more}"
    )
