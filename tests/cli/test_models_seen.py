"""``symconv show``, ``draw`` and ``report`` of a model."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import symconv
from symconv.cli.commands import main
from symconv.models.prove import prove_model
from symconv.network.reading import CONSTANT
from symconv.report.drawing.boxes import Boxes
from symconv.sharing.causes import shared, sharers
from symconv.sharing.figures import figures, totals
from tests.helpers.model_files import model_file
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")

WIDTH = 80
RESNET = "models/light_resnet50.onnx"
UNET = "networks/unet_transposed_2d.onnx"
MODELS = [
    RESNET,
    UNET,
    "models/light_shufflenet.onnx",
    "networks/mobilenetv2_035.onnx",
    "networks/wav2vec2_audio_1d.onnx",
]
TWO_INPUTS = "models/brainmaze_spindle_eeg.onnx"
SIZES = ("--size", "raw_signal=1,1,7500", "--size", "spectrogram=1,15,7500")


def run(*words: str) -> str:
    """What a command that succeeds prints."""
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.mark.parametrize("name", MODELS)
def test_the_table_fits_a_terminal(name: str) -> None:
    lines = run("show", model_file(name)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].split()[:3] == ["node", "operator", "becomes"]


def test_resnet_s_figures_are_those_of_its_authors() -> None:
    found = json.loads(run("show", model_file(RESNET), "--json"))["results"]
    last = found[-1]
    # Torchvision: 25,557,032 parameters, 4.09 G multiply-adds; 53,120 means and variances besides.
    assert last["parameters"] == 25_557_032 + 53_120
    assert last["multiply_adds"] == 4_089_184_256
    stem = found[[r["node"]["op"] for r in found[:-1]].index("Conv")]
    assert stem["output_shape"] == [1, 64, 112, 112]
    assert stem["node"]["factor_in"] == [1, 1, 32, 32]


def test_a_local_form_expands_strided_nodes_alone() -> None:
    proof = prove_model(model_file(RESNET), region="local")
    rows = figures(proof)
    changed = [row for row in rows if row.before != row.after]
    assert {row.node.status for row in changed} == {"converted"}
    total = totals(rows)
    assert total.before is not None
    assert total.after is not None
    assert total.before < total.after < 1.4 * total.before


def test_named_sizes_have_no_multiply_adds() -> None:
    words = ("show", model_file(UNET), "--size", "input=1,3,H,W", "--region", "local", "--json")
    found = json.loads(run(*words))["results"]
    assert found[0]["multiply_adds"] is None
    assert "((H + 1) // 2)" in found[0]["output_shape"]


@pytest.mark.parametrize("max_factor", [None, 4])
@pytest.mark.parametrize("region", ["full", "core", "local"])
@pytest.mark.parametrize("name", MODELS)
def test_later_strides_multiply_to_a_layer_s_factor(
    name: str, region: str, max_factor: int | None
) -> None:
    proof = prove_model(model_file(name), region=region, max_factor=max_factor)
    for graph in proof.graphs:
        for one in shared(graph):
            strides = prod(cause.stride for cause in one.way) * one.end
            assert prod(one.factor_out) * prod(cause.up for cause in one.way) == strides


def test_resnet_s_last_stride_is_shared_by_all_before_it() -> None:
    (graph,) = prove_model(model_file(RESNET)).graphs
    found = sharers(graph)
    assert [one.stride for one in found] == [4] * len(found)
    # A stage's first block takes its stride twice: in its body, and in the projection beside it.
    assert [len(one.shares) for one in found] == [0, 1, 12, 11, 25, 24, 44, 43]
    first = shared(graph)[0]
    assert (first.copies, first.end) == (16 * 16, 1)


def test_a_picture_holds_every_node_once_and_every_border() -> None:
    (graph,) = prove_model(model_file(UNET)).graphs
    boxes = Boxes(graph)
    drawn = [node.label for box in boxes.boxes for node in box.nodes]
    assert sorted(drawn) == sorted(n.label for n in graph.nodes if n.why != CONSTANT)
    borders = {(b.tensor, b.reader) for b in graph.phased.borders}
    shown = {wire.tensor for wire in boxes.wires if wire.made != wire.read}
    assert shown == {tensor for tensor, _ in borders}


@pytest.mark.parametrize("name", MODELS)
def test_boxes_stand_behind_what_they_read(name: str) -> None:
    for graph in prove_model(model_file(name)).graphs:
        boxes = Boxes(graph)
        row = {place: number for number, place in enumerate(boxes.order)}
        assert sorted(row) == [*range(len(boxes.boxes))]
        assert all(row[wire.source] < row[wire.target] for wire in boxes.wires)


@pytest.mark.parametrize("suffix", ["svg", "tex", "graphml", "json"])
def test_a_model_is_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m.{suffix}"
    run("draw", model_file(UNET), "-o", str(path))
    text = path.read_text(encoding="utf-8")
    assert "ConvTranspose" in text
    assert "converted" in text


def test_a_graph_file_has_tensors_and_copies(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    run("draw", model_file(RESNET), "-o", str(path))
    found = json.loads(path.read_text(encoding="utf-8"))
    kinds = [link["kind"] for link in found["links"]]
    assert kinds.count("copies") == 0 + 1 + 12 + 11 + 25 + 24 + 44 + 43
    statuses = {node["status"] for node in found["nodes"]}
    assert statuses == {"converted", "carried", "untouched", "end"}
    (border,) = [link for link in found["links"] if link.get("border")]
    assert border["read"] == [1, 1, 32, 32]


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["draw", model_file(UNET), "-o", str(tmp_path / "m.png")])
    assert found.exit_code == 2
    assert "ending must be .svg" in found.stderr


@pytest.mark.parametrize("name", [RESNET, UNET, "networks/mobilenetv2_035.onnx"])
def test_a_report_tells_of_every_node_square_and_mask(tmp_path: Path, name: str) -> None:
    found = json.loads(run("report", model_file(name), "-o", str(tmp_path), "--json"))
    (result,) = found["results"]
    assert result["verdict"] == "proved"
    assert len(result["files"]) == 2
    proof = prove_model(model_file(name))
    squares = {node.square for node in proof.nodes if node.square is not None}
    masked = [node for node in proof.nodes if node.mask is not None]
    for path in map(Path, result["files"]):
        text = path.read_text(encoding="utf-8")
        assert f"Square {max(squares) + 1}: " in text
        assert f"Square {max(squares) + 2}: " not in text
        assert text.count("behind a mask") == len(masked)
        assert text.count("takes the stride") == len(sharers(proof.graphs[0]))
    html = next(tmp_path.glob("*.html")).read_text(encoding="utf-8")
    rows = html.count("<code>")
    assert rows > len(squares) + len(masked)
    assert all(node.label in html for node in proof.nodes if node.why != CONSTANT)


def test_a_report_in_python_is_of_the_same_words(tmp_path: Path) -> None:
    files = symconv.report(model_file(UNET), tmp_path, {"input": (1, 1, "H", "W")})
    text = files.html.read_text(encoding="utf-8")
    assert "multiply-adds" not in text
    assert "Without masks every square commutes iff" in text or "no mask is needed" in text


def test_the_region_is_for_models() -> None:
    words = ["report", "resnet50-stem", "-o", "x", "--region", "core"]
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 2
    assert "--region is for models; leave it out" in found.stderr


def test_nodes_that_join_several_inputs_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    run("draw", model_file(TWO_INPUTS), *SIZES, "-o", str(path))
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    assert {"input raw_signal", "input spectrogram"} <= {node["name"] for node in nodes}
