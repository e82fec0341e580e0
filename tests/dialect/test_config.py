"""The layer format: what is read is what was written, and what is wrong is said in one line."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.dialect.config import Config, layer_to_dict, read_layer
from symconv.errors import LayerError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxConv, MaxPool
from tests.dialect.layers import Layer, json_values, layers

STEM: Layer = {
    "name": "stem",
    "op": "conv",
    "in_channels": 3,
    "out_channels": 64,
    "kernel_size": 7,
    "stride": 2,
    "padding": 3,
    "input_size": [224, 224],
}
POOL: Layer = {"op": "max_pool", "kernel_size": 3, "stride": 2, "input_size": [8]}

READ = [
    (STEM, Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224)),
    (
        STEM | {"padding": [[1, 2], 0], "dilation": [1, 2], "padding_mode": "reflect"},
        Conv(3, 64, 7, 2, ((1, 2), (0, 0)), (1, 2), padding_mode="reflect"),
        (224, 224),
    ),
    (STEM | {"input_size": ["H", 224]}, Conv(3, 64, 7, 2, 3), ("H", 224)),
    (STEM | {"input_size": "N"}, Conv(3, 64, 7, 2, 3), ("N",)),
    (STEM | {"input_size": 32}, Conv(3, 64, 7, 2, 3), (32,)),
    (STEM | {"padding_value": "1/3"}, Conv(3, 64, 7, 2, 3, padding_value=1 / 3), (224, 224)),
    (
        STEM | {"op": "conv_transpose", "output_padding": 1, "padding_mode": "zeros"},
        ConvTranspose(3, 64, 7, 2, 3, output_padding=1),
        (224, 224),
    ),
    (STEM | {"op": "max_conv", "bias": False}, MaxConv(3, 64, 7, 2, 3), (224, 224)),
    (POOL, MaxPool(3, 2), (8,)),
    (POOL | {"in_channels": 5, "out_channels": 5}, MaxPool(3, 2, channels=5), (8,)),
    (POOL | {"channels": 4, "ceil_mode": True}, MaxPool(3, 2, ceil_mode=True, channels=4), (8,)),
    (
        POOL | {"op": "avg_pool", "count_include_pad": False, "stride": None},
        AvgPool(3, 3, count_include_pad=False),
        (8,),
    ),
]


@pytest.mark.parametrize(("text", "layer", "size"), READ)
def test_a_layer_is_read(text: Layer, layer: Any, size: tuple[int | str, ...]) -> None:
    config = read_layer(text, "unnamed")
    expected = read_layer(text).layer if text.get("padding_value") == "1/3" else layer
    assert (config.layer, config.input_size) == (expected, size)
    assert config.name == text.get("name", "unnamed")


def test_a_fraction_stays_exact() -> None:
    layer = read_layer(STEM | {"padding_value": "1/3"}).layer
    assert isinstance(layer, Conv)
    assert layer.padding_value == Fraction(1, 3)
    assert layer_to_dict(layer)["padding_value"] == "1/3"


REFUSED = [
    ({}, "'op' is missing; write one of conv, conv_transpose, max_pool, avg_pool"),
    ({"op": "cnov"}, "got 'cnov'; did you mean 'conv'?"),
    ({"op": ["conv"]}, "got ['conv']"),
    (STEM | {"strid": 2}, "conv has no attribute 'strid'; did you mean 'stride'?"),
    (POOL | {"op": "avg_pool", "dilation": 1}, "avg_pool has no attribute 'dilation'; it has"),
    (POOL | {"bias": True}, "max_pool has no attribute 'bias'"),
    ({"op": "conv", "kernel_size": 3, "input_size": [8]}, "needs in_channels, out_channels"),
    ({k: v for k, v in STEM.items() if k != "input_size"}, "input_size is missing; give one"),
    (STEM | {"input_size": []}, "at least one spatial axis"),
    (STEM | {"input_size": [0, 4]}, "an integer of at least 1 or a name such as 'H', got 0"),
    (STEM | {"input_size": [8.0]}, "got 8.0"),
    (STEM | {"input_size": [True]}, "got True"),
    (STEM | {"input_size": ["2H"]}, "got '2H'"),
    (
        STEM | {"stride": [2, 2]} | {"input_size": [224]},
        "2 spatial axes, but input_size=[224] has 1",
    ),
    (STEM | {"stride": [2, 2]} | {"input_size": ["N"]}, "2 spatial axes, but input_size=['N']"),
    (STEM | {"input_size": [224, 0.5]}, "got 0.5"),
    (STEM | {"input_size": [1, 224], "padding": 0}, "no output position"),
    (STEM | {"stride": 2.0}, "stride must be an integer of at least 1"),
    (STEM | {"stride": "2"}, "stride must be an integer of at least 1"),
    (STEM | {"groups": 2}, "divisible by groups"),
    (STEM | {"bias": 1}, "bias must be true or false, got 1"),
    (POOL | {"ceil_mode": "yes"}, "ceil_mode must be true or false, got 'yes'"),
    (STEM | {"padding_value": "a"}, "padding_value must be a number or a fraction"),
    (STEM | {"padding_value": "1/0"}, "padding_value must be a number or a fraction"),
    (STEM | {"padding_value": True}, "padding_value must be a number or a fraction"),
    (STEM | {"op": "conv_transpose", "padding_mode": "reflect"}, "must be 'zeros', got 'reflect'"),
    (POOL | {"in_channels": 4, "out_channels": 5}, "a pooling keeps its channels, got in_ch"),
    (POOL | {"in_channels": 1, "out_channels": 1.0}, "a pooling keeps its channels, got in_ch"),
    (STEM | {"name": 7}, "name must be a string, got 7"),
    (STEM | {"output_size": [111, 112]}, "output_size=[111, 112] was stated, but input_size="),
    (STEM | {"output_size": [112, 112], "input_size": ["H", 4]}, "only beside a numeric input"),
    ([STEM], "a layer must be an object"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_wrong_is_said(text: Any, message: str) -> None:
    with pytest.raises(LayerError, match=re.escape(message)) as fault:
        read_layer(text)
    assert "\n" not in str(fault.value)


def test_a_fault_names_the_layer() -> None:
    with pytest.raises(LayerError, match=r"^layer 'stem': conv: in_channels must be divisible"):
        read_layer(STEM | {"groups": 2})
    with pytest.raises(LayerError, match=r"^layer 'layers\[3\]': max_pool: stride"):
        read_layer(POOL | {"stride": 0}, "layers[3]")


def test_a_stated_output_size_is_held() -> None:
    assert read_layer(STEM | {"output_size": [112, 112]}).output_size == (112, 112)


@given(text=layers())
def test_every_attribute_survives(text: Layer) -> None:
    """Read, and look at each attribute as it was written, one axis at a time."""
    config = read_layer(text)
    rank = len(text["input_size"])
    assert list(config.input_size) == text["input_size"]
    for name, value in text.items():
        if name in ("kernel_size", "stride", "dilation", "output_padding"):
            expected = tuple(value) if isinstance(value, list) else (value,) * rank
            assert config.windowed("a table").per_axis(name, rank) == expected
        elif name in ("groups", "bias", "padding_mode", "in_channels", "out_channels", "ceil_mode"):
            assert getattr(config.layer, name) == value
        elif name == "padding" and value != "valid":
            assert pads(config, rank) == written_pads(value, rank)


def pads(config: Config, rank: int) -> list[Any]:
    return list(config.windowed("a table").per_axis("padding", rank))


def written_pads(value: Any, rank: int) -> list[Any]:
    entries = value if isinstance(value, list) else [value] * rank
    return [(entry, entry) if isinstance(entry, int) else entry for entry in map(fixed, entries)]


def fixed(entry: Any) -> Any:
    return tuple(entry) if isinstance(entry, list) else entry


@given(text=layers())
def test_reading_inverts_writing(text: Layer) -> None:
    config = read_layer(text, "one")
    written = json.loads(json.dumps(config.to_dict()))
    again = read_layer(written)
    assert again.to_dict() == written
    assert again.name == "one"
    read = [found.windowed("a table") for found in (config, again)]
    one, other = (layer.windows(text["input_size"]) for layer in read)
    assert one == other
    assert again.layer.in_channels == config.layer.in_channels


@given(text=layers(), data=st.data())
def test_writing_spells_out_each_axis(text: Layer, data: st.DataObject) -> None:
    written = read_layer(text).to_dict()
    rank = len(text["input_size"])
    name = data.draw(st.sampled_from(["kernel_size", "stride"]))
    assert len(written[name]) == rank
    assert isinstance(written["padding"], str) or len(written["padding"]) == rank


def test_without_a_size_an_open_rank_stays_open() -> None:
    assert layer_to_dict(Conv(3, 4, kernel_size=3))["kernel_size"] == 3
    assert layer_to_dict(Conv(3, 4, kernel_size=(3, 3)))["stride"] == [1, 1]


def message_of(text: Any) -> str:
    """The fault of a layer, or nothing where it is read."""
    try:
        read_layer(text)
    except LayerError as fault:
        return str(fault)
    return ""


@given(text=layers(), value=json_values(), data=st.data())
def test_any_value_is_read_or_refused_in_one_line(
    text: Layer, value: Any, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from([*text, "output_size", "name", "nonsense"]))
    assert "\n" not in message_of(text | {key: value})


@given(value=json_values())
def test_any_document_is_refused_in_one_line(value: Any) -> None:
    message = message_of(value)
    assert message
    assert "\n" not in message
