"""Demonstrations: a transposed convolution as the adjoint."""

from __future__ import annotations

from typing import Any

from symconv.layer import Conv, ConvTranspose
from symconv.replay.layers import evaluate
from symconv.theorems.observed import Demonstration, Observed, integers
from symconv.toeplitz import toeplitz, weight_symbols

FORTH = Conv(1, 1, 3, 2, 1, bias=False)


def _matrices_agree(size: int, output_padding: int, back: Any) -> bool:
    """The transposed matrix of the layer, and the matrix of the transposed layer, in symbols."""
    transposed = ConvTranspose(1, 1, 3, 2, 1, output_padding=output_padding, bias=False)
    outputs = ((size - 1) // 2 + 1,)
    left = toeplitz(FORTH, (size,), weight_symbols((1, 1, 3))).T.as_matrix()
    right = toeplitz(transposed, outputs, back).as_matrix()
    return bool(left.shape == right.shape and left == right)


def odd_size() -> Observed:
    """No output padding is needed where the stride divides N - 1."""
    return Observed(
        _matrices_agree(7, 0, weight_symbols((1, 1, 3))),
        "k = 3, s = 2, p = 1, N = 7: SymPy's matrix of the one is the other's transposed",
    )


def even_size() -> Observed:
    """The size that the stride forgot comes back by output padding."""
    return Observed(
        _matrices_agree(8, 1, weight_symbols((1, 1, 3))), "N = 8: the same with output padding 1"
    )


def inner_products() -> Observed:
    """Both inner products on integers."""
    x, y, w = integers(0, 1, 7), integers(1, 1, 4), integers(2, 1, 1, 3)
    forth = int((evaluate(FORTH, x, w) * y).sum())
    back = int((x * evaluate(ConvTranspose(1, 1, 3, 2, 1, bias=False), y, w)).sum())
    return Observed(forth == back, f"on integers both inner products are {forth}")


def without_output_padding() -> Observed:
    """At an even size the plain transposed layer has one output too few."""
    return Observed(
        _matrices_agree(8, 0, weight_symbols((1, 1, 3))), "N = 8, without output padding"
    )


def kernel_reversed() -> Observed:
    """The transposed layer holds the same kernel; reversing it once more is wrong."""
    return Observed(
        _matrices_agree(7, 0, weight_symbols((1, 1, 3))[..., ::-1]), "N = 7, the kernel reversed"
    )


ADJOINT = Demonstration(
    (odd_size, even_size, inner_products), (without_output_padding, kernel_reversed)
)
