"""Windows at all sizes: output sizes and access tables as formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

from symconv import steps as st
from symconv.errors import ClaimError
from symconv.padding import same_crop
from symconv.prove.sets.axes import plus
from symconv.prove.sets.formulas import Form, Leg, Size, Term, identify, single, split
from symconv.sizes import to_isl


@dataclass(frozen=True, slots=True)
class Window:
    """One axis of a layer with a size that may be named; see `symconv.window.Window`."""

    size: Size
    kernel: Size
    stride: int
    lo: Size
    hi: Size
    dilation: int = 1
    base_dilation: int = 1
    reversal: bool = False

    @property
    def span(self) -> Size:
        """``d*(K-1) + 1``."""
        if isinstance(self.kernel, int):
            return self.dilation * (self.kernel - 1) + 1
        return f"({self.dilation}*({self.kernel} - 1) + 1)"

    @property
    def room(self) -> Size:
        """Samples after base dilation and padding, less the span."""
        spread: Size = (
            self.base_dilation * (self.size - 1) + 1
            if isinstance(self.size, int)
            else f"({self.base_dilation}*({self.size} - 1) + 1)"
        )
        return plus(spread, self.lo, self.hi, f"-{self.span}")

    @property
    def output(self) -> Size:
        """Number of output positions."""
        numbers = (self.size, self.kernel, self.lo, self.hi)
        if all(isinstance(n, int) for n in numbers):
            size, span, lo, hi = self.size, self.span, self.lo, self.hi
            spread = self.base_dilation * (size - 1) + 1  # type: ignore[operator]
            return (spread + lo + hi - span) // self.stride + 1  # type: ignore[operator]
        return f"(floor({self.room}/{self.stride}) + 1)"

    def table(self, out: Leg, tap: Leg, read: Leg) -> str:
        """Which output and tap read which input."""
        k = f"({self.kernel} - 1 - {tap.name})" if self.reversal else tap.name
        position = f"{self.stride}*{out.name} + {self.dilation}*{k} - ({self.lo})"
        return f"{self.base_dilation}*{read.name} = {position}"


def _per_axis(value: Any, rank: int, name: str) -> tuple[Any, ...]:
    values = value if isinstance(value, tuple) else (value,) * rank
    if len(values) != rank:
        raise ClaimError(f"{name} must have one entry for each of {rank} axes, got {value!r}")
    return values


def _size(value: Any) -> Size:
    return value if isinstance(value, int) else to_isl(value)


def _pads(
    padding: Any, sizes: Sequence[Size], spans: Sequence[Size], strides: Sequence[int]
) -> list[tuple[Size, Size]]:
    if padding in ("same", "same_lower"):
        return [_same(padding, *axis) for axis in zip(sizes, spans, strides, strict=True)]
    entries = _per_axis(0 if padding == "valid" else padding, len(sizes), "padding")
    return [
        (_size(e[0]), _size(e[1])) if isinstance(e, tuple) else (_size(e), _size(e))
        for e in entries
    ]


def _same(name: str, size: Size, span: Size, stride: int) -> tuple[Size, Size]:
    blocks = f"floor(({size} + {stride - 1})/{stride})"
    total = f"max(({blocks} - 1)*{stride} + {span} - {size}, 0)".replace(
        f"({blocks} - 1)*{stride}", f"{stride}*({blocks} - 1)"
    )
    small, large = f"floor(({total})/2)", f"floor(({total} + 1)/2)"
    return (small, large) if name == "same" else (large, small)


def _windows(step: Any, sizes: Sequence[Size], kernel: Sequence[Size]) -> list[Window]:
    rank = len(sizes)
    strides = _per_axis(kernel if step.stride is None else step.stride, rank, "stride")
    dilations = _per_axis(getattr(step, "dilation", 1), rank, "dilation")
    spans = [Window(1, k, 1, 0, 0, d).span for k, d in zip(kernel, dilations, strict=True)]
    if isinstance(step, st.ConvTransposeStep):
        return _transposed(step, sizes, kernel, strides, dilations, spans)
    pads = _pads(step.padding, sizes, spans, strides)
    return [
        Window(n, k, s, lo, hi, d)
        for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, pads, strict=True)
    ]


def _transposed(
    step: st.ConvTransposeStep, sizes: Sequence[Size], kernel: Sequence[Size],
    strides: Sequence[int], dilations: Sequence[int], spans: Sequence[Size],
) -> list[Window]:  # fmt: skip
    if step.padding in ("same", "same_lower") and step.output_padding not in (0, (0,) * len(sizes)):
        raise ClaimError(
            f"padding={step.padding!r} fixes the output size, got output_padding on top"
        )
    crops = _crops(step.padding, sizes, spans, strides)
    extras = _per_axis(step.output_padding, len(sizes), "output_padding")
    return [
        Window(n, k, 1, plus(span, -1, f"-({lo})"), plus(span, -1, f"-({hi})", _size(more)), d, s,
               reversal=True)
        for n, k, s, d, span, (lo, hi), more in zip(
            sizes, kernel, strides, dilations, spans, crops, extras, strict=True)
    ]  # fmt: skip


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
    return [f"{window.output} >= 1" for window in windows] + [
        f"{window.kernel} >= 1" for window in windows if not isinstance(window.kernel, int)
    ]


def convolved(step: Any, form: Form, weight: Form) -> Form:
    """The sum (or maximum) over channels and taps of data times weight."""
    rank = len(form.shape) - 1
    if len(weight.shape) != rank + 2:
        raise ClaimError(f"weight {step.weight!r} must have {rank + 2} axes, got {weight.shape}")
    transposed, groups = isinstance(step, st.ConvTransposeStep), step.groups
    lead, inner, *kernel = weight.shape
    windows = _windows(step, form.shape[1:], kernel)
    if not isinstance(lead, int) or not isinstance(inner, int):
        raise ClaimError("channels must be numbers")
    channels = lead if transposed else inner * groups
    if form.shape[0] != channels or lead % groups:
        raise ClaimError(f"weight {step.weight!r} reads {channels} channels, got {form.shape[0]}")
    out = inner * groups if transposed else lead
    terms = tuple(
        _convolved(x, w, windows, groups, transposed) for x in form.terms for w in weight.terms
    )
    shape = (out, *(window.output for window in windows))
    domain = (*form.domain, *weight.domain, *_domain(windows))
    return Form(shape, terms, form.maximum, domain)


def _convolved(x: Term, w: Term, windows: Sequence[Window], groups: int, transposed: bool) -> Term:
    rank = len(windows)
    scalar = x.scalar * w.scalar
    term = Term(x.out + w.out, x.tensors + w.tensors, x.tables + w.tables, scalar)
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
    return replace(term, out=(term.out[0] + term.out[outer], *term.out[2 : 2 + rank]))


def _grouped(term: Term, axis: int, groups: int) -> Term:
    """An axis as two neighbours: its group and the rest."""
    sizes = [leg.size for leg in term.out[axis]]
    whole = prod(size for size in sizes if isinstance(size, int))
    term, (high, low) = split(term, axis, (groups, whole // groups))
    return replace(term, out=(*term.out[:axis], (high,), (low,), *term.out[axis + 1 :]))


def _opened(term: Term, axis: int) -> Term:
    """An axis with an empty one in front of it: the only group."""
    return replace(term, out=(*term.out[:axis], (), *term.out[axis:]))


def _slid(term: Term, axis: int, tap_axis: int, window: Window) -> Term:
    term, read = single(term, axis)
    term, tap = single(term, tap_axis)
    out = Leg(window.output)
    return term.with_table(window.table(out, tap, read), out, tap, read).with_axis(axis, (out,))


def _check_pool(step: Any, windows: Sequence[Window], kernel: Sequence[int]) -> None:
    """Refuse what PyTorch refuses: pads beyond half of the kernel."""
    for window, taps in zip(windows, kernel, strict=True):
        pads = [end for end in (window.lo, window.hi) if isinstance(end, int)]
        if not isinstance(step.padding, str) and max(pads, default=0) > taps // 2:
            raise ClaimError(
                f"a pooling pads at most half of its kernel ({taps // 2} of {taps}), got {pads}"
            )


def pooled(step: Any, form: Form) -> Form:
    """Each channel's windows summed up, divided by their taps, or their maximum."""
    rank = len(form.shape) - 1
    kernel = _per_axis(step.kernel_size, rank, "kernel_size")
    if getattr(step, "ceil_mode", False):
        raise ClaimError("ceil_mode is not read for all sizes")
    windows = _windows(step, form.shape[1:], kernel)
    _check_pool(step, windows, kernel)
    taps = prod(kernel)

    def pool(term: Term) -> Term:
        for axis, window in enumerate(windows):
            term, read = single(term, 1 + axis)
            out, tap = Leg(window.output), Leg(window.kernel)
            table = window.table(out, tap, read)
            term = term.with_table(table, out, tap, read).with_axis(1 + axis, (out,))
        return term if form.maximum else replace(term, scalar=term.scalar / Fraction(taps))

    shape = [form.shape[0], *(window.output for window in windows)]
    return form.each(pool, shape, *_domain(windows))
