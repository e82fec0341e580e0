"""One proof a geometry: what is said of the second layer is what would be found of it alone."""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from symconv.claim.verdict import Certificate
from symconv.dialect.config import read_layer
from symconv.errors import InternalError
from symconv.expand import Expansion, destride
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.machine.caches import forget
from symconv.prove.decide import decide
from symconv.prove.engine import Question
from symconv.prove.geometry import GROUPS, INNER
from symconv.size.names import axis_names
from tests.helpers.planted import random_layer

ZOO = Path(__file__).parents[1] / "data" / "zoo.json.gz"


def geometry(e: Expansion) -> Any:
    return Question(e.claim(), expansion=e).geometry


def said(verdict: Any) -> dict[str, Any]:
    """A certificate, without what random numbers and clocks decide."""
    text = verdict.to_dict()
    evaluation = text.pop("evaluation")
    text.pop("digest")
    return {**text, "thinned": evaluation["thinned"]}


def families() -> list[tuple[AnyLayer, AnyLayer, tuple[int, ...]]]:
    """Pairs of real layers of one geometry and other channels."""
    found = defaultdict(list)
    for text in json.loads(gzip.decompress(ZOO.read_bytes()))["layers"][::20]:
        config = read_layer({key: value for key, value in text.items() if key != "output_size"})
        size = tuple(map(int, config.input_size))
        layer: Any = config.layer
        found[geometry(destride(layer, size))].append((layer, size))
    return [(some[0][0], some[-1][0], some[0][1]) for some in found.values() if len(some) > 1]


@pytest.mark.parametrize("named", [False, True], ids=["at a size", "for all sizes"])
def test_the_second_of_a_geometry_is_told_what_would_be_found_of_it(named: bool) -> None:
    pairs = families()
    assert len(pairs) > 40
    for first, second, size in pairs[:: 4 if named else 2]:
        forget()
        at = axis_names(len(size)) if named else size
        known, e = destride(first, at), destride(second, at)
        assert isinstance(decide(known.claim(), expansion=known), Certificate)
        told = decide(e.claim("second"), expansion=e)
        forget()
        assert said(told) == said(decide(e.claim("second"), expansion=e))


LAYERS = [
    Conv(64, 128, 3, stride=2, padding=1),
    Conv(64, 64, 3, stride=2, padding=1, groups=64),
    Conv(64, 128, 3, stride=2, padding=1, groups=4),
    ConvTranspose(64, 32, 4, stride=2, padding=1, groups=2),
    MaxPool(3, stride=2, padding=1, channels=64),
    AvgPool(3, stride=2, padding=1, channels=64),
]


@pytest.mark.parametrize("order", ["channel", "phase"])
@pytest.mark.parametrize("layer", LAYERS, ids=[f"{n}-{x.op}" for n, x in enumerate(LAYERS)])
def test_a_geometry_is_the_claim_of_the_layer_of_few_channels(layer: Any, order: Any) -> None:
    """Made from the wide claim by other numbers, or by expanding the narrow layer."""
    narrow = layer.with_channels(min(layer.channel_groups, GROUPS), INNER)
    wide = destride(layer, (9, 9), order=order)
    assert geometry(wide) == replace(destride(narrow, (9, 9), order=order).claim(), name="")


def test_a_geometry_of_random_layers_is_the_claim_of_few_channels() -> None:
    rng = random.Random(3)
    for _ in range(150):
        layer, size = random_layer(rng)
        narrow = layer.with_channels(min(layer.channel_groups, GROUPS), INNER)
        assert geometry(destride(layer, size)) == replace(destride(narrow, size).claim(), name="")


STEM = Conv(3, 64, kernel_size=7, stride=2, padding=3)
OTHERS = [
    replace(STEM, kernel_size=5),
    replace(STEM, stride=4),
    replace(STEM, padding=2),
    replace(STEM, padding=((3, 2), (3, 3))),
    replace(STEM, dilation=2),
    replace(STEM, padding_mode="reflect"),
    replace(STEM, padding_value=1),
    replace(STEM, bias=False),
    replace(STEM, in_channels=2),
    replace(STEM, in_channels=1),
    replace(STEM, out_channels=1),
    replace(STEM, in_channels=4, groups=2),
    replace(STEM, in_channels=64, groups=64),
    replace(STEM, in_channels=2, groups=2),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_layers_that_differ_in_more_than_many_channels_have_other_geometries(other: Any) -> None:
    assert geometry(destride(other, (32, 32))) != geometry(destride(STEM, (32, 32)))


def test_sizes_factors_orders_and_conditions_enter() -> None:
    stem = geometry(destride(STEM, (32, 32)))
    others = [
        destride(STEM, (32, 31)),
        destride(STEM, (32, "W")),
        destride(STEM, (32, 32), factor=4, factor_out=2),
        destride(STEM, (32, 32), residual_stride=2),
        destride(STEM, (32, 32), order="phase"),
    ]
    assert len({stem, *map(geometry, others)}) == 6
    e = destride(STEM)
    bound = replace(e.claim(), where=("H >= 9",))
    assert Question(bound, expansion=e).geometry != geometry(e)


def test_a_claim_that_is_not_its_expansions_is_no_geometry() -> None:
    e = destride(STEM, (32, 32))
    assert isinstance(decide(e.claim(), expansion=e), Certificate)
    for wrong in (destride(STEM, (32, 30)).claim(), replace(e.claim(), right=e.claim().right[1:])):
        with pytest.raises(InternalError, match="is not that of the expansion"):
            decide(wrong, expansion=e)


def test_the_second_voice_says_of_each_layer_what_it_saw_of_that_one() -> None:
    """A narrow layer is seen whole, a wide one with most channels zero, whichever comes first."""
    narrow = destride(Conv(3, 3, 3, stride=2, padding=1), (8, 8))
    wide = destride(Conv(256, 512, 3, stride=2, padding=1), (8, 8))
    for order in ((narrow, wide), (wide, narrow)):
        forget()
        found = {e.original.in_channels: decide(e.claim(), expansion=e) for e in order}
        seen = {channels: said(verdict)["thinned"] for channels, verdict in found.items()}
        assert seen == {3: None, 256: 3}


def test_what_a_caller_changes_is_not_kept() -> None:
    e = destride(STEM, (33, 33))
    first: Any = decide(e.claim(), expansion=e)
    first.evaluation["outputs"] = -5
    first.facts[0].figures["changed"] = True
    second: Any = decide(e.claim(), expansion=e)
    assert second.evaluation["outputs"] > 0
    assert "changed" not in second.facts[0].figures
    second.facts[0].figures["changed"] = True
    third: Any = decide(e.claim(), expansion=e)
    assert "changed" not in third.facts[0].figures
    with pytest.raises(ValueError, match="read-only"):
        e.axes[0].taps[2][:] = 0


def test_an_engine_that_is_asked_by_name_is_asked() -> None:
    e = destride(STEM, (32, 32))
    asked = [decide(e.claim(), expansion=e, engine=name) for name in (None, "sets", None)]
    methods = [v.method for v in asked if isinstance(v, Certificate)]
    assert methods == [["tables"], ["sets"], ["tables"]]


def test_a_wrong_expansion_is_refuted_after_a_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is not forgotten here: the wrong claim has a key of its own."""
    e = destride(STEM, (32, 32))
    assert isinstance(decide(e.claim(), expansion=e), Certificate)
    honest = e.claim()
    last: Any = honest.right[-1]
    shifted = replace(last, padding=((1, 2), (2, 1)))
    wrong = destride(replace(STEM, out_channels=65), (32, 32))
    claim = replace(wrong.claim(), right=(*honest.right[:-1], shifted))
    wrong.__dict__["_statement"] = claim
    assert decide(claim, expansion=wrong).verdict == "refuted"
