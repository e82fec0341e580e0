"""What kind each step is of: it moves values, adds them up, or takes their maximum.

And of each function whether it keeps zero.  A step that stands in no set changes values or joins.
"""

from __future__ import annotations

from fractions import Fraction

WINDOWED_SUMS = {"conv", "conv_transpose", "conv_as_kernel", "avg_pool", "adaptive_avg_pool"}
SUMS = {*WINDOWED_SUMS, "scale", "divide", "mask", "add", "subtract"}
"""Steps that add or multiply: none stands in one part with a maximum."""

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


def keeps_zero(function: str) -> bool:
    """Whether nothing but its name says that a function maps 0 to 0; a clip has its bounds in it.

    >>> keeps_zero("relu"), keeps_zero("clip(-1/2, inf)"), keeps_zero("clip(1, 2)")
    (True, True, False)
    """
    if not function.startswith("clip("):
        return function in KEEP_ZERO
    low, high = function.removeprefix("clip(").removesuffix(")").split(", ")
    return (low == "-inf" or Fraction(low) <= 0) and (high == "inf" or Fraction(high) >= 0)
