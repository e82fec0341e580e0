"""Layers against PyTorch: the same values exactly, and the same refusals.

Data are small integers, so that sums in double precision are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.layer import AvgPool, Conv, ConvTranspose, Layer, MaxPool
from symconv.replay.layers import evaluate
from tests.helpers.strategies import (
    Case,
    conv_cases,
    conv_transpose_cases,
    examples,
    legal,
    pool_cases,
)
from tests.helpers.torch_layers import (
    Array,
    torch_avg_pool,
    torch_conv,
    torch_conv_native,
    torch_conv_transpose,
    torch_conv_transpose_native,
    torch_max_pool,
    torch_pool_native,
)

SEEDS = st.integers(0, 2**32 - 1)


def evaluated(case: Case, x: Array, w: Array, bias: Array) -> Array:
    """What symconv says, on exact integers."""
    layer = case.layer()
    weight = w if layer.weight_shape(len(case.size)) else None
    offset = bias if len(bias) else None
    return evaluate(layer, x, weight, offset, rank=len(case.size))


def check_conv(case: Case, seed: int) -> None:
    x, w, bias = case.arrays(seed)
    found = evaluated(case, x, w, bias)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, torch_conv(case, x, w, bias))
    native = torch_conv_native(case, x, w, bias)
    if native is not None:
        np.testing.assert_array_equal(found, native)


@examples(600)
@given(legal(conv_cases()), SEEDS)
def test_convolution_is_torchs(case: Case, seed: int) -> None:
    check_conv(case, seed)


def check_conv_transpose(case: Case, seed: int) -> None:
    x, w, bias = case.arrays(seed)
    found = evaluated(case, x, w, bias)
    np.testing.assert_array_equal(found, torch_conv_transpose(case, x, w, bias))
    native = torch_conv_transpose_native(case, x, w, bias)
    if native is not None:
        np.testing.assert_array_equal(found, native)


@examples(500)
@given(legal(conv_transpose_cases()), SEEDS)
def test_transposed_convolution_is_torchs(case: Case, seed: int) -> None:
    check_conv_transpose(case, seed)


def check_max_pool(case: Case, seed: int) -> None:
    x, w, bias = case.arrays(seed)
    found = evaluated(case, x.astype(np.float64), w, bias)
    np.testing.assert_array_equal(found, torch_max_pool(case, x))
    native = torch_pool_native(case, x)
    if native is not None:
        np.testing.assert_array_equal(found, native)
    integers = evaluated(case, x, w, bias)
    silent = np.isneginf(found)
    assert integers.dtype == x.dtype
    np.testing.assert_array_equal(integers[~silent], found[~silent])
    assert np.all(integers[silent] == np.iinfo(x.dtype).min)


@examples(500)
@given(legal(pool_cases("max_pool")), SEEDS)
def test_max_pooling_is_torchs(case: Case, seed: int) -> None:
    check_max_pool(case, seed)


def check_avg_pool(case: Case, seed: int) -> None:
    x, w, bias = case.arrays(seed)
    fractions = evaluated(case, x, w, bias)
    found = evaluated(case, x.astype(np.float64), w, bias)
    np.testing.assert_array_equal(fractions.astype(np.float64), found)
    np.testing.assert_array_equal(found, torch_avg_pool(case, x))
    native = torch_pool_native(case, x)
    if native is not None:
        np.testing.assert_array_equal(found, native)


@examples(500)
@given(legal(pool_cases("avg_pool")), SEEDS)
def test_average_pooling_is_torchs(case: Case, seed: int) -> None:
    check_avg_pool(case, seed)


@pytest.mark.slow
@examples(6000)
@given(
    st.one_of(
        legal(conv_cases(largest_kernel=8)),
        legal(conv_transpose_cases()),
        legal(pool_cases("max_pool")),
        legal(pool_cases("avg_pool")),
    ),
    SEEDS,
)
def test_every_layer_is_torchs_at_length(case: Case, seed: int) -> None:
    {
        "conv": check_conv,
        "conv_transpose": check_conv_transpose,
        "max_pool": check_max_pool,
        "avg_pool": check_avg_pool,
    }[case.op](case, seed)


def shifted(layer: Layer) -> Layer:
    """A wrong reading of a layer, to see the comparison fail."""
    wrong: dict[type[Layer], Callable[[], Layer]] = {
        Conv: lambda: Conv(1, 1, 3, stride=2, padding=((0, 2),), bias=False),
        ConvTranspose: lambda: ConvTranspose(1, 1, 3, stride=2, padding=((0, 2),), bias=False),
        MaxPool: lambda: MaxPool((3,), stride=2, padding=((0, 1),)),
        AvgPool: lambda: AvgPool((3,), stride=2, padding=1, count_include_pad=False),
    }
    return wrong[type(layer)]()


@pytest.mark.parametrize(
    "case",
    [
        Case("conv", {"in_channels": 1, "out_channels": 1, "kernel_size": 3}, (7,)),
        Case("conv_transpose", {"in_channels": 1, "out_channels": 1, "kernel_size": 3}, (4,)),
        Case("max_pool", {"kernel_size": (3,)}, (7,)),
        Case("avg_pool", {"kernel_size": (3,)}, (7,)),
    ],
    ids=lambda case: case.op,
)
def test_a_planted_fault_is_seen(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pad at the wrong end, or a count without the pads, fails the comparison."""
    base = {"stride": (2,), "padding": ((1, 1),)}
    extras: dict[str, dict[str, Any]] = {
        "conv": {"dilation": 1, "groups": 1, "padding_mode": "zeros", "padding_value": 0},
        "conv_transpose": {"dilation": 1, "groups": 1, "output_padding": 0},
        "max_pool": {"dilation": (1,), "ceil_mode": False, "channels": 1},
        "avg_pool": {"count_include_pad": True, "ceil_mode": False, "channels": 1},
    }
    bias = {"bias": False} if case.op.startswith("conv") else {}
    full = Case(case.op, {**case.attributes, **base, **extras[case.op], **bias}, case.size)
    check = {
        "conv": check_conv,
        "conv_transpose": check_conv_transpose,
        "max_pool": check_max_pool,
        "avg_pool": check_avg_pool,
    }[case.op]
    check(full, seed=0)
    wrong = shifted(full.layer())
    monkeypatch.setattr(Case, "layer", lambda self: wrong)
    with pytest.raises(AssertionError):
        check(full, seed=0)
