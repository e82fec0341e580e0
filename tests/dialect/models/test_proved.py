"""Models of every format, proved equal to their stride-free form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from symconv.dialect.models.pt2.module import read_torch_module
from symconv.dialect.models.registry import read_model_file
from symconv.network.model import Model
from symconv.network.reading import read_model
from symconv.prove.network.models import decide_model
from tests.helpers.requirements import require
from tests.helpers.shared_data import shared_data

pytestmark = pytest.mark.once

FILES = {
    "dialects/keras_mobilenetv2_035_96.json": 5,
    "dialects/face_detection_front.tflite": 6,
    "dialects/hand_recrop.tflite": 13,
    "dialects/selfie_segmentation.tflite": 5,
}
"""How many strided nodes there are at least, by file."""


def strided(model: Model) -> int:
    """Convolutions and poolings with a stride above 1."""
    return sum(max(node.attributes.get("strides", [1])) > 1 for node in model.nodes)


def with_one_sample(model: Model) -> Model:
    ports = [
        replace(p, shape=tuple(1 if n is None else n for n in p.shape or ())) for p in model.inputs
    ]
    return replace(model, inputs=tuple(ports))


@pytest.mark.parametrize(("name", "least"), FILES.items())
def test_a_file_is_proved(name: str, least: int) -> None:
    path = shared_data(name)
    if path.suffix == ".tflite":
        require("tflite")
    model = with_one_sample(read_model_file(path))
    assert strided(model) >= least
    assert decide_model(read_model(model)).verdict.verdict == "proved"


def test_strides_of_opaque_operators_are_told() -> None:
    require("tflite")
    model = with_one_sample(read_model_file(shared_data("dialects/alexa.tflite")))
    proof = decide_model(read_model(model))
    left = [node.label for node in proof.nodes if node.status == "left strided"]
    assert len(left) == 1


def test_a_module_is_proved() -> None:
    nn: Any = require("torch").nn
    net = nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
        nn.Conv2d(8, 8, 3, 2, 1, groups=8),
        nn.Hardswish(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )
    model = read_torch_module(net, [(1, 3, 65, 64)])
    proof = decide_model(read_model(model))
    assert proof.verdict.verdict == "proved"
    assert strided(model) == 3
