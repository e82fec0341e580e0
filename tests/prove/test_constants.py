"""What is summed is counted: constants met by constants, in every engine, against torch."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted, Undecided
from symconv.errors import SymconvError
from symconv.size.text import evaluate
from tests.helpers.random_constants import constant_claim
from tests.helpers.torch_claims import agree, tells_apart

pytestmark = pytest.mark.once

COUNT = int(os.environ.get("SYMCONV_CONSTANTS", "1000"))
SIZES = range(1, 6)


def one_and_sum(hidden: int, size: Any, taps: int = 1) -> dict[str, Any]:
    """``hidden * x`` by two layers of ones, against a sum of so many copies of ``x``."""
    weights = {
        "a": {"shape": [hidden, 1, taps], "fill": 1},
        "b": {"shape": [1, hidden, 1], "fill": 1},
    }
    return {
        "input": {"channels": 1, "size": [size]},
        "weights": weights,
        "left": [{"op": "conv", "weight": "a"}, {"op": "conv", "weight": "b"}],
        "right": [{"op": "add", "branches": [[]] * hidden}],
    }


@pytest.mark.parametrize("size", [4, "N"])
@pytest.mark.parametrize("hidden", [1, 2, 3, 7])
def test_ones_over_hidden_channels_add_up(hidden: int, size: Any) -> None:
    true = one_and_sum(hidden, size)
    assert check(true).verdict == "proved"
    false = {**true, "right": [{"op": "add", "branches": [[]] * (hidden + 1)}]}
    assert check(false).verdict == "refuted"


def settled(seed: int, first: int) -> Counter[tuple[str, bool]]:
    """The verdicts of random claims at a size, beside torch's."""
    found: Counter[tuple[str, bool]] = Counter()
    for number in range(first, first + COUNT // 4):
        rng = random.Random(1_000_000 * seed + number)
        text = constant_claim(rng)
        try:
            verdict = check(text)
        except SymconvError:
            continue
        truth = agree(text, number, tries=3)
        if isinstance(verdict, Refuted) and truth:
            # A function may hide a difference from a few random integers.
            truth = not tells_apart(text, verdict.counterexample)
        assert isinstance(verdict, Undecided) or isinstance(verdict, Certificate) == truth, (
            number,
            verdict.verdict,
            text,
        )
        found[verdict.verdict, truth] += 1
    return found


@pytest.mark.parametrize("seed", range(4))
def test_claims_of_constants_agree_with_torch(seed: int) -> None:
    found = settled(seed, 0)
    assert min(found["proved", True], found["refuted", False]) > COUNT // 40
    assert found["undecided", True] + found["undecided", False] < COUNT // 40


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 90))
def test_twenty_thousand_claims_of_constants(seed: int) -> None:
    assert sum(settled(seed, 0).values()) > COUNT // 5


@pytest.mark.parametrize("seed", range(2))
def test_claims_of_constants_for_all_sizes(seed: int) -> None:
    kinds: Counter[str] = Counter()
    for number in range(COUNT // 10):
        text = constant_claim(random.Random(77_000_000 * (seed + 1) + number), derived=False)
        rank = len(text["input"]["size"])
        if rank > 1:
            continue
        text["input"]["size"] = ["N"]
        try:
            verdict = check(text)
        except SymconvError:
            continue
        kinds[verdict.verdict] += 1
        if not isinstance(verdict, Undecided):
            _compare(text, verdict, number)
    assert kinds["proved"] > 1
    assert kinds["refuted"] > 1


def _compare(text: dict[str, Any], verdict: Certificate | Refuted, seed: int) -> None:
    holds = verdict.holds_on if isinstance(verdict, Refuted) else "all sizes"
    for size in SIZES:
        try:
            small = read_claim(text).at({"N": size}).to_dict()
            truth = agree(small, seed, tries=3)
        except (SymconvError, RuntimeError, ValueError):
            continue
        if holds is None:
            continue  # at which other sizes it fails is not known
        fixed = {"all sizes": True, "no size": False}
        said = fixed[holds] if holds in fixed else bool(evaluate(holds, {"N": size}))
        assert said == truth, (size, verdict, text)
