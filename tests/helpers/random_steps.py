"""Random claims over every step: a detour that changes nothing, or one step changed."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.helpers.random_pipelines import Pipelines, output_shape

Text = dict[str, Any]
NAMES = ("N", "M")
UNKNOWN = (KeyError, RuntimeError, ValueError, IndexError, NotImplementedError)
"""What torch says of what it does not take: -inf among integers, reflections of nothing."""


def detour(rng: random.Random, rank: int) -> list[Text]:
    """Steps on a tensor of so many axes that change nothing in the end."""
    last = rank - 1
    flip = {"op": "flip", "axes": [last]}
    spatial = [[0, 0], *[[1, 2]] * last]
    crop = [[None, None, None], *[[1, -2, None]] * last]
    axes = " ".join(f"n{axis}" for axis in range(last))
    every: list[list[Text]] = [
        [flip, flip],
        [{"op": "pad", "padding": spatial}, {"op": "slice", "slices": crop}],
        [{"op": "pad", "padding": spatial, "mode": "replicate"}, {"op": "slice", "slices": crop}],
        [
            {"op": "dilate", "dilation": [1, *[2] * last]},
            {"op": "slice", "slices": [[None, None, None], *[[None, None, 2]] * last]},
        ],
        [
            {"op": "tile", "repeats": [2, *[1] * last]},
            {"op": "rearrange", "pattern": f"(t c) {axes} -> t c {axes}", "t": 2},
            {"op": "slice", "slices": [[1, 2, None], *[[None, None, None]] * rank]},
            {"op": "rearrange", "pattern": f"1 c {axes} -> c {axes}"},
        ],
        [
            {"op": "concat", "axis": 0, "branches": [[], [flip]]},
            {"op": "rearrange", "pattern": f"(t c) {axes} -> t c {axes}", "t": 2},
            {"op": "slice", "slices": [[0, 1, None], *[[None, None, None]] * rank]},
            {"op": "rearrange", "pattern": f"1 c {axes} -> c {axes}"},
        ],
        [
            {"op": "add", "branches": [[], [], [{"op": "scale", "factors": [None] * rank}]]},
            {"op": "add", "branches": [[]]},
        ],
    ]
    return rng.choice(every)[: None if rng.random() < 0.97 else 1]


def random_claim(seed: int) -> Text:
    """A claim at a size, or with one or two names in place of its sizes."""
    rng = random.Random(seed)
    maker = Pipelines(seed)
    text = maker.claim()
    if rng.random() < 0.5:
        place = rng.randint(0, len(text["left"]))
        before = {**text, "left": text["left"][:place]}
        steps = detour(rng, len(output_shape(before, "left")))
        text["right"] = [*text["left"][:place], *steps, *text["left"][place:]]
    if rng.random() < 0.4:
        text["input"]["size"] = list(NAMES[: len(text["input"]["size"])])
    # Of f and g torch knows nothing.
    written = json.dumps(text).replace('"function": "f"', '"function": "sigmoid"')
    found: Text = json.loads(written.replace('"function": "g"', '"function": "softplus"'))
    return found
