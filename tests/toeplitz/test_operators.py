"""SymPy operators: what they do to a vector, how they are built, and what they refuse."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sympy import QQ, ZZ, Rational, SparseMatrix, Symbol, expand, ring, symbols

from symconv.errors import FactorError, LayerError, SymconvError, TooLarge
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxConv, MaxPool
from symconv.replay.layers import evaluate
from symconv.toeplitz import (
    AffineOperator,
    Gather,
    LinearOperator,
    Toeplitz,
    gather_operator,
    nested_gather,
    phase_operator,
    toeplitz,
    weight_symbols,
)
from symconv.toeplitz.entries import Entries
from symconv.toeplitz.operators import Explicit
from tests.helpers.requirements import require
from tests.helpers.strategies import (
    Case,
    conv_cases,
    conv_transpose_cases,
    examples,
    legal,
    pool_cases,
)

Array = NDArray[Any]
SEEDS = st.integers(0, 2**32 - 1)
LINEAR = st.one_of(
    legal(conv_cases(largest_kernel=3)),
    legal(conv_transpose_cases()),
    legal(pool_cases("avg_pool")),
)
SMALL_LINEAR = LINEAR.filter(lambda case: prod(case.size) * case.channels <= 60)


def dense(operator: LinearOperator | AffineOperator) -> Array:
    """The whole matrix, as Python numbers and SymPy terms."""
    return np.array(operator.as_matrix().tolist(), dtype=object).reshape(operator.shape)


def given_operator(case: Case, seed: int) -> tuple[AffineOperator, Array, Array]:
    """A case's operator for integer weights, an input, and what `evaluate` makes of it."""
    x, w, bias = case.arrays(seed, batch=1)
    layer, rank = case.layer(), len(case.size)
    weight = w if layer.weight_shape(rank) else None
    offset = bias if len(bias) else None
    y = evaluate(layer, x[0], weight, offset, rank=rank)
    return toeplitz(layer, case.size, weight, offset), x[0].ravel(), y.ravel()


@examples(200)
@given(LINEAR, SEEDS)
def test_the_operator_is_the_layer(case: Case, seed: int) -> None:
    operator, x, y = given_operator(case, seed)
    assert operator.shape == (len(y), len(x))
    assert operator(x).tolist() == y.tolist()


@examples(60)
@given(SMALL_LINEAR, SEEDS)
def test_every_way_to_write_it_out_agrees(case: Case, seed: int) -> None:
    operator, x, y = given_operator(case, seed)
    matrix, offset = dense(operator), dense(operator.offset)
    assert (matrix @ x.astype(object) + offset[:, 0]).tolist() == y.tolist()
    assert operator.domain_matrix().domain in (ZZ, QQ)
    assert operator.domain_matrix().to_Matrix() == operator.as_matrix()
    assert dense(operator.T).tolist() == matrix.T.tolist()


@examples(40)
@given(SMALL_LINEAR, SEEDS)
def test_the_factors_multiply_to_the_operator(case: Case, seed: int) -> None:
    """By SymPy's own product of the factors' matrices."""
    operator, _, _ = given_operator(case, seed)
    whole = operator.factors[0].domain_matrix(QQ)
    for factor in operator.factors[1:]:
        whole = whole * factor.domain_matrix(QQ)
    assert whole == operator.domain_matrix(QQ)


@examples(30)
@given(SMALL_LINEAR, SEEDS)
def test_the_symbolic_operator_is_the_layer_on_symbols(case: Case, seed: int) -> None:
    layer, rank = case.layer(), len(case.size)
    shape = layer.weight_shape(rank)
    x = np.array(symbols(f"x:{layer.in_channels * prod(case.size)}"), dtype=object)
    w = None if shape is None else weight_symbols(shape)
    bias = weight_symbols((layer.out_channels,), "b") if getattr(layer, "bias", False) else None
    y = evaluate(layer, x.reshape(-1, *case.size), w, bias, rank=rank)
    operator = toeplitz(layer, case.size)
    found = operator.as_matrix() * SparseMatrix(list(x)) + operator.offset.as_matrix()
    assert [expand(a - b) for a, b in zip(found, y.ravel(), strict=True)] == [0] * y.size


def is_toeplitz(matrix: Array) -> bool:
    """Whether the matrix (or array of blocks) is constant along its diagonals."""
    return bool(np.all(matrix[1:, 1:] == matrix[:-1, :-1]))


def blocks(matrix: Array, rows: tuple[int, ...], columns: tuple[int, ...]) -> Array:
    """Axes ``(m, v_1, ..., v_D, c, s_1, ..., s_D)``."""
    return matrix.reshape(*rows, *columns)


def test_one_axis_is_a_toeplitz_matrix() -> None:
    operator = toeplitz(Conv(1, 1, 3, padding=1, dilation=2, bias=False), (7,))
    a, b, c = weight_symbols((1, 1, 3)).ravel()
    assert is_toeplitz(dense(operator))
    assert dense(operator)[2].tolist() == [0, a, 0, b, 0, c, 0]


def test_two_axes_are_toeplitz_blocks_in_a_block_toeplitz_matrix() -> None:
    (valid,) = toeplitz(Conv(2, 2, (2, 3), bias=False), (3, 4)).factors
    whole = blocks(dense(valid), (2, 2, 2), (2, 3, 4))
    for m, c in product(range(2), range(2)):
        part = whole[m, :, :, c]
        assert is_toeplitz(np.moveaxis(part, 1, 2))
        assert all(is_toeplitz(part[i, :, j]) for i, j in product(range(2), range(3)))


def test_three_axes_are_nested_toeplitz() -> None:
    (valid,) = toeplitz(Conv(1, 1, (2, 2, 2), bias=False), (3, 3, 3)).factors
    whole = blocks(dense(valid), (2, 2, 2), (3, 3, 3))
    for axis in range(3):
        order = (axis, axis + 3, *(a for a in range(6) if a not in (axis, axis + 3)))
        assert is_toeplitz(whole.transpose(order))


def test_groups_are_block_diagonal() -> None:
    whole = dense(toeplitz(Conv(4, 4, 2, groups=2, bias=False), (3,)))
    assert not whole[:4, 6:].any()
    assert not whole[4:, :6].any()
    assert whole[:4, :6].any(axis=1).all()
    assert whole[4:, 6:].any(axis=1).all()


def test_a_stride_selects_rows_of_the_stride_1_operator() -> None:
    strided = toeplitz(Conv(2, 3, 3, stride=(2, 3), padding=1), (5, 7))
    whole = toeplitz(Conv(2, 3, 3, padding=1), (5, 7))
    subsample = strided.factors[0]
    assert isinstance(subsample, Gather)
    assert [factor.shape for factor in strided.factors[1:]] == [f.shape for f in whole.factors]
    kept = blocks(dense(whole), (3, 5, 7), (2 * 5 * 7,))[:, ::2, ::3]
    assert dense(strided).tolist() == kept.reshape(-1, 70).tolist()
    assert not is_toeplitz(dense(toeplitz(Conv(1, 1, 3, stride=2, bias=False), (9,))))


@pytest.mark.parametrize(
    ("mode", "read"),
    [
        ("zeros", [-1, -1, 0, 1, 2, 3, -1]),
        ("reflect", [2, 1, 0, 1, 2, 3, 2]),
        ("replicate", [0, 0, 0, 1, 2, 3, 3]),
        ("circular", [2, 3, 0, 1, 2, 3, 0]),
    ],
)
def test_a_boundary_is_a_gather(mode: Any, read: list[int]) -> None:
    layer = Conv(1, 1, 3, padding=((2, 1),), padding_mode=mode, bias=False)
    valid, boundary = toeplitz(layer, (4,)).factors
    assert isinstance(valid, Toeplitz)
    assert isinstance(boundary, Gather)
    assert boundary.index.tolist() == read


def test_a_transposed_convolution_inserts_zeros_and_flips() -> None:
    layer = ConvTranspose(1, 1, 2, stride=3, bias=False)
    valid, pads, zeros = toeplitz(layer, (2,)).factors
    a, b = weight_symbols((1, 1, 2)).ravel()
    assert isinstance(zeros, Gather)
    assert zeros.index.tolist() == [0, -1, -1, 1]
    assert pads.shape == (6, 4)
    assert dense(valid)[0].tolist() == [b, a, 0, 0, 0, 0]
    assert dense(toeplitz(layer, (2,))).T.tolist() == [[a, b, 0, 0, 0], [0, 0, 0, a, b]]


@examples(80)
@given(
    legal(conv_cases(largest_kernel=3)).filter(lambda c: c.attributes["padding_mode"] == "zeros")
)
def test_the_transpose_is_the_transposed_convolution(case: Case) -> None:
    layer, operator, adjoint = adjoint_of(case)
    w = weight_symbols(layer.weight_shape(len(case.size)))
    transposed = toeplitz(adjoint, layer.output_size(case.size), w)
    assert transposed.domain_matrix() == operator.T.domain_matrix()


def adjoint_of(case: Case) -> tuple[Any, AffineOperator, ConvTranspose]:
    """The layer, its operator, and the transposed convolution with the same weight."""
    layer, rank = case.layer(), len(case.size)
    windows = layer.windows(case.size)
    left_over = tuple((w.padded_size - w.span) % w.stride for w in windows)
    adjoint = ConvTranspose(
        layer.out_channels,
        layer.in_channels,
        layer.kernel_size,
        layer.stride,
        tuple((w.lo, w.hi) for w in windows),
        left_over,
        layer.groups,
        bias=False,
        dilation=layer.dilation,
    )
    return layer, toeplitz(layer, case.size, weight_symbols(layer.weight_shape(rank))), adjoint


def test_the_transpose_is_torchs_gradient() -> None:
    torch = require("torch")
    random = np.random.default_rng(3)
    w, y = random.integers(-9, 9, (4, 2, 3, 2)), random.integers(-9, 9, (4, 3, 4))
    layer = Conv(4, 4, (3, 2), stride=2, padding=1, groups=2, bias=False)
    x = torch.zeros((1, 4, 5, 6), dtype=torch.float64, requires_grad=True)
    z = torch.nn.functional.conv2d(x, torch.tensor(w).double(), None, 2, 1, 1, 2)
    z.backward(torch.tensor(y).double()[None])
    operator = toeplitz(layer, (5, 6), w)
    assert operator.shape == (4 * 3 * 4, 4 * 5 * 6)
    assert operator.T(y.ravel()).tolist() == x.grad.numpy().ravel().tolist()


def test_a_padding_value_is_in_the_offset() -> None:
    operator = toeplitz(Conv(1, 1, 2, padding=((2, 0),), padding_value=3), (2,))
    a, b = weight_symbols((1, 1, 2)).ravel()
    bias = Symbol("b_{0}")
    assert operator.bias == (bias,)
    assert list(operator.offset.as_matrix()) == [bias + 3 * a + 3 * b, bias + 3 * a, bias]
    half = toeplitz(Conv(1, 1, 1, padding=1, padding_value=0.5, bias=False), (1,))
    weight = Symbol("w_{0,0,0}")
    assert list(half.offset.as_matrix()) == [weight / 2, 0, weight / 2]


def test_affine_operators_compose_with_their_offsets() -> None:
    first = toeplitz(Conv(1, 2, 2, padding=1), (3,), bias=symbols("c:2"))
    second = toeplitz(Conv(2, 1, 3, stride=2, padding=1), (4,), weight_symbols((1, 2, 3), "v"))
    x = symbols("x:3")
    found, expected = (second @ first)(x), second(first(x))
    assert [expand(a - b) for a, b in zip(found, expected, strict=True)] == [0, 0]
    rows = gather_operator([1, -1], columns=2)
    assert (rows @ second)(first(x)).tolist() == [expected[1], 0]
    columns = gather_operator([2, 0, 1], columns=3)
    assert (first @ columns)(x).tolist() == first([x[2], x[0], x[1]]).tolist()


def test_ring_elements_are_shared_not_copied() -> None:
    polynomials, *generators = ring("a,b,c", ZZ)
    weight = np.array(generators, dtype=object).reshape(1, 1, 3)
    matrix = toeplitz(Conv(1, 1, 3, bias=False), (9,), weight).domain_matrix()
    assert matrix.domain == polynomials.to_domain()
    elements = {id(value) for row in matrix.to_dod().values() for value in row.values()}
    assert elements == {id(generator) for generator in generators}


def test_equal_places_add_up_and_zeros_vanish() -> None:
    layer = Conv(1, 1, 3, padding=1, padding_mode="replicate", bias=False)
    a, b, c = symbols("a b c")
    whole = toeplitz(layer, (2,), [[[a, b, c]]])
    assert whole.as_matrix() == SparseMatrix([[a + b, c], [a, b + c]])
    none = toeplitz(layer, (2,), [[[-b, b, c]]])
    assert none.as_matrix() == SparseMatrix([[0, c], [-b, b + c]])
    assert none.domain_matrix().nnz() == 3
    assert toeplitz(layer, (2,), [[[0, b, 0]]]).domain_matrix().nnz() == 2


def random_operator(random: np.random.Generator, rows: int, columns: int) -> Explicit:
    """Entries at random places, some twice."""
    count = int(random.integers(0, 12))
    places = (random.integers(0, rows, count), random.integers(0, columns, count))
    palette = (1, -1, Symbol("p"), Rational(1, 2))
    return Explicit(Entries((rows, columns), *places, random.integers(0, 4, count), palette))


@examples(100)
@given(SEEDS)
def test_products_and_sums_are_sympys(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random_operator(random, 4, 3), random_operator(random, 3, 5)
    c = random_operator(random, 4, 5)
    gather = gather_operator(random.integers(-1, 4, 6), columns=4)
    found = (gather @ (a @ b + c)).as_matrix()
    expected = gather.as_matrix() * (a.as_matrix() * b.as_matrix() + c.as_matrix())
    assert (found - expected).expand() == SparseMatrix.zeros(6, 5)
    rows = random.integers(-1, 5, 7)
    picked = Explicit((a @ b).T.entries(rows)).as_matrix()
    transposed = (a.as_matrix() * b.as_matrix()).T
    for place, row in enumerate(rows):
        line = transposed[int(row), :] if row >= 0 else SparseMatrix.zeros(1, 4)
        assert (picked[place, :] - line).expand() == SparseMatrix.zeros(1, 4)


def test_an_average_pooling_is_stochastic() -> None:
    layer = AvgPool(3, stride=2, padding=1, count_include_pad=False, channels=2)
    operator = toeplitz(layer, (5, 4))
    assert [factor.symbol for factor in operator.factors] == ["D", "S", "T(1)", "B"]
    assert set(operator.as_matrix() * SparseMatrix([1] * 40)) == {1}
    assert operator.domain_matrix().domain == QQ


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: toeplitz(MaxPool((2,)), (4,)), LayerError, "max_pool: a maximum is no linear map"),
        (lambda: toeplitz(MaxConv(1, 1, 2), (4,)), LayerError, "max_conv: a maximum is no linear"),
        (lambda: toeplitz(Conv(1, 1, 5), (4,)), LayerError, "no output position"),
        (
            lambda: toeplitz(Conv(1, 1, 2), (4,), np.ones((1, 2))),
            LayerError,
            r"expected a weight of shape \(1, 1, 2\), got \(1, 2\)",
        ),
        (
            lambda: toeplitz(Conv(1, 1, 2), (4,), bias=[1, 2]),
            LayerError,
            r"expected a bias of shape \(1,\), got \(2,\)",
        ),
        (
            lambda: toeplitz(AvgPool((2,)), (4,), np.ones((1, 1, 2))),
            LayerError,
            "avg_pool: a pooling has no weight",
        ),
        (
            lambda: toeplitz(Conv(1, 1, 1), (4,), [[[0.5]]]).as_matrix(),
            LayerError,
            "exact operator holds integers, fractions, SymPy terms or ring elements, got 0.5",
        ),
        (
            lambda: toeplitz(Conv(3, 64, 7, 2, 3), (224, 224)).domain_matrix(),
            TooLarge,
            "802816 x 158700 with 118013952 entries is too large",
        ),
        (
            lambda: toeplitz(Conv(64, 128, 1, bias=False), (1,)).domain_matrix(),
            TooLarge,
            "a polynomial ring takes at most 4096 symbols, this operator has 8192",
        ),
        (
            lambda: gather_operator([0], 2) @ gather_operator([0], 2),
            SymconvError,
            "operators of 1 x 2 and 1 x 2 do not compose",
        ),
        (
            lambda: gather_operator([0], 2) + gather_operator([0], 3),
            SymconvError,
            "operators of one shape can be added",
        ),
        (lambda: gather_operator([2], 2), SymconvError, "needs a list of positions from 0 to 1"),
        (lambda: gather_operator([-2], 2), SymconvError, "needs a list of positions from 0 to 1"),
        (lambda: gather_operator([0], 2)([1]), SymconvError, "expected 2 values, got 1"),
        (lambda: phase_operator((4,), (0,)), FactorError, "one factor of at least 1 per axis"),
        (lambda: phase_operator((4, 4), (2,)), FactorError, "one factor of at least 1 per axis"),
        (
            lambda: phase_operator((4,), (2,), order="depth"),
            FactorError,
            "order must be 'channel' or 'phase'.* got order='depth'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_operators_are_frozen() -> None:
    gather: Any = nested_gather(1, [np.array([0, 1])], [2])
    with pytest.raises(AttributeError):
        gather.columns = 3
    with pytest.raises(ValueError, match="read-only"):
        gather.index[0] = 1


def test_an_operator_knows_its_parts() -> None:
    operator = toeplitz(Conv(1, 1, 3, stride=2, padding=1), (5,))
    assert isinstance(operator, AffineOperator)
    assert all(isinstance(factor, LinearOperator) for factor in operator.factors)
    assert [factor.symbol for factor in operator.factors] == ["S", "T(w)", "B"]
    assert [factor.shape for factor in operator.T.factors] == [(5, 7), (7, 5), (5, 3)]
    assert operator.T.T is operator.linear
