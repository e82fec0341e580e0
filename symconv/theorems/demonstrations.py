"""Theorems that are not claims of two pipelines, shown at a small size, with false neighbours."""

from __future__ import annotations

from symconv.theorems.observed import Demonstration
from symconv.theorems.of_networks import CHAIN, LATTICE
from symconv.theorems.of_operators import ADJOINT
from symconv.theorems.of_sharing import COST, EQUIVARIANCE, FOLDING, GRADIENT, SLOTS

DEMONSTRATIONS: dict[str, Demonstration] = {
    "chain": CHAIN,
    "slots": SLOTS,
    "gradient": GRADIENT,
    "equivariance": EQUIVARIANCE,
    "folding": FOLDING,
    "cost": COST,
    "adjoint": ADJOINT,
    "quincunx": LATTICE,
}
"""By the names that the catalogue calls them."""
