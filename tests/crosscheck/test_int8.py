"""Convolutions of int8 minus zero points: equal, and unequal where tails are not zero points."""

from __future__ import annotations

import random

import pytest

from symconv.crosscheck import crosscheck
from symconv.crosscheck.quantized import IntegerRunner
from symconv.errors import Unsupported
from symconv.layer import Conv, ConvTranspose, MaxPool
from tests.helpers.planted import random_layer
from tests.helpers.requirements import require


@pytest.mark.parametrize("backend", ["numpy", "torch", "onnxruntime"])
def test_random_convolutions_of_int8_are_equal(backend: str) -> None:
    require(backend)
    rng, seen = random.Random(8), 0
    for seed in range(80):
        layer, size = random_layer(rng)
        if not isinstance(layer, Conv):
            continue
        if backend == "torch" and layer.dilation != (1,) * len(size):
            with pytest.raises(Unsupported, match="does not run it"):
                crosscheck(layer, size, backend=backend, dtype="int8", seed=seed)
            continue
        found = crosscheck(layer, size, backend=backend, dtype="int8", seed=seed)
        assert found.equal, (layer, size, found.text())
        seen += 1
    assert seen > 5


def test_a_transposed_convolution_of_int8_is_numpy_s() -> None:
    layer = ConvTranspose(2, 3, kernel_size=4, stride=2, padding=1)
    assert crosscheck(layer, (7, 6), dtype="int8").equal
    require("torch")
    with pytest.raises(Unsupported, match="no transposed convolution of integers; use numpy"):
        crosscheck(layer, (7, 6), dtype="int8", backend="torch")


def test_pads_that_hold_0_in_place_of_the_zero_point_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require("onnxruntime")
    layer = Conv(2, 3, kernel_size=5, stride=2, padding=2)
    assert crosscheck(layer, (9, 8), dtype="int8", backend="onnxruntime").equal
    monkeypatch.setattr(IntegerRunner, "zero", lambda self: 0)
    assert not crosscheck(layer, (9, 8), dtype="int8", backend="onnxruntime").equal


@pytest.mark.parametrize(
    ("layer", "options", "says"),
    [
        (MaxPool(2), {}, "compared for convolutions, got a max_pool"),
        (Conv(1, 1, 3, 2), {"mode": "rounding"}, "int8 sums are exact; use mode exact"),
        (Conv(1, 1, 3, 2), {"gradients": True}, "integers have no gradients"),
        (Conv(1, 1, 3, 2, 1, padding_value=0.5), {}, "int8 holds no 1/2"),
        (Conv(40_000, 1, 1, 1), {}, "may leave int32"),
    ],
)
def test_what_int8_is_not_for(layer: Conv, options: dict[str, str], says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        crosscheck(layer, (9,), dtype="int8", **options)  # type: ignore[arg-type]
