"""The presets, and the real layers that they are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.dialect.presets import PRESETS, preset
from symconv.errors import LayerError

ZOO = Path(__file__).parents[1] / "data" / "zoo.json.gz"

NOT_IN_THE_ZOO = {
    "cyclegan-up",
    "dcgan-up",
    "efficientnet-b0-stem",
    "encodec-down",
    "hifigan-up",
    "segformer-patch",
    "stable-diffusion-down",
    "tf-same-k3-s2",
    "unet-up",
    "unet3d-pool",
    "unet3d-up",
    "wav2vec2-conv0",
    "whisper-conv2",
    "yolov5-stem",
}
"""Of neither torchvision nor timm, or with the padding that those do by hand."""

SIZES = {
    "cyclegan-up": (128, 128),
    "dcgan-up": (8, 8),
    "efficientnet-b0-stem": (112, 112),
    "encodec-down": (12000,),
    "hifigan-up": (256,),
    "segformer-patch": (128, 128),
    "stable-diffusion-down": (256, 256),
    "tf-same-k3-s2": (56, 56),
    "unet-up": (56, 56),
    "unet3d-pool": (64, 64, 56),
    "unet3d-up": (18, 18, 14),
    "wav2vec2-conv0": (3199,),
    "whisper-conv2": (1500,),
    "yolov5-stem": (320, 320),
}
"""What the papers and code bases say that these give."""


def shape(config: Config) -> str:
    """A layer but for its name."""
    return repr(config.to_dict() | {"name": ""})


@cache
def zoo() -> list[Config]:
    return [entry for entry in read_layers(ZOO) if isinstance(entry, Config)]


@pytest.mark.parametrize("name", sorted(set(PRESETS) - NOT_IN_THE_ZOO))
def test_a_preset_is_a_real_layer(name: str) -> None:
    assert shape(preset(name)) in {shape(config) for config in zoo()}


@pytest.mark.parametrize("name", sorted(NOT_IN_THE_ZOO))
def test_a_preset_gives_the_size_of_its_paper(name: str) -> None:
    assert preset(name).output_size == SIZES[name]


def test_every_preset_has_a_name_a_layer_and_a_source() -> None:
    for name, entry in PRESETS.items():
        assert preset(name).name == entry.name == name
        assert re.search(r"\b(19|20)\d\d, ", entry.source), name


def test_an_unknown_preset_is_named_with_a_near_one() -> None:
    with pytest.raises(LayerError, match="no preset 'vgg-poll'; did you mean 'vgg-pool'"):
        preset("vgg-poll")


def test_the_zoo_is_read_whole() -> None:
    assert len(read_layers(ZOO)) == len(zoo()) == 12134
    every = [config.windowed("a table") for config in zoo()]
    assert sum(max(layer.per_axis("stride", 1)) > 1 for layer in every) == 2858
