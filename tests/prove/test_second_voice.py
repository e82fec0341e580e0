"""Faults planted in the engines: what they make false is no verdict, but a contradiction.

Each fault is put into tables, sets or squares, with a claim that it settles wrongly.  Left to
itself the engine gives the wrong verdict; with the second voice there is none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symconv import Conv, check
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate
from symconv.cli import main
from symconv.errors import ContradictionError
from symconv.evaluation import Evaluation, evaluate_sides
from symconv.network import NetworkExpansion, chain
from symconv.prove.decide import decide
from tests.helpers.silent_faults import (
    FAULTS,
    FLIP,
    SETS,
    SQUARES,
    TABLES,
    Patch,
    Text,
    bogus,
    changed,
    claim,
    keeps_zero,
    module,
    put,
    step,
)


def plant(monkeypatch: pytest.MonkeyPatch, name: str) -> Text:
    patch, text = FAULTS[name]
    patch(monkeypatch)
    return text


def silenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the second voice away."""
    same = {"prove.decide": "confirmed", "prove.everywhere": "evaluated"}
    for name, attribute in same.items():
        monkeypatch.setattr(module(name), attribute, lambda verdict, *sizes: verdict)


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 25
    assert min(map(len, (TABLES, SETS, SQUARES))) >= 2  # two more of squares stand below


@pytest.mark.parametrize("name", FAULTS)
def test_without_the_fault_the_claim_is_refuted(name: str) -> None:
    assert check(FAULTS[name][1]).verdict == "refuted"


@pytest.mark.parametrize("name", FAULTS)
def test_the_engine_alone_would_prove_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = plant(monkeypatch, name)
    silenced(monkeypatch)
    assert check(text).verdict == "proved"


@pytest.mark.parametrize("name", FAULTS)
def test_the_second_voice_contradicts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = plant(monkeypatch, name)
    with pytest.raises(ContradictionError, match=r"contradicts itself .* it is proved.* differ"):
        check(text)


@pytest.mark.parametrize("name", list(FAULTS)[::7])
def test_a_contradiction_is_exit_status_4(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = plant(monkeypatch, name)
    path = tmp_path / "claim.json"
    path.write_text(json.dumps(text))
    run = CliRunner().invoke(main, ["check", str(path), "--json"])
    (result,) = json.loads(run.stdout)["results"]
    assert (run.exit_code, result["verdict"]) == (4, "error")
    written = Path(result["error"].split("please report it with ")[1])
    assert json.loads(written.read_text())["left"] == read_claim(text).to_dict()["left"]


def test_a_false_refutation_does_not_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module("prove.tables.decide"), "first_difference", bogus)
    with pytest.raises(ContradictionError, match=r"it is refuted .* no replay shows"):
        check(claim([FLIP, FLIP], []))


def tail(function: str, kernel: int) -> NetworkExpansion:
    """A chain whose second layer reads the tail of an odd signal."""
    first = Conv(1, 1, kernel, 1, kernel // 2, bias=False)
    layers: list[Any] = [first, function, Conv(1, 1, 3, 2, 1)]
    return NetworkExpansion(chain("tail", layers, (7,)))


@pytest.mark.parametrize(
    ("fault", "bare"),
    [
        (
            put("prove.squares.compose", "square_holds", lambda claim, low=None: True),
            tail("relu", 3),
        ),
        (changed("prove.squares.compose", "named", keeps_zero), tail("sigmoid", 1)),
    ],
    ids=["a mask is left out", "a function is said to keep zero"],
)
def test_faults_of_chains_are_seen(
    fault: Patch, bare: NetworkExpansion, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decide(bare.claim(), bare.factors_at).verdict == "refuted"
    fault(monkeypatch)
    with monkeypatch.context() as alone:
        silenced(alone)
        assert decide(bare.claim(), bare.factors_at).verdict == "proved"
    with pytest.raises(ContradictionError, match="differ"):
        decide(bare.claim(), bare.factors_at)


def test_a_certificate_names_its_second_voice() -> None:
    verdict = check(claim([FLIP, FLIP], []))
    assert isinstance(verdict, Certificate)
    found = verdict.to_dict()["evaluation"]
    assert found["outputs"] == found["full"] == 12
    assert int(found["chance"].removeprefix("2^-")) > 60


def test_outputs_far_from_the_ends_are_looked_at() -> None:
    keep = [1] * 500
    keep[237] = 0
    text = claim([step("mask", keep=[None, keep])], [], 500)
    assert not isinstance(evaluate_sides(read_claim(text)), Evaluation)
