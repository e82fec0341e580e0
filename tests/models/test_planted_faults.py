"""Faults planted in converted files: none is proved that changes a number, each node is named."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import convert_locally
from symconv.dialect.onnx.read import model_of
from symconv.errors import InputError
from symconv.models.check import check_loaded
from symconv.models.observed import Shown
from tests.helpers.onnx_files import relative_difference, run_file
from tests.helpers.real_models import MODELS, RealModel
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
require("onnxruntime")

Array = np.ndarray[Any, Any]
Plant = Callable[["Spoilt", random.Random], str | None]

STRIDED = [model for model in MODELS if model.name != "swift_f0"]

SEEN = 1e-5
"""What an input that is shown makes of outputs; rounding, of sums in another order, 1e-6 of it."""

QUICK = ("unet_transposed_2d", "wav2vec2_audio_1d", "mobilenetv2_035")


@dataclass
class Spoilt:
    """A converted file to plant a fault in; ``shapes`` are those of the original's tensors."""

    proto: Any
    shapes: dict[str, tuple[int, ...]]

    def __post_init__(self) -> None:
        self.held = {t.name: t for t in self.proto.graph.initializer}
        self.held |= {
            n.output[0]: n.attribute[0].t
            for n in self.proto.graph.node
            if n.op_type == "Constant" and n.attribute[0].HasField("t")
        }

    def made(self, op: str, what: str) -> list[Any]:
        """The nodes that the conversion made, by their operator and name."""
        nodes = self.proto.graph.node
        return [n for n in nodes if n.op_type == op and f"/{what}" in n.output[0]]

    def numbers(self, name: str) -> Array:
        return np.array(onnx.numpy_helper.to_array(self.held[name]))

    def put(self, name: str, array: Array) -> None:
        self.held[name].CopyFrom(onnx.numpy_helper.from_array(array, self.held[name].name))


def _pads_moved(file: Spoilt, rng: random.Random, *, of_weight: bool) -> str | None:
    """One of the pads of a signal or of a kernel moved to the other side."""
    found = [n for n in file.made("Pad", "pad") if (n.input[0] in file.held) == of_weight]
    node = rng.choice(found) if found and len(found[0].input) > 1 else None
    if node is None:
        return None
    pads = file.numbers(node.input[1])
    one = rng.choice(np.flatnonzero(pads).tolist())
    pads[one] -= 1
    pads[(one + len(pads) // 2) % len(pads)] += 1
    file.put(node.input[1], pads)
    return str(node.name)


def pad(file: Spoilt, rng: random.Random) -> str | None:
    return _pads_moved(file, rng, of_weight=False)


def slot(file: Spoilt, rng: random.Random) -> str | None:
    return _pads_moved(file, rng, of_weight=True)


def order_of_a_kernel(file: Spoilt, rng: random.Random) -> str | None:
    found = [n for n in file.made("Transpose", "transpose") if len(n.attribute[0].ints) == 6]
    if not found:
        return None
    node = rng.choice(found)
    order = list(node.attribute[0].ints)
    a, b = order.index(3), order.index(5)
    order[a], order[b] = order[b], order[a]
    node.attribute[0].ints[:] = order
    return str(node.name)


def phases(file: Spoilt, rng: random.Random) -> str | None:
    found = file.made("Concat", "concat")
    if not found:
        return None
    node = rng.choice(found)
    i, j = rng.sample(range(len(node.input)), 2)
    node.input[i], node.input[j] = node.input[j], node.input[i]
    return str(node.name)


def first_of_a_phase(file: Spoilt, rng: random.Random) -> str | None:
    """A phase that begins one sample later; the ends are left alone."""
    found = [n for n in file.made("Slice", "slice") if len(n.input) == 5]
    found = [n for n in found if file.numbers(n.input[4])[0] > 1]
    if not found:
        return None
    node = rng.choice(found)
    start = file.numbers(node.input[1])
    file.put(node.input[1], start + (1 if start[0] == 0 else -1))
    return str(node.name)


def order_of_channels(file: Spoilt, rng: random.Random) -> str | None:
    found = file.made("Gather", "gather")
    if not found:
        return None
    node = rng.choice(found)
    order = file.numbers(node.input[1])
    i, j = rng.sample(range(len(order)), 2)
    order[[i, j]] = order[[j, i]]
    file.put(node.input[1], order)
    return str(node.name)


def skip(file: Spoilt, rng: random.Random) -> str | None:
    """A sum that reads another signal of the same shape."""
    seen: list[str] = []
    found = []
    for node in file.proto.graph.node:
        if node.op_type in ("Add", "Sum", "Mul") and len(node.input) == 2:
            wanted = file.shapes.get(node.input[1])
            other = [n for n in seen if file.shapes[n] == wanted and n not in node.input]
            if node.input[1] in seen and other:
                found.append((node, rng.choice(other)))
        seen += [name for name in node.output if name in file.shapes]
    if not found:
        return None
    node, name = rng.choice(found)
    node.input[1] = name
    return str(node.name)


def bias(file: Spoilt, rng: random.Random) -> str | None:
    found = [n for n in file.proto.graph.node if n.op_type == "Conv" and len(n.input) > 2]
    names = sorted({n.input[2] for n in found} & set(file.held))
    pairs = [(n, b) for n in found for b in names if _differ(file, n.input[2], b)]
    if not pairs:
        return None
    node, name = rng.choice(pairs)
    node.input[2] = name
    return str(node.name)


def _differ(file: Spoilt, one: str, other: str) -> bool:
    if one not in file.held or file.held[one].dims != file.held[other].dims:
        return False
    return not np.array_equal(file.numbers(one), file.numbers(other))


def function(file: Spoilt, rng: random.Random) -> str | None:
    ops = ("Relu", "Sigmoid", "Clip", "Erf", "PRelu")
    found = [n for n in file.proto.graph.node if n.op_type in ops]
    if not found:
        return None
    node = rng.choice(found)
    node.op_type = "Tanh"
    del node.attribute[:], node.input[1:]
    return str(node.name)


def weight(file: Spoilt, rng: random.Random) -> str | None:
    """Two entries of a weight that have changed places."""
    names = [n for n, t in sorted(file.held.items()) if t.data_type == 1 and np.prod(t.dims) > 8]
    name: str = rng.choice(names)
    array = file.numbers(name)
    i, j = rng.sample(range(array.size), 2)
    array.flat[i], array.flat[j] = array.flat[j], array.flat[i]
    file.put(name, array)
    return name


PLANTS: list[Plant] = [
    *(pad, slot, order_of_a_kernel, phases, first_of_a_phase, order_of_channels),
    *(skip, bias, function, weight),
]


@cache
def converted(name: str) -> tuple[Any, Any, dict[str, tuple[int, ...]]]:
    model = next(m for m in MODELS if m.name == name)
    proto = model.load()
    bound = bind(model_of(proto, model.name), model.sizes)
    made = convert_locally(proto, bound, free=False).proto
    return proto, made, dict(bound.shapes)


def planted(model: RealModel, plant: Plant, seed: int) -> tuple[str, Any] | None:
    _, made, shapes = converted(model.name)
    copy = onnx.ModelProto()
    copy.CopyFrom(made)
    what = plant(Spoilt(copy, shapes), random.Random(seed))
    return None if what is None else (what, copy)


def settled(model: RealModel, what: str, spoilt: Any) -> str:
    """The verdict on a fault, after what has to hold of it has been looked at."""
    original = converted(model.name)[0]
    try:
        check = check_loaded(original, spoilt, model.sizes, model.name)
    except InputError as fault:
        assert "does not fit" in str(fault)  # noqa: PT017
        return "refused"
    if check.verdict != "refuted":  # a fault that is none, such as phases along one sample
        feeds = model.feeds(model.sizes)
        left, right = run_file(original, feeds), run_file(spoilt, feeds)
        assert relative_difference(left, right) < 1e-4, what
        return "harmless" if check.verdict == "proved" else "unseen"
    assert check.parting is not None, what
    assert check.shown is not None
    assert is_seen(original, spoilt, check.shown), what
    return check.verdict


def is_seen(original: Any, spoilt: Any, shown: Shown) -> bool:
    """Whether the input that is shown makes the outputs differ, with the files' own weights."""
    left, right = run_file(original, shown.feeds), run_file(spoilt, shown.feeds)
    if shown.weights or [a.shape for a in left] != [b.shape for b in right]:
        return True
    return relative_difference(left, right) > SEEN


def tally(model: RealModel, seeds: range) -> Counter[str]:
    found = Counter[str]()
    for plant in PLANTS:
        for seed in seeds:
            if (one := planted(model, plant, seed)) is not None:
                found[settled(model, *one)] += 1
    return found


@pytest.mark.parametrize("model", [m for m in STRIDED if m.name in QUICK], ids=lambda m: m.name)
def test_no_planted_fault_is_proved(model: RealModel) -> None:
    found = tally(model, range(1))
    assert found["refuted"] + found["refused"] >= 5, found
    assert found["unseen"] == 0, found


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [m for m in MODELS if m.sizes is None or "audio" not in m.sizes], ids=lambda m: m.name
)
def test_no_planted_fault_is_proved_in_any_file(model: RealModel) -> None:
    found = tally(model, range(2))
    assert found["refuted"] + found["refused"] >= 2 * found["unseen"], found
