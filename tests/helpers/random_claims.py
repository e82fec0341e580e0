"""Random true lowerings, and random mutants of them; whether torch sees a counterexample."""

from __future__ import annotations

import random
from typing import Any

from symconv.claim.verdict import Refuted
from symconv.errors import SymconvError
from symconv.expand import destride
from symconv.layer import Conv
from symconv.repair.mutations import step_mutations
from tests.helpers.torch_claims import one_hot, run_side

Text = dict[str, Any]


def true_claim(rng: random.Random) -> Text | None:
    """A layer and its expansion, with valid rewrites put around both sides; None if it is none."""
    rank = rng.randint(1, 2)

    def axes(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.randint(low, high) for _ in range(rank))

    groups, size = rng.randint(1, 2), axes(4, 9)
    pads = tuple(zip(axes(-1, 2), axes(-1, 2), strict=True))
    residual = rng.choice([1, 1, 2])
    try:
        layer = Conv(groups, 2 * groups, axes(1, 4), axes(1, 3), pads, axes(1, 2), groups, False)
        order: Any = rng.choice(["channel", "phase"])
        text = destride(layer, size, residual_stride=residual, order=order).claim().to_dict()
    except SymconvError:
        return None
    return rng.choice(REWRITES)(text, rank)


def _as_it_is(text: Text, rank: int) -> Text:
    return text


def _padded_and_cropped(text: Text, rank: int) -> Text:
    pads = [[0, 0], *[[1, 2]] * rank]
    crops = [[None, None, None], *[[1, -2, None]] * rank]
    extra = [{"op": "pad", "padding": pads}, {"op": "slice", "slices": crops}]
    return {**text, "right": [*extra, *text["right"]]}


def _flipped_twice(text: Text, rank: int) -> Text:
    flip = {"op": "flip", "axes": list(range(1, rank + 1))}
    return {**text, "right": [flip, flip, *text["right"]]}


def _added(text: Text, rank: int) -> Text:
    """Both sides once more beside themselves, in sum."""
    sides = {s: [{"op": "add", "branches": [text[s], text[s]]}] for s in ("left", "right")}
    return {**text, **sides}


def _concatenated(text: Text, rank: int) -> Text:
    left, right = text["left"], text["right"]
    sides = {"left": [left, left], "right": [left, right]}
    return {**text, **{s: [{"op": "concat", "axis": 0, "branches": b}] for s, b in sides.items()}}


REWRITES = (_as_it_is, _padded_and_cropped, _flipped_twice, _added, _concatenated)


def mutant(text: Text, rng: random.Random) -> Text:
    """The claim with one step of its right side, or of a derived weight, changed a little."""
    rank = len(text["input"]["size"])
    pipelines = [("right", text["right"])]
    pipelines += [(n, w["steps"]) for n, w in text["weights"].items() if "steps" in w]
    places = [
        (name, steps, at, mutation)
        for name, steps in pipelines
        for at, step in enumerate(steps)
        for mutation in step_mutations(step, rank)
    ]
    if not places:
        return text
    name, steps, at, mutation = rng.choice(places)
    new = [*steps[:at], *([mutation.step] if mutation.step else []), *steps[at + 1 :]]
    if name == "right":
        return {**text, "right": new}
    weights = {**text["weights"], name: {**text["weights"][name], "steps": new}}
    return {**text, "weights": weights}


def replays(text: Text, verdict: Refuted) -> bool:
    """Whether torch finds the counterexample's values on the indices that it names."""
    found = verdict.counterexample
    x, free = one_hot(text, found)
    left, right = (run_side(text, side, x, free) for side in ("left", "right"))
    if found.left_shape is not None:
        return (tuple(left.shape), tuple(right.shape)) == (found.left_shape, found.right_shape)
    got = (left[found.output].item(), right[found.output].item())
    return got == (int(found.left), int(found.right)) and got[0] != got[1]
