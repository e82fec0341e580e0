"""The catalogue: each theorem once, with statement, claims, lemma and demonstration."""

from symconv.theorems.catalogue import Part, Theorem, read_catalogue
from symconv.theorems.decide import CheckedTheorem, decide_theorem

__all__ = ["CheckedTheorem", "Part", "Theorem", "decide_theorem", "read_catalogue"]
