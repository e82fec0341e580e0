"""Reading a certificate: its parts, its digest, and the files that hold some."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symconv.errors import SymconvError
from symconv.machine.files import read_json, read_text
from symconv.recheck.facts import CertificateError

FORMAT = "symconv-certificate/1"
_STATED = {"format", "verdict", "sizes", "claim", "layer", "output_shape"}
_FIELDS = _STATED | {"method", "facts", "limits", "digest"}
_OPTIONAL = {"evaluation"}


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
        raise CertificateError(str(fault)) from fault


def as_text(certificate: Any) -> Any:
    """The plain data of a certificate: of a file, of an object, or itself."""
    if isinstance(certificate, str | Path):
        return _load(Path(certificate))
    if hasattr(certificate, "to_dict"):
        return json.loads(json.dumps(certificate.to_dict()))
    return certificate


def read_body(certificate: Any) -> dict[str, Any]:
    """The parts of a certificate, once its digest is found to be theirs.

    Raises:
        CertificateError: a part is missing or unknown, or something was changed.
    """
    certificate = as_text(certificate)
    if not isinstance(certificate, Mapping) or not set(certificate) >= _FIELDS:
        raise CertificateError(f"a certificate has exactly the parts {', '.join(sorted(_FIELDS))}")
    if unknown := set(certificate) - _FIELDS - _OPTIONAL:
        raise CertificateError(f"a certificate has no part {', '.join(sorted(map(str, unknown)))}")
    body = {key: value for key, value in certificate.items() if key != "digest"}
    if digest_of(body) != certificate["digest"]:
        raise CertificateError("the certificate was changed: its digest is not that of its text")
    _check_scope(body)
    return body


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of a certificate's canonical text."""
    try:
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as fault:
        raise CertificateError(f"the certificate is not plain data: {fault}") from fault
    return hashlib.sha256(text.encode()).hexdigest()


def _check_scope(body: Mapping[str, Any]) -> None:
    if not isinstance(body["claim"], Mapping):
        raise CertificateError("the certificate's claim must be an object")
    stated = (body["format"], body["verdict"], body["sizes"])
    if stated not in [(FORMAT, "proved", "these"), (FORMAT, "proved", "all")]:
        raise CertificateError(f"only proofs of the format {FORMAT} can be rechecked, got {stated}")
    if not (body["layer"] is None or isinstance(body["layer"], dict)):
        raise CertificateError("the certificate's layer must be an object or null")
    if not isinstance(body["output_shape"], list):
        raise CertificateError("the certificate's output_shape must be a list")
