"""Every statement of the Coq library, and every definition it speaks of, is the pinned one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from symconv.prove.kernel import audit, pins
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel.compiler import CLOSED, KernelRejects
from tests.helpers.requirements import require_tool

require_tool("coqc")

pytestmark = pytest.mark.once

PROOFS = Path(__file__).parents[2] / "proofs"
THEOREM = re.compile(r"^Theorem (\w+)", re.MULTILINE)

COMPUTED = re.compile(
    r"^[ \t]*(?:Lemma|Theorem|Corollary|Fact|Remark|Property|Proposition) (\w+)"
    r"(?:(?!\bQed\.).)*?\bDefined\.",
    re.MULTILINE | re.DOTALL,
)

MEANING = """\
Record pair_of := PairOf { left_one : nat; right_one : nat }.
Definition size (K s : nat) : nat := K * s + 1.
Definition unused : nat := 7.
"""

FACTS = """\
From Coq Require Import Lia.
From Symconv Require Import Meaning.
Lemma helper : 0 < 1. Proof. lia. Qed.
Definition twice (p : pair_of) : nat := size (left_one p) 2.
Theorem size_above K s : 0 < s -> K < size K s. Proof. unfold size; nia. Qed.
Theorem twice_above p : left_one p < twice p. Proof. unfold twice, size; lia. Qed.
Theorem alone : 1 = 1. Proof. trivial. Qed.
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds that the tests of this file share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of two files, pinned as it is."""
    for name, text in (("Meaning.v", MEANING), ("Facts.v", FACTS)):
        (tmp_path / name).write_text(text)
    be_the_library(tmp_path, cache, monkeypatch)
    pins.write_pins()
    assert coqlib.library_faults() == []
    return tmp_path


def be_the_library(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a folder's files for the library."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    files = folder.glob
    monkeypatch.setattr(coqlib, "sources", lambda: coqlib._in_order(sorted(files("*.v"))))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_every_statement_and_definition_is_the_pinned_one() -> None:
    assert coqlib.library_faults() == []


def test_the_written_files_are_as_they_would_be_written_now() -> None:
    """After a theorem, a definition or a file was added or renamed: `make pins`."""
    assert (PROOFS / "All.v").read_text() == pins.all_text()
    assert (PROOFS / "Audit.v").read_text() == pins.audit_text(pins.derived())
    told = audit.pins_text(coqlib.library_told(), pins.PINS_HEAD)
    assert (PROOFS / "statements.txt").read_text() == told


def test_the_audit_names_every_theorem_and_every_cited_lemma() -> None:
    stated = {
        f"{path.stem}.{name}"
        for path in PROOFS.glob("*.v")
        for name in THEOREM.findall(path.read_text())
    }
    assert len(stated) > 40
    assert (stated | pins.cited()) - set(coqlib.library_audit()) == set()


def test_no_lemma_can_be_computed_with() -> None:
    """Of a lemma the statement is pinned and not the proof, so no proof may mean something."""
    told = "Lemma a : T. Proof. Qed.\n  Remark b : T.\nProof. Defined."
    assert COMPUTED.findall(told) == ["b"]
    assert [
        name for path in PROOFS.glob("*.v") for name in COMPUTED.findall(path.read_text())
    ] == []


def test_a_name_of_the_library_that_is_not_pinned_is_seen(folder: Path) -> None:
    """Another module's name for what is spoken of: no query names its file."""
    (folder / "names.v").write_text(
        "Module A. Definition size (n : nat) := n. End A.\n"
        "Module B. Definition size (n : nat) := S n. End B.\nModule X := A.\n"
    )
    (folder / "Spoken.v").write_text(
        "From Symconv Require Import names.\n"
        "Theorem grows n : n <= names.X.size n. Proof. destruct n; auto. Qed.\n"
    )
    pins.write_pins()
    assert [fault for fault in coqlib.library_faults() if "names." in fault]


def test_what_the_pins_hold(folder: Path) -> None:
    held = audit.read_pins((folder / "statements.txt").read_text())
    assert (
        held["Facts.size_above"].text
        == "forall K s : nat, (0 < s)%coq_nat -> (K < Meaning.size K s)%coq_nat"
    )
    assert held["Meaning.size"].text.startswith("Meaning.size = fun K s : nat => ((K * s)")
    assert "left_one : nat" in held["Meaning.pair_of"].text
    definitions = {"Meaning.size", "Meaning.pair_of", "Facts.twice"}
    assert set(held) == definitions | {"Facts.size_above", "Facts.twice_above", "Facts.alone"}
    assert set(coqlib.library_audit().values()) == {CLOSED}


def test_a_lemma_that_the_audit_names_by_hand_is_kept(folder: Path) -> None:
    with (folder / "Audit.v").open("a") as file:
        file.write("Check Symconv.Facts.helper.\n")
    assert pins.write_pins() == ["Facts.helper: not pinned"]
    assert pins.write_pins() == []
    assert coqlib.library_audit()["Facts.helper"] == CLOSED


WEAKER = {
    "one more hypothesis": ("0 < s -> K < size K s", "0 < s -> 0 < K -> K < size K s"),
    "another relation": ("K < size K s", "K <= size K s"),
    "a name bound otherwise": ("Theorem size_above K s", "Theorem size_above (s K : nat)"),
}


@pytest.mark.parametrize("name", WEAKER)
def test_a_changed_statement_is_refused(folder: Path, name: str) -> None:
    change(folder / "Facts.v", *WEAKER[name])
    told = coqlib.library_audit()
    assert told["Facts.size_above"] == audit.CHANGED
    assert told["Facts.twice_above"] == told["Facts.alone"] == CLOSED
    assert coqlib.library_faults() == [f"Facts.size_above: {audit.CHANGED}"]


def test_a_changed_definition_is_refused_with_all_that_speak_of_it(folder: Path) -> None:
    change(folder / "Meaning.v", "K * s + 1", "K * s + K + 1")
    told = coqlib.library_audit()
    fault = "it speaks of Meaning.size, whose definition is not the pinned one"
    assert told == {"Facts.size_above": fault, "Facts.twice_above": fault, "Facts.alone": CLOSED}
    assert coqlib.library_faults() == [f"Meaning.size: {audit.REDEFINED}"]


def test_fields_in_another_order_are_another_record(folder: Path) -> None:
    change(
        folder / "Meaning.v", "left_one : nat; right_one : nat", "right_one : nat; left_one : nat"
    )
    assert coqlib.library_faults() == [f"Meaning.pair_of: {audit.REDEFINED}"]
    assert "it speaks of Meaning.pair_of" in coqlib.library_audit()["Facts.twice_above"]


def test_what_looks_the_same_is_told_apart(folder: Path) -> None:
    """A hidden argument changes nothing that a notation shows."""
    change(folder / "Facts.v", "Theorem alone : 1 = 1.", "Theorem alone : @eq (id nat) 1 1.")
    held = audit.read_pins((folder / "statements.txt").read_text())["Facts.alone"]
    found = coqlib.library_told()["Facts.alone"].pin
    assert (held.text, found.text) == ("1 = 1", "1 = 1")
    assert coqlib.library_audit()["Facts.alone"] == audit.CHANGED


def test_what_nothing_speaks_of_is_free_to_change(folder: Path) -> None:
    change(folder / "Meaning.v", "unused : nat := 7", "unused : nat := 8")
    change(folder / "Facts.v", "Lemma helper : 0 < 1", "Lemma helper : 0 < 2")
    assert coqlib.library_faults() == []


def test_an_axiom_is_seen_where_it_is_used(folder: Path) -> None:
    change(folder / "Facts.v", "Lemma helper", "Axiom hope : False.\nLemma helper")
    change(folder / "Facts.v", "Proof. trivial.", "Proof. case hope.")
    told = coqlib.library_audit()
    assert told.pop("Facts.alone").startswith("Axioms: Facts.hope : False")
    assert set(told.values()) == {CLOSED}


def test_a_theorem_that_went_or_came_is_told(folder: Path) -> None:
    change(folder / "Facts.v", "Theorem alone", "Theorem together")
    with pytest.raises(KernelRejects, match=r"Facts\.alone was not found"):
        coqlib.library_audit()
    assert sorted(pins.write_pins()) == [
        "Facts.alone: pinned, and not in the audit",
        "Facts.together: not pinned",
    ]
    assert coqlib.library_faults() == []


def test_a_definition_that_the_audit_leaves_out_is_told(folder: Path) -> None:
    change(folder / "Audit.v", "Print Symconv.Meaning.size.\n", "")
    assert coqlib.library_faults() == [
        "Meaning.size: spoken of, and not in the audit",
        "Meaning.size: pinned, and not in the audit",
    ]
    assert "it speaks of Meaning.size" in coqlib.library_audit()["Facts.twice_above"]


@pytest.fixture
def first_files(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the first two files of the library itself, with its pins."""
    for name in ("Arith.v", "Index.v", "Audit.v", "statements.txt"):
        shutil.copy(PROOFS / name, tmp_path)
    be_the_library(tmp_path, cache, monkeypatch)
    return tmp_path


def audit_first_files(folder: Path) -> dict[str, str]:
    """Audit the copy by the library's own pins."""
    (folder / "All.v").write_text(pins.all_text())
    (folder / "Audit.v").write_text(pins.audit_text(pins.derived()))
    return coqlib.library_audit()


def test_the_pins_do_not_change_with_what_else_is_in_the_library(first_files: Path) -> None:
    told = audit_first_files(first_files)
    assert len(told) >= 4
    assert set(told.values()) == {CLOSED}
    assert all(fault.endswith("pinned, and not in the audit") for fault in coqlib.library_faults())


def test_a_lemma_of_the_library_with_one_more_hypothesis_is_refused(first_files: Path) -> None:
    index = first_files / "Index.v"
    weak = (
        "Lemma euclid_unique : ltac:(let t := type of euclid_unique_strong in exact (True -> t)).\n"
        "Proof. by move=> _; exact: euclid_unique_strong. Qed.\n"
    )
    index.write_text(re.sub(r"\beuclid_unique\b", "euclid_unique_strong", index.read_text()) + weak)
    told = audit_first_files(first_files)
    assert told.pop("Index.euclid_unique") == audit.CHANGED
    assert set(told.values()) == {CLOSED}


def test_another_formula_in_the_library_is_refused(first_files: Path) -> None:
    """Proofs aside: what is stated is seen to differ from the definitions alone."""
    index = first_files / "Index.v"
    text = re.sub(r"Proof\..*?Qed\.", "Proof. Admitted.", index.read_text(), flags=re.DOTALL)
    index.write_text(re.sub(r"(Definition out_size\b.*?:=)", r"\1 1 +", text, flags=re.DOTALL))
    assert "Axioms:" in audit_first_files(first_files)["Index.out_size_fits"]
    assert f"Index.out_size: {audit.REDEFINED}" in coqlib.library_faults()
    assert f"Index.coarse: {audit.REDEFINED}" not in coqlib.library_faults()
