"""Lowerings met in the wild: the checker tells true from false, and brute force agrees."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.prove.concrete import settle
from symconv.replay import replay
from symconv.verdict import Refuted
from tests.planted import brute_force_equal

FOLDER = Path(__file__).parents[1] / "proofs" / "lowerings"
CLAIMS = [
    text
    for path in sorted(FOLDER.glob("*.json"))
    for text in json.loads(path.read_text())["claims"]
]
SMALL = [
    text for text in CLAIMS if text["input"]["channels"] * prod(text["input"]["size"]) <= 40_000
]


def names(texts: list[dict[str, Any]]) -> list[str]:
    return [text["name"] for text in texts]


@pytest.mark.parametrize("text", CLAIMS, ids=names(CLAIMS))
def test_the_verdict_is_the_stated_one(text: dict[str, Any]) -> None:
    assert settle(read_claim(text)).verdict == text["stated"]


@pytest.mark.parametrize("text", SMALL, ids=names(SMALL))
def test_brute_force_agrees_and_refutations_replay(text: dict[str, Any]) -> None:
    claim = read_claim(text)
    assert brute_force_equal(claim, seed=1, tries=1) == (text["stated"] == "proved")
    verdict = settle(claim)
    if isinstance(verdict, Refuted) and verdict.counterexample.left_shape is None:
        left, right = replay(verdict)
        found = verdict.counterexample
        assert (str(left), str(right)) == (found.left, found.right)
        assert left != right


def test_there_are_true_ones_and_false_ones_with_their_sources() -> None:
    assert {text["stated"] for text in CLAIMS} == {"proved", "refuted"}
    assert len(set(names(CLAIMS))) == len(CLAIMS) > 30
    assert all(text["source"] for text in CLAIMS)
