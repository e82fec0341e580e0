"""The report of a layer of matrix stride: its cosets, its tie map, its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from symconv.expand.lattice import LatticeExpansion
from symconv.report.document import Document, Math, Paragraph, Section, Statement, prose, table
from symconv.report.sections.verdicts import command_section
from symconv.report.write import ReportFiles, write_document


def write_lattice_report(
    e: LatticeExpansion,
    verdict: Any,
    directory: str | Path,
    *,
    name: str,
    command: str,
    pdf: bool = False,
) -> ReportFiles:
    """Write the report of a layer of matrix stride, LaTeX and HTML, and PDF where asked.

    ``verdict`` is what `symconv.prove` said of it.
    """
    words = prose(
        "symconv report: a matrix stride on the cosets of its lattice, <verdict>",
        verdict=verdict.verdict,
    )
    sections = (_layer(e), _cosets(e), _verdict(verdict), command_section(command))
    return write_document(Document(name, words, sections), directory, name, pdf=pdf)


def _layer(e: LatticeExpansion) -> Section:
    rows = r" \\ ".join(" & ".join(map(str, row)) for row in e.original.stride)
    meaning = (
        rf"y_{{m,o}} = \sum_{{c,k}} w_{{m,c,k}}\, x_{{c,\,A o + d k - \mathit{{lo}}}}, \qquad "
        rf"A = \begin{{pmatrix}} {rows} \end{{pmatrix}}"
    )
    outputs = prose(
        "Outputs are the integer points $o$ with $A o$ inside the input; $x$ is zero outside."
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
            _point(e.original.shift(tap)),
            coset,
            _point(e.cosets.representatives[coset]),
            _point(q),
        )
        for tap, (coset, q) in zip(e.original.taps(), e.ties, strict=True)
    ]
    head = ["tap $k$", r"$d k - \mathit{lo}$", "coset", "$r$", "$q$"]
    ties = table(head, rows, "llrll", "The tie map: where each tap stands in the expanded kernel.")
    return Section("Its cosets", (Statement("Theorem", words, (theorem,)), ties))


def _point(point: tuple[int, ...]) -> Math:
    return Math(f"({', '.join(map(str, point))})")


def _verdict(verdict: Any) -> Section:
    if verdict.verdict == "undecided":
        why = prose("<reason>.", reason=verdict.reason.rstrip("."))
        return Section("The verdict", (Statement("Undecided", why, (), "open"),))
    scope = "for all sizes" if verdict.sizes == "all" else "at this size"
    words = prose(
        "Both sides read the same input for every output and tap, <scope>, by <how>.",
        scope=scope,
        how=" and ".join(verdict.method),
    )
    if verdict.verdict == "proved":
        return Section("The verdict", (Statement("Proved", words, (), "good"),))
    found = Paragraph(prose("<found>", found=str(verdict.counterexample)))
    return Section("The verdict", (Statement("Refuted", (), (), "bad"), found))
