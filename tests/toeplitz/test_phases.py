"""Phase maps as operators, and the expansion as an identity of operators."""

from __future__ import annotations

from itertools import product
from math import ceil, prod
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sympy import Symbol

from symconv.expand import destride
from symconv.layer import Conv
from symconv.toeplitz import (
    AffineOperator,
    phase_operator,
    toeplitz,
    weight_symbols,
)
from tests.helpers.requirements import require
from tests.helpers.strategies import Case, conv_cases, examples, legal

Array = NDArray[Any]


def phases_by_hand(x: Array, factor: tuple[int, ...], order: str, groups: int) -> list[Any]:
    """Space-to-depth by loops over the formula."""
    channels, *size = x.shape
    phases = list(product(*map(range, factor)))
    coarse = list(product(*(range(ceil(n / e)) for n, e in zip(size, factor, strict=True))))
    pairs: list[tuple[int, tuple[int, ...]]] = list(product(range(channels), phases))
    if order == "phase":
        share = channels // groups
        pairs = [(g * share + c, r) for g in range(groups) for r in phases for c in range(share)]
    rows = []
    for (c, r), i in product(pairs, coarse):
        place = tuple(e * j + q for e, j, q in zip(factor, i, r, strict=True))
        inside = all(p < n for p, n in zip(place, size, strict=True))
        rows.append(x[(c, *place)] if inside else 0)
    return rows


@examples(100)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 4)), min_size=1, max_size=3),
    st.sampled_from(["channel", "phase"]),
    st.integers(1, 2),
    st.integers(1, 2),
)
def test_phases_are_their_formula(
    axes: list[tuple[int, int]], order: str, groups: int, share: int
) -> None:
    size, factor = tuple(n for n, _ in axes), tuple(e for _, e in axes)
    x = np.arange(1, groups * share * prod(size) + 1).reshape(-1, *size)
    operator = phase_operator(size, factor, groups * share, order, groups)
    assert operator(x).tolist() == phases_by_hand(x, factor, order, groups)
    there_and_back = operator.T @ operator
    assert there_and_back(x).tolist() == x.ravel().tolist()


def test_phases_in_channel_order_are_pixel_unshuffle() -> None:
    torch = require("torch")
    x = torch.arange(3.0 * 4 * 6).reshape(3, 4, 6)
    expected = torch.nn.functional.pixel_unshuffle(x, 2).ravel().tolist()
    assert phase_operator((4, 6), (2, 2), 3)(x.numpy()).tolist() == expected
    assert phase_operator((4, 6), (2, 2), 3, "phase")(x.numpy()).tolist() != expected


def strided_cases() -> st.SearchStrategy[Case]:
    """Convolutions that expand without a gather in front."""
    plain = {"padding_mode": "zeros", "padding_value": 0}
    return legal(
        conv_cases(largest_kernel=4).map(
            lambda case: Case(case.op, {**case.attributes, **plain}, case.size)
        )
    )


def both_sides(case: Case, order: Any) -> tuple[AffineOperator, AffineOperator, Any]:
    """``T_strided(w)`` and ``T_expanded(w_hat) P`` in tied symbols, and the expanded weight."""
    layer, rank = case.layer(), len(case.size)
    expansion = destride(layer, case.size, order=order)
    w = weight_symbols(layer.weight_shape(rank))
    tied = expansion.expand_weight(w)
    coarse = [ceil(n / e) for n, e in zip(case.size, expansion.factor_in, strict=True)]
    phases = phase_operator(case.size, expansion.factor_in, layer.in_channels, order, layer.groups)
    strided = toeplitz(layer, case.size, w)
    return strided, toeplitz(expansion.layer, coarse, tied) @ phases, tied


@examples(60)
@given(strided_cases(), st.sampled_from(["channel", "phase"]))
def test_a_strided_operator_is_the_expanded_one_on_phases(case: Case, order: str) -> None:
    """``T_strided(w) = T_expanded(w_hat) P``, entry by entry in the polynomial ring."""
    strided, expanded, _ = both_sides(case, order)
    domain = strided.domain_matrix().domain
    assert expanded.domain_matrix(domain) == strided.domain_matrix()


def test_a_wrong_expansion_is_seen() -> None:
    """The identity fails for other phases, another pad, and an untied weight."""
    attributes = {"in_channels": 2, "out_channels": 3, "kernel_size": 3, "stride": 2}
    case = Case("conv", {**attributes, "padding": 1, "bias": False}, (7, 5))
    strided, expanded, tied = both_sides(case, "channel")
    right = strided.domain_matrix()
    assert expanded.domain_matrix(right.domain) == right
    layer = destride(case.layer(), case.size).layer
    phases = phase_operator(case.size, (2, 2), 2)
    swapped = toeplitz(layer, (4, 3), tied) @ phase_operator(case.size, (2, 2), 2, "phase")
    moved = Conv(8, 3, 2, padding=((0, 1), (1, 0)), bias=False)
    untied = tied.copy()
    live = np.argwhere(tied != 0)
    untied[tuple(live[0])] = tied[tuple(live[1])]
    for wrong in (
        swapped,
        toeplitz(moved, (4, 3), tied) @ phases,
        toeplitz(layer, (4, 3), untied) @ phases,
    ):
        assert wrong.shape == strided.shape
        assert wrong.domain_matrix(right.domain) != right


def test_the_operator_of_16_filters_on_32_by_32_is_exact_and_sparse() -> None:
    case = Case(
        "conv",
        {
            "in_channels": 3,
            "out_channels": 16,
            "kernel_size": 3,
            "stride": 2,
            "padding": 1,
            "bias": False,
        },
        (32, 32),
    )
    strided, expanded, _ = both_sides(case, "channel")
    matrix = strided.domain_matrix()
    assert matrix.shape == (16 * 16 * 16, 3 * 32 * 32)
    assert matrix.nnz() == 16 * 3 * 47**2
    assert len(matrix.domain.gens) == 16 * 3 * 9
    assert expanded.domain_matrix(matrix.domain) == matrix
    assert strided.as_matrix()[0, 0] == Symbol("w_{0,0,1,1}")
