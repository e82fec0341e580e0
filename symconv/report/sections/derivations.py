"""The derivation of each axis, and the tables it starts from and ends in."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.expand import AxisExpansion, Expansion
from symconv.layer.window import BOTTOM
from symconv.report.derivation import Shown as Step
from symconv.report.document import (
    Beside,
    Block,
    Formulas,
    Heading,
    Math,
    Paragraph,
    Section,
    Table,
    prose,
    table,
)
from symconv.report.sections.layers import gathered
from symconv.report.theorem import derive

Shown = list[int | None]
"""Row or column numbers to show; None stands for the ones left out."""


def derivation_section(expansion: Expansion) -> Section:
    """Every step with letters and with numbers; axes of one geometry share a derivation.

    Raises:
        DerivationError: a displayed step does not hold.
    """
    intro = prose(
        "Each step is shown with letters, then with this layer's numbers. What is printed was "
        "evaluated, in exact integers, at every output and every tap of the axis; a step that "
        "failed anywhere would have stopped this report. The last line of a step says how many "
        "values were compared."
    )
    blocks: list[Block] = [Paragraph(intro)]
    for axes in same_axes(expansion):
        blocks.extend(_axis_blocks(expansion, axes))
    return Section("The derivation, every step checked", tuple(blocks))


def same_axes(expansion: Expansion) -> list[list[int]]:
    """Axis numbers, those of one geometry together."""
    windows = expansion.original.windows(expansion.input_size)
    found: dict[object, list[int]] = {}
    for number, pair in enumerate(zip(expansion.axes, windows, strict=True)):
        found.setdefault(pair, []).append(number)
    return list(found.values())


def axis_words(axes: Sequence[int]) -> str:
    """``axis 0``, or ``axes 0 and 1``."""
    if len(axes) == 1:
        return f"axis {axes[0]}"
    return f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"


def _axis_blocks(expansion: Expansion, axes: Sequence[int]) -> list[Block]:
    blocks: list[Block] = []
    if len(expansion.axes) > 1:
        blocks.append(Paragraph(prose("Derivation for <axes>.", axes=axis_words(axes))))
    for number, step in enumerate(derive(expansion, axes[0]), start=1):
        blocks += [
            Heading(prose("Step <number>. <title>.", number=number, title=step.title)),
            Paragraph(prose(step.reason)),
            Formulas(step.general),
            *_with_numbers(step),
            Paragraph(prose("Checked: <n>, all hold.", n=_comparisons(step.compared))),
        ]
        if step.title == "Euclidean division":
            blocks.append(_tap_table(expansion.axes[axes[0]]))
    return blocks


def _with_numbers(step: Step) -> list[Block]:
    """The formulas that the layer's numbers change."""
    lines = tuple(line for line in step.numbers if line not in step.general)
    return [Paragraph(prose("Here:")), Formulas(lines)] if lines else []


def _comparisons(count: int) -> str:
    return "1 comparison" if count == 1 else f"{count:,} comparisons"


def _tap_table(axis: AxisExpansion) -> Table:
    rows = list(zip(*(column.tolist() for column in axis.taps), strict=True))
    chosen = _chosen(len(rows), 10)
    cells = [["…"] * 4 if n is None else [*map(_number, rows[n])] for n in chosen]
    cut = "" if None not in chosen else f" (the first and last of {len(rows)} rows)"
    caption = "Where each live tap lands: output phase, tap, input phase, shift<cut>."
    return table(["$p$", "$k$", "$r$", "$q$"], cells, "rrrr", caption, cut=cut)


def _number(value: int) -> Math:
    return Math(str(value))


def _chosen(count: int, most: int) -> Shown:
    """All of a few; of many the first ones, a gap, and the last two."""
    if count <= most:
        return list(range(count))
    return [*range(most - 3), None, count - 2, count - 1]


def tables_section(expansion: Expansion) -> Section:
    """The access tables of the first axis that is strided, before and after."""
    number = next((n for n, a in enumerate(expansion.axes) if a.factor_in * a.factor_out > 1), 0)
    axis = expansion.axes[number]
    rows = _chosen(axis.window.output, 9)
    columns = _chosen(axis.window.kernel, 5 if axis.window.size < 1000 else 4)
    reduced = " Rows and columns in the middle are left out." if None in (*rows, *columns) else ""
    words = prose(
        "An axis of a layer is its access table: which input $A(o,k)$ output $o$ reads through "
        "tap $k$, or nothing ($\\bot$). Two layers are equal for all weights and inputs exactly "
        "when their tables are. Shown is axis <number>, <size> entries."
        "<padded><reduced>",
        padded=" The signal is the padded one, behind the gather." if gathered(expansion) else "",
        number=number,
        size=Math(rf"{axis.window.output} \times {axis.window.kernel}"),
        reduced=reduced,
    )
    left, right = strided_table(axis, rows, columns), expanded_table(axis, rows, columns)
    return Section("The access tables of one axis", (Paragraph(words), Beside(left, right)))


def strided_table(axis: AxisExpansion, rows: Shown, columns: Shown) -> Table:
    """``A(o, k)`` of the strided layer."""
    entries = axis.window.table()
    cells = [
        [_index(o), *(_entry(None if None in (o, k) else int(entries[o, k])) for k in columns)]
        for o in rows
    ]
    return table(
        ["$o$", *map(_tap_head, columns)],
        cells,
        "r" + "c" * len(columns),
        "Strided: output $o$ reads input $A(o,k)$.",
    )


def expanded_table(axis: AxisExpansion, rows: Shown, columns: Shown) -> Table:
    """``(r, j)`` of the expanded layer: the phase, and the place in it, that reads the same."""
    cells = []
    for o in rows:
        head = "…" if o is None else f"({o % axis.factor_out}, {o // axis.factor_out})"
        cells.append([head, *(_phase_entry(axis, o, k) for k in columns)])
    return table(
        ["$(p,i)$", *map(_tap_head, columns)],
        cells,
        "r" + "c" * len(columns),
        r"Expanded: the same output, phase $p$, place $i$, reads phase $r$ at place $j$, "
        r"written $(r,j)$; $E_{\mathrm{in}}j + r$ is the entry on the left.",
    )


def _phase_entry(axis: AxisExpansion, o: int | None, k: int | None) -> str | Math:
    if o is None or k is None:
        return "…"
    table_on_phases = axis.window_on_phases.table()
    for p, tap, r, q in zip(*(column.tolist() for column in axis.taps), strict=True):
        if (p, tap) == (o % axis.factor_out, k):
            j = int(table_on_phases[o // axis.factor_out, axis.slot(q)])
            past = axis.factor_in * j + r >= axis.window.size
            return Math(r"\bot") if j == BOTTOM or past else f"({r}, {j})"
    return Math(r"\bot")


def _tap_head(k: int | None) -> str:
    return "…" if k is None else f"$k={k}$"


def _index(o: int | None) -> str:
    return "…" if o is None else str(o)


def _entry(value: int | None) -> str | Math:
    if value is None:
        return "…"
    return Math(r"\bot") if value == BOTTOM else str(value)
