"""Sets of sizes in words: conditions that parse, and that hold at exactly the set's sizes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import islpy as isl
import pytest

from symconv.claim import read_claim
from symconv.prove.sets.conditions import condition
from symconv.prove.sets.decide import Fails, decide_by_sets
from symconv.prove.sets.text import condition_to_isl
from symconv.prove.sets.words import describe
from symconv.size.text import evaluate, names_in, read_condition

NAMES = (["N"], ["H", "W"], ["D", "H", "W"])


def linear(rng: random.Random, names: list[str]) -> str:
    terms = [f"{rng.randint(-3, 3)}{name}" for name in names]
    return f"({' + '.join(terms)} + {rng.randint(-9, 9)})"


def atom(rng: random.Random, names: list[str]) -> str:
    e, f, m = linear(rng, names), linear(rng, names), rng.randint(2, 5)
    return rng.choice(
        [
            f"{e} >= 0",
            f"{e} <= {f}",
            f"{rng.choice(names)} <= {rng.randint(1, 9)}",
            f"({e}) mod {m} = {rng.randrange(m)}",
            f"({e}) mod {m} <= 1",
            f"floor({e}/{m}) >= {rng.choice(names)} - 3",
            f"{rng.choice(names)} != {rng.randint(1, 6)}",
            f"(exists k : {m}k + {e} = 0 and k >= {rng.randint(-4, 2)})",
            f"(exists k, l : {e} = {m}k + {m + 2}l and 0 <= k <= 2 and l <= {rng.choice(names)})",
        ]
    )


def random_set(rng: random.Random, names: list[str]) -> Any:
    """A union of conjunctions, now and then without another one."""
    head = f"[{', '.join(names)}] -> {{ : "
    parts = [
        isl.Set(head + " and ".join(atom(rng, names) for _ in range(rng.randint(1, 3))) + " }")
        for _ in range(rng.randint(1, 3))
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole = rng.choice([whole.union, whole.subtract, whole.intersect])(part)
    return whole


def domain(rng: random.Random, names: list[str]) -> Any:
    least = " and ".join(f"{name} >= 1" for name in names)
    whole = isl.Set(f"[{', '.join(names)}] -> {{ : {least} }}")
    smaller = whole.intersect(random_set(rng, names)) if rng.random() < 0.3 else whole
    return whole if smaller.is_empty() else smaller


def said(words: str, names: list[str]) -> Any:
    """The set that a condition describes."""
    read_condition(words)
    return isl.Set(f"[{', '.join(names)}] -> {{ : {condition_to_isl(words)} }}")


def is_exactly(words: str, sizes: Any, among: Any, names: list[str]) -> bool:
    if words in ("no size", "all sizes"):
        return bool(sizes.is_empty() if words == "no size" else among.is_subset(sizes))
    assert "->" not in words
    assert "exists" not in words
    assert set(names_in(words)) <= set(names)
    return bool(said(words, names).intersect(among).is_equal(sizes))


def points(names: list[str]) -> Iterator[dict[str, int]]:
    ends = {1: 40, 2: 9, 3: 5}[len(names)]
    for values in product(range(1, ends), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


def holds(sizes: Any, at: dict[str, int]) -> bool:
    here = " and ".join(f"{name} = {value}" for name, value in at.items())
    return not sizes.intersect(isl.Set(f"[{', '.join(at)}] -> {{ : {here} }}")).is_empty()


def check_seeds(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        names = NAMES[seed % 3]
        among = domain(rng, names)
        sizes = random_set(rng, names).intersect(among)
        words = describe(sizes, among, names)
        assert is_exactly(words, sizes, among, names), (seed, words, str(sizes))


def test_any_set_comes_out_as_words() -> None:
    check_seeds(range(150))


@pytest.mark.slow
def test_many_sets_come_out_as_words() -> None:
    check_seeds(range(150, 1500))


@pytest.mark.parametrize("seed", range(60))
def test_a_condition_holds_point_by_point(seed: int) -> None:
    """Asked by evaluating the words, which isl has no part in."""
    rng, names = random.Random(seed), NAMES[seed % 3]
    sizes = random_set(rng, names)
    words = condition(sizes, names)
    assert "exists" not in words
    for at in points(names):
        assert bool(evaluate(words, at)) == holds(sizes, at), (words, at)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("N >= 7", "N >= 7"),
        ("exists k : N = 2k", "N % 2 == 0"),
        ("N <= 5 or N >= 9", "N >= 9 or N <= 5"),
        ("exists k : N = 5k + 3 and k >= 2", "N >= 13 and N % 5 == 3"),
        ("exists k : N = 7k and k <= 4 or N = 100", "N == 100 or (N % 7 == 0 and N <= 28)"),
        ("floor((0 - N)/3) >= -4 or N mod 4 = 1", "N <= 12 or N % 4 == 1"),
    ],
)
def test_words_are_short(text: str, words: str) -> None:
    among = isl.Set("[N] -> { : N >= 1 }")
    found = describe(isl.Set(f"[N] -> {{ : {text} }}").intersect(among), among, ["N"])
    assert found == words


def test_a_domain_with_holes_is_told() -> None:
    found = decide_by_sets(
        read_claim(
            {
                "input": {"channels": 1, "size": ["W"]},
                "left": [],
                "right": [{"op": "flip", "axes": [1]}],
                "where": ["W < 6 or W > 8", "W + (0 - W) % 3 <= 2*W"],
            }
        )
    )
    assert isinstance(found, Fails)
    assert (found.least, found.holds_on) == ({"W": 2}, "no size")
    for words in (found.fails_on, found.holds_on, found.domain):
        assert "->" not in words
        assert "exists" not in words
