"""Averages at all sizes, divisors that depend on the place included: as the concrete prover."""

from __future__ import annotations

import os
import random
from itertools import product
from typing import Any

import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.claim.verdict import Undecided
from symconv.errors import InputError
from symconv.prove.sets.decide import Fails, decide_by_sets
from symconv.prove.sets.lowering import MOST_VALUES
from tests.helpers.at_sizes import at_size, expected

COUNT = int(os.environ.get("SYMCONV_ALL_SIZES", "40"))


def average(rng: random.Random, rank: int) -> dict[str, Any]:
    """An average pooling with any pads, also crops, and any way to count."""
    kernel = [rng.choice([1, 2, 3]) for _ in range(rank)]
    pads = [[rng.randint(-1, k // 2), rng.randint(-1, k // 2)] for k in kernel]
    return {
        "op": "avg_pool",
        "kernel_size": kernel,
        "stride": [rng.choice([1, 2, 3]) for _ in kernel],
        "padding": rng.choice(["same", "same_lower", 0, pads, pads]),
        "ceil_mode": rng.random() < 0.5,
        "count_include_pad": rng.random() < 0.5,
    }


def two_averages(rng: random.Random) -> dict[str, Any]:
    """The claim that two averages are the same; perhaps mirrored, perhaps under a convolution."""
    rank = rng.choice([1, 1, 2])
    one = average(rng, rank)
    other = dict(one)
    change = rng.choice(["count_include_pad", "ceil_mode", "padding", None])
    if change == "padding":
        other["padding"] = average(rng, rank)["padding"]
    elif change:
        other[change] = not one[change]
    left, right = [one], [other]
    if rng.random() < 0.4:
        right = [{"op": "flip", "axes": [1]}, *right, {"op": "flip", "axes": [1]}]
    if rng.random() < 0.2:
        left, right = ([*side, {"op": "conv", "weight": "w"}] for side in (left, right))
    return {
        "input": {"channels": 1, "size": ["N", "M"][:rank]},
        "weights": {"w": {"shape": [1, 1, *[2] * rank]}},
        "left": left,
        "right": right,
    }


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("most", [MOST_VALUES, 0])
def test_averages_at_every_small_size(
    seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Divisors of few values, each looked at; and the same as if they took too many for that."""
    monkeypatch.setattr("symconv.prove.sets.lowering.MOST_VALUES", most)
    rng, kinds = random.Random(seed), set()
    for _ in range(COUNT):
        claim = read_claim(two_averages(rng))
        try:
            found = decide_by_sets(claim)
        except InputError:
            found = None
        kinds.add(type(found).__name__)
        if isinstance(found, Undecided):
            continue
        ranks = len(claim.names)
        for values in product(range(1, 13 if ranks == 1 else 6), repeat=ranks):
            sizes = dict(zip(claim.names, values, strict=True))
            wanted = "illegal" if found is None else expected(found, sizes)
            assert at_size(claim, sizes) == wanted, (claim, sizes)
    assert {"Holds", "Fails"} <= kinds


@pytest.mark.parametrize("after", ["conv", "conv_as_kernel", "conv_transpose"])
def test_divisors_are_kept_through_a_layer(after: str) -> None:
    """Two averages that count differently differ behind any layer too."""
    one = {"op": "avg_pool", "kernel_size": 2, "padding": 1, "ceil_mode": True}
    padding = {"conv_as_kernel": [["N", "N"]]}.get(after, [[0, 0]])
    layer = {"op": after, "weight": "w", "padding": padding}
    text = {
        "input": {"channels": 1, "size": ["N"]},
        "weights": {"w": {"shape": [1, 1, 2]}},
        "left": [one, layer],
        "right": [{**one, "count_include_pad": False}, layer],
    }
    found = decide_by_sets(read_claim(text))
    assert isinstance(found, Fails)
    for size in range(1, 9):
        claim = read_claim(text)
        assert at_size(claim, {"N": size}) == expected(found, {"N": size})


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "proved"),
        ({"count_include_pad": True}, "refuted"),
        ({"padding": 30}, "refuted"),
        ({"stride": 49}, "refuted"),
    ],
)
def test_averages_of_a_hundred_samples(change: dict[str, Any], verdict: str) -> None:
    pool = {
        "op": "avg_pool",
        "kernel_size": 100,
        "stride": 50,
        "padding": 40,
        "count_include_pad": False,
    }
    flip = {"op": "flip", "axes": [0]}
    claim = {
        "input": {"channels": 2, "size": ["N"]},
        "left": [pool],
        "right": [flip, {**pool, **change}, flip],
    }
    assert check(claim).verdict == verdict


@pytest.mark.parametrize(("count", "verdict"), [("2*N", "proved"), ("N", "refuted")])
def test_counts_without_end(count: str, verdict: str) -> None:
    """A divisor that grows with the size, beside one twice as large and a factor of two."""
    sides = [[{"op": "divide", "counts": [None, [text, "N"]]}] for text in ("N", count)]
    sides[1].append({"op": "scale", "factors": [["2", "2"], None]})
    claim = {"input": {"channels": 2, "size": ["N"]}, "left": sides[0], "right": sides[1]}
    assert check(claim).verdict == verdict


def test_sums_of_terms_that_divide_alike() -> None:
    divide = {"op": "divide", "counts": [None, ["i + 1", "N"]]}
    flip = {"op": "flip", "axes": [0]}
    both = {"op": "add", "branches": [[], [flip]]}
    claim = {"input": {"channels": 2, "size": ["N"]}, "left": [both, divide]}
    apart = {"op": "add", "branches": [[divide], [divide, flip]]}
    assert check({**claim, "right": [apart]}).verdict == "proved"
    assert check({**claim, "right": [{"op": "flip", "axes": [1]}, apart]}).verdict == "refuted"
