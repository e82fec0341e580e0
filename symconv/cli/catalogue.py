"""The catalogue of theorems on the command line: settled, listed, and typeset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symconv.cli.results import Result
from symconv.verdict import Certificate, Refuted, Verdict

if TYPE_CHECKING:
    from symconv.theorems import Part, Settled


def of_theorem(settled: Settled) -> Result:
    """A theorem's result: proved where every claim has its stated verdict."""
    theorem = settled.theorem
    claims = [
        {"name": part.name, "stated": part.stated, "verdict": verdict.verdict,
         "words": _words(part, verdict)}
        for part, verdict in zip(theorem.parts, settled.verdicts, strict=True)
    ]  # fmt: skip
    result: Result = {
        "name": theorem.name,
        "verdict": "proved" if settled.as_stated else "refuted",
        "sizes": "all",
        "method": list(theorem.established),
        "title": theorem.title,
        "statement": theorem.statement,
        "source": theorem.source,
        "lemmas": list(theorem.lemmas),
        "claims": claims,
        "shown": list(settled.shown),
        "note": theorem.title,
    }
    return result


def _words(part: Part, verdict: Verdict) -> str:
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
        for r in results if r["verdict"] != "error"
    ]  # fmt: skip
    return write_chapter(told, folder, command=command, pdf=pdf)
