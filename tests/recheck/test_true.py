"""True certificates are proved again: of layers, claims, lowerings and theorems."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from symconv import check, prove, recheck
from symconv.claim.verdict import Certificate
from symconv.dialect.files import ClaimText, read_layers
from symconv.errors import SymconvError
from symconv.theorems.catalogue import read_catalogue
from tests.helpers.forging import certificates
from tests.helpers.planted import random_expansion
from tests.helpers.requirements import require

require("z3")
PROOFS = Path(__file__).parents[2] / "proofs"
OPEN = {"chain, all"}
"""What z3 is not asked for yet: chains whose hidden signals have tails."""


def stated() -> list[Any]:
    """Every claim of the lowerings and of the catalogue's theorems, as plain data."""
    texts = [
        entry.text
        for path in sorted(PROOFS.glob("lowerings/*.json"))
        for entry in read_layers(str(path))
        if isinstance(entry, ClaimText)
    ]
    parts = [part.claim.to_dict() for theorem in read_catalogue() for part in theorem.parts]
    return [json.loads(json.dumps(text)) for text in (*texts, *parts)]


def proved(texts: list[Any], *, all_sizes: bool) -> list[Certificate]:
    """The certificates of those of some claims that hold."""
    found = []
    for text in texts:
        try:
            verdict = check(text, all_sizes=all_sizes)
        except SymconvError:
            continue
        if isinstance(verdict, Certificate):
            found.append(verdict)
    return found


def test_every_kind_of_certificate_is_proved_again() -> None:
    for name, text in certificates().items():
        found = recheck(text)
        assert found.verdict == ("undecided" if name in OPEN else "proved"), (name, found.reason)


@pytest.mark.slow
def test_lowerings_and_theorems_are_proved_again_for_all_sizes() -> None:
    every = proved(stated(), all_sizes=True)
    assert sum(verdict.sizes == "all" for verdict in every) > 60
    for verdict in every:
        assert recheck(verdict, seconds=120).verdict == "proved", verdict.claim.name


@pytest.mark.parametrize("seed", range(4))
def test_random_layers_are_proved_again(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(12):
        expansion = random_expansion(rng, most_axes=2)
        verdict = prove(expansion)
        assert isinstance(verdict, Certificate)
        found = recheck(verdict)
        assert found.verdict == "proved", (expansion.original, expansion.input_size, found.reason)
