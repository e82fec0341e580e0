"""Steps that are convolutions, with named weights; and their kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

from symconv.claim.entries import INTEGER, INTEGERS, OUTPUT_PADDING, PADDING, Kinds
from symconv.claim.steps.base import Step
from symconv.claim.steps.fitting import sizes
from symconv.errors import ClaimError
from symconv.layer import Conv, ConvTranspose
from symconv.layer.window import PaddingMode
from symconv.relation.convolved import (
    biased,
    check_channels,
    check_weight,
    convolved,
    convolved_as_kernel,
    pad_first,
)
from symconv.relation.digits import numbers
from symconv.relation.form import Form
from symconv.relation.reading import Reading, UnsupportedStep
from symconv.relation.term import Monoid, Term
from symconv.size.numbers import Number, read_number
from symconv.size.text import is_expression


@dataclass(frozen=True)
class ConvStep(Step):
    """A convolution whose weight (and bias) are named tensors of the claim."""

    weight: str
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: str | None = None
    padding_mode: str = "zeros"
    padding_value: Number = 0
    op: ClassVar[str] = "conv"
    kinds: ClassVar[Kinds] = {"padding": PADDING, "groups": INTEGER}
    monoid: ClassVar[Monoid | None] = "sum"
    is_layer: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Data times weight, summed over channels and taps, and the bias."""
        reading.only_sums("a convolution")
        weight = _weight(self.weight, form, reading)
        out, inner = numbers(weight.shape[:2])
        layer = Conv(
            inner * self.groups,
            out,
            weight.shape[2:],
            self.stride,
            sizes(self.padding),
            self.dilation,
            self.groups,
            padding_mode=cast(PaddingMode, self.padding_mode),
            padding_value=cast(float, self.padding_value),
        )
        check_channels(form, layer.in_channels, self.weight, weight)
        value = read_number(self.padding_value)
        form, windows = pad_first(form, layer.windows(form.shape[1:]), value)
        return _with_bias(convolved(form, weight, windows, self.groups, False), self.bias, reading)


@dataclass(frozen=True)
class ConvTransposeStep(Step):
    """A transposed convolution whose weight (and bias) are named tensors of the claim."""

    weight: str
    stride: Any = 1
    padding: Any = 0
    output_padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: str | None = None
    op: ClassVar[str] = "conv_transpose"
    kinds: ClassVar[Kinds] = {
        "padding": PADDING,
        "output_padding": OUTPUT_PADDING,
        "groups": INTEGER,
    }
    monoid: ClassVar[Monoid | None] = "sum"
    is_layer: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """Data times weight, spread over the outputs, and the bias."""
        reading.only_sums("a transposed convolution")
        weight = _weight(self.weight, form, reading)
        lead, inner = numbers(weight.shape[:2])
        layer = ConvTranspose(
            lead,
            inner * self.groups,
            weight.shape[2:],
            self.stride,
            sizes(self.padding),
            sizes(self.output_padding),
            self.groups,
            dilation=self.dilation,
        )
        check_channels(form, lead, self.weight, weight)
        windows = layer.windows(form.shape[1:])
        return _with_bias(convolved(form, weight, windows, self.groups, True), self.bias, reading)


@dataclass(frozen=True)
class KernelConvStep(Step):
    """A convolution with the operands swapped: the pipeline's tensor is the kernel.

    For ``x`` of shape ``(C, *N)`` and the named ``w`` of ``(M, C, *K)``, zero outside ``[0, K)``:
    ``y[m, o] = sum_c sum_j x[c, j] * w[m, c, s*o + d*j - lo]`` over ``0 <= j < N``, of shape
    ``(M, *O)`` with ``O = (K + lo + hi - d*(N-1) - 1)//s + 1 >= 1`` an axis.  No groups, no bias.

    Raises:
        ClaimError: the padding is a word such as ``"same"``.
    """

    weight: str
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    op: ClassVar[str] = "conv_as_kernel"
    kinds: ClassVar[Kinds] = {
        "padding": PADDING,
        "stride": INTEGERS,
        "dilation": INTEGERS,
    }
    monoid: ClassVar[Monoid | None] = "sum"
    is_layer: ClassVar[bool] = True
    adds_products: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        entries = self.padding if isinstance(self.padding, tuple) else (self.padding,)
        if words := [e for e in entries if isinstance(e, str) and not is_expression(e)]:
            raise ClaimError(f"{self.op}: padding must be in numbers, got {words[0]!r}")

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The weight convolved with the data as its kernel."""
        reading.only_sums("a convolution")
        weight = _weight(self.weight, form, reading)
        check_channels(form, weight.shape[1], self.weight, weight)
        (channels,) = numbers(form.shape[:1])
        layer = Conv(
            channels, 1, form.shape[1:], self.stride, sizes(self.padding), self.dilation, bias=False
        )
        return convolved_as_kernel(form, weight, layer.windows(weight.shape[2:]))


@dataclass(frozen=True)
class MaxConvStep(Step):
    """A maximum over the live taps of a constant 0/1 weight in a convolution's layout.

    Output channel ``m`` is the maximum of ``x[c, s*o + d*k - lo]`` over all ``c`` of its group and
    all ``k`` at which ``weight[m, c, k]`` is not zero: a max pooling on phases.
    """

    weight: str
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    op: ClassVar[str] = "max_conv"
    kinds: ClassVar[Kinds] = {"padding": PADDING, "groups": INTEGER}
    monoid: ClassVar[Monoid | None] = "max"
    is_layer: ClassVar[bool] = True

    @property
    def may_read_nothing(self) -> bool:
        """A channel may have no live tap."""
        return True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The maximum over the taps at which the weight is not zero."""
        reading.only_maxima()
        weight = _weight(self.weight, form, reading, "max")
        if any(term.tensors for term in weight.terms):
            raise ClaimError(
                f"max_conv needs a weight derived from a constant, {self.weight!r} is free"
            )
        out, inner = numbers(weight.shape[:2])
        layer = Conv(
            inner * self.groups,
            out,
            weight.shape[2:],
            self.stride,
            sizes(self.padding),
            self.dilation,
            self.groups,
        )
        check_channels(form, layer.in_channels, self.weight, weight)
        pooled = any(term.takes_maxima for term in weight.terms)
        if pooled and len(weight.terms) > 1 and any(term.scalar < 0 for term in weight.terms):
            # Where a negative constant meets a zero, the zero is the greater.
            raise UnsupportedStep("a weight that is a maximum of negative constants is not read")
        live = weight.with_terms(
            Term(t.out, t.tensors, t.relations) for t in weight.terms if t.scalar != 0
        )
        return convolved(form, live, layer.windows(form.shape[1:]), self.groups, False)


def _weight(name: str, form: Form, reading: Reading, monoid: Monoid = "sum") -> Form:
    """The named weight, which has two axes beside the data's spatial ones."""
    weight = reading.weight(name, monoid)
    check_weight(form, weight, name)
    return weight


def _with_bias(form: Form, name: str | None, reading: Reading) -> Form:
    return form if name is None else biased(form, reading.weight(name, reading.monoid), name)
