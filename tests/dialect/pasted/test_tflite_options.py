"""TFLite's options as layers: those of the Keras layer that they come from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from symconv.dialect.chain import Chain
from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.errors import SymconvError

WINDOW = {"stride_h": 2, "stride_w": 3}
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "conv": (
        {
            **WINDOW,
            "padding": "SAME",
            "dilation_h_factor": 1,
            "kernel_size": [3, 5],
            "in_channels": 3,
            "out_channels": 8,
        },
        {
            "class_name": "Conv2D",
            "in_channels": 3,
            "config": {"filters": 8, "kernel_size": [3, 5], "strides": [2, 3], "padding": "same"},
        },
    ),
    "depthwise": (
        {**WINDOW, "padding": "VALID", "depth_multiplier": 2, "kernel_size": 3, "in_channels": 4},
        {
            "class_name": "DepthwiseConv2D",
            "in_channels": 4,
            "config": {"depth_multiplier": 2, "kernel_size": 3, "strides": [2, 3]},
        },
    ),
    "average": (
        {**WINDOW, "filter_height": 3, "filter_width": 4, "builtin_code": "AVERAGE_POOL_2D"},
        {
            "class_name": "AveragePooling2D",
            "config": {"pool_size": [3, 4], "strides": [2, 3], "padding": "same"},
        },
    ),
    "maximum, all in one": (
        {
            "builtin_options_type": "Pool2DOptions",
            "builtin_options": {**WINDOW, "filter_height": 3, "filter_width": 4, "padding": 1},
            "builtin_code": "MAX_POOL_2D",
        },
        {"class_name": "MaxPooling2D", "config": {"pool_size": [3, 4], "strides": [2, 3]}},
    ),
}


@pytest.mark.parametrize(("options", "keras"), PAIRS.values(), ids=list(PAIRS))
def test_they_are_the_keras_layer_s(options: dict[str, Any], keras: dict[str, Any]) -> None:
    layers = []
    for text in (options, keras):
        (config,) = read_layers(json.dumps(text), (17, 19))
        assert isinstance(config, Config)
        assert config.output_size is not None
        layer = config.windowed("")
        channels = (layer.in_channels, layer.out_channels, layer.channel_groups)
        layers.append((layer.windows((17, 19)), channels))
    assert layers[0] == layers[1]


def test_a_fused_activation_makes_a_chain() -> None:
    options = {**PAIRS["conv"][0], "fused_activation_function": "RELU6"}
    (chain,) = read_layers(json.dumps(options), (17, 19))
    assert isinstance(chain, Chain)
    assert getattr(chain.entries[1], "function", None) == "relu6"


REFUSED = {
    '{"stride_w": 2, "stride_h": 2}': "holds no kernel",
    '{"stride_w": 2, "filter_width": 2, "filter_height": 2}': "must be integers",
    '{"stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}': "write which",
    '{"stride_w": 2, "stride_h": 2, "kernel_size": 3, "padding": "FULL"}': "padding='FULL'",
    '{"builtin_options_type": "AddOptions", "builtin_options": {}}': "no layer for AddOptions",
    '{"stride_w": 2, "stride_h": 2, "kernel_size": 3}': "has no input size",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_not_read_is_named(text: str, said: str) -> None:
    with pytest.raises(SymconvError, match="TFLite") as caught:
        read_layers(text, None if "no input size" in said else (9, 9))
    assert said in str(caught.value)
