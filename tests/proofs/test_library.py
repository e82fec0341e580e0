"""The Coq library is complete and rests on no axiom."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from symconv.prove.kernel import compiler
from symconv.prove.kernel import library as coqlib
from tests.helpers.requirements import require_tool

require_tool("coqc")

pytestmark = pytest.mark.once

PROOFS = Path(__file__).parents[2] / "proofs"
FILES = sorted(PROOFS.glob("*.v"))
UNPROVED = re.compile(
    r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Abort|give_up|"
    r"Unset Guard Checking|Unset Universe Checking|Unset Positivity Checking|bypass_check)\b"
)


def without_comments(text: str) -> str:
    """A Coq text without its comments, which may be nested."""
    depth, kept, at = 0, [], 0
    while at < len(text):
        pair = text[at : at + 2]
        if pair in {"(*", "*)"}:
            depth += 1 if pair == "(*" else -1
            at += 2
            continue
        kept.append(text[at] if depth == 0 else "")
        at += 1
    return "".join(kept)


def test_nothing_is_left_unproved() -> None:
    found = {path.name: UNPROVED.findall(without_comments(path.read_text())) for path in FILES}
    assert len(found) >= 10
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("text", ["Axiom a : False.", "Proof. Admitted.", "Proof. admit. Qed."])
def test_what_is_left_unproved_would_be_seen(text: str) -> None:
    assert UNPROVED.search(without_comments(f"(* (* a *) Lemma *) {text}"))
    assert not UNPROVED.search(without_comments(f"(* {text} (* nested *) *)"))


def test_every_file_opens_with_a_glossary() -> None:
    for path in FILES:
        first = path.read_text().splitlines()[0]
        assert first.startswith(f"(* {path.name}: "), path


def test_the_library_compiles_and_rests_on_no_axiom() -> None:
    audit = coqlib.library_audit()
    assert len(audit) > 30
    assert set(audit.values()) == {compiler.CLOSED}


def test_a_broken_library_is_a_fault_and_leaves_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "Broken.v"
    broken.write_text("Lemma wrong : 1 = 2. Proof. reflexivity. Qed.\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(coqlib, "sources", lambda: (broken,))
    with pytest.raises(compiler.KernelRejects, match=r"Broken\.v does not compile"):
        coqlib.library()
    assert [p.suffix for p in (tmp_path / "symconv" / "coq").iterdir()] == [".lock"]


def test_the_sources_stay_clean() -> None:
    coqlib.library()
    assert [path for path in PROOFS.iterdir() if path.suffix in {".vo", ".glob", ".vok"}] == []


def test_make_proofs_prints_the_audit() -> None:
    plan = [require_tool("make"), "-n", "proofs"]
    run = subprocess.run(plan, cwd=PROOFS.parent, capture_output=True, text=True, check=True)
    assert "library_audit" in run.stdout


@pytest.mark.slow
def test_the_separate_checker_agrees() -> None:
    """coqchk checks the compiled files again, and all of Coq and MathComp that they use."""
    folder = coqlib.library()
    modules = [f"Symconv.{path.stem}" for path in folder.glob("*.vo")]
    assert len(modules) == len(FILES) - 1  # the audit is no part of the library
    command = [require_tool("coqchk"), "-silent", "-o", "-R", str(folder), "Symconv", *modules]
    run = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr
    assert "* Axioms: <none>" in run.stdout + run.stderr
