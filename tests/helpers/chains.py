"""Random chains: layers of all kinds, functions between them, odd sizes, all padding modes."""

from __future__ import annotations

import random
from math import prod
from typing import Any

from symconv.errors import SymconvError
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.network import INPUT, Network, chain

FUNCTIONS = ("relu", "leaky_relu", "identity", "relu6", "f")
MOST_PHASES = 24


def random_chain(rng: random.Random, depth: int = 6, functions: Any = FUNCTIONS) -> Network:
    """A legal chain of up to ``depth`` layers, small enough to be evaluated densely."""
    while True:
        try:
            network = _candidate(rng, depth, functions)
        except SymconvError:
            continue
        if prod(network.factors[INPUT]) <= MOST_PHASES and len(network.nodes) > 1:
            return network


def _candidate(rng: random.Random, depth: int, functions: Any) -> Network:
    rank = rng.choice([1, 1, 2])
    size = tuple(rng.randint(5, 17 if rank == 1 else 9) for _ in range(rank))
    channels = rng.randint(1, 2)
    operations: list[AnyLayer | str] = []
    last = size
    for _ in range(rng.randint(2, depth)):
        layer = _layer(rng, channels, rank)
        last, channels = layer.output_size(last), layer.out_channels
        if prod(last) > 200:
            break
        operations.append(layer)
        if rng.random() < 0.6:
            operations.append(rng.choice(functions))
    return chain("random", operations, size)


def _layer(rng: random.Random, channels: int, rank: int) -> AnyLayer:
    def axes(low: int, high: int) -> Any:
        return tuple(rng.randint(low, high) for _ in range(rank))

    stride = tuple(rng.choice([1, 1, 2, 2, 3]) for _ in range(rank))
    kind = rng.choice(["conv"] * 6 + ["conv_transpose", "max_pool", "max_pool", "avg_pool"])
    kernel, out, bias = axes(1, 3), rng.randint(1, 2), rng.random() < 0.5
    pads: Any = tuple(zip(axes(-1, 2), axes(-1, 2), strict=True))
    if kind == "conv":
        mode: Any = rng.choice(["zeros"] * 5 + ["reflect", "replicate", "circular"])
        named = rng.choice([pads, pads, pads, "same", "same_lower"])
        value = rng.choice([0, 0, 0, 2]) if mode == "zeros" else 0
        groups = rng.choice([1, channels])
        return Conv(
            channels, groups * out, kernel, stride, named, axes(1, 2), groups, bias, mode, value
        )
    if kind == "conv_transpose":
        return ConvTranspose(channels, out, kernel, stride, axes(0, 1), 0, 1, bias)
    flag = rng.random() < 0.3
    if kind == "max_pool":
        return MaxPool(kernel, stride, axes(0, 1), flag, channels, axes(1, 2))
    return AvgPool(kernel, stride, axes(0, 1), flag, channels, rng.random() < 0.5)
