"""Claims about steps that strangers read: pairs of pipelines that are the same, and that differ."""

from __future__ import annotations

import random
from typing import Any

Text = dict[str, Any]
Pair = tuple[list[Text], list[Text]]

WEIGHTS: Text = {
    "w": {"shape": [2, 2, 3]},
    "ones": {"shape": [2, 1, 2], "fill": 1},
    "third": {"shape": [2, 1, 3], "fill": "1/3"},
    "mix": {"value": [[[1], [2]], [[3], ["-1/2"]]]},
    "hat": {"shape": [2, 1, 3], "value": [[["1/4", "1/2", "1/4"]]] * 2},
    "live": {"value": [[[1, 0], [0, 0]], [[0, 0], [-2, 3]]]},
}


def step(op: str, **more: Any) -> Text:
    return {"op": op, **more}


def conv(weight: str, **more: Any) -> Text:
    return step("conv", weight=weight, **more)


def joined(*branches: list[Text]) -> list[Text]:
    return [step("concat", branches=list(branches))]


def difference(first: list[Text], second: list[Text]) -> list[Text]:
    return [step("subtract", branches=[first, second])]


FLIP = step("flip", axes=[1])
TWICE = step("repeat", axis=1, count=2)
TILED = [
    step("rearrange", pattern="c n -> c n 1"),
    step("tile", repeats=[1, 1, 2]),
    step("rearrange", pattern="c n a -> c (n a)"),
]
HALF = step("scale", factor="1/2")
FIRST = step("slice", axis=0, start=0, stop=1)
SECOND = step("slice", axis=0, start=1)
WEIGHTED_SUM = [step("scale", axis=0, factors=[1, 2]), step("add", branches=[[FIRST], [SECOND]])]
CUT = step("rearrange", pattern="c (o k) -> (c o) k", o=2)
PASTED = step("rearrange", pattern="(c o) 1 -> c o", o=2)
GLOBAL_MAX = step("adaptive_max_pool", output_size=1)
GLOBAL_AVG = step("adaptive_avg_pool", output_size=1)
ONNX = {"legality": "onnx"}
EVEN = ["N % 2 == 0"]

TRUE: dict[str, Pair] = {
    "repeated samples": ([TWICE], TILED),
    "every second of them": ([TWICE, step("slice", axis=-1, step=2)], []),
    "repeated by a transposed convolution": (
        [TWICE],
        [step("conv_transpose", weight="ones", stride=2, groups=2)],
    ),
    "repeated channels": (
        [step("repeat", axis=0, count=2)],
        [step("concat", branches=[[FIRST], [FIRST], [SECOND], [SECOND]])],
    ),
    "repeated twice": ([TWICE, TWICE], [step("repeat", axis=-1, count=4)]),
    "a difference": (
        difference([], [FLIP]),
        [step("add", branches=[[], [FLIP, step("scale", factor=-1)]])],
    ),
    "less twice": ([step("subtract", branches=[[], [], []])], [step("scale", factor=-1)]),
    "a number, by channels": ([HALF], [step("scale", axis=0, factors=["1/2", "0.5"])]),
    "a number in front of a sum": ([HALF, conv("w")], [conv("w"), HALF]),
    "by zero": ([step("scale", factor=0)], [step("subtract", branches=[[], []])]),
    "written weights": (
        [conv("mix")],
        joined(WEIGHTED_SUM, difference([FIRST, step("scale", factor=3)], [SECOND, HALF])),
    ),
    "a hat as two means": (
        [conv("hat", groups=2)],
        [step("avg_pool", kernel_size=2, stride=1), step("avg_pool", kernel_size=2, stride=1)],
    ),
    "a maximum over written taps": (
        [step("max_conv", weight="live")],
        joined(
            [FIRST, step("slice", axis=1, stop=-1)],
            [SECOND, step("max_pool", kernel_size=2, stride=1)],
        ),
    ),
    "the whole maximum": ([GLOBAL_MAX], [FLIP, GLOBAL_MAX]),
    "the whole mean": ([GLOBAL_AVG], [FLIP, GLOBAL_AVG]),
    "the mean of sums": ([HALF, GLOBAL_AVG], [GLOBAL_AVG, HALF]),
    "halves": ([step("adaptive_max_pool", output_size=2)], [CUT, GLOBAL_MAX, PASTED]),
    "halves, in the mean": (
        [step("adaptive_avg_pool", output_size=[2])],
        [CUT, GLOBAL_AVG, PASTED],
    ),
    "no axis": ([step("adaptive_avg_pool", output_size=[None])], []),
    "wide pads": (
        [step("avg_pool", kernel_size=2, padding=[[2, 3]], **ONNX)],
        [step("pad", axis=1, padding=[2, 3]), step("avg_pool", kernel_size=2)],
    ),
    "wide pads of a maximum": (
        [step("max_pool", kernel_size=2, stride=3, padding=[[3, 2]], **ONNX)],
        [
            step("pad", axis=1, padding=[3, 2], value="-inf"),
            step("max_pool", kernel_size=2, stride=3),
        ],
    ),
    "a mean of far samples": (
        [step("avg_pool", kernel_size=3, stride=1, dilation=2, padding=2, **ONNX)],
        [conv("third", dilation=2, padding=2, groups=2)],
    ),
    "another divisor": (
        [step("avg_pool", kernel_size=3, stride=1, divisor_override=6, **ONNX)],
        [step("avg_pool", kernel_size=3, stride=1), HALF],
    ),
    "ONNX's rules where they are PyTorch's": (
        [step("avg_pool", kernel_size=3, stride=2, padding=1, count_include_pad=False, **ONNX)],
        [step("avg_pool", kernel_size=3, stride=2, padding=1, count_include_pad=False)],
    ),
    "axes left out": (
        [step("pad", axis=-1, padding=[1, "N - 3"]), step("tile", axis=0, repeats=2)],
        [step("pad", padding={"1": [1, "N - 3"]}), step("tile", repeats=[2, 1])],
    ),
}
"""At every size of an axis of two channels, or at each even one, where both sides make sense."""

FALSE: dict[str, Pair] = {
    "repeated or tiled": ([TWICE], [step("tile", axis=1, repeats=2)]),
    "the samples between": (
        [TWICE, step("slice", axis=-1, start=1)],
        [TWICE, step("slice", axis=-1, stop=-1)],
    ),
    "repeated channels or tiled": (
        [step("repeat", axis=0, count=2)],
        [step("tile", axis=0, repeats=2)],
    ),
    "a difference the other way round": (
        difference([], [FLIP]),
        difference([FLIP], []),
    ),
    "a sum for a difference": (
        difference([], [FLIP]),
        [step("add", branches=[[], [FLIP]])],
    ),
    "another number": ([HALF], [step("scale", factor="2/3")]),
    "a number behind a bias of one": (
        [step("pad", axis=1, padding=[0, 1], value=1), HALF],
        [HALF, step("pad", axis=1, padding=[0, 1], value=1)],
    ),
    "one written weight": (
        [conv("mix")],
        joined(WEIGHTED_SUM, difference([FIRST, step("scale", factor=3)], [SECOND])),
    ),
    "a maximum over other taps": (
        [step("max_conv", weight="live")],
        joined(
            [FIRST, step("slice", axis=1, start=1)],
            [SECOND, step("max_pool", kernel_size=2, stride=1)],
        ),
    ),
    "the maximum without an end": (
        [GLOBAL_MAX],
        [step("slice", axis=1, start=0, stop="N - 1"), GLOBAL_MAX],
    ),
    "the mean without an end": (
        [GLOBAL_AVG],
        [step("slice", axis=1, start=0, stop="N - 1"), GLOBAL_AVG],
    ),
    "halves, exchanged": (
        [step("adaptive_avg_pool", output_size=2)],
        [CUT, GLOBAL_AVG, PASTED, FLIP],
    ),
    "wide pads, not counted": (
        [step("avg_pool", kernel_size=3, stride=1, padding=2, count_include_pad=False, **ONNX)],
        [step("pad", axis=1, padding=[2, 2]), step("avg_pool", kernel_size=3, stride=1)],
    ),
    "a mean of near samples": (
        [step("avg_pool", kernel_size=3, stride=1, dilation=2, padding=2, **ONNX)],
        [conv("third", padding=1, groups=2)],
    ),
    "another divisor still": (
        [step("avg_pool", kernel_size=3, stride=1, divisor_override=5, **ONNX)],
        [step("avg_pool", kernel_size=3, stride=1), HALF],
    ),
}


def claim(pair: Pair, size: Any = "N") -> Text:
    """A pair as a claim on two channels, with the weights that it names."""
    named = {"where": EVEN} if size == "N" and CUT in pair[1] else {}
    used = {name: weight for name, weight in WEIGHTS.items() if f"'{name}'" in str(pair)}
    return {
        "name": "new",
        "input": {"channels": 2, "size": [size]},
        "weights": used,
        "left": pair[0],
        "right": pair[1],
        **named,
    }


def random_step(rng: random.Random, channels: int, rank: int) -> Text:
    """One of the steps, its attributes at random; it may not fit."""

    def ints(low: int, high: int) -> Any:
        return [rng.randint(low, high) for _ in range(rank)]

    axis = rng.randrange(-rank - 1, rank + 1)
    pool = {
        "kernel_size": ints(1, 3),
        "stride": ints(1, 3),
        "dilation": ints(1, 2),
        "padding": [ints(0, 4)[:1] * 2 for _ in range(rank)],
        "ceil_mode": rng.random() < 0.5,
        **ONNX,
    }
    average = {
        "count_include_pad": rng.random() < 0.6,
        "divisor_override": rng.choice([None, None, rng.randint(1, 9)]),
    }
    outputs = rng.choice([rng.randint(1, 6), [rng.choice([None, 1, 2, 3, 5]) for _ in range(rank)]])
    return rng.choice(
        [
            step("repeat", axis=axis, count=rng.randint(1, 3)),
            step("roll", axis=axis, shift=rng.randint(-4, 4)),
            step("subtract", branches=[[], [step("flip", axes=[rank])]]),
            step("subtract", branches=[[step("repeat", axis=0, count=1)], [], [HALF]]),
            step("scale", factor=rng.choice([2, -1, "1/3", 0.5, 0])),
            step("pad", axis=axis, padding=[rng.randint(-1, 2), rng.randint(0, 2)]),
            step("slice", axis=axis, start=rng.choice([0, 1, None]), step=rng.choice([1, 2, -1])),
            step("adaptive_max_pool", output_size=outputs),
            step("adaptive_avg_pool", output_size=outputs),
            step("max_pool", **pool),
            step("avg_pool", **pool, **average),
            step("conv", weight=f"v{channels}"),
        ]
    )


NUMBERS = [
    *("count", "shift", "factor", "output_size", "axis", "divisor_override", "start"),
    *("stride", "dilation", "kernel_size"),
]


def changed(rng: random.Random, text: Text) -> Text:
    """A step with one of its numbers another one."""
    found = dict(text)
    keys = [key for key in NUMBERS if found.get(key) is not None]
    if not keys:
        return found
    key = rng.choice(keys)
    found[key] = _another(rng, found[key])
    return found


def _another(rng: random.Random, value: Any) -> Any:
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [*value[:at], _another(rng, value[at] or 1), *value[at + 1 :]]
    return value + 1 if isinstance(value, int) else "2/3"


def random_claim(seed: int) -> Text:
    """A short pipeline of such steps, and the same one with one number changed."""
    rng = random.Random(seed)
    rank, channels = rng.choice([1, 1, 2]), rng.choice([1, 2])
    weights = {
        f"v{channels}": {"value": [[_nested(rng, rank) for _ in range(channels)] for _ in range(2)]}
    }
    left = [random_step(rng, channels, rank) for _ in range(rng.randint(1, 2))]
    right = list(left)
    at = rng.randrange(len(left))
    right[at] = changed(rng, left[at])
    size = [rng.randint(2, 6) for _ in range(rank)]
    return {
        "name": f"seed {seed}",
        "input": {"channels": channels, "size": size},
        "weights": weights,
        "left": left,
        "right": right,
    }


def _nested(rng: random.Random, rank: int) -> Any:
    if rank == 0:
        return rng.choice([0, 1, -1, 2, "1/2"])
    return [_nested(rng, rank - 1) for _ in range(2)]
