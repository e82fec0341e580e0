"""PyTorch's own modules in every padding mode: read as they are, expanded, both sides run."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv.dialect.torch import read_module
from symconv.layer import Conv, ConvTranspose
from tests.helpers.conformance import Array, assert_gives, whole
from tests.helpers.requirements import require

torch: Any = require("torch")

MODES = ("zeros", "reflect", "replicate", "circular")
SIZES = {1: (11,), 2: (7, 8), 3: (5, 6, 5)}


def run(module: Any, x: Array) -> Array:
    """What the module makes of one input."""
    with torch.no_grad():
        return np.asarray(module(torch.from_numpy(x).double()[None])[0])


def filled(module: Any, rng: np.random.Generator) -> tuple[Any, Array, Array | None]:
    """The module with whole numbers for its parameters, and these."""
    module = module.double()
    arrays = [whole(rng, *p.shape) for p in module.parameters()]
    with torch.no_grad():
        for parameter, array in zip(module.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(array))
    return module, arrays[0], arrays[1] if len(arrays) > 1 else None


@pytest.mark.parametrize("rank", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_convolutions(mode: str, rank: int) -> None:
    rng = np.random.default_rng(rank)
    for kernel, stride, pad, dilation in product((1, 3), (1, 2, 3), (0, 2), (1, 2)):
        groups = 1 + stride % 2
        made = getattr(torch.nn, f"Conv{rank}d")(
            *(4, 2, kernel, stride, pad, dilation, groups), bias=groups == 1, padding_mode=mode
        )
        module, w, bias = filled(made, rng)
        layer = read_module(module)
        assert isinstance(layer, Conv)
        assert layer.padding_mode == mode
        x = whole(rng, 4, *SIZES[rank])
        assert_gives(layer, x, run(module, x), w, bias)


@pytest.mark.parametrize("rank", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_same_and_valid(mode: str, rank: int) -> None:
    rng = np.random.default_rng(rank)
    for padding, kernel, dilation in product(("same", "valid"), (1, 2, 3), (1, 2)):
        made = getattr(torch.nn, f"Conv{rank}d")(
            2, 3, kernel, padding=padding, dilation=dilation, padding_mode=mode
        )
        module, w, bias = filled(made, rng)
        layer = read_module(module)
        assert isinstance(layer, Conv)
        x = whole(rng, 2, *SIZES[rank])
        assert_gives(layer, x, run(module, x), w, bias)


@pytest.mark.parametrize("rank", SIZES)
def test_transposed_convolutions(rank: int) -> None:
    rng = np.random.default_rng(rank)
    for kernel, stride, pad, extra, groups in product((2, 3), (1, 2, 3), (0, 1), (0, 1), (1, 2)):
        if extra >= stride:
            continue
        made = getattr(torch.nn, f"ConvTranspose{rank}d")(
            *(4, 2, kernel, stride, pad, extra, groups), bias=groups == 2
        )
        module, w, bias = filled(made, rng)
        layer = read_module(module)
        assert isinstance(layer, ConvTranspose)
        x = whole(rng, 4, *(n - 1 for n in SIZES[rank]))
        assert_gives(layer, x, run(module, x), w, bias)


def test_another_mode_would_be_seen() -> None:
    rng = np.random.default_rng(0)
    made = torch.nn.Conv1d(2, 3, 3, 2, 1, padding_mode="reflect")
    module, w, bias = filled(made, rng)
    x = whole(rng, 2, 9)
    with pytest.raises(AssertionError, match="circular"):
        assert_gives(Conv(2, 3, (3,), 2, 1, padding_mode="circular"), x, run(module, x), w, bias)
