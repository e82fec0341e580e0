"""`evaluate` against plain loops over the formula; exactness, memory, and refusals."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sympy import symbols

from symconv.claim import read_claim
from symconv.errors import LayerError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxConv, MaxPool
from symconv.replay.layers import evaluate
from symconv.replay.run import run_claim
from tests.helpers.strategies import Case, any_case, conv_cases, examples, legal

Array = NDArray[Any]
NUMPY_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def plain_conv(case: Case, x: Array, w: Array, bias: Array, pads: Any) -> Array:
    """The formula in loops, over an input that NumPy has padded or sliced; no access table."""
    a, rank = case.attributes, len(case.size)
    strides, dilations, kernel = (
        a[n] if isinstance(a[n], tuple) else (a[n],) * rank
        for n in ("stride", "dilation", "kernel_size")
    )
    crop = tuple(
        slice(max(-lo, 0), n + min(hi, 0)) for n, (lo, hi) in zip(case.size, pads, strict=True)
    )
    grow = [(0, 0), *((max(lo, 0), max(hi, 0)) for lo, hi in pads)]
    value: dict[str, Any] = (
        {"constant_values": a["padding_value"]} if a["padding_mode"] == "zeros" else {}
    )
    mode: Any = NUMPY_MODES[a["padding_mode"]]
    signal: Array = np.pad(x[(slice(None), *crop)], grow, mode=mode, **value)
    sizes = [
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip(signal.shape[1:], dilations, kernel, strides, strict=True)
    ]
    y = np.zeros((a["out_channels"], *sizes), dtype=np.int64)
    share = a["in_channels"] // a["groups"]
    for m, c, *tap in product(range(len(y)), range(share), *map(range, kernel)):
        source = m // (len(y) // a["groups"]) * share + c
        for o in product(*map(range, sizes)):
            place = tuple(
                s * i + d * k for s, i, d, k in zip(strides, o, dilations, tap, strict=True)
            )
            y[(m, *o)] += w[(m, c, *tap)] * signal[(source, *place)]
    return y + bias.reshape(-1, *[1] * rank) if a["bias"] else y


def unmixed(case: Case) -> bool:
    """Pads by numbers, and no crop beside a pad that reads across it.

    NumPy pads what a crop has left; PyTorch's reflect and replicate still see what was cropped.
    """
    pads = case.attributes["padding"]
    mixed = case.attributes["padding_mode"] in ("reflect", "replicate")
    return not isinstance(pads, str) and not (mixed and any(min(pair) < 0 for pair in pads))


@examples(100)
@given(st.integers(1, 4).flatmap(lambda r: legal(conv_cases(r, 3)).filter(unmixed)), st.integers(0))
def test_convolution_is_its_formula_in_up_to_four_axes(case: Case, seed: int) -> None:
    x, w, bias = case.arrays(seed, batch=1)
    found = evaluate(case.layer(), x[0], w, bias if len(bias) else None)
    expected = plain_conv(case, x[0], w, bias, case.attributes["padding"])
    np.testing.assert_array_equal(found, expected)


@examples(60)
@given(any_case(), st.integers(0))
def test_a_batch_is_its_samples(case: Case, seed: int) -> None:
    x, w, bias = case.arrays(seed, batch=3)
    layer, rank = case.layer(), len(case.size)
    given_: dict[str, Any] = {
        "w": w if layer.weight_shape(rank) else None,
        "bias": bias if len(bias) else None,
        "rank": rank,
    }
    whole = evaluate(layer, x, **given_)
    assert whole.shape == (3, layer.out_channels, *layer.output_size(case.size))
    for sample, expected in zip(x, whole, strict=True):
        np.testing.assert_array_equal(evaluate(layer, sample, **given_), expected)


def test_max_conv_is_its_formula() -> None:
    layer = MaxConv(4, 6, (3, 2), stride=(2, 1), padding=1, groups=2)
    random = np.random.default_rng(1)
    x = random.integers(-99, 99, (4, 5, 4))
    live = random.integers(0, 2, (6, 2, 3, 2))
    live[0] = 0
    least = np.iinfo(x.dtype).min
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1)], constant_values=least)
    found = evaluate(layer, x, live)
    assert (found[0] == least).all()
    for m, i, j in np.ndindex(found.shape):
        window = padded[m // 3 * 2 : m // 3 * 2 + 2, 2 * i : 2 * i + 3, j : j + 2]
        assert found[m, i, j] == max([*window[live[m] != 0].tolist(), least])


def test_narrow_integers_do_not_wrap() -> None:
    x, w = np.full((1, 3), 100, dtype=np.int8), np.full((1, 1, 3), 100, dtype=np.int8)
    assert evaluate(Conv(1, 1, 3, bias=False), x, w).tolist() == [[30_000]]


@pytest.mark.parametrize("value", [2**30, 2**31, 2**40])
def test_wide_integers_do_not_wrap(value: int) -> None:
    x, w = np.array([[value, value]]), np.array([[[value, value]]])
    found = evaluate(Conv(1, 1, 2), x, w, np.array([2**62]))
    assert found.tolist() == [[2 * value**2 + 2**62]]
    assert found.dtype == (np.int64 if value == 2**30 else object)


def test_a_large_bias_does_not_wrap() -> None:
    x, w = np.array([[2**30, 2**30]]), np.array([[[2**30, 2**30]]])
    found = evaluate(Conv(1, 1, 2), x, w, np.array([2**63 - 1]))
    assert found.tolist() == [[2**61 + 2**63 - 1]]


def test_a_padding_value_cannot_wrap() -> None:
    layer = Conv(1, 1, 1, padding=1, bias=False, padding_value=2**62)
    assert evaluate(layer, [[1]], [[[4]]]).tolist() == [[2**64, 4, 2**64]]


def test_a_fractional_padding_value_is_exact() -> None:
    layer = Conv(1, 1, 1, padding=1, bias=False, padding_value=0.5)
    assert evaluate(layer, [[1]], [[[3]]]).tolist() == [[Fraction(3, 2), 3, Fraction(3, 2)]]
    assert evaluate(layer, [[1]], [[[3.0]]]).tolist() == [[1.5, 3, 1.5]]


def test_symbols_stay_symbols() -> None:
    a, b, c, u, v = symbols("a b c u v")
    x, w = np.array([[a, b, c]], dtype=object), np.array([[[u, v]]], dtype=object)
    assert evaluate(Conv(1, 1, 2, bias=False), x, w).tolist() == [[a * u + b * v, b * u + c * v]]


def test_an_average_of_integers_is_a_fraction() -> None:
    found = evaluate(AvgPool((3,), stride=1), [[1, 2, 2, 5]])
    assert found.tolist() == [[Fraction(5, 3), Fraction(3)]]
    assert evaluate(AvgPool((3,), stride=1), [[1.0, 2, 2]]).dtype == np.float64


def test_a_maximum_of_nothing_is_the_identity() -> None:
    layer = MaxPool((2,), stride=1, padding=1, dilation=2)
    assert evaluate(layer, [[5.0]]).tolist() == [[-np.inf]]
    assert evaluate(layer, np.array([[5]], dtype=np.int16)).tolist() == [[-(2**15)]]
    assert evaluate(layer, np.array([[5]], dtype=np.uint8)).tolist() == [[0]]


def test_memory_is_that_of_input_and_output() -> None:
    """The gathered windows of all taps would be 45 MB; one tap's are 0.2 MB."""
    layer = Conv(4, 4, 15, padding=7, bias=False)
    x, w = np.ones((4, 80, 80)), np.ones((4, 4, 15, 15))
    evaluate(layer, x, w)
    tracemalloc.start()
    evaluate(layer, x, w)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: evaluate(Conv(3, 4, 3), np.ones((2, 8, 8)), np.ones((4, 3, 3, 3))),
            r"conv: expected x of shape \(3, N1, N2\) or \(B, 3, N1, N2\), got \(2, 8, 8\)",
        ),
        (
            lambda: evaluate(Conv(3, 4, 3), np.ones((3, 8, 8)), np.ones((3, 4, 3, 3))),
            r"conv: expected a weight of shape \(4, 3, 3, 3\), got \(3, 4, 3, 3\)",
        ),
        (
            lambda: evaluate(ConvTranspose(3, 4, 3), np.ones((3, 8)), np.ones((4, 3, 3))),
            r"conv_transpose: expected a weight of shape \(3, 4, 3\), got \(4, 3, 3\)",
        ),
        (
            lambda: evaluate(Conv(3, 4, (3,)), np.ones((3, 8))),
            r"conv: expected a weight of shape \(4, 3, 3\), got none",
        ),
        (
            lambda: evaluate(Conv(3, 4, (3,)), np.ones((3, 8)), np.ones((4, 3, 3)), np.ones(3)),
            r"conv: expected a bias of shape \(4,\), got \(3,\)",
        ),
        (
            lambda: evaluate(MaxPool(3), np.ones((3, 8, 8))),
            r"max_pool: expected the number of spatial axes, got rank=None .* write kernel_size",
        ),
        (
            lambda: evaluate(MaxPool((3, 3)), np.ones((3, 8)), rank=1),
            r"max_pool: expected the number of spatial axes, got rank=1 for a layer of rank 2",
        ),
        (
            lambda: evaluate(MaxPool((3,), channels=2), np.ones((3, 8))),
            r"max_pool: expected x of shape \(2, N1\) or \(B, 2, N1\), got \(3, 8\)",
        ),
        (
            lambda: evaluate(AvgPool((3,)), np.ones((3, 8)), np.ones((3, 1, 3))),
            r"avg_pool: a pooling has no parameters, got w; leave it out",
        ),
        (
            lambda: evaluate(Conv(1, 1, 9), np.ones((1, 8)), np.ones((1, 1, 9))),
            r"conv, axis 0 of input_size=\[8\]: no output position",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        call()


def test_a_layer_without_a_bias_may_be_given_one() -> None:
    """As with ``torch.nn.functional``, the bias handed over is the bias added."""
    layer = Conv(1, 1, 1, bias=False)
    assert evaluate(layer, [[1]], [[[2]]], [3]).tolist() == [[5]]


def test_values_of_a_deep_chain_do_not_overflow() -> None:
    """Pads of arrays of Python numbers hold Python numbers, not 64 bits of them."""
    depth, size = 60, 3
    conv = {"op": "conv", "weight": "w", "padding": 1}
    text = {
        "input": {"channels": 1, "size": [size]},
        "weights": {"w": {"shape": [1, 1, 3]}},
        "left": [conv] * depth,
        "right": [conv] * depth,
    }
    ones = np.ones((1, size), dtype=object)
    found = run_claim(read_claim(text), "left", ones, {"w": np.ones((1, 1, 3), dtype=object)})
    matrix = [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    expected = [1, 1, 1]
    for _ in range(depth):
        expected = [sum(a * b for a, b in zip(row, expected, strict=True)) for row in matrix]
    assert found.tolist() == [expected]
    assert max(expected) > 2**63
