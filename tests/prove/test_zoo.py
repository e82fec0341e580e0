"""Every layer of real models, proved at its own size, with its recorded output size reproduced."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from symconv import prove
from symconv.claim.verdict import Certificate
from symconv.dialect.config import read_layer
from symconv.expand import destride
from symconv.prove.tables.decide import decide_by_tables
from symconv.size.names import axis_names
from symconv.size.text import evaluate

pytestmark = pytest.mark.once

ZOO = Path(__file__).parents[1] / "data" / "zoo.json.gz"


def test_every_layer_of_the_zoo_is_proved() -> None:
    layers = json.loads(gzip.decompress(ZOO.read_bytes()))["layers"]
    assert len(layers) == 12134
    for text in layers:
        recorded = text["output_size"]
        config = read_layer({key: value for key, value in text.items() if key != "output_size"})
        size = tuple(map(int, config.input_size))
        verdict = decide_by_tables(destride(config.layer, size).claim(text["name"]))
        assert isinstance(verdict, Certificate), text["name"]
        assert list(verdict.output_shape) == [text["out_channels"], *recorded], text["name"]


@pytest.mark.parametrize("every", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_layers_of_the_zoo_are_proved_for_all_sizes(every: int) -> None:
    """All of them in the slow tests; the layer's own size lies in the domain."""
    for text in json.loads(gzip.decompress(ZOO.read_bytes()))["layers"][::every]:
        config = read_layer({key: value for key, value in text.items() if key != "output_size"})
        names = axis_names(len(config.input_size))
        verdict = prove(config.layer, names)
        assert isinstance(verdict, Certificate), text["name"]
        own = dict(zip(names, map(int, config.input_size), strict=True))
        domain = verdict.facts[0].figures["domain"]
        assert domain == "all sizes" or evaluate(domain, own), text["name"]
