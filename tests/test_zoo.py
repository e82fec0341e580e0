"""Every layer of real models, proved at its own size, with its recorded output size reproduced."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from symconv.destride import destride
from symconv.dialect.config import read_layer
from symconv.prove.concrete import settle
from symconv.verdict import Certificate

ZOO = Path(__file__).parent / "data" / "zoo.json.gz"


def test_every_layer_of_the_zoo_is_proved() -> None:
    layers = json.loads(gzip.decompress(ZOO.read_bytes()))["layers"]
    assert len(layers) == 12134
    for text in layers:
        recorded = text["output_size"]
        config = read_layer({key: value for key, value in text.items() if key != "output_size"})
        size = tuple(map(int, config.input_size))
        verdict = settle(destride(config.layer, size).claim(text["name"]))
        assert isinstance(verdict, Certificate), text["name"]
        assert list(verdict.output_shape) == [text["out_channels"], *recorded], text["name"]
