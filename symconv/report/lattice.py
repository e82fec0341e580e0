"""The report of a layer of matrix stride: its cosets and its tie map, and the common sections."""

from __future__ import annotations

from pathlib import Path

from symconv.claim.verdict import Verdict
from symconv.expand.lattice import LatticeExpansion
from symconv.report.document import Document, Math, Section, Statement, prose, table
from symconv.report.sections.everywhere import everywhere_section
from symconv.report.sections.verdicts import command_section, verdict_section
from symconv.report.write import ReportFiles, write_document


def write_lattice_report(
    e: LatticeExpansion,
    verdict: Verdict,
    directory: str | Path,
    *,
    name: str,
    command: str,
    pdf: bool = False,
    everywhere: Verdict | None = None,
) -> ReportFiles:
    """Write the report of a layer of matrix stride, LaTeX and HTML, and PDF where asked.

    ``everywhere`` is the verdict on the same layer for all sizes, where it was asked for.
    """
    words = prose(
        "symconv report: a matrix stride on the cosets of its lattice, <verdict>",
        verdict=verdict.verdict,
    )
    sections = (
        _layer(e),
        _cosets(e),
        verdict_section(verdict),
        *([] if everywhere is None else [everywhere_section(everywhere)]),
        command_section(command),
    )
    return write_document(Document(name, words, sections), directory, name, pdf=pdf)


def _layer(e: LatticeExpansion) -> Section:
    rows = r" \\ ".join(" & ".join(map(str, row)) for row in e.original.stride)
    meaning = (
        rf"y_{{m,o}} = \sum_{{c,k}} w_{{m,c,k}}\, x_{{c,\,A o + d k - \mathit{{lo}}}}, \qquad "
        rf"A = \begin{{pmatrix}} {rows} \end{{pmatrix}}"
    )
    outputs = prose(
        "Outputs are the integer points $o$ with $A o$ inside the outputs of the same convolution "
        "of stride 1; $x$ is zero outside. The array of outputs is the box around them, here "
        "<box>, and zero where it holds none.",
        box=_point(tuple(map(int, e.output_size))),
    )
    return Section("The layer", (Statement("What it computes", outputs, (meaning,)),))


def _cosets(e: LatticeExpansion) -> Section:
    words = prose(
        "Every position is $A q + r$ for one of <n> representatives $r$. On the coset signals "
        "$X_{(c,r),q} = x_{c,\\,A q + r}$ the layer has no stride.",
        n=len(e.cosets.representatives),
    )
    theorem = r"A o + d k - \mathit{lo} = A\,(o + q) + r"
    rows = [
        (
            _point(tap),
            _point(shift),
            coset,
            _point(e.cosets.representatives[coset]),
            _point(q),
        )
        for tap, shift, (coset, q) in zip(e.original.taps(), e.shifts_of_taps, e.ties, strict=True)
    ]
    head = ["tap $k$", r"$d k - \mathit{lo}$", "coset", "$r$", "$q$"]
    ties = table(head, rows, "llrll", "The tie map: where each tap stands in the expanded kernel.")
    return Section("Its cosets", (Statement("Theorem", words, (theorem,)), ties))


def _point(point: tuple[int, ...]) -> Math:
    return Math(f"({', '.join(map(str, point))})")
