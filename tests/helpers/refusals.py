"""Refusals that a test of random inputs lets pass."""

from __future__ import annotations

import re


def expect(fault: Exception, words: str) -> None:
    """Let no other refusal pass than one with these words, a regular expression."""
    if not re.search(words, str(fault)):
        raise fault
