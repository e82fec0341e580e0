"""The catalogue of theorems on the command line: result_of, listed, and typeset."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from symconv.cli import output
from symconv.cli.options import command_line
from symconv.cli.results import Result, reported, result_of
from symconv.cli.running import finish

if TYPE_CHECKING:
    from symconv.claim.verdict import Verdict
    from symconv.theorems import CheckedTheorem, Part


def of_theorem(found: CheckedTheorem) -> Result:
    """A theorem's result: proved where every claim has its stated verdict.

    One without claims has no verdict unless the kernel checked the lemmas that state it: else it
    was shown at a small size, and its lemma is cited.
    """
    theorem = found.theorem
    result: Result = {
        "name": theorem.name,
        "section": theorem.section,
        "method": list(found.method),
        "title": theorem.title,
        "statement": theorem.statement,
        "source": theorem.source,
        "lemmas": list(theorem.lemmas),
        "kernel": {"relation": theorem.relation, "because": theorem.because},
        "claims": [_claim(*pair) for pair in zip(theorem.parts, found.verdicts, strict=True)],
        "shown": list(found.shown),
        "neighbours": _neighbours(found),
        "note": f"{theorem.section}: {theorem.title}",
    }
    if found.audit is not None:
        result["audit"] = dict(found.audit)
    if found.open_lemmas:
        rests = "; ".join(f"{lemma}: {text}" for lemma, text in found.open_lemmas)
        result["reason"] = f"a lemma is not what it should be: {rests}"
    if found.verdict is None:
        return {**result, "note": f"{result['note']}; shown at a small size, not proved here"}
    return {**result, "verdict": found.verdict, "sizes": "all"}


def _claim(part: Part, verdict: Verdict) -> dict[str, Any]:
    return {
        "name": part.name,
        "stated": part.stated,
        "verdict": verdict.verdict,
        "words": _words(part, verdict),
    }


def _neighbours(found: CheckedTheorem) -> list[dict[str, Any]]:
    """Statements next to the theorem that are false, and where each was seen to fail."""
    claims = [
        {
            "name": part.name,
            "verdict": verdict.verdict,
            "sizes": "all",
            "least": dict(part.least),
            "words": _words(part, verdict),
        }
        for part, verdict in zip(found.theorem.parts, found.verdicts, strict=True)
        if part.stated == "refuted"
    ]
    shown = [
        {"name": words, "verdict": "refuted", "sizes": "these", "words": "found not to hold"}
        for words in found.neighbours
    ]
    return [*claims, *shown]


def _words(part: Part, verdict: Verdict) -> str:
    from symconv.claim.verdict import Certificate, Refuted

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
            r["section"],
            r["title"],
            r["statement"],
            r["source"],
            tuple(r["lemmas"]),
            tuple(
                (c["name"], c["verdict"], c["words"])
                for c in r["claims"]
                if c["stated"] == "proved"
            ),
            tuple((n["name"], n["verdict"], n["words"]) for n in r["neighbours"]),
            tuple(r["shown"]),
            relation=r["kernel"]["relation"],
            because=r["kernel"]["because"],
            audit=_wrong(r.get("audit")),
        )
        for r in results
        if r.get("verdict") != "error"
    ]
    return write_chapter(told, folder, command=command, pdf=pdf)


def _wrong(audit: dict[str, str] | None) -> tuple[tuple[str, str], ...] | None:
    """What is wrong with each lemma, empty where it is closed."""
    from symconv.prove.kernel.compiler import CLOSED

    if audit is None:
        return None
    return tuple((lemma, "" if rests == CLOSED else rests) for lemma, rests in audit.items())


def decide_theorems(quiet: bool, kernel: bool = False) -> list[Result]:
    """One result a theorem of the catalogue; the kernel is asked for what its lemmas rest on.

    Raises:
        SymconvError: the kernel is wanted, and is missing or rejects the library.
    """
    from symconv.prove.kernel.library import library_audit
    from symconv.theorems import decide_theorem, read_catalogue

    entries, audit = read_catalogue(), library_audit() if kernel else None
    results = (
        result_of(t.name, t, lambda t: of_theorem(decide_theorem(t, audit))) for t in entries
    )
    return output.with_progress(results, len(entries), quiet)


def report_theorems(folder: str, pdf: bool, as_json: bool, kernel: bool) -> None:
    """Decide the catalogue, write its chapter, and exit with its status."""
    start = perf_counter()
    results = decide_theorems(as_json, kernel)
    words = ["report", "theorems", "-o", folder, *["--kernel"] * kernel, *["--pdf"] * pdf]
    files = chapter(results, folder, command_line(words, {}), pdf)
    written = reported({"name": "theorems"}, files)
    finish([*results, written], perf_counter() - start, as_json)
