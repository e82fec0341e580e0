"""How the squares of a model are pasted: factors along the edges of a graph, at sizes in numbers.

A certificate states of each tensor its shape and the factors with which it is made, and of each
node the factors with which it reads.  Where the two differ, phases are merged and split again,
which any node may have in front of it.  What is looked at is that a node may do what it does on
phases: by its operator, or by its square.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symconv.recheck.expressions import value_of
from symconv.recheck.facts import CertificateError
from symconv.recheck.families import PARTIAL, check_links, counts_tails
from symconv.recheck.node_squares import PERMUTING, NodeSquare

Text = Mapping[str, Any]
Ints = tuple[int, ...]


@dataclass
class Pasting:
    """One graph of a certificate at sizes in numbers; `check` looks at every node once."""

    graph: Text
    sizes: Mapping[str, int]
    squares: Sequence[Text]
    shapes: dict[str, Ints] = field(default_factory=dict)
    made: dict[str, Ints] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    """Tensors whose tails may hold no numbers."""

    def check(self) -> None:
        """Refuse a node that cannot do what it does on the phases that are stated.

        Raises:
            CertificateError: a factor, a link, a square or a mask is not what it has to be.
        """
        made = [name for node in self.graph["nodes"] for name in node["outputs"] if name]
        if len(set(made)) != len(made):
            raise CertificateError(f"graph {self.graph['name']!r} makes a tensor twice")
        self._closed(made)
        for name, tensor in self.graph["tensors"].items():
            self._tensor(name, tensor, name in made)
        self._in_order(set(made))
        for node in self.graph["nodes"]:
            self._node(node)

    def _tensor(self, name: str, tensor: Text, is_made: bool) -> None:
        shape = tuple(int(value_of(n, self.sizes)) for n in tensor["shape"])
        factors = tuple(tensor["factors"])
        if len(factors) != len(shape) or any(type(f) is not int or f < 1 for f in factors):
            raise CertificateError(f"tensor {name!r} has not one factor for each axis")
        if any(f > 1 for f in factors) and not is_made:
            raise CertificateError(f"tensor {name!r} is made by no node, and has phases")
        self.shapes[name], self.made[name] = shape, factors

    def _closed(self, made: Sequence[str]) -> None:
        """Whatever is read, or is an output, is made by a node, is an input or is given."""
        known = {*made, *self.graph["inputs"], *self.graph["given"]}
        read = [n for node in self.graph["nodes"] for n in (*node["inputs"], *node["captures"])]
        for name in (*read, *self.graph["outputs"]):
            if name and name not in known:
                raise CertificateError(f"graph {self.graph['name']!r} has nothing that is {name!r}")
        if twice := next((n for n in self.graph["given"] if n in made), None):
            raise CertificateError(f"graph {self.graph['name']!r} is given {twice!r}, and makes it")

    def _in_order(self, made: set[str]) -> None:
        """Every node reads what stands before it, and has a name of its own."""
        names = [node["name"] for node in self.graph["nodes"]]
        if len(set(names)) != len(names):
            raise CertificateError(f"graph {self.graph['name']!r} names a node twice")
        for node in self.graph["nodes"]:
            if late := [n for n in (*node["inputs"], *node["captures"]) if n in made]:
                raise CertificateError(f"node {node['name']!r} reads {late[0]!r} before it is made")
            made.difference_update(node["outputs"])

    def _node(self, node: Text) -> None:
        reads = [tuple(factors) for factors in node["reads"]]
        self._fits(node, reads)
        makes = [self.made.get(name, ()) for name in node["outputs"]]
        phased = any(f > 1 for factors in (*reads, *makes) for f in factors)
        if node["status"] == "converted":
            self._converted(node)
        elif node["status"] == "carried":
            self._carried(node, reads)
        elif phased or node["status"] not in ("untouched", "left strided"):
            raise CertificateError(f"node {node['name']!r} is {node['status']!r}, and has phases")

    def _fits(self, node: Text, reads: Sequence[Ints]) -> None:
        if len(reads) != len(node["inputs"]):
            raise CertificateError(f"node {node['name']!r} has not factors for each input")
        for name, factors in zip(node["inputs"], reads, strict=True):
            known = len(self.shapes[name]) if name in self.shapes else 0
            if len(factors) != known or any(type(f) is not int or f < 1 for f in factors):
                raise CertificateError(f"node {node['name']!r} reads {name!r} by {list(factors)}")

    def _tails(self, node: Text, slot: int) -> list[int]:
        """The axes on which what a node reads has a tail that another node left there."""
        name, factors = node["inputs"][slot], tuple(node["reads"][slot])
        if factors != self.made.get(name):
            return []
        pairs = enumerate(zip(self.shapes[name], factors, strict=True))
        return [axis for axis, (size, factor) in pairs if size % factor]

    def _carried(self, node: Text, reads: Sequence[Ints]) -> None:
        """A node that is the same function on phases, by its operator."""
        shapes = [self.shapes.get(name, ()) for name in node["inputs"]]
        for name in filter(None, node["outputs"]):
            check_links(node, shapes, self.shapes[name], self.made[name])
        tails = {slot: self._tails(node, slot) for slot, factors in enumerate(reads) if factors}
        if counts_tails(node, tails.get(0, [])):
            if node.get("mask") is None:
                raise CertificateError(f"node {node['name']!r} counts a tail, and has no mask")
            return
        passed = any(left and node["inputs"][slot] in self.unknown for slot, left in tails.items())
        if passed or (node["op"] in PARTIAL and node["partial"]):
            self.unknown.update(node["outputs"])

    def _converted(self, node: Text) -> None:
        """A node with a square, of its input's size and of the factors around it."""
        square = self.square(node)
        square.check()
        self._shape(node, square, self.squares[node["square"]]["output_shape"])
        self._tail_of(node, square)

    def square(self, node: Text) -> NodeSquare:
        """The square of a node.

        Raises:
            CertificateError: there is none, or the node reads phases beside it.
        """
        number, reads = node.get("square"), node["reads"]
        if type(number) is not int or not 0 <= number < len(self.squares):
            raise CertificateError(f"node {node['name']!r} has no square")
        if any(f > 1 for factors in reads[1:] for f in factors) or len(node["outputs"]) != 1:
            raise CertificateError(f"node {node['name']!r} reads phases that its square has not")
        (out,), first = node["outputs"], node["inputs"][0]
        return NodeSquare(
            node,
            self.squares[number]["claim"],
            self.shapes[first],
            tuple(reads[0]),
            self.shapes[out],
            self.made[out],
        )

    def _shape(self, node: Text, square: NodeSquare, stated: Sequence[Any]) -> None:
        found = [int(value_of(n, square.names)) for n in stated]
        if found != list(square.out[1:]):
            raise CertificateError(
                f"node {node['name']!r} makes {list(square.out[1:])}, its square {found}"
            )

    def _tail_of(self, node: Text, square: NodeSquare) -> None:
        """No square without a tail is of a node that reads one, and no sum meets no number."""
        left = self._tails(node, 0)
        if left and not square.crops:
            raise CertificateError(f"node {node['name']!r} reads a tail, its square has none")
        passed = left and node["inputs"][0] in self.unknown and not square.fills
        if passed and node["op"] not in PERMUTING:
            raise CertificateError(f"node {node['name']!r} sums what need not be a number")
        if passed or square.leaves_nothing:
            self.unknown.update(node["outputs"])
