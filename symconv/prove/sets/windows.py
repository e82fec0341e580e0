"""Windows at all sizes: output sizes and access tables as formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from symconv.claim import steps as st
from symconv.errors import ClaimError
from symconv.layer.padding import same_crop
from symconv.prove.sets.axes import plus
from symconv.prove.sets.formulas import (
    Form,
    Leg,
    Size,
    Term,
    identify,
    product_of,
    simple,
    single,
    split,
)
from symconv.prove.sets.text import to_isl


@dataclass(frozen=True, slots=True)
class Window:
    """One axis of a layer with a size that may be named; see `symconv.layer.window.Window`."""

    size: Size
    kernel: Size
    stride: int
    lo: Size
    hi: Size
    dilation: int = 1
    base_dilation: int = 1
    reversal: bool = False
    ceil: bool = False
    where: tuple[str, ...] = ()

    @property
    def span(self) -> Size:
        """``d*(K-1) + 1``."""
        if isinstance(self.kernel, int):
            return self.dilation * (self.kernel - 1) + 1
        return f"({self.dilation}*({self.kernel} - 1) + 1)"

    @property
    def room(self) -> Size:
        """Samples after base dilation and padding, less the span."""
        u, n = self.base_dilation, self.size
        spread: Size = u * (n - 1) + 1 if isinstance(n, int) else f"({u}*({n} - 1) + 1)"
        spread = n if u == 1 else spread
        back: Size = -self.span if isinstance(self.span, int) else f"-{self.span}"
        return plus(spread, self.lo, self.hi, back)

    @property
    def output(self) -> Size:
        """Number of output positions."""
        numbers = (self.size, self.kernel, self.lo, self.hi)
        if all(isinstance(n, int) for n in numbers):
            return self._count(self.size, self.span, self.lo, self.hi)  # type: ignore[arg-type]
        if self.ceil:
            return simple(f"(min({self._last_started}, {self._last_inside}) + 1)")
        return simple(f"(floor(({self.room})/{self.stride}) + 1)")

    def _count(self, size: int, span: int, lo: int, hi: int) -> int:
        room = self.base_dilation * (size - 1) + 1 + lo + hi - span
        if self.ceil:
            return min(-(-room // self.stride), (size + lo - 1) // self.stride) + 1
        return room // self.stride + 1

    @property
    def _last_started(self) -> str:
        """The last window of ``ceil_mode``, which may hang over the end."""
        return f"floor(({self.room} + {self.stride - 1})/{self.stride})"

    @property
    def _last_inside(self) -> str:
        """The last window that starts in the input or in its low pad."""
        return f"floor(({self.size} + {self.lo} - 1)/{self.stride})"

    @property
    def domain(self) -> list[str]:
        """Where the window makes sense: there is an output, and nothing hangs over a crop."""
        found = [f"{self.output} >= 1", *self.where]
        if not isinstance(self.kernel, int):
            found.append(f"{self.kernel} >= 1")
        if self.ceil and not (isinstance(self.hi, int) and self.hi >= 0):
            hangs = f"{self.stride}*({self.output} - 1) > {self.room}"
            found.append(f"({self.hi}) >= 0 or not ({hangs})")
        return found

    def table(self, out: Leg, tap: Leg, read: Leg) -> str:
        """Which output and tap read which input."""
        k = f"({self.kernel} - 1 - {tap.name})" if self.reversal else tap.name
        position = f"{self.stride}*{out.name} + {self.dilation}*{k} - ({self.lo})"
        return f"{self.base_dilation}*{read.name} = {position}"


def entries(value: Any, rank: int, name: str) -> tuple[Any, ...]:
    """An attribute as one value an axis."""
    values = value if isinstance(value, tuple) else (value,) * rank
    if len(values) != rank:
        raise ClaimError(f"{name} must have one entry for each of {rank} axes, got {value!r}")
    return values


MOST = 2**31
"""Strides, dilations and kernels in numbers are smaller; isl's own numbers have no such bound."""


def counts(value: Any, rank: int, name: str) -> tuple[int, ...]:
    """An attribute as one integer of at least 1 an axis."""
    values = entries(value, rank, name)
    if not all(type(entry) is int and 1 <= entry < MOST for entry in values):
        raise ClaimError(f"{name} must hold integers from 1 to {MOST - 1}, got {value!r}")
    return values


def _size(value: Any) -> Size:
    return value if isinstance(value, int) else to_isl(value)


def _pads(
    padding: Any, sizes: Sequence[Size], spans: Sequence[Size], strides: Sequence[int]
) -> list[tuple[Size, Size]]:
    if padding in ("same", "same_lower"):
        return [_same(padding, *axis) for axis in zip(sizes, spans, strides, strict=True)]
    pairs = entries(0 if padding == "valid" else padding, len(sizes), "padding")
    return [
        (_size(e[0]), _size(e[1])) if isinstance(e, tuple) else (_size(e), _size(e)) for e in pairs
    ]


def _same(name: str, size: Size, span: Size, stride: int) -> tuple[Size, Size]:
    blocks = f"floor(({size} + {stride - 1})/{stride})"
    total = f"max({stride}*({blocks} - 1) + {span} - {size}, 0)"
    small, large = f"floor(({total})/2)", f"floor(({total} + 1)/2)"
    return (small, large) if name == "same" else (large, small)


def windows_of(step: Any, sizes: Sequence[Size], kernel: Sequence[Size]) -> list[Window]:
    """One window an axis of a layer's step on a tensor of these spatial sizes."""
    strides, dilations, spans = _reaches(step, len(sizes), kernel)
    if isinstance(step, st.ConvTransposeStep):
        return _transposed(step, sizes, kernel, strides, dilations, spans)
    pads = _pads(step.padding, sizes, spans, strides)
    return [
        Window(n, k, s, lo, hi, d)
        for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, pads, strict=True)
    ]


def pads_of(
    step: st.ConvStep, sizes: Sequence[Size], kernel: Sequence[Size]
) -> list[tuple[Size, Size]]:
    """The pads of a convolution, a name made into formulas."""
    strides, _, spans = _reaches(step, len(sizes), kernel)
    return _pads(step.padding, sizes, spans, strides)


def _reaches(
    step: Any, rank: int, kernel: Sequence[Size]
) -> tuple[tuple[int, ...], tuple[int, ...], list[Size]]:
    """Strides, dilations and spans, one an axis."""
    strides = counts(kernel if step.stride is None else step.stride, rank, "stride")
    dilations = counts(getattr(step, "dilation", 1), rank, "dilation")
    spans = [Window(1, k, 1, 0, 0, d).span for k, d in zip(kernel, dilations, strict=True)]
    return strides, dilations, spans


def _transposed(
    step: st.ConvTransposeStep, sizes: Sequence[Size], kernel: Sequence[Size],
    strides: Sequence[int], dilations: Sequence[int], spans: Sequence[Size],
) -> list[Window]:  # fmt: skip
    if step.padding in ("same", "same_lower") and step.output_padding not in (0, (0,) * len(sizes)):
        raise ClaimError(
            f"padding={step.padding!r} fixes the output size, got output_padding on top"
        )
    crops = _crops(step.padding, sizes, spans, strides)
    extras = entries(step.output_padding, len(sizes), "output_padding")
    return [
        Window(n, k, 1, plus(span, -1, f"-({lo})"), plus(span, -1, f"-({hi})", _size(more)), d, s,
               reversal=True, where=_fits(more, max(s, d)))
        for n, k, s, d, span, (lo, hi), more in zip(
            sizes, kernel, strides, dilations, spans, crops, extras, strict=True)
    ]  # fmt: skip


def _fits(extra: Any, most: int) -> tuple[str, ...]:
    """Where an output padding is one: smaller than the stride or the dilation."""
    if isinstance(extra, str):
        return (f"0 <= {to_isl(extra)} < {most}",)
    if type(extra) is not int or not 0 <= extra < most:
        raise ClaimError(
            f"output_padding must be from 0 to {most - 1}, less than stride or dilation, "
            f"got {extra!r}"
        )
    return ()


def _crops(
    padding: Any, sizes: Sequence[Size], spans: Sequence[Size], strides: Sequence[int]
) -> list[tuple[Size, Size]]:
    if padding not in ("same", "same_lower"):
        return _pads(padding, sizes, spans, strides)
    if not all(isinstance(span, int) for span in spans):
        raise ClaimError("'same' of a transposed layer needs a kernel size in numbers")
    pairs = zip(spans, strides, strict=True)
    return [same_crop(padding, span, s) for span, s in pairs if isinstance(span, int)]


def _domain(windows: Sequence[Window]) -> list[str]:
    return [condition for window in windows for condition in window.domain]


def convolved(step: Any, form: Form, weight: Form) -> Form:
    """The sum (or maximum) over channels and taps of data times weight."""
    rank = len(form.shape) - 1
    if len(weight.shape) != rank + 2:
        raise ClaimError(f"weight {step.weight!r} must have {rank + 2} axes, got {weight.shape}")
    transposed, (groups,) = isinstance(step, st.ConvTransposeStep), counts(step.groups, 1, "groups")
    lead, inner, *kernel = weight.shape
    windows = windows_of(step, form.shape[1:], kernel)
    if not isinstance(lead, int) or not isinstance(inner, int):
        raise ClaimError("channels must be numbers")
    channels = lead if transposed else inner * groups
    if form.shape[0] != channels or lead % groups:
        raise ClaimError(f"weight {step.weight!r} reads {channels} channels, got {form.shape[0]}")
    out = inner * groups if transposed else lead
    terms = tuple(
        _convolved(x, w, windows, groups, transposed, form.maximum)
        for x in form.terms
        for w in weight.terms
    )
    shape = (out, *(window.output for window in windows))
    domain = (*form.domain, *weight.domain, *_domain(windows))
    return Form(shape, terms, form.maximum, domain)


def _convolved(
    x: Term, w: Term, windows: Sequence[Window], groups: int, transposed: bool, maximum: bool
) -> Term:
    rank = len(windows)
    term = product_of(x, w)
    lead = 1 + rank
    if groups > 1:
        term = _grouped(term, 0, groups)
        term = _grouped(term, lead + 1, groups)
    else:
        term = _opened(_opened(term, 0), lead + 1)
    # Axes now: g, c, spatial..., g', lead', second, taps...
    term = identify(term, 0, lead + 1)
    inner, outer = (lead + 2, lead + 3) if transposed else (lead + 3, lead + 2)
    term = identify(term, 1, inner)
    for axis, window in enumerate(windows):
        term = _slid(term, 2 + axis, lead + 4 + axis, window)
    return term.summed((term.out[0] + term.out[outer], *term.out[2 : 2 + rank]), maximum)


def _grouped(term: Term, axis: int, groups: int) -> Term:
    """An axis as two neighbours: its group and the rest."""
    sizes = [leg.size for leg in term.out[axis]]
    whole = prod(size for size in sizes if isinstance(size, int))
    term, (high, low) = split(term, axis, (groups, whole // groups))
    return replace(term, out=(*term.out[:axis], high, low, *term.out[axis + 1 :]))


def _opened(term: Term, axis: int) -> Term:
    """An axis with an empty one in front of it: the only group."""
    return replace(term, out=(*term.out[:axis], (), *term.out[axis:]))


def _slid(term: Term, axis: int, tap_axis: int, window: Window) -> Term:
    term, read = single(term, axis)
    term, tap = single(term, tap_axis)
    out = Leg(window.output)
    return term.with_table(window.table(out, tap, read), out, tap, read).with_axis(axis, (out,))
