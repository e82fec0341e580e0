"""Functions of values by their names: which there are, and what the names tell of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.text import finite

KEEP_ZERO = {
    *("elu", "gelu", "hardswish", "identity", "leaky_relu", "mish"),
    *("relu", "relu6", "selu", "silu", "tanh"),
}
"""Functions with f(0) = 0, by their definitions in PyTorch."""

FUNCTIONS = {*KEEP_ZERO, "hardsigmoid", "sigmoid", "softplus"}
"""Functions that may stand as a step by their name alone."""

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


def is_function(name: str) -> bool:
    """Whether a name is one that a function may have."""
    return name.isidentifier() or is_clip(name)


def clip_name(low: Any, high: Any) -> str:
    """The name of the function that keeps values between two bounds; equal ones have one name.

    Raises:
        ClaimError: there is no bound, one is not a finite number, or they cross.

    >>> clip_name("-1/2", None), clip_name(0, 6.0)
    ('clip(-1/2, inf)', 'relu6')
    """
    least, most = (None if end is None else finite(end) for end in (low, high))
    crossed = least is not None and most is not None and least > most
    if crossed or (least is None and most is None):
        raise ClaimError(f"clip needs min, max, or both, and min <= max, got {low!r}, {high!r}")
    if least == 0 and most in (None, 6):
        return "relu" if most is None else "relu6"
    return f"clip({'-inf' if least is None else least}, {'inf' if most is None else most})"


def is_clip(function: str) -> bool:
    """Whether a function's name is that of a clip, as `clip_name` writes it."""
    ends = function.removeprefix("clip(").removesuffix(")").split(", ")
    low, high = (None if "inf" in end else end for end in (ends[0], ends[-1]))
    try:
        return len(ends) == 2 and clip_name(low, high) == function
    except ClaimError:
        return False
