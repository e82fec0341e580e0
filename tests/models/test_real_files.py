"""The model files beside the project: converted, proved, and run as they were and as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import strided_nodes
from symconv.dialect.onnx.load import load_onnx
from symconv.dialect.onnx.read import model_of
from symconv.dialect.onnx.write import unsound
from symconv.machine.budget import Budget
from symconv.models.check import check_models
from symconv.models.convert import convert
from tests.helpers.onnx_files import relative_difference, run_file
from tests.helpers.real_models import MODELS, RealModel
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
require("onnxruntime")

PATIENT = Budget(seconds=600)
"""The tests share their machine with others; what a check costs is measured elsewhere."""

CLOSE = 1e-3
"""Of an output's largest value: float32 sums in another order were seen to differ by 2.3e-4."""

SLOW = (
    *("light_inception_v1", "light_inception_v1-random", "light_resnet50-random"),
    *("light_resnet50", "dnsmos_model_v8"),
)

EVERY = [
    pytest.param(m, id=m.name, marks=[pytest.mark.slow] if m.name in SLOW else []) for m in MODELS
]


def saved(model: RealModel, folder: Path) -> Path:
    path = folder / "original.onnx"
    onnx.save(model.load(), str(path))
    return path


@pytest.mark.parametrize("model", EVERY)
def test_a_file_is_converted_proved_and_run(model: RealModel, tmp_path: Path) -> None:
    source, target = saved(model, tmp_path), tmp_path / "converted.onnx"
    made = convert(source, target)
    assert made.left == ()
    written = load_onnx(target)
    bound = bind(model_of(written, model.name), model.sizes)
    assert strided_nodes(written.graph, bound) == []
    assert unsound(written) is None
    before, after = source.stat().st_size, target.stat().st_size
    assert after < 1.05 * before + 200_000
    check = check_models(source, target, model.sizes, budget=PATIENT)
    assert check.verdict == "proved", check.reason
    assert check.tied == ()
    for sizes in filter(None, (model.sizes or {"": ()}, model.also)):
        assert apart(model, source, target, sizes) <= CLOSE


def apart(model: RealModel, source: Path, target: Path, sizes: Any) -> float:
    """How far the outputs of both files are apart for one random input."""
    feeds = model.feeds(sizes)
    left, right = (run_file(str(path), feeds) for path in (source, target))
    return relative_difference(left, right)


@pytest.mark.parametrize("model", EVERY)
def test_with_kernels_written_out_it_is_proved_too(model: RealModel, tmp_path: Path) -> None:
    source, target = saved(model, tmp_path), tmp_path / "converted.onnx"
    made = convert(source, target, model.sizes, materialised=True)
    assert made.left == ()
    check = check_models(source, target, model.sizes, budget=PATIENT)
    assert check.verdict == "proved", check.reason


def test_a_file_without_strides_comes_out_as_it_was(tmp_path: Path) -> None:
    model = next(m for m in MODELS if m.name == "swift_f0")
    source, target = saved(model, tmp_path), tmp_path / "converted.onnx"
    made = convert(source, target)
    assert made.changes == ()
    assert load_onnx(target) == load_onnx(source)
    assert target.read_bytes() == source.read_bytes()
