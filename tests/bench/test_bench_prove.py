"""How the cost of a proof grows with channels and sizes.  Figures, never assertions about time."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import Conv
from symconv.claim.verdict import Certificate
from symconv.expand import destride
from symconv.prove.tables.decide import decide_by_tables

pytestmark = pytest.mark.once


def proved(layer: Conv, size: tuple[int, ...]) -> bool:
    """Expand, state the claim, and prove it: all that `symconv prove` does after reading."""
    return isinstance(decide_by_tables(destride(layer, size).claim()), Certificate)


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
