"""Refutations in words and as scripts: what each side reads, and how to see it in NumPy."""

from symconv.explain.snippet import script
from symconv.explain.words import sentence

__all__ = ["script", "sentence"]
