"""``symconv crosscheck``: layers, chains and claims, and one line for what cannot be done."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symconv.cli import main
from symconv.cli.crosschecks import BACKENDS as WRITTEN
from symconv.cli.crosschecks import DTYPES as WRITTEN_DTYPES
from symconv.crosscheck import BACKENDS, DTYPES, crosscheck
from symconv.crosscheck.observation import Compared
from symconv.errors import MissingTool, SymconvError, Unsupported
from symconv.layer import Conv, MaxPool
from tests.helpers.requirements import require

LAYER = "conv i2x9x8 o3 k5 s2 p2"
FLIPPED: dict[str, Any] = {
    "name": "flipped",
    "input": {"channels": 1, "size": [4]},
    "left": [{"op": "flip", "axes": [1]}],
    "right": [],
}
CHAIN = {
    "name": "chain",
    "network": [
        {"op": "conv", "in_channels": 1, "out_channels": 2, "kernel_size": 3, "stride": 2,
         "padding": 1, "input_size": [9]},
        {"op": "relu"},
        {"op": "conv", "out_channels": 1, "kernel_size": 3, "stride": 2, "padding": 1},
    ],
}  # fmt: skip


def asked(*words: str) -> tuple[int, Any]:
    """Exit status and printed object of a command."""
    found = CliRunner().invoke(main, ["crosscheck", *words, "--json"])
    return found.exit_code, json.loads(found.stdout)


def test_the_command_line_lists_what_there_is() -> None:
    assert set(WRITTEN) == set(BACKENDS)
    assert WRITTEN_DTYPES == DTYPES


def test_layers_chains_and_claims_are_observed(tmp_path: Path) -> None:
    require("torch")
    for name, text in (("claim.json", FLIPPED), ("chain.json", CHAIN)):
        (tmp_path / name).write_text(json.dumps(text))
    paths = [str(tmp_path / name) for name in ("claim.json", "chain.json")]
    code, printed = asked(LAYER, *paths, "--backend", "torch", "--gradients", "--seed", "3")
    assert code == 1
    layer, claim, network = printed["results"]
    assert claim["verdict"] == "refuted"
    assert "verdict" not in layer
    assert "verdict" not in network
    assert layer["observation"]["seed"] == 3
    assert len(layer["observation"]["compared"]) == 4
    assert network["observation"]["agrees"]


def test_rounding_mode_prints_its_bound() -> None:
    require("torch")
    told = ("--backend", "torch", "--mode", "rounding", "--dtype", "float32")
    code, printed = asked(LAYER, *told)
    seen = printed["results"][0]["observation"]
    assert code == 0
    assert seen["agrees"]
    assert seen["compared"][0]["of_bound"] < 1


def test_where_a_framework_contradicts_itself_nothing_is_refuted() -> None:
    from dataclasses import replace

    from symconv.cli.crosschecks import of_observation

    seen = crosscheck(Conv(1, 1, 3, 2, 1), (9,))
    wrong = (Compared("forward", False, False, 1.0, 1.0),)
    bad = replace(seen, equal=False, agrees=False, compared=wrong)
    assert of_observation("layer", bad)["verdict"] == "refuted"
    at_fault = of_observation("layer", replace(bad, fault="torch is at fault: ..."))
    assert (at_fault["verdict"], at_fault["reason"]) == ("undecided", "torch is at fault: ...")


REFUSED = [
    ({"mode": "fast"}, "mode must be one of exact, rounding, got 'fast'"),
    ({"dtype": "float8"}, "dtype must be one of float64, float32, tf32, float16, bfloat16, int8"),
    ({"dtype": "bfloat16"}, "the numpy backend computes in float64, float32, float16, int8"),
    ({"gradients": True}, "the numpy backend computes no gradients; use backend torch or jax"),
    ({"backend": "cupy"}, "backend must be one of"),
    ({"backend": "torch", "dtype": "tf32"}, "TF32 is a format of NVIDIA's GPUs"),
    ({"backend": "torch", "device": "cuda:99"}, "device 'cuda:99'"),
    ({"backend": "torch", "device": "xpu"}, "device 'xpu' was asked for, and PyTorch cannot use"),
    ({"backend": "torch", "device": "meta"}, "device 'meta' was asked for, and PyTorch cannot use"),
    ({"backend": "jax", "device": "cuda"}, "the jax backend runs on device 'cpu', got 'cuda'"),
    ({"backend": "onnxruntime", "device": "cuda", "dtype": "float32"}, "runs on device 'cpu'"),
    ({"backend": "onnxruntime"}, "the onnxruntime backend computes in float32, int8"),
]


@pytest.mark.parametrize(("told", "says"), REFUSED)
def test_what_cannot_be_asked_is_one_line(told: dict[str, Any], says: str) -> None:
    require(told.get("backend", "numpy") if told.get("backend") != "cupy" else "numpy")
    with pytest.raises(SymconvError, match=says) as found:
        crosscheck(Conv(1, 1, 3, 2, 1), (9,), **told)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("backend", "module", "says"),
    [
        ("torch", "torch", "needs PyTorch; install symconv[torch]"),
        ("jax", "jax", "needs JAX; install symconv[jax]"),
        ("onnxruntime", "onnxruntime", "needs onnxruntime; install it with: pip install"),
        ("onnxruntime", "onnx", "writes its models with onnx; install symconv[onnx]"),
    ],
)
def test_a_missing_framework_is_one_line_that_says_what_to_install(
    backend: str, module: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module == "onnx":
        require("onnxruntime")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingTool) as found:
        crosscheck(Conv(1, 1, 3, 2, 1), (9,), backend=backend)
    assert says in str(found.value)


def test_a_maximum_over_more_samples_than_a_dtype_has_numbers_has_no_one_gradient() -> None:
    require("torch")
    told: Any = {"backend": "torch", "dtype": "bfloat16"}
    with pytest.raises(Unsupported, match="cannot all differ in bfloat16"):
        crosscheck(MaxPool(2), (9_000,), gradients=True, **told)
    assert crosscheck(MaxPool(2), (9_000,), **told).equal


def test_jax_differentiates_as_pytorch_does() -> None:
    require("jax")
    layer = Conv(2, 3, kernel_size=5, stride=2, padding=((2, -1),))
    for mode, dtype in (("exact", "float32"), ("rounding", "bfloat16")):
        seen = crosscheck(layer, (9,), backend="jax", mode=mode, dtype=dtype, gradients=True)
        assert seen.agrees, seen.text()
        assert len(seen.compared) == 4
