"""The operator as a picture: the strided matrix, the wires of the phase map, the expanded matrix.

The picture is of a stand-in of the same geometry on few samples, so that it can be seen; it is
built from both access tables, and the two are compared entry by entry before they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from symconv.errors import InputError, LayerError
from symconv.expand import AxisExpansion
from symconv.layer.window import BOTTOM
from symconv.report.drawing.cells import Cells, Ints, flat, label
from symconv.report.drawing.palette import color_of
from symconv.report.drawing.scene import FAINT, Item, Line, Rect, Scene, Text, fitted

MOST_COLUMNS = 72
_WIDTH = 460.0
_WIRES = 64.0


def stand_in(axis: AxisExpansion, outputs: int) -> AxisExpansion | None:
    """The axis on the fewest samples that give at least ``outputs`` outputs, or None."""
    for size in range(1, min(axis.window.size, MOST_COLUMNS) + 1):
        try:
            small = replace(axis, window=replace(axis.window, size=size))
        except LayerError:
            continue
        if small.window.output >= min(outputs, axis.window.output):
            return small
    return None


def stand_ins(axes: Sequence[AxisExpansion], outputs: int) -> tuple[AxisExpansion, ...] | None:
    """Stand-ins for all axes whose matrix has few enough columns, or None."""
    small = [stand_in(axis, outputs) for axis in axes]
    found = tuple(axis for axis in small if axis is not None)
    if len(found) < len(small):
        return None
    columns = prod(axis.coarse_input * axis.factor_in for axis in found)
    rows = prod(axis.coarse_output * axis.factor_out for axis in found)
    return found if max(columns, rows) <= MOST_COLUMNS else None


Matrix = dict[tuple[Ints, Ints], Ints]
"""``(row, column) -> parameter``; the entries left out are structural zeros."""


def strided_matrix(axes: Sequence[AxisExpansion]) -> Matrix:
    """``T(w)`` from the strided access tables: output ``o`` reads input ``n`` through tap ``k``."""
    entries: list[list[tuple[int, int, int]]] = []
    for axis in axes:
        table = axis.window.table()
        places = product(range(axis.window.output), range(axis.window.kernel))
        entries.append([(o, int(table[o, k]), k) for o, k in places if table[o, k] != BOTTOM])
    return _product(entries)


def expanded_matrix(axes: Sequence[AxisExpansion]) -> Matrix:
    """``T(v)`` from the phases' tables, on fine indices ``E_out*i + p`` and ``E_in*j + r``."""
    return _product([list(_expanded_entries(axis)) for axis in axes])


def _expanded_entries(axis: AxisExpansion) -> Iterator[tuple[int, int, int]]:
    table = axis.window_on_phases.table()
    for p, k, r, q in zip(*(column.tolist() for column in axis.taps), strict=True):
        for i in range(axis.coarse_output):
            j = int(table[i, axis.slot(q)])
            if j != BOTTOM:
                yield axis.factor_out * i + p, axis.factor_in * j + r, k


def _product(entries: Sequence[Sequence[tuple[int, int, int]]]) -> Matrix:
    joined = (tuple(zip(*parts, strict=True)) for parts in product(*entries))
    return {(rows, columns): taps for rows, columns, taps in joined}


def check_matrices(axes: Sequence[AxisExpansion], strided: Matrix, expanded: Matrix) -> None:
    """Compare the matrices on the rows and columns that both have.

    Raises:
        InputError: an entry differs; the picture would be of two operators.
    """
    rows, columns = zip(*((axis.window.output, axis.window.size) for axis in axes), strict=True)
    within = {
        (row, column): tap
        for (row, column), tap in expanded.items()
        if _below(row, rows) and _below(column, columns)
    }
    if wrong := sorted(
        place for place in {*strided, *within} if strided.get(place) != within.get(place)
    ):
        raise InputError(
            f"the matrices differ at output {wrong[0][0]}, input {wrong[0][1]}: strided "
            f"{strided.get(wrong[0])}, expanded {within.get(wrong[0])}; there is nothing to draw"
        )


def _below(index: Ints, sizes: Ints) -> bool:
    return all(i < n for i, n in zip(index, sizes, strict=True))


@dataclass(frozen=True, slots=True)
class _Side:
    """One axis of a matrix: its indices in the order drawn, and the size of their blocks."""

    order: tuple[Ints, ...]
    block: int

    def offset(self, place: int, cell: float) -> float:
        return place * cell + (place // self.block) * cell * 0.5


def operator_scene(axes: Sequence[AxisExpansion]) -> Scene:
    """``T(w)`` above, the phase map as wires, ``T(v)`` below with phases side by side.

    Raises:
        InputError: the two matrices are not the same operator.
    """
    strided, expanded = strided_matrix(axes), expanded_matrix(axes)
    check_matrices(axes, strided, expanded)
    plain = _plain([axis.window.size for axis in axes]), _plain([a.window.output for a in axes])
    columns, rows = _phased(axes, "input"), _phased(axes, "output")
    width = max(_span(plain[0], 1), _span(columns, 1), 16)
    cells = Cells(tuple(a.window.kernel for a in axes), min(18.0, _WIDTH / width))
    top = list(_matrix(cells, strided, plain[1], plain[0], "T(w)", r"$T(w)$"))
    height = _span(plain[1], cells.size)
    shift = (_span(columns, cells.size) - _span(plain[0], cells.size)) / 2
    items = [item.moved(shift, 0) for item in top]
    items += _wires(axes, cells.size, (plain[0], columns), shift, height)
    bottom = _matrix(cells, expanded, rows, columns, "T(ŵ)", r"$T(\hat w)$")
    items += [item.moved(0, height + _WIRES) for item in bottom]
    return fitted(
        items,
        "The strided operator above, its expansion on phases below, and the wires "
        "of the phase map between them.",
    )


def _plain(sizes: Sequence[int]) -> _Side:
    order = tuple(product(*map(range, sizes)))
    return _Side(order, sizes[-1] if len(sizes) > 1 else len(order))


def _phased(axes: Sequence[AxisExpansion], side: str) -> _Side:
    """Fine indices in the order (phase, coarse position)."""
    factors = [a.factor_in if side == "input" else a.factor_out for a in axes]
    coarse = [a.coarse_input if side == "input" else a.coarse_output for a in axes]
    order = tuple(
        tuple(e * j + r for e, j, r in zip(factors, position, phase, strict=True))
        for phase in product(*map(range, factors))
        for position in product(*map(range, coarse))
    )
    return _Side(order, prod(coarse))


def _span(side: _Side, cell: float) -> float:
    return side.offset(len(side.order) - 1, cell) + cell


def _matrix(
    cells: Cells, matrix: Matrix, rows: _Side, columns: _Side, name: str, tex: str
) -> Iterator[Item]:
    row_places = {index: rows.offset(place, cells.size) for place, index in enumerate(rows.order)}
    column_places = {n: columns.offset(place, cells.size) for place, n in enumerate(columns.order)}
    for row, column in product(rows.order, columns.order):
        parameter = matrix.get((row, column))
        yield from cells.draw(column_places[column], row_places[row], parameter)
    yield from _row_labels(cells, row_places)
    height = _span(rows, cells.size)
    yield Text(-26, height / 2, name, 11, "end", tex=tex)


def _row_labels(cells: Cells, places: dict[Ints, float]) -> Iterator[Item]:
    size = min(6.0, 0.7 * cells.size)
    for index, y in places.items():
        yield Text(-4, y + cells.size / 2, label(index), size, "end")


def _wires(
    axes: Sequence[AxisExpansion], cell: float, sides: tuple[_Side, _Side], shift: float, y: float
) -> Iterator[Item]:
    """One wire a sample, in the colour of its phase; past the end of the signal there is none."""
    plain, phased = sides
    factors = tuple(axis.factor_in for axis in axes)
    count, half = prod(factors), cell / 2
    size = min(5.5, 0.6 * cell)
    targets = {index: phased.offset(place, cell) for place, index in enumerate(phased.order)}
    starts = {n: plain.offset(place, cell) + shift for place, n in enumerate(plain.order)}
    for index, target in targets.items():
        yield Text(target + half, y + _WIRES - 6, label(index), size)
        if index in starts:
            phase = tuple(n % e for n, e in zip(index, factors, strict=True))
            color = color_of(flat(phase, factors), count) if count > 1 else FAINT
            yield Text(starts[index] + half, y + 6, label(index), size)
            yield Line(
                starts[index] + half, y + 12, target + half, y + _WIRES - 12, color, 0.9, "down"
            )
        else:
            yield Rect(target, y + _WIRES - 12, cell, 0.6, FAINT)
