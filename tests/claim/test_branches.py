"""Sums and concatenations of branches: prover, rechecker and brute force agree."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.claim.verdict import Certificate
from symconv.errors import ClaimError
from symconv.prove.tables.decide import decide_by_tables
from symconv.recheck.decide import same_function
from tests.helpers.planted import brute_force_equal


def random_branch(rng: random.Random, size: int, length: int) -> list[dict[str, Any]]:
    """A pipeline from one channel of ``size`` to one of ``length``."""
    first = rng.randint(0, size - length)
    steps: list[dict[str, Any]] = [
        {"op": "slice", "slices": [[None, None, None], [first, first + length, 1]]}
    ]
    if rng.random() < 0.4:
        steps.append({"op": "flip", "axes": [1]})
    if rng.random() < 0.4:
        shift = rng.choice([-1, 1])
        pads = [[0, 0], [shift, -shift]]
        steps.append({"op": "pad", "padding": pads, "value": rng.choice([0, 0, 2])})
    if rng.random() < 0.5:
        steps.append({"op": "conv", "weight": "w", "padding": 1})
    return steps


def random_claim(rng: random.Random) -> dict[str, Any]:
    """Branches joined on both sides, in another order or with one step changed on the right."""
    size, length = rng.randint(4, 7), rng.randint(2, 4)
    branches = [random_branch(rng, size, length) for _ in range(rng.randint(1, 3))]
    others = copy.deepcopy(branches)
    rng.shuffle(others)
    if rng.random() < 0.3:
        others[0].append({"op": "flip", "axes": [1]})
    join: dict[str, Any] = rng.choice([{"op": "add"}, {"op": "concat", "axis": rng.choice([0, 1])}])
    return {
        "name": "branches",
        "input": {"channels": 1, "size": [size]},
        "weights": {"w": {"shape": [1, 1, 3]}},
        "left": [{**join, "branches": branches}],
        "right": [{**join, "branches": others}],
    }


def test_branches_are_settled_rightly() -> None:
    rng = random.Random(3)
    seen = {True: 0, False: 0}
    for seed in range(250):
        text = random_claim(rng)
        claim = read_claim(text)
        assert read_claim(json.loads(json.dumps(claim.to_dict()))) == claim
        proved = isinstance(decide_by_tables(claim), Certificate)
        assert proved == brute_force_equal(claim, seed), json.dumps(text)
        assert proved == same_function(json.loads(json.dumps(claim.to_dict())))[0]
        seen[proved] += 1
    assert min(seen.values()) > 40


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"op": "add", "branches": []}, "add needs branches"),
        ({"op": "add", "branches": [[], [{"op": "tile", "repeats": [1, 2]}]]}, "one shape"),
        (
            {"op": "concat", "axis": 0, "branches": [[], [{"op": "tile", "repeats": [1, 2]}]]},
            "differ on axis 0 only",
        ),
        ({"op": "concat", "axis": 5, "branches": [[]]}, "axis 5 is not one of 2 axes"),
    ],
)
def test_branches_that_do_not_fit_are_refused(step: dict[str, Any], message: str) -> None:
    text = {"input": {"channels": 1, "size": [4]}, "left": [step], "right": []}
    with pytest.raises(ClaimError, match=message):
        decide_by_tables(read_claim(text))


HIDDEN_MAXIMUM = {"op": "max_pool", "kernel_size": 2, "stride": 1}


@pytest.mark.parametrize("join", ["add", "concat"])
def test_a_maximum_in_a_branch_is_not_read_as_a_sum(join: str) -> None:
    text = {
        "input": {"channels": 1, "size": [4]},
        "weights": {"w": {"shape": [1, 1, 2], "fill": 1}},
        "left": [{"op": join, "branches": [[HIDDEN_MAXIMUM]]}],
        "right": [{"op": "conv", "weight": "w"}],
    }
    assert decide_by_tables(read_claim(text)).verdict == "undecided"
    with pytest.raises(ClaimError, match="in this monoid"):
        same_function(text)


@pytest.mark.parametrize(
    ("sizes", "part", "message"),
    [
        ([1, 2], 0, "add up to 4"),
        (2, 2, "one of 0..1"),
        ([4, 0], 0, "positive"),
        ("2", 0, "an integer"),
    ],
)
def test_splits_that_do_not_fit_are_refused(sizes: Any, part: int, message: str) -> None:
    step = {"op": "split", "sizes": sizes, "part": part}
    text = {"input": {"channels": 4, "size": [4]}, "left": [step], "right": []}
    with pytest.raises(ClaimError, match=message):
        decide_by_tables(read_claim(text))
