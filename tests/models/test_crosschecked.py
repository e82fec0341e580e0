"""Model files run beside their forms without strides: near, and seen where they are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symconv.cli import main
from symconv.dialect.onnx.convert import convert_locally
from symconv.errors import Unsupported
from symconv.models import crosschecked
from symconv.models.crosschecked import crosscheck_model
from tests.helpers.onnx_files import file_of, node, random_weight
from tests.helpers.requirements import require

require("onnxruntime")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A small file with two strided nodes."""
    nodes = [
        node("Conv", ["x", "w"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["a"], ["b"]),
        node("MaxPool", ["b"], ["y"], kernel_shape=[3, 3], strides=[2, 2]),
    ]
    made = file_of(nodes, {"x": (1, 3, 17, 18)}, ["y"], {"w": random_weight(4, 3, 3, 3)})
    path = tmp_path / "small.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def asked(*words: str) -> tuple[int, Any]:
    """Exit status and printed object of a command."""
    found = CliRunner().invoke(main, ["crosscheck", *words, "--json"])
    return found.exit_code, json.loads(found.stdout)


def test_a_model_is_near_its_form_without_strides(written: Path) -> None:
    seen = crosscheck_model(written, seed=4)
    assert seen.agrees
    assert (seen.mode, seen.backend, seen.seed) == ("measured", "onnxruntime", 4)
    assert seen.note == "2 nodes without stride"
    assert [one.name for one in seen.compared] == ["output 'y'"]
    code, printed = asked(str(written))
    assert code == 0
    assert printed["results"][0]["observation"]["agrees"]


def test_a_wrong_form_is_seen(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(proto: Any, *given: Any, **told: Any) -> Any:
        other = type(proto)()
        other.CopyFrom(proto)
        pads = next(a for a in other.graph.node[0].attribute if a.name == "pads")
        pads.ints[:] = [0, 0, 2, 2]
        return convert_locally(other, *given, **told)

    monkeypatch.setattr(crosschecked, "convert_locally", shifted)
    assert crosscheck_model(written).refutes


def test_how_a_model_is_run_is_not_asked(written: Path, tmp_path: Path) -> None:
    code, printed = asked(str(written), "--mode", "exact")
    assert code == 2
    assert "is not for models" in printed["results"][0]["error"]
    other = tmp_path / "small.tflite"
    other.write_bytes(b"")
    with pytest.raises(Unsupported, match="runs ONNX files by onnxruntime"):
        crosscheck_model(other)
