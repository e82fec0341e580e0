"""The catalogue's claims at a size each, on torch's exact integers."""

from __future__ import annotations

import json

import pytest

from symconv.theorems import Part, read_catalogue
from tests.helpers.requirements import require

require("torch")

from tests.helpers.torch_claims import agree  # noqa: E402  (after the skip)

PARTS = [(theorem.name, part) for theorem in read_catalogue() for part in theorem.parts]


@pytest.mark.parametrize(("theorem", "part"), PARTS, ids=[f"{t}: {p.name}" for t, p in PARTS])
def test_torch_agrees(theorem: str, part: Part) -> None:
    """A true claim where it is shown, a false one at the least size at which it fails."""
    claim = part.claim.at(dict(part.at or part.least))
    text = json.loads(json.dumps(claim.to_dict()))
    tries = 3 if part.stated == "proved" else 200  # a maximum hides what is not the largest
    assert agree(text, tries=tries) == (part.stated == "proved")
