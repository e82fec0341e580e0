"""Poolings of every window: what a runtime runs is read, and what is written it runs alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import Conversion, convert_locally
from symconv.dialect.onnx.read import model_of
from symconv.models.check import check_loaded
from tests.helpers.onnx_files import (
    Array,
    file_of,
    graph,
    node,
    random_weight,
    run_file,
    value,
)
from tests.helpers.onnx_windows import POOLS, Asked, windows
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")
require("onnxruntime")

SIZES = (2, 7)


def run(proto: Any, x: Array) -> Array | None:
    """The output; None where the runtime refuses the file."""
    try:
        return run_file(proto, {"x": x})[0]
    except Exception:  # noqa: BLE001 - the library raises what its C++ core does
        return None


def ran(op: str) -> Iterator[tuple[Asked, int, Any, Array, Array]]:
    """Strided poolings that give an output, with what they read and made."""
    for asked, size in product(windows((op,)), SIZES):
        if asked.attributes["strides"] == [1]:
            continue
        proto, x = asked.file(size), random_weight(1, 1, size, seed=size)
        made = run(proto, x)
        if made is not None and made.size:
            yield asked, size, proto, x, made


def converted(proto: Any) -> Conversion:
    return convert_locally(proto, bind(model_of(proto, "m")), free=False)


def assert_alike(proto: Any, conversion: Conversion, x: Array, where: object) -> None:
    wanted, found = run(proto, x), run(conversion.proto, x)
    assert wanted is not None, where
    assert found is not None, where
    assert found.shape == wanted.shape, where
    assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5, equal_nan=True), where


@pytest.mark.parametrize("op", POOLS)
def test_what_runs_is_read_and_what_is_written_runs_alike(op: str) -> None:
    tally = Counter[str]()
    for asked, size, proto, x, _ in ran(op):
        conversion = converted(proto)
        if conversion.left:
            tally[conversion.left[0].reason.partition(" beside ")[0]] += 1
            continue
        assert_alike(proto, conversion, x, (asked, size))
        tally["converted"] += 1
    disputed = sum(n for why, n in tally.items() if why.startswith("readers make two things"))
    averaged = sum(n for why, n in tally.items() if why.startswith("an average whose window"))
    assert tally.total() == tally["converted"] + disputed + averaged, tally
    assert tally["converted"] > 3 * disputed > 100, tally
    assert bool(averaged) == (op == "AveragePool"), tally


HANGING = [
    ([2], [3], [2], [7]),
    ([2], [2], [4], [6]),
    ([3], [4], [3], [8]),
    ([2, 2], [1, 3], [1, 2], [8, 7]),
    ([2, 3, 2], [3, 2, 1], [2, 3, 1], [7, 8, 3]),
]
"""Kernels, strides, dilations and sizes at which a last window hangs over by a kernel or more."""


def hanging(op: str, window: Any, **more: Any) -> Any:
    kernel, strides, dilations, size = window
    told = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "ceil_mode": 1}
    return file_of([node(op, ["x"], ["y"], **told, **more)], {"x": (1, 2, *size)}, ["y"], opset=22)


@pytest.mark.parametrize("window", HANGING)
@pytest.mark.parametrize("op", ["MaxPool", "LpPool"])
def test_a_window_that_hangs_over_by_its_kernel_is_converted(op: str, window: Any) -> None:
    proto, x = hanging(op, window), random_weight(1, 2, *window[-1])
    conversion = converted(proto)
    assert not conversion.left
    assert_alike(proto, conversion, x, window)
    assert check_loaded(proto, conversion.proto, None, "pair").verdict == "proved"


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("window", HANGING)
def test_so_are_maxima_of_whole_numbers(dtype: str, window: Any) -> None:
    kernel, strides, dilations, size = window
    told = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "ceil_mode": 1}
    ports = [value("x", (1, 2, *size), dtype)]
    made = graph([node("MaxPool", ["x"], ["y"], **told)], ports, [value("y", None, dtype)])
    proto = onnx.helper.make_model(
        made, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8
    )
    x = np.random.default_rng(3).integers(-100, 0, (1, 2, *size)).astype(dtype)
    conversion = converted(proto)
    assert not conversion.left
    assert_alike(proto, conversion, x, window)


@pytest.mark.parametrize("counts", [0, 1])
def test_an_average_that_hangs_over_by_its_kernel_is_refused_in_a_line(counts: int) -> None:
    conversion = converted(hanging("AveragePool", HANGING[0], count_include_pad=counts))
    assert "hangs over by 2 samples" in conversion.left[0].reason
    assert "\n" not in conversion.left[0].reason


@pytest.mark.parametrize("more", [{}, {"ceil_mode": 1}, {"auto_pad": "SAME_UPPER"}])
@pytest.mark.parametrize("strides", [[2], [2, 1], [2, 2]])
def test_maxima_of_one_value_are_proved(strides: list[int], more: Any) -> None:
    told = {"kernel_shape": [1] * len(strides), "strides": strides, **more}
    size = (7,) * len(strides)
    proto = file_of([node("MaxPool", ["x"], ["y"], **told)], {"x": (1, 2, *size)}, ["y"])
    conversion = converted(proto)
    x = random_weight(1, 2, *size)
    x.flat[:6] = (-np.inf, np.nan, np.inf) * 2
    assert_alike(proto, conversion, x, told)
    assert check_loaded(proto, conversion.proto, None, "pair").verdict == "proved"
