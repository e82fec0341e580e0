"""What was proved and how, or the counterexample, or why neither; and the command again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Counterexample, Fact, Refuted, Undecided, Verdict
from symconv.errors import InputError
from symconv.explain import script
from symconv.layer import read_size
from symconv.prove.registry import trusted
from symconv.replay.run import assigned, run_claim
from symconv.report.document import (
    Block,
    Code,
    Listing,
    Paragraph,
    Section,
    Statement,
    Table,
    prose,
    table,
)

_MOST_REPLAYED = 20_000_000
_MOST_FIGURE = 300
"""Longer figures, such as the cuts of a chain, stand in the certificate only."""


def verdict_section(verdict: Verdict) -> Section:
    """The verdict with its evidence."""
    if isinstance(verdict, Certificate):
        return Section("What was proved, how, and what you must trust", _proved(verdict))
    if isinstance(verdict, Refuted):
        return Section("The claim is refuted", _refuted(verdict))
    return Section("The claim is undecided", _undecided(verdict))


def _sizes(verdict: Verdict) -> str:
    if verdict.sizes == "all":
        return "for all sizes"
    return f"for an input of shape {list(verdict.claim.input_shape)}"


def _proved(verdict: Certificate) -> tuple[Block, ...]:
    words = prose(
        "The strided layer and its expansion are the same function <sizes>: for every input and "
        "all values of the weights, exactly. Methods that agree: <methods>.",
        sizes=_sizes(verdict),
        methods=", ".join(verdict.method),
    )
    trust = prose(
        "With every method you also trust that the claim's steps mean what this report says; "
        "the claim's text has the SHA-256 digest <digest>.",
        digest=Code(verdict.claim.digest()[:16]),
    )
    limits = [Paragraph(prose("Not established: <limit>.", limit=text)) for text in verdict.limits]
    proved = Statement("Proved", words, (), "good")
    return (proved, facts_table(verdict.facts), *limits, Paragraph(trust))


def facts_table(facts: tuple[Fact, ...]) -> Table:
    """Methods, what each established, and what must be trusted."""
    rows = []
    for fact in facts:
        how, trust = trusted(fact.method)
        about = f"{fact.about}{_figures(fact.figures)}"
        rows.append((Code(fact.method), about, f"{how} Trust: {trust}"))
    return table(["method", "what it established", "how, and what you must trust"], rows, "lpp")


def _figures(figures: Mapping[str, Any]) -> str:
    if not figures:
        return ""
    written = {name: _plain(value) for name, value in figures.items()}
    short = [f"{name}: {text}" for name, text in written.items() if len(text) <= _MOST_FIGURE]
    return f" ({'; '.join(short)})" if short else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _undecided(verdict: Undecided) -> tuple[Block, ...]:
    words = prose(
        "Neither proved nor refuted <sizes>. What stood in the way: <reason>.",
        sizes=_sizes(verdict),
        reason=verdict.reason.rstrip("."),
    )
    return (Statement("Undecided", words, (), "open"),)


def _refuted(verdict: Refuted) -> tuple[Block, ...]:
    found = verdict.counterexample
    words = prose(
        "The two sides are not the same function <sizes>. The least difference: <sentence>.",
        sizes=_sizes(verdict),
        sentence=found.sentence(),
    )
    statement = Statement("Refuted", words, (), "bad")
    return statement, *_replay(verdict.at_size())


def _replay(refuted: Refuted) -> tuple[Block, ...]:
    replayed = replay(refuted.claim, refuted.counterexample)
    said = "Both sides run in NumPy; the claim is too large to have been run for this report."
    if replayed is not None:
        said = (
            "Run in NumPy for this report, with its values at the named entries and zeros "
            f"elsewhere, the left side gives {replayed[0]} and the right side {replayed[1]}."
        )
    return Paragraph(prose("<said> To run it again:", said=said)), Listing(script(refuted))


def replay(claim: Claim, found: Counterexample) -> tuple[str, str] | None:
    """What the two sides give at the counterexample in NumPy; None for a claim too large to run.

    Raises:
        InputError: they agree, so that it is not a counterexample.
    """
    if _work(claim) > _MOST_REPLAYED:
        return None
    x, tensors = assigned(claim, found)
    sides = [np.asarray(run_claim(claim, side, x, tensors)) for side in ("left", "right")]
    if found.left_shape is not None:
        values = [str(list(side.shape)) for side in sides]
    else:
        values = [str(side[found.output]) for side in sides]
    if values[0] == values[1]:
        raise InputError(
            f"the counterexample does not replay: both sides give {values[0]}; report this"
        )
    return values[0], values[1]


def _work(claim: Claim) -> int:
    """About how many multiply-adds a run of the claim takes, from above."""
    weights = [prod(w.shape or ()) for _, w in claim.weights if w.source is None]
    return prod(read_size(claim.size, "claim")) * claim.channels * max(weights, default=1)


def command_section(command: str) -> Section:
    """The command that makes this report again."""
    return Section(
        "Do it again",
        (
            Paragraph(prose("This command proves the layer again and writes this report.")),
            Listing(command),
        ),
    )
