"""Engines: who can, who is asked first, what is said of each; and one that is asked alone."""

from __future__ import annotations

from typing import Any

import pytest

import symconv
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import InputError, Unsupported
from symconv.layer import Conv
from symconv.prove.decide import decide
from symconv.prove.engine import Question
from symconv.prove.registry import DECIDERS, ENGINES, cheapest_first, engine_named

FLIP: dict[str, Any] = {"op": "flip", "axes": [1]}
RELU: dict[str, Any] = {"op": "relu"}


def question(size: int | str, left: list[Any], right: list[Any]) -> Question:
    sides = {"left": left, "right": right}
    return Question(read_claim({"input": {"channels": 1, "size": [size]}, **sides}))


def test_names_are_distinct_and_every_engine_says_what_to_trust() -> None:
    assert len({one.name for one in ENGINES}) == len(ENGINES)
    assert all(one.how.endswith(".") and one.trust.endswith(".") for one in ENGINES)


@pytest.mark.parametrize(
    ("asked", "able"),
    [
        (question(8, [FLIP, FLIP], []), ["tables", "sets", "squares"]),
        (question("N", [FLIP, FLIP], []), ["sets"]),
        (question(8, [RELU, FLIP], [FLIP, RELU]), ["squares"]),
        (question("N", [RELU, FLIP], [FLIP, RELU]), ["sets"]),
        (question(10**7, [FLIP, FLIP], []), ["sets", "squares", "tables"]),
    ],
    ids=["a size", "all sizes", "functions", "functions for all sizes", "a long axis"],
)
def test_the_cheapest_that_can_comes_first(asked: Question, able: list[str]) -> None:
    assert [one.name for one in cheapest_first(asked)] == able
    assert decide(asked.claim).verdict == "proved"


@pytest.mark.parametrize("name", ["tables", "sets", "squares"])
def test_every_decider_proves_what_is_true(name: str) -> None:
    verdict = decide(question(8, [FLIP, FLIP], []).claim, engine=name)
    assert isinstance(verdict, Certificate)
    assert verdict.method == [name]


def test_one_that_is_asked_alone_says_what_it_cannot() -> None:
    false = question(8, [FLIP], []).claim
    assert isinstance(decide(false, engine="tables"), Refuted)
    alone = decide(false, engine="sets")
    assert alone.verdict == "undecided"
    assert "it takes tables to say where" in alone.reason
    with pytest.raises(Unsupported, match="'tables' cannot decide claim 'claim': tables are for"):
        decide(question("N", [FLIP, FLIP], []).claim, engine="tables")
    with pytest.raises(InputError, match="there is no engine 'isl'; there are sets, squares"):
        engine_named("isl")


def test_a_long_axis_is_proved_by_a_formula_and_rechecked() -> None:
    verdict = symconv.prove(Conv(1, 1, 10, 5), (160_000,), symbolic=False)
    assert isinstance(verdict, Certificate)
    assert verdict.method == ["sets"]
    assert symconv.recheck(verdict.to_dict()).verdict == "proved"


def test_no_decider_speaks_of_what_it_cannot() -> None:
    asked = question("N", [FLIP, FLIP], [])
    able = {one.name for one in cheapest_first(asked)}
    assert all(
        (one.can(asked) is None) == (one.name in able) for one in DECIDERS if not one.by_name
    )
