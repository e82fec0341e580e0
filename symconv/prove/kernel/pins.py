"""The pins, written again: what the audit names, and the texts that are pinned for it.

`make pins` calls `write_pins`, after a theorem or a definition was changed on purpose.  The audit
names every ``Theorem`` of the library, every lemma that the catalogue cites, and the lemmas that
it named before; then each definition that these speak of, and that the definitions speak of.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from symconv.machine.files import write_file
from symconv.prove.kernel import audit
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel.audit import Query

ALL, PROJECT = "All.v", "_CoqProject"

_GLOB = re.compile(r"^(\w+) (\d+):\d+ (\S+) (\S+)$", re.MULTILINE)
_THEOREM = re.compile(rb"\bTheorem\s+$")
_PARTS = {"constr", "proj"}
_TYPES = {"ind", "rec"}
_PINNED = {"def", "inst", "prf", "ax", *_TYPES}

_ALL_HEAD = """\
(* All.v: loads every file, and imports none: each name is written with its file's.

   From Symconv Require All.   then, say, Check Layer.layer_destride *)

"""

_AUDIT_HEAD = """\
(* Audit.v: what the theorems state, what they speak of, and what they rest on, as Coq prints it.

   Check t           the statement; statements.txt holds the text that it must be
   Print d           a definition that a statement speaks of, pinned in the same way
   theorems          all theorems in one term, so that their proofs are looked through once
   Print Assumptions "Closed under the global context", or the axioms that the theorems rest on
   `make pins` writes this file.  A lemma stays in it once it is here: to pin one more, add its
   Check and run that. *)

"""

PINS_HEAD = """\
# What the library states: each theorem, and each definition that a theorem speaks of, as Coq 8.16
# with MathComp 1.15 prints it.  The number is a digest of the text with nothing left out (Set
# Printing All).  `make pins` writes this file; a test and `symconv theorems --kernel` compare.
"""

_OPTIONS = """\
-R . Symconv
-arg -w -arg -notation-overridden,-ambiguous-paths,-deprecated
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A name of the library: its kind in Coq's index, and the name it is pinned under."""

    kind: str
    pinned_as: str
    is_theorem: bool


def write_pins() -> list[str]:
    """Write the audit, the pins and the lists of files again, and say what changed of the pins."""
    folder = coqlib.sources()[0].parent
    write_file(folder / ALL, all_text())
    write_file(folder / PROJECT, project_text())
    write_file(folder / coqlib.AUDIT, audit_text(derived()))
    changed = coqlib.library_faults()
    pins = audit.pins_text(coqlib.library_told(), PINS_HEAD)
    write_file(folder / coqlib.PINS, pins)
    return changed


def all_text() -> str:
    """Write the file that loads all others."""
    stems = [p.stem for p in coqlib.sources() if p.name not in {ALL, coqlib.AUDIT}]
    return _ALL_HEAD + "".join(f"From Symconv Require {stem}.\n" for stem in stems)


def project_text() -> str:
    """Write the options and the files, in order, for ``coq_makefile``."""
    return _OPTIONS + "".join(f"{path.name}\n" for path in coqlib.sources())


def audit_text(asked: list[Query]) -> str:
    """Write the audit as a file that Coq's own make compiles."""
    theorems = [name for verb, name in asked if verb == "Check"]
    parts = (_AUDIT_HEAD, audit.HEAD, "\n", audit.commands(asked), "\n")
    return "".join(parts) + audit.assumptions(theorems)


def derived() -> list[Query]:
    """List what the audit must name: theorems in the library's order, then what they speak of."""
    known = dict(_known())
    before = {name for verb, name in audit.queries(coqlib.text_of(coqlib.AUDIT)) if verb == "Check"}
    wanted = before | cited()
    theorems = [
        name
        for name, found in known.items()
        if found.is_theorem or (found.kind == "prf" and name in wanted)
    ]
    return [("Check", name) for name in theorems] + _definitions(theorems, known)


def cited() -> set[str]:
    """Collect the lemmas that the catalogue cites."""
    folder = coqlib.sources()[0].parent / "theorems"
    pages = (tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml"))
    return {lemma for page in pages for entry in page["theorem"] for lemma in entry["lemmas"]}


def _definitions(theorems: list[str], known: dict[str, Known]) -> list[Query]:
    """What the theorems speak of, and what that speaks of, until nothing is new."""
    found, new = set(theorems), set(theorems)
    while new:
        spoken = audit.names(_printed([_query(name, known) for name in sorted(new)]))
        new = {known[name].pinned_as for name in spoken if name in known} - found
        found |= new
    return [_query(name, known) for name in known if name in found - set(theorems)]


def _printed(asked: list[Query]) -> str:
    """The answers, with nothing left out."""
    script = f"{audit.HEAD}Set Printing All.\n{audit.commands(asked)}"
    return "\n".join(text for _, text in audit.answers(script, coqlib.ask(script)))


def _query(name: str, known: dict[str, Known]) -> Query:
    """A lemma is asked for its statement only: what it is used for is that it holds."""
    return ("Check" if known[name].kind == "prf" else "Print"), name


def _known() -> Iterator[tuple[str, Known]]:
    """Every name that the library defines, in order, out of the index that coqc writes."""
    folder = coqlib.library()
    for path in coqlib.sources():
        index = folder / f"{path.stem}.glob"
        if index.is_file():
            yield from _names(path.stem, index.read_text(encoding="utf-8"), path.read_bytes())


def _names(stem: str, index: str, source: bytes) -> Iterator[tuple[str, Known]]:
    owner = ""
    for kind, start, inside, bare in _GLOB.findall(index):
        name = f"{stem}.{bare}" if inside == "<>" else f"{stem}.{inside}.{bare}"
        owner = name if kind in _TYPES else owner
        if kind in _PINNED | _PARTS:
            is_theorem = _THEOREM.search(source[: int(start)]) is not None
            yield name, Known(kind, owner if kind in _PARTS else name, is_theorem)
