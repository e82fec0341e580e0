"""Refutations in words and as scripts: what each side reads, and how to see it in NumPy."""

from symconv.explain.snippet import replay_script, script
from symconv.explain.words import sentence

__all__ = ["replay_script", "script", "sentence"]
