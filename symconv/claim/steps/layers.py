"""Steps that are convolutions, with named weights; and their kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.steps.base import Step
from symconv.errors import ClaimError
from symconv.size.numbers import Number
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

    def __post_init__(self) -> None:
        super().__post_init__()
        entries = self.padding if isinstance(self.padding, tuple) else (self.padding,)
        if words := [e for e in entries if isinstance(e, str) and not is_expression(e)]:
            raise ClaimError(f"{self.op}: padding must be in numbers, got {words[0]!r}")


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
