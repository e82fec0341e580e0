"""The report of a model: its nodes, its squares, what is shared and why, its masks, its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from symconv.network.reading import CONSTANT
from symconv.network.results import GraphProof, ModelCertificate, ModelProof, NodeProof
from symconv.report.document import (
    Block,
    Code,
    Document,
    Figure,
    Heading,
    Paragraph,
    Plain,
    Section,
    Statement,
    Table,
    prose,
    table,
)
from symconv.report.drawing.model import model_scene
from symconv.report.sections.squares import phases_of, squares_section
from symconv.report.sections.verdicts import command_section
from symconv.report.write import ReportFiles, write_document
from symconv.sharing.causes import Shared, Sharer, shared, sharers
from symconv.sharing.figures import figures, totals

Cell = str | int | Plain | Code
ROWS, COLUMN = 36, 28
"""Lines of a table that fit a page, and letters that fit a column of prose."""

MOST_NAMED = 4
"""Layers that a sentence names."""


def write_model_report(
    proof: ModelProof,
    directory: str | Path,
    *,
    command: str,
    pdf: bool = False,
    date: str | None = None,
    name: str | None = None,
) -> ReportFiles:
    """Write the report of a proved model into a directory, which is made where it is missing.

    Raises:
        InputError: the proof did not come to an end, so that there is no node to report.
        OSError: a file cannot be written.
    """
    title = name or proof.verdict.name
    subtitle = prose(
        "symconv report: a model on phases, without strides, <verdict>",
        verdict=proof.verdict.verdict,
    )
    document = Document(title, subtitle, tuple(_sections(proof, command)), date)
    return write_document(document, directory, title, pdf=pdf)


def _sections(proof: ModelProof, command: str) -> Iterator[Section]:
    yield _model(proof)
    yield _theorem()
    yield _verdict(proof)
    yield _sharing(proof)
    yield _masks(proof)
    yield _graph(proof)
    yield squares_section(proof)
    yield _nodes(proof)
    yield command_section(command)


def _model(proof: ModelProof) -> Section:
    rows = figures(proof)
    total = totals(rows)
    counted = Counter(row.node.status for row in rows if not row.makes_constant)
    pairs: list[tuple[str, int]] = [(status, count) for status, count in counted.most_common()]
    pairs += [("parameters", total.parameters)]
    if total.before is not None and total.after is not None:
        pairs += [("multiply-adds", total.before), ("multiply-adds on phases", total.after)]
    counts = table(["nodes and numbers", ""], pairs, "lr", "What the model holds.")
    return Section("The model", (counts,))


def _graph(proof: ModelProof) -> Section:
    caption = prose("Boxes by what becomes of them, phase factors on what joins them.")
    return Section("The graph", (Figure(model_scene(proof), caption),))


def _theorem() -> Section:
    words = prose(
        "Every tensor is split into phases, as many as the strides behind it multiply to; where "
        "phases end there is a border that merges them. A node is then one of three: it has a "
        "square, and is a layer of stride 1 on phases; it is the same function of each phase; or "
        "it is the same function of whole tensors. Squares and functions stand side by side in "
        "the order of the graph, so that every output is the same, for every input and all values "
        "of the weights."
    )
    square = (
        r"\Phi_{E_{\mathrm{out}}} \circ T_{s}(w) = T_1(\hat w) \circ \Phi_{E_{\mathrm{in}}}, "
        r"\qquad \Phi_E \circ f = f \circ \Phi_E"
    )
    source = prose("Source: Kong and Lucey 2017, section 3.")
    return Section(
        "The theorem", (Statement("Theorem, for this model", words, (square,)), Paragraph(source))
    )


def _verdict(proof: ModelProof) -> Section:
    verdict = proof.verdict
    if not isinstance(verdict, ModelCertificate):
        words = prose("Neither proved nor refuted: <reason>.", reason=verdict.reason)
        return Section("The verdict", (Statement("Undecided", words, (), "open"),))
    words = prose(
        "The model and its form on phases are the same function <sizes>: <squares> distinct "
        "squares are proved, and every other node is the same function of equal values.",
        sizes=f"where {verdict.domain}" if verdict.names else "at these sizes",
        squares=len(verdict.squares),
    )
    limits = [Paragraph(prose("Not established: <limit>.", limit=text)) for text in verdict.limits]
    trust = prose(
        "You also trust that symconv reads the file and its operators as they are meant, and that "
        "operators which it leaves alone are functions of their inputs and attributes."
    )
    digest = [] if verdict.sha256 is None else [Paragraph(_digest(verdict.sha256))]
    statement = Statement("Proved", words, (), "good")
    return Section("The verdict", (statement, *limits, Paragraph(trust), *digest))


def _digest(sha256: str) -> tuple[Plain | Code, ...]:
    return (Plain("The file has the SHA-256 digest "), Code(sha256[:16]), Plain("."))


def _sharing(proof: ModelProof) -> Section:
    words = prose(
        "A stride makes all earlier layers share: every parameter of a layer stands in its "
        "expanded kernel once for each phase of its output, and these are as many as the strides "
        "behind it multiply to. Branches that meet have equal factors: one way tells of all."
    )
    blocks: list[Block] = [Paragraph(words)]
    for graph in proof.graphs:
        blocks += [Paragraph(_sentence(one)) for one in sharers(graph)]
        rows = [_row(one) for one in shared(graph)]
        head = ["layer", r"$E_{\mathrm{out}}$", "copies", "strides behind it, to where phases end"]
        blocks += _tables(head, rows, "plrp", "Copies of each parameter, and their causes.")
    return Section("What is shared, and why", tuple(blocks))


def _sentence(one: Sharer) -> tuple[Plain | Code, ...]:
    if not one.shares:
        words = f" takes the stride {one.stride} (over all axes); no layer stands before it."
        return (Code(one.name), Plain(words))
    many = f"{len(one.shares)} earlier layers" if len(one.shares) > 1 else "one earlier layer"
    more = ", ..." if len(one.shares) > MOST_NAMED else ""
    named = f"{', '.join(one.shares[:MOST_NAMED])}{more}"
    start = f" takes the stride {one.stride} (over all axes) and multiplies the copies of {many}: "
    return (Code(one.name), Plain(start), Code(named), Plain("."))


def _row(one: Shared) -> tuple[Cell, ...]:
    way = ", ".join(cause.words for cause in one.way) or "none"
    end = f"; {one.end} phases are left there" if one.end > 1 else ""
    factors = "x".join(map(str, one.factor_out[2:] or one.factor_out))
    return Code(one.name), Code(factors), one.copies, Code(f"{way}{end}")


def _masks(proof: ModelProof) -> Section:
    masked = [node for node in proof.nodes if node.mask is not None]
    title = "Tails and masks"
    if not masked:
        said = prose("No node reads what stands beyond the end of a signal: no mask is needed.")
        return Section(title, (Paragraph(said),))
    words = prose(
        "Where a factor does not divide a signal, its last block has positions past the end, which "
        "hold what the layer computes there. In front of these nodes a mask fills them again."
    )
    rows = [(Code(n.label), Plain(n.mask.sentence())) for n in masked if n.mask is not None]
    blocks = _tables(["a mask in front of", "without it"], rows, "pp", "The masks.")
    free = prose("Without masks every square commutes iff <free>.", free=Code(proof.free))
    all_sizes = [Paragraph(free)] if proof.verdict.sizes == "all" else []
    return Section(title, (Paragraph(words), *blocks, *all_sizes))


def _nodes(proof: ModelProof) -> Section:
    blocks: list[Block] = []
    for graph in proof.graphs:
        if len(proof.graphs) > 1:
            blocks.append(Heading(prose("<name>", name=graph.name)))
        blocks += _of_graph(graph)
    return Section("Node by node", tuple(blocks))


def _of_graph(graph: GraphProof) -> list[Table]:
    shown = [node for node in graph.nodes if node.why != CONSTANT]
    rows = [(Code(n.label), n.phased.node.op, _becomes(n), phases_of(n)) for n in shown]
    head = ["node", "operator", "becomes", "phases"]
    left = len(graph.nodes) - len(shown)
    caption = "Every node and what proves it"
    caption += f"; {left} that only make constants are left out." if left else "."
    return _tables(head, rows, "plpl", caption)


def _becomes(node: NodeProof) -> str:
    """What becomes of a node, and what proves it or why it is left alone."""
    mask = ", behind a mask" if node.mask is not None else ""
    if node.square is not None:
        return f"{node.status}: square {node.square + 1}{mask}"
    if node.status == "carried":
        return f"{node.status}: {node.phased.rule.how} on phases{mask}"
    return f"{node.status}: {node.why}"


def _tables(
    head: Sequence[str],
    rows: Sequence[Sequence[str | int | Plain | Code]],
    columns: str,
    words: str,
) -> list[Table]:
    """Rows in tables that fit a page."""
    pages: list[list[Sequence[Cell]]] = [[]]
    lines = 0
    for row in rows:
        lines += (more := max(map(_lines, row)))
        if lines > ROWS:
            pages.append([])
            lines = more
        pages[-1].append(row)
    return [table(head, page, columns, words if n == 0 else "") for n, page in enumerate(pages)]


def _lines(cell: Cell) -> int:
    """About how many lines a cell takes in a column of prose."""
    text = cell.text if isinstance(cell, Plain | Code) else str(cell)
    return -(-len(text) // COLUMN)
