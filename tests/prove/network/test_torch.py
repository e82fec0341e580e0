"""Random chains against exact integer evaluation by torch, with their masks and without."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest

from symconv.claim.verdict import Certificate, Refuted, Undecided
from symconv.network import NetworkExpansion
from symconv.prove.network.decide import decide_network
from tests.helpers.chains import random_chain
from tests.helpers.requirements import require

torch_claims: Any = require("tests.helpers.torch_claims")
CHAINS = int(os.environ.get("SYMCONV_TORCH_CHAINS", "60"))


@pytest.mark.parametrize("seed", range(100, 104))
def test_verdicts_on_chains_are_those_of_torch(seed: int) -> None:
    rng = random.Random(seed)
    tally: dict[str, int] = {}
    for number in range(CHAINS // 4):
        network = random_chain(rng, functions=("relu", "identity"))
        proof = decide_network(network)
        word: str = proof.verdict.verdict
        if isinstance(proof.verdict, Certificate):
            assert agrees(proof.expansion, number), network
        else:
            # Only where -inf, left by a pooling that reads nothing, would meet a sum.
            assert isinstance(proof.verdict, Undecided), network
            assert "-inf" in proof.verdict.reason, network
        if proof.without_masks is not None:
            unmasked = NetworkExpansion(network)
            unmasked = unmasked.with_masks(unmasked.empty_window_tails())
            word += f", without masks {proof.without_masks.verdict}"
            if isinstance(proof.without_masks, Refuted):
                assert not agrees_at(unmasked, proof.without_masks), network
            elif isinstance(proof.without_masks, Certificate):
                assert agrees(unmasked, number), network
        tally[word] = tally.get(word, 0) + 1
    assert tally.get("proved", 0) >= CHAINS // 8
    open_cases = sum(count for word, count in tally.items() if "undecided" in word)
    assert open_cases <= 1 + CHAINS // 16, tally


def text_of(expansion: NetworkExpansion) -> Any:
    return json.loads(json.dumps(expansion.claim().to_dict()))


def agrees(expansion: NetworkExpansion, seed: int) -> bool:
    return bool(torch_claims.agree(text_of(expansion), seed, tries=2))


def agrees_at(expansion: NetworkExpansion, refuted: Refuted) -> bool:
    """Whether torch finds both sides equal on the integers of a refutation."""
    text = text_of(expansion)
    x, free = torch_claims.random_tensors(text, 0)
    x, free = x * 0, {name: w * 0 for name, w in free.items()}
    for index, value in refuted.counterexample.input_entries():
        x[index] = value
    for name, index, value in refuted.counterexample.weight_entries():
        free[name][index] = value
    left, right = (torch_claims.run_side(text, side, x, free) for side in ("left", "right"))
    return bool(torch_claims.same(left, right))
