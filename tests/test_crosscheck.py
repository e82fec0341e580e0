"""Observations: exactly equal on every kind of layer, and unequal where a fault is planted."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from symconv import crosscheck as _loaded  # noqa: F401 - the verb beside the module
from symconv.crosscheck import crosscheck
from symconv.errors import SymconvError
from symconv.expand import Expansion
from symconv.layer import AvgPool, Conv, MaxPool
from tests.planted import random_layer
from tests.requirements import require

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
    assert seen.largest_difference > 0
    assert "differ by up to" in seen.text()


def test_a_large_layer_is_cut_down_and_says_so() -> None:
    seen = crosscheck(Conv(512, 512, 3, stride=2, padding=1), (56, 56), backend="torch")
    assert seen.equal
    assert "channels cut to 4 -> 4" in seen.text()


def test_requests_that_cannot_be_met_are_refused_in_one_line() -> None:
    layer = Conv(1, 1, 3, stride=2)
    with pytest.raises(SymconvError, match="backend must be one of numpy, torch, got 'cupy'"):
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
