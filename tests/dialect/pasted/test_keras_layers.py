"""Layers of Keras as JSON: TensorFlow's numbers, by padding and gradients of torch."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.chain import Chain
from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.errors import SymconvError
from tests.helpers.requirements import require

torch: Any = require("torch")
F = torch.nn.functional


def same_pads(size: int, span: int, stride: int) -> tuple[int, int]:
    """TensorFlow's: ceil(N / s) outputs, the odd sample at the end."""
    total = max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def padded(x: Any, kernel: int, stride: int, dilation: int, same: bool, value: float = 0) -> Any:
    if not same:
        return x
    pads = [same_pads(n, dilation * (kernel - 1) + 1, stride) for n in x.shape[2:]]
    return F.pad(x, [end for pair in reversed(pads) for end in pair], value=value)


def layer_of(kind: str, size: tuple[int, ...], **config: Any) -> Any:
    text = {"class_name": kind, "config": {"name": "a", **config}, "in_channels": 2}
    (entry,) = read_layers(json.dumps(text), size)
    assert isinstance(entry, Config)
    return entry.windowed("")


@pytest.mark.parametrize("seed", range(40))
def test_convolutions(seed: int) -> None:
    rng = random.Random(seed)
    k, s, same = rng.randint(1, 4), rng.randint(1, 3), rng.random() < 0.5
    d = rng.randint(1, 2) if s == 1 else 1
    size = (rng.randint(7, 10), rng.randint(7, 10))
    options = {"kernel_size": [k, k], "strides": s, "padding": "same" if same else "valid"}
    layer = layer_of("Conv2D", size, filters=3, dilation_rate=d, **options)
    x = torch.randint(-4, 5, (2, *size)).double()
    w, b = torch.randint(-3, 4, (3, 2, k, k)).double(), torch.randint(-3, 4, (3,)).double()
    wanted = F.conv2d(padded(x[None], k, s, d, same), w, b, s, dilation=d)[0]
    assert np.array_equal(symconv.evaluate(layer, x.numpy(), w.numpy(), b.numpy()), wanted.numpy())


@pytest.mark.parametrize("seed", range(40))
def test_transposed_ones_are_gradients(seed: int) -> None:
    rng = random.Random(seed)
    k, s, same = rng.randint(1, 4), rng.randint(1, 3), rng.random() < 0.5
    size = (rng.randint(2, 6), rng.randint(2, 6))
    options = {"kernel_size": k, "strides": s, "padding": "same" if same else "valid"}
    layer = layer_of("Conv2DTranspose", size, filters=3, use_bias=False, **options)
    x, w = torch.randint(-4, 5, (2, *size)).double(), torch.randint(-3, 4, (2, 3, k, k)).double()
    full = [n * s + (0 if same else max(k - s, 0)) for n in size]
    signal = torch.zeros(1, 3, *full).double().requires_grad_()
    forward = F.conv2d(padded(signal, k, s, 1, same), w, stride=s)
    assert forward.shape[2:] == size
    forward.backward(x[None])
    found = symconv.evaluate(layer, x.numpy(), w.numpy())
    assert np.array_equal(found, signal.grad[0].numpy())


@pytest.mark.parametrize("seed", range(40))
def test_poolings(seed: int) -> None:
    rng = random.Random(seed)
    k, s, same = rng.randint(1, 4), rng.randint(1, 3), rng.random() < 0.5
    size = (rng.randint(7, 10), rng.randint(7, 10))
    options = {"pool_size": k, "strides": s, "padding": "same" if same else "valid"}
    x = torch.randint(-4, 5, (2, *size)).double()
    largest = symconv.evaluate(layer_of("MaxPooling2D", size, **options), x.numpy())
    low = padded(x[None], k, s, 1, same, float("-inf"))
    assert np.array_equal(largest, F.max_pool2d(low, k, s)[0].numpy())
    mean = symconv.evaluate(layer_of("AveragePooling2D", size, **options), x.numpy())
    sums, counts = (
        F.avg_pool2d(padded(v[None], k, s, 1, same), k, s)[0] for v in (x, torch.ones_like(x))
    )
    assert np.allclose(mean, (sums / counts).numpy())


def test_channels_and_size_of_a_built_layer() -> None:
    config = {"filters": 8, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"}
    text = {"class_name": "Conv2D", "config": config}
    built = {**text, "build_config": {"input_shape": [None, 96, 64, 3]}}
    (entry,) = read_layers(json.dumps(built))
    assert isinstance(entry, Config)
    assert (entry.windowed("").in_channels, entry.output_size) == (3, (48, 32))
    depthwise = {"class_name": "DepthwiseConv2D", "config": {"kernel_size": 3, "strides": 2}}
    (entry,) = read_layers(json.dumps({**built, **depthwise}))
    assert isinstance(entry, Config)
    assert entry.windowed("").channel_groups == 3


def test_an_activation_makes_a_chain() -> None:
    config = {"filters": 8, "kernel_size": 3, "strides": 2, "activation": "relu"}
    (entry,) = read_layers(json.dumps({"class_name": "Conv1D", "config": config}), (9,))
    assert isinstance(entry, Chain)
    separable = {"class_name": "SeparableConv2D", "config": config}
    assert symconv.prove(separable, (9, 9)).verdict == "proved"


def test_causal_pads_stand_in_front() -> None:
    options = {"filters": 1, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}
    assert layer_of("Conv1D", (9,), **options).padding == ((4, 0),)


REFUSED = {
    '{"class_name": "Dense", "config": {}}': "no layer for Dense of Keras",
    '{"class_name": "GlobalAveragePooling2D", "config": {}}': "its window is the whole input",
    '{"class_name": "Functional", "config": {}}': "it is a model, not a layer",
    '{"class_name": "Conv2D", "config": {"filters": 1}}': "kernel_size is missing",
    '{"class_name": "Conv2D", "config": {"kernel_size": 3}}': "filters is missing",
    '{"class_name": "Conv2D", "config": 7}': "beside an object 'config'",
    '{"class_name": "Conv2D", "config": {"filters": 1, "kernel_size": "3"}}': "one per axis",
    '{"class_name": "Conv2D", "config": {"filters": 1, "kernel_size": 3, "padding": "full"}}': (
        "padding must be 'valid' or 'same'"
    ),
    '{"class_name": "Conv2D", "config": {"filters": 1, "kernel_size": 3, "activation": "f"}}': (
        "activation='f' is not read"
    ),
    '{"class_name": "Conv2D", "config": {"filters": 1, "kernel_size": 3}} ': "has no input size",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_not_read_is_named(text: str, said: str) -> None:
    size = None if "no input size" in said else (9, 9)
    with pytest.raises(SymconvError, match="a Keras layer") as caught:
        read_layers(text, size)
    assert said in str(caught.value)
