"""The most memory that a proof holds, by `tracemalloc`: with sizes, channels, stride and depth."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import symconv
from symconv import Conv
from symconv.network import Network

pytestmark = pytest.mark.once


def peak(work: Callable[[], Any]) -> float:
    """Megabytes that Python and NumPy held at most during the work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


LAYERS: dict[str, tuple[Conv, tuple[int, ...]]] = {
    **{f"{n} samples": (Conv(1, 8, (3,), 2, 1), (n,)) for n in (1_000, 10_000, 100_000, 1_000_000)},
    **{f"{c} channels": (Conv(c, c, 3, 2, 1), (56, 56)) for c in (1, 64, 4096)},
    **{f"stride {s}": (Conv(1, 8, (3,), s, 1), (100_000,)) for s in (2, 8, 32)},
    **{f"{k} taps 5 apart": (Conv(1, 8, (k,), 1, 0, 5), (100_000,)) for k in (3, 11, 41)},
}


@pytest.mark.benchmark(group="memory: one layer at a size")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(benchmark: Any, name: str) -> None:
    layer, size = LAYERS[name]
    work = lambda: symconv.prove(layer, size, symbolic=False)  # noqa: E731 - it is run twice
    benchmark.extra_info["peak MB"] = round(peak(work), 2)
    assert benchmark.pedantic(work, rounds=1).verdict == "proved"


def deep(depth: int) -> Network:
    """So many layers of stride 1 with functions between them, and one of stride 2 at the end."""
    layers: list[Any] = [Conv(4, 4, 3, 1, 1), "relu"] * (depth - 1)
    return symconv.chain("deep", [*layers, Conv(4, 4, 3, 2, 1)], (56, 56))


@pytest.mark.benchmark(group="memory: a chain at a size")
@pytest.mark.parametrize("depth", [5, 10, 20, 40])
def test_a_chain(benchmark: Any, depth: int) -> None:
    network = deep(depth)
    benchmark.extra_info["peak MB"] = round(peak(lambda: symconv.prove(network)), 2)
    assert benchmark.pedantic(symconv.prove, (network,), rounds=1).verdict == "proved"
