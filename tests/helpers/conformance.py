"""A layer on small whole numbers: by its tables, by both sides of its claim, and by others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import symconv
from symconv.layer import AnyLayer
from symconv.replay.run import run_claim

Array = NDArray[Any]


def whole(rng: np.random.Generator, *shape: int) -> Array:
    """Small whole numbers, on which every framework's sums are exact."""
    return rng.integers(-4, 5, shape)


def assert_gives(
    layer: AnyLayer, x: Array, wanted: Array, w: Array | None = None, bias: Array | None = None
) -> None:
    """Hold the layer, its expansion and the claim that they are equal against what is wanted.

    Args:
        layer: with as many channels as ``x`` has.
        x: one input, channels first.
        wanted: what another framework makes of it.
        w: the weight in PyTorch's layout, for a layer that has one.
        bias: the bias, for a layer that has one.
    """
    size = x.shape[1:]
    found = symconv.evaluate(layer, x, w, bias)
    assert found.shape == wanted.shape, (layer, size)
    np.testing.assert_array_equal(np.asarray(found, float), wanted, err_msg=repr((layer, size)))
    claim = symconv.destride(layer, size).claim()
    given = {"w": w, "b": bias}
    tensors = {name: array for name, array in given.items() if array is not None}
    for side in ("left", "right"):
        one = np.asarray(run_claim(claim, side, x, tensors), float)
        np.testing.assert_array_equal(one, wanted, err_msg=repr((layer, size, side)))
