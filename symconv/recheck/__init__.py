"""Recheck: a certificate is settled again, from its own text, by code that is not the prover's.

It shares no code with the prover: its own reading of the text, its own meaning of every step, plain
dictionaries of exact integers.  It is slower, and it answers for what the certificate states: the
layer, the claim, the output shape.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from symconv.errors import SymconvError
from symconv.files import read_json, read_text
from symconv.recheck.settle import same_function
from symconv.recheck.squares import same_by_squares
from symconv.recheck.statement import claim_of_layer

FORMAT = "symconv-certificate/1"
_FIELDS = {
    "format",
    "verdict",
    "sizes",
    "claim",
    "layer",
    "output_shape",
    "method",
    "facts",
    "limits",
    "digest",
}


class CertificateError(SymconvError):
    """A certificate whose parts do not belong together; the message names the part."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What rechecking a certificate found: ``proved``, or ``refuted`` with a reason."""

    name: str
    verdict: Literal["proved", "refuted"]
    reason: str


def recheck(certificate: Any) -> Recheck:
    """Settle a certificate again from its own text: an object, a JSON text's value, or a file.

    Raises:
        CertificateError: the text is not a certificate, was changed after it was written, or states
        a layer, a shape or a scope that its claim does not have.
        TooLarge: the claim is beyond what plain dictionaries hold.
    """
    body = _read(certificate)
    name = str(body["claim"].get("name"))
    try:
        return _settle(name, body)
    except SymconvError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        raise CertificateError(
            f"certificate of {name!r}: its claim or its layer cannot be read "
            f"({type(fault).__name__}: {fault})"
        ) from None


def _settle(name: str, body: dict[str, Any]) -> Recheck:
    claim, layer = body["claim"], body["layer"]
    equal, shape = _same(claim, body["facts"])
    if layer is not None:
        restated = claim_of_layer(layer, claim)
        if restated["input"] != claim["input"] or restated["weights"] != claim["weights"]:
            raise CertificateError(
                f"certificate of {name!r}: its layer and its claim speak of different "
                "inputs or weights"
            )
        equal = equal and same_function(restated)[0]
    if not equal:
        return Recheck(name, "refuted", "the two sides of the certificate's claim differ")
    if shape != body["output_shape"]:
        raise CertificateError(
            f"certificate of {name!r}: output_shape is {shape}, "
            f"the certificate says {body['output_shape']}"
        )
    return Recheck(name, "proved", "both sides hold the same coefficients, counted again")


def _same(claim: dict[str, Any], facts: list[dict[str, Any]]) -> tuple[bool, list[int]]:
    """Settle the claim at once, or square by square where the certificate gives squares."""
    for fact in facts:
        if fact["method"] == "squares":
            return same_by_squares(claim, fact["figures"])
    return same_function(claim)


def read_certificates(path: str | Path) -> list[Any]:
    """The certificates of a file: one, or ``{"certificates": [...]}``.

    Raises:
        CertificateError: the file cannot be read.
    """
    text = _load(Path(path))
    if isinstance(text, Mapping) and isinstance(text.get("certificates"), list):
        return list(text["certificates"])
    return [text]


def _load(path: Path) -> Any:
    try:
        return read_json(read_text(str(path)), str(path))
    except SymconvError as fault:
        raise CertificateError(str(fault)) from None


def _read(certificate: Any) -> dict[str, Any]:
    if isinstance(certificate, str | Path):
        certificate = _load(Path(certificate))
    elif hasattr(certificate, "to_dict"):
        certificate = json.loads(json.dumps(certificate.to_dict()))
    if not isinstance(certificate, Mapping) or set(certificate) != _FIELDS:
        raise CertificateError(f"a certificate has exactly the parts {', '.join(sorted(_FIELDS))}")
    body = {key: value for key, value in certificate.items() if key != "digest"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != certificate["digest"]:
        raise CertificateError("the certificate was changed: its digest is not that of its text")
    if not isinstance(body["claim"], Mapping):
        raise CertificateError("the certificate's claim must be an object")
    stated = (body["format"], body["verdict"], body["sizes"])
    if stated != (FORMAT, "proved", "these"):
        raise CertificateError(
            f"only {FORMAT} proofs of given sizes can be rechecked, got {stated}"
        )
    return body
