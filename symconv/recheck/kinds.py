"""What kind each step is of: it moves values, adds them up, or takes their maximum.

And of each function whether it keeps zero.  A step that stands in no set changes values or joins.
"""

from __future__ import annotations

from fractions import Fraction

WINDOWED_SUMS = {"conv", "conv_transpose", "conv_as_kernel", "avg_pool", "adaptive_avg_pool"}
SUMS = {*WINDOWED_SUMS, "scale", "divide", "mask", "add", "subtract", "cosets", "within"}
"""Steps that add, multiply, or leave zeros: none stands in one part with a maximum."""

MAXIMA = {"max_pool", "max_conv", "adaptive_max_pool"}

MOVES = {"rearrange", "transpose", "flip", "slice", "split", "tile", "repeat"}
"""Steps that only move values: a function of each value may pass in front of them."""

GATHERS = {*MOVES, "pad", "dilate", "concat"}
"""Steps after which a constant still has values that are written in the claim."""

KEEP_ZERO = {
    "elu", "gelu", "hardswish", "identity", "leaky_relu", "mish", "relu", "relu6", "selu", "silu",
    "tanh",
}  # fmt: skip
"""Functions with f(0) = 0, by their definitions in PyTorch."""


LEAST = {
    "elu": -1,
    "hardsigmoid": 0,
    "relu": 0,
    "relu6": 0,
    "sigmoid": 0,
    "softplus": 0,
    "tanh": -1,
}
"""Below which no value of a function lies, by their definitions in PyTorch."""


def keeps_zero(function: str) -> bool:
    """Whether nothing but its name says that a function maps 0 to 0; a clip has its bounds in it.

    >>> keeps_zero("relu"), keeps_zero("clip(-1/2, inf)"), keeps_zero("clip(1, 2)")
    (True, True, False)
    """
    low, high = _clip_bounds(function)
    if low is None and high is None:
        return function in KEEP_ZERO
    return (low is None or low <= 0) and (high is None or high >= 0)


def least_value(function: str | None) -> Fraction | None:
    """A number below which no value of a function lies, as far as its name tells.

    >>> least_value("relu"), least_value("clip(1/2, 2)"), least_value("f")
    (Fraction(0, 1), Fraction(1, 2), None)
    """
    if function in LEAST:
        return Fraction(LEAST[function])
    return _clip_bounds(function or "")[0]


def _clip_bounds(function: str) -> tuple[Fraction | None, Fraction | None]:
    """The bounds in a clip's name; of any other function none."""
    if not function.startswith("clip("):
        return None, None
    low, high = function.removeprefix("clip(").removesuffix(")").split(", ")
    return (None if low == "-inf" else Fraction(low)), (None if high == "inf" else Fraction(high))
