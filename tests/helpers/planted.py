"""Random layers, and expansions with one fault planted: what a prover must tell from the truth.

A fault takes an expansion's claim as JSON and returns a changed one, or None where it has nothing
to change.  Whether the change matters is not known here; brute-force evaluation decides.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.errors import LayerError
from symconv.expand import Expansion, destride
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.replay.run import run_claim

Text = dict[str, Any]
Fault = Callable[[Text, Expansion, random.Random], Text | None]
FAULTS: dict[str, Fault] = {}


def random_layer(rng: random.Random, most_axes: int = 3) -> tuple[AnyLayer, tuple[int, ...]]:
    """A legal layer and an input size that fits it."""
    while True:
        layer, size = _candidate(rng, most_axes)
        if layer is None:
            continue
        try:
            layer.windows(size)
        except LayerError:
            continue
        return layer, size


def _candidate(rng: random.Random, most_axes: int) -> tuple[AnyLayer | None, tuple[int, ...]]:
    rank = rng.randint(1, most_axes)

    def axes(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.randint(low, high) for _ in range(rank))

    kernel, stride, dilation, size = axes(1, 5), axes(1, 4), axes(1, 3), axes(1, 9)
    pads: Any = tuple(zip(axes(-1, 3), axes(-1, 3), strict=True))
    padding = rng.choice([pads, pads, "same", "same_lower"])
    groups, flag = rng.randint(1, 3), rng.random() < 0.5
    channels = (groups * rng.randint(1, 2), groups * rng.randint(1, 2))
    kind = rng.choice(["conv", "conv", "conv_transpose", "max_pool", "avg_pool"])
    try:
        if kind == "conv":
            mode: Any = rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"])
            value = rng.choice([0, 0, 2]) if mode == "zeros" else 0
            return Conv(
                *channels, kernel, stride, padding, dilation, groups, flag, mode, value
            ), size
        if kind == "conv_transpose":
            extra = tuple(rng.randrange(max(pair)) for pair in zip(stride, dilation, strict=True))
            return ConvTranspose(
                *channels, kernel, stride, padding, extra, groups, flag, dilation
            ), size
        if kind == "max_pool":
            return MaxPool(kernel, stride, padding, flag, groups, dilation), size
        return AvgPool(kernel, stride, padding, flag, groups, rng.random() < 0.5), size
    except LayerError:
        return None, size


def random_expansion(rng: random.Random, most_axes: int = 3) -> Expansion:
    """An expansion of a random layer, with any legal factors and residual stride."""
    layer, size = random_layer(rng, most_axes)
    coarse, residual = [], []
    for window in layer.windows(size):
        t = rng.choice([t for t in range(1, window.stride + 1) if window.stride % t == 0])
        residual.append(t)
        coarse.append(window.base_dilation * t * rng.choice([1, 1, 2]))
    return destride(
        layer,
        size,
        factor_out=coarse,
        residual_stride=residual,
        order=rng.choice(["channel", "phase"]),
    )


def tensors(claim: Claim, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random integers for the input (``x``) and for every free weight."""
    free = {n: w.shape for n, w in claim.weights if w.source is None and w.fill is None}
    shapes = {"x": claim.input_shape, **free}
    return {n: rng.integers(-(10**6), 10**6, s).astype(object) for n, s in shapes.items()}


def brute_force_equal(claim: Claim, seed: int, tries: int = 3) -> bool:
    """Evaluate both sides on large random integers: a difference shows almost surely.

    Two different polynomials of degree 2 agree at a point drawn from 2*10^6 values an entry with
    probability below 10^-5 (Schwartz and Zippel), and at three with one below 10^-15.
    """
    rng = np.random.default_rng(seed)
    for _ in range(tries):
        values = tensors(claim, rng)
        x = values.pop("x")
        left, right = (run_claim(claim, side, x, values) for side in ("left", "right"))
        if left.shape != right.shape or (left != right).any():
            return False
    return True


def fault(kind: Fault) -> Fault:
    """Register a fault under its function's name."""
    FAULTS[kind.__name__] = kind
    return kind


def _copy(text: Text) -> Text:
    return copy.deepcopy(text)


def _layer_step(text: Text) -> Text:
    return next(s for s in text["right"] if s["op"] in ("conv", "max_conv"))


def _weight_steps(text: Text) -> list[Text]:
    steps: list[Text] = text["weights"]["w_phases"]["steps"]
    return steps


def _spatial(pads: list[Any]) -> list[int]:
    return [axis for axis in range(2, len(pads)) if any(pads[axis])]


@fault
def pad_at_the_wrong_end(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """The kernel's pad stands behind it instead of in front, or the other way round."""
    text = _copy(text)
    pads = [s for s in _weight_steps(text) if s["op"] == "pad" and _spatial(s["padding"])]
    if not pads:
        return None
    axis = rng.choice(_spatial(pads[0]["padding"]))
    pads[0]["padding"][axis].reverse()
    return text


@fault
def pad_off_by_one(text: Text, e: Expansion, rng: random.Random) -> Text:
    """The expanded layer is padded one to the left of where it should be."""
    text = _copy(text)
    pair = rng.choice(_layer_step(text)["padding"]) if "padding" in _layer_step(text) else None
    if pair is None:
        rank = len(e.input_size)
        _layer_step(text)["padding"] = [[1, -1]] + [[0, 0]] * (rank - 1)
        return text
    shift = rng.choice([-1, 1])
    pair[0] += shift
    pair[1] -= shift
    return text


def _at_one_tap(text: Text, e: Expansion, rng: random.Random, factor: int) -> Text:
    """Multiply one tap of one axis of the original kernel, on its way to the expanded one."""
    text = _copy(text)
    shape = e.weight_shape
    axis = rng.randrange(2, len(shape))
    factors = [1] * shape[axis]
    factors[rng.randrange(shape[axis])] = factor
    step = {"op": "scale", "factors": [factors if a == axis else None for a in range(len(shape))]}
    _weight_steps(text).insert(0, step)
    return text


@fault
def tap_dropped(text: Text, e: Expansion, rng: random.Random) -> Text:
    """One tap is zero in the expanded kernel."""
    if e.original.monoid == "max":
        return _masked_tap(text, e, rng)
    return _at_one_tap(text, e, rng, 0)


def _masked_tap(text: Text, e: Expansion, rng: random.Random) -> Text:
    """The first tap of an axis is cut off and a zero put there."""
    text = _copy(text)
    axis = rng.randrange(2, len(e.weight_shape))
    pads = [[[0, 0] for _ in e.weight_shape] for _ in range(2)]
    pads[0][axis][0], pads[1][axis][0] = -1, 1
    if e.weight_shape[axis] == 1:
        pads[0][axis], pads[1][axis] = [1, -1], [0, 0]
    cut = [{"op": "pad", "padding": p} for p in pads]
    _weight_steps(text)[:0] = cut
    return text


@fault
def tap_doubled(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """One tap counts twice in the expanded kernel."""
    return None if e.original.monoid == "max" else _at_one_tap(text, e, rng, 2)


@fault
def phases_swapped(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """Space-to-depth puts the phases of two axes in the other order."""
    return _replaced(text["right"], text, "r0 r1", "r1 r0")


def _replaced(steps: list[Text], text: Text, old: str, new: str) -> Text | None:
    """Change the pattern of the first rearrangement that has the old words on its right."""
    for place, step in enumerate(steps):
        left, _, right = step.get("pattern", "").partition("->")
        if old in right:
            changed = _copy(text)
            side = changed["right"] if steps is text["right"] else _weight_steps(changed)
            side[place]["pattern"] = f"{left}->{right.replace(old, new)}"
            return changed
    return None


@fault
def channel_order_swapped(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """The input's phases stand in the other channel order than the kernel's."""
    names = " ".join(f"r{axis}" for axis in range(len(e.axes)))
    if e.order == "channel":
        return _replaced(text["right"], text, f"c {names}", f"{names} c")
    return _replaced(text["right"], text, f"{names} c", f"c {names}")


@fault
def kernel_mirrored(text: Text, e: Expansion, rng: random.Random) -> Text:
    """The kernel is read from its end: true convolution for correlation, or the reverse."""
    text = _copy(text)
    _weight_steps(text).insert(0, {"op": "flip", "axes": [rng.randrange(2, len(e.weight_shape))]})
    return text


@fault
def wrong_group(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """The kernels of two groups change places."""
    if e.groups == 1:
        return None
    text = _copy(text)
    _weight_steps(text).insert(0, {"op": "flip", "axes": [0]})
    return text


@fault
def same_upper_for_same_lower(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """The odd sample of a 'same' padding stands at the other end."""
    text = _copy(text)
    other = {"same": "same_lower", "same_lower": "same"}
    padding = text["left"][0].get("padding")
    if not isinstance(padding, str):
        return None
    text["left"][0]["padding"] = other[padding]
    return text


@fault
def output_padding_dropped(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """The original has an output padding that the expanded layer knows nothing of."""
    text = _copy(text)
    return text if text["left"][0].pop("output_padding", None) is not None else None


@fault
def residual_stride_wrong(text: Text, e: Expansion, rng: random.Random) -> Text:
    """The expanded layer's stride is one too large on an axis; the outputs' number is kept."""
    text = _copy(text)
    step, axis = _layer_step(text), rng.randrange(len(e.axes))
    strides = list(e.residual_stride)
    strides[axis] += 1
    pads = [list(pair) for pair in e.layer.per_axis("padding", len(e.axes))]
    pads[axis][1] += e.axes[axis].coarse_output - 1
    step["stride"], step["padding"] = strides, pads
    return text


@fault
def tail_read_as_zero(text: Text, e: Expansion, rng: random.Random) -> Text | None:
    """Samples left over by the factor are cut off instead of filled up: floor for ceil."""
    axes = [
        a
        for a, x in enumerate(e.axes)
        if x.window.size % x.factor_in and x.window.size > x.factor_in
    ]
    place = next(
        (i for i, s in enumerate(text["right"]) if "(h0 r0)" in s.get("pattern", "")), None
    )
    if not axes or place is None:
        return None
    text, axis = _copy(text), rng.choice(axes)
    cut = [[0, 0] for _ in range(1 + len(e.axes))]
    cut[1 + axis][1] = -e.axes[axis].factor_in
    fill = "-inf" if e.original.monoid == "max" else 0
    text["right"].insert(place, {"op": "pad", "padding": cut, "value": fill})
    pads = [list(pair) for pair in e.layer.per_axis("padding", len(e.axes))]
    pads[axis][1] += 1
    _layer_step(text)["padding"] = pads
    return text
