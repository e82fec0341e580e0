"""Model files with a wrong value somewhere: a model, or a refusal in one line."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from symconv.dialect.models.keras.read import read_keras
from symconv.dialect.models.pt2.read import read_program
from symconv.dialect.models.pt2.weights import read_weights
from symconv.errors import SymconvError
from tests.helpers.requirements import require
from tests.helpers.variants import variants

pytestmark = pytest.mark.once

torch: Any = require("torch")
nn = torch.nn

MOST = 2500
"""Wrong values that are tried of a document: every one of a small document, some of a large."""


def some(document: Any, seed: int) -> list[Any]:
    found = list(variants(document))
    return found if len(found) <= MOST else random.Random(seed).sample(found, MOST)


def refused(read: Any) -> int:
    """1 where a reading is refused in one line, 0 where it is not refused."""
    try:
        read()
    except SymconvError as fault:
        assert "\n" not in str(fault)  # noqa: PT017
        return 1
    return 0


def call(kind: str, name: str, *reads: str, **config: Any) -> dict[str, Any]:
    shape = [None, 8, 8, 2]
    args = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": shape, "keras_history": [maker, 0, 0]},
        }
        for maker in reads
    ]
    nodes = [{"args": [args] if len(args) > 1 else args, "kwargs": {"mask": None}}] if args else []
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": nodes,
    }


KERAS = {
    "class_name": "Functional",
    "config": {
        "name": "m",
        "layers": [
            call("InputLayer", "x", batch_shape=[None, 8, 8, 2], dtype="float32"),
            call("Conv2D", "a", "x", filters=2, kernel_size=[3, 3], padding="same"),
            call("BatchNormalization", "b", "a", axis=-1, epsilon=0.001),
            call("ReLU", "c", "b", max_value=6.0, negative_slope=0.0, threshold=0.0),
            call("Add", "d", "a", "c"),
            call("ZeroPadding2D", "e", "d", padding=[[0, 1], [0, 1]]),
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["e", 0, 0]],
    },
}
SEQUENCE = {
    "class_name": "Sequential",
    "config": {
        "layers": [
            {
                "class_name": "MaxPooling2D",
                "config": {"pool_size": 2, "batch_input_shape": [1, 9, 9, 2]},
            },
            {"class_name": "UpSampling2D", "config": {"size": [2, 2]}},
            {"class_name": "Cropping2D", "config": {"cropping": 1}},
            {"class_name": "PReLU", "config": {"shared_axes": [1, 2]}},
            {"class_name": "Permute", "config": {"dims": [2, 1, 3]}},
            {"class_name": "Reshape", "config": {"target_shape": [-1, 2]}},
            {"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}},
        ]
    },
}


@pytest.mark.parametrize("document", [KERAS, SEQUENCE])
def test_keras_models(document: dict[str, Any]) -> None:
    document = json.loads(json.dumps(document))
    assert read_keras(document, "m").nodes
    assert sum(refused(lambda d=d: read_keras(d, "m")) for d in some(document, 0)) > 100


def net() -> Any:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, 2, 1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Upsample(scale_factor=2),
        nn.ReflectionPad2d(1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    ).eval()


def test_exported_programs(tmp_path: Path) -> None:
    path = tmp_path / "m.pt2"
    torch.export.save(torch.export.export(net(), (torch.zeros(1, 2, 16, 16),)), path)
    with zipfile.ZipFile(path) as file:
        name = next(name for name in file.namelist() if name.endswith("model.json"))
        weights = read_weights(file, name.removesuffix("models/model.json"))
        program = json.loads(file.read(name))
    module = program["graph_module"]
    for node in module["graph"]["nodes"]:
        node.pop("metadata")
    kept = {"graph": module["graph"], "signature": module["signature"]}
    document = {"graph_module": kept}
    assert read_program(document, weights, "m").nodes
    bad = some(document, 1)
    assert sum(refused(lambda d=d: read_program(d, weights, "m")) for d in bad) > 100
