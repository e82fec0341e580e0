"""The squares of a model: the theorem of each, its numbers, and the nodes that it is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from symconv.expand import Expansion
from symconv.network.results import ModelProof, NodeProof, factors_in_space
from symconv.network.squares import Square
from symconv.report.document import Block, Code, Inline, Math, Paragraph, Section, Statement, prose
from symconv.report.sections.layers import NAMES
from symconv.size.numbers import freeze

MOST_NAMED = 6
"""Nodes of a square that are named; the table of nodes has all."""


def squares_section(proof: ModelProof) -> Section:
    """One statement for each distinct square."""
    words = prose(
        "A node that moves or sums samples has a square of its own: doing what it does and then "
        "splitting into phases is splitting first and then applying a layer of stride 1 whose "
        "kernel is $\\hat w$, which holds each parameter where the tie map says. Nodes of one "
        "geometry share a square. In front of some a mask $M$ fills what stands beyond the end of "
        "the signal; without one, the square holds whatever stands there."
    )
    found = _by_number(proof)
    statements = [_statement(number, nodes) for number, nodes in sorted(found.items())]
    if not statements:
        return Section("The squares", (Paragraph(prose("No node carries phases by a square.")),))
    return Section("The squares", (Paragraph(words), *statements))


def _by_number(proof: ModelProof) -> dict[int, list[NodeProof]]:
    found: dict[int, list[NodeProof]] = {}
    for node in proof.nodes:
        if node.square is not None and node.of is not None:
            found.setdefault(node.square, []).append(node)
    return found


def _statement(number: int, nodes: Sequence[NodeProof]) -> Block:
    square = nodes[0].of
    if square is None:
        raise TypeError("a node with a square's number has a square")
    named = ", ".join(node.label for node in nodes[:MOST_NAMED])
    more = f", and {len(nodes) - MOST_NAMED} more" if len(nodes) > MOST_NAMED else ""
    words = [*prose("Of <nodes>. ", nodes=Code(f"{named}{more}"))]
    expansion = square.expansion
    if expansion is None:
        words += prose("It permutes channels between the phases on its two sides.")
    else:
        words += _words(square, expansion)
    title = f"Square {number + 1}: {kind_of(square)}"
    return Statement(title, tuple(words), (_equation(square),), "good")


def kind_of(square: Square) -> str:
    """What a square's window is, in words."""
    window = square.window
    if window.layer is None:
        return "a permutation of channels"
    if window.left:
        return "a gather along axes"
    return f"a {NAMES[window.layer.op]}"


def _equation(square: Square) -> str:
    """The square in LaTeX, with its factors."""
    outer, inner = map(_factors, (square.factor_out, square.factor_in))
    stays = _factors(square.residual)
    source = "M x" if square.masked else "x"
    has_weight = not square.window.left and kind_of(square).endswith("convolution")
    strided, kernel = ("(w)", r"(\hat w)") if has_weight else ("", "")
    return (
        rf"\Phi_{{{outer}}}\bigl(T_{{{_strides(square)}}}{strided}\,x\bigr) = "
        rf"T_{{{stays}}}{kernel}\;\Phi_{{{inner}}}({source})"
    )


def _factors(factors: Sequence[int]) -> str:
    return r" \times ".join(map(str, factors))


def _strides(square: Square) -> str:
    """The stride of each axis; a fraction where zeros are put between samples."""
    expansion = square.expansion
    if expansion is None:
        return f"1/{square.window.block}" if square.window.to_space else str(square.window.block)
    pairs = ((a.window.stride, a.window.base_dilation) for a in expansion.axes)
    return r" \times ".join(str(s) if u == 1 else f"{s}/{u}" for s, u in pairs)


def _words(square: Square, e: Expansion) -> Iterator[Inline]:
    """The numbers of a square: sizes, and the expanded layer."""
    outs = e.original.out_channels * prod(e.factor_out)
    ins = e.original.in_channels * prod(e.factor_in) // e.groups
    weight = (outs, ins, *(axis.kernel for axis in e.axes))
    pads = [f"{axis.lo}:{axis.hi}" for axis in e.axes]
    yield from prose(
        "At <size>, <channels> channels; the expanded kernel has the shape <weight>, its pads are "
        "<pads>.",
        size=Code("x".join(map(str, freeze(square.window.size)))),
        channels=square.window.channels,
        weight=Math(_factors(weight)),
        pads=Code(", ".join(pads)),
    )


def phases_of(node: NodeProof) -> str:
    """The factors with which a node reads tensors, and with which it makes them if others."""
    if not node.phased.has_phases:
        return ""
    read = factors_in_space(next((f for f in node.phased.reads if f), ()))
    made = factors_in_space(next(iter(node.phased.makes), ()))
    return read if read == made else f"{read} → {made}"
