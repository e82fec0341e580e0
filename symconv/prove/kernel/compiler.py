"""The compiler coqc: where it is, what it says of a file, and whether its MathComp is the one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from symconv.errors import InternalError, MissingTool, TooLarge

INSTALL = (
    "install Coq with MathComp before 2.0: apt-get install coq libcoq-mathcomp-ssreflect "
    "libcoq-mathcomp-algebra on Debian 12, or opam install 'coq<8.17' 'coq-mathcomp-algebra<2'"
)
CLOSED = "Closed under the global context"
SECONDS = 300.0
"""How long coqc may take for one file."""

_PROBE = "From mathcomp Require Import all_ssreflect.\nCheck Equality.mixin_of.\n"
"""Accepted by MathComp 1 only: 2.0 makes its structures otherwise, and has no such record."""


class KernelMissing(MissingTool):
    """Coq or a fitting MathComp is not installed, so that nothing can be asked of the kernel."""


class KernelRejects(InternalError):
    """The kernel does not accept what symconv wrote: a fault of symconv, never a verdict."""


@dataclass(frozen=True)
class Run:
    """What coqc said of one file."""

    accepted: bool
    output: str


def coqc() -> str:
    """Path of the compiler.

    Raises:
        KernelMissing: it is not installed; the message says how to install it.
    """
    path = shutil.which("coqc")
    if path is None:
        raise KernelMissing(f"the proof kernel needs coqc, and it is not on PATH; {INSTALL}")
    return path


@lru_cache(maxsize=8)
def version(program: str) -> str:
    """The compiler's version, such as ``8.16.1``."""
    run = [program, "-print-version"]
    text = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60).stdout
    return (text.split() or ["unknown"])[0]


@lru_cache(maxsize=8)
def mathcomp(program: str) -> str:
    """What tells one installed MathComp from another: the size and time of a file of it."""
    run = [program, "-where"]
    text = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60).stdout
    file = Path(text.strip()) / "user-contrib" / "mathcomp" / "ssreflect" / "ssreflect.vo"
    found = file.stat() if file.is_file() else None
    return f"{found.st_size} {found.st_mtime_ns}" if found else "elsewhere"


def compile_file(path: Path, folder: Path, *options: str, seconds: float = SECONDS) -> Run:
    """Run coqc on one file against the library in a folder, for at most this many seconds.

    Raises:
        KernelMissing: Coq or MathComp is not installed.
        TooLarge: the kernel took too long, and nothing is known.
    """
    command = [coqc(), *options, "-w", "none", "-R", str(folder), "Symconv", str(path)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as fault:
        raise TooLarge(f"coqc took more than {seconds:g} s on {path.name}") from fault
    output = (run.stdout + run.stderr).strip()
    if "with prefix mathcomp" in output or "prefix\nmathcomp" in output:
        raise KernelMissing(f"coqc is installed, but MathComp is not; {INSTALL}")
    return Run(run.returncode == 0, output)


def compile_text(text: str, folder: Path, *options: str) -> Run:
    """Run coqc on a text, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="symconv-") as scratch:
        path = Path(scratch) / "asked.v"
        path.write_text(text, encoding="utf-8")
        return compile_file(path, folder, *options)


def refuse_other_mathcomp(folder: Path) -> None:
    """Find out whether a file failed because of MathComp 2, which names other things.

    Raises:
        KernelMissing: MathComp 2 is installed.
    """
    said = " ".join(compile_text(_PROBE, folder).output.split())
    if "mixin_of was not found" in said:
        raise KernelMissing(
            "the proof library needs MathComp 1.15 up to but not including 2.0, and MathComp 2 "
            f"is installed; {INSTALL}"
        )
