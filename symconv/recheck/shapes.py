"""What every step does to a shape, and whether it may: PyTorch's legality, before anything is made.

The pipelines are walked in numbers alone.  So a side that is zero everywhere has a shape as any
other, and a claim that is too large is known as such before a row of it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from symconv.errors import ClaimError, TooLarge
from symconv.recheck import text
from symconv.recheck.factors import MOST_ENTRIES
from symconv.recheck.kinds import GATHERS, MAXIMA
from symconv.recheck.lattices import shape_of_cosets, shape_within, work
from symconv.recheck.steps import every_step
from symconv.recheck.windows import counted

Step = dict[str, Any]
Shape = list[int]
_NOT_IN_WEIGHTS = {"pointwise", *MAXIMA}


class Shapes:
    """The shapes of one claim's pipelines and weights, and what their tables will hold."""

    def __init__(
        self, weights: Mapping[str, Any], maximum: bool = False, most: int = MOST_ENTRIES
    ) -> None:
        self._weights, self._maximum, self._most = weights, maximum, most
        self._known: dict[str, Shape] = {}
        self._entries = 0

    def check_weights(self) -> None:
        """Refuse a weight that is ill-formed, whether it is used or not.

        Raises:
            ClaimError: a source that is not there, a circle, a step that does not fit.
        """
        for name in self._weights:
            self.weight(name)

    def weight(self, name: str, seen: tuple[str, ...] = ()) -> Shape:
        """The shape of a weight.

        Raises:
            ClaimError: it is not defined, or ill-formed.
        """
        if name not in self._known:
            self._known[name] = self._read_weight(name, seen)
        return self._known[name]

    def _read_weight(self, name: str, seen: tuple[str, ...]) -> Shape:
        if name not in self._weights:
            raise ClaimError(f"there is no weight {name!r}")
        if name in seen:
            raise ClaimError(f"weight {name!r} is defined by itself")
        weight = self._weights[name]
        if "from" not in weight:
            text.finite(weight.get("fill", 0))
            written = prod(weight["shape"]) if "value" in weight else 0
            return self._counted(list(weight["shape"]), written)
        shape = self.weight(weight["from"], (*seen, name))
        inner = _OfWeight(self, (*seen, name))
        for step in weight["steps"]:
            shape = inner.after(step, shape)
        return shape

    def pipeline(self, steps: Sequence[Step], shape: Shape) -> Shape:
        """The shape after all steps."""
        self._entries = 0
        shape = self._counted(list(shape))
        for place, step in enumerate(steps):
            try:
                shape = self.after(step, shape)
            except TooLarge:
                raise
            except ClaimError as fault:
                raise ClaimError(f"step {place} ({step['op']}) on shape {shape}: {fault}") from None
        return shape

    def after(self, step: Step, shape: Shape) -> Shape:
        """The shape after one step.

        Raises:
            ClaimError: the step does not fit the shape, or PyTorch would refuse it.
            TooLarge: its tables would not fit into the rechecker's bound.
        """
        rule: Callable[[Step, Shape], Shape] = getattr(self, f"_of_{step['op']}")
        return self._counted(rule(step, shape))

    def _counted(self, shape: Shape, entries: int = 0) -> Shape:
        """The shape, once its rows are known to fit."""
        self._entries += entries + sum(shape)
        if self._entries > self._most:
            raise TooLarge(
                f"rechecking would write at least {self._entries} rows, and stops at "
                f"{self._most}; certify the claim at a smaller size"
            )
        return shape

    def _of_rearrange(self, step: Step, shape: Shape) -> Shape:
        left, right = text.einops(step["pattern"])
        sizes = text.factor_sizes(left, shape, step)
        return [prod(sizes[name] for name in group) for group in right]

    def _of_pad(self, step: Step, shape: Shape) -> Shape:
        text.known_mode(step["mode"])
        infinite = text.number(step["value"]) is None
        if infinite and not self._maximum:
            raise ClaimError("the value '-inf' has a meaning only beside a max pooling")
        pads = text.pairs(step["padding"], len(shape))
        for n, (lo, hi) in zip(shape, pads, strict=True):
            text.check_mode(n, lo, hi, step["mode"])
        return [_room(n + lo + hi) for n, (lo, hi) in zip(shape, pads, strict=True)]

    def _of_slice(self, step: Step, shape: Shape) -> Shape:
        parts = text.entries(step["slices"], len(shape), "slices")
        return [_room(len(range(n)[text.as_slice(p)])) for n, p in zip(shape, parts, strict=True)]

    def _of_flip(self, step: Step, shape: Shape) -> Shape:
        text.distinct_axes(step["axes"], len(shape))
        return shape

    def _of_dilate(self, step: Step, shape: Shape) -> Shape:
        factors = text.integers(
            text.entries(step["dilation"], len(shape), "dilation"), len(shape), 1, "dilation"
        )
        return [f * (n - 1) + 1 for n, f in zip(shape, factors, strict=True)]

    def _of_tile(self, step: Step, shape: Shape) -> Shape:
        repeats = text.integers(
            text.entries(step["repeats"], len(shape), "repeats"), len(shape), 1, "repeats"
        )
        return [n * r for n, r in zip(shape, repeats, strict=True)]

    def _of_repeat(self, step: Step, shape: Shape) -> Shape:
        axis, count = text.axis(step["axis"], len(shape)), text.count(step["count"], "count")
        return [n * count if a == axis else n for a, n in enumerate(shape)]

    def _of_cosets(self, step: Step, shape: Shape) -> Shape:
        found = shape_of_cosets(step, shape)
        self._counted([], work(step))
        return found

    def _of_within(self, step: Step, shape: Shape) -> Shape:
        return shape_within(step, shape)

    def _of_transpose(self, step: Step, shape: Shape) -> Shape:
        axes = text.distinct_axes(step["axes"], len(shape))
        if len(axes) != len(shape):
            raise ClaimError(
                f"axes must be a permutation of {len(shape)}, got {step['axes']!r:.80}"
            )
        return [shape[axis] for axis in axes]

    def _of_scale(self, step: Step, shape: Shape) -> Shape:
        if "factor" in step:
            text.finite(step["factor"])
            return shape
        for n, factors in zip(shape, text.entries(step["factors"], len(shape), "factors"),
                              strict=True):  # fmt: skip
            if factors is not None:
                text.factors(factors, n)
        return shape

    def _of_mask(self, step: Step, shape: Shape) -> Shape:
        for n, keep in zip(shape, text.entries(step["keep"], len(shape), "keep"), strict=True):
            if keep is None:
                continue
            text.factors(keep, n)
            if any(isinstance(entry, str) or entry not in (0, 1) for entry in keep):
                raise ClaimError(f"a mask's entries must be 0 or 1, got {keep!r:.80}")
        return shape

    def _of_split(self, step: Step, shape: Shape) -> Shape:
        axis = text.axis(step["axis"], len(shape))
        first, end = text.split_bounds(step["sizes"], step["part"], shape[axis])
        return [*shape[:axis], end - first, *shape[axis + 1 :]]

    def _of_pointwise(self, step: Step, shape: Shape) -> Shape:
        return shape

    def _branches(self, step: Step, shape: Shape) -> list[Shape]:
        found = []
        for branch in step["branches"]:
            at = shape
            for inner in branch:
                at = self.after(inner, at)
            found.append(at)
        return found

    def _of_add(self, step: Step, shape: Shape) -> Shape:
        shapes = self._branches(step, shape)
        if any(other != shapes[0] for other in shapes):
            raise ClaimError(f"the branches must have one shape, got {shapes}")
        return shapes[0]

    def _of_subtract(self, step: Step, shape: Shape) -> Shape:
        return self._of_add(step, shape)

    def _of_concat(self, step: Step, shape: Shape) -> Shape:
        shapes = self._branches(step, shape)
        axis = text.axis(step["axis"], len(shapes[0]))
        rests = [other[:axis] + other[axis + 1 :] for other in shapes]
        if any(rest != rests[0] for rest in rests):
            raise ClaimError(f"the branches must differ on axis {axis} only, got {shapes}")
        total = sum(other[axis] for other in shapes)
        return [*shapes[0][:axis], total, *shapes[0][axis + 1 :]]

    def _kernel(self, step: Step, shape: Shape) -> Shape:
        weight = self.weight(step["weight"])
        if len(weight) != len(shape) + 1 or len(shape) < 2:
            raise ClaimError(
                f"weight {step['weight']!r} of shape {weight} must have {len(shape) + 1} axes"
            )
        return weight

    def _of_conv(self, step: Step, shape: Shape) -> Shape:
        value = text.finite(step["padding_value"])
        text.known_mode(step["padding_mode"])
        if value and step["padding_mode"] != "zeros":
            raise ClaimError("a padding_value needs padding_mode 'zeros'")
        return self._convolved(step, shape, step["padding_mode"], step["bias"])

    def _convolved(self, step: Step, shape: Shape, mode: str, bias: str | None) -> Shape:
        out, inner, *kernel = self._kernel(step, shape)
        groups = text.count(step["groups"], "groups")
        if out % groups or inner * groups != shape[0]:
            raise ClaimError(
                f"weight {step['weight']!r} with {groups} groups reads {inner * groups} channels, "
                f"the data has {shape[0]}; and {out} channels must divide by the groups"
            )
        sizes = self._windows(step, shape[1:], kernel, mode)
        self._check_bias(bias, out)
        return [out, *sizes]

    def _windows(self, step: Step, sizes: Shape, kernel: Shape, mode: str = "zeros") -> Shape:
        """Output sizes of a convolution's windows."""
        strides, dilations = text.strides(step, len(sizes))
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        outs, padded = [], 0
        for n, span, s, (lo, hi) in zip(
            sizes, spans, strides, text.pads(step["padding"], sizes, spans, strides), strict=True
        ):
            text.check_mode(n, lo, hi, mode)
            padded += max(n + lo + hi, 0)
            outs.append(_fitting(n + lo + hi, span, s))
        self._counted([], padded + sum(o * k for o, k in zip(outs, kernel, strict=True)))
        return outs

    def _check_bias(self, name: str | None, channels: int) -> None:
        if name is not None and self.weight(name) != [channels]:
            raise ClaimError(f"bias {name!r} must have shape [{channels}], got {self.weight(name)}")

    def _of_max_conv(self, step: Step, shape: Shape) -> Shape:
        self._require_constant(step["weight"])
        return self._convolved(step, shape, "zeros", None)

    def _require_constant(self, name: str) -> None:
        weight, seen = self._weights.get(name, {}), {name}
        while "from" in weight:
            if any(step["op"] not in GATHERS for step in every_step(weight["steps"])):
                raise ClaimError(f"max_conv: weight {name!r} is not rechecked with such steps")
            if weight["from"] in seen:
                raise ClaimError(f"weight {name!r} is defined by itself")
            seen.add(weight["from"])
            weight = self._weights.get(weight["from"], {})
        if not {"fill", "value"} & set(weight):
            raise ClaimError(f"max_conv needs a weight derived from a constant, {name!r} is free")

    def _of_conv_transpose(self, step: Step, shape: Shape) -> Shape:
        lead, inner, *kernel = self._kernel(step, shape)
        groups, rank = text.count(step["groups"], "groups"), len(shape) - 1
        if lead != shape[0] or lead % groups:
            raise ClaimError(
                f"weight {step['weight']!r} reads {lead} channels in {groups} groups, the data has "
                f"{shape[0]}"
            )
        strides, dilations = text.strides(step, rank)
        extras = text.integers(step["output_padding"], rank, 0, "output_padding")
        text.check_output_padding(step["padding"], extras, strides, dilations)
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        crops = text.pads(step["padding"], shape[1:], spans, strides, transposed=True)
        outs = [
            _room((n - 1) * s + span - lo - hi + extra)
            for n, s, span, (lo, hi), extra in zip(
                shape[1:], strides, spans, crops, extras, strict=True)
        ]  # fmt: skip
        self._counted([], sum(n * k for n, k in zip(shape[1:], kernel, strict=True)))
        self._check_bias(step["bias"], inner * groups)
        return [inner * groups, *outs]

    def _of_conv_as_kernel(self, step: Step, shape: Shape) -> Shape:
        if isinstance(step["padding"], str):
            raise ClaimError(f"conv_as_kernel is not padded by {step['padding']!r:.80}")
        out, inner, *data = self._kernel(step, shape)
        if inner != shape[0]:
            raise ClaimError(
                f"weight {step['weight']!r} has {inner} channels, the kernel has {shape[0]}"
            )
        return [out, *self._windows(step, data, shape[1:])]

    def _of_max_pool(self, step: Step, shape: Shape) -> Shape:
        return self._pooled(step, shape)

    def _of_avg_pool(self, step: Step, shape: Shape) -> Shape:
        kernel = text.integers(step["kernel_size"], len(shape) - 1, 1, "kernel_size")
        if step["legality"] == "onnx":
            return self._of_wide_average(step, shape)
        if len(kernel) == 3 and any(n < k for n, k in zip(shape[1:], kernel, strict=True)):
            raise ClaimError("PyTorch's avg_pool3d takes no input smaller than its kernel")
        return self._pooled(step, shape)

    def _of_wide_average(self, step: Step, shape: Shape) -> Shape:
        """An average by ONNX's rules: some window may count nothing, and has no mean then."""
        pooled = self._pooled(step, shape)
        if step["divisor_override"] is not None:
            text.count(step["divisor_override"], "divisor_override")
        elif any(n < 1 for axis in counted(step, shape[1:], pooled[1:]) for n in axis):
            raise ClaimError("an average has a window that counts no sample")
        return pooled

    def _of_adaptive_max_pool(self, step: Step, shape: Shape) -> Shape:
        outputs = text.adaptive(step["output_size"], shape[1:])
        return [shape[0], *self._counted(outputs, sum(shape[1:]))]

    def _of_adaptive_avg_pool(self, step: Step, shape: Shape) -> Shape:
        return self._of_adaptive_max_pool(step, shape)

    def _pooled(self, step: Step, shape: Shape) -> Shape:
        kernel, strides, dilations, padding = text.pool(step, shape[1:])
        outs = []
        for n, k, s, d, (lo, hi) in zip(
            shape[1:], kernel, strides, dilations, padding, strict=True
        ):
            span = d * (k - 1) + 1
            narrow = step["legality"] == "torch" and not isinstance(step["padding"], str)
            if narrow and max(lo, hi) > k // 2:
                raise ClaimError(f"a pooling pads at most half of its kernel {k}, got {[lo, hi]}")
            found = text.pool_outputs(n, lo, hi, span, s, step["ceil_mode"])
            if found < 1 or (hi < 0 and (found - 1) * s + span > n + lo + hi):
                raise ClaimError(f"a window of {span} samples does not fit into {n + lo + hi}")
            outs.append(found)
        self._counted([], sum(o * k for o, k in zip(outs, kernel, strict=True)))
        return [shape[0], *outs]


class _OfWeight(Shapes):
    """The steps that make a weight: no function and no maximum stands among them."""

    def __init__(self, claim: Shapes, seen: tuple[str, ...]) -> None:
        super().__init__(claim._weights)
        self._claim, self._seen = claim, seen

    def weight(self, name: str, seen: tuple[str, ...] = ()) -> Shape:
        return self._claim.weight(name, (*self._seen, *seen))

    def _counted(self, shape: Shape, entries: int = 0) -> Shape:
        return self._claim._counted(shape, entries)

    def after(self, step: Step, shape: Shape) -> Shape:
        if step["op"] in _NOT_IN_WEIGHTS:
            raise ClaimError(f"a weight made by {step['op']} is not rechecked")
        return super().after(step, shape)


def _room(size: int) -> int:
    if size < 1:
        raise ClaimError("it leaves nothing of an axis")
    return size


def _fitting(padded: int, span: int, stride: int) -> int:
    if padded < span:
        raise ClaimError(f"a window of {span} samples does not fit into {padded}")
    return (padded - span) // stride + 1
