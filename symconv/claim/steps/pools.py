"""Steps that are poolings: those of the layers, by the rules they ask for, and adaptive ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar

from symconv.claim.entries import PADDING, Kinds
from symconv.claim.steps.base import Step
from symconv.claim.steps.fitting import sizes
from symconv.errors import ClaimError, MalformedError
from symconv.layer import AvgPool, MaxPool, Pool
from symconv.layer.legality import ASK, LEGALITIES, ONNX, TORCH
from symconv.layer.window import Window
from symconv.machine.budget import running
from symconv.relation.adaptive import Adaptive, adapted
from symconv.relation.convolved import pooled
from symconv.relation.form import Form, scale_axis, share_axis
from symconv.relation.indices import POSITION
from symconv.relation.reading import Reading
from symconv.relation.term import Monoid, Term
from symconv.size.expr import Size, named, number


class Pooling(Step, variant=True):
    """A pooling by the rules of the layer of the same attributes: PyTorch's or ONNX's."""

    rules: ClassVar[type[Pool]]
    kinds: ClassVar[Kinds] = {"padding": PADDING}
    is_layer: ClassVar[bool] = True
    legality: str
    padding: Any

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the step; ``"legality": "onnx"`` makes it one by ONNX's rules.

        Raises:
            ClaimError: there is no such legality, or an attribute is ONNX's alone.
        """
        if (legality := attributes.get("legality", TORCH)) not in LEGALITIES:
            raise MalformedError(f"legality must be 'torch' or 'onnx', got {legality!r}")
        wider = sorted(set(attributes) & set(cls.rules.wider))
        if wider and legality != ONNX:
            raise ClaimError(f"{cls.op} has no {' and no '.join(wider)} in PyTorch; {ASK}")
        return super().from_attributes(attributes, rank)

    @property
    def attributes(self) -> dict[str, Any]:
        """What the layer is told."""
        return {**vars(self), "padding": sizes(self.padding)}


@dataclass(frozen=True)
class MaxPoolStep(Pooling):
    """Max pooling of each channel, as the layer `MaxPool`; pads are ``-inf``.

    >>> MaxPoolStep.from_attributes({"kernel_size": 2, "padding": 2, "legality": "onnx"}).to_dict()
    {'op': 'max_pool', 'kernel_size': 2, 'padding': 2, 'legality': 'onnx'}
    """

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    legality: str = TORCH
    op: ClassVar[str] = "max_pool"
    monoid: ClassVar[Monoid | None] = "max"
    rules: ClassVar[type[Pool]] = MaxPool

    def layer(self) -> MaxPool:
        """The layer that the step is."""
        return MaxPool(**self.attributes)

    @property
    def may_read_nothing(self) -> bool:
        """By PyTorch's rules a window without dilation reads a sample: pads are at most half."""
        dilations = self.dilation if isinstance(self.dilation, tuple) else (self.dilation,)
        return self.legality == ONNX or any(d != 1 for d in dilations)

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The maximum of every window."""
        reading.only_maxima()
        return pooled(form, self.layer().windows(form.shape[1:]))


@dataclass(frozen=True)
class AvgPoolStep(Pooling):
    """Average pooling of each channel, as the layer `AvgPool`.

    Raises:
        ClaimError: the divisor is not an integer of at least 1.
    """

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    legality: str = TORCH
    dilation: Any = 1
    divisor_override: int | None = None
    op: ClassVar[str] = "avg_pool"
    monoid: ClassVar[Monoid | None] = "sum"
    rules: ClassVar[type[Pool]] = AvgPool

    def __post_init__(self) -> None:
        super().__post_init__()
        divisor = self.divisor_override
        if divisor is not None and (type(divisor) is not int or divisor < 1):
            raise MalformedError(
                f"avg_pool: divisor_override must be an integer of at least 1, got {divisor!r}"
            )

    def layer(self) -> AvgPool:
        """The layer that the step is."""
        return AvgPool(**self.attributes)

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The sum of every window over the number of samples that it counts."""
        reading.only_sums("an average pooling")
        layer = self.layer()
        windows = layer.windows(form.shape[1:])
        return _divided(pooled(form, windows), layer, windows)


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
    """Sums over the counts of their windows, one per axis."""
    if (divisor := layer.one_divisor(len(windows))) is not None:
        return form.each(lambda term: term.times(Fraction(1, divisor)), form.shape)
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
