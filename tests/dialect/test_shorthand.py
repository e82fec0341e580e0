"""The shorthand against the layer format it stands for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from symconv.dialect.config import Config, read_layer
from symconv.dialect.shorthand import parse_shorthand, read_shorthand, to_shorthand
from symconv.errors import LayerError
from tests.dialect.layers import Layer, layers

MEANING: dict[str, Layer] = {
    "conv i3x224x224 o64 k7 s2 p3": {
        "op": "conv",
        "in_channels": 3,
        "input_size": [224, 224],
        "out_channels": 64,
        "kernel_size": 7,
        "stride": 2,
        "padding": 3,
    },
    "conv i8xN o8 k7 d2 g8 b0 reflect p2:3": {
        "op": "conv",
        "in_channels": 8,
        "input_size": ["N"],
        "out_channels": 8,
        "kernel_size": 7,
        "dilation": 2,
        "groups": 8,
        "bias": False,
        "padding_mode": "reflect",
        "padding": [[2, 3]],
    },
    "conv i1x9x9 o1 k7x3 s2x1 p1:2x0 v-0.5 b1": {
        "op": "conv",
        "in_channels": 1,
        "input_size": [9, 9],
        "out_channels": 1,
        "kernel_size": [7, 3],
        "stride": [2, 1],
        "padding": [[1, 2], 0],
        "padding_value": -0.5,
        "bias": True,
    },
    "conv_transpose i1x9x9x9 o1 k3 s2 p-1:0 a1 nobias": {
        "op": "conv_transpose",
        "in_channels": 1,
        "input_size": [9, 9, 9],
        "out_channels": 1,
        "kernel_size": 3,
        "stride": 2,
        "padding": [[-1, 0], [-1, 0], [-1, 0]],
        "output_padding": 1,
        "bias": False,
    },
    "max_pool i64x112x112 k3 s2 psame_lower ceil": {
        "op": "max_pool",
        "in_channels": 64,
        "input_size": [112, 112],
        "kernel_size": 3,
        "stride": 2,
        "padding": "same_lower",
        "ceil_mode": True,
    },
    "avg_pool i64xHxW k3 exclude_pad": {
        "op": "avg_pool",
        "in_channels": 64,
        "input_size": ["H", "W"],
        "kernel_size": 3,
        "count_include_pad": False,
    },
}


@pytest.mark.parametrize(("text", "layer"), MEANING.items(), ids=list(MEANING))
def test_a_shorthand_means_its_layer(text: str, layer: Layer) -> None:
    assert parse_shorthand(text) == layer
    assert read_shorthand(f"  {text} ") == read_layer(layer, text)


REFUSED = {
    "conv i3x8x8 o64 k7 q2": "cannot read 'q2'; write a letter and its value, such as k7",
    "conv i3x8x8 o64 k7 reflct": "cannot read 'reflct'; did you mean 'reflect'?",
    "conv i3x8x8 o64 k7 kx": "cannot read 'kx'",
    "conv i3x8x8 o64 k7 k5": "kernel_size is given twice, the second time by 'k5'",
    "conv i3x8x8 o64 k7 nobias b1": "bias is given twice",
    "conv i3 o64 k7": "'i3' has no spatial size; write such as i3x224x224",
    "conv i3x o64 k7": "cannot read 'i3x'",
    "conv o64 k7 p1:2": "conv needs in_channels",
    "conv i3x8x8 k3": "conv needs out_channels",
    "conv i3x8x8 o4 k3 p1:2:3": "cannot read 'p1:2:3'",
    "conv i3x8x8 o4 k3 p1x1x1": "3 spatial axes, but input_size=[8, 8] has 2",
    "conv i3x8x8 o4 k3 b2": "cannot read 'b2'",
    "conv i3x8x8 o4 k3.5": "cannot read 'k3.5'",
    "conv i3x8x8 o4 k" + "9" * 5000: "cannot read",
    "conv i3x8x8 o4 k9": "no output position",
    "conv i3x8x8 o4 k3 vinf": "expected a finite number",
    "max_pool i3x8x8 k3 d2 o4": "a pooling keeps its channels",
    "cnov i3x8x8 o4 k3": "got 'cnov'; did you mean 'conv'?",
    "": "op must be one of",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items(), ids=[t[:30] for t in REFUSED])
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(LayerError, match=re.escape(message)) as fault:
        read_shorthand(text)
    assert "\n" not in str(fault.value)
    assert str(fault.value).startswith("layer ") or not text


def same(left: Config, right: Config) -> None:
    """Attribute for attribute, an axis at a time."""
    assert left.to_dict() | {"name": ""} == right.to_dict() | {"name": ""}


@given(text=layers())
@example(text=MEANING["conv_transpose i1x9x9x9 o1 k3 s2 p-1:0 a1 nobias"])
@example(text=MEANING["avg_pool i64xHxW k3 exclude_pad"])
def test_reading_inverts_writing(text: Layer) -> None:
    config = read_layer(text)
    written = to_shorthand(config)
    same(read_shorthand(written), config)
    assert to_shorthand(read_shorthand(written)) == written


LETTERS = st.text(alphabet="conviokspdgbax0123456789:.-/ rflect", max_size=30)


@given(words=st.one_of(LETTERS, LETTERS.map("conv i3x9x9 o4 k3 ".__add__), st.text(max_size=9)))
def test_any_text_is_read_or_refused(words: str) -> None:
    try:
        found: Any = read_shorthand(words)
    except LayerError:
        return
    assert isinstance(found, Config)
