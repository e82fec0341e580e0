"""What each theorem's lemmas are to its statement, as one table in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from symconv.machine.files import write_file
from symconv.theorems.catalogue import Theorem, catalogue_folder, read_catalogue

HEAD = """\
# What the lemmas say of each theorem

`equal`: the lemmas together are the statement, in its quantifiers and hypotheses. `instance`: they
are the statement at the entry's own numbers, checked by Coq. `weaker`: they are cited, and say
less. The word is about the statement; the claims beside it are proved by sets. The lemmas'
statements as Coq prints them are in [`statements.txt`](../statements.txt). `make pins` writes this
page.
"""


def write_table() -> None:
    """Write the table of the catalogue beside its files."""
    write_file(catalogue_folder() / "README.md", statement_table(read_catalogue()))


def statement_table(theorems: Iterable[Theorem]) -> str:
    """Write the table of all entries, a section at a time.

    >>> from symconv.theorems import read_catalogue
    >>> "| `stems` | instance |" in statement_table(read_catalogue())
    True
    """
    return "\n".join((HEAD, *_sections(theorems)))


def _sections(theorems: Iterable[Theorem]) -> Iterator[str]:
    head = "| theorem | lemmas are | because | lemmas |\n|---|---|---|---|\n"
    for section, found in groupby(theorems, key=lambda theorem: theorem.section):
        yield f"## {section}\n\n{head}{''.join(map(_row, found))}"


def _row(theorem: Theorem) -> str:
    lemmas = ", ".join(f"`{name}`" for name in theorem.lemmas)
    return f"| `{theorem.name}` | {theorem.relation} | {theorem.because} | {lemmas} |\n"
