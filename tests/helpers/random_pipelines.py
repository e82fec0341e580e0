"""Random claims over every step: a pipeline, and the same one with a step changed, gone or new."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from symconv.claim import read_claim
from symconv.errors import SymconvError
from symconv.repair.mutations import step_mutations
from symconv.replay.run import run_claim

Text = dict[str, Any]
Shape = tuple[int, ...]
Maker = Callable[["Pipelines", Shape], Text]
FUNCTIONS = ("relu", "relu6", "leaky_relu", "hardswish", "identity", "f", "g", "tanh", "gelu")
FILLS = (1, 2, -1, "1/2", "0.25", 0, 3)


class Pipelines:
    """Makes steps that fit, and the weights that they use."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.weights: dict[str, Text] = {}

    def claim(self) -> Text:
        """A claim whose sides differ by one step, or by none."""
        rank = self.rng.choice((1, 1, 2))
        text: Text = {
            "input": {
                "channels": self.rng.choice((1, 2, 4)),
                "size": [self.rng.randint(3, 6) for _ in range(rank)],
            },
            "weights": self.weights,
            "left": [],
            "right": [],
        }
        for _ in range(self.rng.randint(1, 3)):
            self._grown(text)
        return {**text, "right": self._changed(text)}

    def _grown(self, text: Text) -> None:
        """One more step on the left, of those that fit there."""
        shape = output_shape(text, "left")
        for _ in range(20):
            before = dict(self.weights)
            step = MAKERS[self.rng.choice(list(MAKERS))](self, shape)
            if fits({**text, "left": [*text["left"], step]}):
                text["left"].append(step)
                return
            self.weights.clear()
            self.weights.update(before)

    def _changed(self, text: Text) -> list[Text]:
        steps = list(text["left"])
        at = self.rng.randrange(len(steps)) if steps else 0
        choices = (
            [m.step for m in step_mutations(steps[at], len(text["input"]["size"]))] if steps else []
        )
        fate = self.rng.random()
        if choices and fate < 0.6:
            new = self.rng.choice(choices)
            return [*steps[:at], *([new] if new else []), *steps[at + 1 :]]
        if steps and fate < 0.75:
            return [*steps[:at], *steps[at + 1 :]]
        spatial = list(range(1, len(output_shape(text, "left"))))
        return [*steps, {"op": "flip", "axes": [self.rng.choice(spatial or [0])]}]

    def pick(self, *values: Any) -> Any:
        """One of these."""
        return self.rng.choice(values)

    def pads(self, shape: Shape, low: int = -1, high: int = 2) -> list[list[int]]:
        """A pair per axis."""
        return [[self.rng.randint(low, high) for _ in range(2)] for _ in shape]

    def weight(self, shape: list[int]) -> str:
        """A new weight: free, constant or flipped; its name need not be an identifier."""
        name = f"{self.pick('w', 'left', 'layer.0-w', 'part_1', 'x')}{len(self.weights) or ''}"
        kind = self.rng.random()
        self.weights[name] = {"shape": shape}
        if kind < 0.3:
            self.weights[name]["fill"] = self.pick(*FILLS)
        elif kind < 0.5:
            self.weights[f"{name}'"] = {
                "from": name,
                "steps": [{"op": "flip", "axes": [len(shape) - 1]}],
            }
            return f"{name}'"
        return name


def output_shape(text: Text, side: str) -> Shape:
    """The shape that a side gives, by running it."""
    return tuple(ran(text, side).shape)


def ran(text: Text, side: str) -> Any:
    """One side run on zeros."""
    claim = read_claim(text)
    tensors = {n: np.zeros(w.shape or (), dtype=object) for n, w in claim.weights}
    with np.errstate(all="ignore"):  # zero times -inf
        return run_claim(claim, side, np.zeros(claim.input_shape, dtype=object), tensors)


def fits(text: Text) -> bool:
    """Whether the left side runs, and gives something of a modest size."""
    try:
        return 0 < int(ran(text, "left").size) <= 600
    except (SymconvError, ValueError, IndexError, ZeroDivisionError, TypeError):
        return False


def _conv(to: Pipelines, shape: Shape) -> Text:
    rank, groups = len(shape) - 1, to.pick(1, 1, shape[0])
    kernel = [to.pick(1, 2, 3) for _ in range(rank)]
    weight = to.weight([groups * to.pick(1, 2), shape[0] // groups, *kernel])
    step = {
        "op": "conv",
        "weight": weight,
        "groups": groups,
        "stride": to.pick(1, 1, 2),
        "dilation": to.pick(1, 1, 2),
        "padding": to.pick(0, 1, "same", "same_lower", "valid"),
        "padding_mode": to.pick("zeros", "zeros", "reflect", "replicate", "circular"),
    }
    if step["padding"] == 1 and to.rng.random() < 0.5:
        step["padding"] = to.pads(shape[1:])
    if step["padding_mode"] == "zeros":
        step["padding_value"] = to.pick(0, 0, 1, "1/2")
    if to.rng.random() < 0.3:
        step["bias"] = to.weight([to.weights[weight.rstrip("'")]["shape"][0]])
    return step


def _conv_transpose(to: Pipelines, shape: Shape) -> Text:
    rank, groups = len(shape) - 1, to.pick(1, shape[0])
    kernel, outer = [to.pick(1, 2, 3) for _ in range(rank)], to.pick(1, 2)
    step = {
        "op": "conv_transpose",
        "weight": to.weight([shape[0], outer, *kernel]),
        "groups": groups,
        "stride": to.pick(1, 2),
        "dilation": to.pick(1, 1, 2),
        "padding": to.pick(0, 1, "same", "same_lower"),
    }
    if step["stride"] == 2 and step["padding"] in (0, 1):
        step["output_padding"] = to.pick(0, 1)
    if to.rng.random() < 0.3:
        step["bias"] = to.weight([outer * groups])
    return step


def _conv_as_kernel(to: Pipelines, shape: Shape) -> Text:
    weight = to.weight([to.pick(1, 2), *(n + to.pick(0, 1, 3) for n in shape)])
    to.weights[weight.rstrip("'")]["shape"][1] = shape[0]
    return {
        "op": "conv_as_kernel",
        "weight": weight,
        "stride": to.pick(1, 2),
        "padding": to.pads(shape[1:], 0, 1),
    }


def _max_conv(to: Pipelines, shape: Shape) -> Text:
    name = f"ones{len(to.weights)}"
    to.weights[name] = {"shape": [1, shape[0], *[2 for _ in shape[1:]]], "fill": 1}
    return {"op": "max_conv", "weight": name, "stride": to.pick(1, 2), "padding": to.pick(0, 1)}


def _pool(op: str) -> Maker:
    def make(to: Pipelines, shape: Shape) -> Text:
        step = {
            "op": op,
            "kernel_size": to.pick(2, 3),
            "stride": to.pick(1, 2, 3),
            "padding": to.pick(0, 1, "same"),
            "ceil_mode": to.pick(False, True),
        }
        extra = ("count_include_pad", False) if op == "avg_pool" else ("dilation", 2)
        return {**step, **dict([extra] if to.rng.random() < 0.5 else [])}

    return make


def _pad(to: Pipelines, shape: Shape) -> Text:
    mode = to.pick("zeros", "zeros", "reflect", "replicate", "circular")
    value = {"value": to.pick(0, 1, -2, "1/2", "-inf")} if mode == "zeros" else {}
    pads = [[0, 0], *to.pads(shape[1:])]
    return {"op": "pad", "padding": pads, "mode": mode, **value}


def _rearrange(to: Pipelines, shape: Shape) -> Text:
    axes = " ".join(f"n{i}" for i in range(len(shape) - 1))
    if shape[0] % 2 == 0:
        return {"op": "rearrange", "pattern": f"(a c) {axes} -> (c a) {axes}", "a": 2}
    rest = " ".join(f"n{i}" for i in range(1, len(shape) - 1))
    return {
        "op": "rearrange",
        "pattern": f"c (n0 a) {rest} -> (a c) n0 {rest}",
        "a": 2 if shape[1] % 2 == 0 else shape[1],
    }


def _scale(to: Pipelines, shape: Shape) -> Text:
    axis = to.rng.randrange(len(shape))
    factors = [to.pick(1, 2, -1, "1/3", 0.5) for _ in range(shape[axis])]
    return {"op": "scale", "factors": [factors if a == axis else None for a in range(len(shape))]}


def _mask(to: Pipelines, shape: Shape) -> Text:
    axis = to.rng.randrange(len(shape))
    keep = [to.pick(0, 1) for _ in range(shape[axis])]
    return {"op": "mask", "keep": [keep if a == axis else None for a in range(len(shape))]}


def _divide(to: Pipelines, shape: Shape) -> Text:
    return {
        "op": "divide",
        "counts": [None, ["min(i + 1, 3)", shape[1]], *[None for _ in shape[2:]]],
    }


def _split(to: Pipelines, shape: Shape) -> Text:
    axis = to.rng.randrange(len(shape))
    sizes: Any = 2 if shape[axis] < 2 or to.rng.random() < 0.5 else [1, shape[axis] - 1]
    return {
        "op": "split",
        "sizes": sizes,
        "part": to.pick(0, 1) if shape[axis] > 2 else 0,
        "axis": axis,
    }


def _slice(to: Pipelines, shape: Shape) -> Text:
    parts: Iterator[list[int | None]] = (
        to.pick(
            [None, None, None], [1, None, None], [None, -1, None], [None, None, 2], [None, None, -1]
        )
        for _ in shape[1:]
    )
    return {"op": "slice", "slices": [[None, None, None], *parts]}


def _branches(op: str) -> Maker:
    def make(to: Pipelines, shape: Shape) -> Text:
        flip = {"op": "flip", "axes": [len(shape) - 1]}
        other = to.pick(flip, _mask(to, shape), {"op": "pointwise", "function": "relu"})
        axis = {"axis": to.pick(0, 1)} if op == "concat" else {}
        return {"op": op, "branches": [[], [other]], **axis}

    return make


def _pointwise(to: Pipelines, shape: Shape) -> Text:
    return {"op": "pointwise", "function": to.pick(*FUNCTIONS)}


def _flip(to: Pipelines, shape: Shape) -> Text:
    return {"op": "flip", "axes": [to.rng.randrange(len(shape))]}


def _dilate(to: Pipelines, shape: Shape) -> Text:
    return {"op": "dilate", "dilation": [1, *(to.pick(1, 2) for _ in shape[1:])]}


def _tile(to: Pipelines, shape: Shape) -> Text:
    return {"op": "tile", "repeats": [to.pick(1, 2) for _ in shape]}


def _transpose(to: Pipelines, shape: Shape) -> Text:
    return {"op": "transpose", "axes": [0, *range(len(shape) - 1, 0, -1)]}


MAKERS: dict[str, Maker] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "conv_as_kernel": _conv_as_kernel,
    "max_conv": _max_conv,
    "max_pool": _pool("max_pool"),
    "avg_pool": _pool("avg_pool"),
    "pad": _pad,
    "rearrange": _rearrange,
    "scale": _scale,
    "mask": _mask,
    "divide": _divide,
    "split": _split,
    "slice": _slice,
    "add": _branches("add"),
    "concat": _branches("concat"),
    "pointwise": _pointwise,
    "flip": _flip,
    "dilate": _dilate,
    "tile": _tile,
    "transpose": _transpose,
}
