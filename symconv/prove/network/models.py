"""Whole models: every graph of one, and the verdict on all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from symconv.errors import TooLarge
from symconv.machine.budget import running, spending
from symconv.network.phases import PhasedModel
from symconv.network.reading import ReadModel
from symconv.network.regions import ASKED_FOR, Region, check_names, every
from symconv.network.results import (
    GraphProof,
    ModelCertificate,
    ModelProof,
    ModelUndecided,
    NodeProof,
)
from symconv.prove.network.nodes import Squares, prove_graph

if TYPE_CHECKING:
    from symconv.prove.network.named import Domain

MORE_IN_NUMBERS = "; more is known of sizes in numbers (--size)"

MOST_LISTED = 3
"""Nodes that a reason names; the results have all of them."""


def decide_model(
    read: ReadModel,
    region: Region | None = None,
    *,
    where: Sequence[str] = (),
    sha256: str | None = None,
) -> ModelProof:
    """Prove a model equal to its form on phases: a square for each window, congruence elsewhere.

    Args:
        read: the model, the rules of its nodes, and its shapes, in numbers or in names.
        region: which nodes carry phases; by default all that can (the paper's form).
        where: conditions on named sizes.
        sha256: the digest of the file that the model comes from.

    Raises:
        InputError: the region names a node that there is not, or no size satisfies the conditions.
    """
    start, work = perf_counter(), _Work(read, region or Region(), tuple(where))
    check_names(read, work.region)
    with spending():
        try:
            graphs = tuple(work.graphs(read))
            return work.proof(graphs, perf_counter() - start, sha256)
        except TooLarge as fault:
            seconds = perf_counter() - start
            undecided = ModelUndecided(read.model.name, str(fault), seconds, work.sizes)
            return ModelProof((), undecided)


@dataclass
class _Work:
    """The graphs of one model, whose squares are decided once for all of them."""

    read: ReadModel
    region: Region
    where: tuple[str, ...]
    squares: Squares = field(default_factory=Squares)

    @cached_property
    def domain(self) -> Domain | None:
        """The named sizes, where there are any."""
        if not self.read.names:
            return None
        # isl is loaded where a size is named.
        from symconv.prove.network.named import Domain

        conditions = (text for one in every(self.read) for text in one.conditions)
        return Domain(self.read.names, tuple(dict.fromkeys((*self.where, *conditions))))

    def graphs(self, read: ReadModel) -> Iterator[GraphProof]:
        """A graph, and the graphs inside its nodes, each with borders around it."""
        running().check_time()
        yield self._graph(read)
        for bodies in read.bodies.values():
            for body in bodies:
                yield from self.graphs(body)

    def _graph(self, read: ReadModel) -> GraphProof:
        name, phased = read.model.name, PhasedModel(read, self.region)
        if self.domain is None:
            return prove_graph(name, phased, self.squares)
        from symconv.prove.network.named import prove_named_graph
        from symconv.prove.sets.decide import bounded

        with bounded():
            return prove_named_graph(name, phased, self.squares, self.domain)

    def proof(
        self, graphs: tuple[GraphProof, ...], seconds: float, sha256: str | None
    ) -> ModelProof:
        """The verdict on all graphs together."""
        nodes = [node for graph in graphs for node in graph.nodes]
        strided = tuple(
            n.label for n in nodes if n.phased.rule.is_strided or n.status == "left strided"
        )
        left = [n for n in nodes if n.status == "left strided"]
        free = self._free(nodes)
        if unasked := [n for n in left if n.why not in ASKED_FOR]:
            reason = _left(unasked) + ("" if self.domain is None else MORE_IN_NUMBERS)
            verdict = ModelUndecided(self.read.model.name, reason, seconds, self.sizes)
            return ModelProof(graphs, verdict, free, strided)
        certificate = ModelCertificate(
            self.read.model.name,
            graphs,
            tuple(self.squares.certificates),
            self.region.to_dict(),
            seconds,
            sha256,
            self.read.names,
            "all sizes" if self.domain is None else self.domain.domain(),
            self.where,
            (f"strided nodes that the region leaves: {len(left)}",) if left else (),
        )
        return ModelProof(graphs, certificate, free, strided)

    @property
    def sizes(self) -> str:
        """Whether sizes are named."""
        return "these" if self.domain is None else "all"

    def _free(self, nodes: Sequence[NodeProof]) -> str:
        """The named sizes at which no mask is needed, in words."""
        if self.domain is None:
            return "all sizes"
        return self.domain.without([n.mask.where for n in nodes if n.mask and n.mask.where])


def _left(left: Sequence[NodeProof]) -> str:
    shown = "; ".join(f"{n.label} ({n.phased.node.op}): {n.why}" for n in left[:MOST_LISTED])
    more = f"; and {len(left) - MOST_LISTED} more" if len(left) > MOST_LISTED else ""
    count = "1 strided node is" if len(left) == 1 else f"{len(left)} strided nodes are"
    return f"{count} left: {shown}{more}"
