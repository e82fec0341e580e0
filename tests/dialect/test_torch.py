"""PyTorch modules read as layers: the same values as the module's own, and what is not read."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.torch import is_module, read_module
from symconv.errors import InputError, Unsupported
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool
from tests.helpers.requirements import require

torch: Any = require("torch")
nn = torch.nn


def modules(rng: random.Random, rank: int) -> list[Any]:
    k, s, d = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2)
    mode = rng.choice(["zeros", "reflect", "replicate", "circular"])
    pad = rng.randint(0, k // 2)
    of = {name: getattr(nn, f"{name}{rank}d") for name in ("Conv", "MaxPool", "AvgPool")}
    return [
        of["Conv"](2, 4, k, s, pad, d, groups=rng.choice([1, 2]), padding_mode=mode),
        of["Conv"](2, 4, k, 1, "same", d, bias=False),
        getattr(nn, f"ConvTranspose{rank}d")(2, 4, k, s, pad if k > 1 else 0, dilation=d),
        of["MaxPool"](k, s, pad, ceil_mode=rng.random() < 0.5),
        of["AvgPool"](k, s, pad, count_include_pad=rng.random() < 0.5),
    ]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_a_module_s_values_are_its_layer_s(seed: int, rank: int) -> None:
    rng = random.Random(seed)
    for module in modules(rng, rank):
        module = module.double()
        x = torch.randint(-4, 5, (2, 7, 8, 6)[: rank + 1]).double()
        for parameter in module.parameters():
            parameter.data = torch.randint(-3, 4, parameter.shape).double()
        layer: Any = read_module(module)
        weights = [p.detach().numpy() for p in module.parameters()]
        found = symconv.evaluate(layer, x.numpy(), *weights)
        assert np.allclose(found, module(x[None])[0].detach().numpy())


def test_a_sequence_is_a_chain() -> None:
    inner = nn.Sequential(nn.ReLU(), nn.Identity(), nn.MaxPool2d(2))
    found = read_module(nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), inner, nn.Dropout(0.5)))
    conv = Conv(3, 8, (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))
    assert found == [conv, "relu", MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)), dilation=(1, 1))]


REFUSED: dict[str, tuple[Any, str]] = {
    "a linear layer": (nn.Linear(2, 3), "no layer for torch.nn.Linear"),
    "a pooling with indices": (nn.MaxPool1d(2, return_indices=True), "return_indices"),
    "a divisor of its own": (nn.AvgPool2d(2, divisor_override=3), "divisor_override=3"),
    "a function with a slope": (nn.Sequential(nn.LeakyReLU(0.5)), "negative_slope=0.5"),
    "inside a sequence": (nn.Sequential(nn.ReLU(), nn.Bilinear(1, 1, 1)), "module 1: there is no"),
}


@pytest.mark.parametrize(("module", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_read_is_named(module: Any, said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        read_module(module)


def test_what_is_no_module() -> None:
    assert not is_module(nn.Conv2d)
    assert is_module(nn.Conv2d(1, 1, 1))
    with pytest.raises(InputError, match="got str"):
        read_module("Conv2d")
    assert {type(read_module(m)) for m in modules(random.Random(0), 2)} == {
        *(Conv, ConvTranspose, MaxPool, AvgPool)
    }
