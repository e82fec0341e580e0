"""The nearest repair of refuted lowerings: what it should be, and that it is proved and true."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.prove.settle import settle
from symconv.repair import Repair, repair
from symconv.verdict import Refuted
from tests.test_lowerings import CLAIMS
from tests.torch_claims import agree

BY_NAME = {text["name"]: text for text in CLAIMS}
EXPECTED = {
    "same-as-symmetric-k3": "with padding [[0, 1], [0, 1]] instead of 1",
    "mlperf-resnet-stem-kernel-padded-behind": "with padding [[0, 0], [0, 0], [1, 0], [1, 0]]",
    "keras-transposed-same-cropped-in-front": "with slices [[None, None, None], [None, -1, 1]]",
    "output-padding-dropped": "with output_padding 1 instead of 0",
    "yolov5-focus-phases-swapped": "with pattern o (b a c) h w -> o c (h a) (w b)",
    "even-low-padding-blocks-1-2": "with padding [[0, 0], [0, 0], [0, 1], [0, 1]]",
}


def repaired(text: dict[str, Any], **bounds: Any) -> Repair | None:
    verdict = settle(read_claim(text))
    assert isinstance(verdict, Refuted)
    return repair(verdict, **bounds)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_nearest_repair_is_found_and_torch_agrees(name: str) -> None:
    found = repaired(BY_NAME[name], seconds=20)
    assert found is not None
    assert found.sentence().startswith(EXPECTED[name])
    assert found.sentence().endswith("the claim holds")
    text = found.to_dict()["claim"]
    assert settle(read_claim(text)).verdict == "proved"
    assert text["left"] == read_claim(BY_NAME[name]).to_dict()["left"]
    assert agree(text)


def test_a_search_that_may_try_nothing_finds_nothing() -> None:
    assert repaired(BY_NAME["same-as-symmetric-k3"], candidates=0) is None
    assert repaired(BY_NAME["same-as-symmetric-k3"], seconds=0) is None


def test_weights_of_the_left_side_stay() -> None:
    text = {
        "input": {"channels": 1, "size": [8]},
        "weights": {"w": {"shape": [1, 1, 3]}, "v": {"from": "w", "steps": [
            {"op": "flip", "axes": [2]}]}},
        "left": [{"op": "conv", "weight": "v"}], "right": [{"op": "conv", "weight": "w"}],
    }  # fmt: skip
    assert repaired(text) is None
    mirrored = {**text, "left": text["right"], "right": text["left"]}
    found = repaired(mirrored)
    assert found is not None
    assert found.sentence() == "without the flip of weight v, step 0 the claim holds"
