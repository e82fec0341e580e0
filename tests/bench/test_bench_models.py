"""What whole models cost: proved on phases, converted, and checked against what was written.

Peers: onnx's own checker with shape inference, and one run of the model by onnxruntime.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.load import load_onnx
from symconv.models.check import check_models
from symconv.models.convert import convert
from symconv.models.prove import prove_model
from tests.helpers.model_files import MODELS, NETWORKS, named_file, sizes_of

pytestmark = pytest.mark.once


@pytest.mark.benchmark(group="models: proved, the form on phases")
@pytest.mark.parametrize("name", [*MODELS, *NETWORKS])
def test_proved(benchmark: Any, name: str) -> None:
    path, sizes = named_file(name), sizes_of(name)
    proof = benchmark.pedantic(prove_model, (path, sizes), rounds=3, warmup_rounds=1)
    assert proof.verdict.verdict == "proved"


@pytest.mark.slow
@pytest.mark.benchmark(group="models: a local form written, read back and proved")
@pytest.mark.parametrize("name", [*MODELS, *NETWORKS])
def test_converted(benchmark: Any, name: str, tmp_path: Path) -> None:
    path, sizes = named_file(name), sizes_of(name)
    done = benchmark.pedantic(
        convert, (path, tmp_path / "new.onnx", sizes or None), rounds=2, warmup_rounds=1
    )
    assert done.check is not None
    assert done.check.verdict == "proved"


@pytest.mark.slow
@pytest.mark.benchmark(group="models: a file checked against itself")
@pytest.mark.parametrize("name", [*MODELS, *NETWORKS])
def test_checked(benchmark: Any, name: str) -> None:
    path, sizes = named_file(name), sizes_of(name)
    found = benchmark.pedantic(check_models, (path, path, sizes), rounds=3, warmup_rounds=1)
    assert found.verdict == "proved"


@pytest.mark.benchmark(group="models: peers on ResNet-50")
def test_checker_of_onnx(benchmark: Any) -> None:
    onnx = pytest.importorskip("onnx")
    proto = load_onnx(named_file("light_resnet50"))
    benchmark.pedantic(lambda: onnx.shape_inference.infer_shapes(proto, strict_mode=True), rounds=3)


@pytest.mark.benchmark(group="models: peers on ResNet-50")
def test_one_run_by_onnxruntime(benchmark: Any) -> None:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        str(named_file("light_resnet50")), providers=["CPUExecutionProvider"]
    )
    x = np.zeros((1, 3, 224, 224), np.float32)
    benchmark.pedantic(
        session.run, (None, {session.get_inputs()[0].name: x}), rounds=3, warmup_rounds=1
    )
