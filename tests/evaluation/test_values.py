"""What the second voice computes is what torch computes, entry by entry."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symconv.claim import Claim, read_claim
from symconv.claim.sides import check_claim
from symconv.errors import SymconvError
from symconv.evaluation import shapes_of, values_at
from symconv.evaluation.reading import INPUT
from tests.helpers.random_steps import UNKNOWN, random_claim
from tests.helpers.torch_claims import random_tensors, run_side

pytestmark = pytest.mark.filterwarnings("ignore:.*derived and never used")


def cases(first: int, count: int) -> Iterator[tuple[Claim, dict[str, Any], Any]]:
    """Random claims at a size, values for their tensors, and torch's left side."""
    for seed in range(first, first + count):
        text = random_claim(seed)
        try:
            claim = read_claim(text)
            if claim.names or len(set(check_claim(claim))) > 1:
                continue
            x, free = random_tensors(claim.to_dict(), seed)
            yield claim, {INPUT: x, **free}, run_side(claim.to_dict(), "left", x, free)
        except (SymconvError, *UNKNOWN):
            continue


def entries(tensor: Any) -> dict[tuple[int, ...], int]:
    values = tensor.numpy()
    return {tuple(at): int(values[tuple(at)]) for at in np.argwhere(values != 0).tolist()}


@pytest.mark.parametrize("seed", range(4))
def test_values_are_torchs(seed: int) -> None:
    seen = 0
    for claim, tensors, left in cases(5_000_000 + 1000 * seed, 120):
        given = {name: entries(tensor) for name, tensor in tensors.items()}
        assert shapes_of(claim)[0] == tuple(left.shape), claim
        rng = random.Random(seen)
        for _ in range(3):
            output = tuple(rng.randrange(n) for n in left.shape)
            value, wanted = float(values_at(claim, output, given)[0]), float(left[output])
            same = value == wanted or math.isclose(value, wanted, rel_tol=1e-5, abs_tol=1e-5)
            assert same or (math.isnan(value) and math.isnan(wanted)), (claim, output)
        seen += 1
    assert seen > 30


def test_a_tensor_is_read_where_it_is_given() -> None:
    claim = read_claim(
        {
            "input": {"channels": 2, "size": [3]},
            "left": [],
            "right": [],
            "weights": {"input": {"shape": [2, 2, 1]}},
        }
    )
    assert values_at(claim, (1, 2), {INPUT: {(1, 2): 7}, "input": {(0, 0, 0): 3}}) == (7, 7)
