"""Model files run by onnxruntime: what both compute for one input, and how far it is apart.

An observation in floating point; it refutes where two models are farther apart than rounding can
explain, and never proves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.errors import InputError, MissingTool
from symconv.network.bound import Bound
from symconv.network.model import Array

FAR = 1e-3
"""Of a tensor's largest value: equal models were seen to differ by up to 2.3e-4 in float32."""

SLIGHT = 1e-5
"""Of an output's largest value: what a fault must leave there, where a tensor inside is far off."""

NEAR = 1e-4
"""Of the largest value of a tensor whose node reads equal ones: fused nodes differ by 5e-6."""

TIMES = 20
"""How many times farther apart two models must be than shaken tensors make one."""

Feeds = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Apart:
    """Where two tensors are farthest apart: the entry, both values, the difference in ulps.

    ``relative`` is the difference divided by the largest value of the tensor.
    """

    name: str
    index: tuple[int, ...]
    left: float
    right: float
    relative: float
    ulps: float


def runtime() -> Any:
    """Return onnxruntime.

    Raises:
        MissingTool: it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as fault:
        raise MissingTool(
            "running model files needs onnxruntime; install it with: pip install 'symconv[onnx]'"
        ) from fault
    return onnxruntime


def random_feeds(bound: Bound, seed: int, scale: float = 1.0) -> Feeds:
    """Random values for every input: normal ones times ``scale``, small integers, or booleans."""
    chance = np.random.default_rng(seed)
    return {
        port.name: _random(chance, bound.shapes[port.name], np.dtype(port.dtype), scale)
        for port in bound.model.inputs
    }


def _random(
    chance: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], scale: float
) -> Array:
    if dtype.kind == "f":
        return np.asarray(chance.standard_normal(shape) * scale, dtype)
    return np.asarray(chance.integers(0, 2 if dtype.kind == "b" else 4, shape), dtype)


def run_model(data: bytes, feeds: Mapping[str, Array], *, plain: bool = False) -> dict[str, Array]:
    """The outputs of a model by name; ``plain`` leaves its graph as it is.

    Raises:
        InputError: onnxruntime refuses the model or the input.
        MissingTool: onnxruntime is not installed.
    """
    ort = runtime()
    options = ort.SessionOptions()
    options.log_severity_level = 4
    if plain:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        given = {value.name: _fed(value, feeds) for value in session.get_inputs()}
        found = session.run(None, given)
    except Exception as fault:
        raise InputError(f"onnxruntime does not run the model: {fault}") from fault
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, found, strict=True))


def _fed(value: Any, feeds: Mapping[str, Array]) -> Array:
    """What an input is given; one that nothing reads, whatever fits."""
    if value.name in feeds:
        return feeds[value.name]
    shape = [n if isinstance(n, int) else 1 for n in value.shape]
    dtype = {"tensor(float)": "float32", "tensor(double)": "float64"}.get(value.type, "int64")
    return np.zeros(shape, dtype)


def farthest(name: str, left: Array, right: Array) -> Apart:
    """Where two arrays are farthest apart; a NaN beside a number, another shape is infinitely far.

    Integers and booleans, such as the place of a largest score, differ or not; how far they are
    apart is then the share of the entries that differ, as rounding may turn a few of many.
    """
    if left.shape != right.shape:
        return Apart(name, (), 0.0, 0.0, float("inf"), float("inf"))
    a, b = np.asarray(left, np.float64), np.asarray(right, np.float64)
    with np.errstate(invalid="ignore"):
        difference = np.where(a == b, 0.0, np.abs(a - b))
    difference = np.where(np.isnan(a) & np.isnan(b), 0.0, difference)
    difference = np.where(np.isnan(difference), np.inf, difference)
    if not difference.size:
        return Apart(name, (), 0.0, 0.0, 0.0, 0.0)
    index = np.unravel_index(int(difference.argmax()), difference.shape)
    largest = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    far = float(difference[index])
    kind = left.dtype if left.dtype.kind == "f" else np.dtype(np.float64)
    size = max(abs(float(a[index])), abs(float(b[index])), float(np.finfo(kind).tiny))
    unit = float(np.spacing(np.asarray(min(size, float(np.finfo(kind).max) / 2), kind)))
    relative = 0.0 if far == 0 else far / largest if largest else float("inf")
    if left.dtype.kind != "f":
        relative = float((difference > 0).mean())
    return Apart(
        name, tuple(map(int, index)), float(a[index]), float(b[index]), relative, far / unit
    )
