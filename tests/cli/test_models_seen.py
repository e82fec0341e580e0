"""``symconv show``, ``draw`` and ``report`` of a model."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import pytest
from click.testing import CliRunner

from symconv.api import prove_model
from symconv.cli.commands import main
from symconv.sharing.causes import shared, sharers
from symconv.sharing.figures import figures, totals
from tests.helpers.model_files import model_file
from tests.helpers.requirements import require

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
