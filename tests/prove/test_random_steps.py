"""Random claims over every step, at a size and for all sizes, against torch: no false verdict.

Half of the right sides are the left one with a detour that comes back to where it was, the others
have one step changed.  `SYMCONV_RANDOM` says how many claims a seed tries.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from itertools import product
from typing import Any

import pytest
import torch

from symconv import check
from symconv.claim import read_claim
from symconv.claim.sides import check_claim
from symconv.claim.verdict import Certificate, Refuted, Undecided, Verdict
from symconv.errors import SymconvError
from symconv.size.text import evaluate
from tests.helpers.random_pipelines import Pipelines, output_shape
from tests.helpers.torch_claims import agree, tells_apart

pytestmark = pytest.mark.filterwarnings("ignore:.*derived and never used")
COUNT = int(os.environ.get("SYMCONV_RANDOM", "250"))
NAMES = ("N", "M")
UNKNOWN = (KeyError, RuntimeError, ValueError, IndexError, NotImplementedError)
"""What torch says of what it does not take: -inf among integers, reflections of nothing."""

Text = dict[str, Any]


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
        [{"op": "dilate", "dilation": [1, *[2] * last]},
         {"op": "slice", "slices": [[None, None, None], *[[None, None, 2]] * last]}],
        [{"op": "tile", "repeats": [2, *[1] * last]},
         {"op": "rearrange", "pattern": f"(t c) {axes} -> t c {axes}", "t": 2},
         {"op": "slice", "slices": [[1, 2, None], *[[None, None, None]] * rank]},
         {"op": "rearrange", "pattern": f"1 c {axes} -> c {axes}"}],
        [{"op": "concat", "axis": 0, "branches": [[], [flip]]},
         {"op": "rearrange", "pattern": f"(t c) {axes} -> t c {axes}", "t": 2},
         {"op": "slice", "slices": [[0, 1, None], *[[None, None, None]] * rank]},
         {"op": "rearrange", "pattern": f"1 c {axes} -> c {axes}"}],
        [{"op": "add", "branches": [[], [], [{"op": "scale", "factors": [None] * rank}]]},
         {"op": "add", "branches": [[]]}],
    ]  # fmt: skip
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


def sampled(text: Text, verdict: Verdict) -> list[dict[str, int]]:
    """Sizes at which torch looks at a verdict for all sizes; the empty one at given sizes."""
    names = read_claim(text).names
    if not names:
        return [{}]
    sizes = [dict(zip(names, values, strict=True))
             for values in product((1, 2, 3, 4, 5, 8), repeat=len(names))]  # fmt: skip
    return sizes if len(names) == 1 else sizes[:: len(sizes) // 8]


def said(verdict: Verdict, sizes: dict[str, int]) -> bool | None:
    """Whether a verdict says that the claim holds at these sizes; None where it says nothing."""
    if isinstance(verdict, Certificate):
        return True
    holds = verdict.holds_on if isinstance(verdict, Refuted) else None
    if not sizes or holds is None:
        return None
    fixed = {"all sizes": True, "no size": False}
    return fixed[holds] if holds in fixed else bool(evaluate(holds, sizes))


def disagreement(text: Text, verdict: Verdict, seed: int) -> str | None:
    """What torch sees otherwise; None if nothing."""
    if isinstance(verdict, Refuted):
        at = verdict.at_size()
        try:
            if not tells_apart(at.claim.to_dict(), at.counterexample):
                return f"torch sees no difference: {at.counterexample.sentence()}"
        except UNKNOWN:
            return None
    for sizes in sampled(text, verdict):
        try:
            small = read_claim(text)
            small = small.at(sizes) if sizes else small
            check_claim(small)
        except SymconvError:
            continue
        try:
            truth = agree(small.to_dict(), seed, tries=2)
        except UNKNOWN:
            continue
        if said(verdict, sizes) and not truth:
            return f"proved at {sizes}, and torch sees a difference"
    return None


def swept(first: int, count: int) -> Counter[str]:
    """Verdicts of so many random claims, each compared with torch; undecided ones by reason."""
    torch.set_num_threads(1)
    found: Counter[str] = Counter()
    for seed in range(first, first + count):
        text = random_claim(seed)
        try:
            verdict = check(text)
        except SymconvError:
            found["refused"] += 1
            continue
        wrong = disagreement(text, verdict, seed)
        assert wrong is None, (seed, wrong, text)
        kind = verdict.verdict + (" for all sizes" if verdict.sizes == "all" else "")
        found[kind] += 1
        if isinstance(verdict, Undecided):
            found[f"undecided: {reason(verdict)}"] += 1
    return found


def reason(verdict: Undecided) -> str:
    """A reason without the claim's own numbers and shapes."""
    return verdict.reason.split(": ")[-1].split(" of ")[0][:60]


@pytest.mark.parametrize("seed", range(4))
def test_random_claims_over_every_step(seed: int) -> None:
    found = swept(1_000_000 * seed, COUNT)
    assert min(found["proved"], found["refuted"]) > COUNT // 10
    assert min(found["proved for all sizes"], found["refuted for all sizes"]) > COUNT // 50
    assert found["undecided"] < COUNT // 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_a_hundred_thousand_random_claims(seed: int) -> None:
    print(dict(swept(1_000_000 * seed, 4 * COUNT)))
