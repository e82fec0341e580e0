"""The pointwise functions as NumPy expressions: as a replay computes them, written out."""

from __future__ import annotations

from fractions import Fraction

from symconv.layer.pointwise import bounds, named, slope

EXPRESSIONS: dict[str, str] = {
    "identity": "{x}",
    "relu": "np.maximum({x}, 0)",
    "relu6": "np.minimum(np.maximum({x}, 0), 6)",
    "leaky_relu": "np.where({x} > 0, {x}, {x} * Fraction(1, 100))",
    "hardsigmoid": "np.clip({x} * Fraction(1, 6) + Fraction(1, 2), 0, 1)",
    "hardswish": "{x} * np.clip({x} * Fraction(1, 6) + Fraction(1, 2), 0, 1)",
}

_SIGMOID = "(1 / (1 + math.exp(-v)) if v > -700 else 0.0)"
_SOFTPLUS = "(float(v) if v > 20 else math.log1p(math.exp(v)))"
ROUNDED: dict[str, str] = {
    "elu": "float(v) if v > 0 else math.expm1(v)",
    "gelu": "float(v) * (1 + math.erf(v / math.sqrt(2))) / 2",
    "mish": f"float(v) * math.tanh{_SOFTPLUS}",
    "selu": "1.0507009873554805 * v if v > 0 else "
    "1.0507009873554805 * 1.6732632423543772 * math.expm1(v)",
    "sigmoid": _SIGMOID,
    "silu": f"float(v) * {_SIGMOID}",
    "softplus": _SOFTPLUS,
    "tanh": "math.tanh(v)",
}


def applied(function: str, x: str) -> str:
    """The function of a variable; one that nothing is known of as a replay reads it.

    >>> applied("relu", "left"), applied("f", "left")
    ('np.maximum(left, 0)', 'np.maximum(6 * left + 1, 2 - left)')
    """
    if function in EXPRESSIONS:
        return EXPRESSIONS[function].format(x=x)
    if ends := bounds(function):
        return _clipped(x, *ends)
    if function in ROUNDED:
        return f"np.frompyfunc(lambda v: {ROUNDED[function]}, 1, 1)({x})"
    if named(function).known:
        raise KeyError(f"the function {function!r} is not written out")
    return f"np.maximum({slope(function)} * {x} + 1, 2 - {x})"


def _clipped(x: str, low: Fraction | None, high: Fraction | None) -> str:
    """A variable between two bounds, of which one may be left out.

    >>> _clipped("x", Fraction(-1, 2), None)
    'np.maximum(x, Fraction(-1, 2))'
    """
    x = x if low is None else f"np.maximum({x}, {_number(low)})"
    return x if high is None else f"np.minimum({x}, {_number(high)})"


def _number(value: Fraction) -> str:
    whole = value.denominator == 1
    return str(value.numerator) if whole else f"Fraction({value.numerator}, {value.denominator})"
