"""Printed torch modules: the layers of the modules that were printed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.chain import Chain
from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.dialect.pasted.base import Fault
from symconv.errors import SymconvError
from tests.helpers.requirements import require

torch: Any = require("torch")
nn = torch.nn


def random_module(rng: random.Random, rank: int) -> Any:
    k, s, d = rng.randint(2, 4), rng.randint(1, 3), rng.randint(1, 2)
    pad, ceil = rng.randint(0, k // 2), rng.random() < 0.5
    mode = rng.choice(["zeros", "reflect", "replicate", "circular"])
    kind = rng.choice(["Conv", "same", "ConvTranspose", "MaxPool", "AvgPool"])
    cls = getattr(nn, f"{kind if kind != 'same' else 'Conv'}{rank}d")
    if kind == "Conv":
        groups, bias = rng.choice([1, 2]), rng.random() < 0.5
        return cls(2, 4, k, s, pad, d, groups=groups, bias=bias, padding_mode=mode)
    if kind == "same":
        return cls(2, 4, k, 1, "same", d)
    if kind == "ConvTranspose":
        return cls(2, 4, k, s, pad, output_padding=rng.randint(0, max(s, d) - 1), dilation=d)
    return cls(k, s, pad, ceil_mode=ceil) if kind == "MaxPool" else cls(k, s, pad)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_values_are_the_printed_module_s(rank: int) -> None:
    rng = random.Random(rank)
    for _ in range(25):
        module = random_module(rng, rank).double()
        x = torch.randint(-4, 5, (2, 9, 10, 8)[: rank + 1]).double()
        for parameter in module.parameters():
            parameter.data = torch.randint(-3, 4, parameter.shape).double()
        (config,) = read_layers(str(module), tuple(x.shape[1:]))
        assert isinstance(config, Config)
        weights = [p.detach().numpy() for p in module.parameters()]
        found = symconv.evaluate(config.windowed(""), x.numpy(), *weights)
        assert np.allclose(found, module(x[None])[0].detach().numpy()), str(module)


def test_code_reads_as_its_module() -> None:
    for code in (
        "nn.Conv2d(3, 8, 5, 2, 2)",
        "torch.nn.Conv2d(3, 8, kernel_size=5, stride=2, padding=2, device=torch.device)",
        "(conv1): Conv2d(3, 8, kernel_size=(5, 5), stride=(2, 2), padding=(2, 2))",
    ):
        (config,) = read_layers(code, (20, 20))
        assert isinstance(config, Config)
        assert config.windowed("").kernel_size == (5, 5)
        assert config.output_size == (10, 10)


def test_a_printed_sequence_is_a_chain() -> None:
    inner = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout(0.1))
    net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), inner, nn.MaxPool2d(3, 2, 1))
    (chain,) = read_layers(str(net), (32, 32))
    assert isinstance(chain, Chain)
    ops = [e.layer.op if isinstance(e, Config) else e.function for e in chain.entries]
    assert ops == ["conv", "conv", "relu", "max_pool"]
    assert chain.layers[-1].output_size == (8, 8)
    assert "batch norms as they are applied" in chain.name
    assert symconv.prove(str(net), (32, 32)).verdict == "proved"
    assert symconv.prove(str(net)).sizes == "all"


def test_several_modules_are_several_layers() -> None:
    text = "(a): Conv1d(1, 2, kernel_size=(3,), stride=(2,))\n(b): (0-1): 2 x Linear(1, 2)"
    first, *others = read_layers(text.replace("(b): ", ""), (9,))
    assert isinstance(first, Config)
    assert [type(other) for other in others] == [Fault, Fault]


REFUSED = {
    "Conv2d(3, 64, kernel_size=(7, 7))": "a printed torch module 'Conv2d' has no input size; give",
    "LPPool2d(norm_type=2, kernel_size=3)": "no layer for LPPool2d of torch.nn: its values are",
    "AdaptiveAvgPool2d(output_size=1)": "its windows depend on the input size",
    "ResNet(\n  (conv1): Conv2d(3, 64, kernel_size=(7, 7))\n)": "holds modules",
    "Conv2d(3, 64, kernel_size=(7, 7)": "is cut off",
    "Conv2d(3, 64, kernal_size=7)": "did you mean 'kernel_size'?",
    "Conv2d(3, 64, 7, __import__('os').system('x'))": "cannot read its arguments",
    "MaxPool2d(2, return_indices=True)": "return_indices=True gives indices",
    "Sequential(\n  (0): Conv2d(3, 4, 3)\n  (1): Linear(1, 1)\n)": "module '1: Linear'",
    "Sequential(\n  (0): LeakyReLU(negative_slope=0.2)\n)": "negative_slope=0.2",
    "Sequential(\n  (0): ReLU()\n)": "holds no layer",
    "Sequential(" * 60 + ")" * 60: "more than 50 modules",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_not_read_is_named(text: str, said: str) -> None:
    size = None if "no input size" in said else (9, 9)
    with pytest.raises(SymconvError, match="torch") as caught:
        read_layers(text, size)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
