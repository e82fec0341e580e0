"""What a proof costs, beside what one would do instead.  Figures, never assertions about time."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import Conv, prove
from symconv.claim.verdict import Certificate
from symconv.expand import destride
from symconv.prove.tables.decide import decide_by_tables
from tests.bench.peers import dense_sympy_equal, scipy_equal

pytestmark = pytest.mark.once


def proved(layer: Conv, size: tuple[int, ...], symbolic: bool = False) -> bool:
    """Expand, state the claim, and prove it: all that `symconv prove` does after reading."""
    if symbolic:
        return isinstance(prove(layer, size), Certificate)
    return isinstance(decide_by_tables(destride(layer, size).claim()), Certificate)


@pytest.mark.benchmark(group="ResNet stem, 3x224x224, k7 s2 p3")
@pytest.mark.parametrize(
    "way",
    [
        "symconv: tables, 64 channels",
        "scipy.sparse labels, 1 of 64 channels",
        "symconv: tables and SymPy stand-in",
    ],
)
def test_stem(benchmark: Any, way: str) -> None:
    stem = Conv(3, 64, kernel_size=7, stride=2, padding=3)
    if way.startswith("scipy"):
        assert benchmark(scipy_equal, 224, 7, 2, 3)
    else:
        assert benchmark(proved, stem, (224, 224), symbolic="SymPy" in way)


@pytest.mark.benchmark(group="the same stem where dense SymPy still fits, 1x32x32")
@pytest.mark.parametrize("way", ["symconv: tables", "dense SymPy"])
def test_where_dense_sympy_fits(benchmark: Any, way: str) -> None:
    if way == "dense SymPy":
        assert benchmark.pedantic(dense_sympy_equal, (32, 7, 2, 3), rounds=3)
    else:
        assert benchmark(proved, Conv(1, 1, kernel_size=7, stride=2, padding=3), (32, 32))


@pytest.mark.benchmark(group="channels: the cost does not grow")
@pytest.mark.parametrize("channels", [1, 16, 256, 4096])
def test_channels(benchmark: Any, channels: int) -> None:
    layer = Conv(channels, channels, kernel_size=3, stride=2, padding=1)
    assert benchmark(proved, layer, (56, 56))


@pytest.mark.benchmark(group="size: the cost grows with the sum over the axes")
@pytest.mark.parametrize("size", [32, 128, 512, 2048, 4096])
def test_sizes(benchmark: Any, size: int) -> None:
    layer = Conv(8, 8, kernel_size=3, stride=2, padding=1)
    assert benchmark(proved, layer, (size, size))


@pytest.mark.benchmark(group="SymPy identity, 3x32x32 -> 16, k3 s2, at its own size")
def test_sympy_at_its_own_size(benchmark: Any) -> None:
    from symconv.prove.sympy.operators import operator_fact

    expansion = destride(Conv(3, 16, kernel_size=3, stride=2, padding=1), (32, 32))
    fact = benchmark.pedantic(operator_fact, (expansion, "own size"), rounds=3)
    assert fact.figures["rows"] == 16 * 16 * 16
