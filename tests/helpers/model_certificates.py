"""Certificates of model files, as text, and such that are signed again after a change."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from symconv.models.prove import prove_model
from symconv.recheck.certificate import digest_of

Text = dict[str, Any]


def certificate(path: Path, sizes: Any = None) -> Text:
    """The certificate of a file that is proved."""
    verdict = prove_model(path, sizes).verdict
    assert verdict.verdict == "proved", verdict
    text: Text = json.loads(json.dumps(verdict.to_dict()))
    return text


def signed(text: Text) -> Text:
    """A certificate with the digest of its text."""
    body = {key: value for key, value in text.items() if key != "digest"}
    return {**body, "digest": digest_of(body)}


def of_file(text: Text, path: Path) -> Text:
    """The certificate as if it were of another file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return signed({**text, "model": {**text["model"], "sha256": digest}})
