"""Ten thousand one-dimensional lowering claims, on all cores."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.testing import sweep
from tests.helpers.rewriters import grid, pads_behind

pytestmark = pytest.mark.once


@pytest.mark.slow
@pytest.mark.benchmark(group="sweep of 10,000 one-dimensional lowerings")
def test_sweep(benchmark: Any) -> None:
    found = benchmark.pedantic(sweep, (pads_behind, grid(10_000)), rounds=1)
    assert sum(found.counts.values()) == 10_000
