"""Keras's own layers, on JAX: 'same', 'valid' and 'causal', read from what Keras writes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any, TypeVar

import numpy as np
import pytest

from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.layer import AnyLayer, Conv, MaxPool
from tests.helpers.conformance import Array, assert_gives, whole
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

require("jax")
os.environ.setdefault("KERAS_BACKEND", "jax")
keras: Any = require("keras")

Case = TypeVar("Case")
SIZES = {1: (11,), 2: (7, 8), 3: (5, 6, 5)}


def read(layer: Any) -> AnyLayer:
    """The layer that symconv reads of what Keras writes."""
    text = json.dumps(keras.layers.serialize(layer))
    size = tuple(n for n in layer.build_shape[1:-1])
    (entry,) = read_layers(text, size)
    assert isinstance(entry, Config), entry
    return entry.windowed("")


def run(layer: Any, x: Array) -> Array:
    """What Keras makes of one input; its channels come last."""
    found = np.asarray(layer(np.moveaxis(x, 0, -1)[None].astype(np.float32))[0], float)
    return np.moveaxis(found, -1, 0)


def built(layer: Any, size: tuple[int, ...], rng: np.random.Generator) -> tuple[Any, Array, Array]:
    """The layer with whole numbers for its kernel and its bias, and these."""
    layer.build((None, *size, 4))
    layer.build_shape = (None, *size, 4)
    kernel, bias = (whole(rng, *v.shape) for v in layer.get_weights())
    layer.set_weights([kernel, bias])
    return layer, kernel, bias


GEOMETRIES = [
    *product(("same",), (1, 2, 3), (1, 2, 3), (1,)),
    *(("same", 2, 1, 2), ("same", 3, 1, 2), ("valid", 3, 2, 1), ("valid", 2, 1, 2)),
]
"""Padding, kernel, stride, dilation; Keras has one of the last two beside the other at 1."""


def some(cases: Iterable[Case], rank: int) -> list[Case]:
    """All cases of one axis, every third of two, every ninth of three: each one is compiled."""
    return list(cases)[:: 3 ** (rank - 1)]


@pytest.mark.parametrize("rank", SIZES)
def test_convolutions(rank: int) -> None:
    rng = np.random.default_rng(rank)
    for padding, kernel, stride, dilation in some(GEOMETRIES, rank):
        made = getattr(keras.layers, f"Conv{rank}D")(
            6, kernel, stride, padding, dilation_rate=dilation, groups=1 + stride % 2
        )
        layer, w, bias = built(made, SIZES[rank], rng)
        x = whole(rng, 4, *SIZES[rank])
        own = w.transpose(rank + 1, rank, *range(rank))
        assert_gives(read(layer), x, run(layer, x), own, bias)


@pytest.mark.parametrize("rank", [1, 2])
def test_depthwise_convolutions(rank: int) -> None:
    rng = np.random.default_rng(rank)
    for padding, kernel, stride in some(product(("same", "valid"), (2, 3), (1, 2, 3)), rank):
        kind = getattr(keras.layers, f"DepthwiseConv{rank}D")
        layer, w, bias = built(kind(kernel, stride, padding), SIZES[rank], rng)
        x = whole(rng, 4, *SIZES[rank])
        own = w.transpose(rank, rank + 1, *range(rank))
        assert_gives(read(layer), x, run(layer, x), own, bias)


@pytest.mark.parametrize("rank", SIZES)
def test_transposed_convolutions(rank: int) -> None:
    rng = np.random.default_rng(rank)
    for padding, kernel, stride in some(product(("same", "valid"), (2, 3, 4), (1, 2, 3)), rank):
        kind = getattr(keras.layers, f"Conv{rank}DTranspose")
        layer, w, bias = built(kind(6, kernel, stride, padding), SIZES[rank], rng)
        x = whole(rng, 4, *SIZES[rank])
        own = w.transpose(rank + 1, rank, *range(rank))
        assert_gives(read(layer), x, run(layer, x), own, bias)


def test_causal_convolutions() -> None:
    rng = np.random.default_rng(0)
    for kernel, stride, dilation in ((3, 1, 1), (3, 2, 1), (2, 1, 3)):
        made = keras.layers.Conv1D(6, kernel, stride, "causal", dilation_rate=dilation)
        layer, w, bias = built(made, (11,), rng)
        x = whole(rng, 4, 11)
        assert_gives(read(layer), x, run(layer, x), w.transpose(2, 1, 0), bias)


@pytest.mark.parametrize("rank", SIZES)
def test_maxima(rank: int) -> None:
    rng = np.random.default_rng(rank)
    for padding, kernel, stride in some(product(("same", "valid"), (2, 3), (1, 2, 3)), rank):
        layer = getattr(keras.layers, f"MaxPooling{rank}D")(kernel, stride, padding)
        layer.build_shape = (None, *SIZES[rank], 4)
        x, pool = whole(rng, 4, *SIZES[rank]), read(layer)
        assert isinstance(pool, MaxPool)
        assert_gives(replace(pool, channels=4), x, run(layer, x))


def test_the_odd_pad_at_the_other_end_would_be_seen() -> None:
    rng = np.random.default_rng(0)
    layer, w, bias = built(keras.layers.Conv1D(6, 3, 2, "same"), (10,), rng)
    x = whole(rng, 4, 10)
    other = Conv(4, 6, (3,), 2, "same_lower")
    with pytest.raises(AssertionError, match="same_lower"):
        assert_gives(other, x, run(layer, x), w.transpose(2, 1, 0), bias)
