"""What a proof for all sizes costs: with stride, dilation and the number of axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from symconv import prove_for_all_sizes
from symconv.layer import Conv

Benchmark = Callable[..., Any]


def proved(layer: Conv) -> bool:
    return prove_for_all_sizes(layer).verdict == "proved"


@pytest.mark.benchmark(group="all sizes: stride")
@pytest.mark.parametrize("stride", [2, 8, 32, 64])
def test_stride(benchmark: Benchmark, stride: int) -> None:
    assert benchmark(proved, Conv(3, 8, (7,), stride, 3))


@pytest.mark.benchmark(group="all sizes: dilation")
@pytest.mark.parametrize("dilation", [1, 4, 16])
def test_dilation(benchmark: Benchmark, dilation: int) -> None:
    assert benchmark(proved, Conv(3, 8, (3,), 2, 1, dilation))


@pytest.mark.benchmark(group="all sizes: axes")
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_axes(benchmark: Benchmark, axes: int) -> None:
    assert benchmark(proved, Conv(3, 8, (3,) * axes, 2, 1))
