"""Random claims over every step, at a size and for all sizes, against torch: no false verdict.

Half of the right sides are the left one with a detour that comes back to where it was, the others
have one step changed.  `SYMCONV_RANDOM` says how many claims a seed tries.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import product
from typing import Any

import pytest
import torch

from symconv import check
from symconv.claim import read_claim
from symconv.claim.sides import check_claim
from symconv.claim.verdict import Certificate, Refuted, Undecided, Verdict
from symconv.errors import SymconvError
from symconv.size.text import evaluate
from tests.helpers.random_steps import UNKNOWN, random_claim
from tests.helpers.torch_claims import agree, tells_apart

pytestmark = pytest.mark.filterwarnings("ignore:.*derived and never used")
COUNT = int(os.environ.get("SYMCONV_RANDOM", "250"))

Text = dict[str, Any]


def sampled(text: Text, verdict: Verdict) -> list[dict[str, int]]:
    """Sizes at which torch looks at a verdict for all sizes; the empty one at given sizes."""
    names = read_claim(text).names
    if not names:
        return [{}]
    sizes = [
        dict(zip(names, values, strict=True))
        for values in product((1, 2, 3, 4, 5, 8), repeat=len(names))
    ]
    return sizes if len(names) == 1 else sizes[:: len(sizes) // 8]


def said(verdict: Verdict, sizes: dict[str, int]) -> bool | None:
    """Whether a verdict says that the claim holds at these sizes; None where it says nothing."""
    if isinstance(verdict, Certificate):
        return True
    holds = verdict.holds_on if isinstance(verdict, Refuted) else None
    if not sizes or holds is None:
        return None
    fixed = {"all sizes": True, "no size": False}
    return fixed[holds] if holds in fixed else bool(evaluate(holds, sizes))


def disagreement(text: Text, verdict: Verdict, seed: int) -> str | None:
    """What torch sees otherwise; None if nothing."""
    if isinstance(verdict, Refuted):
        at = verdict.at_size()
        try:
            if not tells_apart(at.claim.to_dict(), at.counterexample):
                return f"torch sees no difference: {at.counterexample.sentence()}"
        except UNKNOWN:
            return None
    for sizes in sampled(text, verdict):
        try:
            small = read_claim(text)
            small = small.at(sizes) if sizes else small
            check_claim(small)
        except SymconvError:
            continue
        try:
            truth = agree(small.to_dict(), seed, tries=2)
        except UNKNOWN:
            continue
        if said(verdict, sizes) and not truth:
            return f"proved at {sizes}, and torch sees a difference"
    return None


def swept(first: int, count: int) -> Counter[str]:
    """Verdicts of so many random claims, each compared with torch; undecided ones by reason."""
    torch.set_num_threads(1)
    found: Counter[str] = Counter()
    for seed in range(first, first + count):
        text = random_claim(seed)
        try:
            verdict = check(text)
        except SymconvError:
            found["refused"] += 1
            continue
        wrong = disagreement(text, verdict, seed)
        assert wrong is None, (seed, wrong, text)
        kind = verdict.verdict + (" for all sizes" if verdict.sizes == "all" else "")
        found[kind] += 1
        if isinstance(verdict, Undecided):
            found[f"undecided: {reason(verdict)}"] += 1
    return found


def reason(verdict: Undecided) -> str:
    """A reason without the claim's own numbers and shapes."""
    return verdict.reason.split(": ")[-1].split(" of ")[0][:60]


@pytest.mark.parametrize("seed", range(4))
def test_random_claims_over_every_step(seed: int) -> None:
    found = swept(1_000_000 * seed, COUNT)
    assert min(found["proved"], found["refuted"]) > COUNT // 10
    assert min(found["proved for all sizes"], found["refuted for all sizes"]) > COUNT // 50
    assert found["undecided"] < COUNT // 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_a_hundred_thousand_random_claims(seed: int) -> None:
    print(dict(swept(1_000_000 * seed, 4 * COUNT)))
