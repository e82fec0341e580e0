"""Engines asked one after the other, until one decides."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from symconv.claim.verdict import Undecided
from symconv.prove.engine import Engine, Finding, Question
from symconv.prove.sets.engine import DIFFER


def first_finding(question: Question, engines: Iterable[Engine]) -> Finding:
    """What the first engine finds that decides the claim; else why none does."""
    reasons: dict[str, str] = {}
    start = perf_counter()
    for one in engines:
        finding = one.decide(question)
        if not isinstance(finding.verdict, Undecided):
            return finding
        reasons[one.name] = finding.verdict.reason
    why, seconds = _reason(reasons), perf_counter() - start
    return Finding(
        Undecided(question.claim, why, seconds, "all" if question.for_all_sizes else "these")
    )


def _reason(reasons: dict[str, str]) -> str:
    """The tables' reason where they were asked: every other engine came because of it."""
    if not reasons:
        return "no engine takes such claims"
    main = reasons.get("tables") or next(iter(reasons.values()))
    return f"{DIFFER}: {main}" if reasons.get("sets") == DIFFER != main else main
