"""The proof library: where its sources are, its build in a cache, and its audit.

The build lives outside the source tree, in ``$XDG_CACHE_HOME/symconv/coq/<digest>``; the digest is
that of the sources and of Coq's version.  It is made in a folder of its own and then renamed, so
that two processes that build at once do not meet; a lock spares the second one the work.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from symconv.machine.files import write_file
from symconv.prove.kernel import audit
from symconv.prove.kernel.compiler import (
    CLOSED,
    KernelMissing,
    KernelRejects,
    compile_file,
    compile_text,
    coqc,
    mathcomp,
    refuse_other_mathcomp,
    version,
)

AUDIT, PINS = "Audit.v", "statements.txt"

_IMPORT = re.compile(r"^From Symconv Require (?:Import |Export )?([\w\s]+)\.", re.MULTILINE)


def sources() -> tuple[Path, ...]:
    """The library's files in the order of their imports, from the package or its checkout.

    >>> [path.name for path in sources()][:3]
    ['Arith.v', 'Index.v', 'Conv.v']
    """
    package = Path(__file__).parents[2]
    for folder in (package / "_proofs", package.parent / "proofs"):
        if found := sorted(folder.glob("*.v")):
            return _in_order(found)
    raise KernelMissing(f"the proof library's sources are not in {package}; install symconv again")


def _in_order(files: list[Path]) -> tuple[Path, ...]:
    """Each file after those that it imports; of a file that is not there, coqc tells."""
    stems = {path.stem for path in files}
    needs = {path.stem: _imports(path) & stems for path in files}
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


def library() -> Path:
    """The folder of the compiled library, built at the first call.

    The audit is not part of it: whoever asks the kernel about a layer need not wait for it.

    Raises:
        KernelMissing: Coq or a fitting MathComp is not installed.
        KernelRejects: a file of the library does not compile.
    """
    program, files = coqc(), tuple(path for path in sources() if path.name != AUDIT)
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
    text.update(mathcomp(program).encode())
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
        refuse_other_mathcomp(folder)
        raise KernelRejects(f"the proof library's {path.name} does not compile: {run.output}")


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


def ask(script: str) -> str:
    """Run a script about the library, and keep what coqc prints of it beside the build.

    Raises:
        KernelMissing: Coq or a fitting MathComp is not installed.
        KernelRejects: a command fails, as for a name that the library does not have.
    """
    folder = library()
    kept = folder / f"asked-{hashlib.sha256(script.encode()).hexdigest()[:20]}.out"
    if not kept.is_file():
        run = compile_text(script, folder, "-time")
        if not run.accepted:
            said = " ".join(run.output.split())[-300:]
            raise KernelRejects(f"the audit does not fit the proof library: {said}")
        write_file(kept, run.output)
    return kept.read_text(encoding="utf-8")


def library_told() -> dict[str, audit.Told]:
    """Collect what Coq tells of each theorem and definition that the audit names."""
    asked = audit.queries(text_of(AUDIT))
    return audit.told(asked, ask(audit.script(asked)), [path.stem for path in sources()])


def library_audit() -> dict[str, str]:
    """Tell what each theorem of the audit rests on, such as ``Layer.layer_destride``.

    `CLOSED` says that nothing is assumed, and that the statement and all definitions that it
    speaks of are the pinned ones; else the text says what is wrong.
    """
    told = library_told()
    theorems = [name for name, found in told.items() if found.is_theorem]
    return audit.verdicts(told, audit.read_pins(text_of(PINS)), _rests(theorems))


def library_faults() -> list[str]:
    """List the statements and definitions that are not the pinned ones."""
    return audit.faults(library_told(), audit.read_pins(text_of(PINS)))


def _rests(theorems: list[str]) -> dict[str, str]:
    together = audit.HEAD + audit.assumptions(theorems)
    if CLOSED in ask(together):
        return dict.fromkeys(theorems, CLOSED)
    each = audit.assumptions_of_each(theorems)
    return audit.rests(theorems, audit.answers(each, ask(each)))


def text_of(name: str) -> str:
    """Read a file beside the sources; empty where there is none."""
    path = sources()[0].parent / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""
