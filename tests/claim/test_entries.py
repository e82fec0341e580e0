"""Attributes of steps whose entries are of a wrong kind: one line, at any size, no raw error."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from symconv import check
from symconv.claim.steps import STEPS
from symconv.errors import SymconvError

Text = dict[str, Any]
ODD: tuple[Any, ...] = (
    *(1.5, None, "N", "x y", "0", {}, True, -1, 0),
    *([], [0], [[1]], [1.5], [0, 1], [0, 0, 0], [0, 1, 1, 1]),
    *([0.5, None, None], [None, None, "2"], ["N - 1", None], [{}, 4], [None, 4]),
)
NEEDED: dict[str, Text] = {
    "rearrange": {"pattern": "c (h a) -> c h a", "a": 2},
    "pad": {"padding": [[0, 0], [1, 1]]},
    "slice": {"slices": [[None] * 3, [0, 2, None]]},
    "flip": {"axes": [1]},
    "dilate": {"dilation": [1, 2]},
    "tile": {"repeats": [1, 2]},
    "transpose": {"axes": [1, 0]},
    "conv": {"weight": "w"},
    "conv_transpose": {"weight": "w"},
    "conv_as_kernel": {"weight": "w"},
    "max_conv": {"weight": "k"},
    "max_pool": {"kernel_size": [2]},
    "avg_pool": {"kernel_size": [2]},
    "scale": {"factors": [None, ["1/2", 1, 2, 3]]},
    "divide": {"counts": [None, ["i + 1", 4]]},
    "mask": {"keep": [None, [1, 0, 1, 1]]},
    "split": {"sizes": 2, "part": 0, "axis": 1},
    "pointwise": {"function": "relu"},
    "add": {"branches": [[], []]},
    "concat": {"branches": [[], []], "axis": 0},
    "subtract": {"branches": [[], []]},
    "repeat": {"axis": 1, "count": 2},
    "roll": {"axis": 1, "shift": 1},
    "clip": {"min": -1, "max": "1/2"},
    "adaptive_max_pool": {"output_size": [2]},
    "adaptive_avg_pool": {"output_size": [2]},
    "cosets": {"matrix": [[2]], "representatives": [[0], [1]], "start": [0], "size": [2]},
    "within": {"matrix": [[2]], "start": [0], "size": [2]},
}
MORE = {
    "conv": ("stride", "padding", "dilation", "groups", "padding_mode", "padding_value"),
    "conv_transpose": ("stride", "padding", "dilation", "groups", "output_padding"),
    "conv_as_kernel": ("stride", "padding", "dilation"),
    "max_conv": ("stride", "padding", "dilation", "groups"),
    "max_pool": ("stride", "padding", "dilation", "ceil_mode", "legality"),
    "avg_pool": (
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
        "legality",
        "dilation",
        "divisor_override",
    ),
    "scale": ("factor", "axis"),
    "mask": ("axis",),
    "tile": ("axis",),
    "dilate": ("axis",),
    "slice": ("axis",),
    "pad": ("mode", "value", "axis"),
}


def odd_steps(op: str) -> list[Text]:
    """The step with one attribute odd, or with one entry of it."""
    steps = []
    for name, value in product((*NEEDED[op], *MORE.get(op, ())), ODD):
        steps.append({"op": op, **NEEDED[op], name: value})
        if name in ("padding", "slices", "keep", "factors", "counts", "branches"):
            steps.append({"op": op, **NEEDED[op], name: [None, value]})
            steps.append({"op": op, **NEEDED[op], name: [value]})
    return steps


def test_every_step_is_walked() -> None:
    assert set(NEEDED) == set(STEPS)


@pytest.mark.filterwarnings("ignore::symconv.errors.ClaimWarning")
@pytest.mark.parametrize("op", sorted(STEPS))
@pytest.mark.parametrize("size", [4, "N"])
def test_odd_entries_are_refused_in_one_line(op: str, size: Any) -> None:
    weights = {"w": {"shape": [1, 1, 3]}, "k": {"shape": [1, 1, 2], "fill": 1}}
    refused: list[str] = []
    for step in odd_steps(op):
        claim = {
            "input": {"channels": 1, "size": [size]},
            "weights": weights,
            "left": [step],
            "right": [step],
        }
        try:
            check(claim)
        except SymconvError as fault:
            refused.append(str(fault))
    assert refused
    assert not [words for words in refused if "\n" in words or len(words) >= 400]
