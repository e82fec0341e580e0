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

OF_FILES = 20
"""Sizes of these at which a file is looked at as well, which takes ten times as long."""

LARGE, OF_LARGE = 4096, 4
"""A size at which the last layer still has more than one output, and how many such are looked at.

Where there is one output, no stride is to be seen; real networks have strides of up to 320."""

MOST_TRIED = 4096
GREATEST = 256
"""How many values a name is given, so that all residues of strides up to it are among them."""

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
    looked = [list(_pasted(certificate, sizes)) for sizes in _sizes(certificate)]
    if not looked:
        return "undecided", "no sizes of its domain were found to look at"
    found = None
    if file is not None:
        large = [list(_pasted(certificate, sizes)) for sizes in _large(certificate)]
        found = check_file(certificate, file, [*large, *looked[:: -(-len(looked) // OF_FILES)]])
        if certificate["names"] and not large:
            found[1].append(f"strides that show at sizes of {LARGE} and more only")
    return "proved", "; ".join(_said(certificate, len(looked), found))


def _pasted(certificate: Text, sizes: Mapping[str, int]) -> Iterator[Pasting]:
    """Each graph at these sizes, looked at."""
    for graph in certificate["graphs"]:
        pasting = Pasting(graph, sizes, certificate["squares"])
        pasting.check()
        yield pasting


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
    yield from islice(_of_domain(certificate, 1), LOOKED_AT)


def _large(certificate: Text) -> Iterator[dict[str, int]]:
    """Large sizes of the domain, where sizes are named."""
    if certificate["names"]:
        yield from islice(_of_domain(certificate, LARGE), OF_LARGE)


def _of_domain(certificate: Text, least: int) -> Iterator[dict[str, int]]:
    names = certificate["names"]
    if not names:
        yield {}
        return
    conditions = [certificate["domain"], *certificate["where"]]
    conditions = [text for text in conditions if text != "all sizes"]
    yield from filter(_within(conditions), _tried(names, least))


def _within(conditions: list[str]) -> Callable[[dict[str, int]], bool]:
    def holds(sizes: dict[str, int]) -> bool:
        return all(value_of(text, sizes) for text in conditions)

    return holds


def _tried(names: list[str], least: int) -> Iterator[dict[str, int]]:
    """Values of the names from the least on, each running through all at a pace of its own."""
    for n in range(MOST_TRIED):
        paces = ((2 * place + 1) * n + n // GREATEST * place for place in range(len(names)))
        yield {name: least + pace % GREATEST for name, pace in zip(names, paces, strict=True)}


def _said(certificate: Text, looked: int, found: tuple[str, list[str]] | None) -> Iterator[str]:
    nodes = [node for graph in certificate["graphs"] for node in graph["nodes"]]
    counted = Counter(node["status"] for node in nodes)
    kinds = ", ".join(f"{count} {status}" for status, count in counted.items())
    squares = len(certificate["squares"])
    yield f"{squares} squares settled again, and {len(nodes)} nodes looked at ({kinds})"
    if certificate["names"]:
        yield f"at {looked} sizes of the domain"
    if found is not None:
        yield found[0]
    if unchecked := [*_unchecked(certificate, nodes, found)]:
        yield f"not checked: {', '.join(unchecked)}"


def _unchecked(
    certificate: Text, nodes: list[Any], found: tuple[str, list[str]] | None
) -> Iterator[str]:
    """What a verdict does not answer for, in words."""
    if found is not None:
        yield from found[1]
    else:
        yield (
            f"that the file of the digest {certificate['model']['sha256']} holds these nodes with "
            "these shapes and links"
        )
    defined = [n["name"] for n in nodes if n["op"] in PARTIAL and not n["partial"]]
    if defined:
        yield f"that {defined[0]!r} and its like are defined everywhere"
