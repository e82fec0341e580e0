"""The catalogue as it is told: on the command line, in the chapter, and what its lemmas rest on."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from symconv.cli import main
from symconv.errors import SymconvError
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel.audit import CHANGED
from symconv.prove.kernel.compiler import CLOSED
from symconv.theorems import decide_theorem, read_catalogue
from symconv.theorems.catalogue import Relation, _relation
from symconv.theorems.decide import MISSING
from symconv.theorems.table import statement_table
from tests.helpers.requirements import require_tool

pytestmark = pytest.mark.once

THEOREMS = read_catalogue()
PROOFS = Path(__file__).parents[2] / "proofs"
FOUND = re.compile(r"^(?:Theorem|Lemma|Corollary) (\w+)", re.MULTILINE)
AUDITED = re.compile(r"^Check Symconv\.([\w.]+)\.$", re.MULTILINE)
LEMMAS = sorted({lemma for theorem in THEOREMS for lemma in theorem.lemmas})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def results(*arguments: str) -> dict[str, Any]:
    found = run(*arguments, "--json")
    return {r["name"]: r for r in json.loads(found.output)["results"]}


@pytest.mark.parametrize("lemma", LEMMAS)
def test_lemmas_exist_and_are_audited(lemma: str) -> None:
    file, _, name = lemma.partition(".")
    assert name in FOUND.findall((PROOFS / f"{file}.v").read_text())
    assert lemma in AUDITED.findall((PROOFS / "Audit.v").read_text())


def test_a_cited_lemma_is_no_verdict() -> None:
    """Settling the catalogue runs no kernel, so that no result may claim one."""
    found = results("theorems")
    for theorem in THEOREMS:
        result = found[theorem.name]
        assert "kernel" not in result["method"]
        assert "audit" not in result
        assert ("verdict" in result) == bool(theorem.parts)


def test_every_theorem_tells_its_topic_and_a_false_neighbour() -> None:
    text = run("theorems").output
    for name, result in results("theorems").items():
        assert result["section"] in result["note"]
        assert {n["verdict"] for n in result["neighbours"]} == {"refuted"}, name
        for neighbour in result["neighbours"]:
            assert neighbour["sizes"] == ("all" if "least" in neighbour else "these")
            assert neighbour["name"] in text


def test_the_kernel_checks_every_lemma() -> None:
    require_tool("coqc")
    found = results("theorems", "--kernel")
    for theorem in THEOREMS:
        result = found[theorem.name]
        assert ("kernel" in result["method"]) == (theorem.relation in ("equal", "instance"))
        assert result["audit"] == dict.fromkeys(theorem.lemmas, CLOSED)
        assert result["verdict"] == "proved"


@pytest.mark.parametrize("relation", ["instance", "weaker"])
def test_a_lemma_that_states_less_is_no_proof(relation: Relation) -> None:
    """Without claims, the kernel's word counts only where the lemmas are the theorem."""
    theorem = next(t for t in THEOREMS if not t.parts)
    audit = dict.fromkeys(theorem.lemmas, CLOSED)
    assert theorem.relation == "equal"
    assert decide_theorem(theorem, audit).verdict == "proved"
    less = decide_theorem(replace(theorem, relation=relation), audit)
    assert (less.verdict, less.method) == (None, ("kernel",) * (relation == "instance"))


def test_every_theorem_says_what_its_lemmas_are_to_it() -> None:
    for theorem in THEOREMS:
        assert (theorem.relation == "none") == (not theorem.lemmas)
        assert theorem.because
        assert theorem.parts or theorem.relation == "equal"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"lemmas": ["A.a"]}, "one of equal, instance, weaker, none"),
        ({"lemmas": [], "kernel": "equal", "because": "so"}, "got 'equal'"),
        ({"lemmas": ["A.a"], "kernel": "same", "because": "so"}, "got 'same'"),
        ({"lemmas": ["A.a"], "kernel": "weaker"}, "because must say why its lemmas are weaker"),
    ],
)
def test_an_entry_that_does_not_say_it_is_refused(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(SymconvError, match=said):
        _relation({"name": "t", **entry})


@pytest.mark.parametrize("rests", ["Axioms: hope : False", CHANGED, MISSING])
def test_an_open_changed_or_missing_lemma_is_told(
    monkeypatch: pytest.MonkeyPatch, rests: str
) -> None:
    audit = dict.fromkeys(LEMMAS, CLOSED)
    if rests == MISSING:
        del audit["EveryLayer.every_layer"]
    else:
        audit["EveryLayer.every_layer"] = rests
    monkeypatch.setattr(coqlib, "library_audit", lambda: audit)
    found = run("theorems", "--kernel")
    assert found.exit_code == 3
    assert f"EveryLayer.every_layer: {rests}" in found.output
    told = results("theorems", "--kernel")
    assert {t.name for t in THEOREMS if "EveryLayer.every_layer" in t.lemmas} == {
        name for name, result in told.items() if result["verdict"] == "undecided"
    }
    assert "kernel" not in told["layer"]["method"]
    assert "kernel" in told["composition"]["method"]


def test_a_lemma_of_that_name_in_another_file_is_missing() -> None:
    theorem = next(t for t in THEOREMS if "EveryLayer.every_layer" in t.lemmas)
    audit = {f"Elsewhere.{name.partition('.')[2]}": CLOSED for name in theorem.lemmas}
    settled = decide_theorem(theorem, audit)
    assert settled.verdict != "proved"
    assert settled.audit == tuple((name, MISSING) for name in theorem.lemmas)


def test_without_coq_there_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for command in (["theorems"], ["report", "theorems", "-o", str(tmp_path)]):
        found = run(*command, "--kernel")
        assert found.exit_code == 2
        assert found.output.count("\n") == 1
        assert "the proof kernel needs coqc" in found.output


def test_the_catalogue_is_a_chapter(tmp_path: Path) -> None:
    found = results("report", "theorems", "-o", str(tmp_path))
    assert list(found) == [*(theorem.name for theorem in THEOREMS), "theorems"]
    page = (tmp_path / "theorems.html").read_text()
    assert all(theorem.source.split(":")[0].rstrip(".") in page for theorem in THEOREMS[:3])
    assert all(page.index(t.section) for t in THEOREMS)
    assert page.count(">false neighbour<") == len(THEOREMS)
    assert page.count("cited here") == sum(len(t.lemmas) for t in THEOREMS)
    assert "nothing is assumed" not in page


def test_the_chapter_says_what_the_kernel_checked(tmp_path: Path) -> None:
    require_tool("coqc")
    assert run("report", "theorems", "-o", str(tmp_path), "--kernel").exit_code == 0
    page = (tmp_path / "theorems.html").read_text()
    assert page.count("nothing is assumed") == sum(len(t.lemmas) for t in THEOREMS)
    assert "cited here" not in page
    assert "symconv report theorems" in page
    assert "--kernel" in page


def test_the_chapter_tells_an_open_lemma(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    audit = {**dict.fromkeys(LEMMAS, CLOSED), "Paper.stride_gone": CHANGED}
    monkeypatch.setattr(coqlib, "library_audit", lambda: audit)
    assert run("report", "theorems", "-o", str(tmp_path), "--kernel").exit_code == 3
    page = (tmp_path / "theorems.html").read_text()
    assert page.count(f"not established: {CHANGED}") == 1
    assert page.count("nothing is assumed") == sum(len(t.lemmas) for t in THEOREMS) - 1


def test_the_committed_chapter_is_that_of_the_catalogue() -> None:
    page = (PROOFS.parent / "reports" / "theorems.tex").read_text()
    for theorem in THEOREMS:
        assert all(line in page for line in theorem.statement.strip().splitlines()), theorem.name
        assert all(lemma.replace("_", r"\_") in page for lemma in theorem.lemmas)


def test_kernel_is_refused_for_other_reports(tmp_path: Path) -> None:
    found = run("report", "resnet50-stem", "-o", str(tmp_path), "--kernel")
    assert found.exit_code == 2
    assert "--kernel is for `symconv report theorems`" in found.output


def test_the_table_by_entry_is_as_it_would_be_written_now() -> None:
    assert (PROOFS / "theorems" / "README.md").read_text() == statement_table(THEOREMS)
