"""The proof library: where its sources are, its build in a cache, and coqc run on a file.

The build lives outside the source tree, in ``$XDG_CACHE_HOME/symconv/coq/<digest>``; the digest is
that of the sources and of Coq's version.  It is made in a folder of its own and then renamed, so
that two processes that build at once do not meet; a lock spares the second one the work.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from symconv.errors import InternalError, SymconvError, TooLarge

INSTALL = (
    "install Coq with MathComp: apt-get install coq libcoq-mathcomp-ssreflect "
    "libcoq-mathcomp-algebra, or opam install coq coq-mathcomp-ssreflect coq-mathcomp-algebra"
)
CLOSED = "Closed under the global context"
SECONDS = 300.0
"""How long coqc may take for one file."""

_IMPORT = re.compile(r"^From Symconv Require Import ([\w ]+)\.", re.MULTILINE)


class KernelMissing(SymconvError):
    """Coq or MathComp is not installed, so that nothing can be asked of the kernel."""


class KernelRejects(InternalError):
    """The kernel does not accept what symconv wrote: a fault of symconv, never a verdict."""


@dataclass(frozen=True)
class Run:
    """What coqc said of one file."""

    accepted: bool
    output: str


def sources() -> tuple[Path, ...]:
    """The library's files in the order of their imports, from the package or its checkout.

    >>> [path.name for path in sources()][:3]
    ['Arith.v', 'Index.v', 'Conv.v']
    """
    package = Path(__file__).parents[1]
    for folder in (package / "_proofs", package.parent / "proofs"):
        if found := sorted(folder.glob("*.v")):
            return _in_order(found)
    raise KernelMissing(f"the proof library's sources are not in {package}; install symconv anew")


def _in_order(files: list[Path]) -> tuple[Path, ...]:
    """Each file after those that it imports."""
    needs = {path.stem: _imports(path) for path in files}
    order: list[Path] = []
    while len(order) < len(files):
        done = {path.stem for path in order}
        ready = [p for p in files if p.stem not in done and needs[p.stem] <= done]
        if not ready:
            raise KernelRejects("the proof library's files import one another in a circle")
        order.append(min(ready, key=lambda path: (len(needs[path.stem]), path.stem)))
    return tuple(order)


def _imports(path: Path) -> set[str]:
    found = _IMPORT.findall(path.read_text(encoding="utf-8"))
    return {name for names in found for name in names.split()}


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


def library() -> Path:
    """The folder of the compiled library, built at the first call.

    Raises:
        KernelMissing: Coq or MathComp is not installed.
        KernelRejects: a file of the library does not compile.
    """
    program, files = coqc(), sources()
    target = _cache() / _digest(program, files)
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.with_suffix(".lock")):
            if not target.is_dir():
                _make(files, target)
    return target


def _make(files: tuple[Path, ...], target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as scratch:
        _build(files, Path(scratch) / "lib")
        _move(Path(scratch) / "lib", target)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "symconv" / "coq"


def _digest(program: str, files: tuple[Path, ...]) -> str:
    text = hashlib.sha256(f"{version(program)} {os.environ.get('COQPATH', '')}".encode())
    for path in files:
        text.update(f"\n{path.name}\n".encode() + path.read_bytes())
    return text.hexdigest()[:20]


def _build(files: tuple[Path, ...], folder: Path) -> None:
    """Compile the files, two at a time, each after those that it imports."""
    folder.mkdir()
    done: dict[str, Future[None]] = {}

    def build_one(path: Path) -> None:
        for name in _imports(path):
            done[name].result()
        _build_file(path, folder)

    with ThreadPoolExecutor(2) as pool:
        for path in files:
            done[path.stem] = pool.submit(build_one, path)
        for path in files:
            done[path.stem].result()


def _build_file(path: Path, folder: Path) -> None:
    copy = folder / path.name
    shutil.copyfile(path, copy)
    run = compile_file(copy, folder)
    if not run.accepted:
        raise KernelRejects(f"the proof library's {path.name} does not compile: {run.output}")
    copy.with_suffix(".out").write_text(run.output, encoding="utf-8")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for another process that builds the same; where files have no locks, do not."""
    try:
        from fcntl import LOCK_EX, flock
    except ImportError:
        yield
        return
    with path.open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def _move(built: Path, target: Path) -> None:
    """Rename, unless another process was first; the two builds are the same."""
    try:
        built.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def compile_file(path: Path, folder: Path) -> Run:
    """Run coqc on one file against the library in a folder.

    Raises:
        KernelMissing: Coq or MathComp is not installed.
        TooLarge: the kernel took too long, and nothing is known.
    """
    command = [coqc(), "-w", "none", "-R", str(folder), "Symconv", str(path)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise TooLarge(f"coqc took more than {SECONDS:g} s on {path.name}") from None
    output = (run.stdout + run.stderr).strip()
    if "with prefix mathcomp" in output or "prefix\nmathcomp" in output:
        raise KernelMissing(f"coqc is installed, but MathComp is not; {INSTALL}")
    return Run(run.returncode == 0, output)


def audit(names: str, output: str) -> dict[str, str]:
    r"""What each theorem rests on: the text that Coq printed for it.

    Args:
        names: the source with one ``Print Assumptions`` a theorem.
        output: what coqc printed of it.

    >>> audit("Print Assumptions t.", "Axioms:\nhope : False")
    {'t': 'Axioms: hope : False'}
    """
    theorems = re.findall(r"^Print Assumptions (\w+)\.", names, re.MULTILINE)
    blocks = re.findall(rf"{CLOSED}|Axioms:(?:(?!{CLOSED}|Axioms:).)*", output, re.DOTALL)
    if len(blocks) != len(theorems):
        raise KernelRejects(f"{len(theorems)} theorems to audit, and Coq spoke of {len(blocks)}")
    return {name: " ".join(block.split()) for name, block in zip(theorems, blocks, strict=True)}


def library_audit() -> dict[str, str]:
    """What each theorem of the library's ``Audit.v`` rests on; the library is built if need be."""
    folder = library()
    names, output = folder / "Audit.v", folder / "Audit.out"
    return audit(names.read_text(encoding="utf-8"), output.read_text(encoding="utf-8"))
