"""Transposed convolutions that ask for a size: less than they read, up to more than there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import convert_locally
from symconv.dialect.onnx.read import model_of
from symconv.models.convert import convert
from symconv.network.reading import read_model
from symconv.replay.layers import evaluate
from tests.helpers.onnx_files import Array, file_of, node, random_weight, run_file
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
require("onnxruntime")

X = random_weight(1, 2, 5, seed=4)
AUTOS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def run(proto: Any, x: Array) -> Array | None:
    """The output; None where the runtime refuses the file."""
    try:
        return run_file(proto, {"x": x})[0]
    except Exception:  # noqa: BLE001 - the library raises what its C++ core does
        return None


def asking(kernel: int, size: int, extra: int, **told: Any) -> tuple[Any, Array]:
    weight = random_weight(2, 1, kernel)
    given = {"output_shape": [size], "group": 2, **told}
    given |= {"output_padding": [extra]} if extra else {}
    asked = node("ConvTranspose", ["x", "w"], ["y"], **given)
    return file_of([asked], {"x": X.shape}, ["y"], {"w": weight}), weight


def ran() -> Iterator[tuple[Any, Any, Array, Array]]:
    """What is asked for and runs: the attributes, the file, the weight and the output."""
    steps = product(AUTOS, (1, 2, 3), (1, 2), (1, 2, 3), (0, 1), range(1, 17))
    for auto, stride, dilation, kernel, extra, size in steps:
        told = {"auto_pad": auto, "strides": [stride], "dilations": [dilation]}
        try:
            proto, weight = asking(kernel, size, extra, **told)
        except Exception:  # noqa: BLE001, S112 - the checker refuses it
            continue
        if (wanted := run(proto, X)) is not None:
            yield (told, kernel, size, extra), proto, weight, wanted


def test_they_are_read_and_converted_as_they_are_run() -> None:
    tally = Counter[str]()
    for asked, proto, weight, wanted in ran():
        bound = bind(model_of(proto, "m"))
        assert bound.shapes["y"] == wanted.shape, asked
        (rule,) = read_model(bound.model, bound.shapes, bound.values).rules
        made = convert_locally(proto, bound, free=False)
        if rule.why is not None:
            assert "more outputs than there are" in rule.why, asked
            assert asked[0]["strides"] == [1] or made.left[0].reason == rule.why, asked
            tally["disputed"] += 1
            continue
        assert rule.window is not None
        assert rule.window.layer is not None
        assert np.allclose(evaluate(rule.window.layer, X, weight), wanted, atol=1e-4), asked
        found = run(made.proto, X)
        assert found is not None, asked
        assert found.shape == wanted.shape, asked
        assert np.allclose(found, wanted, atol=1e-4), asked
        tally["less than it reads" if wanted.shape[2] < X.shape[2] else "more"] += 1
    assert len(tally) == 3
    assert 0 < tally["disputed"] < 30, tally
    assert min(tally["less than it reads"], tally["more"]) > 100, tally


@pytest.mark.parametrize("materialised", [False, True])
def test_a_size_below_the_input_s_on_one_axis_is_proved(tmp_path: Any, materialised: bool) -> None:
    told = {"strides": [2, 1], "kernel_shape": [1, 2], "group": 2, "output_shape": [1, 7]}
    asked = node("ConvTranspose", ["x", "w"], ["y"], auto_pad="SAME_UPPER", **told)
    proto = file_of([asked], {"x": (1, 4, 2, 7)}, ["y"], {"w": random_weight(4, 1, 1, 2)})
    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(proto, str(source))
    made = convert(source, target, materialised=materialised)
    assert made.check is not None
    assert made.check.verdict == "proved"
    x = random_weight(1, 4, 2, 7)
    wanted, found = run(proto, x), run(onnx.load(str(target)), x)
    assert wanted is not None
    assert found is not None
    assert np.array_equal(found, wanted)
