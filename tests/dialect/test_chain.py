"""A chain: sizes and channels run through it, and what does not fit is named."""

from __future__ import annotations

import re
from typing import Any

import pytest

from symconv.claim.steps import Pointwise
from symconv.dialect.chain import Chain, read_chain
from symconv.dialect.config import Config
from symconv.errors import LayerError
from symconv.layer import Conv, MaxPool

STEM = {
    "op": "conv",
    "in_channels": 3,
    "out_channels": 64,
    "kernel_size": 7,
    "stride": 2,
    "padding": 3,
    "input_size": [224, 224],
}
RELU = {"op": "relu"}
POOL = {"op": "max_pool", "kernel_size": 3, "stride": 2, "padding": 1}
NEXT = {"op": "conv", "in_channels": 64, "out_channels": 8, "kernel_size": 1}


def test_sizes_and_channels_run_through() -> None:
    chain = read_chain(
        [STEM, RELU, POOL, {k: v for k, v in NEXT.items() if k != "in_channels"}], "n"
    )
    assert chain == Chain(
        "n",
        (
            Config("n[0]", Conv(3, 64, 7, 2, 3), (224, 224)),
            Pointwise("relu"),
            Config("n[2]", MaxPool(3, 2, 1, channels=64), (112, 112)),
            Config("n[3]", Conv(64, 8, 1), (56, 56)),
        ),
    )
    assert [config.output_size for config in chain.layers] == [(112, 112), (56, 56), (56, 56)]


def test_what_is_said_twice_may_agree() -> None:
    stated = NEXT | {"input_size": [112, 112], "name": "last"}
    assert read_chain([STEM, stated], "n").layers[-1].name == "last"


def test_a_function_by_any_name() -> None:
    named = {"op": "pointwise", "function": "my_relu"}
    assert read_chain([named, STEM], "n").entries[0] == Pointwise("my_relu")


REFUSED: list[tuple[Any, str]] = [
    ([], "chain 'n' holds no layer"),
    ([RELU], "chain 'n' holds no layer"),
    ({"op": "conv"}, "'network' must be a list"),
    ([STEM, "relu"], "n[1]: an item must be an object with 'op', got 'relu'"),
    ([STEM, {"op": "rleu"}], "n[1]: op must be a layer, or one of"),
    ([STEM, {"op": "rleu"}], "got 'rleu'; did you mean 'relu'?"),
    ([STEM, {"op": "pointwise"}], "'pointwise' with a 'function' by name"),
    ([STEM, RELU | {"slope": 1}], "n[1]: a pointwise function has no attribute 'slope'"),
    ([STEM, {"op": None}], "'op' is missing"),
    (
        [STEM, NEXT | {"in_channels": 32}],
        "in_channels must be 64, the output channels of 'n[0]', got",
    ),
    ([STEM, NEXT | {"input_size": [56, 56]}], "input_size must be [112, 112], the output size of"),
    ([STEM | {"input_size": ["H", "W"]}, NEXT | {"input_size": [9, 9]}], "leave out input_size"),
    ([STEM | {"input_size": ["H", 0]}, NEXT], "input_size"),
    ([STEM, NEXT | {"stride": 0}], "layer 'n[1]': conv: stride"),
    ([NEXT], "input_size is missing"),
]


@pytest.mark.parametrize(("items", "message"), REFUSED)
def test_what_does_not_fit_is_said(items: Any, message: str) -> None:
    with pytest.raises(LayerError, match=re.escape(message)):
        read_chain(items, "n")
