"""A model file and its stride-free equal, run by onnxruntime on the same input: an observation.

A whole model has no a-priori bound: functions of unknown rounding stand in it.  What both compute
is held against how far the original itself moves when every tensor is moved by two ulps, by the
rule that refutes two model files (`symconv.models.observed`).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from symconv.crosscheck.formats import FORMATS
from symconv.crosscheck.models import FAR, TIMES, Feeds, farthest, random_feeds, run_model, runtime
from symconv.crosscheck.observation import Compared, Observation
from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import convert_locally
from symconv.dialect.onnx.expose import shaken_inside
from symconv.dialect.onnx.load import load_onnx
from symconv.dialect.onnx.read import model_of
from symconv.errors import Unsupported
from symconv.network.bound import Bound, Sizes
from symconv.network.model import Array

MEASURED = "measured"
"""The mode of a model's observation: its bound is measured, not known beforehand."""

Outputs = dict[str, Array]


def crosscheck_model(path: str | Path, sizes: Sizes | None = None, *, seed: int = 0) -> Observation:
    """Run an ONNX file and its form without strides, and compare every output.

    Args:
        path: the file.
        sizes: dimensions of inputs, by their names.
        seed: of the random input.

    Raises:
        InputError: the file is not one, or a size does not fit it.
        MissingTool: onnxruntime or onnx is not installed.
        Unsupported: another kind of model file.
    """
    source = Path(path)
    if source.suffix.lower() != ".onnx":
        raise Unsupported(
            f"crosscheck runs ONNX files by onnxruntime, got {source.name!r}; export it to ONNX"
        )
    ort, proto = runtime(), load_onnx(source)
    bound = bind(model_of(proto, source.name), sizes)
    free = convert_locally(proto, bound, free=False)
    feeds = random_feeds(bound, seed)
    start = time.perf_counter()
    first = run_model(proto.SerializeToString(), feeds)
    between = time.perf_counter()
    second = run_model(free.proto.SerializeToString(), feeds)
    seconds = between - start, time.perf_counter() - between
    seen = _compared(first, second, _moved(proto, bound, feeds))
    strided = len(free.changes) - len(free.left)
    left = f", {len(free.left)} left as they are" if free.left else ""
    return _observation(ort, bound, seen, seed, seconds, f"{strided} nodes without stride{left}")


def _moved(proto: Any, bound: Bound, feeds: Feeds) -> dict[str, float]:
    """How far the original's outputs move when all its tensors do, in parts of the largest."""
    still = run_model(proto.SerializeToString(), feeds, plain=True)
    moved = run_model(shaken_inside(proto, bound).SerializeToString(), feeds, plain=True)
    return {
        name: farthest(name, still[name], moved[name]).relative
        for name in still
        if still[name].dtype != object
    }


def _compared(first: Outputs, second: Outputs, moved: dict[str, float]) -> list[Compared]:
    """Every output that holds numbers, held against what the original itself does."""
    found = []
    for name, far in moved.items():
        apart = farthest(name, first[name], second[name])
        room = max(FAR, TIMES * far)
        equal = first[name].shape == second[name].shape and bool(
            np.array_equal(first[name], second[name], equal_nan=first[name].dtype.kind == "f")
        )
        largest = abs(apart.left - apart.right) if np.isfinite(apart.relative) else None
        agrees = equal or apart.relative <= room
        told = largest, apart.ulps, apart.relative / room
        found.append(Compared(f"output {name!r}", equal, agrees, *told, index=apart.index))
    return found


def _observation(
    ort: Any,
    bound: Bound,
    seen: list[Compared],
    seed: int,
    seconds: tuple[float, float],
    note: str,
) -> Observation:
    if not seen:
        raise Unsupported("the model has no output that holds numbers; there is nothing to compare")
    model = bound.model
    return Observation(
        all(one.equal for one in seen),
        all(one.agrees for one in seen),
        seen[0].largest_difference,
        "onnxruntime's own operators",
        "onnxruntime",
        "cpu",
        {"onnxruntime": str(ort.__version__), "numpy": np.__version__},
        str(bound.dtypes.get(model.outputs[0], FORMATS["float32"].name)),
        tuple(bound.shapes[model.inputs[0].name]) if model.inputs else (),
        tuple(bound.shapes.get(model.outputs[0], ())),
        MEASURED,
        "held against what two ulps in every tensor of the original do",
        seed,
        tuple(seen),
        seconds,
        note,
    )
