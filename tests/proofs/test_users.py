"""Who uses the library from Coq: its list of files, its package file, its names."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel import pins
from symconv.prove.kernel.compiler import CLOSED, INSTALL, compile_text
from tests.helpers.requirements import require_tool

require_tool("coqc")

pytestmark = pytest.mark.once

PROOFS = Path(__file__).parents[2] / "proofs"
PACKAGE = (PROOFS / "coq-symconv.opam").read_text()
EXAMPLE = re.compile(r"```coq\n(.*?)```", re.DOTALL)


def test_the_project_lists_every_file_after_those_it_needs() -> None:
    listed = [line for line in (PROOFS / "_CoqProject").read_text().split() if line[-2:] == ".v"]
    assert sorted(listed) == sorted(path.name for path in PROOFS.glob("*.v"))
    for place, name in enumerate(listed):
        assert coqlib._imports(PROOFS / name) <= {before[:-2] for before in listed[:place]}
    assert (PROOFS / "_CoqProject").read_text() == pins.project_text()


def test_all_and_the_audit_import_nothing_of_the_library() -> None:
    for name in ("All.v", "Audit.v"):
        assert not re.search(r"Symconv Require (Import|Export)", (PROOFS / name).read_text())


def test_the_example_of_the_readme_compiles() -> None:
    (example,) = EXAMPLE.findall((PROOFS / "README.md").read_text())
    run = compile_text(example, coqlib.library())
    assert run.accepted, run.output
    assert run.output.count("Layer.layer_destride") == 1
    assert CLOSED in run.output


def test_names_are_not_imported_by_loading_all_files() -> None:
    generic = ("conv", "read", "fold", "step", "run", "tie", "position")
    text = "From Symconv Require All.\n" + "".join(f"Fail Check {name}.\n" for name in generic)
    run = compile_text(text, coqlib.library())
    assert run.accepted, run.output


def test_the_package_file_says_what_opam_needs() -> None:
    fields = dict(re.findall(r"^([a-z-]+): *(.*)", PACKAGE, re.MULTILINE))
    needed = {"synopsis", "description", "maintainer", "authors", "build", "install", "depends"}
    assert needed <= set(fields)
    assert (fields["opam-version"], fields["license"]) == ('"2.0"', '"MIT"')
    assert PACKAGE.count('"') % 2 == 0
    assert all(PACKAGE.count(a) == PACKAGE.count(b) for a, b in ("[]", "{}"))


def test_the_package_file_keeps_mathcomp_2_away() -> None:
    depends = dict(re.findall(r'^  "(coq[\w-]*)" \{(.*)\}$', PACKAGE, re.MULTILINE))
    bounds = '>= "1.15.0" & < "2.0"'
    assert depends == {
        "coq": '>= "8.16" & < "8.17~"',
        "coq-mathcomp-ssreflect": bounds,
        "coq-mathcomp-algebra": bounds,
    }
    for words in (INSTALL, (PROOFS / "README.md").read_text()):
        assert "opam install 'coq<8.17' 'coq-mathcomp-algebra<2'" in words


@pytest.mark.slow
def test_coq_s_own_make_builds_everything(tmp_path: Path) -> None:
    folder = tmp_path / "proofs"
    shutil.copytree(PROOFS, folder)
    makefile = [require_tool("coq_makefile"), "-f", "_CoqProject", "-o", "Makefile.coq"]
    subprocess.run(makefile, cwd=folder, check=True, timeout=60)
    build = [require_tool("make"), "-f", "Makefile.coq", "-j2"]
    run = subprocess.run(build, cwd=folder, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr
    assert CLOSED in run.stdout
    built = {path.stem for path in folder.glob("*.vo")}
    assert built == {path.stem for path in PROOFS.glob("*.v")}
