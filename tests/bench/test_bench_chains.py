"""What the proof of a whole chain costs at its real size; expanded weights are never made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from symconv.network import Network
from symconv.prove.network.settle import settle_network
from tests.prove.network.test_chains import all_convolutional, vgg, wav2vec

pytestmark = pytest.mark.once

NETWORKS = {"all-convolutional": all_convolutional, "VGG-16": lambda: vgg(224), "wav2vec": wav2vec}


@pytest.mark.benchmark(group="chains")
@pytest.mark.parametrize("name", NETWORKS)
def test_chain(benchmark: Callable[..., Any], name: str) -> None:
    network: Network = NETWORKS[name]()
    proof = benchmark.pedantic(settle_network, (network,), rounds=5, warmup_rounds=1)  # type: ignore[attr-defined]
    assert proof.verdict.verdict == "proved"
