"""What a proof for all sizes costs: with stride, dilation, the number of axes, and whole chains."""

from __future__ import annotations

from typing import Any

import islpy
import pytest

from symconv import prove
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, LatticeConv, MaxPool
from symconv.size.text import parse
from tests.helpers.networks import NETWORKS, everywhere

pytestmark = pytest.mark.once


def proved(layer: AnyLayer | LatticeConv) -> bool:
    return prove(layer).verdict == "proved"


@pytest.mark.benchmark(group="all sizes: stride")
@pytest.mark.parametrize("stride", [2, 8, 32, 64])
def test_stride(benchmark: Any, stride: int) -> None:
    assert benchmark(proved, Conv(3, 8, (7,), stride, 3))


@pytest.mark.benchmark(group="all sizes: dilation")
@pytest.mark.parametrize("dilation", [1, 4, 16])
def test_dilation(benchmark: Any, dilation: int) -> None:
    assert benchmark(proved, Conv(3, 8, (3,), 2, 1, dilation))


@pytest.mark.benchmark(group="all sizes: axes")
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_axes(benchmark: Any, axes: int) -> None:
    assert benchmark(proved, Conv(3, 8, (3,) * axes, 2, 1))


@pytest.mark.benchmark(group="all sizes: axes that differ")
@pytest.mark.parametrize("axes", [2, 3])
def test_axes_that_differ(benchmark: Any, axes: int) -> None:
    assert benchmark(proved, Conv(3, 8, (3, 5, 7)[:axes], (2, 3, 4)[:axes], 1))


@pytest.mark.benchmark(group="all sizes: axes")
def test_one_axis_with_nothing_kept(benchmark: Any) -> None:
    """As for a layer of a geometry that was never seen: the sizes are written anew."""

    def anew() -> bool:
        parse.cache_clear()
        return proved(Conv(3, 8, (3,), 2, 1))

    assert benchmark(anew)


@pytest.mark.benchmark(group="all sizes: axes")
def test_isl_alone(benchmark: Any) -> None:
    """One axis's two relations, as isl reads and compares them, without symconv."""
    strided = "[N] -> { [o, k] -> [i] : i = 2o + k - 1 and 0 <= k < 3 and 0 <= i < N and "
    strided += "0 <= 2o < N }"
    phases = "[N] -> { [o, k] -> [i] : exists (q, r, j : i = 2j + r and 0 <= r < 2 and j = o + q "
    phases += "- 1 and k + 1 = 2q + r) and 0 <= k < 3 and 0 <= i < N and 0 <= 2o < N }"
    assert benchmark(lambda: islpy.Map(strided).is_equal(islpy.Map(phases)))


LAYERS: dict[str, AnyLayer] = {
    "same": Conv(3, 8, (3, 3), 2, "same"),
    "reflect": Conv(3, 8, (3, 3), 2, 1, padding_mode="reflect"),
    "transposed": ConvTranspose(8, 4, (4, 4), 2, 1),
    "ceil": MaxPool((3, 3), 2, ceil_mode=True),
    "average": AvgPool((3, 3), 2, 1, count_include_pad=False),
}


@pytest.mark.benchmark(group="all sizes: kinds of layer")
@pytest.mark.parametrize("kind", LAYERS)
def test_kinds(benchmark: Any, kind: str) -> None:
    assert benchmark(proved, LAYERS[kind])


@pytest.mark.benchmark(group="all sizes: chains")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "VGG-16" else n for n in NETWORKS]
)
def test_chains(benchmark: Any, name: str) -> None:
    network = NETWORKS[name]()
    proof = benchmark.pedantic(everywhere, (network,), rounds=3, warmup_rounds=1)
    assert proof.verdict.verdict == "proved"


@pytest.mark.benchmark(group="all sizes: matrix strides")
@pytest.mark.parametrize("matrix", [((1, 1), (1, -1)), ((2, 0), (1, 3))])
def test_matrix_strides(benchmark: Any, matrix: tuple[tuple[int, ...], ...]) -> None:
    assert benchmark(proved, LatticeConv(3, 8, 3, matrix, padding=1))


@pytest.mark.benchmark(group="a size: matrix strides")
@pytest.mark.parametrize("size", [(16, 16), (64, 64), (224, 224)])
def test_a_matrix_stride_at_a_size(benchmark: Any, size: tuple[int, int]) -> None:
    layer = LatticeConv(3, 8, 3, ((1, 1), (1, -1)), padding=1)
    assert benchmark(lambda: prove(layer, size).verdict == "proved")
