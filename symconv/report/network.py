"""The report of a chain: its layers, its factors, which stride causes which copies, its verdict."""

from __future__ import annotations

from math import prod
from pathlib import Path

from symconv.claim.verdict import Refuted
from symconv.network import INPUT, NetworkExpansion
from symconv.network.proof import NetworkProof
from symconv.report.document import (
    Block,
    Code,
    Document,
    Figure,
    Formulas,
    Paragraph,
    Plain,
    Section,
    Statement,
    Table,
    Tone,
    prose,
    table,
)
from symconv.report.drawing.network import network_scene
from symconv.report.sections.everywhere import everywhere_of_chain
from symconv.report.sections.layers import NAMES, shape
from symconv.report.sections.verdicts import command_section, verdict_section
from symconv.report.write import ReportFiles, write_document
from symconv.sharing.copies import copies


def write_network_report(
    proof: NetworkProof,
    directory: str | Path,
    *,
    command: str,
    pdf: bool = False,
    date: str | None = None,
    name: str | None = None,
    everywhere: NetworkProof | None = None,
) -> ReportFiles:
    """Write the report of a chain into a directory, which is made where it is missing.

    ``everywhere`` is the proof of the same chain for all sizes, where it was asked for.

    Raises:
        OSError: a file cannot be written.
    """
    title = name or proof.expansion.network.name
    subtitle = prose(
        "symconv report: a chain of layers as one without strides, <verdict>",
        verdict=proof.verdict.verdict,
    )
    document = Document(title, subtitle, _sections(proof, command, everywhere), date)
    return write_document(document, directory, title, pdf=pdf)


def _sections(
    proof: NetworkProof, command: str, everywhere: NetworkProof | None
) -> tuple[Section, ...]:
    return (
        Section("The chain", (_layers(proof.expansion),)),
        _theorem(proof.expansion),
        _sharing(proof.expansion),
        _masks(proof),
        verdict_section(proof.verdict),
        *([] if everywhere is None else [everywhere_of_chain(everywhere)]),
        command_section(command),
    )


def _layers(expansion: NetworkExpansion) -> Table:
    network = expansion.network
    rows = []
    for place, e in expansion.expansions.items():
        size = network.sizes[network.nodes[place].inputs[0]]
        rows.append(
            (
                Plain(network.nodes[place].name),
                NAMES[e.original.op],
                shape((e.original.in_channels, *size)),
                shape((e.original.out_channels, *e.output_size)),
                shape([axis.window.kernel for axis in e.axes]),
                shape([axis.window.stride for axis in e.axes]),
            )
        )
    head = ["layer", "kind", "input", "output", "kernel", "stride"]
    return table(head, rows, "llllll", "The strided chain, layer by layer.")


def _theorem(expansion: NetworkExpansion) -> Section:
    words = prose(
        "Let $E_l\\,u_l = E_{l+1}\\,s_l$ on every axis for every layer $l$, with the least "
        "positive integers. On the phases of the input every layer is one of stride 1, with "
        "$E_{l+1}$ times the filters; functions of each value act on every phase alike. The chain "
        "is the squares of its layers side by side."
    )
    square = (
        r"\Phi_{E_{l+1}} \circ T_{s_l}(w_l) = T_1(\hat w_l) \circ \Phi_{E_l}, \qquad "
        r"\Phi_{E_{l+1}} \circ f_l = f_l \circ \Phi_{E_{l+1}}"
    )
    network = expansion.network
    rows = []
    for place, e in expansion.expansions.items():
        read = network.nodes[place].inputs[0]
        rows.append(
            (
                Plain(network.nodes[place].name),
                shape(network.factors[read]),
                shape(network.factors[place]),
                shape(e.layer.weight_shape(len(e.axes))),
                Code(str([list(pair) for pair in e.layer.per_axis("padding", len(e.axes))])),
                "yes" if place in expansion.masks else "",
            )
        )
    head = ["layer", "$E_l$", "$E_{l+1}$", "expanded weight", "pads", "mask"]
    numbers = table(head, rows, "lllllc", "The factors that solve the equations, and what follows.")
    source = prose(
        "Source: Kong and Lucey 2017, section 3. Input phases: <count>.",
        count=prod(network.factors[INPUT]),
    )
    return Section(
        "The theorem",
        (
            Statement("Theorem, for this chain", words, (square,)),
            numbers,
            Paragraph(source),
        ),
    )


def _sharing(expansion: NetworkExpansion) -> Section:
    words = prose(
        "A stride makes all earlier layers share: every parameter of a layer stands in the "
        "expanded kernel as often as the later strides multiply to."
    )
    rows = [
        (Plain(c.layer), c.count, Plain(", ".join(f"{by} ({n})" for by, n in c.causes) or "none"))
        for c in copies(expansion)
    ]
    counted = table(["layer", "copies of each parameter", "caused by the strides of"], rows, "lrp")
    caption = prose(
        "The chain; an arc leads from a strided layer to each layer that it multiplies."
    )
    return Section(
        "What is shared, and why",
        (
            Paragraph(words),
            counted,
            Figure(network_scene(expansion), caption),
        ),
    )


def _masks(proof: NetworkProof) -> Section:
    title = "Tails and masks"
    if not proof.expansion.masks:
        said = prose(
            "No layer reads what stands beyond the end of a hidden signal: no mask is needed."
        )
        return Section(title, (Paragraph(said),))
    blocks: list[Block] = [
        Paragraph(
            prose(
                "Where the factor does not divide a hidden signal, its last block has positions "
                "past the end. They hold what the layer computes there, not zeros. A mask fills "
                "them again, with zeros, or with minus infinity before a maximum."
            )
        ),
        Formulas((r"M\,x = \Phi_E\bigl((\Phi_E^{-1} x)_{0 \le i < N}\bigr)",)),
    ]
    blocks += [Paragraph(prose("<about>.", about=fact.about)) for fact in proof.mask_facts()]
    tone: Tone = "bad" if isinstance(proof.without_masks, Refuted) else "plain"
    without = prose("<words>.", words=proof.without_in_words())
    return Section(title, (*blocks, Statement("Without the masks", without, (), tone)))
