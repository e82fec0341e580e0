"""Factors of graphs: the least positive integers of their ratios, found in one pass."""

from __future__ import annotations

import random
from fractions import Fraction
from math import gcd
from time import perf_counter

import pytest

from symconv.network.factors import Ratios
from symconv.network.model import Model, ModelNode
from symconv.network.phases import PhasedModel
from symconv.network.reading import read_model
from symconv.network.regions import Region
from tests.helpers.graphs import Builder


@pytest.mark.parametrize("seed", range(20))
def test_random_ratios_are_solved_by_the_least_integers(seed: int) -> None:
    rng = random.Random(seed)
    ratios: Ratios[int] = Ratios()
    edges = []
    for _ in range(60):
        a, b = rng.sample(range(20), 2)
        up, stride = rng.choice([1, 1, 2, 3]), rng.choice([1, 1, 2, 3])
        if ratios.join(a, b, up, stride):
            edges.append((a, b, up, stride))
    found = ratios.solved()
    assert all(found[a] * up == found[b] * stride for a, b, up, stride in edges)
    for component in components(edges):
        assert gcd(*(found[variable] for variable in component)) == 1


def components(edges: list[tuple[int, int, int, int]]) -> list[set[int]]:
    found: list[set[int]] = []
    for a, b, *_ in edges:
        touching = [part for part in found if part & {a, b}]
        found = [part for part in found if not part & {a, b}]
        found.append({a, b}.union(*touching))
    return found


@pytest.mark.parametrize("most", [1, 2, 4, 6])
def test_a_bound_on_the_factors_holds(most: int) -> None:
    rng = random.Random(most)
    ratios: Ratios[int] = Ratios(most)
    for _ in range(200):
        a, b = rng.sample(range(30), 2)
        ratios.join(a, b, 1, rng.choice([1, 2, 3]))
    assert max(ratios.solved().values()) <= most


def test_a_refused_ratio_changes_nothing() -> None:
    ratios: Ratios[str] = Ratios()
    assert ratios.join("a", "b", 1, 2)
    before = ratios.solved()
    assert not ratios.join("a", "b", 1, 3)
    assert ratios.solved() == before == {"a": 2, "b": 1}


def test_what_every_value_is_divided_by_is_taken_out() -> None:
    ratios: Ratios[str] = Ratios()
    ratios.join("a", "b", 2, 4)
    ratios.join("b", "c", 6, 2)
    assert ratios.solved() == {"a": 2, "b": 1, "c": 3}
    assert Fraction(2, 1) == Fraction(4, 2)


def deep(count: int) -> Model:
    """So many convolutions in a row, every tenth of which is strided up and down."""
    made = Builder()
    x = made.input("x", 1, 1, 64, 64)
    weight = made.weight((1, 1, 1, 1))
    for place in range(count):
        word = {3: "Conv", 7: "ConvTranspose"}.get(place % 10)
        strides = (2, 2) if word else (1, 1)
        op = word or "Conv"
        kernel = weight if op == "Conv" else made.weight((1, 1, 2, 2))
        made.nodes.append(
            ModelNode(f"n{place}", op, (x, kernel), (f"y{place}",), {"strides": strides})
        )
        x = f"y{place}"
    return made.model(x)


def seconds(count: int) -> float:
    read = read_model(deep(count))
    start = perf_counter()
    phased = PhasedModel(read, Region())
    assert len(phased.nodes) == count
    return perf_counter() - start


@pytest.mark.once
def test_factors_cost_as_much_as_there_are_nodes() -> None:
    seconds(100)
    few, many = min(seconds(500) for _ in range(3)), min(seconds(4000) for _ in range(3))
    assert many < 32 * few, (few, many)  # eight times as many; 64 if it were quadratic
