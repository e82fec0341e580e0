"""What people paste, at the command line: as an argument, in a file, on standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import symconv
from symconv.cli import main

TORCH = "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))"
NODE = {"op_type": "Conv", "attributes": {"kernel_shape": [3, 3], "strides": [2, 2]}}
KERAS = {"class_name": "Conv2D", "config": {"filters": 2, "kernel_size": 3, "strides": 2}}
WINDOW = "window={size=3x3 stride=2x2 pad=0_0x0_0}"
OPTIONS = {"builtin_code": "MAX_POOL_2D", "padding": "VALID", "stride_w": 2, "stride_h": 2}
OPTIONS |= {"filter_width": 3, "filter_height": 3}
OURS = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "stride": 2}
PASTED: dict[str, Any] = {
    "torch": TORCH,
    "onnx": json.dumps(NODE),
    "protobuf": 'op_type: "Conv" attribute { name: "kernel_shape" ints: 3 ints: 3 }',
    "keras": json.dumps(KERAS),
    "hlo": WINDOW,
    "tflite": json.dumps(OPTIONS),
    "ours": json.dumps(OURS),
}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin, catch_exceptions=False)


@pytest.mark.parametrize("text", PASTED.values(), ids=list(PASTED))
def test_it_is_proved_wherever_it_stands(text: str, tmp_path: Path) -> None:
    file = tmp_path / "pasted.txt"
    file.write_text(text)
    for source, stdin in ((text, None), (str(file), None), ("-", text)):
        found = run("prove", source, "--size", "20x20", stdin=stdin)
        assert (found.exit_code, found.stdout[:6]) == (0, "proved"), found.output
    assert run("prove", text, "--size", "HxW").exit_code == 0
    assert run("show", text, "--size", "20x20").exit_code == 0


def test_without_a_size_it_says_what_to_do() -> None:
    for text in PASTED.values():
        found = run("prove", text)
        assert found.exit_code == 2
        assert "--size 224x224" in found.stderr
        assert found.stderr.count("\n") == 1


def test_in_python_no_size_means_all_of_them() -> None:
    for name in ("torch", "onnx", "keras", "hlo"):
        assert symconv.prove(PASTED[name]).sizes == "all"
        assert symconv.prove(PASTED[name], (20, 20)).sizes == "these"
    assert symconv.prove(NODE).sizes == symconv.prove(KERAS).sizes == "all"
    proof = symconv.prove(NODE, (20, 20))
    assert isinstance(proof, symconv.Certificate)
    assert proof.output_shape == (1, 9, 9)


def test_many_in_one_file(tmp_path: Path) -> None:
    items = [NODE, TORCH, KERAS, {"op_type": "Relu"}, OURS, "vgg-pool"]
    file = tmp_path / "many.json"
    file.write_text(json.dumps({"layers": items}))
    found = json.loads(run("prove", str(file), "--size", "20x20", "--json").stdout)
    verdicts = [result["verdict"] for result in found["results"]]
    assert verdicts == ["proved"] * 3 + ["error", "proved", "error"]
    assert "an ONNX node" in found["results"][3]["error"]
    assert "input_size=[224, 224] already" in found["results"][5]["error"]


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "another size": (("resnet50-stem", "--size", "9x9"), "has input_size=[224, 224] already"),
    "no size": ((TORCH, "--size", "9by9"), "expected --size 224x224"),
    "zero": ((TORCH, "--size", "0x9"), "expected --size 224x224"),
    "two sizes": ((TORCH, "--size", "9x9", "--size", "8x8"), "a layer has one input size"),
    "another rank": ((TORCH, "--size", "9"), "it has 2 spatial axes, but input_size=[9]"),
    "onnx's order": (
        (json.dumps({**OURS, "kernel_size": [3, 3], "padding": [2, 2, 3, 3]}), "--size", "9x9"),
        "has ONNX's order, all begins and then all ends; write [[2, 3], [2, 3]]",
    ),
    "onnx's word": (
        (json.dumps({**OURS, "padding": "SAME_UPPER"}), "--size", "9x9"),
        "SAME_UPPER is 'same' here",
    ),
    "a text": (("{'op': 1}",), "is not JSON"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_does_not_fit_is_refused_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    found = run("prove", *arguments)
    assert found.exit_code == 2
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_chain_takes_the_size_for_its_first_layer(tmp_path: Path) -> None:
    file = tmp_path / "chain.json"
    file.write_text(json.dumps({"network": [OURS, {"op": "relu"}, OURS]}))
    assert run("prove", str(file), "--size", "17x17").exit_code == 0
    assert "--size 224x224" in run("prove", str(file)).stderr
