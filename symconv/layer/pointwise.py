"""Functions of one value, by torch's names: what a proof may use of each, and how to compute it.

Nothing is assumed of a function that is not listed here; a claim with such a name is for every
function.  Of a listed one three things are used: whether it keeps zero, between which bounds its
values lie, and its values in a replay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scalar = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one value; ``exact`` if it maps fractions to fractions.

    All its values lie in ``[low, high]``, as far as bounds are known.
    """

    name: str
    compute: Scalar
    exact: bool = True
    known: bool = True
    low: Fraction | None = None
    high: Fraction | None = None

    @property
    def keeps_zero(self) -> bool:
        """Whether ``f(0) == 0``: then it maps a signal's zeros to zeros."""
        return self.known and self.compute(Fraction(0)) == 0

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        """The function at every entry, as an array of Python numbers.

        >>> import numpy as np
        >>> named("relu")(np.array([-1, 2])).tolist()
        [0, 2]
        """
        import numpy as np

        if self.name == "relu":
            return np.asarray(np.maximum(values, 0))
        result = np.frompyfunc(self.compute, 1, 1)(values)
        return np.asarray(result, dtype=float if values.dtype.kind == "f" else object)


def _sigmoid(v: Any) -> float:
    return 1 / (1 + math.exp(-v)) if v > -700 else 0.0


def _softplus(v: Any) -> float:
    return float(v) if v > 20 else math.log1p(math.exp(v))


def _elu(v: Any, alpha: float = 1.0, scale: float = 1.0) -> Any:
    return scale * v if v > 0 else scale * alpha * math.expm1(v)


def _gelu(v: Any) -> float:
    return float(v) * (1 + math.erf(v / math.sqrt(2))) / 2


def _hardsigmoid(v: Any) -> Any:
    return min(max(Fraction(1, 6) * v + Fraction(1, 2), 0), 1)


_EXACT: dict[str, Scalar] = {
    "identity": lambda v: v,
    "relu": lambda v: max(v, 0),
    "relu6": lambda v: min(max(v, 0), 6),
    "leaky_relu": lambda v: v if v > 0 else v * Fraction(1, 100),
    "hardsigmoid": _hardsigmoid,
    "hardswish": lambda v: v * _hardsigmoid(v),
}
_ROUNDED: dict[str, Scalar] = {
    "elu": _elu,
    "gelu": _gelu,
    "mish": lambda v: float(v) * math.tanh(_softplus(v)),
    "selu": lambda v: _elu(v, 1.6732632423543772, 1.0507009873554805),
    "sigmoid": _sigmoid,
    "silu": lambda v: float(v) * _sigmoid(v),
    "softplus": _softplus,
    "tanh": math.tanh,
}
_LOW = {"elu": -1, "hardsigmoid": 0, "relu": 0, "relu6": 0, "sigmoid": 0, "softplus": 0, "tanh": -1}
_HIGH = {"hardsigmoid": 1, "relu6": 6, "sigmoid": 1, "tanh": 1}
"""Bounds of the functions' values, where those are whole numbers; rounding keeps them."""

POINTWISE: tuple[str, ...] = tuple(sorted((*_EXACT, *_ROUNDED)))
"""By torch's names, with its default parameters."""


def named(name: str) -> Function:
    """The function of this name; any other name stands for one that nothing is known of.

    In a replay such a one is ``max(a*v + 1, 2 - v)``, where ``a`` depends on its name.

    >>> named("relu").keeps_zero, named("sigmoid").keeps_zero, named("f").keeps_zero
    (True, False, False)
    """
    if name in _EXACT:
        return Function(name, _EXACT[name], low=_bound(_LOW, name), high=_bound(_HIGH, name))
    if name in _ROUNDED:
        low, high = _bound(_LOW, name), _bound(_HIGH, name)
        return Function(name, _ROUNDED[name], exact=False, low=low, high=high)
    if ends := bounds(name):
        return Function(name, lambda v: _kept_between(v, *ends), low=ends[0], high=ends[1])
    rise = slope(name)
    return Function(name, lambda v: max(rise * v + 1, 2 - v), known=False)


def _bound(table: dict[str, int], name: str) -> Fraction | None:
    return Fraction(table[name]) if name in table else None


Bounds = tuple[Fraction | None, Fraction | None]
_CLIP = re.compile(r"clip\((-inf|-?\d+(?:/\d+)?), (inf|-?\d+(?:/\d+)?)\)")


def clip(low: Fraction | None, high: Fraction | None) -> str:
    """Name the function ``min(max(v, low), high)``; a bound that is None is left out.

    Equal functions have one name: a clip that is one of torch's has that one's.

    >>> clip(Fraction(-1, 2), None), clip(Fraction(0), Fraction(6))
    ('clip(-1/2, inf)', 'relu6')
    """
    if low == 0 and high in (None, 6):
        return "relu" if high is None else "relu6"
    ends = ("-inf" if low is None else low, "inf" if high is None else high)
    return f"clip({ends[0]}, {ends[1]})"


def bounds(name: str) -> Bounds | None:
    """The bounds in the name of a clip; None if it is not one.

    >>> bounds("clip(-1/2, inf)"), bounds("relu6")
    ((Fraction(-1, 2), None), None)
    """
    found = _CLIP.fullmatch(name)
    if found is None:
        return None
    low, high = (None if "inf" in end else Fraction(end) for end in found.groups())
    return low, high


def _kept_between(value: Any, low: Fraction | None, high: Fraction | None) -> Any:
    """The value, or the bound that it is beyond; whole bounds stay integers."""
    if low is not None and value < low:
        value = low
    if high is not None and value > high:
        value = high
    whole = isinstance(value, Fraction) and value.denominator == 1
    return value.numerator if whole else value


def slope(name: str) -> int:
    """The ``a`` by which a replay reads a function that nothing is known of."""
    return 2 + sum(map(ord, name)) % 7


def reading(name: str) -> str:
    """How a replay reads the function, in words.

    >>> reading("relu"), reading("f")
    ('relu', 'f(v) = max(6*v + 1, 2 - v)')
    """
    if named(name).known:
        return name
    return f"{name}(v) = max({slope(name)}*v + 1, 2 - v)"
