"""The catalogue: stated verdicts, least sizes, another decision procedure, lemmas, the chapter."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symconv.cli import main
from symconv.errors import SymconvError
from symconv.prove.concrete import settle
from symconv.theorems import Part, Theorem, read_catalogue, settle_theorem
from symconv.theorems.settled import demonstrate
from tests.requirements import require

require("z3")
z3_claims: Any = require("tests.z3_claims")

THEOREMS = read_catalogue()
PARTS = [(theorem, part) for theorem in THEOREMS for part in theorem.parts]
PROOFS = Path(__file__).parents[1] / "proofs"
IDS = [f"{theorem.name}: {part.name}" for theorem, part in PARTS]


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.name)
def test_claims_are_as_stated_and_demonstrations_run(theorem: Theorem) -> None:
    settled = settle_theorem(theorem)
    assert settled.as_stated, [verdict.verdict for verdict in settled.verdicts]
    assert settled.shown
    if theorem.parts:
        assert {part.stated for part in theorem.parts} == {"proved", "refuted"}
    assert theorem.parts or theorem.lemmas


@pytest.mark.parametrize(("theorem", "part"), PARTS, ids=IDS)
def test_z3_agrees(theorem: Theorem, part: Part) -> None:
    text = json.loads(json.dumps(part.claim.to_dict()))
    found = z3_claims.counterexample(text)
    assert (found is None) == (part.stated == "proved"), found
    if found is not None:
        assert at_size(part, found) == "refuted"


def at_size(part: Part, sizes: dict[str, int]) -> str:
    try:
        return settle(part.claim.at(sizes)).verdict
    except SymconvError:
        return "illegal"


@pytest.mark.parametrize(("theorem", "part"), PARTS, ids=IDS)
def test_the_concrete_prover_agrees_at_small_sizes(theorem: Theorem, part: Part) -> None:
    """All small sizes where one or two are named; below the least none fails."""
    names = part.claim.names
    ranges = [range(1, {1: 17, 2: 7}.get(len(names), 3))] * len(names)
    failing = [
        dict(zip(names, values, strict=True))
        for values in product(*ranges)
        if at_size(part, dict(zip(names, values, strict=True))) == "refuted"
    ]
    assert bool(failing) == (part.stated == "refuted")
    if failing:
        assert failing[0] == dict(part.least)


def test_lemmas_exist() -> None:
    for theorem in THEOREMS:
        for lemma in theorem.lemmas:
            file, _, name = lemma.partition(".")
            text = (PROOFS / f"{file}.v").read_text()
            assert re.search(rf"^(Theorem|Lemma|Corollary) {name}\b", text, re.MULTILINE), lemma


def test_a_cited_lemma_is_no_verdict() -> None:
    """Settling the catalogue runs no kernel, so that no result may claim one."""
    run = CliRunner().invoke(main, ["theorems", "--json"])
    assert run.exit_code == 0
    results = {r["name"]: r for r in json.loads(run.output)["results"]}
    for theorem in THEOREMS:
        result = results[theorem.name]
        assert "kernel" not in result["method"]
        assert ("verdict" in result) == bool(theorem.parts)


def test_every_theorem_stands_once() -> None:
    names = [theorem.name for theorem in THEOREMS]
    assert len(set(names)) == len(names) > 20


def test_a_demonstration_can_fail() -> None:
    part = next(p for _, p in PARTS if p.stated == "refuted" and p.least == (("N", 2),))
    wrong = Part(part.name, part.claim, "proved", at=(("N", 2),))
    with pytest.raises(SymconvError, match="differ"):
        demonstrate(wrong)


def test_the_catalogue_on_the_command_line(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["report", "theorems", "-o", str(tmp_path), "--json"])
    assert run.exit_code == 0, run.output
    results = json.loads(run.output)["results"]
    assert [r["name"] for r in results] == [*(t.name for t in THEOREMS), "theorems"]
    page = (tmp_path / "theorems.html").read_text()
    assert all(theorem.source.split(":")[0].rstrip(".") in page for theorem in THEOREMS[:3])
