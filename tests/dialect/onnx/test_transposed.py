"""Transposed convolutions whose output size is stated in one of many ways, as onnxruntime reads."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import convert_locally
from symconv.dialect.onnx.read import model_of
from symconv.errors import InputError
from symconv.models.check import check_loaded
from symconv.models.convert import convert
from tests.helpers.onnx_files import Array, file_of, node, random_weight, run_file
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

runtime: Any = require("onnxruntime")
onnx: Any = require("onnx")

SHAPES = (None, [9, 9], [12, 12], [8, 7], [11, 13], [14, 10])
ASKED = list(
    product(
        ("NOTSET", "SAME_UPPER", "SAME_LOWER"),
        SHAPES,
        (None, [1, 1], [1, 0]),
        ([2, 2], [3, 2]),
    )
)
FEEDS = {"x": random_weight(1, 2, 5, 5, seed=4)}


def transposed(auto: str, shape: Any, extra: Any, strides: Any) -> Any:
    asked = {"auto_pad": auto, "output_shape": shape, "output_padding": extra, "strides": strides}
    given = {key: value for key, value in asked.items() if value not in (None, "NOTSET")}
    conv = node("ConvTranspose", ["x", "w"], ["y"], **given)
    return file_of([conv], {"x": (1, 2, 5, 5)}, ["y"], {"w": random_weight(2, 3, 3, 2)})


def run(proto: Any) -> Array | None:
    """The output; None where the runtime refuses the file."""
    try:
        return run_file(proto, FEEDS)[0]
    except Exception:  # noqa: BLE001 - the library raises what its C++ core does
        return None


def test_they_are_converted_as_they_are_run() -> None:
    tally = Counter[str]()
    for asked in ASKED:
        try:
            proto = transposed(*asked)
        except Exception:  # noqa: BLE001, S112 - the checker refuses it
            continue
        if (wanted := run(proto)) is None:
            continue
        made = convert_locally(proto, bind(model_of(proto, "m")), free=False)
        if made.left:
            assert "output_padding" in made.left[0].reason, asked
            tally["left"] += 1
            continue
        found = run(made.proto)
        assert found is not None
        assert found.shape == wanted.shape, asked
        assert np.allclose(found, wanted, atol=1e-4), asked
        assert check_loaded(proto, made.proto, None, "pair").verdict == "proved", asked
        tally["converted"] += 1
    assert tally["converted"] > 50


def test_what_is_refuted_is_not_left_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from symconv.errors import InternalError
    from symconv.models import convert as module

    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(transposed("NOTSET", None, None, [2, 2]), str(source))

    def wrong(*given: Any, **options: Any) -> Any:
        made = convert_locally(*given, **options)
        last = made.proto.graph.node[-1]
        last.op_type = "Neg"
        return made

    monkeypatch.setattr(module, "convert_locally", wrong)
    with pytest.raises((InternalError, InputError)):
        convert(source, target)
    assert not target.exists()


@pytest.mark.parametrize(
    ("kernel", "more"),
    [
        ((3,), {"strides": [2]}),
        ((3, 4), {"strides": [2, 3]}),
        ((3, 3), {"strides": [1, 2], "group": 2}),
        ((2, 3), {"strides": [3, 2], "output_padding": [1, 0]}),
        ((3, 3), {"strides": [2, 2], "dilations": [2, 2]}),
        ((2, 2, 3), {"strides": [2, 1, 3], "pads": [0, 1, 0, 1, 0, 1]}),
    ],
)
def test_at_free_sizes_phases_are_put_together_axis_by_axis(
    kernel: tuple[int, ...], more: dict[str, Any]
) -> None:
    names = "HWD"[: len(kernel)]
    w = random_weight(4, 2, *kernel)
    conv = node("ConvTranspose", ["x", "w"], ["y"], **more)
    proto = file_of([conv], {"x": ("N", 4, *names)}, ["y"], {"w": w})
    size = (2, 4, *range(4, 4 + len(kernel)))
    made = convert_locally(proto, bind(model_of(proto, "m"), {"x": size}), free=True)
    assert not made.left
    for shape in (size, (1, 4, *(n + 3 for n in size[2:]))):
        feeds = {"x": random_weight(*shape, seed=1)}
        (wanted,), (found,) = run_file(proto, feeds), run_file(made.proto, feeds)
        assert found.shape == wanted.shape
        assert np.allclose(found, wanted, atol=1e-5)
        assert check_loaded(proto, made.proto, {"x": shape}, "pair").verdict == "proved"
