"""The model files beside the project: nine of other people, five exports; their sizes, new weights.

The weights of the *light* ones are one constant each, so that their outputs are constant too; with
random ones a comparison of outputs says something.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.helpers.model_files import model_file
from tests.helpers.requirements import require

Sizes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class RealModel:
    """A file, the sizes of its free inputs, and other sizes that it runs at too."""

    file: str
    sizes: Sizes | None = None
    also: Sizes | None = None
    weights: str = "its own"
    values: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name, and whether it has other weights than its own."""
        name = self.file.rpartition("/")[2].removesuffix(".onnx")
        return name if self.weights == "its own" else f"{name}-{self.weights}"

    def load(self) -> Any:
        """The file as a protobuf message."""
        onnx = require("onnx")
        proto = onnx.load(model_file(self.file))
        if self.weights == "random":
            proto = with_random_weights(proto)
            proto.ir_version = 8
        return proto

    def feeds(self, sizes: Sizes | None) -> dict[str, Any]:
        """Random values of the inputs, at these sizes."""
        rng, proto, found = np.random.default_rng(0), self.load(), {}
        held = {t.name for t in proto.graph.initializer}
        for value in proto.graph.input:
            if value.name not in held:
                stated = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
                shape = (sizes or {}).get(value.name, stated)
                random = rng.standard_normal(shape).astype(np.float32)
                found[value.name] = (
                    np.full_like(random, self.values.get(value.name))
                    if (value.name in self.values)
                    else random
                )
        return found


LIGHT = ("light_resnet50", "light_shufflenet", "light_inception_v1")

MODELS = [
    *(RealModel(f"models/{name}.onnx", weights="random") for name in LIGHT),
    *(RealModel(f"models/{name}.onnx") for name in LIGHT),
    RealModel("models/ppocr_cls_v2.onnx", {"x": (1, 3, 48, 192)}, {"x": (1, 3, 48, 191)}),
    RealModel("models/ppocrv6_det_tiny.onnx", {"x": (1, 3, 160, 224)}, {"x": (1, 3, 96, 320)}),
    RealModel(
        "models/silero_vad_v6_fw.onnx",
        {"input": (3, 576), "h": (1, 1, 128), "c": (1, 1, 128)},
        {"input": (5, 576), "h": (1, 1, 128), "c": (1, 1, 128)},
    ),
    RealModel(
        "models/dnsmos_model_v8.onnx", {"input_1": (1, 900, 120)}, {"input_1": (2, 900, 120)}
    ),
    RealModel(
        "models/brainmaze_spindle_eeg.onnx",
        {"raw_signal": (1, 1, 7500), "spectrogram": (1, 15, 7500)},
        {"raw_signal": (2, 1, 7500), "spectrogram": (2, 15, 7500)},
    ),
    RealModel(
        "models/swift_f0.onnx",
        {"audio": (1, 16000)},
        {"audio": (1, 9000)},
        values={"fmin": 50.0, "fmax": 2000.0},
    ),
    *(
        RealModel(f"networks/{name}.onnx")
        for name in (
            *("mobilenetv2_035", "resnet_basic_projection", "tf_mobilenetv3_same_autopad"),
            *("unet_transposed_2d", "wav2vec2_audio_1d"),
        )
    ),
]


def with_random_weights(proto: Any) -> Any:
    """The file with random initialisers in place of the weights that ConstantOfShape makes."""
    numpy_helper, rng = require("onnx").numpy_helper, np.random.default_rng(1)
    shapes = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}
    roles = {name: (n.op_type, j) for n in proto.graph.node for j, name in enumerate(n.input)}
    kept = []
    for node in proto.graph.node:
        if node.op_type != "ConstantOfShape" or node.input[0] not in shapes:
            kept.append(node)
            continue
        name = node.output[0]
        weight = _weight(rng, shapes[node.input[0]].tolist(), *roles.get(name, ("", 0)))
        proto.graph.initializer.append(numpy_helper.from_array(weight, name))
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    return proto


def _weight(rng: np.random.Generator, shape: list[int], op: str, place: int) -> Any:
    """About as large as keeps the signals of a network alive; a variance is near 1."""
    random = rng.standard_normal(shape)
    if op in ("Conv", "Gemm", "MatMul") and place == 1:
        found = random * (2 / max(1, int(np.prod(shape[1:])))) ** 0.5
    else:
        around_one = op == "BatchNormalization" and place in (1, 4)
        found = np.abs(around_one + 0.1 * random) if around_one else 0.1 * random
    return np.asarray(found, np.float32)
