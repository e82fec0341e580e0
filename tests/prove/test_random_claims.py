"""Random true lowerings and random mutants of them against torch: no false proof or refutation."""

from __future__ import annotations

import random
import sys

import pytest

from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import SymconvError
from symconv.prove.decide import decide
from tests.helpers.random_claims import mutant, replays, true_claim
from tests.helpers.torch_claims import agree


def compared(seed: int, count: int) -> dict[str, int]:
    """Settle so many claims and mutants, each against torch; count the verdicts."""
    rng, seen = random.Random(seed), {"proved": 0, "refuted": 0, "malformed": 0}
    while sum(seen.values()) < count:
        text = true_claim(rng)
        if text is None:
            continue
        assert isinstance(decide(read_claim(text)), Certificate), text
        for candidate in (text, mutant(text, rng), mutant(text, rng)):
            try:
                verdict = decide(read_claim(candidate))
            except SymconvError:
                seen["malformed"] += 1
                continue
            seen[verdict.verdict] += 1
            # Three draws, new ones for each claim: a kernel of one tap is drawn as 0 now and then.
            same = agree(candidate, 10_000 * seed + 3 * sum(seen.values()), tries=3)
            assert same == isinstance(verdict, Certificate), candidate
            if isinstance(verdict, Refuted):
                assert replays(candidate, verdict), candidate
    return seen


def test_random_claims_and_mutants() -> None:
    count = 300 if sys.flags.optimize else 1500
    seen = compared(seed=1, count=count)
    assert min(seen["proved"], seen["refuted"]) > count // 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_tens_of_thousands(seed: int) -> None:
    compared(seed, count=4000)
