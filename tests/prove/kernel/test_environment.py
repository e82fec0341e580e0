"""What the kernel needs: Coq, its MathComp, and a library that is built once."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

import symconv
from symconv import Conv
from symconv.cli import main
from symconv.errors import InternalError, SymconvError
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel import theorem as rocq
from symconv.prove.kernel.compiler import KernelMissing, KernelRejects
from tests.helpers.requirements import require_tool

require_tool("coqc")


def test_without_coq_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(KernelMissing, match="apt-get install coq libcoq-mathcomp-ssreflect"):
        symconv.prove(Conv(1, 1, 3, stride=2), (8,), kernel=True)
    done = CliRunner().invoke(main, ["prove", "conv i1x8 o1 k3 s2", "--kernel"])
    assert done.exit_code == 2
    assert "apt-get install coq" in done.stderr
    assert len(done.stderr.splitlines()) == 1


FAKE = """#!/bin/sh
[ "$1" = -print-version ] && { echo "8.16.1 4.13"; exit 0; }
echo 'Error: Cannot find a physical path bound to logical path' >&2
echo 'all_ssreflect with prefix mathcomp.' >&2
exit 1
"""


def test_without_mathcomp_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "coqc"
    program.write_text(FAKE)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(KernelMissing, match="MathComp is not; install Coq with MathComp"):
        rocq.kernel_fact(symconv.destride(Conv(1, 1, 3, stride=2), (8,)))
    assert [p.suffix for p in (tmp_path / "symconv" / "coq").iterdir()] == [".lock"]


NEWER = """#!/bin/sh
[ "$1" = -print-version ] && { echo "8.20.1 4.14"; exit 0; }
for file; do :; done  # the last argument
grep -q mixin_of "$file" && name=Equality.mixin_of || name=ler_addl
echo "Error: The reference $name was not found" >&2
echo 'in the current environment.' >&2
exit 1
"""


def test_mathcomp_2_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "coqc"
    program.write_text(NEWER)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    needed = "needs MathComp 1.15 up to but not including 2.0, and MathComp 2 is installed"
    done = CliRunner().invoke(main, ["prove", "conv i1x8 o1 k3 s2", "--kernel"])
    assert done.exit_code == 2
    assert needed in done.stderr
    assert len(done.stderr.splitlines()) == 1
    with pytest.raises(KernelMissing, match=r"opam install 'coq<8\.17' 'coq-mathcomp-algebra<2'"):
        coqlib.library()


def test_a_missing_kernel_is_the_users_and_a_rejection_is_symconvs() -> None:
    assert issubclass(KernelMissing, SymconvError)
    assert issubclass(KernelRejects, InternalError)
    assert not issubclass(KernelRejects, SymconvError)


TINY = "From mathcomp Require Import all_ssreflect.\nDefinition one := 1.\n"


def build(arguments: tuple[str, str]) -> str:
    """Build a library of one file in a cache of its own; run in another process."""
    cache, source = arguments
    os.environ["XDG_CACHE_HOME"] = cache
    coqlib.sources = lambda: (Path(source),)
    return str(coqlib.library())


def test_two_builds_at_once_end_in_one_library(tmp_path: Path) -> None:
    source = tmp_path / "Tiny.v"
    source.write_text(TINY)
    with ProcessPoolExecutor(2) as pool:
        first, second = pool.map(build, [(str(tmp_path), str(source))] * 2)
    assert first == second
    assert (Path(first) / "Tiny.vo").is_file()
    left = sorted(path.name for path in Path(first).parent.iterdir())
    assert left == [Path(first).name, f"{Path(first).name}.lock"]


def test_two_builds_without_a_lock_end_in_one_library(tmp_path: Path) -> None:
    source, target = tmp_path / "Tiny.v", tmp_path / "cache" / "tiny"
    source.write_text(TINY)
    target.parent.mkdir()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: coqlib._make((source,), target), range(2)))
    assert [path.name for path in target.parent.iterdir()] == ["tiny"]
    assert (target / "Tiny.vo").is_file()
