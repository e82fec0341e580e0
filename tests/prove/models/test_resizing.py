"""Nearest resizing: the samples that are read are onnxruntime's, and unequal ones are refuted."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv.models.check import check_loaded
from symconv.prove.models.resizing import PLACES, ROUNDINGS, samples
from tests.helpers.onnx_files import file_of, node, run_file
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

SIZES = [(n, n * r) for n in (1, 2, 5, 7) for r in (1, 2, 3, 4, 6)]
SIZES += [(out, n) for n, out in SIZES if n != out]


def resizing(size: int, out: int, *, by_scale: bool, **attributes: Any) -> Any:
    given = {"f": np.asarray([1, 1, out / size], np.float32), "n": np.asarray([1, 1, out])}
    read = ["x", "", "f"] if by_scale else ["x", "", "", "n"]
    return file_of(
        [node("Resize", read, ["y"], mode="nearest", **attributes)],
        {"x": (1, 1, size)},
        ["y"],
        {name: given[name] for name in read[2:] if name},
    )


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("mode", PLACES)
def test_samples_are_onnxruntime_s(mode: str, rounding: str) -> None:
    require("onnxruntime")
    how = {"coordinate_transformation_mode": mode, "nearest_mode": rounding}
    read = 0
    for (size, out), by_scale in product(SIZES, (True, False)):
        scale = float(np.float32(out / size)) if by_scale else None
        found = samples(size, out, scale, how)
        if found is None:
            continue
        proto = resizing(size, out, by_scale=by_scale, **how)
        (wanted,) = run_file(proto, {"x": np.arange(size, dtype=np.float32).reshape(1, 1, -1)})
        assert found == wanted.ravel().astype(int).tolist(), (size, out, by_scale)
        read += 1
    assert read >= (30 if mode != "align_corners" else 8)


def test_what_may_round_otherwise_is_not_read() -> None:
    half = {"coordinate_transformation_mode": "half_pixel"}
    assert samples(9, 3, None, {**half, "nearest_mode": "floor"}) is None
    assert samples(9, 3, None, half) == [1, 4, 7]
    assert samples(4, 2, 0.6, half) is None
    assert samples(4, 6, None, half) is None


def test_an_upsampling_is_its_tiles_and_not_others() -> None:
    require("onnxruntime")
    shape, tiles = np.asarray([1, 2, 3, 1, 4, 1]), np.asarray([1, 1, 1, 2, 1, 2])
    whole = np.asarray([1, 2, 6, 8])

    def tiled(tiles: Any) -> Any:
        nodes = [
            node("Reshape", ["x", "cut"], ["a"]),
            node("Tile", ["a", "tiles"], ["b"]),
            node("Reshape", ["b", "whole"], ["y"]),
        ]
        held = {"cut": shape, "tiles": tiles, "whole": whole}
        return file_of(nodes, {"x": (1, 2, 3, 4)}, ["y"], held)

    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    resized = file_of(
        [node("Resize", ["x", "", "f"], ["y"], mode="nearest", **how)],
        {"x": (1, 2, 3, 4)},
        ["y"],
        {"f": np.asarray([1, 1, 2, 2], np.float32)},
    )
    assert check_loaded(resized, tiled(tiles), None, "tiles").verdict == "proved"
    shifted = np.asarray([1, 1, 2, 1, 1, 2])
    assert check_loaded(resized, tiled(shifted), None, "tiles").verdict == "refuted"
