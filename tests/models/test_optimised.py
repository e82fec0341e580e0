"""What onnxruntime and onnxslim make of the files: never refuted; undecided ones say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symconv.machine.budget import Budget
from symconv.models.check import ModelCheck, check_models
from tests.helpers.real_models import MODELS, RealModel
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
require("onnxruntime")

PATIENT = Budget(seconds=600)

QUICK = (
    *("unet_transposed_2d", "wav2vec2_audio_1d", "mobilenetv2_035", "resnet_basic_projection"),
    *("tf_mobilenetv3_same_autopad", "ppocr_cls_v2", "ppocrv6_det_tiny", "silero_vad_v6_fw"),
    *("light_shufflenet-random", "swift_f0", "brainmaze_spindle_eeg"),
)

EVERY = [
    pytest.param(m, id=m.name, marks=[] if m.name in QUICK else [pytest.mark.slow]) for m in MODELS
]


def by_onnxruntime(source: Path, target: Path) -> None:
    """Basic optimisation: constants folded, what is redundant left out, nodes fused."""
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    runtime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def by_onnxslim(source: Path, target: Path) -> None:
    """The same by a tool that writes what a file needs for any runtime."""
    slim = require("onnxslim")
    onnx.save(slim.slim(onnx.load(str(source))), str(target))


@pytest.mark.parametrize("optimise", [by_onnxruntime, by_onnxslim], ids=["runtime", "slim"])
@pytest.mark.parametrize("model", EVERY)
def test_an_optimised_file_is_not_refuted(model: RealModel, optimise: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(model.load(), str(source))
    optimise(source, target)
    check = check_models(source, target, model.sizes, budget=PATIENT)
    assert check.verdict in ("proved", "undecided")
    if check.verdict == "undecided":
        assert says_why(check), check.reason


def says_why(check: ModelCheck) -> bool:
    """Whether it names what differs by rounding, and how far, or the tensor where it stopped."""
    if check.assumed:
        said = ("rounding", "it stopped at", "equal bit for bit")
        return any(words in check.reason for words in said)
    return "it stopped at" in check.reason
