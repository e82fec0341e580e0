"""Steps as NumPy expressions: one line per step, whatever the step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from itertools import groupby
from typing import Any, Protocol

from symconv.claim import steps as st
from symconv.claim.patterns import read_pattern
from symconv.errors import ClaimError
from symconv.explain.functions import applied
from symconv.size.numbers import Number, read_number

NUMPY_MODES = {
    "zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap",
}  # fmt: skip


class Writer(Protocol):
    """What an expression asks of the script that it stands in."""

    def call(self, helper: str) -> str:
        """The name of a helper, which the script then holds."""

    def weight(self, name: str) -> str:
        """The variable of a weight."""

    def branches(self, x: str, branches: tuple[tuple[st.Step, ...], ...]) -> list[str]:
        """The variables of several pipelines on the same tensor."""


def index(numbers: Sequence[int]) -> str:
    """An index as it stands between brackets."""
    return ", ".join(map(str, numbers)) or "()"


def literal(value: Number) -> str:
    """A step's number as Python reads it, exactly.

    >>> literal(2), literal("1/9"), literal(0.5), literal("-inf")
    ('2', 'Fraction(1, 9)', 'Fraction(1, 2)', '-np.inf')
    """
    exact = read_number(value)
    if exact is None:
        return "-np.inf"
    whole = exact.denominator == 1
    return str(exact.numerator) if whole else f"Fraction({exact.numerator}, {exact.denominator})"


def nested(values: Any) -> str:
    """A constant's entries as nested lists.

    >>> nested(((1, "1/2"), (3, 4)))
    '[[1, Fraction(1, 2)], [3, 4]]'
    """
    if not isinstance(values, tuple):
        return literal(values)
    return f"[{', '.join(map(nested, values))}]"


def listed(values: Sequence[Number]) -> str:
    """Numbers as a list, runs of four and more by their length.

    >>> listed([1, 1, 1, 1, 0, "1/2"])
    '[1] * 4 + [0, Fraction(1, 2)]'
    """
    parts: list[str] = []
    short: list[str] = []
    for value, run in groupby(map(literal, values)):
        count = len(list(run))
        if count < 4:
            short += [value] * count
            continue
        parts += [f"[{', '.join(short)}]"] if short else []
        parts, short = [*parts, f"[{value}] * {count}"], []
    parts += [f"[{', '.join(short)}]"] if short or not parts else []
    return " + ".join(parts)


def listed_points(points: Sequence[Sequence[int]]) -> str:
    """Points as a list of lists.

    >>> listed_points(((1, 1), (1, -1)))
    '[[1, 1], [1, -1]]'
    """
    return str([list(point) for point in points])


def _options(**given: tuple[Any, Any]) -> str:
    """Keyword arguments that differ from their default."""
    told = ((key, value) for key, (value, default) in given.items() if value != default)
    return "".join(f", {key}={value if key == 'value' else repr(value)}" for key, value in told)


def _pads(padding: Any) -> Any:
    return 0 if padding == "valid" else padding


@singledispatch
def expression(step: st.Step, to: Writer, x: str) -> str:
    """The expression of one step on the variable ``x``.

    Raises:
        ClaimError: no expression is known for such a step.
    """
    raise ClaimError(f"step {step.op!r} is not written out in NumPy")


@expression.register
def _(step: st.Rearrange, to: Writer, x: str) -> str:
    pattern = read_pattern(step.pattern)
    sizes = dict(step.sizes)
    before = [name for group in pattern.left for name in group]
    order = [before.index(name) for group in pattern.right for name in group]
    factors = [
        [int(name) if name.isdigit() else sizes.get(name) for name in group]
        for group in pattern.left
    ]
    groups = [len(group) for group in pattern.right]
    return f"{to.call('rearrange')}({x}, {factors}, {order}, {groups})  # {step.pattern}"


@expression.register
def _(step: st.Pad, to: Writer, x: str) -> str:
    told = _options(value=(literal(step.value), "0"), mode=(NUMPY_MODES[step.mode], "constant"))
    return f"{to.call('pad')}({x}, {list(step.padding)}{told})"


@expression.register
def _(step: st.Slice, to: Writer, x: str) -> str:
    return f"{x}[{', '.join(map(_part, step.slices))}]"


def _part(part: tuple[int | None, int | None, int | None]) -> str:
    start, stop, by = ("" if number is None else str(number) for number in part)
    return f"{start}:{stop}:{by}" if by else f"{start}:{stop}"


@expression.register
def _(step: st.Split, to: Writer, x: str) -> str:
    if isinstance(step.sizes, int):
        first, end = step.sizes * step.part, step.sizes * (step.part + 1)
    else:
        first, end = sum(step.sizes[: step.part]), sum(step.sizes[: step.part + 1])
    before = ":, " * step.axis if step.axis >= 0 else "..., "
    after = ", :" * (-1 - step.axis) if step.axis < 0 else ""
    return f"{x}[{before}{first}:{end}{after}]"


@expression.register
def _(step: st.Flip, to: Writer, x: str) -> str:
    return f"np.flip({x}, {step.axes})"


@expression.register
def _(step: st.Dilate, to: Writer, x: str) -> str:
    return f"{to.call('dilate')}({x}, {step.dilation})"


@expression.register
def _(step: st.Tile, to: Writer, x: str) -> str:
    return f"np.tile({x}, {step.repeats})"


@expression.register
def _(step: st.Repeat, to: Writer, x: str) -> str:
    return f"np.repeat({x}, {step.count}, {step.axis})"


@expression.register
def _(step: st.Transpose, to: Writer, x: str) -> str:
    return f"{x}.transpose({step.axes})"


@expression.register
def _(step: st.ReadCosets, to: Writer, x: str) -> str:
    told = f"{listed_points(step.matrix)}, {listed_points(step.representatives)}"
    return f"{to.call('cosets')}({x}, {told}, {list(step.start)}, {list(step.size)})"


@expression.register
def _(step: st.Within, to: Writer, x: str) -> str:
    told = f"{listed_points(step.matrix)}, {list(step.start)}, {list(step.size)}"
    return f"{to.call('within')}({x}, {told})"


@expression.register
def _(step: st.Scale, to: Writer, x: str) -> str:
    return _scaled(step.factors, to, x)


@expression.register
def _(step: st.ScaleAll, to: Writer, x: str) -> str:
    return f"{x} * {literal(step.factor)}"


@expression.register
def _(step: st.Mask, to: Writer, x: str) -> str:
    return _scaled(step.keep, to, x)


@expression.register
def _(step: st.Divide, to: Writer, x: str) -> str:
    return expression(step.at({}), to, x)


def _scaled(factors: Sequence[Sequence[Number] | None], to: Writer, x: str) -> str:
    told = (f"{axis}: {listed(part)}" for axis, part in enumerate(factors) if part is not None)
    return f"{to.call('scale')}({x}, {{{', '.join(told)}}})"


@expression.register
def _(step: st.Pointwise, to: Writer, x: str) -> str:
    return applied(step.function, x)


@expression.register
def _(step: st.ConvStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, 1), pads=(_pads(step.padding), 0), dilation=(step.dilation, 1),
        groups=(step.groups, 1), value=(literal(step.padding_value), "0"),
        mode=(NUMPY_MODES[step.padding_mode], "constant"),
    )  # fmt: skip
    return _biased(f"{to.call('conv')}({x}, {to.weight(step.weight)}{told})", step.bias, to)


@expression.register
def _(step: st.ConvTransposeStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, 1), pads=(_pads(step.padding), 0), extra=(step.output_padding, 0),
        dilation=(step.dilation, 1), groups=(step.groups, 1),
    )  # fmt: skip
    called = f"{to.call('conv_transpose')}({x}, {to.weight(step.weight)}{told})"
    return _biased(called, step.bias, to)


def _biased(y: str, bias: str | None, to: Writer) -> str:
    return y if bias is None else f"{to.call('biased')}({y}, {to.weight(bias)})"


@expression.register
def _(step: st.KernelConvStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, 1), pads=(_pads(step.padding), 0), dilation=(step.dilation, 1)
    )
    return f"{to.call('conv_as_kernel')}({x}, {to.weight(step.weight)}{told})"


@expression.register
def _(step: st.MaxConvStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, 1), pads=(_pads(step.padding), 0), dilation=(step.dilation, 1),
        groups=(step.groups, 1),
    )  # fmt: skip
    return f"{to.call('max_conv')}({x}, {to.weight(step.weight)}{told})"


@expression.register
def _(step: st.MaxPoolStep | st.OnnxMaxPoolStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, None), pads=(_pads(step.padding), 0), dilation=(step.dilation, 1),
        ceil=(step.ceil_mode, False),
    )  # fmt: skip
    return f"{to.call('max_pool')}({x}, {step.kernel_size}{told})"


@expression.register
def _(step: st.AvgPoolStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, None), pads=(_pads(step.padding), 0), ceil=(step.ceil_mode, False),
        include=(step.count_include_pad, True),
    )  # fmt: skip
    return f"{to.call('avg_pool')}({x}, {step.kernel_size}{told})"


@expression.register
def _(step: st.OnnxAvgPoolStep, to: Writer, x: str) -> str:
    told = _options(
        stride=(step.stride, None), pads=(_pads(step.padding), 0), ceil=(step.ceil_mode, False),
        include=(step.count_include_pad, True), dilation=(step.dilation, 1),
        over=(step.divisor_override, None),
    )  # fmt: skip
    return f"{to.call('avg_pool')}({x}, {step.kernel_size}{told})"


@expression.register
def _(step: st.AdaptiveMaxPoolStep, to: Writer, x: str) -> str:
    return f"{to.call('adaptive')}({x}, {step.output_size}, np.max)"


@expression.register
def _(step: st.AdaptiveAvgPoolStep, to: Writer, x: str) -> str:
    return f"{to.call('adaptive')}({x}, {step.output_size}, {to.call('mean')})"


@expression.register
def _(step: st.Add, to: Writer, x: str) -> str:
    return " + ".join(to.branches(x, step.branches))


@expression.register
def _(step: st.Subtract, to: Writer, x: str) -> str:
    return " - ".join(to.branches(x, step.branches))


@expression.register
def _(step: st.Concat, to: Writer, x: str) -> str:
    return f"np.concatenate([{', '.join(to.branches(x, step.branches))}], {step.axis})"
