"""Every source of layers: files, standard input, shorthands, presets; bad ones among good ones."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.dialect.chain import Chain
from symconv.dialect.config import Config, read_layer
from symconv.dialect.files import CertificateText, ClaimText, Entry, _read_document, read_layers
from symconv.dialect.pasted.base import Fault
from symconv.dialect.presets import preset
from symconv.errors import LayerError
from tests.dialect.layers import Layer, json_values, layers

STEM: Layer = {
    "op": "conv",
    "in_channels": 3,
    "out_channels": 64,
    "kernel_size": 7,
    "stride": 2,
    "padding": 3,
    "input_size": [224, 224],
}
CLAIM = {"input": {"channels": 1, "size": [4]}, "left": [], "right": []}
TOML = """
[[layers]]
name = "first"
op = "conv"
in_channels = 3
out_channels = 64
kernel_size = [7, 7]
stride = 2
padding = [[3, 3], [3, 3]]
input_size = [224, 224]

[[layers]]
op = "max_pool"
kernel_size = 3
input_size = ["H", "W"]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def given_file(name: str, value: Any) -> str:
    """Write a file (a value as JSON) and say its name."""
    Path(name).write_text(value if isinstance(value, str) else json.dumps(value))
    return name


def test_one_layer_is_named_after_its_file() -> None:
    assert read_layers(given_file("stem.json", STEM)) == [read_layer(STEM, "stem")]
    assert read_layers(Path("stem.json")) == [read_layer(STEM, "stem")]


def test_a_shorthand_and_a_preset() -> None:
    assert read_layers("resnet50-stem") == [preset("resnet50-stem")]
    (config,) = read_layers("conv i3x224x224 o64 k7 s2 p3")
    assert config == read_layer(STEM, "conv i3x224x224 o64 k7 s2 p3")


def test_a_file_goes_before_a_preset_of_its_name() -> None:
    (config,) = read_layers(given_file("resnet50-stem", STEM))
    assert config == read_layer(STEM, "resnet50-stem")
    assert config != preset("resnet50-stem")


def test_toml() -> None:
    first, second = read_layers(given_file("some.toml", TOML))
    assert first == read_layer(
        STEM | {"name": "first", "kernel_size": [7, 7], "padding": [[3, 3], [3, 3]]}
    )
    assert isinstance(second, Config)
    assert (second.name, second.input_size) == ("layers[1]", ("H", "W"))


def test_gzip() -> None:
    Path("stem.json.gz").write_bytes(gzip.compress(json.dumps(STEM).encode()))
    assert read_layers("stem.json.gz") == [read_layer(STEM, "stem")]


@pytest.mark.parametrize("text", [json.dumps({"layers": [STEM]}), TOML, json.dumps(STEM)])
def test_standard_input_by_how_it_begins(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    entry = read_layers("-")[0]
    assert isinstance(entry, Config)
    assert entry.output_size == (112, 112)


def test_lines_of_shorthand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("vgg-pool\n\nconv i1x9 o1 k3\nvgg-poll\n"))
    pool, conv, fault = read_layers("-")
    assert (pool, conv) == (preset("vgg-pool"), read_layers("conv i1x9 o1 k3")[0])
    assert fault == Fault("vgg-poll", "no preset 'vgg-poll'; did you mean 'vgg-pool'?")


def test_bad_ones_leave_the_others() -> None:
    items = [STEM, STEM | {"name": "bad", "stride": 0}, 7, "vgg-pool", STEM | {"name": "twice"}] * 2
    entries = read_layers(given_file("many.json", {"header": {}, "layers": items}))
    kinds = [Config, Fault, Fault, Config, Config]
    assert [type(entry) for entry in entries] == kinds * 2
    assert [entry.name for entry in entries[:5]] == [
        "layers[0]",
        "bad",
        "layers[2]",
        "vgg-pool",
        "twice",
    ]
    assert isinstance(entries[1], Fault)
    assert entries[1].message.startswith(
        "layer 'bad': conv: stride must be an integer of at least 1"
    )


def test_a_bare_list_holds_layers() -> None:
    assert read_layers(given_file("list.json", [STEM])) == [read_layer(STEM, "layers[0]")]


def test_a_network_is_a_chain() -> None:
    network = {"name": "net", "network": [STEM, {"op": "relu"}]}
    (chain,) = read_layers(given_file("one.json", network))
    assert isinstance(chain, Chain)
    assert (chain.name, len(chain.entries)) == ("net", 2)


def test_claims_stay_as_written() -> None:
    assert read_layers(given_file("one.json", CLAIM)) == [ClaimText("one", CLAIM)]
    many = {"claims": [CLAIM | {"name": "a"}, CLAIM, 3]}
    assert read_layers(given_file("many.json", many)) == [
        ClaimText("a", CLAIM | {"name": "a"}),
        ClaimText("claims[1]", CLAIM),
        Fault("claims[2]", "claims[2]: a claim must be an object, got 3"),
    ]


def test_parts_may_stand_together() -> None:
    both = given_file("both.json", {"layers": [STEM], "claims": [CLAIM]})
    assert [type(entry) for entry in read_layers(both)] == [Config, ClaimText]


REFUSED: dict[str, tuple[str, str, str]] = {
    "not JSON": ("a.json", '{"op": ', "a.json is not JSON: Expecting value: line 1"),
    "not TOML": ("a.toml", "op = ", "a.toml is not TOML: Invalid value"),
    "the same key twice": ("a.json", '{"op": "conv", "op": "conv"}', "holds the key 'op' twice"),
    "too deep": ("a.json", "[" * 10**5, "a.json is nested too deeply"),
    "too long a number": ("a.json", "[" + "9" * 5000 + "]", "a.json is not JSON: Exceeds"),
    "a number": ("a.json", "7", "a.json must hold an object, got 7"),
    "an unknown part": ("a.json", '{"layer": []}', "holds 'layer'; did you mean 'layers'?"),
    "a part misspelt beside another": (
        "a.json",
        '{"layers": [], "netwrok": []}',
        "holds 'netwrok'; did you mean 'network'?",
    ),
    "nothing": ("a.json", "{}", "a.json holds no layer"),
    "no text": ("a.txt", "\n", "a.txt holds no layer"),
    "an empty list": ("a.json", '{"layers": []}', "a.json holds no layer"),
    "no list": ("a.json", '{"layers": {"op": "conv"}}', "'layers' must be a list"),
    "one bad layer": ("a.json", '{"op": "conv"}', "layer 'a': conv needs in_channels"),
}


@pytest.mark.parametrize(("name", "text", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_read_is_said(name: str, text: str, message: str) -> None:
    with pytest.raises(LayerError, match=re.escape(message)) as fault:
        read_layers(given_file(name, text))
    assert "\n" not in str(fault.value)


def test_bytes_that_are_no_text() -> None:
    Path("model.onnx").write_bytes(b"\x08\xff\x00")
    with pytest.raises(LayerError, match=r"model\.onnx is not text; layers come as JSON or TOML"):
        read_layers("model.onnx")
    for broken in (b"no gzip at all", gzip.compress(b"{}")[:-3]):
        Path("a.json.gz").write_bytes(broken)
        with pytest.raises(LayerError, match=r"a\.json\.gz cannot be read"):
            read_layers("a.json.gz")


def test_a_folder_is_no_file() -> None:
    with pytest.raises(LayerError, match=r"\. cannot be read: Is a directory"):
        read_layers(".")


ABSENT = [
    (
        "resnet50-stm",
        "no file and no preset of the name 'resnet50-stm'; did you mean 'resnet50-stem'?",
    ),
    ("laers.json", "did you mean 'layers.json'?"),
    ("qqqqqqqq", "no file and no preset of the name 'qqqqqqqq'"),
    ("no/such/folder.json", "no file and no preset"),
    ("cnov i3x8x8 o4 k3", "op must be one of conv, conv_transpose, max_pool, avg_pool"),
    ("my layers.json", "no file and no preset of the name 'my layers.json'"),
    ("", "no file and no preset"),
    ("long/" * 2000, "no file and no preset"),
    ("nul\0/byte", "no file and no preset"),
]


@pytest.mark.parametrize(("source", "message"), ABSENT)
def test_what_does_not_exist_is_said(source: str, message: str) -> None:
    given_file("layers.json", STEM)
    with pytest.raises(LayerError, match=re.escape(message)) as fault:
        read_layers(source)
    assert "\n" not in str(fault.value)


@given(items=st.lists(st.one_of(layers(), json_values()), min_size=1, max_size=6))
def test_each_item_gives_one_entry(items: list[Any]) -> None:
    found = entries_of({"layers": items})
    assert [isinstance(entry, Config) for entry in found] == list(map(is_layer, items))


@given(document=json_values())
def test_any_document_is_refused_in_one_line(document: Any) -> None:
    try:
        found = entries_of(document)
    except LayerError as fault:
        message = str(fault)
        if "\n" in message:
            raise
        return
    # What has sides is a claim, whatever they are, and what has a digest a certificate: others read
    # these, and refuse them.
    assert all(isinstance(entry, Fault | ClaimText | CertificateText) for entry in found)


def entries_of(document: Any) -> list[Entry]:
    return _read_document(document, "somewhere")


def is_layer(item: Any) -> bool:
    try:
        read_layer(item)
    except LayerError:
        return False
    return True
