"""Claims run by torch alone, on exact integers: an interpreter that shares nothing with symconv.

It reads a claim's JSON text.  Integers are ``int64``; what divides (average pooling, a scale by
fractions) is ``float64``.  A step it does not know is a ``KeyError``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import torch
import torch.nn.functional as F

Text = Mapping[str, Any]
Tensor = Any
Env = Callable[[str], Tensor]
Run = Callable[[Text, Tensor, Env], Tensor]


def run_side(claim: Text, side: str, x: Tensor, free: Mapping[str, Tensor]) -> Tensor:
    """One side of a claim on an input ``(channels, *size)`` and its free weights."""

    def weight(name: str) -> Tensor:
        text = claim["weights"][name]
        if "from" in text:
            return run(text["steps"], weight(text["from"]), weight)
        if text.get("fill") is not None:
            fill = number(text["fill"])
            kind = torch.int64 if isinstance(fill, int) else torch.float64
            return torch.full(text["shape"], fill, dtype=kind)
        return free[name]

    return run(claim[side], x, weight)


def run(steps: list[Text], x: Tensor, weight: Env) -> Tensor:
    """All steps in their order."""
    for step in steps:
        x = RUN[step["op"]](step, x, weight) if step["op"] in RUN else pointwise(step["op"], x)
    return x


def random_tensors(claim: Text, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    """A random integer input and random free weights."""
    generator = torch.Generator().manual_seed(seed)

    def draw(shape: list[int]) -> Tensor:
        return torch.randint(-9, 10, tuple(shape), generator=generator)

    x = draw([claim["input"]["channels"], *claim["input"]["size"]])
    weights = claim.get("weights", {})
    free = {n: w for n, w in weights.items() if "shape" in w and w.get("fill") is None}
    return x, {name: draw(text["shape"]) for name, text in free.items()}


def one_hot(claim: Text, found: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """The input and the free weights that are 1 at a counterexample's indices and 0 elsewhere."""
    x, free = random_tensors(claim, 0)
    x, free = torch.zeros_like(x), {name: torch.zeros_like(w) for name, w in free.items()}
    if found.input is not None:
        x[found.input] = 1
    for name, index in found.weights:
        free[name][index] = 1
    return x, free


def tells_apart(claim: Text, found: Any) -> bool:
    """Whether the sides differ at a counterexample's output, for the values that it gives."""
    x, free = one_hot(claim, found)
    for _, entries in found.assignment[:1]:
        x = torch.zeros_like(x)
        for index, value in entries:
            x[index] = value
    for name, entries in found.assignment[1:]:
        for index, value in entries:
            free[name][index] = value
    left, right = (run_side(claim, side, x, free) for side in ("left", "right"))
    if found.left_shape is not None:
        return bool((*left.shape,) == found.left_shape and (*right.shape,) == found.right_shape)
    return not same(left[found.output], right[found.output])


def agree(claim: Text, seed: int = 0, tries: int = 1) -> bool:
    """Whether both sides give the same on random integers."""
    for attempt in range(tries):
        x, free = random_tensors(claim, seed + attempt)
        left, right = (run_side(claim, side, x, free) for side in ("left", "right"))
        if left.shape != right.shape or not same(left, right):
            return False
    return True


def same(left: Tensor, right: Tensor) -> bool:
    """Equal exactly where both are integers, and to rounding where one is not."""
    if left.is_floating_point() or right.is_floating_point():
        return bool(torch.allclose(left.double(), right.double(), rtol=1e-9, atol=1e-9))
    return bool(torch.equal(left, right))


def number(value: Any) -> Any:
    if value in ("-inf", float("-inf")):
        return float("-inf")
    exact = Fraction(str(value))
    return int(exact) if exact.denominator == 1 else float(exact)


POINTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "relu": lambda x: x.clamp(min=0),
    "relu6": lambda x: x.clamp(0, 6),
}
ROUNDED: dict[str, Callable[[Tensor], Tensor]] = {
    "leaky_relu": F.leaky_relu,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "elu": F.elu,
    "gelu": F.gelu,
    "mish": F.mish,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softplus": F.softplus,
    "tanh": torch.tanh,
}


def pointwise(name: str, x: Tensor) -> Tensor:
    return POINTWISE[name](x) if name in POINTWISE else ROUNDED[name](x.double())


def _groups(side: str) -> list[list[str]]:
    return [found.strip("()").split() for found in re.findall(r"\([^)]*\)|[^\s()]+", side)]


def rearrange(step: Text, x: Tensor, weight: Env) -> Tensor:
    before, after = map(_groups, step["pattern"].split("->"))
    sizes = {k: v for k, v in step.items() if k not in ("op", "pattern")}
    for group, size in zip(before, x.shape, strict=True):
        open_ones = [n for n in group if n not in sizes and n != "1"]
        known = prod(sizes.get(n, 1) for n in group)
        sizes |= {n: int(n) if n.isdigit() else size // known for n in open_ones}
        if prod(sizes.get(n, 1) for n in group) != size:
            raise ValueError(f"{step['pattern']} does not fit {tuple(x.shape)}")
    names = [n for group in before for n in group if n != "1"]
    order = [names.index(n) for group in after for n in group if n != "1"]
    merged = [prod(sizes.get(n, 1) for n in group) for group in after]
    return x.reshape([sizes[n] for n in names]).permute(order).reshape(merged)


def pad(step: Text, x: Tensor, weight: Env) -> Tensor:
    return padded(x, step["padding"], step.get("mode", "zeros"), number(step.get("value", 0)))


def padded(x: Tensor, pads: list[Any], mode: str, value: Any) -> Tensor:
    """Each axis by the positions it reads, so that torch's own ``pad`` need not take integers."""
    for axis, (lo, hi) in enumerate(pads):
        x = _padded_axis(x, axis, lo, hi, mode, value)
    return x


def _padded_axis(x: Tensor, axis: int, lo: int, hi: int, mode: str, value: Any) -> Tensor:
    if mode == "circular":
        x = x.narrow(axis, max(-lo, 0), x.shape[axis] - max(-lo, 0) - max(-hi, 0))
        lo, hi = max(lo, 0), max(hi, 0)
    n = x.shape[axis]
    at = torch.arange(-lo, n + hi)
    inside = (at >= 0) & (at < n)
    if mode == "circular":
        return x.index_select(axis, at % n)
    if mode == "replicate":
        return x.index_select(axis, at.clamp(0, n - 1))
    if mode == "reflect":
        return x.index_select(axis, (n - 1) - ((n - 1) - at.abs()).abs())
    shape = [1] * x.ndim
    shape[axis] = -1
    filled = torch.full((), value, dtype=torch.float64 if isinstance(value, float) else x.dtype)
    return torch.where(inside.view(shape), x.index_select(axis, at.clamp(0, n - 1)), filled)


def _slice(step: Text, x: Tensor, weight: Env) -> Tensor:
    for axis, part in enumerate(step["slices"]):
        at = torch.arange(x.shape[axis]).tolist()[slice(*part)]
        x = x.index_select(axis, torch.tensor(at, dtype=torch.int64))
    return x


def dilate(step: Text, x: Tensor, weight: Env) -> Tensor:
    factors = step["dilation"]
    spread = x.new_zeros([f * (n - 1) + 1 for f, n in zip(factors, x.shape, strict=True)])
    spread[tuple(slice(None, None, f) for f in factors)] = x
    return spread


def _multiplied(key: str) -> Run:
    def multiply(step: Text, x: Tensor, weight: Env) -> Tensor:
        for axis, values in enumerate(step[key]):
            if values is not None:
                shape = [1] * x.ndim
                shape[axis] = -1
                factors = torch.tensor([float(number(v)) for v in values], dtype=torch.float64)
                whole = all(isinstance(number(v), int) for v in values)
                x = x * (factors.long() if whole else factors).view(shape)
        return x

    return multiply


def split(step: Text, x: Tensor, weight: Env) -> Tensor:
    return torch.split(x, step["sizes"], step.get("axis", 0))[step["part"]]


def _axes(value: Any, rank: int) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * rank


def _same(word: str, n: int, span: int, stride: int) -> tuple[int, int]:
    total = max((-(-n // stride) - 1) * stride + span - n, 0)
    ends = (total // 2, total - total // 2)
    return ends if word == "same" else (ends[1], ends[0])


def _pads(step: Text, x: Tensor, kernel: list[int], ints: Mapping[str, list[int]]) -> list[Any]:
    padding, rank = step.get("padding", 0), len(kernel)
    if padding == "valid":
        padding = 0
    if padding in ("same", "same_lower"):
        rows = zip(x.shape[1:], kernel, ints["dilation"], ints["stride"], strict=True)
        return [_same(padding, n, d * (k - 1) + 1, s) for n, k, d, s in rows]
    return [p if isinstance(p, list | tuple) else (p, p) for p in _axes(padding, rank)]


def _ints(step: Text, rank: int) -> dict[str, list[int]]:
    return {name: _axes(step.get(name, 1), rank) for name in ("stride", "dilation")}


CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _bias(step: Text, y: Tensor, weight: Env) -> Tensor:
    if step.get("bias") is None:
        return y
    return y + weight(step["bias"]).view(-1, *[1] * (y.ndim - 1))


def _common(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    kind = torch.promote_types(x.dtype, w.dtype)
    return x.to(kind), w.to(kind)


def conv(step: Text, x: Tensor, weight: Env) -> Tensor:
    w = weight(step["weight"])
    rank = w.ndim - 2
    ints = _ints(step, rank)
    pads = _pads(step, x, list(w.shape[2:]), ints)
    value = number(step.get("padding_value", 0))
    x = padded(x, [(0, 0), *pads], step.get("padding_mode", "zeros"), value)
    x, w = _common(x, w)
    y = CONV[rank](x[None], w, None, **ints, groups=step.get("groups", 1))[0]
    return _bias(step, y, weight)


def conv_as_kernel(step: Text, x: Tensor, weight: Env) -> Tensor:
    """The weight as a batch of samples, ``x`` as the one filter that runs over them."""
    w = weight(step["weight"])
    rank = w.ndim - 2
    ints = _ints(step, rank)
    pads = _pads(step, w, list(x.shape[1:]), ints)
    w, x = _common(padded(w, [(0, 0), (0, 0), *pads], "zeros", 0), x)
    return CONV[rank](w, x[None], None, **ints).squeeze(1)


def conv_transpose(step: Text, x: Tensor, weight: Env) -> Tensor:
    w = weight(step["weight"])
    rank = w.ndim - 2
    ints = _ints(step, rank)
    extra = _axes(step.get("output_padding", 0), rank)
    pads = _crops(step, list(w.shape[2:]), ints)
    x, w = _common(x, w)
    y = TRANSPOSED[rank](x[None], w, None, **ints, groups=step.get("groups", 1))[0]
    ends = [(-lo, more - hi) for (lo, hi), more in zip(pads, extra, strict=True)]
    return _bias(step, padded(y, [(0, 0), *ends], "zeros", 0), weight)


def _crops(step: Text, kernel: list[int], ints: Mapping[str, list[int]]) -> list[Any]:
    padding = step.get("padding", 0)
    if padding not in ("same", "same_lower"):
        return _pads(step, None, kernel, ints)
    crops = []
    for k, d, s in zip(kernel, ints["dilation"], ints["stride"], strict=True):
        total = d * (k - 1) + 1 - s
        ends = (total // 2, total - total // 2) if total >= 0 else (0, total)
        crops.append(ends if padding == "same" or total < 0 else (ends[1], ends[0]))
    return crops


def _windows(x: Tensor, kernel: list[int], ints: Mapping[str, list[int]]) -> list[Tensor]:
    """One strided view a tap."""
    views = []
    for tap in product(*map(range, kernel)):
        view = x
        rows = zip(tap, kernel, ints["dilation"], ints["stride"], strict=True)
        for axis, (k, width, d, s) in enumerate(rows, 1):
            stop = view.shape[axis] - d * (width - 1 - k)
            view = view.index_select(axis, torch.arange(d * k, stop, s))
        views.append(view)
    return views


def _pool(step: Text, x: Tensor) -> tuple[list[int], dict[str, list[int]], list[Any]]:
    rank = x.ndim - 1
    kernel = _axes(step["kernel_size"], rank)
    ints = {
        "stride": _axes(step["stride"] if step.get("stride") is not None else kernel, rank),
        "dilation": _axes(step.get("dilation", 1), rank),
    }
    pads = _pads(step, x, kernel, ints)
    return kernel, ints, pads


def _ceiled(x: Tensor, kernel: list[int], ints: Any, pads: list[Any], ceil: bool) -> list[Any]:
    """Pads that reach the last window of ``ceil_mode``, which starts inside input or left pad."""
    result = []
    rows = zip(x.shape[1:], kernel, ints["stride"], ints["dilation"], pads, strict=True)
    for n, k, s, d, (lo, hi) in rows:
        room = n + lo + hi - d * (k - 1) - 1
        out = (-(-room // s) if ceil else room // s) + 1
        if ceil and (out - 1) * s >= n + lo:
            out -= 1
        result.append((lo, (out - 1) * s + d * (k - 1) + 1 - n - lo))
    return result


def max_pool(step: Text, x: Tensor, weight: Env) -> Tensor:
    kernel, ints, pads = _pool(step, x)
    ends = _ceiled(x, kernel, ints, pads, step.get("ceil_mode", False))
    wide = padded(x.double(), [(0, 0), *ends], "zeros", float("-inf"))
    return torch.stack(_windows(wide, kernel, ints)).amax(0)


def avg_pool(step: Text, x: Tensor, weight: Env) -> Tensor:
    kernel, ints, pads = _pool(step, x)
    ends = _ceiled(x, kernel, ints, pads, step.get("ceil_mode", False))
    total = sum(_windows(padded(x.double(), [(0, 0), *ends], "zeros", 0), kernel, ints))
    if (divisor := step.get("divisor_override")) is not None:
        return total / divisor
    ones = torch.ones_like(x[:1], dtype=torch.float64)
    if step.get("count_include_pad", True):
        ones = padded(ones, [(0, 0), *pads], "zeros", 1)
        ends = [(0, hi - given) for (_, hi), (_, given) in zip(ends, pads, strict=True)]
    count = sum(_windows(padded(ones, [(0, 0), *ends], "zeros", 0), kernel, ints))
    return total / count


def max_conv(step: Text, x: Tensor, weight: Env) -> Tensor:
    w = weight(step["weight"])
    rank, groups = w.ndim - 2, step.get("groups", 1)
    ints, kernel = _ints(step, rank), list(w.shape[2:])
    pads = _pads(step, x, kernel, ints)
    wide = padded(x.double(), [(0, 0), *pads], "zeros", float("-inf"))
    views = torch.stack(_windows(wide, kernel, ints))
    rows = []
    for m, taps in enumerate(w.reshape(len(w), w.shape[1], -1)):
        first = m // (len(w) // groups) * w.shape[1]
        part = views[:, first : first + w.shape[1]]
        dead = (taps.T == 0).reshape(*taps.T.shape, *[1] * rank)
        rows.append(part.masked_fill(dead, float("-inf")).amax((0, 1)))
    return torch.stack(rows)


def _difference(step: Text, x: Tensor, weight: Env) -> Tensor:
    first, *others = (run(branch, x, weight) for branch in step["branches"])
    return first - sum(others)


def _scale(step: Text, x: Tensor, weight: Env) -> Tensor:
    if "factor" in step:
        return x.double() * float(Fraction(step["factor"]))
    return _multiplied("factors")(step, x, weight)


def _adaptive(pool: str) -> Run:
    def apply(step: Text, x: Tensor, weight: Env) -> Tensor:
        size = step["output_size"]
        pooled = getattr(F, f"adaptive_{pool}_pool{x.ndim - 1}d")
        return pooled(x.double()[None], size if isinstance(size, int) else tuple(size))[0]

    return apply


RUN: dict[str, Run] = {
    "rearrange": rearrange,
    "pad": pad,
    "slice": _slice,
    "flip": lambda s, x, w: x.flip(list(s["axes"])),
    "dilate": dilate,
    "tile": lambda s, x, w: x.tile(tuple(s["repeats"])),
    "roll": lambda s, x, w: x.roll(s["shift"], s["axis"]),
    "transpose": lambda s, x, w: x.permute(list(s["axes"])),
    "repeat": lambda s, x, w: x.repeat_interleave(s["count"], s["axis"]),
    "subtract": _difference,
    "adaptive_max_pool": _adaptive("max"),
    "adaptive_avg_pool": _adaptive("avg"),
    "scale": _scale,
    "mask": _multiplied("keep"),
    "split": split,
    "pointwise": lambda s, x, w: pointwise(s.get("function", s.get("name")), x),
    "add": lambda s, x, w: sum(run(branch, x, w) for branch in s["branches"]),
    "concat": lambda s, x, w: torch.cat(
        [run(branch, x, w) for branch in s["branches"]], s.get("axis", 0)
    ),
    "conv": conv,
    "conv_as_kernel": conv_as_kernel,
    "conv_transpose": conv_transpose,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "max_conv": max_conv,
}
