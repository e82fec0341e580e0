"""Recheck: a certificate is settled again, from its own text, by code that is not the prover's.

It shares no code with the provers: its own reading of the text, its own meaning of every step,
plain dictionaries of exact integers for given sizes, and for all sizes z3, with the dictionaries at
each of a grid of small sizes.  It answers for everything that the certificate states: the claim,
the layer, the shape, the facts and their figures, the limits.  What only the certificate's maker
can know (seconds, versions, a name) is listed in the result's reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from symconv.errors import ClaimError, InternalError, SymconvError, TooLarge
from symconv.recheck.certificate import as_text, read_body, read_certificates
from symconv.recheck.claims import at, names, read_claim
from symconv.recheck.decide import same_function
from symconv.recheck.evaluation import check_evaluation
from symconv.recheck.everywhere import (
    Answer,
    SolverMissing,
    has_solver,
    holds_by_solver,
    is_plain,
    recheck_everywhere,
)
from symconv.recheck.facts import CertificateError, check_facts
from symconv.recheck.limits import check_limits
from symconv.recheck.models import is_model, settle_model
from symconv.recheck.squares import same_by_squares, shape_of
from symconv.recheck.statement import claim_of_layer, spelt_out

__all__ = ["CertificateError", "Recheck", "SolverMissing", "read_certificates", "recheck"]

SECONDS = 20.0
"""How long one certificate for all sizes may take; z3 settles most within a second."""

_BAD_VALUE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_UNREADABLE = (*_BAD_VALUE, RecursionError, MemoryError)
"""What plain code raises on a text that no certificate has; a stranger's text is not trusted."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What rechecking a certificate found: ``proved``, ``refuted`` or ``undecided``, and why."""

    name: str
    verdict: Literal["proved", "refuted", "undecided"]
    reason: str
    sizes: Literal["these", "all"] = "these"


def recheck(
    certificate: Any, *, seconds: float = SECONDS, model: str | Path | None = None
) -> Recheck:
    """Settle a certificate again from its own text: an object, a JSON text's value, or a file.

    A certificate for all sizes is settled by z3 (``pip install 'symconv[z3]'``) within ``seconds``;
    what is not settled by then, or is beyond what plain dictionaries hold, stays undecided.
    The certificate of a model is held against the file ``model`` as well, where that is given: its
    digest, and of ONNX its nodes, shapes, windows and links.

    Raises:
        CertificateError: the text is not a certificate, was changed after it was written, or states
        a layer, a shape, a scope or a figure that its claim does not have.
        ClaimError: its claim is ill-formed, or no size satisfies it.
        SolverMissing: it is for all sizes, and z3 is not installed.
    """
    if not 0 < seconds <= 86_400:
        raise CertificateError(f"seconds must be more than 0 and at most a day, got {seconds!r}")
    if is_model(text := as_text(certificate)):
        return _recheck_model(text, seconds, model)
    if model is not None:
        raise CertificateError("a model file stands behind the certificate of a model only")
    body = read_body(text)
    name = str(body["claim"].get("name"))[:200]
    try:
        found = _recheck_body(name, body, seconds)
    except TooLarge as fault:
        return Recheck(name, "undecided", str(fault), body["sizes"])
    except (SymconvError, InternalError):
        raise
    except _UNREADABLE as fault:
        raise CertificateError(
            f"certificate of {name!r}: its claim, its layer or its facts cannot be read "
            f"({type(fault).__name__}: {str(fault)[:200]})"
        ) from fault
    return found


def _recheck_model(certificate: Any, seconds: float, model: str | Path | None) -> Recheck:
    """Settle the certificate of a model: its squares, how they are pasted, and its file."""

    def settle(square: Any) -> Answer:
        found = recheck(square, seconds=seconds)
        return found.verdict, found.reason

    try:
        name, sizes = str(certificate["model"]["name"])[:200], certificate["sizes"]
        verdict, reason = settle_model(certificate, settle, model)
    except (SymconvError, InternalError):
        raise
    except _UNREADABLE as fault:
        raise CertificateError(
            f"a model's certificate cannot be read ({type(fault).__name__}: {str(fault)[:200]})"
        ) from fault
    return Recheck(name, verdict, reason, sizes)


def _recheck_body(name: str, body: dict[str, Any], seconds: float) -> Recheck:
    try:
        claim = read_claim(body["claim"])
        unchecked = list(dict.fromkeys(_unchecked(body, claim)))
    except (CertificateError, ClaimError) as fault:
        fault.within(f"certificate of {name!r}")
        raise
    if body["sizes"] == "all":
        verdict, reason = recheck_everywhere(body, claim, _restated(body), seconds)
    else:
        verdict, reason = _recheck_here(body, claim, seconds)
    if verdict == "proved":
        reason += f"; not checked: {', '.join(unchecked)}"
    return Recheck(name, verdict, reason, body["sizes"])


def _unchecked(body: dict[str, Any], claim: dict[str, Any]) -> Iterator[str]:
    """Check all that a certificate says beside its claim; what cannot be is yielded in words."""
    yield "the claim's name"
    yield from check_facts(body, claim)
    yield from check_limits(body)
    yield from check_evaluation(body.get("evaluation"), claim)
    if body["layer"] is not None and "name" in body["layer"]:
        yield "the layer's name"


def _recheck_here(body: dict[str, Any], claim: dict[str, Any], seconds: float) -> Answer:
    if named := names(claim):
        raise CertificateError(f"the certificate is for given sizes, and names {', '.join(named)}")
    first = body["facts"][0]
    if squares := first["method"] == "squares":
        same, shape = same_by_squares(claim, first["figures"])
    else:
        same, shape = _same_function(claim, seconds)
    restated = _restated(body)
    if restated is not None and same:
        same = _same_function(restated, seconds)[0]
    if not same:
        return "refuted", "the two sides of the certificate's claim differ"
    if repr(shape) != repr(body["output_shape"]):
        raise CertificateError(
            f"output_shape is {shape}, the certificate says {body['output_shape']!r:.160}"
        )
    how = "every square commutes" if squares else "both sides hold the same coefficients"
    return "proved", f"{how}, counted again"


def _same_function(claim: dict[str, Any], seconds: float) -> tuple[bool, list[int]]:
    """By the dictionaries; where they would outgrow their bound after all, by z3 if it is there."""
    here = at(claim, {})
    if not is_plain(here):
        raise CertificateError("a claim with functions or both monoids needs squares")
    shape = shape_of(here, "left")
    try:
        return same_function(here)
    except TooLarge:
        if not has_solver() or not holds_by_solver(here, seconds):
            raise
    return True, shape


def _restated(body: dict[str, Any]) -> dict[str, Any] | None:
    """The claim with its left side as the certificate's layer has it.

    None without a layer, and where the left side is the layer's, word for word.

    Raises:
        CertificateError: the layer and the claim speak of different inputs or weights.
    """
    if body["layer"] is None:
        return None
    restated = read_claim(claim_of_layer(body["layer"], body["claim"]))
    claim = read_claim(body["claim"])
    if restated["input"] != claim["input"] or restated["weights"] != claim["weights"]:
        raise CertificateError("its layer and its claim speak of different inputs or weights")
    rank = len(claim["input"]["size"])
    sides = [[spelt_out(step, rank) for step in text["left"]] for text in (claim, restated)]
    return None if repr(sides[0]) == repr(sides[1]) else restated
