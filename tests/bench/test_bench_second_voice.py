"""What the second voice costs beside the proof that it confirms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from symconv import Conv
from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Certificate
from symconv.dialect.files import read_layers
from symconv.evaluation import Evaluation, evaluate_sides
from symconv.expand import destride
from symconv.prove.sets.decide import Holds, decide_by_sets
from symconv.prove.tables.decide import decide_by_tables

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
STEM = Conv(3, 64, kernel_size=7, stride=2, padding=3)
WAYS = ["the proof", "the second voice"]


def through(way: str, claims: list[Claim]) -> bool:
    """Every claim once, by the tables or by the second voice."""
    if way == "the proof":
        return all(isinstance(decide_by_tables(claim), Certificate) for claim in claims)
    return all(isinstance(evaluate_sides(claim), Evaluation) for claim in claims)


def zoo(step: int) -> list[Claim]:
    """The claims of every so many layers of the zoo."""
    entries: list[Any] = read_layers(str(ROOT / "tests" / "data" / "zoo.json.gz"))
    return [destride(e.layer, e.numeric_size).claim() for e in entries[::step]]


def vela() -> list[Claim]:
    """The true lowerings of Vela's family."""
    text = json.loads((ROOT / "proofs" / "lowerings" / "vela.json").read_text())
    claims = text["claims"]
    return [read_claim(claim) for claim in claims if claim["stated"] == "proved"]


@pytest.mark.benchmark(group="second voice: ResNet stem, 3x224x224")
@pytest.mark.parametrize("way", WAYS)
def test_stem(benchmark: Any, way: str) -> None:
    assert benchmark(through, way, [destride(STEM, (224, 224)).claim()])


@pytest.mark.benchmark(group="second voice: channels, k3 s2 at 56x56")
@pytest.mark.parametrize("channels", [1, 16, 256, 4096])
@pytest.mark.parametrize("way", WAYS)
def test_channels(benchmark: Any, way: str, channels: int) -> None:
    layer = Conv(channels, channels, kernel_size=3, stride=2, padding=1)
    assert benchmark(through, way, [destride(layer, (56, 56)).claim()])


@pytest.mark.benchmark(group="second voice: Vela's true lowerings")
@pytest.mark.parametrize("way", WAYS)
def test_vela(benchmark: Any, way: str) -> None:
    assert benchmark(through, way, vela())


@pytest.mark.benchmark(group="second voice: every 20th layer of the zoo")
@pytest.mark.parametrize("way", WAYS)
def test_a_part_of_the_zoo(benchmark: Any, way: str) -> None:
    assert benchmark.pedantic(through, (way, zoo(20)), rounds=1)


@pytest.mark.slow
@pytest.mark.benchmark(group="second voice: the zoo, 12,134 layers")
@pytest.mark.parametrize("way", WAYS)
def test_zoo(benchmark: Any, way: str) -> None:
    assert benchmark.pedantic(through, (way, zoo(1)), rounds=1)


@pytest.mark.benchmark(group="second voice: all sizes of the stem")
@pytest.mark.parametrize("way", WAYS)
def test_all_sizes(benchmark: Any, way: str) -> None:
    claim = destride(STEM, ["H", "W"]).claim()
    held = decide_by_sets(claim)
    assert isinstance(held, Holds)
    if way == "the proof":
        assert benchmark(decide_by_sets, claim)
    else:
        assert benchmark(through, way, [claim.at(at) for at in held.at])
