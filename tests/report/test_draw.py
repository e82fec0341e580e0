"""Pictures of the sharing: what they show is the tie map, in files that other programs read."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import pairwise, product
from math import prod
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest

from symconv.errors import SymconvError
from symconv.expand import Expansion, destride
from symconv.layer import Conv
from symconv.report.drawing import draw
from symconv.report.drawing.bipartite import bipartite_scene
from symconv.report.drawing.kernel import kernel_scene
from symconv.report.drawing.operator import (
    check_matrices,
    expanded_matrix,
    stand_ins,
    strided_matrix,
)
from symconv.report.drawing.palette import color_of, ink_on
from symconv.report.drawing.scene import Line, Rect, Scene, Text
from symconv.report.drawing.subject import MOST_PARAMETERS, subject_of
from symconv.sharing.tying import slots_of, tie_graph
from tests.helpers.requirements import require_tool
from tests.report.examples import EXPANSIONS, STEM

HOSTILE = r"""a_b$%&#{}~^\<>"' \input{/etc/passwd} --> ]]> é ∑ 層 &amp; </svg><script>"""


def drawn(expansion: Expansion, folder: Path, ending: str, name: str = "") -> str:
    path = folder / f"picture.{ending}"
    assert draw(expansion, path, name=name)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXPANSIONS)
def test_every_kind_of_layer_is_drawn(name: str, tmp_path: Path) -> None:
    for ending in ("svg", "tex", "graphml", "json"):
        text = drawn(EXPANSIONS[name], tmp_path, ending, name)
        assert name in text
        assert len(text) < 5_000_000


@pytest.mark.parametrize("name", EXPANSIONS)
def test_the_svg_has_one_cell_a_slot_in_its_parameters_colour(name: str, tmp_path: Path) -> None:
    expansion = EXPANSIONS[name]
    subject = subject_of(expansion)
    scene = kernel_scene(subject)
    fills = [item.fill for item in scene.items if isinstance(item, Rect)]
    assert len(fills) == len(subject.slots)
    assert fills.count(None) == sum(slot.parameter is None for slot in subject.slots)
    colors = {color for color in fills if color}
    held = {slot.parameter for slot in subject.slots} - {None}
    assert len(colors) == len(held) or len(held) > MOST_PARAMETERS
    root = ElementTree.fromstring(drawn(expansion, tmp_path, "svg"))  # noqa: S314
    cells = root.findall("{http://www.w3.org/2000/svg}rect")
    assert len(cells) > len(fills)


def test_blocks_of_the_stem_hold_the_taps_of_their_phases() -> None:
    scene = kernel_scene(subject_of(STEM))
    texts = {(item.x, item.y): item.text for item in scene.items if isinstance(item, Text)}
    cells = [item for item in scene.items if isinstance(item, Rect)]
    xs, ys = (sorted({getattr(c, axis) for c in cells}) for axis in ("x", "y"))
    size = cells[0].width
    for row, column in product(range(8), range(8)):
        # Slot (r, q) at fine position 2q + r - 4 of the window that starts at -3: tap 2q + r - 1.
        taps = [2 * (place % 4) + place // 4 - 1 for place in (row, column)]
        label = texts.get((xs[column] + size / 2, ys[row] + size / 2))
        assert label == (None if min(taps) < 0 else f"{taps[0]},{taps[1]}")


@pytest.mark.parametrize("name", ["line", "tied", "transposed", "gaps"])
def test_the_bipartite_picture_has_one_curve_a_tie(name: str) -> None:
    expansion = EXPANSIONS[name]
    subject = subject_of(expansion)
    scene = bipartite_scene(subject)
    curves = [i for i in scene.items if isinstance(i, Line) and i.bend == "across"]
    assert len(curves) == prod(axis.live_slots for axis in subject.axes)
    by_place = {(i.x, i.y): i.fill for i in scene.items if isinstance(i, Rect)}
    ends = {round(y + 6, 3): fill for (x, y), fill in by_place.items() if x > 100}
    assert all(ends[round(curve.y2, 3)] == curve.stroke for curve in curves)


@pytest.mark.parametrize("name", ["line", "tied", "residual", "transposed", "volume"])
def test_graph_files_are_read_back(name: str, tmp_path: Path) -> None:
    expansion = EXPANSIONS[name]
    expected = tie_graph(expansion, "layer")
    drawn(expansion, tmp_path, "graphml", HOSTILE)
    graph = networkx.read_graphml(tmp_path / "picture.graphml")
    assert set(graph.edges) == set(expected.edges)
    assert graph.nodes["0"]["kind"] == "zero"
    for node, attributes in expected.nodes(data=True):
        index = attributes.get("index", ())
        assert graph.nodes[node].get("index", "") == ",".join(map(str, index))
    data = json.loads(drawn(expansion, tmp_path, "json", HOSTILE))
    again = networkx.node_link_graph(data, edges="links")
    assert set(again.edges) == set(expected.edges)
    assert again.graph["layer"] == HOSTILE
    assert again.nodes["0"] == {"kind": "zero"}


def test_big_layers_are_shown_in_part_and_say_so(tmp_path: Path) -> None:
    assert subject_of(STEM).scope == "output channel 0 and input channel 0, one of 192 equal pairs"
    assert subject_of(EXPANSIONS["patch"]).scope.startswith("axis 0, one of 2; output channel 0")
    assert "equal pairs" in drawn(EXPANSIONS["huge"], tmp_path, "svg")
    assert json.loads(drawn(STEM, tmp_path, "json"))["graph"]["scope"].endswith("192 equal pairs")
    wide = destride(Conv(1, 1, kernel_size=3001, stride=40), (4000,))
    assert "the first 3000 of 3040 slots" in drawn(wide, tmp_path, "svg")


def test_an_ending_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SymconvError, match=r"cannot draw 'picture.gif': its ending must be one of"):
        draw(STEM, tmp_path / "picture.gif")
    assert not list(tmp_path.iterdir())


def test_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    root = ElementTree.fromstring(drawn(STEM, tmp_path, "svg", HOSTILE))  # noqa: S314
    words = [element.text for element in root.iter() if element.text]
    assert f"Parameter tying of {HOSTILE}" in words
    assert not [e for e in root.iter() if "script" in e.tag]
    tex = drawn(STEM, tmp_path, "tex", HOSTILE)
    assert r"\input" not in tex
    assert r"\textbackslash{}input\{/etc/passwd\}" in tex


def test_drawing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for ending in ("svg", "tex", "graphml", "json"):
        assert drawn(STEM, tmp_path, ending) == drawn(STEM, tmp_path, ending)


def test_a_pdf_of_a_hostile_name(tmp_path: Path) -> None:
    require_tool("latexmk")
    path = tmp_path / "picture.pdf"
    draw(EXPANSIONS["tied"], path, name=HOSTILE)
    first = path.read_bytes()
    assert first.startswith(b"%PDF-")
    draw(EXPANSIONS["tied"], path, name=HOSTILE)
    assert path.read_bytes() == first


def test_without_a_tex_a_pdf_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(SymconvError, match=r"PDF needs latexmk.*write \.tex, \.svg") as fault:
        draw(STEM, tmp_path / "picture.pdf")
    assert "\n" not in str(fault.value)
    assert not list(tmp_path.iterdir())


def _dense(matrix: Any, rows: int, columns: int) -> np.ndarray[Any, Any]:
    found = np.zeros((rows, columns), dtype=int)
    for ((row,), (column,)), (tap,) in matrix.items():
        found[row, column] = tap + 1
    return found


def test_the_drawn_matrix_is_the_operator() -> None:
    small = stand_ins(STEM.axes[:1], 5)
    assert small is not None
    size, outputs = small[0].window.size, small[0].window.output
    by_hand = np.zeros((outputs, size), dtype=int)
    for o, k in product(range(outputs), range(7)):
        if 0 <= 2 * o + k - 3 < size:
            by_hand[o, 2 * o + k - 3] = k + 1
    np.testing.assert_array_equal(_dense(strided_matrix(small), outputs, size), by_hand)
    expanded = {p: v for p, v in expanded_matrix(small).items() if p[1][0] < size}
    np.testing.assert_array_equal(_dense(expanded, outputs, size), by_hand)


@pytest.mark.parametrize("fault", ["entry lost", "other tap", "other place"])
def test_matrices_that_differ_are_not_drawn(fault: str) -> None:
    small = stand_ins(STEM.axes[:1], 5)
    assert small is not None
    strided, expanded = strided_matrix(small), expanded_matrix(small)
    check_matrices(small, strided, expanded)
    place = ((1,), (3,))
    tap = expanded.pop(place)
    if fault == "other tap":
        expanded[place] = (tap[0] - 1,)
    elif fault == "other place":
        expanded[(1,), (8,)] = tap
    with pytest.raises(SymconvError, match="the matrices differ at output"):
        check_matrices(small, strided, expanded)


def test_a_wrong_tie_map_is_not_drawn() -> None:
    axis = replace(STEM.axes[0])
    p, k, r, q = axis.taps
    axis.__dict__["taps"] = (p, k[::-1], r, q)
    with pytest.raises(SymconvError, match="the matrices differ"):
        check_matrices([axis], strided_matrix([axis]), expanded_matrix([axis]))


def _distance(one: str, other: str) -> float:
    a, b = ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (one, other))
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("count", [2, 8, 9, 49, MOST_PARAMETERS])
def test_colours_are_distinct_and_labels_readable(count: int) -> None:
    colors = [color_of(number, count) for number in range(count)]
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    assert len(set(colors)) == count
    assert all(_distance(a, b) >= 40 for a, b in pairwise(colors))
    assert all(_contrast(color, ink_on(color)) >= 3 for color in colors)


def _contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_everything_stands_inside_its_picture() -> None:
    for expansion in EXPANSIONS.values():
        scene: Scene = kernel_scene(subject_of(expansion))
        for item in scene.items:
            if isinstance(item, Rect):
                assert 0 <= item.x <= item.x + item.width <= scene.width
                assert 0 <= item.y <= item.y + item.height <= scene.height


def test_slots_of_the_zero_kernel_are_all_there() -> None:
    axis = EXPANSIONS["gaps"].axes[0]
    assert len(slots_of([axis])) == axis.slots
