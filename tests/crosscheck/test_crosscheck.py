"""Observations: exactly equal on every kind of layer, and unequal where a fault is planted."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symconv import crosscheck as _loaded  # noqa: F401 - the verb beside the module
from symconv.claim.steps import Pad
from symconv.crosscheck import crosscheck
from symconv.errors import SymconvError, TooLarge
from symconv.expand import Expansion
from symconv.layer import AvgPool, Conv, ConvTranspose, Layer, MaxConv, MaxPool
from tests.helpers.planted import random_layer
from tests.helpers.requirements import require

torch = require("torch")


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_every_kind_of_layer_is_observed_equal(backend: str) -> None:
    rng = random.Random(backend)
    for seed in range(120):
        layer, size = random_layer(rng)
        seen = crosscheck(layer, size, backend=backend, seed=seed)
        assert seen.equal, (layer, size)
        assert seen.largest_difference == 0
        assert seen.output_shape[1:] == layer.output_size(size)
        assert backend in seen.versions


def test_a_planted_fault_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    original: Any = Expansion.expand_weight
    monkeypatch.setattr(
        Expansion, "expand_weight", lambda self, w: np.flip(original(self, w), -1).copy()
    )
    seen = crosscheck(Conv(2, 3, kernel_size=5, stride=2, padding=2), (9, 8))
    assert not seen.equal
    assert seen.largest_difference
    assert "differ by up to" in seen.text()


KINDS = [
    Conv(2, 4, kernel_size=5, stride=2, padding=2, groups=2),
    Conv(2, 2, kernel_size=3, stride=2, padding=((0, 1), (1, 0)), padding_mode="reflect"),
    ConvTranspose(2, 3, kernel_size=4, stride=2, padding=1),
    MaxPool(3, stride=2, padding=1, channels=2),
    AvgPool(3, stride=2, padding=1, channels=2),
]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("layer", KINDS, ids=[layer.op for layer in KINDS])
@pytest.mark.parametrize("part", ["expand_weight", "input_map", "output_map"])
def test_faults_in_every_part_of_an_expansion_are_observed(
    part: str, layer: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if part == "expand_weight":
        right: Any = Expansion.expand_weight
        wrong: Any = lambda self, w: np.roll(right(self, w), 1, axis=-1)  # noqa: E731
    else:
        steps: Any = getattr(Expansion, part).fget
        shifted = Pad(((0, 0), (0, 0), (1, -1)))
        wrong = property(lambda self: (*steps(self), shifted))
    monkeypatch.setattr(Expansion, part, wrong)
    seen = crosscheck(layer, (9, 8), backend=backend)
    assert not seen.equal
    json.dumps(seen.to_dict(), allow_nan=False)


def test_the_strided_layer_is_the_frameworks_own_where_it_can_say_it() -> None:
    own = crosscheck(Conv(1, 1, 3, stride=2, padding=1), (9, 9), backend="torch")
    apart = crosscheck(Conv(1, 1, 3, stride=2, padding=((0, 1),)), (9,), backend="torch")
    assert (own.reference, apart.reference) == (
        "torch's own conv",
        "torch, padded in a step of its own",
    )
    assert "strided by torch's own conv" in own.text()


def test_a_fault_in_the_shared_padding_is_seen_against_the_frameworks_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = Conv(1, 1, 3, stride=2, padding=1)
    honest: Any = Layer.windows
    monkeypatch.setattr(
        Layer,
        "windows",
        lambda self, size: tuple(replace(w, lo=w.lo - 1, hi=w.hi + 1) for w in honest(self, size)),
    )
    assert not crosscheck(layer, (9, 9), backend="torch").equal


def test_averages_whose_divisors_share_no_small_multiple() -> None:
    layer = AvgPool(32, stride=3, padding=16, count_include_pad=False)
    for backend in ("numpy", "torch"):
        assert crosscheck(layer, (40, 37), backend=backend).equal


def test_what_is_no_layer_of_a_framework_and_what_is_too_large_is_refused() -> None:
    with pytest.raises(SymconvError, match="no framework has such a layer"):
        crosscheck(MaxConv(1, 1, 3, stride=2), (9,))
    with pytest.raises(TooLarge, match="choose a smaller input_size"):
        crosscheck(Conv(1, 1, 3, stride=2), (10**9,))
    with pytest.raises(TooLarge, match="choose a smaller input_size"):
        crosscheck(Conv(1, 1, 1, stride=10**6), (10**10,))


def test_a_large_layer_is_cut_down_and_says_so() -> None:
    seen = crosscheck(Conv(512, 512, 3, stride=2, padding=1), (56, 56), backend="torch")
    assert seen.equal
    assert "channels cut to 4 -> 4" in seen.text()


def test_requests_that_cannot_be_met_are_refused_in_one_line() -> None:
    layer = Conv(1, 1, 3, stride=2)
    with pytest.raises(
        SymconvError, match="backend must be one of jax, numpy, onnxruntime, torch, got 'cupy'"
    ):
        crosscheck(layer, (9,), backend="cupy")
    with pytest.raises(SymconvError, match="runs on device 'cpu', got 'cuda'"):
        crosscheck(layer, (9,), device="cuda")
    with pytest.raises(SymconvError, match="1 to 3 axes, got 4"):
        crosscheck(layer, (5, 5, 5, 5), backend="torch")
    if not torch.cuda.is_available():
        with pytest.raises(SymconvError, match="sees no GPU"):
            crosscheck(layer, (9,), backend="torch", device="cuda")


def test_poolings_of_odd_windows() -> None:
    for layer in (
        MaxPool(3, stride=2, padding=1, ceil_mode=True),
        AvgPool(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
        AvgPool(2, stride=2, ceil_mode=True),
    ):
        assert crosscheck(layer, (8, 7), backend="torch").equal


def test_onnxruntime_crops_an_output_padding_that_onnx_has_not() -> None:
    require("onnxruntime")
    layer = ConvTranspose(2, 3, kernel_size=3, stride=2, padding=1, dilation=3, output_padding=2)
    seen = crosscheck(layer, (7,), backend="onnxruntime", dtype="float32")
    assert seen.equal
    assert "padded in a step of its own" in seen.reference
