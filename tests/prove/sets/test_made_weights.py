"""Weights that a convolution makes out of others, at every size: merged kernels, folded factors."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.prove.tables.decide import decide_by_tables

Text = dict[str, Any]
FLIP = {"op": "flip", "axes": [2]}


def rearrange(pattern: str) -> Text:
    return {"op": "rearrange", "pattern": pattern}


def conv(weight: str, **attributes: Any) -> Text:
    return {"op": "conv", "weight": weight, **attributes}


def pointwise_then_wide(more: list[Text], channels: tuple[int, int, int] = (2, 3, 4)) -> Text:
    """Layers of one tap and of three as one: a kernel convolved with the other, transposed."""
    inner, hidden, outer = channels
    merged = [rearrange("m h k -> h m k"), conv("at"), rearrange("c m k -> m c k"), *more]
    return {
        "input": {"channels": inner, "size": ["N"]},
        "weights": {
            "a": {"shape": [hidden, inner, 1]},
            "b": {"shape": [outer, hidden, 3]},
            "at": {"from": "a", "steps": [rearrange("h c 1 -> c h 1 1")]},
            "v": {"from": "b", "steps": merged},
        },
        "left": [conv("a"), conv("b", padding=1)],
        "right": [conv("v", padding=1)],
    }


def wide_then_wide(more: list[Text]) -> Text:
    """Two 3-tap layers as one of 5 taps: the kernels convolved with each other."""
    turned = [rearrange("m h k -> m h 1 k"), {"op": "flip", "axes": [3]}]
    merged = [conv("bt", padding=[[0, 0], [2, 2]]), *more]
    return {
        "input": {"channels": 2, "size": ["N"]},
        "weights": {
            "a": {"shape": [3, 2, 3]},
            "b": {"shape": [4, 3, 3]},
            "bt": {"from": "b", "steps": turned},
            "v": {"from": "a", "steps": merged},
        },
        "left": [conv("a"), conv("b")],
        "right": [conv("v")],
    }


def factors_behind_a_transposed_layer(made: list[Text]) -> Text:
    """A factor per output channel folded into a transposed layer's weight, whose axis 1 that is."""
    return {
        "input": {"channels": 4, "size": ["N"]},
        "weights": {
            "w": {"shape": [4, 4, 3]},
            "g": {"shape": [4]},
            "g1": {"from": "g", "steps": [rearrange("m -> m 1 1")]},
            "g2": {"from": "g", "steps": [rearrange("m -> m 1 1 1")]},
            "v": {"from": "w", "steps": made},
        },
        "left": [{"op": "conv_transpose", "weight": "w", "stride": 2}, conv("g1", groups=4)],
        "right": [{"op": "conv_transpose", "weight": "v", "stride": 2}],
    }


SWAP = rearrange("c m k -> m c k")
SCALE = conv("g2", groups=4)
CLAIMS: dict[str, tuple[Text, str]] = {
    "one tap, then three": (pointwise_then_wide([]), "proved"),
    "of many channels": (pointwise_then_wide([], (64, 128, 256)), "proved"),
    "mirrored": (pointwise_then_wide([FLIP]), "refuted"),
    "of many channels, mirrored": (pointwise_then_wide([FLIP], (64, 128, 256)), "refuted"),
    "three taps, then three": (wide_then_wide([]), "proved"),
    "all five mirrored": (wide_then_wide([FLIP]), "refuted"),
    "factors on axis 1": (factors_behind_a_transposed_layer([SWAP, SCALE, SWAP]), "proved"),
    "factors on axis 0": (factors_behind_a_transposed_layer([SCALE]), "refuted"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_for_all_sizes(name: str) -> None:
    claim, verdict = CLAIMS[name]
    assert check(claim).verdict == verdict


@pytest.mark.parametrize("name", CLAIMS)
def test_as_the_tables_at_small_sizes(name: str) -> None:
    claim, verdict = CLAIMS[name]
    for n in range(5, 9):
        assert decide_by_tables(read_claim(claim).at({"N": n})).verdict == verdict
