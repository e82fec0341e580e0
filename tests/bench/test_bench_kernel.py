"""What the proof kernel takes for one layer: coqc's start, the library, the tables."""

from __future__ import annotations

from typing import Any

import pytest

import symconv
from symconv import Conv, ConvTranspose, MaxPool
from symconv.layer import AnyLayer
from symconv.prove.kernel.theorem import kernel_fact
from tests.helpers.requirements import require_tool

LAYERS: dict[str, tuple[AnyLayer, tuple[int, ...]]] = {
    "stem": (Conv(3, 64, 7, stride=2, padding=3), (224, 224)),
    "2048 channels": (Conv(1024, 2048, 1, stride=2), (14, 14)),
    "a million samples": (Conv(1, 512, 10, stride=5), (1_000_000,)),
    "400 taps": (Conv(1, 64, 400, stride=160), (160_000,)),
    "transposed volume": (ConvTranspose(8, 4, 4, stride=2, padding=1), (16, 16, 16)),
    "maximum": (MaxPool(3, stride=2, padding=1), (112, 112)),
}


@pytest.mark.slow
@pytest.mark.benchmark(group="one layer's theorem, checked by the kernel")
@pytest.mark.parametrize("name", LAYERS)
def test_bench_kernel(benchmark: Any, name: str) -> None:
    require_tool("coqc")
    layer, size = LAYERS[name]
    expansion = symconv.destride(layer, size)
    fact = benchmark.pedantic(kernel_fact, (expansion,), rounds=3, warmup_rounds=1)
    assert fact.method == "kernel"
