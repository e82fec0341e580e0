"""The catalogue of theorems on the command line: settled, listed, and typeset."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from symconv.cli import output
from symconv.cli.options import command_line
from symconv.cli.results import Result, reported, settled
from symconv.cli.running import finish

if TYPE_CHECKING:
    from symconv.theorems import Part, Settled
    from symconv.verdict import Verdict


def of_theorem(found: Settled) -> Result:
    """A theorem's result: proved where every claim has its stated verdict.

    One without claims has no verdict: it was shown at a small size, and its lemma is cited.
    """
    theorem = found.theorem
    claims = [
        {"name": part.name, "stated": part.stated, "verdict": verdict.verdict,
         "words": _words(part, verdict)}
        for part, verdict in zip(theorem.parts, found.verdicts, strict=True)
    ]  # fmt: skip
    result: Result = {
        "name": theorem.name,
        "method": list(theorem.established),
        "title": theorem.title,
        "statement": theorem.statement,
        "source": theorem.source,
        "lemmas": list(theorem.lemmas),
        "claims": claims,
        "shown": list(found.shown),
        "note": theorem.title,
    }
    if theorem.parts:
        return {**result, "verdict": "proved" if found.as_stated else "refuted", "sizes": "all"}
    return {**result, "note": f"{theorem.title}: shown at a small size; the lemma is only cited"}


def _words(part: Part, verdict: Verdict) -> str:
    from symconv.verdict import Certificate, Refuted

    if isinstance(verdict, Certificate):
        return f"at sizes: {verdict.facts[0].figures['domain']}"
    if isinstance(verdict, Refuted):
        return f"{verdict.counterexample.sentence()}; {verdict.condition()}"
    return verdict.reason


def chapter(results: list[Result], folder: str, command: str, pdf: bool) -> Any:
    """Write the chapter of these results."""
    from symconv.report import Told, write_chapter

    told = [
        Told(
            r["title"], r["statement"], r["source"], tuple(r["lemmas"]),
            tuple((c["name"], c["verdict"], c["words"]) for c in r["claims"]), tuple(r["shown"]),
        )
        for r in results if r.get("verdict") != "error"
    ]  # fmt: skip
    return write_chapter(told, folder, command=command, pdf=pdf)


def settle_theorems(quiet: bool) -> list[Result]:
    """One result a theorem of the catalogue."""
    from symconv.theorems import read_catalogue, settle_theorem

    entries = read_catalogue()
    results = (settled(t.name, t, lambda t: of_theorem(settle_theorem(t))) for t in entries)
    return output.with_progress(results, len(entries), quiet)


def report_theorems(folder: str, pdf: bool, as_json: bool) -> None:
    """Settle the catalogue, write its chapter, and exit with its status."""
    start = perf_counter()
    results = settle_theorems(as_json)
    command = command_line(["report", "theorems", "-o", folder, *["--pdf"] * pdf], {})
    files = chapter(results, folder, command, pdf)
    written = reported({"name": "theorems"}, files)
    finish([*results, written], perf_counter() - start, as_json)
