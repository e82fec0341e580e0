"""Keras models from their JSON: shapes as Keras states them, values as torch has them."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.dialect.models.keras.read import read_keras
from symconv.dialect.models.registry import read_model_file
from symconv.errors import SymconvError
from symconv.network.model import Model
from tests.helpers.model_to_onnx import inferred, run_model
from tests.helpers.requirements import require
from tests.helpers.shared_data import shared_data

torch: Any = require("torch")
F = torch.nn.functional
MOBILENET = "dialects/keras_mobilenetv2_035_96.json"


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


def chain(shape: list[int | None], *layers: dict[str, Any]) -> dict[str, Any]:
    start = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": shape}}
    named = [
        {**item, "config": {**item["config"], "name": f"layer_{n}"}}
        for n, item in enumerate(layers)
    ]
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [start, *named]}}


def run(document: dict[str, Any], x: Any) -> Any:
    return run_model(read_keras(document, "m"), x)[0]


def weights(document: dict[str, Any]) -> dict[str, Any]:
    found = read_keras(document, "m").constants
    return {name: torch.tensor(a).double() for name, a in found.items()}


def last(x: Any) -> Any:
    return x.permute(0, *range(2, x.ndim), 1).numpy()


def first(x: Any) -> Any:
    return torch.tensor(x).double().permute(0, x.ndim - 1, *range(1, x.ndim - 1))


def draw(*shape: int) -> Any:
    return np.random.default_rng(7).integers(-4, 5, shape).astype(np.float32)


def same(x: Any, k: int, s: int, d: int, value: float = 0) -> Any:
    """TensorFlow's padding."""
    totals = [max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n in x.shape[2:]]
    return F.pad(x, [e for t in reversed(totals) for e in (t // 2, t - t // 2)], value=value)


@pytest.mark.parametrize("seed", range(30))
def test_windows(seed: int) -> None:
    rng = random.Random(seed)
    k, s = rng.randint(1, 4), rng.randint(1, 3)
    d = rng.randint(1, 2) if s == 1 else 1
    padding = rng.choice(["same", "valid"])
    options = {"kernel_size": k, "strides": s, "padding": padding}
    x = draw(2, rng.randint(8, 11), 9, 4)
    image = first(x)
    given = same(image, k, s, d) if padding == "same" else image
    conv = chain(
        [None, *x.shape[1:]], layer("Conv2D", filters=6, groups=2, dilation_rate=d, **options)
    )
    w = weights(conv)
    kernel, bias = w["layer_0/kernel"], w["layer_0/bias"]
    assert np.allclose(run(conv, x), last(F.conv2d(given, kernel, bias, s, 0, d, 2)), atol=1e-3)
    deep = chain(
        [None, *x.shape[1:]],
        layer("DepthwiseConv2D", depth_multiplier=2, activation="relu", dilation_rate=d, **options),
    )
    w = weights(deep)
    kernel, bias = w["layer_0/kernel"], w["layer_0/bias"]
    wanted = F.conv2d(given, kernel, bias, s, 0, d, 4).relu()
    assert np.allclose(run(deep, x), last(wanted), atol=1e-3)
    del options["kernel_size"]
    pooled = chain([None, *x.shape[1:]], layer("MaxPooling2D", pool_size=k, **options))
    padded = same(image, k, s, 1, float("-inf")) if padding == "same" else image
    assert np.array_equal(run(pooled, x), last(F.max_pool2d(padded, k, s)))
    pooled = chain([None, *x.shape[1:]], layer("AveragePooling2D", pool_size=k, **options))
    sums, counts = (
        F.avg_pool2d(same(v, k, s, 1) if padding == "same" else v, k, s)
        for v in (image, torch.ones_like(image))
    )
    assert np.allclose(run(pooled, x), last(sums / counts), atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_transposed_windows_are_gradients(seed: int) -> None:
    rng = random.Random(seed)
    k, s, padding = rng.randint(1, 4), rng.randint(1, 3), rng.choice(["same", "valid"])
    x = draw(1, rng.randint(2, 6), 5, 2)
    options = {"kernel_size": k, "strides": s, "padding": padding, "use_bias": False}
    document = chain([1, *x.shape[1:]], layer("Conv2DTranspose", filters=3, **options))
    kernel = weights(document)["layer_0/kernel"]
    sizes = [n * s + (0 if padding == "same" else max(k - s, 0)) for n in x.shape[1:3]]
    signal = torch.zeros(1, 3, *sizes).double().requires_grad_()
    padded = same(signal, k, s, 1) if padding == "same" else signal
    F.conv2d(padded, kernel, stride=s).backward(first(x))
    assert np.allclose(run(document, x), last(signal.grad), atol=1e-4)


def test_everything_else_in_one_chain() -> None:
    document = chain(
        [None, 12, 10, 3],
        layer("ZeroPadding2D", padding=[[0, 1], [2, 1]]),
        layer("SeparableConv2D", filters=8, kernel_size=3, strides=2),
        layer("BatchNormalization", axis=-1, epsilon=0.001),
        layer("PReLU", shared_axes=[1, 2]),
        layer("Cropping2D", cropping=[[1, 0], [0, 1]]),
        layer("UpSampling2D", size=[2, 3]),
        layer("LeakyReLU", negative_slope=0.1),
        layer("Rescaling", scale=0.5, offset=-1),
        layer("Permute", dims=[2, 1, 3]),
        layer("Flatten"),
        layer("Reshape", target_shape=[-1, 4]),
        layer("Dense", units=5, activation="softmax"),
    )
    x, w = draw(2, 12, 10, 3), weights(document)
    y = F.pad(first(x), (2, 1, 0, 1))
    y = F.conv2d(y, w["layer_1/depthwise"], stride=2, groups=3)
    y = F.conv2d(y, w["layer_1/pointwise"], w["layer_1/bias"])
    mean, variance = w["layer_2/moving_mean"], w["layer_2/moving_variance"]
    y = F.batch_norm(y, mean, variance, w["layer_2/gamma"], w["layer_2/beta"], eps=0.001)
    y = F.prelu(y, w["layer_3/alpha"].flatten())[:, :, 1:, :-1]
    y = y.repeat_interleave(2, 2).repeat_interleave(3, 3)
    y = (F.leaky_relu(y, 0.1) * 0.5 - 1).permute(0, 3, 2, 1).reshape(2, -1, 4)
    y = (y @ w["layer_11/kernel"] + w["layer_11/bias"]).softmax(-1)
    assert np.allclose(run(document, x), y.numpy(), atol=1e-4)


def functional(inputs: list[Any], outputs: list[Any], *layers: dict[str, Any]) -> dict[str, Any]:
    config = {"name": "f", "layers": layers, "input_layers": inputs, "output_layers": outputs}
    copied: dict[str, Any] = json.loads(json.dumps({"class_name": "Functional", "config": config}))
    return copied


def tensor(name: str, shape: list[Any], call: int = 0) -> dict[str, Any]:
    config = {"shape": shape, "dtype": "float32", "keras_history": [name, call, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def called(kind: str, name: str, *args: Any, **config: Any) -> dict[str, Any]:
    nodes = [{"args": list(arg), "kwargs": {}} for arg in args]
    return {
        "class_name": kind,
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": nodes,
    }


SHAPE = [None, 6, 6, 2]


def shared() -> dict[str, Any]:
    """One convolution called twice, and a model inside the model."""
    inner = functional(
        [["u", 0, 0]],
        [["c", 0, 0]],
        called("InputLayer", "u", batch_shape=SHAPE),
        called("Conv2D", "c", [tensor("u", SHAPE)], filters=2, kernel_size=1, use_bias=False),
    )
    inner |= {"name": "f", "inbound_nodes": [{"args": [tensor("conv", SHAPE, 1)], "kwargs": {}}]}
    conv = {"filters": 2, "kernel_size": 3, "padding": "same", "use_bias": False}
    return functional(
        [["x", 0, 0]],
        [["out", 0, 0]],
        called("Concatenate", "out", [[tensor("conv", SHAPE), tensor("f", SHAPE)]], axis=-1),
        called("InputLayer", "x", batch_shape=SHAPE),
        called("Conv2D", "conv", [tensor("x", SHAPE)], [tensor("conv", SHAPE)], **conv),
        inner,
    )


def test_shared_layers_and_inner_models() -> None:
    document, x = shared(), draw(1, 6, 6, 2)
    w = weights(document)
    assert set(w) == {"conv/kernel", "f/c/kernel"}
    once = F.conv2d(first(x), w["conv/kernel"], padding=1)
    twice = F.conv2d(F.conv2d(once, w["conv/kernel"], padding=1), w["f/c/kernel"])
    assert np.allclose(run(document, x), last(torch.cat([once, twice], 1)), atol=1e-3)


def test_keras_2_s_lists_read_alike() -> None:
    kernel = {"filters": 2, "kernel_size": 3, "padding": "same"}
    two = functional(
        [["x", 0, 0]],
        [["sum", 0, 0]],
        {**called("InputLayer", "x", batch_input_shape=SHAPE), "inbound_nodes": []},
        {**called("Conv2D", "a", **kernel), "inbound_nodes": [[["x", 0, 0, {}]]]},
        {**called("Add", "sum"), "inbound_nodes": [[["a", 0, 0, {}], ["x", 0, 0, {}]]]},
    )
    model = read_keras(two, "m")
    assert [node.op for node in model.nodes] == ["Transpose", "Conv", "Add", "Transpose"]


def test_what_has_no_rule_is_opaque_and_its_own() -> None:
    document = functional(
        [["x", 0, 0]],
        [["a", 0, 0], ["b", 0, 0], ["c", 0, 0]],
        called("InputLayer", "x", batch_shape=SHAPE),
        called("Mystery", "a", [tensor("x", SHAPE)], units=3),
        called("Mystery", "b", [tensor("x", SHAPE)], units=3),
        called("Add", "c", [tensor("a", SHAPE), 3.0]),
    )
    a, b, c = read_keras(document, "m").nodes
    assert (a.domain, b.domain, c.domain) == ("keras",) * 3
    assert a.attributes != b.attributes
    custom = {**called("Conv2D", "d", [tensor("x", SHAPE)]), "registered_name": "Mine>Conv2D"}
    start = called("InputLayer", "x", batch_shape=SHAPE)
    (node,) = read_keras(functional([["x", 0, 0]], [["d", 0, 0]], start, custom), "m").nodes
    assert node.domain == "keras"


def test_a_model_as_keras_writes_it() -> None:
    path = shared_data(MOBILENET)
    model = read_model_file(path)
    shapes = inferred(model)
    document = json.loads(path.read_text())
    seen = 0
    for entry in document["config"]["layers"]:
        for node in entry["inbound_nodes"]:
            seen += _compare(shapes, node["args"])
    assert seen > 150
    (out,) = run_model(model, draw(2, 96, 96, 3))
    assert out.shape == (2, 10)
    assert np.isfinite(out).all()


def _compare(shapes: dict[str, list[int | None]], value: Any) -> int:
    """How many tensors have the shape that Keras states, those with channels first turned."""
    if isinstance(value, list):
        return sum(_compare(shapes, entry) for entry in value)
    config = value["config"]
    name, stated = config["keras_history"][0], config["shape"]
    if name not in shapes:
        return 0
    turned = stated if len(stated) < 4 else [stated[0], stated[3], *stated[1:3]]
    assert shapes[name] == turned, name
    return 1


def test_an_archive_is_read_without_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(shared()))
        file.writestr("metadata.json", "{}")
        file.writestr("model.weights.h5", b"not read")
    model = read_model_file(path)
    assert isinstance(model, Model)
    assert len(model.constants) == 2


BAD: dict[str, tuple[Any, str]] = {
    "no layers": ({"class_name": "Sequential", "config": {"layers": []}}, "a list of layers"),
    "no shape": (
        {"class_name": "Sequential", "config": {"layers": [layer("Dense", units=1)]}},
        "the input's shape is not in the file",
    ),
    "no class": ({"class_name": "Dense", "config": {}}, "class_name must be"),
    "a list": ([], "is no Keras model"),
    "a circle": (
        functional(
            [["x", 0, 0]],
            [["a", 0, 0]],
            called("InputLayer", "x", batch_shape=SHAPE),
            called("Add", "a", [[tensor("x", SHAPE), tensor("b", SHAPE)]]),
            called("ReLU", "b", [tensor("a", SHAPE)]),
        ),
        "in a circle",
    ),
    "another shape": (
        functional(
            [["x", 0, 0]],
            [["b", 0, 0]],
            called("InputLayer", "x", batch_shape=SHAPE),
            called("Conv2D", "a", [tensor("x", SHAPE)], filters=2, kernel_size=3),
            called("ReLU", "b", [tensor("a", SHAPE)]),
        ),
        "makes the shape [None, 4, 4, 2], and the file says [None, 6, 6, 2]",
    ),
    "a missing layer": (
        functional(
            [["x", 0, 0]],
            [["b", 0, 0]],
            called("InputLayer", "x", batch_shape=SHAPE),
            called("ReLU", "b", [tensor("a", SHAPE)]),
        ),
        "reads 'a', which is not there",
    ),
    "huge weights": (
        chain([None, 9], layer("Dense", units=10**9)),
        "more than 268,435,456 weights",
    ),
    "a rank": (chain([None, 9], layer("Conv2D", filters=1, kernel_size=1)), "takes 4 dimensions"),
    "a stride": (
        chain([None, 9, 9, 1], layer("Conv2D", filters=1, kernel_size=1, strides=0)),
        "strides must be 2 positive integers",
    ),
}


@pytest.mark.parametrize(("document", "said"), BAD.values(), ids=list(BAD))
def test_malformed_ones_end_in_one_line(document: Any, said: str) -> None:
    with pytest.raises(SymconvError) as caught:
        read_keras(document, "m")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_archives_end_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", b'{"class_name": "Sequential", ' + b" " * (65 << 20))
    whole = path.read_bytes()
    with pytest.raises(SymconvError, match="more than 64 MB"):
        read_model_file(path)
    for end in (10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:end])
        with pytest.raises(SymconvError):
            read_model_file(path)
