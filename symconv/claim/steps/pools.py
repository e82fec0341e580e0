"""Steps that are poolings: PyTorch's, ONNX's where its rules are wider, and adaptive ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any, ClassVar

from symconv.claim.entries import PADDING, Kinds
from symconv.claim.steps.base import Step
from symconv.claim.steps.fitting import sizes
from symconv.errors import ClaimError, MalformedError
from symconv.layer import AvgPool, MaxPool
from symconv.layer.pool import WideAvgPool, WideMaxPool
from symconv.layer.window import Window
from symconv.machine.budget import running
from symconv.relation.adaptive import Adaptive, adapted
from symconv.relation.convolved import pooled
from symconv.relation.form import Form, scale_axis, share_axis
from symconv.relation.indices import POSITION
from symconv.relation.reading import Reading
from symconv.relation.term import Monoid, Term
from symconv.size.expr import Size, named, number

TORCH, ONNX = "torch", "onnx"
"""Whose rules say what a pooling may be: PyTorch's if nothing is said."""


class Pooling(Step):
    """A pooling that is PyTorch's unless its text asks for another legality by name."""

    wide: ClassVar[type[Step]]
    wider: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the step; ``"legality": "onnx"`` makes it one by ONNX's rules.

        Raises:
            ClaimError: there is no such legality, or an attribute is ONNX's alone.
        """
        legality = attributes.get("legality", TORCH)
        if legality == ONNX:
            return cls.wide.from_attributes(attributes, rank)
        if legality != TORCH:
            raise MalformedError(f"legality must be 'torch' or 'onnx', got {legality!r}")
        given = {key: value for key, value in attributes.items() if key != "legality"}
        if wider := sorted(set(given) & set(cls.wider)):
            raise ClaimError(
                f"{cls.op} has no {' and no '.join(wider)} in PyTorch; "
                'ask for ONNX\'s rules: "legality": "onnx"'
            )
        return super().from_attributes(given, rank)


class MaxPooling(Step, variant=True):
    """A maximum of each window, by the rules of one layer."""

    op: ClassVar[str] = "max_pool"
    kinds: ClassVar[Kinds] = {"padding": PADDING}
    monoid: ClassVar[Monoid | None] = "max"
    is_layer: ClassVar[bool] = True
    rules: ClassVar[type[MaxPool]]
    kernel_size: Any
    stride: Any
    padding: Any
    dilation: Any
    ceil_mode: bool

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The maximum of every window."""
        reading.only_maxima()
        layer = self.rules(
            self.kernel_size,
            self.stride,
            sizes(self.padding),
            self.ceil_mode,
            dilation=self.dilation,
        )
        return pooled(form, layer.windows(form.shape[1:]))


class AvgPooling(Step, variant=True):
    """A mean of each window, by the rules of one layer."""

    op: ClassVar[str] = "avg_pool"
    kinds: ClassVar[Kinds] = {"padding": PADDING}
    monoid: ClassVar[Monoid | None] = "sum"
    is_layer: ClassVar[bool] = True
    kernel_size: Any
    stride: Any
    padding: Any
    ceil_mode: bool
    count_include_pad: bool

    def layer(self) -> AvgPool:
        """The layer that the step is."""
        return AvgPool(**self.attributes())

    def attributes(self) -> dict[str, Any]:
        """What the layer is told."""
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": sizes(self.padding),
            "ceil_mode": self.ceil_mode,
            "count_include_pad": self.count_include_pad,
        }

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The sum of every window over the number of samples that it counts."""
        reading.only_sums("an average pooling")
        layer = self.layer()
        windows = layer.windows(form.shape[1:])
        return self.divided(pooled(form, windows), layer, windows)

    def divided(self, sums: Form, layer: AvgPool, windows: Sequence[Window]) -> Form:
        """The sums over what divides them."""
        return _divided(sums, layer, windows)


@dataclass(frozen=True)
class OnnxMaxPoolStep(MaxPooling, variant=True):
    """Max pooling of each channel by ONNX's rules: a pad may be as wide as one likes.

    ``y[c,o] = max_k x[c, s*o + d*k - lo]`` over the taps inside the input; a window that reads
    nothing gives ``-inf``.  ``ceil_mode`` drops a last window that would start behind the input, as
    PyTorch does; so does onnxruntime, from opset 12 to 22.

    Source: ONNX, ``MaxPool`` of opset 12 and later.
    """

    kernel_size: Any
    legality: str
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    rules: ClassVar[type[MaxPool]] = WideMaxPool

    @property
    def may_read_nothing(self) -> bool:
        """A window may lie in the pads."""
        return True


@dataclass(frozen=True)
class OnnxAvgPoolStep(AvgPooling, variant=True):
    """Average pooling of each channel by ONNX's rules: wide pads, dilation, another divisor.

    ``y[c,o] = (sum_k x[c, s*o + d*k - lo]) / n[o]``, where ``n`` is the product over the axes of
    how many taps lie inside the padded input, or inside the input where ``count_include_pad`` is
    false; or it is ``divisor_override``.  ``ceil_mode`` is as in `OnnxMaxPoolStep`.

    Raises:
        ClaimError: the divisor is not an integer of at least 1.

    Source: ONNX, ``AveragePool`` of opset 19 and later; ``divisor_override`` is PyTorch's
    ``avg_pool2d``'s.
    """

    kernel_size: Any
    legality: str
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        divisor = self.divisor_override
        if divisor is not None and (type(divisor) is not int or divisor < 1):
            raise MalformedError(
                f"avg_pool: divisor_override must be an integer of at least 1, got {divisor!r}"
            )

    def layer(self) -> AvgPool:
        """The layer that the step is."""
        return WideAvgPool(**self.attributes(), dilation=self.dilation)

    def divided(self, sums: Form, layer: AvgPool, windows: Sequence[Window]) -> Form:
        """The sums over the number of taps that each counts, or over another divisor."""
        if self.divisor_override is None:
            return super().divided(sums, layer, windows)
        share = Fraction(1, self.divisor_override)
        return sums.each(lambda term: term.times(share), sums.shape)


@dataclass(frozen=True)
class MaxPoolStep(Pooling, MaxPooling):
    """Max pooling of each channel; pads are ``-inf``."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    op: ClassVar[str] = "max_pool"
    rules: ClassVar[type[MaxPool]] = MaxPool
    wide: ClassVar[type[Step]] = OnnxMaxPoolStep

    @property
    def may_read_nothing(self) -> bool:
        """Without dilation a window reads a sample: pads are at most half of the kernel."""
        dilations = self.dilation if isinstance(self.dilation, tuple) else (self.dilation,)
        return any(d != 1 for d in dilations)


@dataclass(frozen=True)
class AvgPoolStep(Pooling, AvgPooling):
    """Average pooling of each channel."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    op: ClassVar[str] = "avg_pool"
    wide: ClassVar[type[Step]] = OnnxAvgPoolStep
    wider: ClassVar[tuple[str, ...]] = ("dilation", "divisor_override")


@dataclass(frozen=True)
class AdaptivePooling(Step):
    """A pooling of each channel to so many outputs an axis; use one of its subclasses.

    ``output_size`` is an integer for every axis, or one per axis, where null keeps the axis as it
    is.  Output ``i`` of ``O`` reads the samples ``floor(i*N/O) .. ceil((i+1)*N/O) - 1`` of ``N``.

    Raises:
        ClaimError: a size is not an integer of at least 1.

    Source: PyTorch, ``torch.nn.functional.adaptive_avg_pool2d``.
    """

    output_size: Any
    uneven: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = self.output_size if isinstance(self.output_size, tuple) else (self.output_size,)
        every = isinstance(self.output_size, tuple)
        if not all((n is None and every) or (type(n) is int and n >= 1) for n in sizes):
            raise MalformedError(
                f"{self.op}: output_size must be an integer of at least 1, or for each axis one "
                f"or null, got {self.output_size!r}"
            )

    def windows(self, form: Form) -> list[Adaptive | None]:
        """The windows of every axis; None keeps it.

        Raises:
            ClaimError: there is not one output size for each axis.
        """
        rank = len(form.shape) - 1
        given = self.output_size
        outputs = given if isinstance(given, tuple) else (given,) * rank
        if len(outputs) != rank:
            raise MalformedError(f"output_size must have one entry for each of {rank} axes")
        pairs = zip(form.shape[1:], outputs, strict=True)
        return [None if n is None else Adaptive(size, n) for size, n in pairs]


@dataclass(frozen=True)
class AdaptiveMaxPoolStep(AdaptivePooling):
    """The maximum of each window of an adaptive pooling.

    >>> AdaptiveMaxPoolStep.from_attributes({"output_size": [7, None]}).to_dict()
    {'op': 'adaptive_max_pool', 'output_size': [7, None]}
    """

    op: ClassVar[str] = "adaptive_max_pool"
    monoid: ClassVar[Monoid | None] = "max"
    is_layer: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The maximum of every window."""
        reading.only_maxima()
        return adapted(form, self.windows(form))


@dataclass(frozen=True)
class AdaptiveAvgPoolStep(AdaptivePooling):
    """The mean of each window of an adaptive pooling.

    >>> AdaptiveAvgPoolStep.from_attributes({"output_size": 1}).to_dict()
    {'op': 'adaptive_avg_pool', 'output_size': 1}
    """

    op: ClassVar[str] = "adaptive_avg_pool"
    monoid: ClassVar[Monoid | None] = "sum"
    is_layer: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The mean of every window."""
        reading.only_sums("an average pooling")
        windows = self.windows(form)
        sums = adapted(form, windows)

        def divide(term: Term) -> Term:
            for axis, window in enumerate(windows, 1):
                term = term if window is None else window.divided(term, axis)
            return term

        return sums.each(divide, sums.shape)


def _divided(form: Form, layer: AvgPool, windows: Sequence[Window]) -> Form:
    """Sums over the counts of their windows, one an axis."""
    if layer.counts_alike(len(windows)):
        taps = prod(window.kernel for window in windows)
        return form.each(lambda term: term.times(Fraction(1, taps)), form.shape)
    counters = list(zip(windows, layer.counters(windows), strict=True))
    factors = [_factors(window, count) for window, count in counters]

    def divide(term: Term) -> Term:
        for axis, factor in enumerate(factors, 1):
            term = factor(term, axis)
        return term

    return form.each(divide, form.shape)


def _factors(window: Window, count: Callable[[Size], Size]) -> Callable[[Term, int], Term]:
    """What divides an axis by the counts of its outputs, in numbers or as an expression."""
    if not isinstance(window.output, int):
        return partial(share_axis, count=count(named(POSITION)), most=window.kernel)
    running().check_entries(window.output, "an axis's divisors")
    counts = (number(count(o)) for o in range(window.output))
    return partial(scale_axis, factors=[Fraction(1, n) for n in counts])
