"""Model files of other people, which lie beside the project, and are no part of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.helpers.shared_data import shared_data

MODELS = (
    *("brainmaze_spindle_eeg", "dnsmos_model_v8", "light_inception_v1", "light_resnet50"),
    *("light_shufflenet", "ppocr_cls_v2", "ppocrv6_det_tiny", "silero_vad_v6_fw", "swift_f0"),
)
"""Public files from packages, in ``models``."""

NETWORKS = (
    *("mobilenetv2_035", "resnet_basic_projection", "tf_mobilenetv3_same_autopad"),
    *("unet_transposed_2d", "wav2vec2_audio_1d"),
)
"""Exports, in ``networks``, whose sizes are all fixed."""


def model_file(name: str) -> str:
    """The path of one, such as ``models/light_resnet50.onnx``; without it the test skips."""
    return str(shared_data(name))


def named_file(name: str) -> Path:
    """The path of one of `MODELS` or `NETWORKS`."""
    return shared_data(f"{'models' if name in MODELS else 'networks'}/{name}.onnx")


@cache
def _manifest() -> dict[str, Any]:
    text = shared_data("models/manifest.json").read_text(encoding="utf-8")
    return {model["name"]: model for model in json.loads(text)["models"]}


def sizes_of(name: str, key: str = "inputs") -> dict[str, tuple[int, ...]]:
    """The dimensions of a model's inputs, as its manifest has them; none where all are fixed.

    ``key`` may be ``"also_runs_with"``: a second size, where dimensions are free.
    """
    if name not in MODELS:
        return {}
    entry = _manifest()[name].get(key, {})
    shapes = {n: v["shape"] if isinstance(v, dict) else v for n, v in entry.items()}
    return {n: tuple(shape) for n, shape in shapes.items() if isinstance(shape, list)}
