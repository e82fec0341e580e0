"""What the proof of a whole chain costs at its real size; expanded weights are never made."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.network import Network
from symconv.prove.network.decide import decide_network
from tests.helpers.networks import NETWORKS

pytestmark = pytest.mark.once


@pytest.mark.benchmark(group="chains")
@pytest.mark.parametrize("name", NETWORKS)
def test_chain(benchmark: Any, name: str) -> None:
    network: Network = NETWORKS[name]()
    proof = benchmark.pedantic(decide_network, (network,), rounds=5, warmup_rounds=1)
    assert proof.verdict.verdict == "proved"
