"""The operator and the sharing, as pictures and in numbers."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.expand import AxisExpansion, Expansion
from symconv.report.document import (
    Block,
    Figure,
    Math,
    Paragraph,
    Prose,
    Section,
    Table,
    prose,
    table,
)
from symconv.report.drawing.bipartite import bipartite_scene
from symconv.report.drawing.files import drawn_as_graph
from symconv.report.drawing.kernel import kernel_scene
from symconv.report.drawing.operator import operator_scene, stand_ins
from symconv.report.drawing.subject import Subject, subject_of
from symconv.report.sections.layers import shape
from symconv.sharing.tying import Counts, check_counts, counts, tie_graph

_MOST_IN_REPORT = 40
"""Slots of a bipartite picture that can be read on a page."""


def operator_section(expansion: Expansion) -> Section:
    """The strided matrix, the phase map and the expanded matrix, on a few samples."""
    intro = prose(
        "The layer as a matrix, one colour a parameter. Above, the strided operator $T(w)$: each "
        "row is the one before it, moved by the stride. Below, the expanded operator "
        "$T(\\hat w)$ on phases: in each block the diagonals are constant, as in a layer without "
        "stride. The wires are the phase map. Both matrices were built from their own access "
        "tables and compared entry by entry."
    )
    figures = [figure for axes in _shown_axes(expansion) if (figure := _operator(axes))]
    if figures:
        return Section("The operator", (Paragraph(intro), *figures))
    missing = prose("No stand-in of this layer is small enough to be drawn.")
    return Section("The operator", (Paragraph(missing),))


def _shown_axes(expansion: Expansion) -> list[Sequence[AxisExpansion]]:
    """One axis alone, and all of them where they are two."""
    axes = expansion.axes
    one = next((axis for axis in axes if axis.factor_in * axis.factor_out > 1), axes[0])
    return [(one,), axes] if len(axes) == 2 else [(one,)]


def _operator(axes: Sequence[AxisExpansion]) -> Figure | None:
    small = stand_ins(axes, 5 if len(axes) == 1 else 3) or stand_ins(axes, 2)
    if small is None:
        return None
    inputs, outputs = [a.window.size for a in small], [a.window.output for a in small]
    reduced = inputs != [a.window.size for a in axes]
    caption = prose(
        "<what>, one pair of channels, <inputs> samples to <outputs> outputs<reduced>. Numbers in "
        "cells are taps $k$; numbers at the edges are samples and outputs.",
        what="One axis" if len(axes) == 1 else "Both axes",
        inputs=shape(inputs),
        outputs=shape(outputs),
        reduced=" (a stand-in of the same geometry at reduced size)" if reduced else "",
    )
    return Figure(operator_scene(small), caption)


def sharing_section(expansion: Expansion) -> Section:
    """The tie map as pictures, and its counts, closed form against the graph."""
    subject = subject_of(expansion)
    pair = tie_graph(expansion, "pair")
    check_counts(pair, counts(expansion, "pair"))
    found = counts(expansion)
    blocks: list[Block] = [
        Paragraph(_sharing_words(found)),
        Figure(
            kernel_scene(subject),
            prose(
                "The expanded kernel, one colour per parameter, empty for structural zeros: a row "
                "for each output phase $p$, a column for each input phase $r$, in each block the "
                "taps. Shown: <scope>.",
                scope=subject.scope,
            ),
        ),
        *_graph_figure(subject_of(expansion, _MOST_IN_REPORT)),
        _counts_table(found, counts(expansion, "pair")),
        _cost_table(found),
    ]
    return Section("The sharing", tuple(blocks))


def _sharing_words(found: Counts) -> Prose:
    each = "exactly one slot" if found.copies == 1 else f"exactly {found.copies} slots"
    return prose(
        "Striding is parameter sharing: a slot of the expanded kernel holds one parameter of the "
        "strided one, or a structural zero. Every parameter stands in <each>.",
        each=each,
    )


def _graph_figure(subject: Subject) -> list[Block]:
    if not drawn_as_graph(subject):
        return [Paragraph(prose("The tie map has too many slots to draw as a graph here."))]
    caption = prose(
        "Each parameter and the slots that hold it. Shown: <scope>.", scope=subject.scope
    )
    return [Figure(bipartite_scene(subject), caption)]


def _counts_table(layer: Counts, pair: Counts) -> Table:
    names = {
        "parameters": "free parameters (tied)",
        "copies": "slots of each parameter",
        "live": "live slots",
        "zeros": "structural zeros",
        "slots": "slots, which are the parameters if untied",
    }
    rows = [(text, getattr(layer, name), getattr(pair, name)) for name, text in names.items()]
    return table(
        ["", "whole layer", "one pair of channels"],
        rows,
        "lrr",
        "Counts in closed form; a pair's were counted on the graph too.",
    )


def _cost_table(found: Counts) -> Table:
    rows = [
        ("strided layer", found.strided_multiply_adds),
        ("expanded layer, zeros skipped", found.live_multiply_adds),
        ("expanded layer, zeros multiplied", found.dense_multiply_adds),
    ]
    written = [(text, value, Math(_ratio(value, rows[0][1]))) for text, value in rows]
    return table(
        ["", "multiply-adds", "ratio"],
        written,
        "lrr",
        "Multiply-adds a sample (comparisons, for a maximum). A tap that meets a pad "
        "counts; outputs past the end of the last phase do too.",
    )


def _ratio(value: int, base: int) -> str:
    return f"{value / base:.3f}" if base else "-"
