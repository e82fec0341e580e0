"""Nearest resizing takes onnxruntime's samples in every mode; a scale may vary in front."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.claim import steps as st
from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.read import model_of
from symconv.models.prove import prove_model
from symconv.network.reading import read_model
from symconv.network.rules import Rule
from tests.helpers.onnx_files import file_of, node, random_weight, run_file
from tests.helpers.requirements import require

onnx: Any = require("onnx")
require("onnxruntime")

MODES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners")
ROUNDINGS = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
SIZES = [(n, n * r) for n in (1, 2, 3, 5) for r in (2, 3, 4, 6)]
SIZES += [(out, n) for n, out in SIZES]


def resizing(size: int | str, out: int, mode: str, rounding: str) -> Any:
    how = {"coordinate_transformation_mode": mode, "nearest_mode": rounding}
    resized = node("Resize", ["x", "", "", "n"], ["y"], mode="nearest", **how)
    return file_of([resized], {"x": (1, 1, size)}, ["y"], {"n": np.asarray([1, 1, out])})


def rule_of_node(proto: Any) -> Rule:
    bound = bind(model_of(proto, "m"))
    (rule,) = read_model(bound.model, bound.shapes, bound.values).rules
    return rule


def taken(rule: Rule, x: Any) -> Any:
    assert rule.window is not None
    for step in rule.window.left:
        if isinstance(step, st.Repeat):
            x = np.repeat(x, step.count, axis=step.axis + 1)
        else:
            assert isinstance(step, st.Slice)
            x = x[(slice(None), *(slice(*part) for part in step.slices))]
    return x


@pytest.mark.parametrize("mode", MODES)
def test_samples_are_onnxruntime_s(mode: str) -> None:
    read = 0
    for (size, out), rounding in product(SIZES, ROUNDINGS):
        proto = resizing(size, out, mode, rounding)
        rule = rule_of_node(proto)
        if rule.window is None:
            continue
        x = np.arange(size, dtype=np.float32).reshape(1, 1, -1)
        assert np.array_equal(taken(rule, x), run_file(proto, {"x": x})[0]), (size, out, rounding)
        read += 1
    assert read >= (0 if mode == "align_corners" else 20)


def test_one_output_of_an_axis_is_not_as_the_others() -> None:
    how = ("pytorch_half_pixel", "round_prefer_floor")
    assert rule_of_node(resizing(4, 1, *how)).window is None
    assert rule_of_node(resizing(8, 2, *how)).window is not None
    assert rule_of_node(resizing(4, 1, "half_pixel", "round_prefer_floor")).window is not None


@pytest.mark.parametrize(("scale", "status"), [((8, 8), "untouched"), ((1, 8), "carried")])
@pytest.mark.parametrize("size", [8, "H"])
def test_a_scale_that_varies_in_front_is_no_scale_of_a_phase(
    scale: tuple[int, ...], status: str, size: int | str, tmp_path: Path
) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("LayerNormalization", ["a", "s"], ["z"], axis=-1),
        node("Conv", ["z", "w"], ["y"], strides=[2, 1]),
    ]
    held = {"w": random_weight(1, 1, 1, 1), "s": random_weight(*scale)}
    onnx.save(file_of(nodes, {"x": (1, 1, size, 8)}, ["y"], held), tmp_path / "m.onnx")
    proof = prove_model(tmp_path / "m.onnx")
    assert proof.verdict.verdict == "proved"
    assert proof.graphs[0].nodes[1].status == status
