"""The catalogue: each theorem once, with statement, claims, lemma and demonstration."""

from symconv.theorems.catalogue import Part, Theorem, read_catalogue
from symconv.theorems.decide import Settled, settle_theorem

__all__ = ["Part", "Settled", "Theorem", "read_catalogue", "settle_theorem"]
